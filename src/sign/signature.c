/* SPDX-License-Identifier: MIT */
/*
 * What a device verifies (PROTOCOL 1.6, 5.4): a trailer behind the payload, in one of three
 * formats. Nothing in an image says that it is signed, or how: a trailer is one if the key made it,
 * so judging tries what fits the key and its lengths.
 */
#include "sign/signature.h"

#include <stdio.h>
#include <string.h>

#include "wire/wire.h"

enum { ESP32_TRAILER = ESPOTA_SIGNATURE_ESP32_SIZE, PIECE = 65536 };

const char *espota_sign_format_word(enum espota_sign_format format)
{
    static const char *const words[] = {"auto", "esp8266", "esp8266-legacy", "esp32"};

    return words[format];
}

static enum espota_status esp8266_key_fits(const struct espota_key *key, enum espota_chip chip,
                                           struct espota_error *err)
{
    unsigned bits = espota_key_bits(key);

    if (espota_key_family(key) == ESPOTA_KEY_EC)
        return espota_error_remedy(err, ESPOTA_E_LOCAL, ESPOTA_REMEDY_MAKE_KEY,
                                   "the key is %s, and no ESP8266 or Pico can verify that: its "
                                   "verifier takes RSA only",
                                   espota_key_name(key));
    if (espota_key_family(key) != ESPOTA_KEY_RSA)
        return espota_error_set(err, ESPOTA_E_LOCAL, "the key is %s, and devices verify RSA only",
                                espota_key_name(key));
    if (espota_chip_is_pico(chip) && bits != 2048)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "the key is %s, and a Pico verifies RSA-2048 only: the length of "
                                "the signature is fixed in it",
                                espota_key_name(key));
    if (bits < 1024 || bits > 4096 || bits % 8 != 0)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "the key is %s; devices verify RSA keys of 1024 to 4096 bits",
                                espota_key_name(key));
    return ESPOTA_OK;
}

static enum espota_status esp32_key_fits(const struct espota_key *key, struct espota_error *err)
{
    unsigned bits = espota_key_bits(key);

    if (espota_key_family(key) == ESPOTA_KEY_RSA && (bits == 2048 || bits == 3072 || bits == 4096))
        return ESPOTA_OK;
    if (espota_key_family(key) == ESPOTA_KEY_EC &&
        (strcmp(espota_key_name(key), "ECDSA P-256") == 0 ||
         strcmp(espota_key_name(key), "ECDSA P-384") == 0))
        return ESPOTA_OK;
    return espota_error_set(err, ESPOTA_E_LOCAL,
                            "the key is %s; an ESP32 verifies RSA-2048, -3072, -4096, ECDSA P-256 "
                            "and P-384",
                            espota_key_name(key));
}

enum espota_status espota_signature_key_fits(const struct espota_key *key,
                                             enum espota_sign_format format, enum espota_chip chip,
                                             struct espota_error *err)
{
    return format == ESPOTA_SIGN_ESP32 ? esp32_key_fits(key, err)
                                       : esp8266_key_fits(key, chip, err);
}

static enum espota_scheme scheme_of(const struct espota_key *key, enum espota_sign_format format)
{
    if (format == ESPOTA_SIGN_ESP8266)
        return ESPOTA_SCHEME_PKCS1;
    if (format == ESPOTA_SIGN_ESP8266_LEGACY)
        return ESPOTA_SCHEME_PKCS1_RAW;
    return espota_key_family(key) == ESPOTA_KEY_EC ? ESPOTA_SCHEME_ECDSA : ESPOTA_SCHEME_PSS;
}

enum espota_status espota_tail_sign(const struct espota_tail *tail, enum espota_sign_format format,
                                    enum espota_hash_kind kind, uint8_t trailer[ESPOTA_TRAILER_MAX],
                                    size_t *length, struct espota_error *err)
{
    enum espota_scheme scheme = scheme_of(tail->key, format);
    uint8_t hash[ESPOTA_HASH_MAX];
    struct espota_writer writer;
    size_t size = 0;
    enum espota_status status =
        espota_hashes_with(tail->hashes, kind, tail->bytes, tail->held, hash, err);

    if (status == ESPOTA_OK)
        status = espota_key_sign(tail->key, scheme, kind, hash, trailer, &size, err);
    if (status == ESPOTA_OK)
        status = espota_key_verify(tail->key, scheme, kind, hash, trailer, size, err);
    if (status == ESPOTA_BAD)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "the signature just made is not good for the key's public half: "
                                "the key or the token is damaged");
    if (status != ESPOTA_OK)
        return status;
    if (format == ESPOTA_SIGN_ESP32) {
        if (size > ESP32_TRAILER)
            return espota_error_set(err, ESPOTA_E_LOCAL,
                                    "a signature of %zu bytes does not fit "
                                    "the trailer of an ESP32",
                                    size);
        memset(trailer + size, 0, ESP32_TRAILER - size);
        *length = ESP32_TRAILER;
        return ESPOTA_OK;
    }
    espota_writer_init(&writer, trailer + size, 4);
    espota_write_u32le(&writer, (uint32_t)size);
    *length = size + 4;
    return ESPOTA_OK;
}

