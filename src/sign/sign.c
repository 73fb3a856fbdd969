/* SPDX-License-Identifier: MIT */
/*
 * Signs in one pass: the bytes go to the output as they come, and the trailer follows them, so that
 * neither a pipe nor a large image is ever in memory as a whole. Packing puts its header, which
 * comes last, in front: packed bytes wait in a scratch file. Whether the input is signed already is
 * known at its end only; the output appears under its name after that.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "sign/signature.h"
#include "sys/sys.h"

enum { PIECE = 65536 };

struct espota_signer {
    struct espota_signer_options options;
    struct espota_key *key;
    char *key_name; /* the options' own need not live as long */
    atomic_bool stop;
};

/* One image under way. */
struct job {
    struct espota_signer *signer;
    struct espota_image_stream input;
    struct espota_output *out;
    struct espota_output *legacy;  /* NULL: none */
    struct espota_output *scratch; /* packed bytes that wait for their header */
    struct espota_packer *packer;
    struct espota_tail read;    /* what came in, where it is packed */
    struct espota_tail payload; /* what is signed */
    enum espota_chip chip;
    enum espota_sign_format format;
    bool gzip_in;
    struct espota_error *err;
    uint8_t piece[PIECE];
};

enum espota_status espota_signer_create(struct espota_signer **out,
                                        const struct espota_signer_options *options,
                                        struct espota_error *err)
{
    struct espota_signer *signer = calloc(1, sizeof(*signer));
    enum espota_status status;

    *out = NULL;
    if (signer == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to sign with");
    signer->options = (struct espota_signer_options)ESPOTA_SIGNER_OPTIONS_INIT;
    status = espota_sized_take(&signer->options, options, err);
    if (status == ESPOTA_OK && (signer->key_name = strdup(signer->options.privatekey)) == NULL)
        status = espota_error_set(err, ESPOTA_E_MEMORY, "no memory to sign with");
    if (status == ESPOTA_OK)
        status = espota_key_private_load(&signer->key, signer->key_name,
                                         &signer->options.passphrase, &signer->options.log, err);
    if (status != ESPOTA_OK) {
        espota_signer_destroy(signer);
        return status;
    }
    *out = signer;
    return ESPOTA_OK;
}

void espota_signer_destroy(struct espota_signer *signer)
{
    if (signer == NULL)
        return;
    espota_key_destroy(signer->key);
    free(signer->key_name);
    free(signer);
}

void espota_signer_stop(struct espota_signer *signer)
{
    signer->stop = true;
}

/* The chip, by the first piece: of a gzip by the beginning of what is inside. */
static enum espota_status look_at_head(struct job *job, size_t length)
{
    struct espota_image_input from = {
        .name = job->input.name, .data = job->piece, .length = length};
    struct espota_image_file head;
    enum espota_status status = espota_image_load(&head, &from, false, NULL, job->err);

    if (status != ESPOTA_OK)
        return status;
    job->gzip_in = head.outer.kind == ESPOTA_IMAGE_GZIP;
    job->chip = head.packed ? head.inner.chip : head.outer.chip;
    espota_image_free(&head);
    return ESPOTA_OK;
}

static enum espota_status choose_format(struct job *job, bool with_legacy)
{
    const struct espota_signer_options *options = &job->signer->options;
    bool esp32 = espota_chip_is_esp32(job->chip) && !job->gzip_in;

    job->format = options->format;
    if (options->plain)
        job->format = ESPOTA_SIGN_ESP8266;
    else if (options->format == ESPOTA_SIGN_AUTO)
        job->format = esp32 ? ESPOTA_SIGN_ESP32 : ESPOTA_SIGN_ESP8266;
    if (options->gzip && job->gzip_in)
        return espota_error_remedy(job->err, ESPOTA_E_IMAGE, ESPOTA_REMEDY_LEAVE_UNPACKED,
                                   "%s is compressed already", job->input.name);
    if (options->gzip && (esp32 || job->format == ESPOTA_SIGN_ESP32))
        return espota_error_remedy(job->err, ESPOTA_E_IMAGE, ESPOTA_REMEDY_LEAVE_UNPACKED,
                                   "an ESP32 cannot unpack, and %s is for one", job->input.name);
    if (with_legacy && job->format == ESPOTA_SIGN_ESP32)
        return espota_error_set(job->err, ESPOTA_E_USAGE,
                                "a legacy signature is for ESP8266 cores up to 2.5.2, and %s is "
                                "signed for an ESP32",
                                job->input.name);
    return espota_signature_key_fits(job->signer->key, job->format, job->chip, job->err);
}

static enum espota_hash_kind hash_of(const struct job *job, enum espota_sign_format format)
{
    return format == ESPOTA_SIGN_ESP32 ? job->signer->options.hash : ESPOTA_HASH_SHA256;
}

/* The payload, as it is signed: to every output and into its hash. */
static enum espota_status emit(struct job *job, const void *data, size_t length)
{
    enum espota_status status = espota_output_write(job->out, data, length, job->err);

