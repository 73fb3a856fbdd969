/* SPDX-License-Identifier: MIT */
/* Which road leads to a device, and nothing else: each knows its own way and its own words. */
#include "send/send.h"

#include "send/road.h"

enum espota_status espota_attempt_begin(const struct espota_attempt_config *config,
                                        struct espota_attempt **out, struct espota_error *err)
{
    return config->url != NULL ? espota_web_push_create(config, out, err)
                               : espota_exchange_create(config, out, err);
}

enum espota_status espota_attempt_begin_wait(const struct espota_attempt_config *config,
                                             struct espota_attempt **out, struct espota_error *err)
{
    return espota_online_create(config, out, err);
}

void espota_attempt_password(struct espota_attempt *attempt, const char *password, size_t length)
{
    if (attempt->kind->password != NULL) /* else it never asks */
        attempt->kind->password(attempt, password, length);
}

void espota_attempt_stop(struct espota_attempt *attempt)
{
    attempt->kind->stop(attempt);
}

void espota_attempt_destroy(struct espota_attempt *attempt)
{
    if (attempt != NULL)
        attempt->kind->destroy(attempt);
}
