/* SPDX-License-Identifier: MIT */
/*
 * Each phase waits for one field of a known length and has one step for it. Below the steps lie the
 * frames, which a sealed session has and a clear one has not.
 */
#include "send/esphome/session.h"

#include <string.h>

enum {
    HEADER = ESPOTA_ESPHOME_FRAME_HEADER,
    TAG = ESPOTA_NOISE_TAG_SIZE,
    GREETING_ERROR = 1, /* the least that a refusal in words has */
};

typedef struct espota_esphome_session session_t;

/* --- the end --- */

static void over(session_t *s, enum espota_status status, enum espota_esphome_reason reason)
{
    if (s->phase == ESPOTA_ESPHOME_OVER)
        return;
    s->ended_in = s->phase;
    s->phase = ESPOTA_ESPHOME_OVER;
    s->status = status;
    s->reason = reason;
    s->tx_length = s->tx_sent = 0;
}

static bool all_taken(const session_t *s)
{
    return s->phase >= ESPOTA_ESPHOME_STREAMING && s->taken == s->image.length &&
           s->tx_sent == s->tx_length;
}

/* Without a word of the device: had it all of the image, nobody knows. */
static void lost(session_t *s, bool all_left, enum espota_esphome_reason reason)
{
    if (s->phase == ESPOTA_ESPHOME_MEETING)
        over(s, ESPOTA_E_NO_ANSWER, reason);
    else
        over(s, all_left && all_taken(s) ? ESPOTA_E_UNKNOWN : ESPOTA_E_BROKEN, reason);
}

/* What no device of this protocol says. */
static void confused(session_t *s)
{
    over(s, all_taken(s) ? ESPOTA_E_UNKNOWN : ESPOTA_E_REFUSED, ESPOTA_ESPHOME_NOT_ITS_PROTOCOL);
}

/* Somebody between the two has his hands in it. */
static void tampered(session_t *s)
{
    over(s, all_taken(s) ? ESPOTA_E_UNKNOWN : ESPOTA_E_BROKEN, ESPOTA_ESPHOME_TAMPERED);
}

static void refuse(session_t *s, uint8_t byte)
{
    s->refusal = byte;
    switch (byte) {
    case ESPOTA_ESPHOME_E_AUTH:
    case ESPOTA_ESPHOME_E_CLEAR:
        over(s, ESPOTA_E_AUTH, ESPOTA_ESPHOME_NO_REASON);
        break;
    case ESPOTA_ESPHOME_E_MAGIC: /* before the image it speaks of the protocol's own */
        if (s->phase < ESPOTA_ESPHOME_STREAMING)
            over(s, ESPOTA_E_REFUSED, ESPOTA_ESPHOME_NOT_ITS_PROTOCOL);
        else
            over(s, ESPOTA_E_IMAGE, ESPOTA_ESPHOME_NO_REASON);
        break;
    case ESPOTA_ESPHOME_E_SIGNATURE:
    case ESPOTA_ESPHOME_E_NEW_FLASH_CONFIG:
        over(s, ESPOTA_E_IMAGE, ESPOTA_ESPHOME_NO_REASON);
        break;
    default: /* a sum that does not match is the link's fault, or the device's */
        over(s, ESPOTA_E_REFUSED, ESPOTA_ESPHOME_NO_REASON);
    }
}

/* --- what is said --- */

static void await(session_t *s, enum espota_esphome_phase phase, size_t need, uint64_t now)
{
    s->phase = phase;
    s->need = need;
    s->have = 0;
    s->deadline =
        now + (phase >= ESPOTA_ESPHOME_PREPARING ? s->config.work_ms : s->config.answer_ms);
}

/* One field, which is a frame of its own in a sealed session. tx has room: it is empty whenever the
 * device is awaited, and what is said at once fits. */
static void put(session_t *s, const void *data, size_t length)
{
    struct espota_writer writer;

    espota_writer_init(&writer, s->tx + s->tx_length, sizeof(s->tx) - s->tx_length);
    if (s->sealed) {
        espota_write_u8(&writer, ESPOTA_ESPHOME_FRAME_MARK);
        espota_write_u16be(&writer, (uint16_t)(length + TAG)); /* at most a frame's data */
    }
    espota_write_bytes(&writer, data, length);
    if (s->sealed) {
        uint8_t *body = writer.start + HEADER;

        if (writer.room - writer.used < TAG ||
            espota_noise_seal(&s->noise, body, length) != ESPOTA_OK) {
            over(s, ESPOTA_E_LOCAL, ESPOTA_ESPHOME_NO_REASON);
            return;
        }
        writer.used += TAG;
    }
    s->tx_length += writer.used;
}

