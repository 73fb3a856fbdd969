/* SPDX-License-Identifier: MIT */
/*
 * From targets to addresses. What is an address begins at once; names of devices are asked for on
 * the link, all together; other names are the system's matter, which may take its time. Those
 * targets are held back one by one until their name is known, while others are sent to.
 */
#include <stdlib.h>
#include <string.h>

#include "fleet/fleet.h"
#include "mdns/mdns.h"

enum { LOCAL_NAMES_MS = 2000 };

enum espota_status espota_fleet_local_names(struct espota_upload *upload, struct espota_error *err)
{
    struct espota_local_name *names = calloc(upload->count, sizeof(*names));
    struct espota_error problem = ESPOTA_ERROR_INIT;
    size_t count = 0, next = 0;
    enum espota_status status = ESPOTA_OK;

    if (names == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for the list of targets");
    for (size_t i = 0; i < upload->count; i++)
        if (espota_local_name_is(upload->jobs[i].name))
            names[count++].name = upload->jobs[i].name;
    if (count > 0)
        status = espota_local_names_resolve(upload->loop, names, count, LOCAL_NAMES_MS,
                                            &upload->stop, &problem);
    if (status != ESPOTA_OK) /* without multicast here the system may still know them */
        espota_log_say(&upload->options.log, ESPOTA_LOG_DETAIL, "%s", problem.message);
    for (size_t i = 0; i < upload->count && count > 0; i++)
        if (espota_local_name_is(upload->jobs[i].name))
            upload->jobs[i].device = names[next++].address;
    free(names);
    return ESPOTA_OK;
}

/* The newest target before this one that is the same device and is sent to. */
static struct espota_job *find_double(const struct espota_job *job)
{
    struct espota_job *other = job->older;

    while (other != NULL &&
           (other->doubled || other->device.port != job->device.port ||
            other->command != job->command || !espota_address_equal(&other->device, &job->device)))
        other = other->older;
    return other;
}

/* It gets one image once, and two one after the other. */
static void weigh_double(const struct espota_job *first, struct espota_job *second)
{
    if (first->source != second->source) {
        espota_log_say(&second->upload->options.log, ESPOTA_LOG_WARNING,
                       "%s and %s are one device, with two images: it gets them one after the "
                       "other, in the order of the targets",
                       first->target, second->target);
        return;
    }
    espota_log_say(&second->upload->options.log, ESPOTA_LOG_WARNING,
                   "%s and %s are one device: the image is sent to it once", first->target,
                   second->target);
    second->doubled = true;
    espota_schedule_settle(&second->upload->schedule, second->index, ESPOTA_OK, false);
}

/* Its address is known: its port, and the lane that it shares with others there. */
static enum espota_status place(struct espota_job *job, struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    struct espota_turn *turn = job->turn;
    struct espota_job **newest;
    const struct espota_job *other;
    struct espota_error error;

    if (espota_address_lacks_scope(&job->device)) {
        (void)espota_error_set(&error, ESPOTA_E_USAGE,
                               "a link-local address needs its interface: fe80::…%%INTERFACE");
        return espota_fleet_settle(job, &error, true, err);
    }
    job->device.port = job->port;
    job->from =
        upload->peer.family != 0 && job->road == ESPOTA_ROAD_CALLBACK ? upload->peer : job->device;
    job->from.port = 0;
    turn->lane = espota_address_map_make(&upload->lanes, &job->from, sizeof(*turn->lane));
    newest = espota_address_map_make(&upload->devices, &job->device, sizeof(struct espota_job *));
    if (turn->lane == NULL || newest == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for the list of targets");
    job->older = *newest;
    *newest = job;
    other = find_double(job);
    if (other != NULL)
        weigh_double(other, job);
    return ESPOTA_OK;
}

/* It is known now where the target is, or that it is nowhere. */
static enum espota_status settle_name(struct espota_job *job, const struct espota_address *address,
                                      const struct espota_error *why, struct espota_error *err)
{
    enum espota_turn_state *state = &job->turn->state;
    enum espota_status status;

    *state = ESPOTA_TURN_WAITING;
    if (address != NULL) {
        job->device = *address;
        status = place(job, err);
    } else {
        status = espota_fleet_settle(job, why, true, err);
    }
    if (status == ESPOTA_OK && *state == ESPOTA_TURN_OVER)
        espota_fleet_tell_settled(job);
    return status;
}

static void found(void *context, const char *name, const struct espota_address *address,
                  const struct espota_error *why)
{
    struct espota_upload *upload = context;
    struct espota_error err = ESPOTA_ERROR_INIT;

    for (size_t i = 0; i < upload->count; i++) {
        struct espota_job *job = &upload->jobs[i];

        if (job->turn->state == ESPOTA_TURN_HELD && strcmp(job->name, name) == 0 &&
            settle_name(job, address, why, &err) != ESPOTA_OK)
            upload->stop = true; /* no memory: rather end than hang */
    }
}

/* The same name is asked for once. */
static bool is_asked_for(const struct espota_job *job)
{
    for (size_t i = 0; i < job->index; i++) {
        const struct espota_job *other = &job->upload->jobs[i];

        if (other->turn->state == ESPOTA_TURN_HELD && strcmp(other->name, job->name) == 0)
            return true;
    }
    return false;
}

enum espota_status espota_fleet_find(struct espota_job *job, struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    const struct espota_resolver_hooks hooks = {upload, found};
    enum espota_status status = ESPOTA_OK;

    if (job->device.family != 0 || espota_address_parse(job->name, &job->device))
        return place(job, err);
    if (upload->resolver == NULL)
        status = espota_resolver_create(upload->loop, &hooks, &upload->resolver, err);
    if (status == ESPOTA_OK && !is_asked_for(job))
        status = espota_resolver_ask(upload->resolver, job->name, err);
    if (status == ESPOTA_OK)
        job->turn->state = ESPOTA_TURN_HELD;
    return status;
}
