/* SPDX-License-Identifier: MIT */
#include "text/text.h"

#include <stdarg.h>
#include <stdio.h>

void espota_sentence_init(struct espota_sentence *sentence, char *out, size_t room)
{
    sentence->out = out;
    sentence->room = room;
    sentence->used = 0;
    out[0] = '\0';
}

void espota_sentence_add(struct espota_sentence *sentence, const char *format, ...)
{
    size_t left = sentence->room - sentence->used; /* used < room: the terminator always fits */
    va_list args;
    int wanted;

    va_start(args, format);
    wanted = vsnprintf(sentence->out + sentence->used, left, format, args);
    va_end(args);
    if (wanted > 0)
        sentence->used += (size_t)wanted < left ? (size_t)wanted : left - 1;
}