static void put_u32(session_t *s, uint32_t value)
{
    uint8_t bytes[4];
    struct espota_writer writer;

    espota_writer_init(&writer, bytes, sizeof(bytes));
    espota_write_u32be(&writer, value);
    put(s, bytes, sizeof(bytes));
}

/* --- steps --- */

static bool offered(const session_t *s, uint8_t feature)
{
    return (s->features & feature) != 0;
}

static void step_meeting(session_t *s, uint64_t now)
{
    s->version = s->field[1];
    if (s->field[0] != ESPOTA_ESPHOME_HELLO || s->version < 1 ||
        s->version > ESPOTA_ESPHOME_VERSION_MAX) {
        confused(s);
        return;
    }
    s->said = ESPOTA_ESPHOME_HOST_SHA256 | ESPOTA_ESPHOME_HOST_EXTENDED;
    if (s->config.packs[ESPOTA_PACKING_GZIP])
        s->said |= ESPOTA_ESPHOME_HOST_GZIP;
    if (s->config.packs[ESPOTA_PACKING_DEFLATE])
        s->said |= ESPOTA_ESPHOME_HOST_DEFLATE;
    if (s->config.key != NULL)
        s->said |= ESPOTA_ESPHOME_HOST_NOISE;
    put(s, &s->said, 1);
    await(s, ESPOTA_ESPHOME_ASKING, 1, now);
}

static bool is_extended(const session_t *s)
{
    return s->field[0] == ESPOTA_ESPHOME_FEATURES;
}

static void choose_packing(session_t *s, bool extended)
{
    s->packing = ESPOTA_PACKING_NONE;
    if (offered(s, ESPOTA_ESPHOME_DEVICE_GZIP) && s->config.packs[ESPOTA_PACKING_GZIP])
        s->packing = ESPOTA_PACKING_GZIP;
    if (extended && offered(s, ESPOTA_ESPHOME_DEVICE_DEFLATE) &&
        s->config.packs[ESPOTA_PACKING_DEFLATE])
        s->packing = ESPOTA_PACKING_DEFLATE;
}

static void greet(session_t *s, uint64_t now)
{
    uint8_t said[ESPOTA_ESPHOME_SAID_MAX];
    size_t length = espota_esphome_said(s->version, s->said, s->features, said);
    uint8_t greeting[HEADER + ESPOTA_ESPHOME_GREETING] = {ESPOTA_ESPHOME_FRAME_MARK, 0,
                                                          ESPOTA_ESPHOME_GREETING};

    if (espota_noise_init(&s->noise, s->config.noise, s->config.crypto, true, s->config.key, said,
                          length) != ESPOTA_OK ||
        espota_noise_write_hello(&s->noise, greeting + HEADER + 1) != ESPOTA_OK) {
        over(s, ESPOTA_E_LOCAL, ESPOTA_ESPHOME_NO_REASON);
        return;
    }
    put(s, greeting, sizeof(greeting));
    await(s, ESPOTA_ESPHOME_GREETING_NOISE, 0, now);
}

static void step_features(session_t *s, uint64_t now)
{
    bool extended = is_extended(s);

    if (extended && s->need == 1) {
        s->need = 2;
        return;
    }
    if (extended)
        s->features = s->field[1];
    else if (s->field[0] == ESPOTA_ESPHOME_PLAIN_GZIP)
        s->features = ESPOTA_ESPHOME_DEVICE_GZIP;
    choose_packing(s, extended);
    s->extended = extended;
    if (s->config.type != 0 && !(extended && offered(s, ESPOTA_ESPHOME_DEVICE_PARTITIONS)))
        over(s, ESPOTA_E_REFUSED, ESPOTA_ESPHOME_NO_PARTITIONS);
    else if (s->config.key != NULL && extended && offered(s, ESPOTA_ESPHOME_DEVICE_NOISE))
        greet(s, now);
    else if (s->config.key != NULL && !s->config.clear)
        over(s, ESPOTA_E_AUTH, ESPOTA_ESPHOME_NO_NOISE);
    else
        await(s, ESPOTA_ESPHOME_AUTH, 1, now);
}

