/* SPDX-License-Identifier: MIT */
/*
 * ESPHome's device against whatever a host says. Two bytes choose what the device is like; then
 * steps follow, the lower 3 bits of a byte say which, the upper 5 are its argument n:
 *   0  the next n + 1 bytes come            1  the next 8 * (n + 1) bytes
 *   2  256 * (n + 1) bytes come, all like the next one
 *   3  n + 1 bytes of what it says leave    4  all of it
 *   5  the connection ends, another begins  6  time: to the deadline, or n seconds
 *   7  the next n + 1 bytes come in a frame of their own
 */
#include "fuzz_chip.h"

#include <zlib.h>

#include "core/esphome_updater.h"
#include "fuzz_noise.h"

enum { STEPS_MAX = 600, PIECE_MAX = 8192, MESSAGE_MAX = 4096 };

enum {
    LIKE_PASSWORD = 1,
    LIKE_MD5 = 2,
    LIKE_DEFLATE = 4,
    LIKE_KEY = 8,
    LIKE_ENCRYPTED = 16,
    LIKE_LEGACY = 32,
    LIKE_GZIP = 64,
    LIKE_FIRST_VERSION = 128,
    MORE_REFUSES = 1, /* of the second byte: what runs there says no */
};

struct run {
    struct espota_esphome_updater engine;
    struct espota_esphome_device device;
    uint64_t now;
    bool refuses;
    unsigned phase; /* of this connection: it never goes back */
    unsigned starts, ends, auths;
    uint32_t announced; /* at START */
    char md5[ESPOTA_MD5_HEX + 1];
};

static struct run run;
static z_stream stream;
static bool streaming;
static bool chip_used = true;
static struct espota_eboot command;

/* --- the device around it --- */

static enum espota_status store(void *context, const uint8_t record[ESPOTA_EBOOT_SIZE])
{
    FUZZ_CHECK(espota_eboot_parse(record, &command) == ESPOTA_OK);
    return chip_store(context, record);
}

static void inflate_start(void *context)
{
    (void)context;
    if (streaming)
        FUZZ_CHECK(inflateReset2(&stream, -12) == Z_OK);
    else
        FUZZ_CHECK(inflateInit2(&stream, -12) == Z_OK);
    streaming = true;
}

static enum espota_status inflate_add(void *context, const uint8_t *data, size_t length,
                                      enum espota_status (*take)(void *owner, const uint8_t *bytes,
                                                                 size_t length),
                                      void *owner)
{
    enum espota_status status = ESPOTA_OK;
    uint8_t out[512];

    (void)context;
    stream.next_in = (uint8_t *)(uintptr_t)data;
    stream.avail_in = (unsigned)length;
    do {
        int result;

        stream.next_out = out;
        stream.avail_out = sizeof(out);
        result = inflate(&stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return ESPOTA_BAD;
        status = take(owner, out, sizeof(out) - stream.avail_out);
    } while (status == ESPOTA_OK && stream.avail_out == 0);
    return status;
}

static const struct espota_inflate unpacker = {NULL, inflate_start, inflate_add};

/* What is staged is what was announced, byte by byte. */
static void check_installed(void)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum;

    FUZZ_CHECK(run.starts == 1 && ++run.ends == 1 && stores == 1);
    FUZZ_CHECK(command.argument[2] == run.announced);
    FUZZ_CHECK(command.argument[0] <= CHIP && run.announced <= CHIP - command.argument[0]);
    sum = weak_sum(chip + command.argument[0], run.announced);
    FUZZ_CHECK(run.md5[0] == '0' && run.md5[1] == digits[sum]);
    for (size_t i = 2; i < ESPOTA_MD5_HEX; i++)
        FUZZ_CHECK(run.md5[i] == '0');
}

static const char *event(void *context, const struct espota_receiver_event *what)
{
    (void)context;
    FUZZ_CHECK(what->done <= what->size);
    switch (what->kind) {
    case ESPOTA_RECEIVER_AUTH:
        run.auths++;
        break;
    case ESPOTA_RECEIVER_START:
        run.starts++;
        chip_used = true;
        run.announced = what->size;
        memcpy(run.md5, run.engine.updater.md5, sizeof(run.md5));
        FUZZ_CHECK(run.engine.updater.md5_given);
        /* who has the key needs no password */
        FUZZ_CHECK(run.device.password == NULL || run.engine.sealed || run.auths == 1);
        FUZZ_CHECK(!run.device.encrypted || run.engine.sealed);
        return run.refuses ? "no" : NULL;
    case ESPOTA_RECEIVER_END:
        FUZZ_CHECK(!run.refuses);
        check_installed();
        break;
    case ESPOTA_RECEIVER_ERROR:
        FUZZ_CHECK(run.ends == 0);
        break;
    default:
        FUZZ_CHECK(run.starts == 1 && what->size == run.announced);
    }
    return NULL;
}

/* --- what must hold after each step --- */

static unsigned want(void)
{
    return espota_esphome_updater_want(&run.engine);
}

static void begin_connection(void)
{
    static const struct espota_peer peer = {{127, 0, 0, 1}, 1};

    FUZZ_CHECK(want() == ESPOTA_WANT_ACCEPT && weak_digests == 0 && !run.engine.updater.running);
    stores = run.starts = run.ends = run.auths = run.phase = 0;
    espota_esphome_updater_connected(&run.engine, &peer, run.now);
}

