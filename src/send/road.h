/* SPDX-License-Identifier: MIT */
/*
 * Inside of send: what each road into a device is to an attempt. A new road is a new folder, its
 * function below, and the line in attempt.c that chooses it.
 */
#ifndef ESPOTA_SEND_ROAD_H
#define ESPOTA_SEND_ROAD_H

#include "send/send.h"

struct espota_attempt_kind {
    void (*destroy)(struct espota_attempt *attempt);
    void (*password)(struct espota_attempt *attempt, const char *password, size_t length);
    void (*stop)(struct espota_attempt *attempt);
};

/* The first member of each kind's own struct. */
struct espota_attempt {
    const struct espota_attempt_kind *kind;
};

typedef enum espota_status espota_attempt_create(const struct espota_attempt_config *config,
                                                 struct espota_attempt **out,
                                                 struct espota_error *err);

espota_attempt_create espota_exchange_create; /* invites the device, which calls back */
espota_attempt_create espota_web_push_create; /* asks for the page, then sends the form */
espota_attempt_create espota_online_create;   /* afterwards: is it back? */

#endif
