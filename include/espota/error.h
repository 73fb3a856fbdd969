/* SPDX-License-Identifier: MIT */
/*
 * What travels beside a status in hosted code: one message that says what
 * failed, on what, and what to do about it. No message ever holds a secret.
 */
#ifndef ESPOTA_ERROR_H
#define ESPOTA_ERROR_H

#include "espota/status.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct espota_error {
    enum espota_status status;
    char message[1024]; /* cut with "..." when longer; always terminated */
};

#define ESPOTA_ERROR_INIT                                                                          \
    {                                                                                              \
        ESPOTA_OK, ""                                                                              \
    }

/*
 * Sets the error and returns `status`, so that a caller can write
 * `return espota_error_set(err, ESPOTA_E_LOCAL, "...")`. `err` may be NULL.
 */
enum espota_status espota_error_set(struct espota_error *err, enum espota_status status,
                                    const char *format, ...) ESPOTA_PRINTF(3, 4);

/* The same, with ": " and the text of `os_errno` behind the message. */
enum espota_status espota_error_errno(struct espota_error *err, enum espota_status status,
                                      int os_errno, const char *format, ...) ESPOTA_PRINTF(4, 5);

/* Puts context and ": " in front of the message: each layer does so once at the most. */
enum espota_status espota_error_prefix(struct espota_error *err, const char *format, ...)
    ESPOTA_PRINTF(2, 3);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
