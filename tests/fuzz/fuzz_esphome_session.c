/* SPDX-License-Identifier: MIT */
/*
 * An upload by ESPHome's protocol against whatever a device says. Two bytes choose what the host
 * has; then steps follow, the lower 4 bits of a byte say which, the upper 4 are its argument n:
 *   0  the next n + 1 bytes come            1  the next 8 * (n + 1) bytes
 *   2  the next n + 1 bytes come in a frame of their own
 *   3  n + 1 bytes of what it says leave    4  all of it
 *   5  n + 1 image bytes leave, or a frame  6  all of them
 *   7  time: to the deadline, or n seconds  8  the connection ends, and n is odd if all has left
 *   9  a password, or none where n is odd   10 the device's TCP has acknowledged
 */
#include "fuzz_noise.h"

#include "send/esphome/session.h"

enum { STEPS_MAX = 600, LENGTH = 20000, PACKED = 9000 };

enum {
    HAS_PASSWORD = 1,
    HAS_KEY = 2,
    HAS_CLEAR = 4,
    HAS_GZIP = 8,
    HAS_DEFLATE = 16,
    HAS_TYPE = 32,
    MORE_NO_PACK = 1, /* of the second byte: the image cannot be packed */
};

struct run {
    struct espota_esphome_session session;
    uint64_t now;
    bool cannot_pack;
    unsigned packed;
    bool over;
    struct espota_esphome_session end; /* as it was when it became that */
};

static struct run run;

static enum espota_status pack(void *context, enum espota_packing packing,
                               struct espota_esphome_image *out)
{
    const struct espota_esphome_config *config = &run.session.config;

    FUZZ_CHECK(context == &run && ++run.packed == 1);
    FUZZ_CHECK(packing < ESPOTA_PACKINGS && config->packs[packing]);
    /* who has a key does not announce in clear what may be changed there */
    FUZZ_CHECK(config->key == NULL || config->clear || run.session.sealed);
    if (run.cannot_pack)
        return ESPOTA_E_LOCAL;
    out->length = packing == ESPOTA_PACKING_NONE ? LENGTH : PACKED;
    memset(out->md5, '0', ESPOTA_MD5_HEX);
    out->md5[ESPOTA_MD5_HEX] = '\0';
    return ESPOTA_OK;
}

/* --- what must hold after each step --- */

static unsigned want(void)
{
    return espota_esphome_session_want(&run.session);
}

static bool has_all(void)
{
    return run.session.phase >= ESPOTA_ESPHOME_STREAMING && run.packed == 1 &&
           run.session.phase != ESPOTA_ESPHOME_OVER &&
           run.session.taken == run.session.image.length && (want() & ESPOTA_WANT_STREAM_OUT) == 0;
}

static void check_end(bool had_all, bool all_left)
{
    const struct espota_esphome_session *s = &run.session;

    if (run.over) { /* it stays what it was */
        FUZZ_CHECK(s->status == run.end.status && s->reason == run.end.reason);
        FUZZ_CHECK(s->ended_in == run.end.ended_in && s->refusal == run.end.refusal);
        FUZZ_CHECK(s->taken == run.end.taken && s->counted == run.end.counted);
        return;
    }
    run.over = true;
    run.end = *s;
    if (s->status == ESPOTA_OK) /* the device has all of it, and said so */
        FUZZ_CHECK(had_all && s->ended_in == ESPOTA_ESPHOME_CHECKING && s->refusal == 0);
    if (s->status == ESPOTA_E_UNKNOWN)
        FUZZ_CHECK(had_all && s->refusal == 0);
    if (had_all && all_left && s->refusal == 0)
        FUZZ_CHECK(s->status == ESPOTA_OK || s->status == ESPOTA_E_UNKNOWN);
}

static void check(bool had_all, bool all_left)
{
    const struct espota_esphome_session *s = &run.session;
    const unsigned over = ESPOTA_WANT_DONE | ESPOTA_WANT_FAILED;
    unsigned now_wants = want();
    uint64_t at;
    size_t length;
    const uint8_t *tx = espota_esphome_session_tx(s, &length);

    FUZZ_CHECK((tx != NULL) == (length > 0) && length <= sizeof(s->tx));
    FUZZ_CHECK((tx != NULL) == ((now_wants & ESPOTA_WANT_STREAM_OUT) != 0));
    FUZZ_CHECK(s->taken <= s->image.length && s->counted <= s->image.length);
    FUZZ_CHECK(s->taken == 0 || run.packed == 1);
    FUZZ_CHECK(weak_digests == 0 && s->words_length <= sizeof(s->words));
    if (s->phase == ESPOTA_ESPHOME_OVER) {
        bool good = s->status == ESPOTA_OK;

        FUZZ_CHECK((now_wants & over) == (good ? ESPOTA_WANT_DONE : ESPOTA_WANT_FAILED));
        FUZZ_CHECK((now_wants & (ESPOTA_WANT_IMAGE_OUT | ESPOTA_WANT_STREAM_IN)) == 0);
        FUZZ_CHECK(good || tx == NULL);
        FUZZ_CHECK(!espota_esphome_session_deadline(s, &at));
        check_end(had_all, all_left);
        return;
    }
    FUZZ_CHECK(!run.over && (now_wants & over) == 0 && (now_wants & ESPOTA_WANT_STREAM_IN) != 0);
    FUZZ_CHECK(((now_wants & ESPOTA_WANT_PASSWORD) == 0) ==
               espota_esphome_session_deadline(s, &at));
    if ((now_wants & ESPOTA_WANT_IMAGE_OUT) != 0)
        FUZZ_CHECK(s->phase == ESPOTA_ESPHOME_STREAMING && s->taken < s->image.length);
}

