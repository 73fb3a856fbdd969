/* SPDX-License-Identifier: MIT */
/*
 * What an upload is made of: options and targets, as a program gives them, with everything copied
 * that a program may not keep. Nothing is looked up and no image is read before the run begins, so
 * that a list of a thousand targets with a fault in its last line costs nothing.
 */
#include "espota/upload.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "fleet/fleet.h"
#include "sys/sys.h"
#include "text/text.h"
#include "wire/wire.h"

enum { TARGETS_FILE_MAX = 16 << 20 };

static enum espota_status parse_address(const char *text, const char *what,
                                        struct espota_address *out, struct espota_error *err)
{
    char shown[128];

    if (text == NULL || espota_address_parse(text, out))
        return ESPOTA_OK;
    espota_text_printable(text, strlen(text), shown, sizeof(shown));
    return espota_error_set(err, ESPOTA_E_USAGE, "%s must be a numeric address, not '%s'", what,
                            shown);
}

static void address_settled(void *context, const struct espota_address *from)
{
    struct espota_upload *upload = context;
    struct espota_lane *lane = espota_address_map_find(&upload->lanes, from);

    if (lane != NULL)
        lane->not_before = 0;
}

/* What a program gives in place of a file's name; the texts in it are borrowed. */
static enum espota_status take_image(const struct espota_upload_image *image, const char *file,
                                     struct espota_image_input *out, struct espota_error *err)
{
    struct espota_upload_image own = ESPOTA_UPLOAD_IMAGE_INIT;
    enum espota_status status = ESPOTA_OK;

    if (image == NULL)
        return ESPOTA_OK;
    status = espota_sized_take(&own, image, err);
    if (status == ESPOTA_OK && (file != NULL || (own.bytes != NULL) == (own.read != NULL)))
        status = espota_error_set(err, ESPOTA_E_USAGE,
                                  "an image is either a file, or bytes, or a callback");
    if (status != ESPOTA_OK)
        return status;
    *out = (struct espota_image_input){.name = own.name != NULL ? own.name : "image",
                                       .data = own.bytes,
                                       .length = own.length,
                                       .read = own.read,
                                       .context = own.context};
    return ESPOTA_OK;
}

static enum espota_status create_parts(struct espota_upload *upload, struct espota_error *err)
{
    const struct espota_upload_options *options = &upload->options;
    struct espota_ports_config ports = {
        .options = options, .context = upload, .settled = address_settled};
    struct espota_passphrase none = {ESPOTA_SECRET_INIT, NULL, NULL};
    enum espota_status status = ESPOTA_OK;

    espota_crypto_openssl_init(&upload->crypto);
    espota_noise_openssl_init(&upload->noise, &upload->crypto);
    status = take_image(options->image, options->file, &upload->image, err);
    upload->has_key = options->key.bytes != NULL;
    if (status == ESPOTA_OK && upload->has_key)
        status = espota_fleet_key_parse(&options->key, upload->key, err);
    if (status == ESPOTA_OK && options->publickey != NULL)
        status = espota_key_public_load(&upload->publickey, options->publickey, &none, err);
    upload->sources = (struct espota_sources){
        .options = options, .crypto = &upload->crypto.table, .publickey = upload->publickey};
    if (status == ESPOTA_OK)
        status = parse_address(options->host_ip, "the host address", &upload->host_ip, err);
    if (status == ESPOTA_OK)
        status = parse_address(options->peer, "the peer", &upload->peer, err);
    if (status == ESPOTA_OK)
        status = espota_loop_create(ESPOTA_LOOP_BEST, &upload->loop, err);
    if (status != ESPOTA_OK)
        return status;
    ports.loop = upload->loop;
    ports.host_ip = upload->host_ip;
    return espota_ports_create(&ports, &upload->ports, err);
}

enum espota_status espota_upload_create(const struct espota_upload_options *options,
                                        struct espota_upload **out, struct espota_error *err)
{
    struct espota_upload *upload = calloc(1, sizeof(*upload));
    enum espota_status status;

