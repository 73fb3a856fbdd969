/* SPDX-License-Identifier: MIT */
/*
 * Every wait here answers one question: can something of ours still lie unread in the device's
 * queue? A device reads one datagram a turn, and an invitation read in place of the answer ends its
 * challenge without a word. So what may be unread is counted, a challenge is answered only once,
 * and a refusal is believed only where nothing can have crossed it. tests/pair/pair_slow.c holds it
 * against espota.py for loops of up to 8 s.
 */
#include "send/espota/sender.h"

#include <string.h>

#include "wire/wire.h"

static bool waits_for_device(const struct espota_sender *s)
{
    return s->phase == ESPOTA_PHASE_INVITING || s->phase == ESPOTA_PHASE_ANSWERING;
}

static bool has_stream(const struct espota_sender *s)
{
    return s->phase == ESPOTA_PHASE_STREAMING || s->phase == ESPOTA_PHASE_VERDICT;
}

static bool all_acked(const struct espota_sender *s)
{
    return s->acked == s->config.invitation.size;
}

/* Its first words came on the stream; the rest of them may. */
static bool is_complaining(const struct espota_sender *s)
{
    return s->verdict.state == ESPOTA_VERDICT_WORDS;
}

static void count(uint8_t *counter)
{
    if (*counter < UINT8_MAX)
        ++*counter;
}

static void finish(struct espota_sender *s, enum espota_status status)
{
    s->phase = ESPOTA_PHASE_OVER;
    s->status = status;
    s->needs_password = false;
    s->datagram_ready = false;
}

static void queue_invitation(struct espota_sender *s)
{
    s->datagram_length =
        espota_invitation_write(&s->config.invitation, s->datagram, sizeof(s->datagram));
    s->datagram_is_answer = false;
    s->datagram_ready = true;
}

void espota_sender_init(struct espota_sender *s, const struct espota_sender_config *config,
                        uint64_t now)
{
    memset(s, 0, sizeof(*s));
    s->config = *config;
    s->phase = ESPOTA_PHASE_INVITING;
    s->deadline = s->unextended = now + config->timeout_ms;
    s->spoke_last = true;
    s->gap_ms = config->password != NULL ? ESPOTA_UNREAD_MS : ESPOTA_FIRST_GAP_MS;
    s->form = config->method == ESPOTA_UPLOAD_AUTH_MD5_FIRST ? ESPOTA_FORM_MD5 : ESPOTA_FORM_SHA256;
    queue_invitation(s);
}

void espota_sender_deinit(struct espota_sender *s)
{
    espota_wipe(s, sizeof(*s));
}

unsigned espota_sender_want(const struct espota_sender *s)
{
    unsigned want = 0;

    if (s->phase == ESPOTA_PHASE_OVER)
        return s->status == ESPOTA_OK ? ESPOTA_WANT_DONE : ESPOTA_WANT_FAILED;
    if (has_stream(s)) {
        want |= ESPOTA_WANT_STREAM_IN;
        /* a device that has begun to complain reads no more */
        if (s->sent < s->config.invitation.size && !is_complaining(s))
            want |= ESPOTA_WANT_IMAGE_OUT;
        return want;
    }
    want |= ESPOTA_WANT_DATAGRAM_IN;
    if (s->datagram_ready)
        want |= ESPOTA_WANT_DATAGRAM_OUT;
    if (s->needs_password)
        want |= ESPOTA_WANT_PASSWORD;
    else if (s->invited)
        want |= ESPOTA_WANT_ACCEPT;
    return want;
}

const uint8_t *espota_sender_tx(const struct espota_sender *s, size_t *length)
{
    *length = s->datagram_ready ? s->datagram_length : 0;
    return s->datagram_ready ? s->datagram : NULL;
}

/*
 * The device may take the time-out for each step. The second invitation without a word from it
 * makes up for a lost first and can wait as long to be read; if it was the challenge that was
 * lost, the second only ends that, and the third makes up for it.
 */
static void extend_deadline(struct espota_sender *s, uint64_t now)
{
    static const uint32_t waits[] = {UINT32_MAX, ESPOTA_UNREAD_MS + 500, 2000};
    uint32_t wait;

    if (s->silent > sizeof(waits) / sizeof(waits[0]) || (s->silent > 1 && s->unreachable))
        return;
    wait = waits[s->silent - 1]; /* one invitation has left */
    if (wait > s->config.timeout_ms)
        wait = s->config.timeout_ms;
    if (s->deadline < now + wait)
        s->deadline = now + wait;
    if (s->silent == 1)
        s->unextended = s->deadline;
}

