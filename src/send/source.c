/* SPDX-License-Identifier: MIT */
/*
 * A device is told a digest before it gets a byte, so both must be of the same bytes: an image is
 * read once, and what happens to its file while a thousand devices are served changes nothing.
 */
#include "send/send.h"

#include <stdlib.h>
#include <string.h>

#include "send/preflight.h"
#include "sys/sys.h"
#include "wire/wire.h"

static void source_destroy(struct espota_source *source)
{
    if (source == NULL)
        return;
    for (int i = 0; i < ESPOTA_PACKINGS && source->packed != NULL; i++)
        free(source->packed[i].bytes);
    free(source->packed);
    free(source->name);
    espota_image_free(&source->sent);
    free(source);
}

void espota_sources_deinit(struct espota_sources *sources)
{
    while (sources->newest != NULL) {
        struct espota_source *source = sources->newest;

        sources->newest = source->older;
        source_destroy(source);
    }
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

/* espota.py's rule, without its trap: a FILE.signed of other bytes is not silently sent. */
static enum espota_status prefer_signed(struct espota_sources *sources,
                                        struct espota_source *source, const char *path,
                                        struct espota_image_file *beside, struct espota_error *err)
{
    if (source->sent.outer.kind == ESPOTA_IMAGE_GZIP) {
        espota_log_say(
            &sources->options->log, ESPOTA_LOG_WARNING,
            "%s is not sent although it is there: a signed gzip image destroys a device that does "
            "not verify; name it as the file to send it all the same",
            path);
        return ESPOTA_OK;
    }
    if (!espota_source_is_signed(source->sent.bytes, source->sent.length, beside->bytes,
                                 beside->length))
        return espota_error_set(err, ESPOTA_E_IMAGE,
                                "%s is stale: it is not %s with a signature behind it; sign again, "
                                "or delete it",
                                path, source->name);
    espota_image_free(&source->sent);
    source->sent = *beside;
    memset(beside, 0, sizeof(*beside));
    return ESPOTA_OK;
}

static enum espota_status load_file(const struct espota_sources *sources, const char *path,
                                    struct espota_image_file *out, struct espota_error *err)
{
    struct espota_image_input from = {.name = path};

    return espota_image_load(out, &from, true, sources->crypto, err);
}

/* What the file beside this one, FILE.signed, means for it. */
static enum espota_status weigh_signed(struct espota_sources *sources, struct espota_source *source,
                                       const char *path, struct espota_error *err)
{
    struct espota_error problem = ESPOTA_ERROR_INIT;
    bool legacy = sources->options->legacy_tool;
    struct espota_image_file beside;
    enum espota_status status;

    if (!espota_file_exists(path))
        return ESPOTA_OK;
    status = load_file(sources, path, &beside, &problem);
    if (status != ESPOTA_OK)
        return legacy ? espota_error_copy(err, status, &problem) : ESPOTA_OK;
    if (legacy)
        status = prefer_signed(sources, source, path, &beside, err);
    else if (espota_source_is_signed(source->sent.bytes, source->sent.length, beside.bytes,
                                     beside.length))
        espota_log_say(&sources->options->log, ESPOTA_LOG_WARNING,
                       "%s lies beside the image, but the file is sent that was named", path);
    espota_image_free(&beside);
    return status;
}

static enum espota_status look_beside(struct espota_sources *sources, struct espota_source *source,
                                      struct espota_error *err)
{
    static const char ending[] = ".signed";
    const char *name = source->name;
    size_t length = strlen(name);
    enum espota_status status;
    char *path;

    if (source->from.data != NULL || source->from.read != NULL || strcmp(name, "-") == 0)
        return ESPOTA_OK;
    path = malloc(length + sizeof(ending));
    if (path == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a file name");
    memcpy(path, name, length);
    memcpy(path + length, ending, sizeof(ending));
    status = weigh_signed(sources, source, path, err);
    free(path);
    return status;
}

/* In place of what was read: packed, and looked at anew. */
static enum espota_status pack(struct espota_sources *sources, struct espota_source *source,
                               const struct espota_preflight *request, struct espota_error *err)
{
    struct espota_image_input from = {.name = source->name};
    struct espota_image_file packed;
    void *bytes;
    enum espota_status status = espota_preflight_pack(request, &bytes, &from.length, err);

    if (status != ESPOTA_OK)
        return status;
    from.data = bytes;
    status = espota_image_load(&packed, &from, true, sources->crypto, err);
    if (status != ESPOTA_OK) {
        free(bytes);
        return status;
    }
    packed.own = bytes;
    espota_image_free(&source->sent);
    source->sent = packed;
    return ESPOTA_OK;
}

/* What the device makes of the bytes, if it is not they themselves: what they decrypt to. */
static enum espota_status load_plain(const struct espota_sources *sources,
                                     const struct espota_source *source,
                                     struct espota_image_file *plain, struct espota_error *err)
{
    const char *path = sources->options->md5_of;
    enum espota_status status = load_file(sources, path, plain, err);

    if (status == ESPOTA_OK && plain->length != source->sent.length)
        return espota_error_set(
            err, ESPOTA_E_IMAGE, "%s is not %s encrypted: the one has %u bytes, the other %u",
            source->name, path, (unsigned)source->sent.length, (unsigned)plain->length);
    return status;
}

/* The one place where an image is judged before it is sent; with `gzip` it is packed first. */
static enum espota_status check(struct espota_sources *sources, struct espota_source *source,
                                const struct espota_image_file *plain, struct espota_error *err)
{
    struct espota_preflight request = {
        .file = plain != NULL ? plain : &source->sent,
        .name = plain != NULL ? sources->options->md5_of : source->name,
        .filesystem = source->filesystem,
        .road = source->road,
        .type = sources->options->type,
        .lenient = sources->options->legacy_tool,
        .force = sources->options->force,
        .publickey = sources->publickey,
        .log = &sources->options->log,
    };
    struct espota_preflight_result result = {0};
    enum espota_status status = ESPOTA_OK;

    if (sources->options->gzip && source->road != ESPOTA_ROAD_ESPHOME) /* there devices choose */
        status = pack(sources, source, &request, err);
    if (status == ESPOTA_OK)
        status = espota_preflight(&request, &result, err);
    source->chip = result.chip;
    source->gzip = result.gzip;
    source->odd_flash_mode = result.odd_flash_mode && !source->filesystem;
    return status;
}

static enum espota_status load(struct espota_sources *sources, struct espota_source *source,
                               struct espota_error *err)
{
    struct espota_image_file plain = {.own = NULL};
    bool encrypted = sources->options->md5_of != NULL;
    enum espota_status status =
        espota_image_load(&source->sent, &source->from, true, sources->crypto, err);

    if (status == ESPOTA_OK && source->sent.length == 0)
        status = espota_error_set(err, ESPOTA_E_IMAGE, "%s is empty", source->name);
    if (status == ESPOTA_OK)
        status = look_beside(sources, source, err);
    if (status == ESPOTA_OK && encrypted && sources->options->gzip)
        status = espota_error_set(err, ESPOTA_E_USAGE, "%s is encrypted, which does not compress",
                                  source->name);
    if (status == ESPOTA_OK && encrypted)
        status = load_plain(sources, source, &plain, err);
    if (status == ESPOTA_OK)
        status = check(sources, source, encrypted ? &plain : NULL, err);
    if (status == ESPOTA_OK) {
        source->length = source->sent.length;
        memcpy(source->md5, encrypted ? plain.md5 : source->sent.md5, sizeof(source->md5));
    }
    espota_image_free(&plain);
    return status;
}

static const char *name_of(const struct espota_image_input *from)
{
    return from->name != NULL ? from->name : "the image";
}

static struct espota_source *find(const struct espota_sources *sources,
                                  const struct espota_image_input *from, bool filesystem,
                                  enum espota_road road)
{
    /* a run has a handful of images, or one for each target: then the last ones differ */
    for (struct espota_source *source = sources->newest; source != NULL; source = source->older)
        if (source->filesystem == filesystem && source->road == road &&
            source->from.data == from->data && source->from.read == from->read &&
            source->from.context == from->context && strcmp(source->name, name_of(from)) == 0)
            return source;
    return NULL;
}

enum espota_status espota_sources_get(struct espota_sources *sources,
                                      const struct espota_image_input *from, bool filesystem,
                                      enum espota_road road, const struct espota_source **out,
                                      struct espota_error *err)
{
    struct espota_source *source = find(sources, from, filesystem, road);

    *out = source;
    if (source != NULL)
        return ESPOTA_OK;
    source = calloc(1, sizeof(*source));
    if (source == NULL || (source->name = strdup(name_of(from))) == NULL ||
        (source->packed = calloc(ESPOTA_PACKINGS, sizeof(*source->packed))) == NULL) {
        source_destroy(source);
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for an image");
    }
    source->from = *from;
    source->from.name = source->name;
    source->filesystem = filesystem;
    source->road = road;
    source->of = sources;
    if (load(sources, source, &source->error) != ESPOTA_OK)
        espota_image_free(&source->sent);
    source->older = sources->newest;
    sources->newest = source;
    *out = source;
    return ESPOTA_OK;
}

static enum espota_status make_packed(const struct espota_source *source,
                                      enum espota_packing packing, struct espota_packed *out,
                                      struct espota_error *err)
{
    const uint8_t *bytes = source->sent.bytes;
    struct espota_digest_part part;
    size_t length;
    enum espota_status status =
        packing == ESPOTA_PACKING_GZIP
            ? espota_gzip_pack(bytes, source->length, &out->bytes, &length, err)
            : espota_deflate_pack(bytes, source->length, &out->bytes, &length, err);

    if (status != ESPOTA_OK)
        return status;
    out->length = (uint32_t)length; /* hardly more than an image has at the most */
    part = (struct espota_digest_part){out->bytes, length};
    status = espota_digest_hex(source->of->crypto, ESPOTA_DIGEST_MD5, &part, 1, out->md5);
    if (status == ESPOTA_OK)
        return ESPOTA_OK;
    free(out->bytes);
    out->bytes = NULL;
    return espota_error_set(err, status, "the MD5 of %s cannot be computed", source->name);
}

enum espota_status espota_source_pack(const struct espota_source *source,
                                      enum espota_packing packing, const struct espota_packed **out,
                                      struct espota_error *err)
{
    struct espota_packed *packed = &source->packed[packing];

    *out = packed;
    return packed->bytes != NULL ? ESPOTA_OK : make_packed(source, packing, packed, err);
}

/* A loader that unpacks over its own source destroys itself: what it would do is looked at. */
static bool weigh_gzip(const struct espota_source *source)
{
    const struct espota_packed *packed;
    struct espota_image_input from = {.name = source->name};
    struct espota_image_file file;
    struct espota_preflight request = {.file = &file, .name = source->name, .road = source->road};
    struct espota_preflight_result result;
    bool good;

    if (espota_source_pack(source, ESPOTA_PACKING_GZIP, &packed, NULL) != ESPOTA_OK)
        return false;
    from.data = packed->bytes;
    from.length = packed->length;
    if (espota_image_load(&file, &from, true, NULL, NULL) != ESPOTA_OK)
        return false;
    good = espota_preflight(&request, &result, NULL) == ESPOTA_OK;
    espota_image_free(&file);
    return good;
}

/* Once for all devices that get it: it is unpacked for that. */
static bool unpacks_well(const struct espota_source *source)
{
    struct espota_packed *packed = &source->packed[ESPOTA_PACKING_GZIP];

    if (!packed->weighed)
        packed->fits = weigh_gzip(source);
    packed->weighed = true;
    return packed->fits;
}

bool espota_source_packs(const struct espota_source *source, enum espota_packing packing)
{
    if (packing == ESPOTA_PACKING_NONE)
        return true;
    if (source->gzip) /* as it was built: nothing is gained, and a loader knows one layer of it */
        return false;
    return packing == ESPOTA_PACKING_DEFLATE ||
           (!espota_chip_is_esp32(source->chip) && !espota_chip_is_libretiny(source->chip) &&
            unpacks_well(source));
}
