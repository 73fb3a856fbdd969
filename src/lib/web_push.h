/* SPDX-License-Identifier: MIT */
/*
 * One attempt at one device's web updater: ask for the page first, so that a
 * wrong password costs no upload, then send the image and read the verdict in
 * the page's own words.
 */
#ifndef ESPOTA_LIB_WEB_PUSH_H
#define ESPOTA_LIB_WEB_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "espota/upload.h"
#include "lib/fetch.h"
#include "lib/source.h"

struct espota_web_push_config {
    struct espota_loop *loop;
    struct espota_fetcher *fetcher;
    const struct espota_source *source;
    const struct espota_url *url; /* borrowed, as all here */
    struct espota_address address;
    bool filesystem;
    const char *user;     /* NULL: the device's usual one */
    const char *password; /* NULL: none yet */
    const char *ca_file;
    bool insecure;
    uint32_t timeout_ms;
    uint64_t limit_rate;

    /* None of these may destroy the attempt. */
    void *context;
    void (*event)(void *context, enum espota_event_kind kind); /* AUTH, CONNECTED, PROGRESS */
    void (*asks)(void *context);                               /* it waits for a password */
    void (*over)(void *context);                               /* nothing more comes */
};

struct espota_web_push;

enum espota_status espota_web_push_create(const struct espota_web_push_config *config,
                                          struct espota_web_push **out,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_web_push_destroy(struct espota_web_push *push);

/* What `asks` asked for; NULL: there is none. Borrowed until destroy. */
void espota_web_push_password(struct espota_web_push *push, const char *password);
/* Ends it now, as interrupted. Harmless if it is over. */
void espota_web_push_stop(struct espota_web_push *push);

struct espota_web_push_report {
    enum espota_status status; /* after `over` */
    bool again;                /* another attempt may go otherwise and can do no harm */
    uint32_t acked;
    const char *scheme; /* "basic" or "digest"; NULL: open */
    char message[512];  /* what failed, on what, what to do; fit to be shown */
};

void espota_web_push_report(const struct espota_web_push *push, struct espota_web_push_report *out);

#endif
