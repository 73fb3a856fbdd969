/* SPDX-License-Identifier: MIT */
/*
 * An attempt driven by a script, one step a line: what the network may bring, in any order. The
 * first character of a line says what happens, the rest of it is the text:
 *   m  the method, 0 to 3, and a password if one follows (first line only)
 *   d  a datagram (D: with a line end)          s  bytes of the stream (S: with a line end)
 *   x  what is wanted out leaves                t  time passes, 50 ms for each character
 *   n  the clock goes to the next deadline      c  the device connects
 *   w  image bytes are sent, 100 a character    k  so many hundreds are acknowledged
 *   p  a password is given (P: refused)         e  the connection ends
 * After each step the promises of sender.h must hold, and after the last one the attempt must
 * come to an end by itself.
 */
#include "fuzz.h"

#include <string.h>

#include "crypto/crypto.h"
#include "send/espota/sender.h"

enum { SIZE = 1000, STREAM_MAX = 4096, STEPS_MAX = 2000 };

static const char md5[] = "f4b259b7e1866cfb6af2377bd86ae213";

struct run {
    struct espota_sender sender;
    uint64_t now;
    bool connected;
    uint8_t stream[STREAM_MAX]; /* what the connection brought */
    size_t stream_length;
};

static enum espota_status quick_pbkdf2(void *context, const void *password, size_t password_length,
                                       const void *salt, size_t salt_length, uint32_t rounds,
                                       uint8_t out[ESPOTA_SHA256_SIZE])
{
    struct espota_crypto_openssl *crypto = context;

    (void)rounds;
    return crypto->table.pbkdf2_sha256(context, password, password_length, salt, salt_length, 1,
                                       out);
}

static const struct espota_crypto *quick_crypto(void)
{
    static struct espota_crypto_openssl openssl;
    static struct espota_crypto table;

    if (table.context == NULL) {
        espota_crypto_openssl_init(&openssl);
        table = openssl.table;
        table.pbkdf2_sha256 = quick_pbkdf2;
    }
    return &table;
}

