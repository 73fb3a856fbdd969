/* SPDX-License-Identifier: MIT */
/*
 * What a device says on the connection: counts of bytes without a separator, and
 * somewhere among them its verdict: "OK", or an error in its own words. Fed byte
 * by byte; how the stream is cut makes no difference.
 */
#ifndef ESPOTA_SEND_ESPOTA_VERDICT_H
#define ESPOTA_SEND_ESPOTA_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ESPOTA_WORDS_MAX = 256 };

enum espota_verdict_state {
    ESPOTA_VERDICT_NONE,  /* counts and white space so far, and perhaps the O of an OK */
    ESPOTA_VERDICT_OK,    /* the word OK stood there */
    ESPOTA_VERDICT_WORDS, /* something else began: the device complains */
    ESPOTA_VERDICT_SAID,  /* its line has ended, or no more of it fits */
};

/* The caller's memory; starts as zeros. */
struct espota_verdict {
    enum espota_verdict_state state;
    bool saw_o;                      /* the last byte was the O of a possible OK */
    size_t length;                   /* of words */
    uint8_t words[ESPOTA_WORDS_MAX]; /* raw and hostile */
};

/* One more byte of the stream. OK and SAID are final: what follows is ignored. */
enum espota_verdict_state espota_verdict_take(struct espota_verdict *verdict, uint8_t byte);

/* Adds to the words, as much as fits, without reading them. */
void espota_verdict_say(struct espota_verdict *verdict, const void *words, size_t length);

#endif
