/* SPDX-License-Identifier: MIT */
/* What serve reads from disk, at the start and again when it is told to or the manifest changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/inside.h"
#include "wire/wire.h"

/* "fw" beside "/etc/m.json" is "/etc/fw"; an absolute one stays. */
static char *beside(const char *manifest, const char *images)
{
    const char *slash = strrchr(manifest, '/');
    size_t folder = slash != NULL && images[0] != '/' ? (size_t)(slash - manifest) + 1 : 0;
    size_t room = folder + strlen(images) + 1;
    char *path = malloc(room);

    if (path != NULL)
        snprintf(path, room, "%.*s%s", (int)folder, manifest, images);
    return path;
}

static enum espota_status read_manifest(const char *path, struct espota_manifest *out,
                                        struct espota_error *err)
{
    uint8_t *text = NULL;
    size_t length;
    enum espota_status status =
        espota_file_read(path, ESPOTA_SERVE_MANIFEST_MAX, &text, &length, NULL, err);

    if (status == ESPOTA_OK)
        status = espota_manifest_parse((const char *)text, length, path, out, err);
    free(text);
    return status;
}

static enum espota_status open_store(const char *manifest_path,
                                     const struct espota_manifest *manifest,
                                     const struct espota_crypto *crypto,
                                     struct espota_store_folder **out, struct espota_error *err)
{
    char *path = beside(manifest_path, manifest->images != NULL ? manifest->images : ".");
    enum espota_status status;

    if (path == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    status = espota_store_folder_create(path, crypto, out, err);
    free(path);
    return status;
}

/* Every line must be user:password; the end of each becomes its terminator. */
static enum espota_status split_lines(char *text, const char *path, struct espota_error *err)
{
    size_t number = 1;
    char *out = text;

    for (char *line = text; *line != '\0'; number++) {
        char *end = line + strcspn(line, "\n");
        char *next = end + (*end != '\0');
        size_t length = (size_t)(end - line);

        length -= length > 0 && line[length - 1] == '\r';
        if (length > 0 && line[0] != '#') {
            if (memchr(line, ':', length) == NULL || length >= ESPOTA_HTTP_CREDENTIALS_MAX)
                return espota_error_set(err, ESPOTA_E_USAGE,
                                        "%s:%zu: must be user:password, at most %d bytes", path,
                                        number, ESPOTA_HTTP_CREDENTIALS_MAX - 1);
            memmove(out, line, length);
            out[length] = '\0';
            out += length + 1;
        }
        line = next;
    }
    *out = '\0';
    if (out == text)
        return espota_error_set(err, ESPOTA_E_USAGE, "%s: holds no line user:password", path);
    return ESPOTA_OK;
}

/* `*size` is that of the memory, to wipe it. */
static enum espota_status read_auth(const char *path, const struct espota_log *log, char **out,
                                    size_t *size, struct espota_error *err)
{
    uint8_t *text = NULL;
    size_t length = 0;
    bool shared = false;
    enum espota_status status =
        espota_file_read(path, ESPOTA_SERVE_AUTH_MAX, &text, &length, &shared, err);

    if (status != ESPOTA_OK)
        return status;
    *size = length + 2; /* a terminator for the last line, one for the list */
    *out = calloc(1, *size);
    if (*out != NULL) {
        char line[512];

        memcpy(*out, text, length);
        status = split_lines(*out, path, err);
        snprintf(line, sizeof(line), "others can read %s: chmod 600 keeps its passwords", path);
        if (shared && log->say != NULL)
            log->say(log->context, ESPOTA_LOG_WARNING, line);
    } else {
        status = espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    }
    espota_wipe(text, length);
    free(text);
    return status;
}

static void forget_auth(struct espota_serve *serve)
{
    if (serve->auth != NULL)
        espota_wipe(serve->auth, serve->auth_size);
    free(serve->auth);
    serve->auth = NULL;
}

void espota_serve_unload(struct espota_serve *serve)
{
    espota_manifest_deinit(&serve->manifest);
    espota_store_folder_destroy(serve->store);
    serve->store = NULL;
    serve->has_manifest = false;
    forget_auth(serve);
}

bool espota_serve_has_changed(const struct espota_serve *serve)
{
    struct espota_file_key key;

    if (espota_store_folder_moved(serve->store))
        return true;
    return serve->options.manifest != NULL &&
           espota_file_key_at(serve->options.manifest, &key) == ESPOTA_OK &&
           !espota_file_key_equal(&key, &serve->manifest_key);
}

/* Into a fresh struct, so that a failure leaves the old one whole. */
static enum espota_status load_fresh(const struct espota_serve *old, struct espota_serve *fresh,
                                     struct espota_error *err)
{
    const struct espota_serve_options *options = &old->options;
    const struct espota_crypto *crypto = &old->crypto.table;
    enum espota_status status = ESPOTA_OK;

    if (options->manifest != NULL) {
        /* the key first: a change while it is read is seen as a change later */
        (void)!espota_file_key_at(options->manifest, &fresh->manifest_key);
        status = read_manifest(options->manifest, &fresh->manifest, err);
        fresh->has_manifest = true;
        if (status == ESPOTA_OK)
            status = open_store(options->manifest, &fresh->manifest, crypto, &fresh->store, err);
    } else {
        status = espota_store_folder_create(options->folder, crypto, &fresh->store, err);
    }
    if (status == ESPOTA_OK && options->auth_file != NULL)
        status = read_auth(options->auth_file, &options->log, &fresh->auth, &fresh->auth_size, err);
    return status;
}

enum espota_status espota_serve_load(struct espota_serve *serve, struct espota_error *err)
{
    struct espota_serve fresh = {.auth = NULL};
    enum espota_status status = load_fresh(serve, &fresh, err);

    if (status != ESPOTA_OK) {
        serve->manifest_key = fresh.manifest_key; /* not tried again before it changes again */
        espota_serve_unload(&fresh);
        return status;
    }
    espota_serve_unload(serve);
    serve->manifest = fresh.manifest;
    serve->has_manifest = fresh.has_manifest;
    serve->store = fresh.store;
    serve->manifest_key = fresh.manifest_key;
    serve->auth = fresh.auth;
    serve->auth_size = fresh.auth_size;
    return ESPOTA_OK;
}
