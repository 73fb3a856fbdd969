/* SPDX-License-Identifier: MIT */
/*
 * Each state has one deadline and says what it wants; what a datagram or a byte means is decided
 * by state, never by what came before it in memory. The pauses are those of real devices, since
 * hosts have come to rely on them.
 */
#include "core/receiver.h"

#include <string.h>

#include "wire/wire.h"

#define NEVER UINT64_MAX

/* What real devices wait; `fast` leaves it out. */
enum {
    AFTER_UDP_OK_MS = 100,
    BEFORE_OK_MS = 1000,
    BEFORE_CLOSE_MS = 1000,
    BEFORE_RESTART_MS = 100,
};

static const char *tell_event(struct espota_receiver *receiver, struct espota_receiver_event event)
{
    const struct espota_receiver_config *config = receiver->config;

    event.peer = &receiver->peer;
    event.command = (uint32_t)receiver->invitation.command;
    event.size = receiver->invitation.size;
    event.done = espota_updater_received(&receiver->updater);
    return config->event != NULL ? config->event(config->context, &event) : NULL;
}

static const char *tell(struct espota_receiver *receiver, enum espota_receiver_event_kind kind)
{
    return tell_event(receiver, (struct espota_receiver_event){.kind = kind});
}

static void tell_failure(struct espota_receiver *receiver, enum espota_receiver_failure failure,
                         const char *text)
{
    tell_event(receiver, (struct espota_receiver_event){
                             .kind = ESPOTA_RECEIVER_ERROR,
                             .failure = failure,
                             .error = failure != ESPOTA_FAILURE_AUTH ? receiver->updater.error
                                                                     : ESPOTA_UPDATE_OK,
                             .text = text,
                         });
}

static void enter(struct espota_receiver *receiver, enum espota_receiver_phase phase,
                  uint64_t deadline)
{
    receiver->phase = phase;
    receiver->deadline = deadline;
}

static uint64_t after_pause(const struct espota_receiver *receiver, uint64_t now, uint32_t pause)
{
    return receiver->config->fast ? now : now + pause;
}

static uint64_t after_limit(const struct espota_receiver *receiver, uint64_t now, uint32_t limit)
{
    return receiver->config->quirks ? NEVER : now + limit;
}

/* Idle again; a reply that still waits may leave. */
void espota_receiver_again(struct espota_receiver *receiver)
{
    espota_updater_abort(&receiver->updater);
    espota_wipe(receiver->nonce, sizeof(receiver->nonce));
    receiver->owed = receiver->counted = 0;
    if (!receiver->datagram_ready)
        receiver->tx_length = receiver->tx_sent = 0;
    enter(receiver, ESPOTA_RECEIVER_IDLE, NEVER);
}

void espota_receiver_init(struct espota_receiver *receiver,
                          const struct espota_receiver_config *config)
{
    memset(receiver, 0, sizeof(*receiver));
    receiver->config = config;
    espota_updater_init(&receiver->updater, config->update);
    espota_receiver_again(receiver);
}

void espota_receiver_deinit(struct espota_receiver *receiver)
{
    espota_updater_abort(&receiver->updater);
    espota_wipe(receiver, sizeof(*receiver));
}

/* --- replies --- */

static void reply(struct espota_receiver *receiver, const char *first, const char *second)
{
    struct espota_writer writer;

    espota_writer_init(&writer, receiver->tx, sizeof(receiver->tx));
    espota_write_text(&writer, first);
    espota_write_text(&writer, second);
    receiver->tx_length = writer.used;
    receiver->tx_sent = 0;
    receiver->datagram_ready = true;
}

/* Behind what the connection has not taken yet. */
static void say(struct espota_receiver *receiver, const char *text)
{
    struct espota_writer writer;

    /* tx_length <= sizeof tx */
    espota_writer_init(&writer, receiver->tx + receiver->tx_length,
                       sizeof(receiver->tx) - receiver->tx_length);
    espota_write_text(&writer, text);
    receiver->tx_length += writer.used;
    receiver->counted = 0;
}

