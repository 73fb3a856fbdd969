/* SPDX-License-Identifier: MIT */
/*
 * After a device that was invited in vain: is anything there at all? One TCP connection to its port
 * is begun and dropped. A refusal comes from a host that is up; one that is taken comes from
 * another program than ArduinoOTA, which never listens by TCP. No device minds either.
 */
#ifndef ESPOTA_SEND_KNOCK_H
#define ESPOTA_SEND_KNOCK_H

#include "send/attempt.h"
#include "send/outcome.h"
#include "sys/sys.h"

/* Whether a knock could tell more of this outcome. */
bool espota_knock_helps(const struct espota_outcome *outcome);

/* One more attempt of the fleet. It reports the outcome that it was begun with. */
enum espota_status espota_knock_create(struct espota_loop *loop,
                                       const struct espota_outcome *outcome,
                                       const struct espota_attempt_ears *ears,
                                       struct espota_attempt **out,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;

/* That outcome, and what the knock came to; false if the attempt is none. */
bool espota_knock_outcome(const struct espota_attempt *attempt, struct espota_outcome *out);

#endif
