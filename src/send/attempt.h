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
    bool over;
};

extern const struct espota_attempt_kind espota_exchange_kind; /* invites, and is called back */
extern const struct espota_attempt_kind espota_web_push_kind; /* asks for the page, sends a form */
extern const struct espota_attempt_kind espota_online_kind;   /* afterwards: is it back? */
extern const struct espota_attempt_kind espota_knock_kind;    /* is anything there at all? */

uint64_t espota_attempt_now(const struct espota_attempt *attempt);
/* Arms the timer; false without memory. */
bool espota_attempt_wake_at(struct espota_attempt *attempt, uint64_t at) ESPOTA_MUST_CHECK;
void espota_attempt_tell(struct espota_attempt *attempt, const struct espota_attempt_event *event);
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