/*
 * A count for the bytes of each pass. Passes whose count has not begun to leave share one: what
 * the end of a sector divides is one pass to the host.
 */
static void say_count(struct espota_receiver *receiver)
{
    struct espota_writer writer;

    if (receiver->owed == 0 || (receiver->tx_length > 0 && receiver->counted == 0))
        return;
    receiver->counted += receiver->owed;
    receiver->owed = 0;
    espota_writer_init(&writer, receiver->tx, sizeof(receiver->tx));
    espota_write_decimal(&writer, receiver->counted);
    receiver->tx_length = writer.used;
}

/* --- IDLE and WAITAUTH --- */

/* The original's nonce is a digest of its clock: whoever can guess the time knows it. */
static enum espota_status predictable_nonce(struct espota_receiver *receiver, uint64_t now)
{
    enum espota_digest_kind kind = receiver->config->nonce_digits == ESPOTA_NONCE_MD5
                                       ? ESPOTA_DIGEST_MD5
                                       : ESPOTA_DIGEST_SHA256;
    uint8_t text[10];
    struct espota_digest_part part = {.data = text};
    struct espota_writer writer;

    espota_writer_init(&writer, text, sizeof(text));
    espota_write_decimal(&writer, (uint32_t)(now * 1000)); /* micros() */
    part.length = writer.used;
    return espota_digest_hex(receiver->config->update->crypto, kind, &part, 1, receiver->nonce);
}

static enum espota_status random_nonce(struct espota_receiver *receiver)
{
    const struct espota_crypto *crypto = receiver->config->update->crypto;
    size_t size = receiver->config->nonce_digits / 2;
    uint8_t raw[ESPOTA_NONCE_MAX / 2];

    if (crypto->random == NULL || crypto->random(crypto->context, raw, size) != ESPOTA_OK)
        return ESPOTA_E_FAILED;
    espota_hex_encode(raw, size, receiver->nonce);
    return ESPOTA_OK;
}

static void challenge(struct espota_receiver *receiver, uint64_t now)
{
    enum espota_status status =
        receiver->config->quirks ? predictable_nonce(receiver, now) : random_nonce(receiver);

    if (status != ESPOTA_OK) {
        tell_failure(receiver, ESPOTA_FAILURE_AUTH, "no nonce to be had");
        return;
    }
    reply(receiver, "AUTH ", receiver->nonce);
    enter(receiver, ESPOTA_RECEIVER_WAITAUTH,
          after_limit(receiver, now, ESPOTA_RECEIVER_CHALLENGE_MS));
}

/* The inviter may update this device: can it be done, and does the application agree? */
static void accept(struct espota_receiver *receiver, uint64_t now)
{
    const struct espota_invitation *invitation = &receiver->invitation;
    char message[ESPOTA_UPDATE_MESSAGE_MAX];
    const char *refusal;

    if (espota_updater_begin(&receiver->updater, invitation->size, (uint32_t)invitation->command,
                             invitation->md5) != ESPOTA_OK) {
        espota_updater_message(&receiver->updater, message);
        refusal = message;
    } else {
        refusal = tell(receiver, ESPOTA_RECEIVER_START);
    }
    if (refusal != NULL) {
        reply(receiver, "ERR: ", refusal);
        tell_failure(receiver, ESPOTA_FAILURE_BEGIN, refusal);
        espota_receiver_again(receiver);
        return;
    }
    reply(receiver, "OK", "");
    enter(receiver, ESPOTA_RECEIVER_ACCEPTED, now + ESPOTA_RECEIVER_CONNECT_MS);
}

static void rx_invitation(struct espota_receiver *receiver, const uint8_t *data, size_t length,
                          const struct espota_peer *from, uint64_t now)
{
    if (espota_invitation_parse(data, length, &receiver->invitation) != ESPOTA_OK)
        return;
    receiver->peer = *from;
    tell(receiver, ESPOTA_RECEIVER_INVITED);
    if (receiver->config->password_hash != NULL)
        challenge(receiver, now);
    else
        accept(receiver, now);
}

