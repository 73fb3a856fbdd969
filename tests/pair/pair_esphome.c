/* SPDX-License-Identifier: MIT */
/*
 * Both ends of ESPHome's protocol joined in memory: every form of the dialogue, cut up, cut off and
 * changed at any byte.
 */
#include "unit.h"

#include <zlib.h>

#include "chip.h"
#include "core/esphome_updater.h"
#include "crypto/crypto.h"
#include "send/esphome/session.h"

enum {
    IMAGE = 11 * ESPOTA_ESPHOME_CHUNK_SIZE - 100,
    SKETCH = 64 * 1024,
    PIECE_MAX = 4096,
    /* greeting, features, answer, type, two sizes, sum: the first byte of deflated data is the next
     */
    DATA_AT = ESPOTA_ESPHOME_MAGIC_SIZE + 1 + 2 * ESPOTA_NONCE_SHA256 + 1 + 8 + ESPOTA_MD5_HEX + 1,
};

enum way { TO_DEVICE, TO_HOST, WAYS };

/* What a run is like; zeros are: version 1, legacy, in clear, no password. */
struct plan {
    uint8_t version;
    bool extended, noise, md5, deflate;
    const char *password;      /* the device's */
    const char *host_password; /* NULL: none */
    uint8_t key[2];            /* the device's and the host's first byte */
    bool host_key;
    bool clear; /* --plaintext */
    bool encrypted;
    bool deaf;           /* the host does not read while the device reads from it */
    size_t step;         /* bytes at a time; 0: many */
    size_t cut[WAYS];    /* the connection dies behind so many bytes; 0: never */
    size_t change[WAYS]; /* bit 0 of this byte turns, from 1; 0: none */
};

struct pair {
    struct plan plan;
    struct espota_crypto_openssl crypto;
    struct espota_noise_openssl noise;
    struct chip chip;
    struct espota_updater_config update;
    struct espota_esphome_device device;
    struct espota_esphome_updater updater;
    struct espota_esphome_session session;
    z_stream stream;
    uint8_t keys[2][ESPOTA_NOISE_KEY_SIZE];
    size_t flown[WAYS];
    uint64_t now;
    bool dead;
    unsigned packed;
    unsigned ends, errors, starts;
    const char *no; /* what the application says to START */
};

static struct pair pair;
static uint8_t image[IMAGE];
static uint8_t deflated[IMAGE + 1024];
static size_t deflated_length;
static char image_md5[ESPOTA_MD5_HEX + 1];

/* --- the device's unpacker --- */

static void inflate_start(void *context)
{
    (void)context;
    (void)inflateEnd(&pair.stream);
    memset(&pair.stream, 0, sizeof(pair.stream));
    ck_assert_int_eq(inflateInit2(&pair.stream, -12), Z_OK);
}

