/* SPDX-License-Identifier: MIT */
/*
 * What a web updater answers. The first byte chooses the kind, the second one the status; the rest
 * is the page.
 */
#include <string.h>

#include "fuzz.h"
#include "send/web/kinds.h"

static const struct espota_source source = {.length = 20000,
                                            .md5 = "d93b4c4b5dc0d4b8c7161813687a1e67"};

static void look_at_words(const struct espota_web_row *row, const char *body, size_t length)
{
    char words[ESPOTA_WEB_WORDS];
    size_t size;

    memset(words, 'x', sizeof(words));
    espota_web_words(row, body, length, words);
    size = strnlen(words, sizeof(words));
    FUZZ_CHECK(size < sizeof(words));
    for (size_t i = 0; i < size; i++) /* fit for a terminal */
        FUZZ_CHECK((unsigned char)words[i] >= 0x20 && words[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned statuses[] = {0, 200, 302, 400, 401, 404, 500, 503};
    const struct espota_web_answer *answer;
    const struct espota_web_row *row = &espota_web_raw_row;
    enum espota_status verdict;
    const char *body;
    unsigned http;

    if (size < 2)
        return 0;
    if (data[0] % 8 != 0)
        row = espota_web_row((enum espota_web_kind)(data[0] % 8));
    http = statuses[data[1] % 8];
    body = (const char *)data + 2;
    size -= 2;
    FUZZ_CHECK(row != NULL);
    verdict = espota_web_verdict(row, http, body, size, &source, &answer);
    FUZZ_CHECK(verdict == ESPOTA_OK || verdict == ESPOTA_E_AUTH || verdict == ESPOTA_E_REFUSED ||
               verdict == ESPOTA_E_UNKNOWN);
    /* nothing is a success that the row does not call one, and none without an answer */
    FUZZ_CHECK(verdict != ESPOTA_OK || (answer != NULL && http == 200));
    (void)espota_web_find_answer(row->pages, http, body, size, &source);
    (void)espota_web_recognize(body, size);
    look_at_words(row, body, size);
    return 0;
}