    *out = NULL;
    if (upload == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for an upload");
    upload->options = (struct espota_upload_options)ESPOTA_UPLOAD_OPTIONS_INIT;
    status = espota_sized_take(&upload->options, options, err);
    if (status == ESPOTA_OK)
        status = create_parts(upload, err);
    if (status != ESPOTA_OK) {
        espota_upload_destroy(upload);
        return status;
    }
    *out = upload;
    return ESPOTA_OK;
}

static bool copy_text(char **out, const char *text)
{
    *out = text == NULL ? NULL : strdup(text);
    return text == NULL || *out != NULL;
}

static void job_deinit(struct espota_job *job)
{
    espota_attempt_destroy(job->attempt);
    espota_secret_wipe(&job->secret);
    free(job->target);
    free(job->name);
    free(job->file);
    free(job->image_name);
    free(job->board);
    free(job->password_file);
    free(job->key_file);
    free(job->platform);
    espota_wipe(job->noise_key, sizeof(job->noise_key));
    free(job->user);
    free(job->early);
    if (job->url != NULL)
        espota_url_deinit(job->url);
    free(job->url);
    free(job->key);
}

static bool make_room(struct espota_upload *upload)
{
    size_t room = upload->room == 0 ? 16 : 2 * upload->room;
    struct espota_job *larger;

    if (upload->count < upload->room)
        return true;
    larger = realloc(upload->jobs, room * sizeof(*larger));
    if (larger == NULL)
        return false;
    upload->jobs = larger;
    upload->room = room;
    return true;
}

/* HOST[:PORT]: what the user wrote is what is shown. */
static enum espota_status take_host(struct espota_job *job, const char *text,
                                    const struct espota_upload_target *target,
                                    struct espota_error *err)
{
    struct espota_host host;
    enum espota_status status = espota_host_parse(text, &host, err);

