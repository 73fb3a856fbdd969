/* SPDX-License-Identifier: MIT */
#include "text/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct espota_page *page, size_t more)
{
    size_t wanted = page->length + more + 1;
    size_t room = page->room > 0 ? page->room : 4096;
    char *text;

    if (wanted <= page->room)
        return true;
    while (room < wanted)
        room *= 2;
    text = page->failed ? NULL : realloc(page->text, room);
    if (text == NULL) {
        page->failed = true;
        return false;
    }
    page->text = text;
    page->room = room;
    return true;
}

void espota_page_add(struct espota_page *page, const char *format, ...)
{
    va_list args;
    va_list again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length >= 0 && make_room(page, (size_t)length)) {
        vsnprintf(page->text + page->length, (size_t)length + 1, format, again);
        page->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

void espota_page_add_escaped(struct espota_page *page, const char *text)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "&<>\"'");

        espota_page_add(page, "%.*s", (int)plain, text);
        text += plain;
        if (*text != '\0')
            espota_page_add(page, "&#%d;", *text++);
    }
}

void espota_page_deinit(struct espota_page *page)
{
    free(page->text);
    memset(page, 0, sizeof(*page));
}
