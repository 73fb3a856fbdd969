/* SPDX-License-Identifier: MIT */
/*
 * Everything that can be known to be wrong before the first datagram is found here, for all
 * targets: a broken image or an unreadable key must not show after half of the devices have been
 * updated.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/fleet.h"
#include "send/send.h"

enum { DEFAULT_PORT = 8266 };

static enum espota_status no_memory(struct espota_error *err)
{
    return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for the list of targets");
}

enum espota_status espota_fleet_settle(struct espota_job *job, enum espota_status status,
                                       const char *message, bool counts, struct espota_error *err)
{
    job->early = strdup(message);
    if (job->early == NULL)
        return no_memory(err);
    espota_schedule_settle(&job->upload->schedule, job->index, status, counts);
    return ESPOTA_OK;
}

static enum espota_status settle(struct espota_job *job, enum espota_status status,
                                 const char *message, struct espota_error *err)
{
    return espota_fleet_settle(job, status, message, true, err);
}

static enum espota_status refuse_image(struct espota_job *job, const char *why,
                                       struct espota_error *err)
{
    char message[ESPOTA_GUARD_MAX + 64];

    snprintf(message, sizeof(message), "%s; take the right image, or %s", why,
             job->upload->options.legacy_tool ? "ESPOTA_FORCE=1" : "--force");
    return settle(job, ESPOTA_E_IMAGE, message, err);
}

/*
 * A form does not say how long its file is. So an ESP8266 puts it right behind the program that
 * runs, from where the boot loader can unpack it over what it has yet to read; whether it does
 * depends on how large that program is, which nobody tells. A Pico keeps a file.
 */
static bool may_overrun(const struct espota_job *job)
{
    return job->url != NULL && !job->upload->options.force && job->source->gzip &&
           job->command == ESPOTA_COMMAND_FLASH && job->source->chip == ESPOTA_CHIP_ESP8266 &&
           !espota_web_path_is_raw(job->url->path);
}

static enum espota_status refuse_packed(struct espota_job *job, struct espota_error *err)
{
    return settle(job, ESPOTA_E_IMAGE,
                  "it is not sent: a web updater does not learn how long a compressed image is and "
                  "puts it right behind the program that runs, where unpacking it can overwrite it "
                  "and destroy the device; send it uncompressed, or to the device's address in "
                  "place of the URL (--force sends it all the same)",
                  err);
}

static enum espota_status load_image(struct espota_job *job, struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    bool own = job->file != NULL || job->image.name != NULL;
    bool filesystem = job->filesystem || upload->options.filesystem;
    struct espota_image_input from = own ? job->image : upload->image;
    char why[ESPOTA_GUARD_MAX];
    enum espota_status status;

    if (from.name == NULL)
        from.name = own ? job->file : upload->options.file;
    if (from.name == NULL)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "%s: which image? Name one, or give it file=", job->target);
    if (upload->options.md5_of != NULL && own)
        return espota_error_set(
            err, ESPOTA_E_USAGE,
            "%s: --md5-of goes with one image for all, not with file=", job->target);
    job->command = filesystem ? ESPOTA_COMMAND_FILESYSTEM : ESPOTA_COMMAND_FLASH;
    status = espota_sources_get(&upload->sources, &from, filesystem, &job->source, err);
    if (status == ESPOTA_OK && job->source->error.status == ESPOTA_OK &&
        espota_fleet_contradicts(job, why))
        return refuse_image(job, why, err);
    if (status == ESPOTA_OK && job->source->error.status == ESPOTA_OK && may_overrun(job))
        return refuse_packed(job, err);
    if (status != ESPOTA_OK || job->source->error.status == ESPOTA_OK)
        return status;
    /* what this machine cannot read is no matter of the device */
    if (job->source->error.status == ESPOTA_E_LOCAL || job->source->error.status == ESPOTA_E_MEMORY)
        return espota_error_set(err, job->source->error.status, "%s", job->source->error.message);
    /* a broken image is mended before anything is sent, to whomever: nobody else begins */
    espota_schedule_stop(&upload->schedule);
    return settle(job, job->source->error.status, job->source->error.message, err);
}

