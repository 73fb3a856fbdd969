/* SPDX-License-Identifier: MIT */
/*
 * One attempt at one device's web updater: ask for the page first, so that a
 * wrong password costs no upload, then send the image and read the verdict in
 * the page's own words.
 */
#ifndef ESPOTA_SEND_WEB_PUSH_H
#define ESPOTA_SEND_WEB_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "http/http.h"
#include "send/attempt.h"
#include "send/source.h"

struct espota_web_push_config {
    struct espota_loop *loop;
    struct espota_http_client *client;
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

    struct espota_attempt_ears ears; /* AUTH, CONNECTED and PROGRESS are told */
};

enum espota_status espota_web_push_create(const struct espota_web_push_config *config,
                                          struct espota_attempt **out,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
