/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "fleet/fleet.h"
#include "send/send.h"

enum espota_status espota_fleet_password(struct espota_job *job, const struct espota_secret **out,
                                         struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    static const struct espota_log silence = {NULL, NULL};
    static const struct espota_secret nothing = ESPOTA_SECRET_INIT;
    bool first = upload->turns[job->index].attempts <= 1; /* a warning is said once */

    *out = upload->options.password.bytes != NULL ? &upload->options.password : &upload->answer;
    if (job->url != NULL && job->url->password.bytes != NULL)
        *out = &job->url->password;
    if (job->no_password)
        *out = &nothing;
    if (job->password_file == NULL || job->no_password)
        return ESPOTA_OK;
    *out = &job->secret;
    return espota_secret_read(&job->secret, job->password_file, "password file",
                              first ? &upload->options.log : &silence, err);
}

/* Whether the address that a message names is news to who wrote the target. */
static bool is_named(const struct espota_job *job)
{
    struct espota_address address;

    return !espota_address_parse(job->name, &address) || strstr(job->target, job->name) == NULL;
}

static struct espota_attempt_config config_of(struct espota_job *job,
                                              const struct espota_attempt_hooks *hooks)
{
    struct espota_upload *upload = job->upload;
    const struct espota_upload_options *options = &upload->options;

    return (struct espota_attempt_config){
        .loop = upload->loop,
        .ports = upload->ports,
        .client = upload->client,
        .crypto = &upload->crypto.table,
        .options = options,
        .source = job->source,
        .url = job->url,
        .command = job->command,
        .device = job->device,
        .from = job->from,
        .named = is_named(job),
        .since = job->began,
        .user = job->user != NULL ? job->user : options->user,
        .hooks = *hooks,
    };
}

enum espota_status espota_fleet_begin_attempt(struct espota_job *job,
                                              const struct espota_attempt_hooks *hooks,
                                              struct espota_error *err)
{
    struct espota_attempt_config config = config_of(job, hooks);
    const struct espota_secret *password;
    enum espota_status status = espota_fleet_password(job, &password, err);

    if (status != ESPOTA_OK)
        return status;
    config.password = password->bytes;
    config.password_length = password->length;
    return espota_attempt_begin(&config, &job->attempt, err);
}

enum espota_status espota_fleet_begin_wait(struct espota_job *job,
                                           const struct espota_attempt_hooks *hooks,
                                           struct espota_error *err)
{
    struct espota_attempt_config config = config_of(job, hooks);

    config.purpose = ESPOTA_PURPOSE_WAIT;
    return espota_attempt_begin(&config, &job->attempt, err);
}

enum espota_status espota_fleet_begin_knock(struct espota_job *job,
                                            const struct espota_outcome *outcome,
                                            const struct espota_attempt_hooks *hooks,
                                            struct espota_error *err)
{
    struct espota_attempt_config config = config_of(job, hooks);

    config.purpose = ESPOTA_PURPOSE_KNOCK;
    config.failed = outcome;
    return espota_attempt_begin(&config, &job->attempt, err);
}
