/* SPDX-License-Identifier: MIT */
#include "send/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "send/preflight.h"
#include "sys/sys.h"
#include "wire/wire.h"

void espota_sources_init(struct espota_sources *sources, const struct espota_sources_config *config)
{
    memset(sources, 0, sizeof(*sources));
    sources->config = *config;
}

static void source_destroy(struct espota_source *source)
{
    if (source == NULL)
        return;
    free(source->path);
    free(source->bytes);
    free(source);
}

void espota_sources_deinit(struct espota_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        source_destroy(sources->items[i]);
    free(sources->items);
    memset(sources, 0, sizeof(*sources));
}

bool espota_source_is_signed(const uint8_t *image, size_t length, const uint8_t *with,
                             size_t with_length)
{
    struct espota_reader reader;

    if (with_length < length + 4 || memcmp(with, image, length) != 0)
        return false;
    espota_reader_init(&reader, with + with_length - 4, 4); /* with_length >= 4: see above */
    return espota_read_u32le(&reader) == with_length - length - 4 && with_length > length + 4;
}

static void say(const struct espota_sources *sources, const char *format, const char *path)
{
    const struct espota_log *log = sources->config.log;
    char line[768];

    if (log == NULL || log->say == NULL)
        return;
    snprintf(line, sizeof(line), format, path);
    log->say(log->context, ESPOTA_LOG_WARNING, line);
}

static bool is_gzip(const struct espota_source *source)
{
    return source->length >= 2 && source->bytes[0] == 0x1f && source->bytes[1] == 0x8b;
}

/* espota.py's rule, without its trap: a FILE.signed of other bytes is not silently sent. */
static enum espota_status prefer_signed(struct espota_sources *sources,
                                        struct espota_source *source, const char *path,
                                        uint8_t **bytes, size_t length, struct espota_error *err)
{
    if (is_gzip(source)) {
        say(sources,
            "%s is not sent although it is there: a signed gzip image destroys a device that does "
            "not verify; name it as the file to send it all the same",
            path);
        return ESPOTA_OK;
    }
    if (!espota_source_is_signed(source->bytes, source->length, *bytes, length))
        return espota_error_set(err, ESPOTA_E_IMAGE,
                                "%s is stale: it is not %s with a signature behind it; sign again, "
                                "or delete it",
                                path, source->path);
    free(source->bytes);
    source->bytes = *bytes;
    source->length = (uint32_t)length; /* at most SOURCE_MAX */
    *bytes = NULL;
    return ESPOTA_OK;
}

static bool is_missing(const char *path)
{
    FILE *file = fopen(path, "rb");
    int why = errno;

    if (file != NULL)
        fclose(file);
    return file == NULL && why == ENOENT;
}

/* What the file beside this one, FILE.signed, means for it. */
static enum espota_status weigh_signed(struct espota_sources *sources, struct espota_source *source,
                                       const char *path, struct espota_error *err)
{
    struct espota_error problem = ESPOTA_ERROR_INIT;
    bool legacy = sources->config.legacy_tool;
    enum espota_status status;
    uint8_t *bytes = NULL;
    size_t length;

    if (is_missing(path))
        return ESPOTA_OK;
    status = espota_file_read(path, ESPOTA_SOURCE_MAX, &bytes, &length, NULL, &problem);
    if (status != ESPOTA_OK)
        return legacy ? espota_error_set(err, status, "%s", problem.message) : ESPOTA_OK;
    if (legacy)
        status = prefer_signed(sources, source, path, &bytes, length, err);
    else if (espota_source_is_signed(source->bytes, source->length, bytes, length))
        say(sources, "%s lies beside the image, but the file is sent that was named", path);
    free(bytes);
    return status;
}

static enum espota_status look_beside(struct espota_sources *sources, struct espota_source *source,
                                      struct espota_error *err)
{
    static const char ending[] = ".signed";
    size_t length = strlen(source->path);
    char *path = malloc(length + sizeof(ending));
    enum espota_status status;

    if (path == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a file name");
    memcpy(path, source->path, length);
    memcpy(path + length, ending, sizeof(ending));
    status = weigh_signed(sources, source, path, err);
    free(path);
    return status;
}

static enum espota_status pack(struct espota_source *source, struct espota_preflight *request,
                               struct espota_error *err)
{
    void *packed;
    size_t length;
    enum espota_status status = espota_preflight_pack(request, &packed, &length, err);

    if (status != ESPOTA_OK)
        return status;
    free(source->bytes);
    source->bytes = packed;
    source->length = (uint32_t)length; /* little more than SOURCE_MAX at the most */
    request->bytes = packed;
    request->length = length;
    return ESPOTA_OK;
}

/* What the device makes of the bytes: they themselves, or what they decrypt to. */
struct plain {
    const char *name;
    uint8_t *own; /* freed by who made it; NULL: the bytes are the source's */
    const uint8_t *bytes;
    size_t length;
};

static enum espota_status read_plain(const struct espota_sources *sources,
                                     const struct espota_source *source, struct plain *plain,
                                     struct espota_error *err)
{
    const char *path = sources->config.md5_of;
    enum espota_status status;