/* What is being judged. */
struct trial {
    const struct espota_tail *tail;
    struct espota_verified *verdict;
    struct espota_error *err;
};

/* Sets verdict->good if the signature, `size` bytes behind a trailer's start, is of the payload. */
static enum espota_status try_scheme(struct trial *trial, enum espota_sign_format format,
                                     enum espota_hash_kind kind, size_t trailer, size_t size)
{
    const struct espota_tail *tail = trial->tail;
    size_t start = tail->held - trailer; /* the caller saw that the tail holds it */
    uint8_t hash[ESPOTA_HASH_MAX];
    enum espota_status status =
        espota_hashes_with(tail->hashes, kind, tail->bytes, start, hash, trial->err);

    if (status == ESPOTA_OK)
        status = espota_key_verify(tail->key, scheme_of(tail->key, format), kind, hash,
                                   tail->bytes + start, size, trial->err);
    if (status != ESPOTA_OK)
        return status == ESPOTA_BAD ? ESPOTA_OK : status;
    trial->verdict->good = true;
    trial->verdict->format = format;
    trial->verdict->hash = kind;
    trial->verdict->payload = tail->total - trailer; /* which is in these bytes */
    return ESPOTA_OK;
}

/* The first reason counts. It is no failure: the file was judged. */
static enum espota_status not_good(struct trial *trial, const char *reason)
{
    if (trial->verdict->reason[0] == '\0')
        snprintf(trial->verdict->reason, sizeof(trial->verdict->reason), "%s", reason);
    return ESPOTA_OK;
}

static enum espota_status try_esp8266(struct trial *trial, enum espota_sign_format format)
{
    const struct espota_tail *tail = trial->tail;
    size_t size = espota_key_signature_size(tail->key);
    struct espota_reader reader;
    enum espota_status status = ESPOTA_OK;

    if (espota_key_family(tail->key) != ESPOTA_KEY_RSA)
        return not_good(trial, "the key is no RSA key, and ESP8266's format takes nothing else");
    if (tail->held < size + 4)
        return not_good(trial, "the file is too short to hold a signature of this key");
    espota_reader_init(&reader, tail->bytes + tail->held - 4, 4);
    if (espota_read_u32le(&reader) != size)
        return not_good(trial, "it does not end in a signature as long as this key makes");
    if (format != ESPOTA_SIGN_ESP8266_LEGACY)
        status = try_scheme(trial, ESPOTA_SIGN_ESP8266, ESPOTA_HASH_SHA256, size + 4, size);
    if (status == ESPOTA_OK && !trial->verdict->good && format != ESPOTA_SIGN_ESP8266)
        status = try_scheme(trial, ESPOTA_SIGN_ESP8266_LEGACY, ESPOTA_HASH_SHA256, size + 4, size);
    if (status == ESPOTA_OK && !trial->verdict->good)
        return not_good(trial, "this key did not make its signature, or the bytes changed since");
    return status;
}

/* The length of the signature at the start of an ESP32's trailer, by the key; 0 if none fills it.
 */
static size_t esp32_size(const struct espota_key *key, const uint8_t trailer[ESP32_TRAILER])
{
    size_t size = espota_key_signature_size(key);

    if (espota_key_family(key) == ESPOTA_KEY_EC) /* a DER SEQUENCE, header included */
        size = trailer[0] == 0x30 && trailer[1] <= 0x7f ? (size_t)trailer[1] + 2 : 0;
    for (size_t i = size; i < ESP32_TRAILER; i++)
        if (trailer[i] != 0)
            return 0;
    return size <= ESP32_TRAILER ? size : 0;
}

static enum espota_status try_esp32(struct trial *trial)
{
    const struct espota_tail *tail = trial->tail;
    enum espota_status status = ESPOTA_OK;
    size_t size;