static bool is_filler(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* What follows the counts at the beginning of the stream. */
static const uint8_t *said(const struct run *r, size_t *length)
{
    size_t at = 0;

    while (at < r->stream_length && is_filler(r->stream[at]))
        at++;
    *length = r->stream_length - at;
    return r->stream + at;
}

static void check_end_of_stream(const struct run *r)
{
    const struct espota_sender *s = &r->sender;
    uint32_t sent = s->sent;
    size_t length;
    size_t words_length = s->verdict.length;
    const uint8_t *text = said(r, &length);
    const uint8_t *words = s->verdict.words;
    bool ok = length >= 2 && memcmp(text, "OK", 2) == 0;

    switch (s->status) {
    case ESPOTA_OK:
        FUZZ_CHECK(ok && s->acked == SIZE);
        break;
    case ESPOTA_E_REFUSED:
        FUZZ_CHECK(!ok && words_length > 0 && words_length <= length);
        FUZZ_CHECK(memcmp(words, text, words_length) == 0);
        break;
    case ESPOTA_E_UNKNOWN:
        FUZZ_CHECK(sent == SIZE && (length == 0 || (length == 1 && text[0] == 'O')));
        break;
    case ESPOTA_E_BROKEN:
        if (ok)
            FUZZ_CHECK(words_length == 2 && s->acked < SIZE);
        else
            FUZZ_CHECK(words_length == 0 && sent < SIZE);
        break;
    default:
        FUZZ_CHECK(false); /* no stream ends like this */
    }
}

static void check_end(const struct run *r)
{
    enum espota_status status = r->sender.status;
    uint64_t at;

    FUZZ_CHECK(espota_sender_want(&r->sender) ==
               (status == ESPOTA_OK ? ESPOTA_WANT_DONE : ESPOTA_WANT_FAILED));
    FUZZ_CHECK(!espota_sender_deadline(&r->sender, &at));
    if (r->connected)
        check_end_of_stream(r);
    else
        FUZZ_CHECK(status == ESPOTA_E_NO_ANSWER || status == ESPOTA_E_NO_CALLBACK ||
                   status == ESPOTA_E_AUTH || status == ESPOTA_E_REFUSED);
}

/* What is wanted out is the invitation, or an answer as long as the challenge. */
static void check_datagram(const struct run *r)
{
    struct espota_invitation invitation;
    struct espota_answer answer;
    size_t length;
    const uint8_t *datagram = espota_sender_tx(&r->sender, &length);
    bool wanted = (espota_sender_want(&r->sender) & ESPOTA_WANT_DATAGRAM_OUT) != 0;

    FUZZ_CHECK(wanted == (datagram != NULL));
    if (datagram == NULL)
        return;
    if (espota_invitation_parse(datagram, length, &invitation) == ESPOTA_OK)
        FUZZ_CHECK(invitation.size == SIZE && strcmp(invitation.md5, md5) == 0);
    else
        FUZZ_CHECK(espota_answer_parse(datagram, length, r->sender.challenge, &answer) ==
                   ESPOTA_OK);
}

static void check(const struct run *r)
{
    const struct espota_sender *s = &r->sender;
    unsigned want = espota_sender_want(s);

    FUZZ_CHECK(s->sent <= SIZE);
    FUZZ_CHECK(s->acked <= s->sent);
    FUZZ_CHECK((want & ESPOTA_WANT_ACCEPT) == 0 || (want & ESPOTA_WANT_PASSWORD) == 0);
    FUZZ_CHECK((want & ESPOTA_WANT_IMAGE_OUT) == 0 || s->sent < SIZE);
    FUZZ_CHECK((want & ESPOTA_WANT_STREAM_IN) == 0 || r->connected);
    check_datagram(r);
    if (s->phase == ESPOTA_PHASE_OVER)
        check_end(r);
}

/* After a tick nothing may be due at once: the loop would spin. */
static void tick(struct run *r)
{
    uint64_t at;

    espota_sender_tick(&r->sender, r->now);
    if (espota_sender_deadline(&r->sender, &at))
        FUZZ_CHECK(at > r->now);
}

static void to_deadline(struct run *r)
{
    uint64_t at;

    if (espota_sender_deadline(&r->sender, &at) && at > r->now)
        r->now = at;
    tick(r);
}

static void stream_in(struct run *r, const uint8_t *data, size_t length)
{
    size_t room = sizeof(r->stream) - r->stream_length; /* the length never exceeds the array */

    if ((espota_sender_want(&r->sender) & ESPOTA_WANT_STREAM_IN) != 0 && length <= room) {
        memcpy(r->stream + r->stream_length, data, length);
        r->stream_length += length;
    } else if ((espota_sender_want(&r->sender) & ESPOTA_WANT_STREAM_IN) != 0) {
        return;
    }
    espota_sender_rx_stream(&r->sender, data, length, r->now);
}

static void connect_device(struct run *r)
{
    if ((espota_sender_want(&r->sender) & ESPOTA_WANT_ACCEPT) != 0)
        r->connected = true;
    espota_sender_connected(&r->sender, r->now);
}

/* `text` has a byte of room behind it, for a line end. */
static void step(struct run *r, uint8_t what, uint8_t *text, size_t length)
{
    struct espota_sender *s = &r->sender;

    text[length] = '\n';
    switch (what) {
    case 'd':
    case 'D':
        espota_sender_rx_datagram(s, text, length + (what == 'D'), r->now);
        break;
    case 's':
    case 'S':
        stream_in(r, text, length + (what == 'S'));
        break;
    case 'x':
        espota_sender_tx_ack(s, r->now);
        break;
    case 't':
        r->now += 50 * length;
        tick(r);
        break;
    case 'n':
        to_deadline(r);
        break;
    case 'c':
        connect_device(r);
        break;
    case 'w':
        espota_sender_sent(s, (uint32_t)length * 100);
        break;
    case 'k':
        espota_sender_acked(s, (uint32_t)length * 100, r->now);
        break;
    case 'p':
    case 'P':
        espota_sender_password(s, what == 'p' ? "secret" : NULL, 6, r->now);
        break;
    case 'e':
        espota_sender_rx_end(s);
        break;
    default:
        break;
    }
    check(r);
}

static size_t line_length(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;

    return end != NULL ? (size_t)(end - data) : size;
}

static void run_init(struct run *r, const uint8_t *line, size_t length)
{
    bool has_method = length > 1 && line[0] == 'm' && line[1] >= '0' && line[1] <= '3';
    struct espota_sender_config config = {
        .crypto = quick_crypto(),
        .invitation = {.port = 43210, .size = SIZE},
        .method = has_method ? (enum espota_upload_auth)(line[1] - '0') : ESPOTA_UPLOAD_AUTH_AUTO,
        .password = length > 2 ? "secret" : NULL,
        .password_length = 6,
        .timeout_ms = 10000,
        .verdict_ms = 60000,
    };

    memcpy(config.invitation.md5, md5, sizeof(md5));
    memset(r, 0, sizeof(*r));
    r->now = 1000;
    espota_sender_init(&r->sender, &config, r->now);
    check(r);
}

/* Left to itself, with a user who knows no password, the attempt ends within two minutes. */
static void run_out(struct run *r)
{
    uint64_t limit = r->now + 120000;

    for (int i = 0; r->sender.phase != ESPOTA_PHASE_OVER; i++) {
        FUZZ_CHECK(i < STEPS_MAX && r->now < limit);
        espota_sender_tx_ack(&r->sender, r->now);
        espota_sender_password(&r->sender, NULL, 0, r->now);
        to_deadline(r);
        check(r);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t text[STREAM_MAX + 1];
    static struct run r;
    size_t length = line_length(data, size);

    run_init(&r, data, length);
    for (int i = 0; size > 0 && i < STEPS_MAX; i++) {
        if (length > 1 && length <= STREAM_MAX)
            memcpy(text, data + 1, length - 1);
        if (length > 0 && length <= STREAM_MAX)
            step(&r, data[0], text, length - 1);
        length += length < size; /* the line end itself */
        data += length;
        size -= length;
        length = line_length(data, size);
    }
    run_out(&r);
    espota_sender_deinit(&r.sender);
    return 0;
}
