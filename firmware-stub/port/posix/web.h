/* SPDX-License-Identifier: MIT */
/* The device's page for updates (core/web_updater) on sockets of this process. */
#ifndef ESPOTA_POSIX_WEB_H
#define ESPOTA_POSIX_WEB_H

#include <stdbool.h>

#include "core/core.h"
#include "port/posix/link.h"

/* The caller's memory; its content is this module's. */
struct stub_web {
    struct espota_loop *loop;
    struct stub_link link;        /* to the client */
    struct espota_watch listener; /* fd -1: silent */
    struct espota_timer timer;
    const struct espota_web_config *config;
    struct espota_web_updater engine;
    uint8_t family;
    bool connected;
    bool full; /* a connection waits and this process has no descriptor for it */

    void *context; /* for the two below */
    void (*updated)(void *context);
    void (*failed)(void *context, const struct espota_error *error);
};

/* Everything is borrowed. `updated`: restart the device, which may silence this one. */
void stub_web_init(struct stub_web *web, struct espota_loop *loop,
                   const struct stub_link_shape *shape, const struct espota_web_config *config);
void stub_web_deinit(struct stub_web *web);

/* Listens; with port 0 *address says which one it got. */
enum espota_status stub_web_listen(struct stub_web *web, struct espota_address *address,
                                   struct espota_error *err) ESPOTA_MUST_CHECK;
/* Undoes it: what runs is given up, only last words still leave. */
void stub_web_silence(struct stub_web *web);

/* An update is under way. */
bool stub_web_busy(const struct stub_web *web);
/* The connection is closed, and words of the device are still to leave. */
bool stub_web_speaks(const struct stub_web *web);

#endif
