/* SPDX-License-Identifier: MIT */
/*
 * Each phase waits for one field of a known length and has one step for it. Data alone is not
 * collected: it goes to the updater, or to what unpacks it, as it comes.
 */
#include "core/esphome_updater.h"

#include <string.h>

enum {
    HEADER = ESPOTA_ESPHOME_FRAME_HEADER,
    TAG = ESPOTA_NOISE_TAG_SIZE,
    CLOSE_MS = 1000,
    TX_HIGH = ESPOTA_ESPHOME_D_TX_MAX / 2, /* whoever does not read is not read from */
};

typedef struct espota_esphome_updater updater_t;

static const char *tell(updater_t *e, enum espota_receiver_event_kind kind,
                        enum espota_receiver_failure failure)
{
    struct espota_receiver_event event = {
        .kind = kind,
        .peer = &e->peer,
        .command = ESPOTA_COMMAND_FLASH,
        .size = e->deflated ? e->unpacked : e->size,
        .done = espota_updater_received(&e->updater),
        .failure = failure,
        .error = e->updater.error,
    };

    return e->device->event != NULL ? e->device->event(e->device->context, &event) : NULL;
}

/* --- what is said --- */

static void await(updater_t *e, enum espota_esphome_device_phase phase, size_t need, uint64_t now)
{
    if (e->phase == ESPOTA_ESPHOME_D_CLOSING) /* what was to be said had no room */
        return;
    e->phase = phase;
    e->need = need;
    e->have = 0;
    if (phase >= ESPOTA_ESPHOME_D_TYPE)
        e->deadline = now + ESPOTA_ESPHOME_FIELD_MS;
}

static void close_soon(updater_t *e, uint64_t now)
{
    e->phase = ESPOTA_ESPHOME_D_CLOSING;
    e->deadline = now + CLOSE_MS;
}

/* One field. Where no more fits, the host has not read for long: it hears no more. */
static void put(updater_t *e, const void *data, size_t length, uint64_t now)
{
    size_t whole = e->sealed ? HEADER + length + TAG : length;
    struct espota_writer writer;

    if (sizeof(e->tx) - e->tx_length < whole) {
        close_soon(e, now);
        return;
    }
    espota_writer_init(&writer, e->tx + e->tx_length, whole);
    if (e->sealed) {
        espota_write_u8(&writer, ESPOTA_ESPHOME_FRAME_MARK);
        espota_write_u16be(&writer, (uint16_t)(length + TAG)); /* what we say is short */
    }
    espota_write_bytes(&writer, data, length);
    if (e->sealed && espota_noise_seal(&e->noise, writer.start + HEADER, length) != ESPOTA_OK)
        close_soon(e, now);
    e->tx_length += whole;
}

static void put_byte(updater_t *e, uint8_t byte, uint64_t now)
{
    put(e, &byte, 1, now);
}

static void refuse(updater_t *e, uint8_t byte, enum espota_receiver_failure failure, uint64_t now)
{
    tell(e, ESPOTA_RECEIVER_ERROR, failure);
    espota_updater_abort(&e->updater);
    put_byte(e, byte, now);
    close_soon(e, now);
}

static uint8_t error_byte(const updater_t *e)
{
    switch (e->updater.error) {
    case ESPOTA_UPDATE_WRITE:
    case ESPOTA_UPDATE_ERASE:
        return ESPOTA_ESPHOME_E_WRITE;
    case ESPOTA_UPDATE_SPACE:
    case ESPOTA_UPDATE_SIZE:
        return e->device->space_error;
    case ESPOTA_UPDATE_MD5:
        return ESPOTA_ESPHOME_E_MD5;
    case ESPOTA_UPDATE_FLASH_CONFIG:
        return ESPOTA_ESPHOME_E_FLASH_CONFIG;
    case ESPOTA_UPDATE_NEW_FLASH_CONFIG:
        return ESPOTA_ESPHOME_E_NEW_FLASH_CONFIG;
    case ESPOTA_UPDATE_MAGIC:
        return ESPOTA_ESPHOME_E_MAGIC;
    case ESPOTA_UPDATE_BOOTSTRAP:
        return ESPOTA_ESPHOME_E_BOOTSTRAP;
    case ESPOTA_UPDATE_SIGNATURE:
        return ESPOTA_ESPHOME_E_SIGNATURE;
    default:
        return ESPOTA_ESPHOME_E_OTHER;
    }
}

