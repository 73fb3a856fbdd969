/* SPDX-License-Identifier: MIT */
/* What the device's page for updates says, as ESP8266HTTPUpdateServer says it (PROTOCOL 5.5). */
#ifndef ESPOTA_STUB_CORE_WEB_PAGE_H
#define ESPOTA_STUB_CORE_WEB_PAGE_H

#include <stddef.h>

enum espota_web_page {
    ESPOTA_PAGE_FORM,
    ESPOTA_PAGE_SUCCESS,
    ESPOTA_PAGE_FAILURE, /* the words are the page */
    ESPOTA_PAGE_OPTIONS,
    ESPOTA_PAGE_UNAUTHORIZED,
    ESPOTA_PAGE_NOT_FOUND,
    ESPOTA_PAGE_BAD_REQUEST,
    ESPOTA_PAGE_LENGTH_REQUIRED,
    ESPOTA_PAGE_COUNT
};

/*
 * Writes the head of the answer, at most `room` bytes, and returns its length; *body is the page
 * or `words`, *body_length its length.
 */
size_t espota_web_page(enum espota_web_page page, const char *words, char *head, size_t room,
                       const char **body, size_t *body_length);

#endif