static void invitation_left(struct espota_sender *s, uint64_t now)
{
    if (s->invited && now - s->invited_at >= ESPOTA_UNREAD_MS) /* invited_at is an earlier now */
        s->unread = 0;
    s->invited = true;
    s->invited_at = now;
    count(&s->unread);
    count(&s->silent);
    count(&s->kept);
    extend_deadline(s, now);
    s->next_send = now + s->gap_ms;
    if (s->gap_ms < ESPOTA_LAST_GAP_MS)
        s->gap_ms = ESPOTA_LAST_GAP_MS;
}

void espota_sender_tx_ack(struct espota_sender *s, uint64_t now)
{
    if (!s->datagram_ready)
        return;
    s->datagram_ready = false;
    if (s->spoke_last)
        s->heard_at = now;
    s->spoke_last = false;
    if (!s->datagram_is_answer) {
        invitation_left(s, now);
        return;
    }
    count(&s->open);
    s->unread = 0; /* whatever is read from now on before the answer only spoils it */
    s->next_send = now + s->gap_ms;
}

static void callback_phase(struct espota_sender *s, uint64_t now)
{
    /* without a password no answer was given, so this OK belongs to some other exchange */
    if (!waits_for_device(s) || s->needs_password)
        return;
    s->phase = ESPOTA_PHASE_CALLBACK;
    s->deadline = now + s->config.timeout_ms;
    s->datagram_ready = false;
}

static bool method_allows(const struct espota_sender *s)
{
    if (s->config.method == ESPOTA_UPLOAD_AUTH_MD5)
        return s->challenge == ESPOTA_NONCE_MD5;
    if (s->config.method == ESPOTA_UPLOAD_AUTH_SHA256)
        return s->challenge == ESPOTA_NONCE_SHA256;
    return true;
}

static enum espota_status write_answer(struct espota_sender *s)
{
    const struct espota_crypto *crypto = s->config.crypto;
    struct espota_answer answer;
    char hash[ESPOTA_NONCE_MAX + 1];
    uint8_t random[ESPOTA_NONCE_MAX / 2];
    enum espota_status status = crypto->random(crypto->context, random, s->challenge / 2u);

    if (status == ESPOTA_OK) {
        espota_hex_encode(random, s->challenge / 2u, answer.cnonce);
        status = espota_password_hash(crypto, espota_sender_form(s), s->config.password,
                                      s->config.password_length, hash);
    }
    if (status == ESPOTA_OK)
        status = espota_auth_response(crypto, hash, s->nonce, answer.cnonce, answer.response);
    if (status == ESPOTA_OK)
        s->datagram_length = espota_answer_write(&answer, s->datagram, sizeof(s->datagram));
    espota_wipe(hash, sizeof(hash));
    espota_wipe(&answer, sizeof(answer));
    return status;
}

static void answer_challenge(struct espota_sender *s)
{
    enum espota_status status = write_answer(s);

    if (status != ESPOTA_OK) {
        finish(s, status);
        return;
    }
    count(&s->answers);
    s->datagram_is_answer = true;
    s->datagram_ready = true;
}

static void ask_for_password(struct espota_sender *s)
{
    s->needs_password = true;
    s->datagram_ready = false;
}

/* The network doubled it: the device has not spoken again, and a second answer would only annoy. */
static bool heard_already(const struct espota_sender *s, const struct espota_reply *reply)
{
    return s->unread == 0 && s->challenge == reply->length &&
           memcmp(s->nonce, reply->text, reply->length) == 0;
}

/* The device spoke about an invitation or an answer. */
static void hear_word(struct espota_sender *s, uint64_t now)
{
    uint64_t took = now - s->heard_at; /* an earlier now */

    if (!s->spoke_last && took > s->slowest_ms)
        s->slowest_ms = took;
    s->heard_at = now;
    s->spoke_last = true;
}

/*
 * It is not known what the device meant: everything that is under way shall be read before it is
 * asked again, and that takes as long as it has been seen to take, for one and for another.
 */
static void settle(struct espota_sender *s, uint64_t now)
{
    uint64_t wait = 2 * s->slowest_ms;

    if (wait > 2 * (uint64_t)s->config.timeout_ms)
        wait = 2 * (uint64_t)s->config.timeout_ms;
    s->settles = true;
    s->next_send = now + (wait > s->gap_ms ? wait : s->gap_ms);
}

/*
 * Each invitation brings one challenge at most. What comes beyond that is not answered: it was
 * made up, or it crossed our answer.
 */
static bool is_expected(const struct espota_sender *s)
{
    return s->needs_password || (s->unread > 0 && s->answers < ESPOTA_ANSWERS_MAX);
}

