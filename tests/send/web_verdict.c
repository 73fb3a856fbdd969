/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "send/web/kinds.h"

static const struct espota_source source = {.length = 20000,
                                            .md5 = "d93b4c4b5dc0d4b8c7161813687a1e67"};

enum { RAW = -1 };

#define TASMOTA(word, rest)                                                                        \
    "<script>setTimeout(u,1);</script><style>b{}</style><h3>lamp</h3><b>Upload <font "             \
    "color='#47c266'>" word "</font></b><br>" rest "</div><br><form action='.'><button>Menu"

static const struct espota_web_row *row_of(int kind)
{
    return kind == RAW ? &espota_web_raw_row : espota_web_row((enum espota_web_kind)kind);
}

START_TEST(test_verdicts)
{
    static const struct {
        int kind;
        unsigned http;
        const char *body;
        enum espota_status status;
        const char *words;
    } rows[] = {
        {ESPOTA_WEB_ARDUINO, 200,
         "<META http-equiv=\"refresh\" content=\"15;URL=/\">Update Success! Rebooting...",
         ESPOTA_OK, "Update Success! Rebooting..."},
        {ESPOTA_WEB_ARDUINO, 200, "Update Successful!", ESPOTA_OK, "Update Successful!"},
        {ESPOTA_WEB_ARDUINO, 200, "Update error: ERROR[4]: Not Enough Space\n", ESPOTA_E_REFUSED,
         "Update error: ERROR[4]: Not Enough Space"},
        {ESPOTA_WEB_ARDUINO, 200, "Update error: Wrong origin received!", ESPOTA_E_REFUSED,
         "Update error: Wrong origin received!"},
        {ESPOTA_WEB_ARDUINO, 200, "Update Failed!", ESPOTA_E_REFUSED, "Update Failed!"},
        {ESPOTA_WEB_ARDUINO, 200, "<p>Update Success</p> no: Update Failed: ERROR[7]",
         ESPOTA_E_REFUSED, "Update Success no: Update Failed: ERROR[7]"},
        {ESPOTA_WEB_ARDUINO, 500, "Update Success", ESPOTA_E_REFUSED, "Update Success"},
        {ESPOTA_WEB_ARDUINO, 200, "<html><body>hello</body></html>", ESPOTA_E_UNKNOWN, "hello"},
        {ESPOTA_WEB_ARDUINO, 200, "", ESPOTA_E_UNKNOWN, ""},
        {ESPOTA_WEB_ARDUINO, 404, "Not found: /update", ESPOTA_E_REFUSED, "Not found: /update"},
        {ESPOTA_WEB_ARDUINO, 302, "", ESPOTA_E_REFUSED, ""},
        {ESPOTA_WEB_ARDUINO, 401, "", ESPOTA_E_AUTH, ""},
        {ESPOTA_WEB_ARDUINO, 200, "\x1b[2J", ESPOTA_E_UNKNOWN, "\\x1b[2J"},
        {ESPOTA_WEB_ARDUINO, 200, "<style>b{}</style>Update Success<script>1<2</script>", ESPOTA_OK,
         "Update Success"},
        {ESPOTA_WEB_ESPHOME, 200, "Update Successful!", ESPOTA_OK, "Update Successful!"},
        {ESPOTA_WEB_ESPHOME, 200, "Update Failed!", ESPOTA_E_REFUSED, "Update Failed!"},
        {ESPOTA_WEB_ESPHOME, 404, "Not Found", ESPOTA_E_REFUSED, "Not Found"},
        {ESPOTA_WEB_ELEGANTOTA, 200, "OK", ESPOTA_OK, "OK"},
        {ESPOTA_WEB_ELEGANTOTA, 400, "MD5 Check Failed\n", ESPOTA_E_REFUSED, "MD5 Check Failed"},
        {ESPOTA_WEB_ELEGANTOTA, 400, "", ESPOTA_E_REFUSED, ""},
        {ESPOTA_WEB_ELEGANTOTA, 200, "", ESPOTA_E_UNKNOWN, ""},
        {ESPOTA_WEB_ELEGANTOTA, 200, " OK\n", ESPOTA_OK, "OK"},
        {ESPOTA_WEB_ELEGANTOTA, 200, "<p>OK: the page of something else</p>", ESPOTA_E_UNKNOWN,
         "OK: the page of something else"},
        {ESPOTA_WEB_TASMOTA, 200, TASMOTA("Successful", "<br><div>Device will restart</div><br>"),
         ESPOTA_OK, "Successful Device will restart"},
        {ESPOTA_WEB_TASMOTA, 200, TASMOTA("Mislukt", "<br>Niet genoeg ruimte"), ESPOTA_E_REFUSED,
         "Mislukt Niet genoeg ruimte"},
        {ESPOTA_WEB_TASMOTA, 200, "<html>main menu</html>", ESPOTA_E_UNKNOWN, "main menu"},
        {ESPOTA_WEB_WLED, 200, "<h2>Update successful!</h2>Rebooting now...<script>x", ESPOTA_OK,
         "Update successful! Rebooting now..."},
        {ESPOTA_WEB_WLED, 500, "<h2>Update failed!</h2>Not Enough Space<br><br><button>Back",
         ESPOTA_E_REFUSED, "Update failed! Not Enough Space"},
        {ESPOTA_WEB_WLED, 401, "<h2>Access Denied</h2>Client is not on local subnet.",
         ESPOTA_E_REFUSED, "Access Denied Client is not on local subnet."},
        {ESPOTA_WEB_WLED, 401, "<h2>Access Denied</h2>Please unlock settings using PIN code!",
         ESPOTA_E_AUTH, "Access Denied Please unlock settings using PIN code!"},
        {ESPOTA_WEB_WLED, 401, "<h2>Access Denied</h2>Please unlock OTA in security settings!",
         ESPOTA_E_REFUSED, "Access Denied Please unlock OTA in security settings!"},
        {ESPOTA_WEB_WLED, 503, "", ESPOTA_E_REFUSED, ""},
        {ESPOTA_WEB_OPENBEKEN, 200, "{\"size\":20000}", ESPOTA_OK, "{\"size\":20000}"},
        {ESPOTA_WEB_OPENBEKEN, 200, "{\"size\":2000}", ESPOTA_E_REFUSED, "{\"size\":2000}"},
        {ESPOTA_WEB_OPENBEKEN, 200, "{\"size\":200000}", ESPOTA_E_REFUSED, "{\"size\":200000}"},
        {ESPOTA_WEB_OPENBEKEN, 400, "{\"error\":-20, \"msg\":\"\"}", ESPOTA_E_REFUSED,
         "{\"error\":-20, \"msg\":\"\"}"},
        {ESPOTA_WEB_ESPEASY, 200, "Update error: ERROR[4]: Not Enough Space", ESPOTA_E_REFUSED,
         "Update error: ERROR[4]: Not Enough Space"},
        {RAW, 200, "OK", ESPOTA_OK, "OK"},
        {RAW, 401, "Unauthorized", ESPOTA_E_AUTH, "Unauthorized"},
        {RAW, 413, "Payload Too Large", ESPOTA_E_REFUSED, "Payload Too Large"},
        {RAW, 414, "Payload size wrong", ESPOTA_E_REFUSED, "Payload size wrong"},
        {RAW, 500, "Internal Server Error", ESPOTA_E_REFUSED, "Internal Server Error"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char words[ESPOTA_WEB_WORDS];
        struct guarded g = guarded_copy(rows[i].body, strlen(rows[i].body));

        ck_assert_msg(espota_web_verdict(row_of(rows[i].kind), rows[i].http, (const char *)g.bytes,
                                         strlen(rows[i].body), &source, NULL) == rows[i].status,
                      "%s", rows[i].body);
        espota_web_words(row_of(rows[i].kind), (const char *)g.bytes, strlen(rows[i].body), words);
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
    espota_web_words(row_of(ESPOTA_WEB_ARDUINO), body, sizeof(body), words);
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

START_TEST(test_whose_page_it_is)
{
    static const struct {
        const char *body;
        enum espota_web_kind kind;
    } rows[] = {
        {"<form><input type='file' accept='.bin' name='firmware'>", ESPOTA_WEB_ARDUINO},
        {"<!doctype html><title>ElegantOTA Lite</title>", ESPOTA_WEB_ELEGANTOTA},
        {"<head><title>WLED Update</title>", ESPOTA_WEB_WLED},
        {"<h2>Please enter settings PIN code</h2>", ESPOTA_WEB_WLED},
        {"Tasmota 14.1.0 by Theo Arends</a>", ESPOTA_WEB_TASMOTA},
        {"<a href=\"https://github.com/openshwprojects/OpenBK7231T_App\">", ESPOTA_WEB_OPENBEKEN},
        {"<body><esp-app></esp-app>", ESPOTA_WEB_ESPHOME},
        {"See <a href=\"https://esphome.io/web-api/\">ESPHome Web API</a>", ESPOTA_WEB_ESPHOME},
        {"{\"System\":{\n\"Git Build\":\"mega-20241019\"", ESPOTA_WEB_ESPEASY},
        {"<h1>Welcome to ESP Easy Mega AP</h1>", ESPOTA_WEB_ESPEASY},
        {"File Not Found\n\nURI: /update\nMethod: GET", ESPOTA_WEB_AUTO},
        {"", ESPOTA_WEB_AUTO},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guarded g = guarded_copy(rows[i].body, strlen(rows[i].body));

        ck_assert_msg(espota_web_recognize((const char *)g.bytes, strlen(rows[i].body)) ==
                          rows[i].kind,
                      "%s", rows[i].body);
        guarded_free(&g);
    }
}
END_TEST

/* A row that is incomplete would be found by nobody else before a device is asked. */
START_TEST(test_every_row_is_whole)
{
    for (int kind = ESPOTA_WEB_ARDUINO; kind <= ESPOTA_WEB_ESPEASY; kind++) {
        const struct espota_web_row *row = row_of(kind);
        enum espota_web_kind back;

        ck_assert_ptr_nonnull(row);
        ck_assert_int_eq(espota_web_kind_find(row->name, &back, NULL), ESPOTA_OK);
        ck_assert_int_eq((int)back, kind);
        ck_assert_str_eq(espota_web_kind_name((enum espota_web_kind)kind), row->name);
        ck_assert(row->page[0] == '/' && row->upload[0] == '/' && row->user[0] != '\0');
        ck_assert(row->body == ESPOTA_HTTP_BODY_RAW || row->program != NULL);
        ck_assert((row->form == NULL) == (row->no_form == NULL));
        ck_assert((row->words_from == NULL) == (row->words_until == NULL));
        ck_assert(row->start_if == NULL || row->start != NULL);
        ck_assert_int_ne(espota_web_verdict(row, 200, "", 0, &source, NULL), ESPOTA_OK);
    }
    ck_assert_ptr_null(espota_web_kind_name(ESPOTA_WEB_AUTO));
}
END_TEST

START_TEST(test_names)
{
    enum espota_web_kind kind = ESPOTA_WEB_WLED;

    static const char *const wrong[] = {"", "Tasmota", "tasmota ", "auto,wled"};
    struct espota_error err = ESPOTA_ERROR_INIT;

    ck_assert_int_eq(espota_web_kind_find("auto", &kind, NULL), ESPOTA_OK);
    ck_assert_int_eq(kind, ESPOTA_WEB_AUTO);
    ck_assert_int_eq(espota_web_kind_find(NULL, &kind, NULL), ESPOTA_OK);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ck_assert_int_eq(espota_web_kind_find(wrong[i], &kind, &err), ESPOTA_E_USAGE);
        ck_assert_ptr_nonnull(strstr(err.message, "openbeken"));
    }
}
END_TEST

START_TEST(test_templates)
{
    char out[128];

    ck_assert(
        espota_web_fill("/ota/start?mode={mode}&hash={md5}", &source, false, out, sizeof(out)));
    ck_assert_str_eq(out, "/ota/start?mode=fr&hash=d93b4c4b5dc0d4b8c7161813687a1e67");
    ck_assert(espota_web_fill("{mode}{size}{sizes", &source, true, out, sizeof(out)));
    ck_assert_str_eq(out, "fs20000{sizes");
    ck_assert(espota_web_fill("", &source, true, out, 2));
    ck_assert(!espota_web_fill("/update", &source, true, out, 7));
    ck_assert(espota_web_fill("/update", &source, true, out, 9));
}
END_TEST

UNIT_MAIN("send/web_verdict", test_verdicts, test_a_page_that_never_ends_is_cut, test_paths,
          test_whose_page_it_is, test_every_row_is_whole, test_names, test_templates)