    *plain = (struct plain){source->path, NULL, source->bytes, source->length};
    if (path == NULL)
        return ESPOTA_OK;
    status = espota_file_read(path, ESPOTA_SOURCE_MAX, &plain->own, &plain->length, NULL, err);
    if (status != ESPOTA_OK)
        return status;
    plain->name = path;
    plain->bytes = plain->own;
    if (plain->length != source->length)
        return espota_error_set(err, ESPOTA_E_IMAGE,
                                "%s is not %s encrypted: the one has %u bytes, the other %zu",
                                source->path, path, (unsigned)source->length, plain->length);
    return ESPOTA_OK;
}

/* The one place where an image is looked at before it is sent; with `gzip` it is packed first. */
static enum espota_status check(struct espota_sources *sources, struct espota_source *source,
                                struct plain *plain, struct espota_error *err)
{
    struct espota_preflight request = {
        .bytes = plain->bytes,
        .length = plain->length,
        .name = plain->name,
        .filesystem = source->filesystem,
        .lenient = sources->config.legacy_tool,
        .force = sources->config.force,
        .publickey = sources->config.publickey,
        .log = sources->config.log,
    };
    struct espota_preflight_result result = {0};
    enum espota_status status = ESPOTA_OK;

    if (sources->config.gzip)
        status = pack(source, &request, err);
    if (status == ESPOTA_OK)
        status = espota_preflight(&request, &result, err);
    plain->bytes = request.bytes;
    plain->length = request.length;
    source->chip = result.chip;
    source->gzip = result.gzip;
    source->odd_flash_mode = result.odd_flash_mode && !source->filesystem;
    return status;
}

static enum espota_status hash(const struct espota_crypto *crypto, enum espota_digest_kind kind,
                               const uint8_t *bytes, size_t length, char *hex)
{
    size_t size = kind == ESPOTA_DIGEST_MD5 ? ESPOTA_MD5_SIZE : ESPOTA_SHA256_SIZE;
    uint8_t out[ESPOTA_DIGEST_MAX];
    struct espota_digest digest;
    enum espota_status status = crypto->digest_start(crypto->context, kind, &digest);

    if (status != ESPOTA_OK)
        return status;
    crypto->digest_add(crypto->context, &digest, bytes, length);
    status = crypto->digest_finish(crypto->context, &digest, out);
    if (status == ESPOTA_OK)
        espota_hex_encode(out, size, hex);
    return status;
}

static enum espota_status read_image(struct espota_source *source, struct espota_error *err)
{
    size_t length;
    enum espota_status status =
        espota_file_read(source->path, ESPOTA_SOURCE_MAX, &source->bytes, &length, NULL, err);

    if (status != ESPOTA_OK)
        return status;
    if (length == 0)
        return espota_error_set(err, ESPOTA_E_IMAGE, "%s is empty", source->path);
    source->length = (uint32_t)length; /* at most SOURCE_MAX */
    return ESPOTA_OK;
}

static enum espota_status hash_both(const struct espota_crypto *crypto,
                                    struct espota_source *source, const struct plain *plain)
{
    enum espota_status status =
        hash(crypto, ESPOTA_DIGEST_MD5, plain->bytes, plain->length, source->md5);

    return status != ESPOTA_OK
               ? status
               : hash(crypto, ESPOTA_DIGEST_SHA256, source->bytes, source->length, source->sha256);
}

static enum espota_status load(struct espota_sources *sources, struct espota_source *source,
                               struct espota_error *err)
{
    struct plain plain = {.own = NULL};
    enum espota_status status = read_image(source, err);

    if (status == ESPOTA_OK)
        status = look_beside(sources, source, err);
    if (status == ESPOTA_OK)
        status = read_plain(sources, source, &plain, err);
    if (status == ESPOTA_OK)
        status = check(sources, source, &plain, err);
    if (status == ESPOTA_OK) {
        status = hash_both(sources->config.crypto, source, &plain);
        if (status != ESPOTA_OK)
            (void)espota_error_set(err, status, "cannot hash %s", source->path);
    }
    free(plain.own);
    return status;
}

static struct espota_source *find(const struct espota_sources *sources, const char *path,
                                  bool filesystem)
{
    /* a run has a handful of files, or one for each target: then the last ones differ */
    for (size_t i = sources->count; i-- > 0;) {
        struct espota_source *source = sources->items[i];

        if (source->filesystem == filesystem && strcmp(source->path, path) == 0)
            return source;
    }
    return NULL;
}

static bool make_room(struct espota_sources *sources)
{
    size_t room = sources->room == 0 ? 8 : 2 * sources->room;
    struct espota_source **larger;

    if (sources->count < sources->room)
        return true;
    larger = realloc(sources->items, room * sizeof(struct espota_source *));
    if (larger == NULL)
        return false;
    sources->items = larger;
    sources->room = room;
    return true;
}

enum espota_status espota_sources_get(struct espota_sources *sources, const char *path,
                                      bool filesystem, const struct espota_source **out,
                                      struct espota_error *err)
{
    struct espota_source *source = find(sources, path, filesystem);

    *out = source;
    if (source != NULL)
        return ESPOTA_OK;
    source = calloc(1, sizeof(*source));
    if (source == NULL || !make_room(sources) || (source->path = strdup(path)) == NULL) {
        source_destroy(source);
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for an image");
    }
    source->filesystem = filesystem;
    if (load(sources, source, &source->error) != ESPOTA_OK) {
        free(source->bytes);
        source->bytes = NULL;
        source->length = 0;
    }
    sources->items[sources->count++] = source;
    *out = source;
    return ESPOTA_OK;
}