/* --- steps --- */

static void accept(updater_t *e, uint64_t now)
{
    put_byte(e, ESPOTA_ESPHOME_AUTH_OK, now);
    if (e->extended)
        await(e, ESPOTA_ESPHOME_D_TYPE, 1, now);
    else
        await(e, ESPOTA_ESPHOME_D_SIZE, 4, now);
}

static void challenge(updater_t *e, uint64_t now)
{
    const struct espota_crypto *crypto = e->device->update->crypto;
    bool md5 = e->device->md5 || (e->host & ESPOTA_ESPHOME_HOST_SHA256) == 0;
    size_t digits = md5 ? ESPOTA_NONCE_MD5 : ESPOTA_NONCE_SHA256;
    uint8_t random[ESPOTA_NONCE_MAX / 2];
    uint8_t asked[1 + ESPOTA_NONCE_MAX];

    if (e->device->password == NULL) {
        accept(e, now);
        return;
    }
    /* a newer device asks the safe challenge alone */
    if (md5 != e->device->md5 || crypto->random(crypto->context, random, digits / 2) != ESPOTA_OK) {
        refuse(e, ESPOTA_ESPHOME_E_AUTH, ESPOTA_FAILURE_AUTH, now);
        return;
    }
    espota_hex_encode(random, digits / 2, e->nonce);
    asked[0] = md5 ? ESPOTA_ESPHOME_ASKS_MD5 : ESPOTA_ESPHOME_ASKS_SHA256;
    memcpy(asked + 1, e->nonce, digits);
    put(e, asked, 1 + digits, now);
    await(e, ESPOTA_ESPHOME_D_ANSWER, 2 * digits, now);
}

static void step_features(updater_t *e, uint64_t now)
{
    const struct espota_esphome_device *device = e->device;
    uint8_t said[2] = {ESPOTA_ESPHOME_FEATURES, 0};
    bool noise = device->key != NULL && device->noise != NULL;
    bool seals;

    e->host = e->field[0];
    e->extended = (e->host & ESPOTA_ESPHOME_HOST_EXTENDED) != 0 && !device->legacy;
    seals = noise && e->extended && (e->host & ESPOTA_ESPHOME_HOST_NOISE) != 0;
    if (device->encrypted && !seals) { /* in place of its features */
        refuse(e, ESPOTA_ESPHOME_E_CLEAR, ESPOTA_FAILURE_AUTH, now);
        return;
    }
    if (device->gzip && (e->host & ESPOTA_ESPHOME_HOST_GZIP) != 0)
        said[1] |= ESPOTA_ESPHOME_DEVICE_GZIP;
    if (!e->extended) {
        put_byte(e, said[1] != 0 ? ESPOTA_ESPHOME_PLAIN_GZIP : ESPOTA_ESPHOME_PLAIN, now);
    } else {
        if (device->inflate != NULL && (e->host & ESPOTA_ESPHOME_HOST_DEFLATE) != 0)
            said[1] |= ESPOTA_ESPHOME_DEVICE_DEFLATE;
        if (noise)
            said[1] |= ESPOTA_ESPHOME_DEVICE_NOISE;
        put(e, said, sizeof(said), now);
    }
    e->features = said[1];
    e->deflated = (e->features & ESPOTA_ESPHOME_DEVICE_DEFLATE) != 0;
    if (seals)
        await(e, ESPOTA_ESPHOME_D_GREETING, 0, now);
    else
        challenge(e, now);
}