/* --- steps --- */

static void leaves(size_t most)
{
    size_t length;

    if (espota_esphome_session_tx(&run.session, &length) != NULL)
        espota_esphome_session_tx_ack(&run.session, length < most ? length : most, run.now);
}

static void image_leaves(size_t most)
{
    static const uint8_t bytes[LENGTH];

    while (most > 0 && (want() & ESPOTA_WANT_IMAGE_OUT) != 0) {
        size_t length = run.session.image.length - run.session.taken;

        if (length > most)
            length = most;
        if (run.session.sealed)
            length = espota_esphome_session_seal(&run.session, bytes, length);
        else
            espota_esphome_session_sent(&run.session, (uint32_t)length, run.now);
        FUZZ_CHECK(length > 0); /* or nobody would come to an end */
        most -= length;
        if (most > 0)
            leaves(SIZE_MAX);
    }
}

static void come(const uint8_t *data, size_t length)
{
    espota_esphome_session_rx(&run.session, data, length, run.now);
}

static void pass_time(size_t n)
{
    uint64_t at;

    if (n == 0 && espota_esphome_session_deadline(&run.session, &at) && at > run.now)
        run.now = at;
    run.now += n * 1000;
    espota_esphome_session_tick(&run.session, true, run.now);
}

static void give_password(bool none)
{
    espota_esphome_session_password(&run.session, none ? NULL : "secret", none ? 0 : 6, run.now);
}

static void step(struct script *script)
{
    uint8_t frame[ESPOTA_ESPHOME_FRAME_MAX];
    uint8_t op = script_byte(script);
    size_t n = op >> 4;
    size_t length = (op & 15) == 1 ? 8 * (n + 1) : n + 1;
    bool had_all = has_all();
    const uint8_t *bytes;

    switch (op & 15) {
    case 0:
    case 1:
        bytes = script_bytes(script, &length);
        come(bytes, length);
        break;
    case 2:
        bytes = script_bytes(script, &length);
        come(frame, noise_frame(bytes, length, frame));
        break;
    case 3:
        leaves(n + 1);
        break;
    case 4:
        leaves(SIZE_MAX);
        break;
    case 5:
        image_leaves(n + 1);
        break;
    case 6:
        image_leaves(SIZE_MAX);
        break;
    case 7:
        pass_time(n);
        break;
    case 8:
        espota_esphome_session_end(&run.session, n % 2 != 0);
        check(had_all, n % 2 != 0);
        return;
    case 9:
        give_password(n % 2 != 0);
        break;
    default:
        espota_esphome_session_acked(&run.session, run.now);
    }
    check(had_all, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = {data, size};
    uint8_t has = script_byte(&script);
    const struct espota_esphome_config config = {
        .crypto = &weak_crypto,
        .noise = &weak_noise,
        .key = (has & HAS_KEY) != 0 ? noise_key : NULL,
        .clear = (has & HAS_CLEAR) != 0,
        .packs = {true, (has & HAS_GZIP) != 0, (has & HAS_DEFLATE) != 0},
        .type = (has & HAS_TYPE) != 0 ? 1 : 0,
        .size = LENGTH,
        .password = (has & HAS_PASSWORD) != 0 ? "secret" : NULL,
        .password_length = (has & HAS_PASSWORD) != 0 ? 6 : 0,
        .answer_ms = 20000,
        .work_ms = 90000,
        .context = &run,
        .pack = pack,
    };

    run = (struct run){.cannot_pack = (script_byte(&script) & MORE_NO_PACK) != 0};
    espota_esphome_session_init(&run.session, &config, run.now);
    check(false, true);
    for (unsigned steps = 0; script.left > 0 && steps < STEPS_MAX; steps++)
        step(&script);
    /* left alone it comes to its end, unless a password is awaited */
    if ((want() & ESPOTA_WANT_PASSWORD) != 0)
        give_password(true);
    if (!run.over) {
        bool had_all = has_all();

        pass_time(0);
        check(had_all, true);
    }
    FUZZ_CHECK(run.over);
    espota_esphome_session_deinit(&run.session);
    return 0;
}
