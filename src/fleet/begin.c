/* SPDX-License-Identifier: MIT */
#include "fleet/fleet.h"
#include "send/send.h"

static enum espota_auth_method method_of(enum espota_upload_auth auth)
{
    switch (auth) {
    case ESPOTA_UPLOAD_AUTH_AUTO:
        break;
    case ESPOTA_UPLOAD_AUTH_MD5:
        return ESPOTA_METHOD_MD5;
    case ESPOTA_UPLOAD_AUTH_SHA256:
        return ESPOTA_METHOD_SHA256;
    case ESPOTA_UPLOAD_AUTH_MD5_FIRST:
        return ESPOTA_METHOD_MD5_FIRST;
    }
    return ESPOTA_METHOD_AUTO;
}

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

static enum espota_status begin_push(struct espota_job *job, const struct espota_secret *password,
                                     const struct espota_attempt_ears *ears,
                                     struct espota_error *err)
{
    const struct espota_upload_options *options = &job->upload->options;
    struct espota_web_push_config config = {
        .loop = job->upload->loop,
        .client = job->upload->client,
        .source = job->source,
        .url = job->url,
        .address = job->device,
        .filesystem = job->command == ESPOTA_COMMAND_FILESYSTEM,
        .user = job->user != NULL ? job->user : options->user,
        .password = password->bytes,
        .ca_file = options->ca_file,
        .insecure = options->insecure,
        .timeout_ms = options->timeout_ms,
        .limit_rate = options->limit_rate,
        .ears = *ears,
    };

    return espota_web_push_create(&config, &job->attempt, err);
}

static enum espota_status begin_exchange(struct espota_job *job,
                                         const struct espota_secret *password,
                                         const struct espota_attempt_ears *ears,
                                         struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    struct espota_exchange_config config = {
        .loop = upload->loop,
        .ports = upload->ports,
        .crypto = &upload->crypto.table,
        .source = job->source,
        .command = job->command,
        .device = job->device,
        .from = job->from,
        .method = method_of(upload->options.auth),
        .password = password->bytes,
        .password_length = password->length,
        .timeout_ms = upload->options.timeout_ms,
        .limit_rate = upload->options.limit_rate,
        .ears = *ears,
    };

    return espota_exchange_create(&config, &job->attempt, err);
}

enum espota_status espota_fleet_begin_attempt(struct espota_job *job,
                                              const struct espota_attempt_ears *ears,
                                              struct espota_error *err)
{
    const struct espota_secret *password;
    enum espota_status status = espota_fleet_password(job, &password, err);

    if (status != ESPOTA_OK)
        return status;
    return job->url != NULL ? begin_push(job, password, ears, err)
                            : begin_exchange(job, password, ears, err);
}

enum espota_status espota_fleet_begin_wait(struct espota_job *job,
                                           const struct espota_attempt_ears *ears,
                                           struct espota_error *err)
{
    struct espota_online_config config = {
        .loop = job->upload->loop,
        .ports = job->upload->ports,
        .device = job->device,
        .web = job->url != NULL,
        .wait_ms = job->upload->options.wait_online_ms,
        .size = job->source->length,
        .ears = *ears,
    };

    return espota_online_create(&config, &job->attempt, err);
}
