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
        espota_fleet_log(upload, ESPOTA_LOG_DETAIL, "%s", problem.message);
    for (size_t i = 0; i < upload->count && count > 0; i++)
        if (espota_local_name_is(upload->jobs[i].name))
            upload->jobs[i].device = names[next++].address;
    free(names);
    return ESPOTA_OK;
}

static enum espota_turn_state state_of(const struct espota_job *job)
{
    return job->upload->turns[job->index].state;
}

/* It is known now where the target is, or that it is nowhere. */
static enum espota_status settle_name(struct espota_job *job, const struct espota_address *address,
                                      const struct espota_error *why, struct espota_error *err)
{
    enum espota_turn_state *state = &job->upload->turns[job->index].state;
    enum espota_status status;

    *state = ESPOTA_TURN_WAITING;
    if (address != NULL) {
        job->device = *address;
        status = espota_fleet_place(job, err);
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

        if (state_of(job) == ESPOTA_TURN_HELD && strcmp(job->name, name) == 0 &&
            settle_name(job, address, why, &err) != ESPOTA_OK)
            upload->stop = true; /* no memory: rather end than hang */
    }
}

/* The same name is asked for once. */
static bool is_asked_for(const struct espota_job *job)
{
    for (size_t i = 0; i < job->index; i++) {
        const struct espota_job *other = &job->upload->jobs[i];

        if (state_of(other) == ESPOTA_TURN_HELD && strcmp(other->name, job->name) == 0)
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
        return espota_fleet_place(job, err);
    if (upload->resolver == NULL)
        status = espota_resolver_create(upload->loop, &hooks, &upload->resolver, err);
    if (status == ESPOTA_OK && !is_asked_for(job))
        status = espota_resolver_ask(upload->resolver, job->name, err);
    if (status == ESPOTA_OK)
        upload->turns[job->index].state = ESPOTA_TURN_HELD;
    return status;
}