static void take_challenge(struct espota_sender *s, const struct espota_reply *reply, uint64_t now)
{
    /* after its OK, a challenge is an old one that was overtaken */
    if (!waits_for_device(s) || heard_already(s, reply))
        return;
    hear_word(s, now);
    if (!is_expected(s)) {
        s->crossed = true;
        if (s->settles)
            settle(s, now);
        return;
    }
    s->phase = ESPOTA_PHASE_ANSWERING;
    s->deadline = s->unextended = now + s->config.timeout_ms;
    if (s->gap_ms < ESPOTA_UNREAD_MS)
        s->gap_ms = ESPOTA_UNREAD_MS;
    s->challenge = (uint8_t)reply->length; /* 32 or 64: the parser knows no other */
    memcpy(s->nonce, reply->text, reply->length);
    s->nonce[reply->length] = '\0';
    s->crossed = s->unread > 1; /* the others may end this challenge before the answer is read */
    if (s->unread > 0)
        s->unread--;
    s->silent = 0;
    s->settles = false;
    if (!method_allows(s))
        finish(s, ESPOTA_E_AUTH);
    else if (s->config.password == NULL)
        ask_for_password(s);
    else
        answer_challenge(s);
}

static bool next_form(struct espota_sender *s)
{
    if (s->config.method != ESPOTA_UPLOAD_AUTH_AUTO || espota_sender_form(s) == ESPOTA_FORM_MD5)
        return false;
    s->form = ESPOTA_FORM_MD5;
    return true;
}

/*
 * A refusal proves a wrong password only if the device can have had no other
 * challenge in mind than the one we answered, and no other answer.
 */
static void take_refusal(struct espota_sender *s, uint64_t now)
{
    if (s->phase != ESPOTA_PHASE_ANSWERING || s->open == 0)
        return;
    hear_word(s, now);
    s->silent = 0;
    if (s->crossed || s->open > 1 || (s->datagram_ready && s->datagram_is_answer)) {
        s->open--;
        settle(s, now);
        s->deadline = s->unextended = s->next_send + s->config.timeout_ms;
        return;
    }
    s->open = 0;
    if (!next_form(s)) {
        finish(s, ESPOTA_E_AUTH);
        return;
    }
    s->deadline = s->unextended = now + s->config.timeout_ms;
    s->next_send = now + s->gap_ms;
    if (s->unread == 0) /* else one waits behind the answer, and brings the next challenge */
        queue_invitation(s);
}

static bool has_letter(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((data[i] >= 'A' && data[i] <= 'Z') || (data[i] >= 'a' && data[i] <= 'z'))
            return true;
    return false;
}

static void refuse(struct espota_sender *s, const uint8_t *words, size_t length)
{
    espota_verdict_say(&s->verdict, words, length);
    finish(s, ESPOTA_E_REFUSED);
}

void espota_sender_rx_datagram(struct espota_sender *s, const uint8_t *data, size_t length,
                               uint64_t now)
{
    struct espota_reply reply;

    if (s->phase > ESPOTA_PHASE_CALLBACK || !has_letter(data, length))
        return;
    if (espota_reply_parse(data, length, &reply) != ESPOTA_OK) {
        refuse(s, data, length); /* a challenge of a scheme that nobody knows */
        return;
    }
    switch (reply.kind) {
    case ESPOTA_REPLY_OK:
        callback_phase(s, now);
        break;
    case ESPOTA_REPLY_CHALLENGE:
        take_challenge(s, &reply, now);
        break;
    case ESPOTA_REPLY_AUTH_FAILED:
        take_refusal(s, now);
        break;
    case ESPOTA_REPLY_ERROR:
        refuse(s, reply.text, reply.length);
        break;
    }
}

/* A device that restarts turns back what comes meanwhile, and is there again soon. */
void espota_sender_unreachable(struct espota_sender *s, uint64_t now)
{
    s->unreachable = true;
    s->kept = 0;
    if (s->phase != ESPOTA_PHASE_INVITING)
        return;
    s->deadline = s->unextended;
    if (s->unread > 0 && --s->unread == 0 && s->next_send > now + ESPOTA_RETURNED_GAP_MS)
        s->next_send = now + ESPOTA_RETURNED_GAP_MS;
}

void espota_sender_password(struct espota_sender *s, const char *password, size_t length,
                            uint64_t now)
{
    if (!s->needs_password)
        return;
    if (password == NULL) {
        finish(s, ESPOTA_E_AUTH);
        return;
    }
    s->needs_password = false;
    s->config.password = password;
    s->config.password_length = length;
    s->deadline = s->unextended = now + s->config.timeout_ms;
    answer_challenge(s);
}

/* The device has taken something. What it says, or what this machine sends, is no such thing. */
static void stream_moved(struct espota_sender *s, uint64_t now)
{
    if (s->phase == ESPOTA_PHASE_STREAMING && !is_complaining(s))
        s->deadline = now + s->config.timeout_ms;
}