static void step_answer(updater_t *e, uint64_t now)
{
    size_t digits = e->need / 2;
    char cnonce[ESPOTA_NONCE_MAX + 1];
    char expected[ESPOTA_NONCE_MAX + 1];
    bool right;

    memcpy(cnonce, e->field, digits);
    cnonce[digits] = '\0';
    right = espota_hex_is(cnonce, digits) &&
            espota_esphome_response(e->device->update->crypto, e->device->password,
                                    espota_text_length(e->device->password, SIZE_MAX), e->nonce,
                                    cnonce, expected) == ESPOTA_OK &&
            espota_equal_secret(expected, e->field + digits, digits);
    espota_wipe(expected, sizeof(expected));
    if (!right) {
        refuse(e, ESPOTA_ESPHOME_E_AUTH, ESPOTA_FAILURE_AUTH, now);
        return;
    }
    tell(e, ESPOTA_RECEIVER_AUTH, ESPOTA_FAILURE_AUTH);
    accept(e, now);
}

static uint32_t field_number(const updater_t *e)
{
    struct espota_reader reader;

    espota_reader_init(&reader, e->field, e->have);
    return espota_read_u32be(&reader);
}

/* The sum is not known yet: it is checked when the last byte has come. */
static void prepare(updater_t *e, uint64_t now)
{
    uint32_t size = e->deflated ? e->unpacked : e->size;

    if (e->size == 0) {
        refuse(e, ESPOTA_ESPHOME_E_PREPARE, ESPOTA_FAILURE_BEGIN, now);
    } else if (espota_updater_space(e->device->update, ESPOTA_COMMAND_FLASH) < size) {
        refuse(e, e->device->space_error, ESPOTA_FAILURE_BEGIN, now);
    } else {
        put_byte(e, ESPOTA_ESPHOME_PREPARED, now);
        await(e, ESPOTA_ESPHOME_D_MD5, ESPOTA_MD5_HEX, now);
    }
}

static void step_size(updater_t *e, uint64_t now)
{
    e->size = field_number(e);
    if (e->deflated)
        await(e, ESPOTA_ESPHOME_D_UNPACKED, 4, now);
    else
        prepare(e, now);
}

static void step_md5(updater_t *e, uint64_t now)
{
    char md5[ESPOTA_MD5_HEX + 1];

    memcpy(md5, e->field, ESPOTA_MD5_HEX);
    md5[ESPOTA_MD5_HEX] = '\0';
    if (espota_updater_begin(&e->updater, e->deflated ? e->unpacked : e->size, ESPOTA_COMMAND_FLASH,
                             md5) != ESPOTA_OK) {
        refuse(e, error_byte(e), ESPOTA_FAILURE_BEGIN, now);
        return;
    }
    if (tell(e, ESPOTA_RECEIVER_START, ESPOTA_FAILURE_BEGIN) != NULL) {
        refuse(e, ESPOTA_ESPHOME_E_PREPARE, ESPOTA_FAILURE_BEGIN, now);
        return;
    }
    if (e->deflated)
        e->device->inflate->start(e->device->inflate->context);
    put_byte(e, ESPOTA_ESPHOME_MD5_TAKEN, now);
    await(e, ESPOTA_ESPHOME_D_DATA, 0, now);
}

