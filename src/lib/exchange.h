/* SPDX-License-Identifier: MIT */
/*
 * One attempt at one device: the sender's engine, its place at the shared ports
 * and its connection. The image is written straight from the shared source.
 */
#ifndef ESPOTA_LIB_EXCHANGE_H
#define ESPOTA_LIB_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/sender.h"
#include "espota/upload.h"
#include "lib/outcome.h"
#include "lib/pacer.h"
#include "lib/ports.h"
#include "lib/source.h"

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

    /* None of these may destroy the exchange. */
    void *context;
    void (*event)(void *context, enum espota_event_kind kind); /* INVITED to PROGRESS */
    void (*asks)(void *context);                               /* it waits for a password */
    void (*over)(void *context);                               /* nothing more comes */
};

struct espota_exchange;

/* Starts the attempt: the first invitation leaves at once. */
enum espota_status espota_exchange_create(const struct espota_exchange_config *config,
                                          struct espota_exchange **out,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;
/* Closes what is open: with a reset unless all went well, so that nothing buffered arrives later.
 */
void espota_exchange_destroy(struct espota_exchange *exchange);

/* What `asks` asked for; NULL: there is none. Borrowed until destroy. */
void espota_exchange_password(struct espota_exchange *exchange, const char *password,
                              size_t length);

/* Ends it now, as interrupted. Harmless if it is over. */
void espota_exchange_stop(struct espota_exchange *exchange);

/* At any time; the final one after `over`. */
void espota_exchange_outcome(const struct espota_exchange *exchange, struct espota_outcome *out);

#endif
