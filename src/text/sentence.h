/* SPDX-License-Identifier: MIT */
/* Text that is put together piece by piece in bounded room. */
#ifndef ESPOTA_TEXT_SENTENCE_H
#define ESPOTA_TEXT_SENTENCE_H

#include <stddef.h>

#include "espota/status.h"

struct espota_sentence {
    char *out;
    size_t room, used;
};

/* `room` at least 1; the text is terminated from here on. */
void espota_sentence_init(struct espota_sentence *sentence, char *out, size_t room);
/* What does not fit is cut. */
void espota_sentence_add(struct espota_sentence *sentence, const char *format, ...)
    ESPOTA_PRINTF(2, 3);

#endif