static void step(updater_t *e, uint64_t now)
{
    const uint8_t hello[2] = {ESPOTA_ESPHOME_HELLO, e->device->version};

    switch (e->phase) {
    case ESPOTA_ESPHOME_D_MAGIC:
        if (memcmp(e->field, espota_esphome_magic, sizeof(espota_esphome_magic)) != 0) {
            refuse(e, ESPOTA_ESPHOME_E_MAGIC, ESPOTA_FAILURE_AUTH, now);
            break;
        }
        put(e, hello, sizeof(hello), now);
        await(e, ESPOTA_ESPHOME_D_FEATURES, 1, now);
        break;
    case ESPOTA_ESPHOME_D_FEATURES:
        step_features(e, now);
        break;
    case ESPOTA_ESPHOME_D_ANSWER:
        step_answer(e, now);
        break;
    case ESPOTA_ESPHOME_D_TYPE:
        if (e->field[0] != 0)
            refuse(e, ESPOTA_ESPHOME_E_TYPE, ESPOTA_FAILURE_BEGIN, now);
        else
            await(e, ESPOTA_ESPHOME_D_SIZE, 4, now);
        break;
    case ESPOTA_ESPHOME_D_SIZE:
        step_size(e, now);
        break;
    case ESPOTA_ESPHOME_D_UNPACKED:
        e->unpacked = field_number(e);
        prepare(e, now);
        break;
    case ESPOTA_ESPHOME_D_MD5:
        step_md5(e, now);
        break;
    default: /* THANKS */
        close_soon(e, now);
    }
}

/* --- data --- */

static enum espota_status take_image(void *owner, const uint8_t *bytes, size_t length)
{
    updater_t *e = owner;

    return espota_updater_write(&e->updater, bytes, length);
}

static void finish(updater_t *e, uint64_t now)
{
    put_byte(e, ESPOTA_ESPHOME_RECEIVED, now);
    if (espota_updater_end(&e->updater, false) != ESPOTA_OK) {
        refuse(e, error_byte(e), ESPOTA_FAILURE_END, now);
        return;
    }
    e->installed = true;
    tell(e, ESPOTA_RECEIVER_END, ESPOTA_FAILURE_END);
    put_byte(e, ESPOTA_ESPHOME_INSTALLED, now);
    await(e, ESPOTA_ESPHOME_D_THANKS, 1, now);
}

static void count(updater_t *e, uint32_t before, uint64_t now)
{
    uint32_t chunks = e->come / ESPOTA_ESPHOME_CHUNK_SIZE - before / ESPOTA_ESPHOME_CHUNK_SIZE;

    if (e->come == e->size && e->size % ESPOTA_ESPHOME_CHUNK_SIZE != 0)
        chunks++;
    while (e->device->version >= 2 && chunks-- > 0)
        put_byte(e, ESPOTA_ESPHOME_CHUNK, now);
}

/* How many of the bytes are the image's. */
static size_t take_data(updater_t *e, const uint8_t *data, size_t length, uint64_t now)
{
    const struct espota_inflate *inflate = e->device->inflate;
    uint32_t left = e->size - e->come; /* never more comes in here */
    uint32_t before = e->come;
    enum espota_status status;

    if (length > left)
        length = left;
    e->come += (uint32_t)length; /* at most what was left */
    status = e->deflated ? inflate->add(inflate->context, data, length, take_image, e)
                         : take_image(e, data, length);
    if (status == ESPOTA_OK && e->come == e->size && espota_updater_remaining(&e->updater) > 0)
        status = ESPOTA_BAD; /* it did not unpack to what was said */
    if (status != ESPOTA_OK) {
        refuse(e, error_byte(e), ESPOTA_FAILURE_RECEIVE, now);
        return length;
    }
    e->deadline = now + ESPOTA_ESPHOME_FIELD_MS;
    count(e, before, now);
    tell(e, ESPOTA_RECEIVER_PROGRESS, ESPOTA_FAILURE_RECEIVE);
    if (e->come == e->size)
        finish(e, now);
    return length;
}

static void take(updater_t *e, const uint8_t *data, size_t length, uint64_t now)
{
    while (length > 0 && e->phase > ESPOTA_ESPHOME_D_IDLE && e->phase < ESPOTA_ESPHOME_D_CLOSING &&
           e->phase != ESPOTA_ESPHOME_D_GREETING) {
        size_t done = 1;

        if (e->phase == ESPOTA_ESPHOME_D_DATA) {
            done = take_data(e, data, length, now);
        } else {
            e->field[e->have++] = data[0];
            if (e->have == e->need)
                step(e, now);
        }
        data += done;
        length -= done;
    }
}

