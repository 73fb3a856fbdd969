/* SPDX-License-Identifier: MIT */
/*
 * A device: the receiver of the core on a port's functions. Portable; a port
 * fills the tables, calls init once and pump from its main loop. See README.md
 * and port/template.
 */
#ifndef ESPOTA_FIRMWARE_DEVICE_H
#define ESPOTA_FIRMWARE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "espota/status.h"

/*
 * The port. Nothing here may block: what cannot be done now returns
 * ESPOTA_MORE, and pump asks again. The remaining tables (flash, digests and
 * random bytes, signature verifier, boot memory, event) hang on the
 * receiver's configuration.
 */
struct espota_pump_ops {
    void *context; /* handed to every function */

    /* Never NULL. The next datagram, cut to `room`, and its source. MORE: none waits. */
    enum espota_status (*udp_receive)(void *context, void *data, size_t room, size_t *length,
                                      struct espota_peer *from) ESPOTA_MUST_CHECK;
    /* Never NULL. From the same port that receives. MORE: no room now; a failure counts as a
     * datagram that was lost. */
    enum espota_status (*udp_send)(void *context, const void *data, size_t length,
                                   const struct espota_peer *to) ESPOTA_MUST_CHECK;

    /*
     * Never NULL. Asked again until it does not return MORE: the first call
     * starts to connect to `to`, OK: connected, anything else: it failed and
     * nothing is left to close. At most one connection exists at a time; small
     * writes should leave at once (TCP_NODELAY).
     */
    enum espota_status (*tcp_connect)(void *context,
                                      const struct espota_peer *to) ESPOTA_MUST_CHECK;
    /* Never NULL. OK with *length 0: the host has closed. MORE: nothing there. */
    enum espota_status (*tcp_receive)(void *context, void *data, size_t room,
                                      size_t *length) ESPOTA_MUST_CHECK;
    /* Never NULL. OK: *sent bytes, at least one, were taken. MORE: no room now. */
    enum espota_status (*tcp_send)(void *context, const void *data, size_t length,
                                   size_t *sent) ESPOTA_MUST_CHECK;
    /* Never NULL. What was sent still arrives. Called after every tcp_connect that began, unless
     * that failed. */
    void (*tcp_close)(void *context);

    /* Never NULL. Milliseconds that never run backwards. */
    uint64_t (*now)(void *context);
    /* NULL: the device goes on without a restart, ready for the next update. May return. */
    void (*reboot)(void *context);
    /* NULL: silent. One line for a serial console, without its end. */
    void (*log)(void *context, const char *line);
};

/* The caller's memory; its content is the device's. */
struct espota_pump {
    const struct espota_pump_ops *ops;
    struct espota_receiver receiver;
    bool connecting;
    bool connected;
};

enum { ESPOTA_PUMP_FOREVER = -1 };

/* Both tables are borrowed for as long as the device lives. */
void espota_pump_init(struct espota_pump *device, const struct espota_pump_ops *ops,
                      const struct espota_receiver_config *config);
/* Closes what is open, gives up what runs, wipes. */
void espota_pump_deinit(struct espota_pump *device);

/*
 * Does what can be done without waiting: at most a few datagrams and two
 * sectors of the stream a call. Returns the milliseconds after which it must be
 * called again even if the network stays silent: 0 if there is more to do now,
 * ESPOTA_PUMP_FOREVER if only the network can bring something.
 */
int32_t espota_pump_run(struct espota_pump *device);

/* What the next call would wait for, as enum espota_want: for ports that watch descriptors. */
unsigned espota_pump_want(const struct espota_pump *device);

#endif
