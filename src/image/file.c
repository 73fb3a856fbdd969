/* SPDX-License-Identifier: MIT */
/*
 * The one place where an image is read. Its bytes are seen once, in order, because a pipe and a
 * callback have no other way: both digests are made in passing. What is in memory then is parsed
 * there; a file that nobody wants to keep is parsed through its descriptor, so that `info` needs no
 * more memory for a large one. Of a gzip file all is needed in either case: what is inside counts.
 */
#include "image/image.h"

#include <stdlib.h>
#include <string.h>

#include "image/parts.h"

enum { PIECE = 65536 };

enum espota_status espota_image_stream_init(struct espota_image_stream *stream,
                                            const struct espota_image_input *from,
                                            struct espota_error *err)
{
    *stream = (struct espota_image_stream){*from, ESPOTA_INPUT_INIT, from->name};
    if (from->data == NULL && from->read == NULL) {
        enum espota_status status = espota_input_init(&stream->file, from->name, err);

        stream->name = stream->file.name;
        return status;
    }
    if (stream->name == NULL)
        stream->name = "the image";
    return ESPOTA_OK;
}

static enum espota_status read_callback(struct espota_image_stream *stream, uint8_t *out,
                                        size_t room, size_t *length, struct espota_error *err)
{
    const struct espota_image_input *from = &stream->from;
    struct espota_error why = ESPOTA_ERROR_INIT;

    for (*length = 0; *length < room;) {
        size_t got = 0;
        enum espota_status status =
            from->read(from->context, out + *length, room - *length, &got, &why);

        if (status != ESPOTA_OK)
            return espota_error_set(err, status, "cannot read %s%s%s", stream->name,
                                    why.message[0] != '\0' ? ": " : "", why.message);
        if (got > room - *length) /* *length < room */
            return espota_error_set(err, ESPOTA_E_LOCAL, "cannot read %s: more came than was asked",
                                    stream->name);
        if (got == 0)
            break;
        *length += got;
    }
    return ESPOTA_OK;
}

enum espota_status espota_image_stream_read(struct espota_image_stream *stream, void *out,
                                            size_t room, size_t *length, struct espota_error *err)
{
    struct espota_image_input *from = &stream->from;

    if (from->data == NULL)
        return from->read != NULL ? read_callback(stream, out, room, length, err)
                                  : espota_input_read(&stream->file, out, room, length, err);
    *length = from->length < room ? from->length : room;
    memcpy(out, from->data, *length);
    from->data = (const uint8_t *)from->data + *length;
    from->length -= *length;
    return ESPOTA_OK;
}

void espota_image_stream_deinit(struct espota_image_stream *stream)
{
    espota_input_deinit(&stream->file);
}

/* One image on its way in. */
struct loading {
    struct espota_image_stream stream;
    struct espota_image_file *file;
    const struct espota_crypto *crypto; /* NULL: no digests */
    struct espota_digest digests[2];
    size_t begun; /* of them */
    bool keep;    /* the bytes, in `buffer` */
    uint8_t *buffer;
    size_t room;
    struct espota_error *err;
};

static enum espota_status cannot_hash(const struct loading *loading, enum espota_status status)
{
    return espota_error_set(loading->err, status, "cannot hash %s", loading->stream.name);
}

static void drop_digests(struct loading *loading)
{
    for (size_t i = 0; i < loading->begun; i++)
        loading->crypto->digest_drop(loading->crypto->context, &loading->digests[i]);
}

/* Those that began before a failure are dropped with it. */
static enum espota_status start_digests(struct loading *loading)
{
    static const enum espota_digest_kind kinds[2] = {ESPOTA_DIGEST_MD5, ESPOTA_DIGEST_SHA256};
    const struct espota_crypto *crypto = loading->crypto;

    for (size_t i = 0; i < 2 && crypto != NULL; i++) {
        enum espota_status status =
            crypto->digest_start(crypto->context, kinds[i], &loading->digests[i]);

        if (status != ESPOTA_OK)
            return cannot_hash(loading, status);
        loading->begun++;
    }
    return ESPOTA_OK;
}

