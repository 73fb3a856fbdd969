/* SPDX-License-Identifier: MIT */
#include "send/attempt.h"

#include <ctype.h>
#include <string.h>

bool espota_web_path_is_raw(const char *path)
{
    return strcmp(path, "/sketch") == 0 || strcmp(path, "/data") == 0;
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

static bool holds(const char *body, size_t length, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= length; i++)
        if (memcmp(body + i, word, size) == 0)
            return true;
    return false;
}

static enum espota_status form_verdict(unsigned http, const char *body, size_t length)
{
    static const char *const failures[] = {"Update error", "Update Error", "Update Failed",
                                           "Update failed", "ERROR["};

    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
        if (holds(body, length, failures[i]))
            return ESPOTA_E_REFUSED;
    if (http == 200 && holds(body, length, "Update Success"))
        return ESPOTA_OK;
    return http >= 300 ? ESPOTA_E_REFUSED : ESPOTA_E_UNKNOWN;
}

enum espota_status espota_web_verdict(bool raw, unsigned http, const char *body, size_t length,
                                      char words[ESPOTA_WEB_WORDS])
{
    char text[2 * ESPOTA_WEB_WORDS];

    espota_text_printable(text, strip_tags(body, length, text, sizeof(text)), words,
                          ESPOTA_WEB_WORDS);
    if (http == 401 || http == 403)
        return ESPOTA_E_AUTH;
    if (raw)
        return http == 200 ? ESPOTA_OK : http >= 300 ? ESPOTA_E_REFUSED : ESPOTA_E_UNKNOWN;
    return form_verdict(http, body, length);
}