static void answer(session_t *s, uint64_t now)
{
    char cnonce[ESPOTA_NONCE_MAX + 1];
    char response[ESPOTA_NONCE_MAX + 1];
    uint8_t random[ESPOTA_NONCE_MAX / 2];
    uint8_t both[2 * ESPOTA_NONCE_MAX];
    size_t digits = s->challenge;
    enum espota_status status =
        s->config.crypto->random(s->config.crypto->context, random, digits / 2);

    if (status == ESPOTA_OK) {
        espota_hex_encode(random, digits / 2, cnonce);
        status =
            espota_esphome_response(s->config.crypto, s->config.password, s->config.password_length,
                                    (const char *)s->field, cnonce, response);
    }
    if (status != ESPOTA_OK) {
        over(s, status, ESPOTA_ESPHOME_NO_REASON);
        return;
    }
    memcpy(both, cnonce, digits);
    memcpy(both + digits, response, digits);
    put(s, both, 2 * digits);
    espota_wipe(response, sizeof(response));
    espota_wipe(both, sizeof(both));
    await(s, ESPOTA_ESPHOME_ANSWERED, 1, now);
}

/* The image is announced: from here on the device erases, writes and checks. */
static void announce(session_t *s, uint64_t now)
{
    enum espota_status status = s->config.pack(s->config.context, s->packing, &s->image);

    if (status != ESPOTA_OK) {
        over(s, status, ESPOTA_ESPHOME_NO_REASON);
        return;
    }
    if (s->extended)
        put(s, &s->config.type, 1);
    put_u32(s, s->image.length);
    if (s->packing == ESPOTA_PACKING_DEFLATE)
        put_u32(s, s->config.size);
    await(s, ESPOTA_ESPHOME_PREPARING, 1, now);
}

static void step_auth(session_t *s, uint64_t now)
{
    uint8_t kind = s->field[0];

    if (s->need == 1 && kind == ESPOTA_ESPHOME_AUTH_OK) {
        announce(s, now);
    } else if (s->need == 1 &&
               (kind == ESPOTA_ESPHOME_ASKS_MD5 || kind == ESPOTA_ESPHOME_ASKS_SHA256)) {
        s->challenge = kind == ESPOTA_ESPHOME_ASKS_MD5 ? ESPOTA_NONCE_MD5 : ESPOTA_NONCE_SHA256;
        s->need = s->challenge;
        s->have = 0; /* the field is the nonce now */
    } else if (s->need == s->challenge && s->challenge != 0 &&
               espota_hex_is((const char *)s->field, s->challenge)) {
        s->field[s->challenge] = '\0';
        if (s->config.password != NULL)
            answer(s, now);
        else
            await(s, ESPOTA_ESPHOME_PASSWORD, 0, now);
    } else {
        confused(s);
    }
}

static void step_expected(session_t *s, uint64_t now)
{
    static const uint8_t expected[] = {
        [ESPOTA_ESPHOME_ANSWERED] = ESPOTA_ESPHOME_AUTH_OK,
        [ESPOTA_ESPHOME_PREPARING] = ESPOTA_ESPHOME_PREPARED,
        [ESPOTA_ESPHOME_SUMMED] = ESPOTA_ESPHOME_MD5_TAKEN,
        [ESPOTA_ESPHOME_CHECKING] = ESPOTA_ESPHOME_INSTALLED,
    };

    if (s->field[0] != expected[s->phase]) {
        confused(s);
        return;
    }
    switch (s->phase) {
    case ESPOTA_ESPHOME_ANSWERED:
        announce(s, now);
        break;
    case ESPOTA_ESPHOME_PREPARING:
        put(s, s->image.md5, ESPOTA_MD5_HEX);
        await(s, ESPOTA_ESPHOME_SUMMED, 1, now);
        break;
    case ESPOTA_ESPHOME_SUMMED:
        await(s, ESPOTA_ESPHOME_STREAMING, 1, now);
        break;
    default: /* the thanks may be lost: the device has installed it */
        over(s, ESPOTA_OK, ESPOTA_ESPHOME_NO_REASON);
        put(s, "", 1);
    }
}