static void add_to_digests(struct loading *loading, const void *data, size_t length)
{
    for (size_t i = 0; i < loading->begun; i++)
        loading->crypto->digest_add(loading->crypto->context, &loading->digests[i], data, length);
}

static enum espota_status finish_digests(struct loading *loading)
{
    enum espota_status status = ESPOTA_OK;

    for (size_t i = 0; i < loading->begun; i++) {
        char *out = i == 0 ? loading->file->md5 : loading->file->sha256;
        enum espota_status one =
            espota_digest_finish_hex(loading->crypto, &loading->digests[i], out);

        status = status != ESPOTA_OK ? status : one;
    }
    return status == ESPOTA_OK ? ESPOTA_OK : cannot_hash(loading, status);
}

static enum espota_status too_long(const struct loading *loading)
{
    return espota_error_set(loading->err, ESPOTA_E_LOCAL, "%s is longer than %u bytes",
                            loading->stream.name, (unsigned)ESPOTA_IMAGE_MAX);
}

static enum espota_status make_room(struct loading *loading, size_t room)
{
    uint8_t *buffer = realloc(loading->buffer, room);

    if (buffer == NULL)
        return espota_error_set(loading->err, ESPOTA_E_MEMORY, "no memory to read %s",
                                loading->stream.name);
    loading->buffer = buffer;
    loading->room = room;
    return ESPOTA_OK;
}