static uint16_t port_of(const struct espota_job *job)
{
    const struct espota_upload_options *options = &job->upload->options;
    uint16_t port = job->port != 0 ? job->port : options->port;

    if (job->url != NULL)
        return job->url->port;
    if (port == 0)
        port = espota_chip_port(job->source->chip);
    if (port == 0)
        port = options->fallback_port;
    return port != 0 ? port : DEFAULT_PORT;
}

/*
 * How the state file calls the target: its host as it was written and the port in use, or the URL.
 */
static enum espota_status make_key(struct espota_job *job, struct espota_error *err)
{
    bool bare = strchr(job->name, ':') == NULL; /* an IPv6 address goes into brackets */
    size_t room = strlen(job->name) + sizeof("[]:65535");

    job->key = job->url != NULL ? strdup(job->target) : malloc(room);
    if (job->key == NULL)
        return no_memory(err);
    if (job->url != NULL)
        return ESPOTA_OK;
    snprintf(job->key, room, bare ? "%s:%u" : "[%s]:%u", job->name, port_of(job));
    return ESPOTA_OK;
}

static bool is_settled(const struct espota_job *job)
{
    return job->upload->turns[job->index].state == ESPOTA_TURN_OVER;
}

/* It has an address, and nothing is known that speaks against sending to it. */
static bool is_ready(const struct espota_job *job)
{
    return job->upload->turns[job->index].state == ESPOTA_TURN_WAITING;
}

static enum espota_status join_lane(struct espota_job *job, struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    size_t *lane = &upload->turns[job->index].lane;

    if (espota_address_map_find(&upload->lane_of, &job->from, lane))
        return ESPOTA_OK;
    *lane = upload->lane_count;
    if (!espota_address_map_add(&upload->lane_of, &job->from, *lane))
        return no_memory(err);
    upload->lane_count++;
    return ESPOTA_OK;
}

enum espota_status espota_fleet_place(struct espota_job *job, struct espota_error *err)
{
    if (espota_address_lacks_scope(&job->device))
        return settle(job, ESPOTA_E_USAGE,
                      "a link-local address needs its interface: fe80::…%INTERFACE", err);
    job->device.port = port_of(job);
    job->from = job->upload->peer.family != 0 && job->url == NULL ? job->upload->peer : job->device;
    job->from.port = 0;
    return join_lane(job, err);
}

/* By address, port and command; then in the order of adding. */
static int compare_devices(const void *left, const void *right)
{
    const struct espota_job *a = *(struct espota_job *const *)left;
    const struct espota_job *b = *(struct espota_job *const *)right;
    int order = memcmp(a->device.bytes, b->device.bytes, sizeof(a->device.bytes));

    if (order == 0)
        order = (int)a->device.port - (int)b->device.port;
    if (order == 0)
        order = (int)a->command - (int)b->command;
    if (order == 0)
        order = a->index < b->index ? -1 : 1;
    return order;
}

void espota_fleet_weigh_double(struct espota_job *first, struct espota_job *second)
{
    if (first->source != second->source) {
        espota_fleet_log(second->upload, ESPOTA_LOG_WARNING,
                         "%s and %s are one device, with two images: it gets them one after the "
                         "other, in the order of the targets",
                         first->target, second->target);
        return;
    }
    espota_fleet_log(second->upload, ESPOTA_LOG_WARNING,
                     "%s and %s are one device: the image is sent to it once", first->target,
                     second->target);
    second->doubled = true;
    espota_schedule_settle(&second->upload->schedule, second->index, ESPOTA_OK, false);
}

static bool same_device(const struct espota_job *a, const struct espota_job *b)
{
    return espota_address_equal(&a->device, &b->device) && a->device.port == b->device.port &&
           a->command == b->command;
}