/* It counts as it writes; nobody waits for that. */
static void step_streaming(session_t *s, uint64_t now)
{
    if (s->field[0] == ESPOTA_ESPHOME_CHUNK) {
        uint32_t left = s->image.length - s->counted; /* never more is counted */

        s->counted += left < ESPOTA_ESPHOME_CHUNK_SIZE ? left : ESPOTA_ESPHOME_CHUNK_SIZE;
        await(s, ESPOTA_ESPHOME_STREAMING, 1, now);
    } else if (s->field[0] == ESPOTA_ESPHOME_RECEIVED && all_taken(s)) {
        s->counted = s->image.length;
        await(s, ESPOTA_ESPHOME_CHECKING, 1, now);
    } else {
        confused(s);
    }
}

static void step(session_t *s, uint64_t now)
{
    switch (s->phase) {
    case ESPOTA_ESPHOME_MEETING:
        step_meeting(s, now);
        break;
    case ESPOTA_ESPHOME_ASKING:
        step_features(s, now);
        break;
    case ESPOTA_ESPHOME_AUTH:
        step_auth(s, now);
        break;
    case ESPOTA_ESPHOME_STREAMING:
        step_streaming(s, now);
        break;
    default:
        step_expected(s, now);
    }
}

/* Every reply may be a refusal instead; a nonce's digits are below. */
static void take(session_t *s, uint8_t byte, uint64_t now)
{
    if (byte >= ESPOTA_ESPHOME_E_FIRST && (s->have == 0 || s->phase == ESPOTA_ESPHOME_AUTH)) {
        refuse(s, byte);
        return;
    }
    if (s->have == s->need) { /* it was asked for nothing */
        confused(s);
        return;
    }
    s->field[s->have++] = byte;
    if (s->have == s->need)
        step(s, now);
}

/* --- frames --- */

static void take_greeting(session_t *s, const uint8_t *body, size_t length, uint64_t now)
{
    static const char mac[] = "Handshake MAC failure";
    enum espota_status status;

    if (length >= GREETING_ERROR && body[0] != 0) {
        s->words_length = length - 1 < sizeof(s->words) ? length - 1 : sizeof(s->words);
        memcpy(s->words, body + 1, s->words_length);
        over(s, ESPOTA_E_AUTH,
             s->words_length == sizeof(mac) - 1 && memcmp(s->words, mac, sizeof(mac) - 1) == 0
                 ? ESPOTA_ESPHOME_WRONG_KEY
                 : ESPOTA_ESPHOME_TAMPERED);
        return;
    }
    if (length != ESPOTA_ESPHOME_GREETING) {
        confused(s);
        return;
    }
    status = espota_noise_read_hello(&s->noise, body + 1);
    if (status != ESPOTA_OK) {
        over(s, status == ESPOTA_BAD ? ESPOTA_E_AUTH : status, ESPOTA_ESPHOME_TAMPERED);
        return;
    }
    s->sealed = true;
    await(s, ESPOTA_ESPHOME_AUTH, 1, now);
}

static void take_frame(session_t *s, uint8_t *body, size_t length, uint64_t now)
{
    enum espota_status status;

    if (s->phase == ESPOTA_ESPHOME_GREETING_NOISE) {
        take_greeting(s, body, length, now);
        return;
    }
    status = length > TAG ? espota_noise_unseal(&s->noise, body, length) : ESPOTA_BAD;
    if (status != ESPOTA_OK) {
        tampered(s);
        return;
    }
    for (size_t i = 0; i < length - TAG && s->phase != ESPOTA_ESPHOME_OVER; i++)
        take(s, body[i], now);
}

/* One more byte of a frame; a length that no reply has ends it. */
static void take_framed(session_t *s, uint8_t byte, uint64_t now)
{
    size_t length;

    s->frame[s->frame_have++] = byte;
    if (s->frame_have == 1 && byte >= ESPOTA_ESPHOME_E_FIRST && !s->sealed)
        refuse(s, byte);
    if (s->frame_have < HEADER)
        return;
    length = (size_t)s->frame[1] << 8 | s->frame[2];
    if (s->frame[0] != ESPOTA_ESPHOME_FRAME_MARK || length == 0 ||
        length > sizeof(s->frame) - HEADER) {
        if (s->sealed)
            tampered(s);
        else
            confused(s);
    } else if (s->frame_have == HEADER + length) {
        s->frame_have = 0;
        take_frame(s, s->frame + HEADER, length, now);
    }
}