    if (status != ESPOTA_OK)
        return status;
    job->port = host.port != 0 ? host.port : target->port;
    if (!copy_text(&job->target, target->label != NULL ? target->label : target->host) ||
        !copy_text(&job->name, host.name))
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for another target");
    return ESPOTA_OK;
}

/* A URL: what is shown has no password in it. */
static enum espota_status take_url(struct espota_job *job,
                                   const struct espota_upload_target *target,
                                   struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    enum espota_status status;

    job->url = calloc(1, sizeof(*job->url));
    if (job->url == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for another target");
    status = espota_web_kind_find(target->web != NULL ? target->web : upload->options.web,
                                  &job->web, err);
    if (status == ESPOTA_OK)
        status = espota_url_parse(target->host, job->url, err);
    if (status == ESPOTA_OK && upload->client == NULL)
        status = espota_http_client_create(upload->loop, &upload->client, err);
    if (status != ESPOTA_OK)
        return status;
    job->port = job->url->port;
    if (!copy_text(&job->target, target->label != NULL ? target->label : job->url->clean) ||
        !copy_text(&job->name, job->url->host) ||
        !copy_text(&job->user, job->url->user[0] != '\0' ? job->url->user : target->user))
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for another target");
    return ESPOTA_OK;
}

static enum espota_status add(struct espota_upload *upload,
                              const struct espota_upload_target *target, struct espota_error *err)
{
    struct espota_job job = {.upload = upload, .index = upload->count};
    enum espota_status status;
    const char *rest;

    if (upload->turns != NULL) /* attempts hold on to the jobs */
        return espota_error_set(err, ESPOTA_E_USAGE, "the run has begun: no target can be added");
    job.road = espota_road_of(target->host, &rest);
    status = job.road == ESPOTA_ROAD_WEB ? take_url(&job, target, err)
                                         : take_host(&job, rest, target, err);
    job.filesystem = target->filesystem;
    job.kind = target->kind;
    job.no_password = target->no_password;
    if (status == ESPOTA_OK)
        status = take_image(target->image, target->file, &job.image, err);
    if (status == ESPOTA_OK &&
        (!copy_text(&job.file, target->file) || !copy_text(&job.image_name, job.image.name) ||
         !copy_text(&job.board, target->board) || !copy_text(&job.platform, target->platform) ||
         !copy_text(&job.key_file, target->key_file) ||
         !copy_text(&job.password_file, target->password_file) || !make_room(upload)))
        status = espota_error_set(err, ESPOTA_E_MEMORY, "no memory for another target");
    if (status != ESPOTA_OK) {
        job_deinit(&job);
        return status;
    }
    job.image.name = job.image_name;
    upload->jobs[upload->count++] = job;
    return ESPOTA_OK;
}

enum espota_status espota_upload_add(struct espota_upload *upload,
                                     const struct espota_upload_target *target,
                                     struct espota_error *err)
{
    struct espota_upload_target own = ESPOTA_UPLOAD_TARGET_INIT;
    enum espota_status status = espota_sized_take(&own, target, err);

    if (status != ESPOTA_OK)
        return status;
    if (own.host == NULL)
        return espota_error_set(err, ESPOTA_E_USAGE, "a target without a host");
    return add(upload, &own, err);
}

static bool is_stdin(const char *file)
{
    return file != NULL && strcmp(file, "-") == 0;
}

/* What another road would need, and this one does not. */
static void warn_of(struct espota_upload *upload, const struct espota_upload_target *target,
                    bool counts, const char *word, const char *value, const char *whose)
{
    if (value != NULL && !counts)
        espota_log_say(&upload->options.log, ESPOTA_LOG_WARNING,
                       "%s: %s is for %s and means nothing here", target->host, word, whose);
}

static enum espota_status add_line(void *context, const struct espota_target_line *line,
                                   struct espota_error *err)
{
    struct espota_upload *upload = context;
    const struct espota_upload_target *target = &line->target;
    const char *rest;
    enum espota_road road = espota_road_of(target->host, &rest);

    if (is_stdin(target->password_file) || is_stdin(target->key_file))
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "%s=- cannot be: standard input is read only once",
                                is_stdin(target->password_file) ? "password-file" : "key-file");
    warn_of(upload, target, road == ESPOTA_ROAD_WEB, "user=", target->user, "web updaters");
    warn_of(upload, target, road == ESPOTA_ROAD_WEB, "web=", target->web, "http:// and https://");
    warn_of(upload, target, road == ESPOTA_ROAD_ESPHOME, "key-file=", target->key_file,
            "esphome://");
    return add(upload, target, err);
}

enum espota_status espota_upload_add_file(struct espota_upload *upload, const char *path,
                                          struct espota_error *err)
{
    uint8_t *text;
    size_t length;
    enum espota_status status = espota_file_read(path, TARGETS_FILE_MAX, &text, &length, NULL, err);

    if (status != ESPOTA_OK)
        return status;
    status = espota_targets_parse((const char *)text, length,
                                  strcmp(path, "-") == 0 ? "standard input" : path, add_line,
                                  upload, err);
    free(text);
    return status;
}

void espota_upload_destroy(struct espota_upload *upload)
{
    if (upload == NULL)
        return;
    for (size_t i = 0; i < upload->count; i++)
        job_deinit(&upload->jobs[i]);
    espota_state_close(upload->state);
    free(upload->jobs);
    free(upload->turns);
    espota_address_map_deinit(&upload->lanes);
    espota_address_map_deinit(&upload->devices);
    espota_secret_wipe(&upload->answer);
    espota_http_client_destroy(upload->client);
    espota_ports_destroy(upload->ports);
    espota_resolver_destroy(upload->resolver);
    espota_loop_destroy(upload->loop);
    espota_sources_deinit(&upload->sources);
    espota_key_destroy(upload->publickey);
    espota_noise_openssl_deinit(&upload->noise);
    espota_crypto_openssl_deinit(&upload->crypto);
    espota_wipe(upload->key, sizeof(upload->key));
    free(upload);
}
