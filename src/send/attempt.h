/* SPDX-License-Identifier: MIT */
/*
 * One attempt at one target, whatever the road: an exchange with a device that
 * calls back, or a push to its web updater. The fleet knows no more than this.
 */
#ifndef ESPOTA_SEND_ATTEMPT_H
#define ESPOTA_SEND_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/upload.h"
#include "sys/sys.h"

/* What an attempt tells the one who began it. None of these may destroy the attempt. */
struct espota_attempt_ears {
    void *context;
    void (*event)(void *context, enum espota_event_kind kind); /* INVITED to PROGRESS */
    void (*asks)(void *context);                               /* it waits for a password */
    void (*over)(void *context);                               /* nothing more comes */
};

struct espota_attempt_report {
    enum espota_status status; /* after `over` */
    bool again;                /* another attempt may go otherwise and can do no harm */
    int os_error;              /* of a socket; 0: none */
    uint32_t acked;            /* bytes that the device's TCP has */
    bool begun;                /* some of the image has left */
    bool complete;             /* all of it has: the device may have it */
    struct espota_address device;
    struct espota_address caller; /* family 0: not connected yet */
    const char *scheme;           /* how the device wants a password; NULL: it has not asked */
    char message[2048];           /* what failed, on what, what to do; fit to be shown */
};

struct espota_attempt;

struct espota_attempt_kind {
    /* Closes what is open; harmless to the device unless all went well. */
    void (*destroy)(struct espota_attempt *attempt);
    /* What `asks` asked for, terminated; NULL: there is none. Borrowed until destroy. */
    void (*password)(struct espota_attempt *attempt, const char *password, size_t length);
    /* Ends it now, as interrupted. Harmless if it is over. */
    void (*stop)(struct espota_attempt *attempt);
    /* At any time; the final one after `over`. */
    void (*report)(const struct espota_attempt *attempt, struct espota_attempt_report *out);
};

/* The first member of each kind's own struct. */
struct espota_attempt {
    const struct espota_attempt_kind *kind;
};

#endif