/* --- frames --- */

static void greeted(updater_t *e, const uint8_t *body, size_t length, uint64_t now)
{
    static const char mac[] = "\1Handshake MAC failure";
    static const char other[] = "\1Handshake error";
    uint8_t said[ESPOTA_ESPHOME_SAID_MAX];
    uint8_t greeting[HEADER + ESPOTA_ESPHOME_GREETING] = {ESPOTA_ESPHOME_FRAME_MARK, 0,
                                                          ESPOTA_ESPHOME_GREETING};
    size_t said_length = espota_esphome_said(e->device->version, e->host, e->features, said);
    const char *words = other;
    enum espota_status status = ESPOTA_BAD;

    if (length == ESPOTA_ESPHOME_GREETING && body[0] == 0) {
        words = mac;
        status = espota_noise_init(&e->noise, e->device->noise, e->device->update->crypto, false,
                                   e->device->key, said, said_length);
        if (status == ESPOTA_OK)
            status = espota_noise_read_hello(&e->noise, body + 1);
        if (status == ESPOTA_OK)
            status = espota_noise_write_hello(&e->noise, greeting + HEADER + 1);
    }
    if (status != ESPOTA_OK) {
        size_t words_length = espota_text_length(words, SIZE_MAX);
        const uint8_t header[HEADER] = {ESPOTA_ESPHOME_FRAME_MARK, 0, (uint8_t)words_length};

        tell(e, ESPOTA_RECEIVER_ERROR, ESPOTA_FAILURE_AUTH);
        put(e, header, sizeof(header), now);
        put(e, words, words_length, now);
        close_soon(e, now);
        return;
    }
    put(e, greeting, sizeof(greeting), now);
    e->sealed = true;
    accept(e, now); /* who has the key needs no password */
}

/* Nothing that the host says can be believed any more. Unless it is thanks, or in clear, it is
 * told. */
static void spoiled(updater_t *e, uint64_t now)
{
    if (e->installed) { /* which no thanks undo */
        close_soon(e, now);
        return;
    }
    if (e->sealed) {
        refuse(e, ESPOTA_ESPHOME_E_OTHER, ESPOTA_FAILURE_RECEIVE, now);
        return;
    }
    tell(e, ESPOTA_RECEIVER_ERROR, ESPOTA_FAILURE_RECEIVE);
    espota_updater_abort(&e->updater);
    close_soon(e, now);
}

static void take_frame(updater_t *e, size_t length, uint64_t now)
{
    uint8_t *body = e->frame + HEADER;

    if (e->phase == ESPOTA_ESPHOME_D_GREETING) {
        greeted(e, body, length, now);
    } else if (length > TAG && espota_noise_unseal(&e->noise, body, length) == ESPOTA_OK) {
        take(e, body, length - TAG, now);
    } else {
        spoiled(e, now);
    }
}

static void take_framed(updater_t *e, uint8_t byte, uint64_t now)
{
    size_t length;

    e->frame[e->frame_have++] = byte;
    if (e->frame_have < HEADER)
        return;
    length = (size_t)e->frame[1] << 8 | e->frame[2];
    if (e->frame[0] != ESPOTA_ESPHOME_FRAME_MARK || length == 0 ||
        length > sizeof(e->frame) - HEADER) {
        spoiled(e, now);
    } else if (e->frame_have == HEADER + length) {
        e->frame_have = 0;
        take_frame(e, length, now);
    }
}

/* --- what the caller brings and asks --- */

void espota_esphome_updater_init(updater_t *e, const struct espota_esphome_device *device)
{
    memset(e, 0, sizeof(*e));
    e->device = device;
    espota_updater_init(&e->updater, device->update);
}

void espota_esphome_updater_deinit(updater_t *e)
{
    espota_updater_abort(&e->updater);
    espota_wipe(e, sizeof(*e));
}

