/* SPDX-License-Identifier: MIT */
/*
 * --wait-online: has the device restarted with what it was sent? It has if it
 * went silent and then came back. Nothing that is sent for this is an
 * invitation, which would start another update. What is looked at:
 *
 * - A TCP connection to the device is begun and dropped. An answer of any kind,
 *   a refusal too, is life; no answer in time, or word from the network that
 *   nobody is there, is silence.
 * - A datagram of one byte, which every device ignores, goes to its update port.
 *   The answer that nobody listens there is silence as well: the device has not
 *   reached the point where it can be updated again. No answer is as good as it gets.
 *
 * A web updater has no such port: there only an accepted connection is life.
 *
 * Silence is believed after one refusal or two connections without an answer in
 * a row; its end when life was seen after the last sign of silence, and that
 * sign is older than `settle_ms`, for hosts send only so many refusals a second.
 * A device that announces itself (mDNS) is back as well; that is for who listens to it.
 *
 * This half is pure; the rest of online.c is an attempt of its own (road.h).
 */
#ifndef ESPOTA_SEND_ONLINE_H
#define ESPOTA_SEND_ONLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "espota/status.h"

/* What was seen so far. */
struct espota_online_view {
    uint64_t began;
    uint64_t deadline;
    uint32_t settle_ms;
    uint64_t last_life, last_silence; /* 0: never */
    unsigned misses;                  /* connections without an answer in a row */
    bool silent;                      /* it went silent */
};

void espota_online_view_init(struct espota_online_view *view, uint64_t now, uint32_t wait_ms,
                             uint32_t settle_ms);
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