static bool answer_is_right(const struct espota_receiver *receiver,
                            const struct espota_answer *answer)
{
    const struct espota_receiver_config *config = receiver->config;
    char expected[ESPOTA_NONCE_MAX + 1];
    bool right = false;

    if (espota_auth_response(config->update->crypto, config->password_hash, receiver->nonce,
                             answer->cnonce, expected) == ESPOTA_OK)
        right = espota_equal_secret(expected, answer->response, config->nonce_digits);
    espota_wipe(expected, sizeof(expected));
    return right;
}

static void rx_answer(struct espota_receiver *receiver, const uint8_t *data, size_t length,
                      const struct espota_peer *from, uint64_t now)
{
    static const char refusal[] = "Authentication Failed";
    const struct espota_receiver_config *config = receiver->config;
    struct espota_answer answer;
    bool right;

    if (!config->quirks &&
        memcmp(from->address, receiver->peer.address, sizeof(from->address)) != 0)
        return;
    /* a second invitation, too, only resets and is not answered */
    if (espota_answer_parse(data, length, config->nonce_digits, &answer) != ESPOTA_OK) {
        espota_receiver_again(receiver);
        return;
    }
    if (config->replies_to_answer || config->nonce_digits == ESPOTA_NONCE_SHA256)
        receiver->peer = *from;
    right = answer_is_right(receiver, &answer);
    espota_wipe(&answer, sizeof(answer));
    espota_wipe(receiver->nonce, sizeof(receiver->nonce));
    if (right) {
        tell(receiver, ESPOTA_RECEIVER_AUTH);
        accept(receiver, now);
        return;
    }
    reply(receiver, refusal, "");
    tell_failure(receiver, ESPOTA_FAILURE_AUTH, refusal);
    espota_receiver_again(receiver);
}

void espota_receiver_rx_datagram(struct espota_receiver *receiver, const uint8_t *data,
                                 size_t length, const struct espota_peer *from, uint64_t now)
{
    espota_receiver_tick(receiver, now); /* an expired challenge cannot be answered any more */
    if (receiver->phase == ESPOTA_RECEIVER_IDLE)
        rx_invitation(receiver, data, length, from, now);
    else if (receiver->phase == ESPOTA_RECEIVER_WAITAUTH)
        rx_answer(receiver, data, length, from, now);
}

/* --- the connection --- */

static void connect_now(struct espota_receiver *receiver, uint64_t now)
{
    receiver->datagram_ready = false;
    receiver->tx_length = receiver->tx_sent = 0;
    enter(receiver, ESPOTA_RECEIVER_CONNECTING, now + ESPOTA_RECEIVER_CONNECT_MS);
}

void espota_receiver_connected(struct espota_receiver *receiver, uint64_t now)
{
    if (receiver->phase != ESPOTA_RECEIVER_CONNECTING)
        return;
    enter(receiver, ESPOTA_RECEIVER_STREAMING, after_limit(receiver, now, ESPOTA_RECEIVER_IDLE_MS));
    tell(receiver, ESPOTA_RECEIVER_PROGRESS);
}

void espota_receiver_connect_failed(struct espota_receiver *receiver, uint64_t now)
{
    (void)now;
    if (receiver->phase != ESPOTA_RECEIVER_CONNECTING)
        return;
    tell_failure(receiver, ESPOTA_FAILURE_CONNECT, NULL);
    espota_receiver_again(receiver);
}

/* The update is over with an error: says so to a host that still listens. */
static void fail(struct espota_receiver *receiver, enum espota_receiver_failure failure,
                 uint64_t now)
{
    char message[ESPOTA_UPDATE_MESSAGE_MAX];

    espota_updater_message(&receiver->updater, message);
    say_count(receiver);
    say(receiver, message);
    tell_failure(receiver, failure, message);
    enter(receiver, ESPOTA_RECEIVER_FAILING, now + ESPOTA_RECEIVER_CONNECT_MS);
}