unsigned espota_esphome_updater_want(const updater_t *e)
{
    unsigned want = e->tx_sent < e->tx_length ? ESPOTA_WANT_STREAM_OUT : 0;

    switch (e->phase) {
    case ESPOTA_ESPHOME_D_IDLE:
        return ESPOTA_WANT_ACCEPT;
    case ESPOTA_ESPHOME_D_DONE:
        return ESPOTA_WANT_DONE;
    case ESPOTA_ESPHOME_D_CLOSING: /* reads on, or the last word would be destroyed by a reset */
        return want | ESPOTA_WANT_STREAM_IN;
    default:
        return e->tx_length > TX_HIGH ? want : want | ESPOTA_WANT_STREAM_IN;
    }
}

void espota_esphome_updater_again(updater_t *e)
{
    const struct espota_esphome_device *device = e->device;

    espota_esphome_updater_deinit(e);
    espota_esphome_updater_init(e, device);
}

void espota_esphome_updater_connected(updater_t *e, const struct espota_peer *peer, uint64_t now)
{
    espota_esphome_updater_again(e);
    e->peer = *peer;
    e->deadline = now + ESPOTA_ESPHOME_MEET_MS;
    await(e, ESPOTA_ESPHOME_D_MAGIC, ESPOTA_ESPHOME_MAGIC_SIZE, now);
}

void espota_esphome_updater_rx(updater_t *e, const uint8_t *data, size_t length, uint64_t now)
{
    size_t at = 0;

    while (at < length && e->phase < ESPOTA_ESPHOME_D_CLOSING) {
        bool data_phase = e->phase == ESPOTA_ESPHOME_D_DATA;

        if (e->sealed || e->phase == ESPOTA_ESPHOME_D_GREETING) {
            take_framed(e, data[at++], now);
            continue;
        }
        /* one by one, for behind a field a greeting may begin */
        take(e, data + at, data_phase ? length - at : 1, now);
        at = data_phase ? length : at + 1;
    }
}

static void closed(updater_t *e)
{
    bool installed = e->installed;

    if (e->updater.running)
        tell(e, ESPOTA_RECEIVER_ERROR, ESPOTA_FAILURE_RECEIVE);
    espota_esphome_updater_again(e);
    if (installed)
        e->phase = ESPOTA_ESPHOME_D_DONE;
}

void espota_esphome_updater_rx_end(updater_t *e, uint64_t now)
{
    (void)now;
    closed(e);
}

const uint8_t *espota_esphome_updater_tx(const updater_t *e, size_t *length)
{
    *length = e->tx_length - e->tx_sent; /* tx_sent <= tx_length */
    return *length > 0 ? e->tx + e->tx_sent : NULL;
}

void espota_esphome_updater_tx_ack(updater_t *e, size_t length, uint64_t now)
{
    (void)now;
    e->tx_sent += length; /* at most what tx gave */
    if (e->tx_sent == e->tx_length)
        e->tx_length = e->tx_sent = 0;
}

void espota_esphome_updater_tick(updater_t *e, uint64_t now)
{
    if (e->phase == ESPOTA_ESPHOME_D_IDLE || e->phase == ESPOTA_ESPHOME_D_DONE || now < e->deadline)
        return;
    if (e->phase == ESPOTA_ESPHOME_D_CLOSING || e->phase == ESPOTA_ESPHOME_D_THANKS ||
        e->phase < ESPOTA_ESPHOME_D_TYPE)
        closed(e); /* without a byte */
    else
        refuse(e, ESPOTA_ESPHOME_E_OTHER, ESPOTA_FAILURE_RECEIVE, now);
}

bool espota_esphome_updater_deadline(const updater_t *e, uint64_t *at)
{
    *at = e->deadline;
    return e->phase != ESPOTA_ESPHOME_D_IDLE && e->phase != ESPOTA_ESPHOME_D_DONE;
}