    if (status == ESPOTA_OK && job->legacy != NULL)
        status = espota_output_write(job->legacy, data, length, job->err);
    espota_tail_add(&job->payload, data, length);
    return status;
}

static enum espota_status to_scratch(void *context, const void *data, size_t length,
                                     struct espota_error *err)
{
    struct job *job = context;

    return espota_output_write(job->scratch, data, length, err);
}

static enum espota_status take(struct job *job, size_t length)
{
    if (job->packer == NULL)
        return emit(job, job->piece, length);
    espota_tail_add(&job->read, job->piece, length);
    return espota_packer_add(job->packer, job->piece, length, job->err);
}

/* What the packer's header waited for. */
static enum espota_status emit_packed(struct job *job)
{
    uint8_t header[ESPOTA_GZIP_HEADER_MAX];
    size_t length;
    uint64_t offset = 0;
    enum espota_status status = espota_packer_finish(job->packer, header, &length, job->err);

    if (status == ESPOTA_OK)
        status = emit(job, header, length);
    length = PIECE;
    while (status == ESPOTA_OK && length == PIECE) {
        status = espota_output_at(job->scratch, offset, job->piece, PIECE, &length, job->err);
        if (status == ESPOTA_OK)
            status = emit(job, job->piece, length);
        offset += length;
    }
    return status;
}

static enum espota_status refuse_signed_twice(struct job *job)
{
    const struct espota_tail *read = job->packer != NULL ? &job->read : &job->payload;
    struct espota_verified verdict;
    enum espota_status status;

    if (job->signer->options.force)
        return ESPOTA_OK;
    status = espota_tail_judge(read, job->format, &verdict, job->err);
    if (status == ESPOTA_OK && !verdict.good && job->format == ESPOTA_SIGN_ESP8266)
        status = espota_tail_judge(read, ESPOTA_SIGN_ESP8266_LEGACY, &verdict, job->err);
    if (status == ESPOTA_OK && verdict.good)
        return espota_error_remedy(job->err, ESPOTA_E_IMAGE, ESPOTA_REMEDY_SIGN_TWICE,
                                   "%s is signed by this key already", job->input.name);
    return status;
}

static enum espota_status add_trailer(struct job *job, struct espota_output *output,
                                      enum espota_sign_format format, size_t *length)
{
    uint8_t trailer[ESPOTA_TRAILER_MAX];
    enum espota_status status =
        espota_tail_sign(&job->payload, format, hash_of(job, format), trailer, length, job->err);

    if (status == ESPOTA_OK)
        status = espota_output_write(output, trailer, *length, job->err);
    return status;
}

static void warn(const struct job *job)
{
    if (job->gzip_in || job->packer != NULL)
        espota_log_say(
            &job->signer->options.log, ESPOTA_LOG_WARNING,
            "compressed and signed: send it only to devices that verify signatures (ESP8266 core "
            "3.0.0 or later); one that does not takes it, says OK, and destroys its boot loader "
            "at the next start");
    if (job->format == ESPOTA_SIGN_ESP32)
        espota_log_say(
            &job->signer->options.log, ESPOTA_LOG_NOTE,
            "ESP32 devices up to core 3.3.7 do not look at signatures, even where verifying is "
            "switched on");
}

static enum espota_status open_outputs(struct job *job, const char *out, const char *legacy)
{
    unsigned mode = job->input.file.mode != 0 ? job->input.file.mode & 0777 : 0666;
    enum espota_status status =
        espota_output_create(&job->out, out, ESPOTA_OUTPUT_REPLACE, mode, job->err);

    if (status == ESPOTA_OK && legacy != NULL)
        status = espota_output_create(&job->legacy, legacy, ESPOTA_OUTPUT_REPLACE, mode, job->err);
    if (status == ESPOTA_OK)
        status = espota_tail_init(&job->payload, job->signer->key, job->format, job->err);
    if (status == ESPOTA_OK && job->signer->options.gzip) {
        struct espota_gzip_sink sink = {job, to_scratch};

        status = espota_tail_init(&job->read, job->signer->key, job->format, job->err);
        if (status == ESPOTA_OK)
            status = espota_output_create_scratch(&job->scratch, job->err);
        if (status == ESPOTA_OK)
            status = espota_packer_create(&job->packer, &sink, job->err);
    }
    return status;
}

/* From the first piece to the last; `length` is what the first holds. */
static enum espota_status copy_payload(struct job *job, size_t length)
{
    enum espota_status status = take(job, length);