static enum espota_status find_doubles(struct espota_upload *upload, struct espota_error *err)
{
    struct espota_job **sorted = malloc(upload->count * sizeof(struct espota_job *));

    if (sorted == NULL)
        return no_memory(err);
    for (size_t i = 0; i < upload->count; i++)
        sorted[i] = &upload->jobs[i];
    qsort(sorted, upload->count, sizeof(struct espota_job *), compare_devices);
    for (size_t i = 1; i < upload->count; i++) {
        if (is_ready(sorted[i]) && is_ready(sorted[i - 1]) &&
            same_device(sorted[i - 1], sorted[i])) {
            espota_fleet_weigh_double(sorted[i - 1], sorted[i]);
            /* a third one is compared with the one that is sent */
            if (is_settled(sorted[i]))
                sorted[i] = sorted[i - 1];
        }
    }
    free(sorted);
    return ESPOTA_OK;
}

static enum espota_status make_schedule(struct espota_upload *upload, struct espota_error *err)
{
    struct espota_schedule_config config = {
        .count = upload->count,
        .jobs = upload->options.jobs > 0 ? upload->options.jobs : 1,
        .canary = upload->options.canary,
        .max_failures = upload->options.max_failures,
        .retries = upload->options.retries,
    };

    upload->turns = calloc(upload->count, sizeof(*upload->turns));
    upload->lanes = calloc(upload->count, sizeof(*upload->lanes));
    if (upload->turns == NULL || upload->lanes == NULL)
        return no_memory(err);
    config.turns = upload->turns;
    config.lanes = upload->lanes;
    espota_schedule_init(&upload->schedule, &config);
    return ESPOTA_OK;
}

/* A connection a job, and what else is open meanwhile. */
static void bound_jobs(struct espota_upload *upload)
{
    enum { BESIDE = 64 };
    unsigned *jobs = &upload->schedule.config.jobs;
    size_t wanted, limit;

    if (*jobs > upload->count)
        *jobs = (unsigned)upload->count;
    wanted = (size_t)*jobs + BESIDE;
    limit = espota_open_files_limit(wanted);
    if (limit >= wanted)
        return;
    *jobs = limit > BESIDE ? (unsigned)(limit - BESIDE) : 1;
    espota_fleet_log(upload, ESPOTA_LOG_NOTE,
                     "%u devices at a time: the limit of open files (%zu, see ulimit -n) allows no "
                     "more",
                     *jobs, limit);
}

static enum espota_status open_ports(struct espota_upload *upload, struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    for (size_t i = 0; i < upload->count && status == ESPOTA_OK; i++) {
        if (is_ready(&upload->jobs[i]) && upload->jobs[i].url == NULL)
            status = espota_ports_open(upload->ports, &upload->jobs[i].device, err);
    }
    return status;
}

static enum espota_status prepare_job(struct espota_job *job, struct espota_error *err)
{
    enum espota_status status = make_key(job, err);

    if (status == ESPOTA_OK && job->upload->state != NULL)
        status = espota_fleet_recall(job, err);
    if (status == ESPOTA_OK && !is_settled(job))
        status = espota_fleet_find(job, err);
    return status;
}

enum espota_status espota_fleet_prepare(struct espota_upload *upload, struct espota_error *err)
{
    enum espota_status status = make_schedule(upload, err);

    for (size_t i = 0; i < upload->count && status == ESPOTA_OK; i++)
        status = load_image(&upload->jobs[i], err);
    if (status != ESPOTA_OK || upload->schedule.stopped)
        return status;
    bound_jobs(upload);
    status = espota_fleet_open_state(upload, err);
    if (status == ESPOTA_OK)
        status = espota_fleet_local_names(upload, err);
    for (size_t i = 0; i < upload->count && status == ESPOTA_OK && !upload->stop; i++)
        status = prepare_job(&upload->jobs[i], err);
    if (status == ESPOTA_OK && !upload->stop)
        status = find_doubles(upload, err);
    if (status == ESPOTA_OK && !upload->stop)
        status = open_ports(upload, err);
    return status;
}
