/* SPDX-License-Identifier: MIT */
/*
 * Inside of send: what all attempts have in common, and the pure parts of some that are tested on
 * their own. A new road into a device is a new folder, its kind below, and the line in attempt.c
 * that chooses it.
 */
#ifndef ESPOTA_SEND_ATTEMPT_H
#define ESPOTA_SEND_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "send/send.h"
#include "sys/sys.h"

struct espota_attempt_kind {
    size_t size; /* of its own struct, which begins with an espota_attempt and is zeros at first */
    enum espota_road road;
    /* What fails is cleaned up by `release`, which is called once in any case. */
    enum espota_status (*begin)(struct espota_attempt *attempt, struct espota_error *err);
    void (*release)(struct espota_attempt *attempt);
    void (*expired)(void *attempt); /* its timer has */
    /* Never called on one that is over. `password`: the config has it now; NULL: it never asks. */
    void (*password)(struct espota_attempt *attempt);
    void (*stop)(struct espota_attempt *attempt);
};

struct espota_attempt {
    const struct espota_attempt_kind *kind;
    struct espota_attempt_config config;
    struct espota_timer timer;
    struct espota_outcome outcome; /* from the beginning it says what the config says */
    uint32_t shown;                /* acknowledged bytes that were told as progress */
    bool over;
};

/* --- outcome.c: words that more than one road has; `to` is the sentence that grows --- */

struct espota_builder;

void espota_tell_words(struct espota_builder *to, const struct espota_outcome *o);
void espota_tell_seconds(struct espota_builder *to, uint32_t ms);
/* Its address, or "it" where that stands in front of the sentence already. */
const char *espota_tell_device(const struct espota_outcome *o, bool port,
                               char text[ESPOTA_ADDRESS_TEXT]);
void espota_tell_broken(struct espota_builder *to, const struct espota_outcome *o);
/*
 * NO_ANSWER of a road that connects, and did not come to that; what it means that nobody listens
 * there, or that nobody answers, is the road's to say.
 */
void espota_tell_unconnected(struct espota_builder *to, const struct espota_outcome *o,
                             const char *nobody_listens, const char *silent,
                             struct espota_remedy *remedy);
/* Every end for which a road has no words of its own. */
void espota_tell_end(struct espota_builder *to, const struct espota_outcome *o);

/* What a device's words mean; the last of a list has no part. */
struct espota_refusal {
    const char *part; /* of the words */
    bool passes;      /* it may go otherwise the next time */
    const char *advice;
};
/* The first that fits; NULL: none does. */
const struct espota_refusal *espota_find_refusal(const struct espota_refusal *list,
                                                 const struct espota_outcome *o);

/* --- esphome/words.c --- */

void espota_esphome_tell(struct espota_builder *to, const struct espota_outcome *o,
                         struct espota_remedy *remedy);
/* What the device refused may go otherwise the next time. */
bool espota_esphome_passes(const struct espota_outcome *o);

/* --- meshtastic/words.c --- */

void espota_meshtastic_tell(struct espota_builder *to, const struct espota_outcome *o,
                            struct espota_remedy *remedy);
/* The same of what a node refused. */
bool espota_meshtastic_passes(const struct espota_outcome *o);

/* A TCP connection to the device under way; fd -1: none is. */
struct espota_connecting {
    struct espota_watch watch;
    int fd;
};

/* `ready`: it is there, or has failed; ask the socket. From `local`, or NULL. False: it failed at
 * once. */
bool espota_connecting_begin(struct espota_connecting *connecting,
                             const struct espota_attempt *attempt,
                             const struct espota_address *local,
                             void (*ready)(void *context, unsigned events), void *context,
                             struct espota_error *err) ESPOTA_MUST_CHECK;
/*
 * The beginning of an attempt that is nothing but a connection: from the host's own address where
 * one was given. The timer expires with the timeout, or at once where there is no way to the
 * device; the outcome has the reason then.
 */
enum espota_status espota_connecting_start(struct espota_connecting *connecting,
                                           struct espota_attempt *attempt,
                                           void (*ready)(void *context, unsigned events),
                                           void *context,
                                           struct espota_error *err) ESPOTA_MUST_CHECK;
/* The connection, which is the caller's now. */
int espota_connecting_take(struct espota_connecting *connecting,
                           const struct espota_attempt *attempt);
/* Harmless if none is under way. */
void espota_connecting_drop(struct espota_connecting *connecting,
                            const struct espota_attempt *attempt);

extern const struct espota_attempt_kind espota_exchange_kind; /* invites, and is called back */
extern const struct espota_attempt_kind espota_web_push_kind; /* asks for the page, sends a form */
extern const struct espota_attempt_kind espota_esphome_kind;  /* connects, ESPHome's protocol */
extern const struct espota_attempt_kind espota_meshtastic_kind; /* the same, to an OTA loader */
extern const struct espota_attempt_kind espota_online_kind;     /* afterwards: is it back? */
extern const struct espota_attempt_kind espota_knock_kind;      /* is anything there at all? */

uint64_t espota_attempt_now(const struct espota_attempt *attempt);
/* Arms the timer; false without memory. */
bool espota_attempt_wake_at(struct espota_attempt *attempt, uint64_t at) ESPOTA_MUST_CHECK;
void espota_attempt_tell(struct espota_attempt *attempt, const struct espota_attempt_event *event);
/* Tells how many bytes the device's TCP has, unless that was told. */
void espota_attempt_show(struct espota_attempt *attempt, uint32_t acked);
/* Tells the outcome with this status, once. */
void espota_attempt_end(struct espota_attempt *attempt, enum espota_status status);

/*
 * --- online.c: whether a device is back ---
 *
 * Silence is believed after one refusal or two connections without an answer in a row; its end when
 * life was seen after the last sign of silence, and that sign is older than `settle_ms`, for hosts
 * send only so many refusals a second.
 */

/* What was seen so far. Fill in the first part and leave the rest zero. */
struct espota_online_view {
    uint64_t began;
    uint64_t deadline;
    uint32_t settle_ms;

    uint64_t last_life, last_silence; /* 0: never */
    unsigned misses;                  /* connections without an answer in a row */
    bool silent;                      /* it went silent */
};

void espota_online_life(struct espota_online_view *view, uint64_t now);
void espota_online_refused(struct espota_online_view *view, uint64_t now);
void espota_online_missed(struct espota_online_view *view, uint64_t now);
/*
 * OK: it is back. MORE: wait on. At the deadline E_NO_ANSWER (it went silent and stayed so) or
 * E_UNKNOWN (it never did, or never showed life).
 */
enum espota_status espota_online_judge(const struct espota_online_view *view,
                                       uint64_t now) ESPOTA_MUST_CHECK;

#endif