    while (status == ESPOTA_OK && length == PIECE) {
        status = espota_image_stream_read(&job->input, job->piece, PIECE, &length, job->err);
        if (status == ESPOTA_OK && length > 0)
            status = take(job, length);
    }
    if (status == ESPOTA_OK)
        status = refuse_signed_twice(job);
    if (status == ESPOTA_OK && job->packer != NULL)
        status = emit_packed(job);
    return status;
}

/* A pipe that nobody reads any more fails here at the latest: then no file is replaced. */
static enum espota_status commit(struct job *job)
{
    struct espota_output *first = job->out, *second = job->legacy;
    enum espota_status status;

    /* In place it is we who have the file open: not every system replaces such a one. */
    espota_image_stream_deinit(&job->input);
    if (second != NULL && espota_output_is_stream(second)) {
        first = job->legacy;
        second = job->out;
    }
    status = second != NULL ? espota_output_prepare(second, job->err) : ESPOTA_OK;
    if (status == ESPOTA_OK)
        status = espota_output_commit(first, job->err);
    if (status == ESPOTA_OK && second != NULL)
        status = espota_output_commit(second, job->err);
    return status;
}

static enum espota_status run(struct job *job, const char *out, const char *legacy,
                              struct espota_signed *result)
{
    size_t length;
    size_t trailer = 0;
    size_t legacy_trailer;
    enum espota_status status =
        espota_image_stream_read(&job->input, job->piece, PIECE, &length, job->err);

    if (status == ESPOTA_OK && length == 0)
        status = espota_error_set(job->err, ESPOTA_E_IMAGE, "%s is empty", job->input.name);
    if (status == ESPOTA_OK)
        status = look_at_head(job, length);
    if (status == ESPOTA_OK)
        status = choose_format(job, legacy != NULL);
    if (status == ESPOTA_OK)
        status = open_outputs(job, out, legacy);
    if (status == ESPOTA_OK)
        status = copy_payload(job, length);
    if (status == ESPOTA_OK)
        status = add_trailer(job, job->out, job->format, &trailer);
    if (status == ESPOTA_OK && legacy != NULL)
        status = add_trailer(job, job->legacy, ESPOTA_SIGN_ESP8266_LEGACY, &legacy_trailer);
    if (status == ESPOTA_OK)
        status = commit(job);
    if (status != ESPOTA_OK)
        return status;
    warn(job);
    result->format = job->format;
    result->hash = hash_of(job, job->format);
    result->key = espota_key_name(job->signer->key);
    result->chip = espota_chip_name(job->chip);
    result->payload = job->payload.total;
    result->bytes = job->payload.total + trailer;
    result->original = job->packer != NULL ? job->read.total : job->payload.total;
    return ESPOTA_OK;
}

/* The key is what no second run brings back. */
static enum espota_status refuse_places(const struct espota_signer *signer, const char *out,
                                        const char *legacy, struct espota_error *err)
{
    const char *const places[] = {out, legacy};
    const char *key = signer->key_name;

    for (size_t i = 0; i < 2 && !espota_key_is_uri(key); i++)
        if (places[i] != NULL && espota_file_is_same(places[i], key))
            return espota_error_set(err, ESPOTA_E_USAGE,
                                    "%s is the private key, which the signed image would replace",
                                    places[i]);
    if (legacy != NULL && espota_file_is_same(out, legacy))
        return espota_error_set(err, ESPOTA_E_USAGE, "%s and %s are the same file", out, legacy);
    return ESPOTA_OK;
}

enum espota_status espota_signer_sign(struct espota_signer *signer, const char *in, const char *out,
                                      const char *legacy, struct espota_signed *result,
                                      struct espota_error *err)
{
    const struct espota_image_input from = {.name = in};
    struct espota_signed done = ESPOTA_SIGNED_INIT;
    enum espota_status status = espota_sized_take(&done, result, err);
    struct job *job;

    done = (struct espota_signed)ESPOTA_SIGNED_INIT;
    if (status != ESPOTA_OK)
        return status;
    espota_sized_give(result, &done);
    status = refuse_places(signer, out, legacy, err);
    if (status != ESPOTA_OK)
        return status;
    job = calloc(1, sizeof(*job));
    if (job == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to sign with");
    job->signer = signer;
    job->err = err;
    status = espota_image_stream_init(&job->input, &from, err);
    job->input.file.stop = &signer->stop;
    if (status == ESPOTA_OK)
        status = run(job, out, legacy, &done);
    espota_sized_give(result, &done);
    espota_packer_destroy(job->packer);
    espota_tail_deinit(&job->read);
    espota_tail_deinit(&job->payload);
    espota_output_destroy(job->scratch);
    espota_output_destroy(job->legacy);
    espota_output_destroy(job->out);
    espota_image_stream_deinit(&job->input);
    free(job);
    return status;
}
