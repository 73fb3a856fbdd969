/* SPDX-License-Identifier: MIT */
/*
 * What became of one attempt, in facts; and what is made of them: the sentence
 * for people, and whether another attempt could help. Pure.
 */
#ifndef ESPOTA_SEND_OUTCOME_H
#define ESPOTA_SEND_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "send/espota/sender.h"
#include "sys/sys.h"

/* What a TCP connection to the port of a device came to that did not answer an invitation. */
enum espota_knock {
    ESPOTA_KNOCK_NONE, /* nobody tried */
    ESPOTA_KNOCK_SILENT,
    ESPOTA_KNOCK_REFUSED, /* the host is up */
    ESPOTA_KNOCK_OPEN,    /* something listens there by TCP */
};

enum espota_road {
    ESPOTA_ROAD_CALLBACK, /* invited, and it calls back */
    ESPOTA_ROAD_WEB,
    ESPOTA_ROAD_WAIT, /* after one of them: for the device to come back */
};

struct espota_outcome {
    enum espota_status status;
    enum espota_road road;
    enum espota_sender_phase phase; /* the last one before it was over */
    enum espota_command command;
    enum espota_auth_method method;
    enum espota_password_form form;
    struct espota_address device; /* invited */
    struct espota_address caller; /* connected from here; family 0: it did not */
    uint16_t host_port;           /* what the device was told */
    uint32_t timeout_ms;
    uint32_t total, sent, acked;
    bool odd_flash_mode; /* of the image: see source.h */
    unsigned invitations;
    size_t challenge; /* digits of the newest one; 0: none came */
    bool had_password;
    bool empty_password; /* it had one of no length, which stands for none with espota.py */
    bool ended;          /* the device ended the stream */
    int os_error;        /* of the socket; 0: none */
    bool has_unreachable;
    enum espota_unreachable unreachable;
    struct espota_address teller;
    enum espota_knock knock;
    struct espota_address stranger; /* connected meanwhile, invited by nobody; family 0: none */
    bool named;                     /* the user did not write the device's address: it is news */
    unsigned http;                  /* the status that a web updater answered; 0: it did not */
    char user[64];                  /* whose password it was, for a web updater */
    char reason[256];               /* of this machine or of the connection, in its own words */
    uint64_t waited_ms;             /* for the device to come back */
    size_t words_length;
    uint8_t words[ESPOTA_WORDS_MAX]; /* the device's, raw; a web updater's without its tags */
};

/*
 * One or two sentences: what failed, on what, what to do. What the device said is escaped.
 * Terminated; cut where it does not fit. For E_NO_CALLBACK diagnose.h has more to say.
 */
void espota_outcome_text(const struct espota_outcome *outcome, char *out, size_t room);

/*
 * Whether another attempt may go otherwise and can do no harm: never once the last byte has left,
 * never after a refusal that will be the same again.
 */
bool espota_outcome_again(const struct espota_outcome *outcome);

#endif
