/* SPDX-License-Identifier: MIT */
/* What a device's page says and means. All of it is somebody else's text. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "send/web/kinds.h"
#include "text/text.h"
#include "wire/wire.h"

/* Where `word` begins; NULL: it is not there. */
static const char *find(const char *body, size_t length, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= length; i++)
        if (memcmp(body + i, word, size) == 0)
            return body + i;
    return NULL;
}

bool espota_web_holds(const char *body, size_t length, const char *word)
{
    return find(body, length, word) != NULL;
}

bool espota_web_is(const char *body, size_t length, const char *word)
{
    while (length > 0 && isspace((unsigned char)body[length - 1]))
        length--;
    for (; length > 0 && isspace((unsigned char)*body); length--)
        body++;
    return length == strlen(word) && memcmp(body, word, length) == 0;
}

/* Adds what a placeholder stands for, if one begins here; its length, or 0. */
static size_t fill_one(struct espota_builder *to, const char *at,
                       const struct espota_source *source, bool filesystem)
{
    static const char size[] = "{size}";
    static const char md5[] = "{md5}";
    static const char mode[] = "{mode}";

    if (strncmp(at, size, sizeof(size) - 1) == 0) {
        espota_builder_add(to, "%u", (unsigned)source->length);
        return sizeof(size) - 1;
    }
    if (strncmp(at, md5, sizeof(md5) - 1) == 0) {
        espota_builder_add(to, "%s", source->md5);
        return sizeof(md5) - 1;
    }
    if (strncmp(at, mode, sizeof(mode) - 1) == 0) {
        espota_builder_add(to, "%s", filesystem ? "fs" : "fr");
        return sizeof(mode) - 1;
    }
    return 0;
}

bool espota_web_fill(const char *template, const struct espota_source *source, bool filesystem,
                     char *out, size_t room)
{
    struct espota_builder to;

    espota_builder_init(&to, out, room);
    while (*template != '\0') {
        size_t length = fill_one(&to, template, source, filesystem);

        if (length == 0)
            espota_builder_add(&to, "%c", *template);
        template += length > 0 ? length : 1;
    }
    return to.length + 1 < room; /* what fills it was cut, or might have been */
}

static bool fits(const struct espota_web_answer *answer, unsigned http, const char *body,
                 size_t length, const struct espota_source *source)
{
    char word[128];

    if (answer->http != 0 && answer->http != http)
        return false;
    if (answer->holds == NULL)
        return true;
    return espota_web_fill(answer->holds, source, false, word, sizeof(word)) &&
           (answer->alone ? espota_web_is : espota_web_holds)(body, length, word);
}

const struct espota_web_answer *espota_web_find_answer(const struct espota_web_answer *list,
                                                       unsigned http, const char *body,
                                                       size_t length,
                                                       const struct espota_source *source)
{
    for (; list != NULL && (list->http != 0 || list->holds != NULL); list++)
        if (fits(list, http, body, length, source))
            return list;
    return NULL;
}

/* Behind the end of what begins here and holds no text; the same place: nothing does. */
static size_t skip_unread(const char *body, size_t length, size_t at)
{
    static const char *const names[] = {"script", "style"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t size = strlen(names[i]);
        char end[16];
        const char *stop;

        if (length - at <= size || memcmp(body + at + 1, names[i], size) != 0) /* at < length */
            continue;
        snprintf(end, sizeof(end), "</%s", names[i]);
        stop = find(body + at, length - at, end);
        return stop != NULL ? (size_t)(stop - body) : length;
    }
    return at;
}

/* The text of a page: tags taken out, white space folded. */
static size_t strip_tags(const char *body, size_t length, char *out, size_t room)
{
    size_t used = 0;
    bool tag = false;
    bool space = false;

    for (size_t i = 0; i < length && used + 2 < room; i++) {
        char c = body[i];

        if (c == '<' || c == '>') {
            if (c == '<')
                i = skip_unread(body, length, i);
            tag = c == '<';
            space = true;
        } else if (!tag && isspace((unsigned char)c)) {
            space = true;
        } else if (!tag) {
            if (space && used > 0)
                out[used++] = ' ';
            space = false;
            out[used++] = c;
        }
    }
    return used;
}

void espota_web_words(const struct espota_web_row *row, const char *body, size_t length,
                      char words[ESPOTA_WEB_WORDS])
{
    char text[2 * ESPOTA_WEB_WORDS];
    const char *from = row->words_from != NULL ? find(body, length, row->words_from) : NULL;
    const char *until;

    if (from != NULL) {
        length -= (size_t)(from - body); /* from lies within */
        body = from;
        until = find(body, length, row->words_until);
        length = until != NULL ? (size_t)(until - body) : length;
    }
    espota_text_printable(text, strip_tags(body, length, text, sizeof(text)), words,
                          ESPOTA_WEB_WORDS);
}

enum espota_status espota_web_verdict(const struct espota_web_row *row, unsigned http,
                                      const char *body, size_t length,
                                      const struct espota_source *source,
                                      const struct espota_web_answer **answer)
{
    const struct espota_web_answer *found =
        espota_web_find_answer(row->verdicts, http, body, length, source);

    if (answer != NULL)
        *answer = found;
    if (found != NULL)
        return found->status == ESPOTA_MORE ? ESPOTA_E_AUTH : found->status;
    if (http == 401 || http == 403)
        return ESPOTA_E_AUTH;
    return http >= 300 ? ESPOTA_E_REFUSED : ESPOTA_E_UNKNOWN;
}