static void leave(struct espota_receiver *receiver, uint64_t now)
{
    receiver->tx_length = receiver->tx_sent = 0;
    receiver->counted = 0;
    enter(receiver, ESPOTA_RECEIVER_LEAVING, after_pause(receiver, now, BEFORE_RESTART_MS));
    tell(receiver, ESPOTA_RECEIVER_END);
}

/* What follows once the connection has taken everything. */
static void drained(struct espota_receiver *receiver, uint64_t now)
{
    switch (receiver->phase) {
    case ESPOTA_RECEIVER_STREAMING:
        say_count(receiver);
        break;
    case ESPOTA_RECEIVER_INSTALLED:
        say_count(receiver);
        if (receiver->tx_length == 0)
            receiver->deadline = after_pause(receiver, now, BEFORE_OK_MS);
        break;
    case ESPOTA_RECEIVER_TELLING:
        receiver->deadline = after_pause(receiver, now, BEFORE_CLOSE_MS);
        break;
    case ESPOTA_RECEIVER_FAILING:
        if (receiver->config->quirks)
            espota_receiver_again(receiver);
        else
            receiver->deadline = now + ESPOTA_RECEIVER_LINGER_MS;
        break;
    default:
        break;
    }
}

/* The end of one pass over the stream that brought `length` bytes. */
static void pass_done(struct espota_receiver *receiver, size_t length, enum espota_status status,
                      uint64_t now)
{
    receiver->owed += (uint32_t)length;
    receiver->deadline = after_limit(receiver, now, ESPOTA_RECEIVER_IDLE_MS);
    if (length > 0)
        tell(receiver, ESPOTA_RECEIVER_PROGRESS);
    if (status == ESPOTA_OK && espota_updater_remaining(&receiver->updater) > 0) {
        say_count(receiver);
        return;
    }
    if (status == ESPOTA_OK)
        status = espota_updater_end(&receiver->updater, false);
    if (status != ESPOTA_OK) {
        fail(receiver, ESPOTA_FAILURE_END, now);
        return;
    }
    enter(receiver, ESPOTA_RECEIVER_INSTALLED, now + ESPOTA_RECEIVER_CONNECT_MS);
    drained(receiver, now); /* the last count joins the one that still waits */
}

uint8_t *espota_receiver_room(struct espota_receiver *receiver, size_t *room)
{
    if (receiver->phase == ESPOTA_RECEIVER_STREAMING)
        return espota_updater_room(&receiver->updater, room);
    *room = ESPOTA_SECTOR_SIZE; /* what comes now is dropped, and the sector is free */
    return receiver->updater.sector;
}

void espota_receiver_rx_filled(struct espota_receiver *receiver, size_t length, uint64_t now)
{
    enum espota_status status;

    if (receiver->phase != ESPOTA_RECEIVER_STREAMING || length == 0)
        return;
    status = espota_updater_filled(&receiver->updater, length);
    pass_done(receiver, status == ESPOTA_OK ? length : 0, status, now);
}

void espota_receiver_rx_stream(struct espota_receiver *receiver, const uint8_t *data, size_t length,
                               uint64_t now)
{
    size_t left = espota_updater_remaining(&receiver->updater);
    enum espota_status status;

    if (receiver->phase != ESPOTA_RECEIVER_STREAMING || length == 0)
        return;
    if (length > left)
        length = left;
    status = espota_updater_write(&receiver->updater, data, length);
    pass_done(receiver, status == ESPOTA_OK ? length : 0, status, now);
}

