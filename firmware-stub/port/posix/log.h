/* SPDX-License-Identifier: MIT */
/* What the stub tells: lines for a person on standard error, or JSON events on standard output. */
#ifndef ESPOTA_POSIX_LOG_H
#define ESPOTA_POSIX_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"
#include "port/posix/boot.h"
#include "port/posix/options.h"
#include "sys/sys.h"

enum { STUB_HOSTNAME_ROOM = 80 };

/* Of whom something is told. */
struct stub_who {
    const struct stub_options *options;
    uint32_t device; /* from 0 */
    char hostname[STUB_HOSTNAME_ROOM];
    struct espota_address address; /* where it listens */
    struct espota_address web;     /* where its page for updates is; family 0: it has none */
};

/* All listen: `who` is the first of `count`. */
void stub_log_ready(const struct stub_who *who, uint32_t count);

/*
 * What the receiver's hook gets. `peer` is the host, `chip` the flash, whose problem is told where
 * it was the reason.
 */
void stub_log_event(const struct stub_who *who, const struct espota_receiver_event *event,
                    const struct espota_address *peer, const struct stub_chip *chip);

/*
 * What came of a request for an update. `message` is the client's error, printable; `slot` what
 * would be started now, NULL: no device with slots.
 */
void stub_log_pull(const struct stub_who *who, const struct espota_pull_client *client,
                   const char *message, const char *slot);

void stub_log_boot(const struct stub_who *who, const struct stub_boot *boot);

/* A detail, as a device prints on its serial line. */
void stub_log_serial(const struct stub_who *who, const char *line);

#endif