/* --- what the caller brings and asks --- */

void espota_esphome_session_init(session_t *s, const struct espota_esphome_config *config,
                                 uint64_t now)
{
    memset(s, 0, sizeof(*s));
    s->config = *config;
    put(s, espota_esphome_magic, sizeof(espota_esphome_magic));
    await(s, ESPOTA_ESPHOME_MEETING, 2, now);
}

void espota_esphome_session_deinit(session_t *s)
{
    espota_wipe(s, sizeof(*s));
}

unsigned espota_esphome_session_want(const session_t *s)
{
    unsigned want = s->tx_sent < s->tx_length ? ESPOTA_WANT_STREAM_OUT : 0;

    if (s->phase == ESPOTA_ESPHOME_OVER)
        return want | (s->status == ESPOTA_OK ? ESPOTA_WANT_DONE : ESPOTA_WANT_FAILED);
    if (s->phase == ESPOTA_ESPHOME_PASSWORD)
        want |= ESPOTA_WANT_PASSWORD;
    if (s->phase == ESPOTA_ESPHOME_STREAMING && s->taken < s->image.length &&
        (s->sealed ? sizeof(s->tx) - s->tx_length >= ESPOTA_ESPHOME_FRAME_MAX : want == 0))
        want |= ESPOTA_WANT_IMAGE_OUT;
    return want | ESPOTA_WANT_STREAM_IN;
}

const uint8_t *espota_esphome_session_tx(const session_t *s, size_t *length)
{
    *length = s->tx_length - s->tx_sent; /* tx_sent <= tx_length */
    return *length > 0 ? s->tx + s->tx_sent : NULL;
}

void espota_esphome_session_acked(session_t *s, uint64_t now)
{
    if (s->phase == ESPOTA_ESPHOME_STREAMING)
        s->deadline = now + s->config.work_ms;
}

void espota_esphome_session_tx_ack(session_t *s, size_t length, uint64_t now)
{
    s->tx_sent += length; /* at most what tx gave */
    if (s->tx_sent == s->tx_length) {
        espota_wipe(s->tx, s->tx_length); /* an answer to a challenge */
        s->tx_length = s->tx_sent = 0;
    }
    espota_esphome_session_acked(s, now);
}

void espota_esphome_session_sent(session_t *s, uint32_t length, uint64_t now)
{
    s->taken += length; /* at most what was wanted */
    espota_esphome_session_acked(s, now);
}

size_t espota_esphome_session_seal(session_t *s, const uint8_t *bytes, size_t length)
{
    if (length > ESPOTA_ESPHOME_FRAME_DATA)
        length = ESPOTA_ESPHOME_FRAME_DATA;
    put(s, bytes, length);
    if (s->phase == ESPOTA_ESPHOME_OVER)
        return 0;
    s->taken += (uint32_t)length; /* at most a frame's */
    return length;
}

void espota_esphome_session_rx(session_t *s, const uint8_t *data, size_t length, uint64_t now)
{
    for (size_t i = 0; i < length && s->phase != ESPOTA_ESPHOME_OVER; i++) {
        if (s->sealed || s->phase == ESPOTA_ESPHOME_GREETING_NOISE)
            take_framed(s, data[i], now);
        else
            take(s, data[i], now);
    }
}

void espota_esphome_session_end(session_t *s, bool all_left)
{
    lost(s, all_left, ESPOTA_ESPHOME_NO_REASON);
}

void espota_esphome_session_password(session_t *s, const char *password, size_t length,
                                     uint64_t now)
{
    if (s->phase != ESPOTA_ESPHOME_PASSWORD)
        return;
    s->config.password = password;
    s->config.password_length = length;
    if (password == NULL)
        over(s, ESPOTA_E_AUTH, ESPOTA_ESPHOME_NO_REASON);
    else
        answer(s, now);
}

void espota_esphome_session_tick(session_t *s, bool all_left, uint64_t now)
{
    if (s->phase != ESPOTA_ESPHOME_OVER && now >= s->deadline)
        lost(s, all_left, ESPOTA_ESPHOME_SILENT);
}

bool espota_esphome_session_deadline(const session_t *s, uint64_t *at)
{
    if (s->phase == ESPOTA_ESPHOME_OVER || s->phase == ESPOTA_ESPHOME_PASSWORD)
        return false;
    *at = s->deadline;
    return true;
}