    if (tail->held < ESP32_TRAILER)
        return not_good(trial, "the file is too short to hold an ESP32 signature");
    size = esp32_size(tail->key, tail->bytes + tail->held - ESP32_TRAILER); /* checked above */
    if (size == 0)
        return not_good(trial, "it does not end in an ESP32 signature of this key's kind");
    for (int kind = 0; kind < ESPOTA_HASH_KINDS && status == ESPOTA_OK && !trial->verdict->good;
         kind++)
        status =
            try_scheme(trial, ESPOTA_SIGN_ESP32, (enum espota_hash_kind)kind, ESP32_TRAILER, size);
    if (status == ESPOTA_OK && !trial->verdict->good)
        return not_good(trial, "this key did not make its signature, or the bytes changed since");
    return status;
}

enum espota_status espota_tail_judge(const struct espota_tail *tail, enum espota_sign_format format,
                                     struct espota_verified *verdict, struct espota_error *err)
{
    struct trial trial = {tail, verdict, err};
    enum espota_status status = ESPOTA_OK;

    *verdict = (struct espota_verified)ESPOTA_VERIFIED_INIT;
    (void)snprintf(verdict->key, sizeof(verdict->key), "%s", espota_key_name(tail->key));
    verdict->bytes = verdict->payload = tail->total;
    if (tail->total == 0)
        return not_good(&trial, "the file is empty");
    if (format == ESPOTA_SIGN_AUTO && espota_key_family(tail->key) == ESPOTA_KEY_EC)
        format = ESPOTA_SIGN_ESP32;
    if (format != ESPOTA_SIGN_ESP32)
        status = try_esp8266(&trial, format);
    if (status == ESPOTA_OK && !verdict->good &&
        (format == ESPOTA_SIGN_ESP32 || format == ESPOTA_SIGN_AUTO))
        status = try_esp32(&trial);
    if (verdict->good)
        verdict->reason[0] = '\0';
    return status;
}

enum espota_status espota_tail_init(struct espota_tail *tail, const struct espota_key *key,
                                    enum espota_sign_format format, struct espota_error *err)
{
    bool esp32 = format == ESPOTA_SIGN_AUTO || format == ESPOTA_SIGN_ESP32 ||
                 espota_key_family(key) == ESPOTA_KEY_EC;

    *tail = (struct espota_tail){.key = key};
    return espota_hashes_create(&tail->hashes, key, esp32, err);
}

void espota_tail_deinit(struct espota_tail *tail)
{
    espota_hashes_destroy(tail->hashes);
    tail->hashes = NULL;
}

void espota_tail_add(struct espota_tail *tail, const void *data, size_t length)
{
    const uint8_t *bytes = data;
    size_t room = sizeof(tail->bytes);

    tail->total += length;
    if (length >= room) { /* everything held so far and the front of this are not the end */
        espota_hashes_add(tail->hashes, tail->bytes, tail->held);
        espota_hashes_add(tail->hashes, bytes, length - room);
        memcpy(tail->bytes, bytes + (length - room), room);
        tail->held = room;
        return;
    }
    if (tail->held + length > room) {
        size_t out = tail->held + length - room; /* at most held, since length < room */

        espota_hashes_add(tail->hashes, tail->bytes, out);
        memmove(tail->bytes, tail->bytes + out, tail->held - out);
        tail->held -= out;
    }
    memcpy(tail->bytes + tail->held, bytes, length);
    tail->held += length;
}

static enum espota_status read_all(const struct espota_image_input *from, struct espota_tail *tail,
                                   struct espota_error *err)
{
    struct espota_image_stream stream;
    uint8_t piece[PIECE];
    size_t length = sizeof(piece);
    enum espota_status status = espota_image_stream_init(&stream, from, err);

    while (status == ESPOTA_OK && length == sizeof(piece)) {
        status = espota_image_stream_read(&stream, piece, sizeof(piece), &length, err);
        espota_tail_add(tail, piece, length);
    }
    espota_image_stream_deinit(&stream);
    return status;
}

enum espota_status espota_signature_judge_image(const struct espota_image_input *from,
                                                const struct espota_key *key,
                                                enum espota_sign_format format,
                                                struct espota_verified *verdict,
                                                struct espota_error *err)
{
    struct espota_tail tail;
    enum espota_status status = espota_tail_init(&tail, key, format, err);

    if (status == ESPOTA_OK)
        status = read_all(from, &tail, err);
    if (status == ESPOTA_OK)
        status = espota_tail_judge(&tail, format, verdict, err);
    espota_tail_deinit(&tail);
    return status;
}