static void check(void)
{
    const unsigned stream_wants = ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_STREAM_OUT;
    unsigned now_wants = want();
    size_t length;
    const uint8_t *tx = espota_esphome_updater_tx(&run.engine, &length);

    FUZZ_CHECK((tx != NULL) == (length > 0));
    FUZZ_CHECK(run.engine.come <= run.engine.size && stores == run.ends);
    FUZZ_CHECK(weak_digests <= 1 && (weak_digests == 1) == run.engine.updater.running);
    if (now_wants == ESPOTA_WANT_DONE || now_wants == ESPOTA_WANT_ACCEPT) {
        FUZZ_CHECK((now_wants == ESPOTA_WANT_DONE) == (run.ends == 1));
        FUZZ_CHECK(tx == NULL && !run.engine.updater.running);
        if (now_wants == ESPOTA_WANT_DONE)
            espota_esphome_updater_again(&run.engine);
        begin_connection();
        return;
    }
    FUZZ_CHECK((now_wants & ~stream_wants) == 0 && now_wants != 0);
    FUZZ_CHECK((tx != NULL) == ((now_wants & ESPOTA_WANT_STREAM_OUT) != 0));
    FUZZ_CHECK((unsigned)run.engine.phase >= run.phase);
    run.phase = run.engine.phase;
}

/* --- steps --- */

static void leaves(size_t most)
{
    size_t length;

    if (espota_esphome_updater_tx(&run.engine, &length) != NULL)
        espota_esphome_updater_tx_ack(&run.engine, length < most ? length : most, run.now);
}

static void come(const uint8_t *data, size_t length)
{
    if ((want() & ESPOTA_WANT_STREAM_IN) == 0)
        leaves(SIZE_MAX);
    espota_esphome_updater_rx(&run.engine, data, length, run.now);
}

static void come_framed(const uint8_t *data, size_t length)
{
    uint8_t frame[ESPOTA_ESPHOME_FRAME_MAX];

    if (length > 0)
        come(frame, noise_frame(data, length, frame));
}

static void come_many(size_t length, uint8_t byte)
{
    uint8_t bytes[PIECE_MAX];

    memset(bytes, byte, sizeof(bytes));
    if (!run.engine.sealed) {
        come(bytes, length);
        return;
    }
    for (size_t piece; length > 0; length -= piece) {
        piece = length < ESPOTA_ESPHOME_FRAME_DATA ? length : ESPOTA_ESPHOME_FRAME_DATA;
        come_framed(bytes, piece);
        check();
        if (!run.engine.sealed)
            return;
    }
}

static void pass_time(size_t n)
{
    uint64_t at;

    if (n == 0 && espota_esphome_updater_deadline(&run.engine, &at) && at > run.now)
        run.now = at;
    run.now += n * 1000;
    espota_esphome_updater_tick(&run.engine, run.now);
}

static void step(struct script *script)
{
    uint8_t op = script_byte(script);
    size_t n = op >> 3;
    size_t length = (op & 7) == 1 ? 8 * (n + 1) : n + 1;
    const uint8_t *bytes;

    switch (op & 7) {
    case 0:
    case 1:
        bytes = script_bytes(script, &length);
        come(bytes, length);
        break;
    case 2:
        come_many(256 * (n + 1), script_byte(script));
        break;
    case 3:
        leaves(n + 1);
        break;
    case 4:
        leaves(SIZE_MAX);
        break;
    case 5:
        espota_esphome_updater_rx_end(&run.engine, run.now);
        break;
    case 6:
        pass_time(n);
        break;
    default:
        bytes = script_bytes(script, &length);
        come_framed(bytes, length);
    }
    check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct espota_boot_memory boot = {NULL, store, NULL};
    struct espota_updater_config update = chip_update;
    struct script script = {data, size < MESSAGE_MAX ? size : MESSAGE_MAX};
    uint8_t like = script_byte(&script);

    if (chip_used)
        memset(chip, 0xff, sizeof(chip));
    chip_used = false;
    update.crypto = &weak_crypto;
    update.boot = &boot;
    update.chip_size = update.configured_size = 1 << 20; /* which an image can name */
    run = (struct run){.refuses = (script_byte(&script) & MORE_REFUSES) != 0};
    run.device = (struct espota_esphome_device){
        .update = &update,
        .password = (like & LIKE_PASSWORD) != 0 ? "secret" : NULL,
        .md5 = (like & LIKE_MD5) != 0,
        .version = (like & LIKE_FIRST_VERSION) != 0 ? 1 : 2,
        .legacy = (like & LIKE_LEGACY) != 0,
        .gzip = (like & LIKE_GZIP) != 0,
        .inflate = (like & LIKE_DEFLATE) != 0 ? &unpacker : NULL,
        .noise = &weak_noise,
        .key = (like & LIKE_KEY) != 0 ? noise_key : NULL,
        .encrypted = (like & LIKE_ENCRYPTED) != 0,
        .space_error = ESPOTA_ESPHOME_E_SPACE_8266,
        .event = event,
    };
    espota_esphome_updater_init(&run.engine, &run.device);
    begin_connection();
    for (unsigned steps = 0; script.left > 0 && steps < STEPS_MAX; steps++)
        step(&script);
    espota_esphome_updater_deinit(&run.engine);
    FUZZ_CHECK(weak_digests == 0);
    return 0;
}
