/* SPDX-License-Identifier: MIT */
/*
 * The one value that everything is answered from, built whole from the disk: a request sees the old
 * one or the new one, and what could not be read leaves the old one as it is. The credentials come
 * first: where they are what is wrong, trying again every second costs no reading of ten thousand
 * rules.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/inside.h"
#include "wire/wire.h"

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
    char command[512];
    enum espota_status status =
        espota_file_read(path, ESPOTA_SERVE_AUTH_MAX, &text, &length, &shared, err);

    if (status != ESPOTA_OK)
        return status;
    *size = length + 2; /* a terminator for the last line, one for the list */
    *out = calloc(1, *size);
    if (*out != NULL) {
        memcpy(*out, text, length);
        status = split_lines(*out, path, err);
        if (shared)
            espota_log_say(log, ESPOTA_LOG_WARNING,
                           "others can read %s with its passwords; take that away with: %s", path,
                           espota_file_private_command(path, command, sizeof(command)));
    } else {
        status = espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    }
    espota_wipe(text, length);
    free(text);
    return status;
}

void espota_serve_rules_destroy(struct espota_serve_rules *rules)
{
    if (rules == NULL)
        return;
    espota_manifest_deinit(&rules->parsed);
    espota_store_folder_destroy(rules->store);
    espota_crypto_openssl_deinit(&rules->crypto);
    if (rules->auth != NULL)
        espota_wipe(rules->auth, rules->auth_size);
    free(rules->auth);
    free(rules->images);
    free(rules);
}

static enum espota_status read_manifest(struct espota_serve_rules *rules, const char *path,
                                        struct espota_manifest_faults *faults,
                                        struct espota_error *err)
{
    const struct espota_manifest *manifest = &rules->parsed;
    uint8_t *text = NULL;
    size_t length;
    enum espota_status status =
        espota_file_read(path, ESPOTA_SERVE_MANIFEST_MAX, &text, &length, NULL, err);

    if (status == ESPOTA_OK)
        status =
            espota_manifest_parse((const char *)text, length, path, faults, &rules->parsed, err);
    free(text);
    if (status != ESPOTA_OK)
        return status;
    rules->manifest = manifest;
    rules->images = espota_path_beside(path, manifest->images != NULL ? manifest->images : ".");
    return ESPOTA_OK;
}

enum espota_status espota_serve_rules_create(const struct espota_serve_options *options,
                                             struct espota_manifest_faults *faults,
                                             struct espota_serve_rules **out,
                                             struct espota_error *err)
{
    struct espota_serve_rules *rules = calloc(1, sizeof(*rules));
    enum espota_status status = ESPOTA_OK;

    *out = NULL;
    if (rules == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    espota_crypto_openssl_init(&rules->crypto);
    if (options->auth_file != NULL)
        status = read_auth(options->auth_file, &options->log, &rules->auth, &rules->auth_size, err);
    if (status == ESPOTA_OK && options->manifest != NULL)
        status = read_manifest(rules, options->manifest, faults, err);
    else if (status == ESPOTA_OK)
        rules->images = strdup(options->folder);
    if (status == ESPOTA_OK && rules->images == NULL)
        status = espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    if (status == ESPOTA_OK)
        status =
            espota_store_folder_create(rules->images, &rules->crypto.table, &rules->store, err);
    if (status == ESPOTA_OK)
        *out = rules;
    else
        espota_serve_rules_destroy(rules);
    return status;
}
