/* SPDX-License-Identifier: MIT */
/* A device that asks a server for its update, once (core/pull_client). */
#ifndef ESPOTA_POSIX_PULL_H
#define ESPOTA_POSIX_PULL_H

#include "core/core.h"
#include "port/posix/node.h"

/* Which client of the RTOS SDK is played: the program that runs, and so which slot is written. */
enum stub_slot { STUB_SLOT_NONE, STUB_SLOT_USER1, STUB_SLOT_USER2 };

struct stub_pull_options {
    const char *url; /* NULL: none */
    const char *version;
    enum espota_pull_mode mode;
    enum stub_slot running; /* STUB_SLOT_NONE: an Arduino device */
};

/*
 * Asks on behalf of `node`, which has booted and does not listen; tells what comes of it, and
 * restarts the node after an update. OK: updated, nothing new, or the version is known. Otherwise
 * the message has the device's words: E_NO_ANSWER, E_AUTH, E_REFUSED (the server's no), E_BROKEN,
 * E_IMAGE, E_INTERRUPTED.
 */
enum espota_status stub_pull(struct stub_node *node, const struct stub_pull_options *options,
                             struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
