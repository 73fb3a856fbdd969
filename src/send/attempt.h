/* SPDX-License-Identifier: MIT */
/*
 * One attempt at one target, whatever the road: an exchange with a device that calls back, a push
 * to its web updater, or what follows them. Events come filled, one outcome comes at the end; the
 * fleet never looks behind it and never asks back.
 */
#ifndef ESPOTA_SEND_ATTEMPT_H
#define ESPOTA_SEND_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/upload.h"
#include "http/http.h"
#include "send/espota/ports.h"
#include "send/outcome.h"
#include "send/source.h"
#include "sys/sys.h"

struct espota_attempt_event {
    enum espota_event_kind kind;   /* INVITED to PROGRESS */
    uint32_t acked;                /* bytes that the device's TCP has */
    struct espota_address address; /* INVITED, CONNECTED: the device's */
    const char *scheme;            /* AUTH: how the device wants its password */
};

/* What an attempt tells the one who began it. None of these may destroy the attempt. */
struct espota_attempt_hooks {
    void *context;
    void (*event)(void *context, const struct espota_attempt_event *event);
    void (*asks)(void *context); /* it waits for a password */
    /* Nothing more comes. The outcome is borrowed until the attempt is destroyed. */
    void (*over)(void *context, const struct espota_outcome *outcome);
};

/* All pointers are borrowed until destroy. */
struct espota_attempt_config {
    struct espota_loop *loop;
    struct espota_ports *ports;
    struct espota_http_client *client; /* for a web updater; else it may be NULL */
    const struct espota_crypto *crypto;
    const struct espota_source *source;
    const struct espota_url *url; /* of a web updater; NULL: a device that calls back */
    enum espota_command command;
    struct espota_address device; /* to invite, or that of the URL's host */
    struct espota_address from;   /* where its connection comes from */
    bool named;                   /* the user did not write the device's address: it is news */
    uint64_t since;               /* a stranger that connected after this may be the device */
    enum espota_upload_auth auth;
    const char *user;     /* of a web updater; NULL: the device's usual one */
    const char *password; /* NULL: none yet */
    size_t password_length;
    const char *ca_file;
    bool insecure;
    uint32_t timeout_ms;
    uint32_t wait_ms;    /* for the device to come back; 0: it is not waited for */
    uint64_t limit_rate; /* bytes a second; 0: no limit */
    struct espota_attempt_hooks hooks;
};

struct espota_attempt;

/* Starts an attempt by the target's road. */
enum espota_status espota_attempt_begin(const struct espota_attempt_config *config,
                                        struct espota_attempt **out,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
/* The device has said OK: does it come back with what it was sent? See online.h. */
enum espota_status espota_attempt_begin_wait(const struct espota_attempt_config *config,
                                             struct espota_attempt **out,
                                             struct espota_error *err) ESPOTA_MUST_CHECK;
/* Whether a knock could tell more of this outcome: is anything there at all? */
bool espota_attempt_knock_helps(const struct espota_outcome *outcome);
/* One TCP connection to the device's port; its outcome is that one, and what the knock came to. */
enum espota_status espota_attempt_begin_knock(const struct espota_attempt_config *config,
                                              const struct espota_outcome *outcome,
                                              struct espota_attempt **out,
                                              struct espota_error *err) ESPOTA_MUST_CHECK;

/* What `asks` asked for, terminated; NULL: there is none. Borrowed until destroy. */
void espota_attempt_password(struct espota_attempt *attempt, const char *password, size_t length);
/* Ends it now, as interrupted. Harmless if it is over. */
void espota_attempt_stop(struct espota_attempt *attempt);
/* Closes what is open; harmless to the device unless all went well. NULL is fine. */
void espota_attempt_destroy(struct espota_attempt *attempt);

#endif
