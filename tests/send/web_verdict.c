/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "send/attempt.h"

START_TEST(test_verdicts)
{
    static const struct {
        bool raw;
        unsigned http;
        const char *body;
        enum espota_status status;
        const char *words;
    } rows[] = {
        {false, 200,
         "<META http-equiv=\"refresh\" content=\"15;URL=/\">Update Success! Rebooting...",
         ESPOTA_OK, "Update Success! Rebooting..."},
        {false, 200, "Update Successful!", ESPOTA_OK, "Update Successful!"},
        {false, 200, "Update error: ERROR[4]: Not Enough Space\n", ESPOTA_E_REFUSED,
         "Update error: ERROR[4]: Not Enough Space"},
        {false, 200, "Update error: Wrong origin received!", ESPOTA_E_REFUSED,
         "Update error: Wrong origin received!"},
        {false, 200, "Update Failed!", ESPOTA_E_REFUSED, "Update Failed!"},
        {false, 200, "<p>Update Success</p> no: Update Failed: ERROR[7]", ESPOTA_E_REFUSED,
         "Update Success no: Update Failed: ERROR[7]"},
        {false, 500, "Update Success", ESPOTA_E_REFUSED, "Update Success"},
        {false, 200, "<html><body>hello</body></html>", ESPOTA_E_UNKNOWN, "hello"},
        {false, 200, "", ESPOTA_E_UNKNOWN, ""},
        {false, 404, "Not found: /update", ESPOTA_E_REFUSED, "Not found: /update"},
        {false, 302, "", ESPOTA_E_REFUSED, ""},
        {false, 401, "", ESPOTA_E_AUTH, ""},
        {false, 200, "\x1b[2J", ESPOTA_E_UNKNOWN, "\\x1b[2J"},
        {true, 200, "OK", ESPOTA_OK, "OK"},
        {true, 401, "Unauthorized", ESPOTA_E_AUTH, "Unauthorized"},
        {true, 413, "Payload Too Large", ESPOTA_E_REFUSED, "Payload Too Large"},
        {true, 414, "Payload size wrong", ESPOTA_E_REFUSED, "Payload size wrong"},
        {true, 500, "Internal Server Error", ESPOTA_E_REFUSED, "Internal Server Error"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char words[ESPOTA_WEB_WORDS];
        struct guarded g = guarded_copy(rows[i].body, strlen(rows[i].body));

        ck_assert_msg(espota_web_verdict(rows[i].raw, rows[i].http, (const char *)g.bytes,
                                         strlen(rows[i].body), words) == rows[i].status,
                      "%s", rows[i].body);
        ck_assert_str_eq(words, rows[i].words);
        guarded_free(&g);
    }
}
END_TEST

START_TEST(test_a_page_that_never_ends_is_cut)
{
    char body[4096];
    char words[ESPOTA_WEB_WORDS];

    memset(body, 'x', sizeof(body));
    ck_assert_int_eq(espota_web_verdict(false, 200, body, sizeof(body), words), ESPOTA_E_UNKNOWN);
    ck_assert_uint_lt(strlen(words), sizeof(words));
    ck_assert_str_eq(words + strlen(words) - 3, "...");
}
END_TEST

START_TEST(test_paths)
{
    ck_assert(espota_web_path_is_raw("/sketch"));
    ck_assert(espota_web_path_is_raw("/data"));
    ck_assert(!espota_web_path_is_raw("/update"));
    ck_assert(!espota_web_path_is_raw("/sketch/x"));
}
END_TEST

UNIT_MAIN("send/web_verdict", test_verdicts, test_a_page_that_never_ends_is_cut, test_paths)
