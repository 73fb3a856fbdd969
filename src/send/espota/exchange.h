/* SPDX-License-Identifier: MIT */
/*
 * One attempt at one device: the sender's engine, its place at the shared ports
 * and its connection. The image is written straight from the shared source.
 */
#ifndef ESPOTA_SEND_ESPOTA_EXCHANGE_H
#define ESPOTA_SEND_ESPOTA_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "espota/upload.h"
#include "send/attempt.h"
#include "send/espota/ports.h"
#include "send/espota/sender.h"
#include "send/outcome.h"
#include "send/source.h"

struct espota_exchange_config {
    struct espota_loop *loop;
    struct espota_ports *ports;
    const struct espota_crypto *crypto;
    const struct espota_source *source;
    enum espota_command command;
    struct espota_address device; /* to invite */
    struct espota_address from;   /* where its connection comes from */
    enum espota_auth_method method;
    const char *password; /* borrowed until destroy; NULL: none yet */
    size_t password_length;
    uint32_t timeout_ms;
    uint64_t limit_rate; /* bytes a second; 0: no limit */

    struct espota_attempt_ears ears;
};

/* Starts the attempt: the first invitation leaves at once. */
enum espota_status espota_exchange_create(const struct espota_exchange_config *config,
                                          struct espota_attempt **out,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;

/* All that is known of an exchange; false if the attempt is none. */
bool espota_exchange_outcome(const struct espota_attempt *attempt, struct espota_outcome *out);

#endif
