/* SPDX-License-Identifier: MIT */
/*
 * Nobody looks at each piece: without memory the rest is dropped and `failed` is asked once, at the
 * end.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

void espota_builder_init(struct espota_builder *builder, char *out, size_t room)
{
    *builder = (struct espota_builder){.text = out, .room = room, .bounded = true};
    out[0] = '\0';
}

static void make_room(struct espota_builder *builder, size_t more)
{
    size_t wanted = builder->length + more + 1;
    size_t room = builder->room > 0 ? builder->room : 4096;
    char *text;

    if (builder->bounded || builder->failed || wanted <= builder->room)
        return;
    while (room < wanted)
        room *= 2;
    text = realloc(builder->text, room);
    if (text == NULL) {
        builder->failed = true;
        return;
    }
    builder->text = text;
    builder->room = room;
}

void espota_builder_add(struct espota_builder *builder, const char *format, ...)
{
    va_list args;
    va_list again;
    size_t left;
    int wanted;

    va_start(args, format);
    va_copy(again, args);
    wanted = vsnprintf(NULL, 0, format, args);
    if (wanted >= 0)
        make_room(builder, (size_t)wanted);
    if (wanted >= 0 && !builder->failed) {
        left = builder->room - builder->length; /* > 0: the terminator has its place */
        vsnprintf(builder->text + builder->length, left, format, again);
        builder->length += (size_t)wanted < left ? (size_t)wanted : left - 1;
    }
    va_end(again);
    va_end(args);
}

void espota_builder_add_escaped(struct espota_builder *builder, const char *text)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "&<>\"'");

        espota_builder_add(builder, "%.*s", (int)plain, text);
        text += plain;
        if (*text != '\0')
            espota_builder_add(builder, "&#%d;", *text++);
    }
}

void espota_builder_deinit(struct espota_builder *builder)
{
    free(builder->text);
    memset(builder, 0, sizeof(*builder));
}
