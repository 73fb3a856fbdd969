/* SPDX-License-Identifier: MIT */
/*
 * What a device's web updater means by its answer (PROTOCOL 1.8, 3.1, 4.2, 5.5):
 * by the words of the page, never by the status alone. Pure.
 */
#ifndef ESPOTA_SEND_WEB_VERDICT_H
#define ESPOTA_SEND_WEB_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "espota/status.h"

enum { ESPOTA_WEB_WORDS = 256 };

/*
 * `raw`: the answer to a POST of bytes (JAndrassy's library), else to a form. OK, E_AUTH,
 * E_REFUSED, or E_UNKNOWN for an answer that says neither. `words` gets what the device said,
 * without tags, fit to be shown.
 */
enum espota_status espota_web_verdict(bool raw, unsigned http, const char *body, size_t length,
                                      char words[ESPOTA_WEB_WORDS]);

#endif
