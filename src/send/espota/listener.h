/* SPDX-License-Identifier: MIT */
/*
 * The listening port of one address family, in generations (see ports.h): one is
 * current, older ones stay open while somebody waits on them.
 */
#ifndef ESPOTA_SEND_ESPOTA_LISTENER_H
#define ESPOTA_SEND_ESPOTA_LISTENER_H

#include <stdint.h>

#include "espota/error.h"
#include "espota/log.h"
#include "sys/sys.h"

struct espota_listener;

struct espota_listeners {
    struct espota_loop *loop;
    const struct espota_log *log;
    /*
     * A connection came. NULL: it was taken over. Otherwise why not, for the report; it is then
     * closed with a reset.
     */
    const char *(*take)(void *context, struct espota_listener *listener, int fd,
                        const struct espota_address *from);
    void *context;
    struct espota_address local;
    struct espota_listener *current;
    uint16_t told[16];      /* the newest ports, so that none is told again soon */
    uint64_t reports_since; /* reports of strangers are bounded: anyone can knock */
    unsigned reports, silent;
};

void espota_listeners_init(struct espota_listeners *listeners, struct espota_loop *loop,
                           const struct espota_log *log,
                           const char *(*take)(void *context, struct espota_listener *listener,
                                               int fd, const struct espota_address *from),
                           void *context);
/* Everybody must have released theirs. */
void espota_listeners_deinit(struct espota_listeners *listeners);

/* Opens the first generation on `local` (port 0: any, in every generation), if there is none. */
enum espota_status espota_listeners_open(struct espota_listeners *listeners,
                                         const struct espota_address *local,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;

/* One of a generation later than `beyond`, to be released. */
enum espota_status espota_listeners_take(struct espota_listeners *listeners, uint32_t beyond,
                                         struct espota_listener **out,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_listeners_release(struct espota_listener *listener);

uint32_t espota_listener_generation(const struct espota_listener *listener); /* from 1 on */
uint16_t espota_listener_port(const struct espota_listener *listener);

#endif