static enum espota_status inflate_add(void *context, const uint8_t *data, size_t length,
                                      enum espota_status (*take)(void *owner, const uint8_t *bytes,
                                                                 size_t length),
                                      void *owner)
{
    uint8_t out[512];
    enum espota_status status = ESPOTA_OK;

    (void)context;
    pair.stream.next_in = (uint8_t *)data;
    pair.stream.avail_in = (unsigned)length;
    do {
        int result;

        pair.stream.next_out = out;
        pair.stream.avail_out = sizeof(out);
        result = inflate(&pair.stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return ESPOTA_BAD;
        status = take(owner, out, sizeof(out) - pair.stream.avail_out);
    } while (status == ESPOTA_OK && pair.stream.avail_out == 0);
    return status;
}

static const struct espota_inflate unpacker = {NULL, inflate_start, inflate_add};

/* --- both ends --- */

static enum espota_status pack(void *context, enum espota_packing packing,
                               struct espota_esphome_image *out)
{
    (void)context;
    pair.packed++;
    ck_assert_int_eq(packing, pair.plan.deflate && pair.plan.extended ? ESPOTA_PACKING_DEFLATE
                                                                      : ESPOTA_PACKING_NONE);
    out->length = packing == ESPOTA_PACKING_DEFLATE ? (uint32_t)deflated_length : IMAGE;
    memcpy(out->md5, image_md5, sizeof(image_md5));
    return ESPOTA_OK;
}

static const char *event(void *context, const struct espota_receiver_event *what)
{
    (void)context;
    pair.ends += what->kind == ESPOTA_RECEIVER_END;
    pair.errors += what->kind == ESPOTA_RECEIVER_ERROR;
    pair.starts += what->kind == ESPOTA_RECEIVER_START;
    return what->kind == ESPOTA_RECEIVER_START ? pair.no : NULL;
}

static void begin(const struct plan *plan)
{
    const struct espota_peer peer = {{10, 0, 0, 1}, 40000};
    struct espota_esphome_config config;

    pair.plan = *plan;
    pair.flown[TO_DEVICE] = pair.flown[TO_HOST] = 0;
    pair.dead = false;
    pair.ends = pair.errors = pair.starts = pair.packed = 0;
    espota_crypto_openssl_init(&pair.crypto);
    espota_noise_openssl_init(&pair.noise, &pair.crypto);
    chip_init(&pair.chip);
    pair.update = chip_update(&pair.chip, &pair.crypto.table, SKETCH);
    for (int i = 0; i < 2; i++)
        pair.keys[i][0] = plan->key[i];
    pair.device = (struct espota_esphome_device){
        .update = &pair.update,
        .password = plan->password,
        .md5 = plan->md5,
        .version = plan->version,
        .legacy = !plan->extended,
        .inflate = plan->deflate ? &unpacker : NULL,
        .noise = &pair.noise.table,
        .key = plan->noise ? pair.keys[0] : NULL,
        .encrypted = plan->encrypted,
        .space_error = ESPOTA_ESPHOME_E_SPACE_32,
        .event = event,
    };
    espota_esphome_updater_init(&pair.updater, &pair.device);
    ck_assert_uint_eq(espota_esphome_updater_want(&pair.updater), ESPOTA_WANT_ACCEPT);
    espota_esphome_updater_connected(&pair.updater, &peer, pair.now);
    config = (struct espota_esphome_config){
        .crypto = &pair.crypto.table,
        .noise = &pair.noise.table,
        .key = plan->host_key ? pair.keys[1] : NULL,
        .clear = plan->clear,
        .packs = {true, false, plan->deflate},
        .size = IMAGE,
        .password = plan->host_password,
        .password_length = plan->host_password != NULL ? strlen(plan->host_password) : 0,
        .answer_ms = 20000,
        .work_ms = 160000,
        .pack = pack,
    };
    espota_esphome_session_init(&pair.session, &config, pair.now);
}

static void finish(void)
{
    espota_esphome_session_deinit(&pair.session);
    espota_esphome_updater_deinit(&pair.updater);
    espota_noise_openssl_deinit(&pair.noise);
    espota_crypto_openssl_deinit(&pair.crypto);
    (void)inflateEnd(&pair.stream);
    memset(&pair.stream, 0, sizeof(pair.stream));
}

/* How many of the bytes get through, and a copy of them with what happens on the way. */
static size_t fly(enum way way, const uint8_t *data, size_t length, uint8_t *out)
{
    size_t at = pair.flown[way];
    size_t cut = pair.plan.cut[way];

    if (cut != 0 && at + length >= cut) {
        length = cut - at; /* not yet flown that far, or it would be dead */
        pair.dead = true;
    }
    memcpy(out, data, length);
    if (pair.plan.change[way] > at && pair.plan.change[way] <= at + length)
        out[pair.plan.change[way] - 1 - at] ^= 1;
    pair.flown[way] += length;
    return length;
}

static size_t piece(size_t length)
{
    size_t most = pair.plan.step != 0 ? pair.plan.step : PIECE_MAX;

    return length < most ? length : most;
}

/* A device that does not want to read leaves the bytes where they are. */
static bool host_may(void)
{
    unsigned want = espota_esphome_updater_want(&pair.updater);

    return (want & (ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_STREAM_OUT)) != ESPOTA_WANT_STREAM_OUT;
}

static bool host_sends(void)
{
    const uint8_t *from = pair.session.packing == ESPOTA_PACKING_DEFLATE ? deflated : image;
    unsigned want = espota_esphome_session_want(&pair.session);
    uint8_t bytes[PIECE_MAX];
    const uint8_t *data;
    size_t length;

    if ((want & ESPOTA_WANT_IMAGE_OUT) != 0) {
        data = from + pair.session.taken;
        length = pair.session.image.length - pair.session.taken;
        if (pair.session.sealed)
            return espota_esphome_session_seal(&pair.session, data, length) > 0;
        length = piece(length);
        espota_esphome_session_sent(&pair.session, (uint32_t)length, pair.now);
    } else if ((want & ESPOTA_WANT_STREAM_OUT) != 0) {
        data = espota_esphome_session_tx(&pair.session, &length);
        length = piece(length);
        memcpy(bytes, data, length);
        data = bytes;
        espota_esphome_session_tx_ack(&pair.session, length, pair.now);
    } else {
        return false;
    }
    {
        uint8_t came[PIECE_MAX];

        length = fly(TO_DEVICE, data, length, came);
        if ((espota_esphome_updater_want(&pair.updater) & ESPOTA_WANT_STREAM_IN) != 0)
            espota_esphome_updater_rx(&pair.updater, came, length, pair.now);
    }
    return true;
}

static bool device_sends(void)
{
    uint8_t bytes[PIECE_MAX];
    size_t length;
    const uint8_t *data = espota_esphome_updater_tx(&pair.updater, &length);

    if (data == NULL)
        return false;
    length = fly(TO_HOST, data, piece(length), bytes);
    espota_esphome_updater_tx_ack(&pair.updater, piece(length), pair.now);
    espota_esphome_session_rx(&pair.session, bytes, length, pair.now);
    return true;
}

static bool host_is_over(void)
{
    const unsigned over = ESPOTA_WANT_DONE | ESPOTA_WANT_FAILED;
    unsigned want = espota_esphome_session_want(&pair.session);

    return (want & over) != 0 && (want & ESPOTA_WANT_STREAM_OUT) == 0;
}

static void pass_time(void)
{
    uint64_t at = UINT64_MAX;
    uint64_t when;

    if (espota_esphome_session_deadline(&pair.session, &when))
        at = when;
    if (espota_esphome_updater_deadline(&pair.updater, &when) && when < at)
        at = when;
    ck_assert_uint_ne(at, UINT64_MAX); /* or nothing would ever go on */
    pair.now = at;
    espota_esphome_session_tick(&pair.session, true, at);
    espota_esphome_updater_tick(&pair.updater, at);
}

static bool device_is_idle(void)
{
    return (espota_esphome_updater_want(&pair.updater) &
            (ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_STREAM_OUT)) == 0;
}

/* To the end of both. */
static enum espota_status run(const struct plan *plan)
{
    unsigned turns = 0;

    begin(plan);
    while (!host_is_over()) {
        ck_assert_uint_lt(++turns, 1000000);
        if (pair.dead || device_is_idle()) {
            espota_esphome_session_end(&pair.session, true);
            break;
        }
        if (!pair.plan.deaf && device_sends())
            continue;
        if (!(host_may() && host_sends()) && !device_sends())
            pass_time();
    }
    if (!device_is_idle())
        espota_esphome_updater_rx_end(&pair.updater, pair.now);
    return pair.session.status;
}

static bool installed(void)
{
    struct espota_eboot command;

    return espota_eboot_parse(pair.chip.record, &command) == ESPOTA_OK &&
           memcmp(pair.chip.bytes + command.argument[0], image, IMAGE) == 0;
}

static void expect_made(const struct plan *plan)
{
    ck_assert_int_eq(run(plan), ESPOTA_OK);
    ck_assert(installed());
    ck_assert_uint_eq(pair.ends, 1);
    ck_assert_uint_eq(pair.errors, 0);
    ck_assert_uint_eq(pair.packed, 1);
    ck_assert_uint_eq(espota_esphome_updater_want(&pair.updater), ESPOTA_WANT_DONE);
    ck_assert_uint_eq(pair.session.counted, pair.session.image.length);
    finish();
}

static void expect_failed(const struct plan *plan, enum espota_status status)
{
    ck_assert_int_eq(run(plan), status);
    ck_assert(!installed());
    ck_assert_uint_eq(pair.ends, 0);
    ck_assert_uint_eq(espota_esphome_updater_want(&pair.updater), ESPOTA_WANT_ACCEPT);
    finish();
}

static void prepare(void)
{
    struct espota_crypto_openssl crypto;
    const struct espota_digest_part part = {image, IMAGE};
    z_stream stream = {0};

    chip_pattern(image, sizeof(image), 7);
    memset(image + 4096, 0x55, 8000); /* there is something to pack */
    image[0] = 0xe9;
    image[1] = 1;
    image[2] = 2;
    image[3] = 0x20;
    espota_crypto_openssl_init(&crypto);
    ck_assert_int_eq(espota_digest_hex(&crypto.table, ESPOTA_DIGEST_MD5, &part, 1, image_md5),
                     ESPOTA_OK);
    espota_crypto_openssl_deinit(&crypto);
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, -12, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = image;
    stream.avail_in = IMAGE;
    stream.next_out = deflated;
    stream.avail_out = sizeof(deflated);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflated_length = stream.total_out;
    (void)deflateEnd(&stream);
    ck_assert_uint_lt(deflated_length, IMAGE - 6000);
}

static const struct plan sealed = {.version = 2,
                                   .extended = true,
                                   .noise = true,
                                   .host_key = true,
                                   .key = {9, 9},
                                   .password = "secret",
                                   .host_password = "secret",
                                   .deflate = true};
static const struct plan clear = {
    .version = 2, .extended = true, .password = "secret", .host_password = "secret"};

/* --- tests --- */

START_TEST(test_every_form)
{
    prepare();
    for (unsigned form = 0; form < 1u << 7; form++) {
        struct plan plan = {
            .version = (form & 1) != 0 ? 2 : 1,
            .extended = (form & 2) != 0,
            .noise = (form & 4) != 0,
            .host_key = (form & 4) != 0,
            .clear = (form & 2) == 0, /* the legacy form has no Noise */
            .md5 = (form & 8) != 0,
            .deflate = (form & 16) != 0,
            .password = (form & 32) != 0 ? "p\xc3\xa4ssw\xc3\xb6rd" : NULL,
            .host_password = "p\xc3\xa4ssw\xc3\xb6rd",
            .step = (form & 64) != 0 ? 1 + form % 7 : 0,
        };

        expect_made(&plan);
    }
}
END_TEST

/* Its counts pile up until it reads no more, and then all goes on. */
START_TEST(test_a_host_that_does_not_read)
{
    struct plan plan = sealed;

    prepare();
    plan.deaf = true;
    expect_made(&plan);
    plan.deflate = false;
    expect_made(&plan);
}
END_TEST

START_TEST(test_what_is_refused)
{
    struct plan plan;

    prepare();
    plan = clear;
    plan.host_password = "other";
    expect_failed(&plan, ESPOTA_E_AUTH);
    plan = sealed;
    plan.key[1]++;
    ck_assert_int_eq(run(&plan), ESPOTA_E_AUTH);
    ck_assert_int_eq(pair.session.reason, ESPOTA_ESPHOME_WRONG_KEY);
    finish();
    plan = clear; /* the offer may have been stripped */
    plan.host_key = true;
    ck_assert_int_eq(run(&plan), ESPOTA_E_AUTH);
    ck_assert_int_eq(pair.session.reason, ESPOTA_ESPHOME_NO_NOISE);
    finish();
    plan.clear = true;
    expect_made(&plan);
    plan = sealed;
    plan.encrypted = true;
    expect_made(&plan);
    plan.host_key = false;
    ck_assert_int_eq(run(&plan), ESPOTA_E_AUTH);
    ck_assert_uint_eq(pair.session.refusal, ESPOTA_ESPHOME_E_CLEAR);
    ck_assert_uint_eq(pair.flown[TO_HOST], 3); /* greeting and refusal; it tells no features */
    finish();
    plan = sealed; /* the key is enough */
    plan.host_password = NULL;
    expect_made(&plan);
    pair.no = "the pump is running";
    ck_assert_int_eq(run(&clear), ESPOTA_E_REFUSED);
    ck_assert_uint_eq(pair.session.refusal, ESPOTA_ESPHOME_E_PREPARE);
    finish();
    pair.no = NULL;
}
END_TEST

START_TEST(test_a_password_that_is_asked_for)
{
    struct plan plan = clear;

    prepare();
    plan.host_password = NULL;
    begin(&plan);
    while ((espota_esphome_session_want(&pair.session) & ESPOTA_WANT_PASSWORD) == 0)
        ck_assert(device_sends() || host_sends());
    espota_esphome_session_password(&pair.session, "secret", 6, pair.now);
    while (!host_is_over())
        ck_assert(device_sends() || host_sends());
    ck_assert_int_eq(pair.session.status, ESPOTA_OK);
    ck_assert(installed());
    finish();
    begin(&plan);
    while ((espota_esphome_session_want(&pair.session) & ESPOTA_WANT_PASSWORD) == 0)
        ck_assert(device_sends() || host_sends());
    espota_esphome_session_password(&pair.session, NULL, 0, pair.now);
    ck_assert_int_eq(pair.session.status, ESPOTA_E_AUTH);
    finish();
}
END_TEST

/* The right word, or none; and never "installed" of what is not. */
static void expect_honest(const struct plan *plan)
{
    enum espota_status status = run(plan);

    if (status == ESPOTA_OK)
        ck_assert(installed());
    if (!installed())
        ck_assert_int_ne(status, ESPOTA_OK);
    else if (status != ESPOTA_OK && status != ESPOTA_E_UNKNOWN)
        ck_abort_msg(
            "installed, and told as %d: cut %zu %zu, changed %zu %zu, refusal %u, reason %d",
            status, plan->cut[0], plan->cut[1], plan->change[0], plan->change[1],
            pair.session.refusal, pair.session.reason);
    finish();
}

/* What the device cannot use it names as such, sealed or not: its flash is not to blame. */
START_TEST(test_a_stream_that_is_none)
{
    const struct plan *plans[] = {&clear, &sealed};

    prepare();
    for (unsigned i = 0; i < 2; i++) {
        struct plan plan = *plans[i];

        plan.deflate = true;
        plan.change[TO_DEVICE] = i == 0 ? DATA_AT : 30000;
        ck_assert_int_eq(run(&plan), ESPOTA_E_REFUSED);
        ck_assert_uint_eq(pair.session.refusal, ESPOTA_ESPHOME_E_OTHER);
        finish();
    }
}
END_TEST

static void length_of(const struct plan *plan, size_t flown[WAYS])
{
    ck_assert_int_eq(run(plan), ESPOTA_OK);
    memcpy(flown, pair.flown, WAYS * sizeof(*flown));
    finish();
}

/* Each of the first and the last bytes, and some between. */
static size_t next_place(size_t at, size_t length)
{
    return at < 300 || at + 120 > length ? at + 1 : at + 997;
}

static void spoil(const struct plan *good, bool cuts)
{
    size_t flown[WAYS];

    length_of(good, flown);
    for (enum way way = 0; way < WAYS; way++)
        for (size_t at = 1; at <= flown[way]; at = next_place(at, flown[way])) {
            struct plan plan = *good;

            if (cuts)
                plan.cut[way] = at;
            else
                plan.change[way] = at;
            expect_honest(&plan);
        }
}

START_TEST(test_cut_off)
{
    prepare();
    spoil(&clear, true);
    spoil(&sealed, true);
}
END_TEST

START_TEST(test_changed_on_the_way)
{
    prepare();
    spoil(&clear, false);
    spoil(&sealed, false);
}
END_TEST

/* In a sealed session whoever changes a byte gets nothing done. */
START_TEST(test_nobody_changes_a_sealed_one)
{
    size_t flown[WAYS];

    prepare();
    length_of(&sealed, flown);
    for (size_t at = 1; at <= flown[TO_DEVICE] - 30; at = next_place(at, flown[TO_DEVICE])) {
        struct plan plan = sealed;

        plan.change[TO_DEVICE] = at;
        ck_assert_int_ne(run(&plan), ESPOTA_OK);
        ck_assert_uint_eq(pair.ends, 0);
        finish();
    }
}
END_TEST

/* Until both have greeted each other, or until the image is under way. */
static void run_until(const struct plan *plan, enum espota_esphome_phase phase)
{
    begin(plan);
    while (pair.session.phase < phase)
        ck_assert(device_sends() || host_sends());
}

/* Frames that nobody sends: of no length, too short for a tag, longer than any, of another kind. */
static const struct {
    uint8_t bytes[8];
    size_t length;
} odd_frames[] = {
    {{1, 0, 0}, 3}, {{1, 0, 1, 0}, 4}, {{1, 0xff, 0xff}, 3}, {{1, 0, 16}, 3}, {{2, 0, 17}, 3},
};
enum { ODD = sizeof(odd_frames) / sizeof(odd_frames[0]) };

START_TEST(test_odd_frames)
{
    static const enum espota_esphome_phase phases[] = {
        ESPOTA_ESPHOME_GREETING_NOISE, ESPOTA_ESPHOME_AUTH, ESPOTA_ESPHOME_STREAMING};
    static const uint8_t nothing[16];

    prepare();
    for (size_t p = 0; p < 3; p++)
        for (size_t i = 0; i < ODD; i++) {
            run_until(&sealed, phases[p]);
            espota_esphome_session_rx(&pair.session, odd_frames[i].bytes, odd_frames[i].length,
                                      pair.now);
            espota_esphome_session_rx(&pair.session, nothing, sizeof(nothing), pair.now);
            ck_assert_int_eq(pair.session.phase, ESPOTA_ESPHOME_OVER);
            ck_assert_int_ne(pair.session.status, ESPOTA_OK);
            ck_assert_msg(pair.session.reason == ESPOTA_ESPHOME_TAMPERED ||
                              pair.session.reason == ESPOTA_ESPHOME_NOT_ITS_PROTOCOL,
                          "phase %zu, frame %zu: %d", p, i, pair.session.reason);
            ck_assert(p == 0 || pair.session.reason == ESPOTA_ESPHOME_TAMPERED);
            /* and the device's side of the same */
            espota_esphome_updater_rx(&pair.updater, odd_frames[i].bytes, odd_frames[i].length,
                                      pair.now);
            if ((espota_esphome_updater_want(&pair.updater) & ESPOTA_WANT_STREAM_IN) != 0)
                espota_esphome_updater_rx(&pair.updater, nothing, sizeof(nothing), pair.now);
            ck_assert(!installed());
            finish();
        }
}
END_TEST

/* What was said once is worth nothing a second time, to either side. */
START_TEST(test_a_frame_that_comes_twice)
{
    const uint8_t *data;
    uint8_t frame[ESPOTA_ESPHOME_FRAME_MAX];
    size_t length;

    prepare();
    run_until(&sealed, ESPOTA_ESPHOME_AUTH);
    while ((data = espota_esphome_updater_tx(&pair.updater, &length)) == NULL)
        ck_assert(host_sends());
    memcpy(frame, data, length);
    espota_esphome_session_rx(&pair.session, frame, length, pair.now);
    ck_assert_int_ne(pair.session.phase, ESPOTA_ESPHOME_OVER);
    espota_esphome_session_rx(&pair.session, frame, length, pair.now);
    ck_assert_int_eq(pair.session.status, ESPOTA_E_BROKEN);
    ck_assert_int_eq(pair.session.reason, ESPOTA_ESPHOME_TAMPERED);
    finish();

    run_until(&sealed, ESPOTA_ESPHOME_PREPARING);
    data = espota_esphome_session_tx(&pair.session, &length);
    ck_assert_ptr_nonnull(data);
    length = ESPOTA_ESPHOME_FRAME_HEADER + 1 + ESPOTA_NOISE_TAG_SIZE; /* the type */
    memcpy(frame, data, length);
    espota_esphome_updater_rx(&pair.updater, frame, length, pair.now);
    ck_assert_int_eq(pair.updater.phase, ESPOTA_ESPHOME_D_SIZE);
    espota_esphome_updater_rx(&pair.updater, frame, length, pair.now);
    ck_assert_int_ne(pair.updater.phase, ESPOTA_ESPHOME_D_SIZE);
    ck_assert_uint_eq(pair.starts, 0);
    finish();
}
END_TEST

UNIT_MAIN("pair/esphome", test_every_form, test_a_host_that_does_not_read, test_what_is_refused,
          test_a_password_that_is_asked_for, test_a_stream_that_is_none, test_cut_off,
          test_changed_on_the_way, test_nobody_changes_a_sealed_one, test_odd_frames,
          test_a_frame_that_comes_twice)
