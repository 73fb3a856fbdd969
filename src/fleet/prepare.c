/* SPDX-License-Identifier: MIT */
/*
 * Everything that can be known to be wrong before the first datagram is found here, for all
 * targets: a broken image or an unreadable key must not show after half of the devices have been
 * updated.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/fleet.h"
#include "mdns/mdns.h"
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

/* --- whether image and device are for each other, by what is known before --- */

/* A port stands for a family: that of its library's default. 0: of none. */
static const char *family_text(uint16_t port)
{
    switch (port) {
    case 8266:
        return "an ESP8266";
    case 3232:
        return "an ESP32";
    case 2040:
        return "a Raspberry Pi Pico";
    case 8892:
    case 8820: /* LN882x */
        return "a LibreTiny chip";
    default:
        return NULL;
    }
}

static uint16_t announced_family(const struct espota_job *job)
{
    if (job->platform != NULL)
        return espota_platform_port(job->platform);
    if (job->kind == ESPOTA_KIND_ESP8266)
        return 8266;
    if (job->kind == ESPOTA_KIND_ESP32)
        return 3232;
    return job->kind == ESPOTA_KIND_PICO ? 2040 : 0;
}

/* "esp32c3" is the ESP32-C3: letters and digits of the chip's name, and nothing behind them. */
static bool is_variant(const char *board, enum espota_chip chip)
{
    for (const char *name = espota_chip_name(chip); *name != '\0'; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name | 0x20) : *name;

        if (c != '-' && c != *board++)
            return false;
    }
    return *board == '\0';
}

/* Boards announce the name of their variant; only those that belong to one chip alone count. */
static enum espota_chip chip_of_board(const char *board)
{
    if (strcmp(board, "rpipico") == 0 || strcmp(board, "rpipicow") == 0)
        return ESPOTA_CHIP_RP2040;
    if (strcmp(board, "rpipico2") == 0 || strcmp(board, "rpipico2w") == 0)
        return ESPOTA_CHIP_RP2350;
    for (enum espota_chip chip = ESPOTA_CHIP_ESP32; chip < ESPOTA_CHIP_ESP32_OTHER; chip++)
        if (is_variant(board, chip))
            return chip;
    return ESPOTA_CHIP_UNKNOWN;
}

/* What the device says of itself; `says` is its family. */
static bool announcement_contradicts(const struct espota_job *job, uint16_t says,
                                     struct espota_error *why)
{
    enum espota_chip chip = job->source->chip;
    enum espota_chip board = job->board != NULL ? chip_of_board(job->board) : ESPOTA_CHIP_UNKNOWN;

    if (strcmp(family_text(says), family_text(espota_chip_port(chip))) == 0 &&
        (board == ESPOTA_CHIP_UNKNOWN || board == chip))
        return false;
    (void)espota_error_remedy(
        why, ESPOTA_E_IMAGE, ESPOTA_REMEDY_FORCE,
        "the device announces itself as %s, and the image is for %s; take the right image",
        board != ESPOTA_CHIP_UNKNOWN ? espota_chip_name(board) : family_text(says),
        espota_chip_name(chip));
    return true;
}

/* The port that a person wrote; 0: none. */
static uint16_t given_port(const struct espota_job *job)
{
    return job->port != 0 ? job->port : job->upload->options.port;
}

bool espota_fleet_contradicts(const struct espota_job *job, struct espota_error *why)
{
    const struct espota_upload_options *options = &job->upload->options;
    uint16_t given = given_port(job);
    uint16_t says = announced_family(job);
    uint16_t own = espota_chip_port(job->source->chip);

    if (options->force || job->command != ESPOTA_COMMAND_FLASH || own == 0)
        return false;
    if (says != 0)
        return announcement_contradicts(job, says, why);
    if (job->road == ESPOTA_ROAD_WEB || given == own || family_text(given) == NULL)
        return false;
    (void)espota_error_remedy(
        why, ESPOTA_E_IMAGE, ESPOTA_REMEDY_FORCE,
        "port %u is that of %s, and the image is for %s; take the right image", given,
        family_text(given), espota_chip_name(job->source->chip));
    return true;
}

/* --- images --- */

static enum espota_status load_image(struct espota_job *job, struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    bool own = job->file != NULL || job->image.name != NULL;
    bool filesystem = job->filesystem || upload->options.filesystem;
    struct espota_image_input from = own ? job->image : upload->image;
    const struct espota_error *broken;
    struct espota_error why;
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
    status = espota_sources_get(&upload->sources, &from, filesystem, job->road, &job->source, err);
    if (status != ESPOTA_OK)
        return status;
    broken = &job->source->error;
    if (broken->status == ESPOTA_OK) {
        bool fits = !espota_fleet_contradicts(job, &why);

        return fits ? ESPOTA_OK : espota_fleet_settle(job, &why, true, err);
    }
    /* what this machine cannot read is no matter of the device */
    if (broken->status == ESPOTA_E_LOCAL || broken->status == ESPOTA_E_MEMORY)
        return espota_error_copy(err, broken->status, broken);
    /* a broken image is mended before anything is sent, to whomever: nobody else begins */
    upload->schedule.stopped = true;
    return espota_fleet_settle(job, broken, true, err);
}

static uint16_t port_of(const struct espota_job *job)
{
    const struct espota_upload_options *options = &job->upload->options;
    uint16_t port = given_port(job);

    if (port == 0)
        port = espota_road_port(job->road);
    if (port == 0)
        port = espota_chip_port(job->source->chip);
    if (port == 0)
        port = options->fallback_port;
    return port != 0 ? port : DEFAULT_PORT;
}

static enum espota_status make_schedule(struct espota_upload *upload, struct espota_error *err)
{
    const struct espota_upload_options *options = &upload->options;

    upload->turns = calloc(upload->count, sizeof(*upload->turns));
    if (upload->turns == NULL)
        return no_memory(err);
    for (size_t i = 0; i < upload->count; i++)
        upload->jobs[i].turn = &upload->turns[i];
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
    espota_log_say(&upload->options.log, ESPOTA_LOG_NOTE,
                   "%u devices at a time: the limit of open files (%zu, see ulimit -n) allows no "
                   "more",
                   *jobs, limit);
}

static enum espota_status open_ports(struct espota_upload *upload, struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    for (size_t i = 0; i < upload->count && status == ESPOTA_OK; i++) {
        if (upload->jobs[i].turn->state == ESPOTA_TURN_WAITING &&
            upload->jobs[i].road == ESPOTA_ROAD_CALLBACK)
            status = espota_ports_open(upload->ports, &upload->jobs[i].device, err);
    }
    return status;
}

static enum espota_status prepare_job(struct espota_job *job, struct espota_error *err)
{
    enum espota_status status;

    if (job->turn->state == ESPOTA_TURN_OVER) /* its image is not for it */
        return ESPOTA_OK;
    job->port = port_of(job);
    status = espota_fleet_recall(job, err);
    if (status == ESPOTA_OK && job->turn->state != ESPOTA_TURN_OVER)
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
