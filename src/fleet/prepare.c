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

enum espota_status espota_fleet_settle(struct espota_job *job, const struct espota_error *why,
                                       bool counts, struct espota_error *err)
{
    job->early = malloc(sizeof(*job->early));
    if (job->early == NULL)
        return no_memory(err);
    *job->early = *why;
    espota_schedule_settle(&job->upload->schedule, job->index, why->status, counts);
    return ESPOTA_OK;
}

static enum espota_status refuse_image(struct espota_job *job, const char *why,
                                       struct espota_error *err)
{
    struct espota_error error;

    (void)espota_error_remedy(&error, ESPOTA_E_IMAGE, ESPOTA_REMEDY_FORCE,
                              "%s; take the right image", why);
    return espota_fleet_settle(job, &error, true, err);
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
    struct espota_error error;

    (void)espota_error_remedy(
        &error, ESPOTA_E_IMAGE, ESPOTA_REMEDY_FORCE,
        "it is not sent: a web updater does not learn how long a compressed image is and puts it "
        "right behind the program that runs, where unpacking it can overwrite it and destroy the "
        "device; send it uncompressed, or to the device's address in place of the URL");
    return espota_fleet_settle(job, &error, true, err);
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
            "%s: what an image decrypts to can be named of one image for all, not with file=",
            job->target);
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
        return espota_error_copy(err, job->source->error.status, &job->source->error);
    /* a broken image is mended before anything is sent, to whomever: nobody else begins */
    upload->schedule.stopped = true;
    return espota_fleet_settle(job, &job->source->error, true, err);
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

/* The newest target before this one that is the same device and is sent to. */
static struct espota_job *find_double(const struct espota_job *job)
{
    struct espota_upload *upload = job->upload;

    for (size_t i = upload->count; i-- > 0;) {
        struct espota_job *other = &upload->jobs[i];

        if (upload->turns[i].lane == upload->turns[job->index].lane && other != job &&
            !other->doubled && espota_address_equal(&other->device, &job->device) &&
            other->device.port == job->device.port && other->command == job->command)
            return other;
    }
    return NULL;
}

/* It gets one image once, and two one after the other. */
static void weigh_double(const struct espota_job *first, struct espota_job *second)
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

enum espota_status espota_fleet_place(struct espota_job *job, struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    struct espota_turn *turn = &upload->turns[job->index];
    const struct espota_job *other;
    struct espota_error why;

    if (espota_address_lacks_scope(&job->device)) {
        (void)espota_error_set(&why, ESPOTA_E_USAGE,
                               "a link-local address needs its interface: fe80::…%%INTERFACE");
        return espota_fleet_settle(job, &why, true, err);
    }
    job->device.port = port_of(job);
    job->from = upload->peer.family != 0 && job->url == NULL ? upload->peer : job->device;
    job->from.port = 0;
    turn->lane = espota_address_map_make(&upload->lanes, &job->from, sizeof(*turn->lane));
    if (turn->lane == NULL)
        return no_memory(err);
    other = find_double(job);
    if (other != NULL)
        weigh_double(other, job);
    return ESPOTA_OK;
}

static enum espota_status make_schedule(struct espota_upload *upload, struct espota_error *err)
{
    const struct espota_upload_options *options = &upload->options;

    upload->turns = calloc(upload->count, sizeof(*upload->turns));
    if (upload->turns == NULL)
        return no_memory(err);
    upload->schedule = (struct espota_schedule){
        .turns = upload->turns,
        .count = upload->count,
        .jobs = options->jobs > 0 ? options->jobs : 1,
        .canary = options->canary,
        .max_failures = options->max_failures,
        .retries = options->retries,
    };
    return ESPOTA_OK;
}

/* A connection a job, and what else is open meanwhile. */
static void bound_jobs(struct espota_upload *upload)
{
    enum { BESIDE = 64 };
    unsigned *jobs = &upload->schedule.jobs;
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
        if (upload->turns[i].state == ESPOTA_TURN_WAITING && upload->jobs[i].url == NULL)
            status = espota_ports_open(upload->ports, &upload->jobs[i].device, err);
    }
    return status;
}

static enum espota_status prepare_job(struct espota_job *job, struct espota_error *err)
{
    enum espota_status status = make_key(job, err);

    if (status == ESPOTA_OK && job->upload->state != NULL)
        status = espota_fleet_recall(job, err);
    if (status == ESPOTA_OK && job->upload->turns[job->index].state != ESPOTA_TURN_OVER)
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
        status = open_ports(upload, err);
    return status;
}