static bool is_gzip(const uint8_t *bytes, size_t length)
{
    return length >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* Takes the next piece in behind the `used` bytes that are kept; fewer than PIECE at the end. */
static enum espota_status take_piece(struct loading *loading, size_t used, size_t *got)
{
    enum espota_status status = ESPOTA_OK;

    *got = 0;
    if (loading->room - used < PIECE) /* used <= room */
        status = make_room(loading, 2 * loading->room + PIECE);
    if (status == ESPOTA_OK)
        status = espota_image_stream_read(&loading->stream, loading->buffer + used, PIECE, got,
                                          loading->err);
    if (status == ESPOTA_OK)
        add_to_digests(loading, loading->buffer + used, *got);
    return status;
}

static enum espota_status read_stream(struct loading *loading)
{
    const struct espota_input *input = &loading->stream.file;
    uint64_t total = 0;
    size_t got = PIECE;
    enum espota_status status;

    if (input->size > UINT32_MAX)
        return espota_error_set(loading->err, ESPOTA_E_IMAGE,
                                "%s is larger than any device's flash", loading->stream.name);
    if (loading->keep && input->size > ESPOTA_IMAGE_MAX)
        return too_long(loading);
    /* a piece beyond the size: the buffer does not grow */
    status = make_room(loading, (loading->keep ? (size_t)input->size : 0) + PIECE);
    while (status == ESPOTA_OK && got == PIECE) {
        status = take_piece(loading, loading->keep ? (size_t)total : 0, &got);
        if (total == 0 && (!input->regular || is_gzip(loading->buffer, got)))
            loading->keep = true;
        total += got;
        if (status == ESPOTA_OK && loading->keep && total > ESPOTA_IMAGE_MAX)
            status = too_long(loading);
    }
    loading->file->length = (uint32_t)total; /* the size, and a file that grew was told */
    loading->file->bytes = loading->keep ? loading->buffer : NULL;
    return status;
}

static enum espota_status take_memory(struct loading *loading)
{
    const struct espota_image_input *from = &loading->stream.from;

    if (from->length > UINT32_MAX)
        return espota_error_set(loading->err, ESPOTA_E_IMAGE,
                                "%s is larger than any device's flash", loading->stream.name);
    loading->file->bytes = from->data;
    loading->file->length = (uint32_t)from->length;
    add_to_digests(loading, from->data, from->length);
    return ESPOTA_OK;
}

static enum espota_status read_all(struct loading *loading)
{
    enum espota_status status = start_digests(loading);

    if (status == ESPOTA_OK && loading->stream.from.data != NULL)
        status = take_memory(loading);
    else if (status == ESPOTA_OK)
        status = read_stream(loading);
    if (status == ESPOTA_OK)
        return finish_digests(loading);
    drop_digests(loading);
    return status;
}

/* What a boot loader would stumble over. */
static void take_gzip_problems(struct espota_image *image, const struct espota_unpacked *unpacked)
{
    if (!unpacked->whole) {
        espota_image_tell(image, ESPOTA_PROBLEM_GZIP_DATA, 0, 0);
        return;
    }
    if (unpacked->crc_stored != unpacked->crc_computed)
        espota_image_tell(image, ESPOTA_PROBLEM_GZIP_CRC, unpacked->crc_stored,
                          unpacked->crc_computed);
    if (unpacked->length_stored != unpacked->length)
        espota_image_tell(image, ESPOTA_PROBLEM_GZIP_LENGTH, unpacked->length_stored,
                          (uint32_t)unpacked->length);
    if (unpacked->consumed == image->length) {
        image->signature = ESPOTA_SIGNATURE_NONE; /* its last word is its own length */
        image->signature_length = 0;
        image->payload = image->length;
    } else if (image->signature == ESPOTA_SIGNATURE_NONE || unpacked->consumed != image->payload)
        espota_image_tell(image, ESPOTA_PROBLEM_GZIP_MORE,
                          image->length - (uint32_t)unpacked->consumed, 0);
}

static enum espota_status look_inside(struct loading *loading)
{
    struct espota_image_file *file = loading->file;
    struct espota_unpacked unpacked;
    struct espota_image_source source;
    enum espota_status status =
        espota_gzip_unpack(file->bytes, file->length, &unpacked, loading->err);

    if (status == ESPOTA_E_IMAGE) { /* what it is stands there all the same */
        espota_image_tell(&file->outer, ESPOTA_PROBLEM_GZIP_LARGE, ESPOTA_GZIP_UNPACKED_MAX, 0);
        return ESPOTA_OK;
    }
    if (status != ESPOTA_OK)
        return status;
    take_gzip_problems(&file->outer, &unpacked);
    file->least_staging = unpacked.least_staging;
    file->unpacked = unpacked.bytes;
    file->packed = unpacked.length > 0;
    if (!file->packed)
        return ESPOTA_OK;
    source = espota_image_memory(unpacked.bytes, (uint32_t)unpacked.length);
    status = espota_image_inspect(&source, loading->crypto, &file->inner);
    if (file->inner.kind == ESPOTA_IMAGE_GZIP)
        espota_image_tell(&file->inner, ESPOTA_PROBLEM_GZIP_TWICE, 0, 0);
    else if (espota_chip_is_esp32(file->inner.chip))
        espota_image_tell(&file->inner, ESPOTA_PROBLEM_GZIP_CHIP, 0, 0);
    return status;
}

static enum espota_status read_there(void *context, uint32_t offset, void *out, size_t length)
{
    struct loading *loading = context;

    return espota_input_at(&loading->stream.file, offset, out, length, loading->err);
}

static enum espota_status look(struct loading *loading)
{
    struct espota_image_file *file = loading->file;
    struct espota_image_source source = {loading, file->length, read_there};
    enum espota_status status;

    if (file->bytes != NULL)
        source = espota_image_memory(file->bytes, file->length);
    status = espota_image_inspect(&source, loading->crypto, &file->outer);
    if (status == ESPOTA_OK && file->outer.kind == ESPOTA_IMAGE_GZIP)
        status = look_inside(loading);
    return status;
}

enum espota_status espota_image_load(struct espota_image_file *file,
                                     const struct espota_image_input *from, bool keep,
                                     const struct espota_crypto *crypto, struct espota_error *err)
{
    struct loading loading = {.file = file, .crypto = crypto, .keep = keep, .err = err};
    enum espota_status status;

    memset(file, 0, sizeof(*file));
    status = espota_image_stream_init(&loading.stream, from, err);
    if (status == ESPOTA_OK)
        status = read_all(&loading);
    if (status == ESPOTA_OK)
        status = look(&loading);
    espota_image_stream_deinit(&loading.stream);
    if (status == ESPOTA_OK && keep)
        file->own = loading.buffer;
    else
        free(loading.buffer);
    if (!keep)
        file->bytes = NULL;
    if (status != ESPOTA_OK)
        espota_image_free(file);
    return status;
}

void espota_image_free(struct espota_image_file *file)
{
    free(file->own);
    free(file->unpacked);
    memset(file, 0, sizeof(*file));
}