static void check_all_acked(struct espota_sender *s, uint64_t now)
{
    if (s->phase != ESPOTA_PHASE_STREAMING || !all_acked(s))
        return;
    s->phase = ESPOTA_PHASE_VERDICT;
    if (!is_complaining(s))
        s->deadline = now + s->config.verdict_ms;
}

void espota_sender_connected(struct espota_sender *s, uint64_t now)
{
    if ((espota_sender_want(s) & ESPOTA_WANT_ACCEPT) == 0)
        return;
    s->phase = ESPOTA_PHASE_STREAMING;
    s->datagram_ready = false;
    stream_moved(s, now);
    check_all_acked(s, now);
}

void espota_sender_sent(struct espota_sender *s, uint32_t length)
{
    uint32_t left = s->config.invitation.size - s->sent; /* sent never exceeds the size */

    if (!has_stream(s) || length == 0)
        return;
    s->sent += length < left ? length : left;
}

void espota_sender_acked(struct espota_sender *s, uint32_t total, uint64_t now)
{
    if (total > s->sent)
        total = s->sent;
    if (!has_stream(s) || total <= s->acked)
        return;
    s->acked = total;
    stream_moved(s, now);
    check_all_acked(s, now);
}

static void take_ok(struct espota_sender *s)
{
    if (all_acked(s)) {
        finish(s, ESPOTA_OK);
        return;
    }
    espota_verdict_say(&s->verdict, "OK", 2);
    finish(s, ESPOTA_E_BROKEN);
}

static void take_byte(struct espota_sender *s, uint8_t byte, uint64_t now)
{
    bool complains = is_complaining(s);

    switch (espota_verdict_take(&s->verdict, byte)) {
    case ESPOTA_VERDICT_NONE:
        break;
    case ESPOTA_VERDICT_OK:
        take_ok(s);
        break;
    case ESPOTA_VERDICT_WORDS:
        if (!complains)
            s->deadline = now + ESPOTA_WORDS_GRACE_MS;
        break;
    case ESPOTA_VERDICT_SAID:
        finish(s, ESPOTA_E_REFUSED);
        break;
    }
}

/* No verdict will come: what is known must do. */
static void end_stream(struct espota_sender *s)
{
    if (is_complaining(s))
        finish(s, ESPOTA_E_REFUSED);
    else if (s->sent == s->config.invitation.size)
        finish(s, ESPOTA_E_UNKNOWN); /* the device may have it all and start it */
    else
        finish(s, ESPOTA_E_BROKEN);
}

/* A device counts the bytes that it has taken, with a digit or two for each at most. */
static void count_said(struct espota_sender *s, size_t length)
{
    uint64_t allowed = ESPOTA_SAID_MAX + 4 * (uint64_t)s->config.invitation.size;

    if (!has_stream(s))
        return;
    if (length > allowed - s->said) /* said never exceeds what is allowed */
        end_stream(s);
    else
        s->said += length;
}

void espota_sender_rx_stream(struct espota_sender *s, const uint8_t *data, size_t length,
                             uint64_t now)
{
    for (size_t i = 0; i < length && has_stream(s); i++)
        take_byte(s, data[i], now);
    count_said(s, length);
}

void espota_sender_rx_end(struct espota_sender *s)
{
    if (has_stream(s))
        end_stream(s);
}

static void give_up(struct espota_sender *s)
{
    if (has_stream(s))
        end_stream(s);
    else if (s->phase == ESPOTA_PHASE_CALLBACK)
        finish(s, ESPOTA_E_NO_CALLBACK);
    else
        finish(s, ESPOTA_E_NO_ANSWER); /* crossed refusals, if there were any, prove nothing */
}

static void invite_again(struct espota_sender *s)
{
    if (s->settles)
        s->open = 0;
    else if (s->phase == ESPOTA_PHASE_ANSWERING && s->gap_ms < s->config.timeout_ms / 2)
        s->gap_ms *= 2; /* a loop that is slower still is outrun at last */
    s->settles = false;
    queue_invitation(s);
}

void espota_sender_tick(struct espota_sender *s, uint64_t now)
{
    if (s->phase == ESPOTA_PHASE_OVER || s->needs_password)
        return;
    if (now >= s->deadline)
        give_up(s);
    else if (waits_for_device(s) && !s->datagram_ready && now >= s->next_send)
        invite_again(s);
}

bool espota_sender_deadline(const struct espota_sender *s, uint64_t *at)
{
    if (s->phase == ESPOTA_PHASE_OVER || s->needs_password)
        return false;
    *at = s->deadline;
    if (waits_for_device(s) && !s->datagram_ready && s->next_send < s->deadline)
        *at = s->next_send;
    return true;
}

enum espota_password_form espota_sender_form(const struct espota_sender *s)
{
    return s->challenge == ESPOTA_NONCE_MD5 ? ESPOTA_FORM_MD5 : s->form;
}