void espota_receiver_rx_end(struct espota_receiver *receiver, uint64_t now)
{
    switch (receiver->phase) {
    case ESPOTA_RECEIVER_CONNECTING:
        espota_receiver_connect_failed(receiver, now);
        break;
    case ESPOTA_RECEIVER_STREAMING: /* bytes are missing, or the last one would have ended it */
        if (espota_updater_end(&receiver->updater, false) != ESPOTA_OK)
            tell_failure(receiver, ESPOTA_FAILURE_END, NULL);
        espota_receiver_again(receiver);
        break;
    case ESPOTA_RECEIVER_INSTALLED: /* installed is installed, whether the host hears it or not */
    case ESPOTA_RECEIVER_TELLING:
        leave(receiver, now);
        break;
    case ESPOTA_RECEIVER_FAILING:
        espota_receiver_again(receiver);
        break;
    default:
        break;
    }
}

/* --- what the caller asks --- */

unsigned espota_receiver_want(const struct espota_receiver *receiver)
{
    unsigned want = ESPOTA_WANT_DATAGRAM_IN;

    switch (receiver->phase) {
    case ESPOTA_RECEIVER_CONNECTING:
        return want | ESPOTA_WANT_CONNECT;
    case ESPOTA_RECEIVER_STREAMING:
    case ESPOTA_RECEIVER_INSTALLED:
    case ESPOTA_RECEIVER_TELLING:
    case ESPOTA_RECEIVER_FAILING:
        want |= ESPOTA_WANT_STREAM_IN;
        return receiver->tx_length > 0 ? want | ESPOTA_WANT_STREAM_OUT : want;
    case ESPOTA_RECEIVER_DONE:
        return ESPOTA_WANT_DONE;
    default:
        return receiver->datagram_ready ? want | ESPOTA_WANT_DATAGRAM_OUT : want;
    }
}

const uint8_t *espota_receiver_tx(const struct espota_receiver *receiver, size_t *length)
{
    *length = receiver->tx_length - receiver->tx_sent; /* tx_sent <= tx_length */
    return *length > 0 ? receiver->tx + receiver->tx_sent : NULL;
}

void espota_receiver_tx_ack(struct espota_receiver *receiver, size_t length, uint64_t now)
{
    size_t left = receiver->tx_length - receiver->tx_sent;

    receiver->counted = 0;
    if (!receiver->datagram_ready && length < left) {
        receiver->tx_sent += length;
        return;
    }
    receiver->tx_length = receiver->tx_sent = 0;
    if (!receiver->datagram_ready) {
        drained(receiver, now);
        return;
    }
    receiver->datagram_ready = false;
    if (receiver->phase == ESPOTA_RECEIVER_ACCEPTED)
        receiver->deadline = after_pause(receiver, now, AFTER_UDP_OK_MS);
}

void espota_receiver_tick(struct espota_receiver *receiver, uint64_t now)
{
    if (now < receiver->deadline)
        return;
    switch (receiver->phase) {
    case ESPOTA_RECEIVER_ACCEPTED:
        connect_now(receiver, now);
        break;
    case ESPOTA_RECEIVER_CONNECTING:
        espota_receiver_connect_failed(receiver, now);
        break;
    case ESPOTA_RECEIVER_STREAMING:
        espota_updater_fail(&receiver->updater, ESPOTA_UPDATE_STREAM);
        fail(receiver, ESPOTA_FAILURE_RECEIVE, now);
        break;
    case ESPOTA_RECEIVER_INSTALLED:
        if (receiver->tx_length > 0) { /* the host does not read its counts */
            leave(receiver, now);
            break;
        }
        say(receiver, "OK");
        enter(receiver, ESPOTA_RECEIVER_TELLING, now + ESPOTA_RECEIVER_CONNECT_MS);
        break;
    case ESPOTA_RECEIVER_TELLING:
        leave(receiver, now);
        break;
    case ESPOTA_RECEIVER_LEAVING:
        enter(receiver, ESPOTA_RECEIVER_DONE, NEVER);
        break;
    default: /* WAITAUTH and FAILING */
        espota_receiver_again(receiver);
        break;
    }
}

bool espota_receiver_deadline(const struct espota_receiver *receiver, uint64_t *at)
{
    *at = receiver->deadline;
    return receiver->deadline != NEVER;
}
