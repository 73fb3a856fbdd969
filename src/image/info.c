/* SPDX-License-Identifier: MIT */
/* Finds out what a file is; info_text.c and info_json.c say it. */
#include "image/info.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "sys/sys.h"
#include "wire/wire.h"

/* What has to be in memory: standard input, and a gzip, whose inside is wanted. */
enum { MEMORY_MAX = 64 * 1024 * 1024, PIECE = 65536 };

/* A file that is read where the parser wants it. */
struct reading {
    struct espota_input input;
    struct espota_error *err;
};

static enum espota_status read_file(void *context, uint32_t offset, void *out, size_t length)
{
    struct reading *reading = context;

    return espota_input_at(&reading->input, offset, out, length, reading->err);
}

/* MD5 and SHA-256 of the whole. */
static enum espota_status digest(const struct espota_crypto *crypto,
                                 const struct espota_image_source *source,
                                 enum espota_digest_kind kind, char *hex)
{
    uint8_t *piece = malloc(PIECE);
    struct espota_digest state;
    uint8_t out[ESPOTA_DIGEST_MAX];
    enum espota_status status = ESPOTA_E_MEMORY;

    if (piece != NULL)
        status = crypto->digest_start(crypto->context, kind, &state);
    if (status != ESPOTA_OK) {
        free(piece);
        return status;
    }
    for (uint32_t at = 0; at < source->length && status == ESPOTA_OK;) {
        uint32_t now = source->length - at < PIECE ? source->length - at : (uint32_t)PIECE;

        status = source->read(source->context, at, piece, now);
        if (status == ESPOTA_OK)
            crypto->digest_add(crypto->context, &state, piece, now);
        at += now;
    }
    free(piece);
    if (status != ESPOTA_OK) {
        crypto->digest_drop(crypto->context, &state);
        return status;
    }
    status = crypto->digest_finish(crypto->context, &state, out);
    if (status == ESPOTA_OK)
        espota_hex_encode(out, kind == ESPOTA_DIGEST_MD5 ? ESPOTA_MD5_SIZE : ESPOTA_SHA256_SIZE,
                          hex);
    return status;
}

static enum espota_status look(struct espota_info *info, const struct espota_image_source *source,
                               struct espota_error *err)
{
    struct espota_crypto_openssl crypto;
    enum espota_status status;

    espota_crypto_openssl_init(&crypto);
    status = digest(&crypto.table, source, ESPOTA_DIGEST_MD5, info->md5);
    if (status == ESPOTA_OK)
        status = digest(&crypto.table, source, ESPOTA_DIGEST_SHA256, info->sha256);
    if (status == ESPOTA_OK)
        status = espota_image_inspect(source, &crypto.table, &info->found.outer);
    if (status != ESPOTA_OK && espota_crypto_openssl_problem(&crypto)[0] != '\0')
        (void)espota_error_set(err, status, "%s", espota_crypto_openssl_problem(&crypto));
    espota_crypto_openssl_deinit(&crypto);
    return status;
}

static enum espota_status look_at_memory(struct espota_info *info, const char *path,
                                         struct espota_error *err)
{
    uint8_t *bytes = NULL;
    size_t length = 0;
    struct espota_image_source source;
    enum espota_status status = espota_file_read(path, MEMORY_MAX, &bytes, &length, NULL, err);

    if (status != ESPOTA_OK)
        return status;
    source = espota_image_memory(bytes, (uint32_t)length); /* at most MEMORY_MAX */
    status = look(info, &source, err);
    if (status == ESPOTA_OK)
        status = espota_inspect_memory(bytes, length, &info->found, err);
    if (status == ESPOTA_E_IMAGE) { /* it unpacks to more than any flash holds */
        espota_image_problem_add(&info->found.outer, ESPOTA_PROBLEM_GZIP_DATA, 0, 0);
        info->found.outer.kind = ESPOTA_IMAGE_GZIP;
        status = ESPOTA_OK;
    }
    free(bytes);
    return status;
}

static enum espota_status look_at_file(struct espota_info *info, struct reading *reading)
{
    struct espota_image_source source = {reading, (uint32_t)reading->input.size, read_file};

    if (reading->input.size > UINT32_MAX)
        return espota_error_set(reading->err, ESPOTA_E_IMAGE,
                                "%s is larger than any device's flash", reading->input.name);
    return look(info, &source, reading->err);
}

/* Sentences, the inner ones of a gzip too. */
static void say_problems(struct espota_info *info, const struct espota_image *image,
                         const char *front)
{
    for (size_t i = 0; i < image->problem_count && info->problem_count < INFO_PROBLEMS_MAX; i++) {
        char *text = info->problems[info->problem_count++];
        size_t length = strlen(front);

        memcpy(text, front, length);
        espota_image_problem_text(&image->problems[i], text + length);
    }
}

enum espota_status espota_info_create(struct espota_info **out, const char *path,
                                      struct espota_error *err)
{
    struct espota_info *info = calloc(1, sizeof(*info));
    struct reading reading = {ESPOTA_INPUT_INIT, err};
    enum espota_status status;

    *out = NULL;
    if (info == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to look at %s", path);
    info->path = strdup(path); /* _json names it, whenever that is called */
    status = info->path != NULL
                 ? espota_input_init(&reading.input, path, err)
                 : espota_error_set(err, ESPOTA_E_MEMORY, "no memory to look at %s", path);
    if (status == ESPOTA_OK && reading.input.regular) {
        status = look_at_file(info, &reading);
        if (status == ESPOTA_OK && info->found.outer.kind == ESPOTA_IMAGE_GZIP)
            status = look_at_memory(info, path, err);
    } else if (status == ESPOTA_OK)
        status = look_at_memory(info, path, err);
    espota_input_deinit(&reading.input);
    if (status != ESPOTA_OK) {
        espota_info_destroy(info);
        return status;
    }
    say_problems(info, &info->found.outer, "");
    if (info->found.packed)
        say_problems(info, &info->found.inner, "Inside gzip: ");
    espota_info_say(info);
    *out = info;
    return ESPOTA_OK;
}

void espota_info_destroy(struct espota_info *info)
{
    if (info == NULL)
        return;
    espota_inspected_free(&info->found);
    free(info->path);
    free(info);
}

bool espota_info_ok(const struct espota_info *info)
{
    return info->problem_count == 0;
}

bool espota_info_line(const struct espota_info *info, size_t index, const char **label,
                      const char **text)
{
    if (index >= info->line_count)
        return false;
    *label = info->lines[index].label;
    *text = info->lines[index].text;
    return true;
}

const char *espota_info_problem(const struct espota_info *info, size_t index)
{
    return index < info->problem_count ? info->problems[index] : NULL;
}
