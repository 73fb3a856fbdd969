/* SPDX-License-Identifier: MIT */
#include "wire/http.h"

#include <stdio.h>

#include "unit.h"

static char seen[4096];

/* The items of a head as text, fed in pieces of `step`; "!" for BAD, "?" for an end that misses. */
static size_t walk(const void *data, size_t length, size_t step, bool first_line)
{
    struct espota_http_reader reader;
    struct guarded g = guarded_copy(data, length);
    const uint8_t *at = g.bytes;
    size_t given = 0;
    size_t used = 0;
    size_t rest;
    enum espota_status status = ESPOTA_MORE;

    espota_http_reader_init(&reader, first_line);
    seen[0] = '\0';
    while (given < length && !reader.over) {
        size_t left = length - given < step ? length - given : step;

        given += left;
        while (!reader.over && (status = espota_http_next(&reader, &at, &left)) == ESPOTA_OK) {
            if (reader.item == ESPOTA_HTTP_FIRST)
                used += (size_t)snprintf(seen + used, sizeof(seen) - used, "%s|", reader.line);
            else if (reader.item == ESPOTA_HTTP_HEADER)
                used += (size_t)snprintf(seen + used, sizeof(seen) - used, "%s=%s|", reader.name,
                                         reader.value);
            else
                used += (size_t)snprintf(seen + used, sizeof(seen) - used, ".");
            if (reader.item == ESPOTA_HTTP_END)
                break;
        }
    }
    if (status == ESPOTA_BAD)
        snprintf(seen + used, sizeof(seen) - used, "!");
    else if (!reader.over)
        snprintf(seen + used, sizeof(seen) - used, "?");
    rest = length - (size_t)(at - g.bytes);
    guarded_free(&g);
    return rest;
}

static const struct {
    const char *head;
    bool first_line;
    const char *seen;
} heads[] = {
    {"GET / HTTP/1.0\r\n\r\n", true, "GET / HTTP/1.0|."},
    {"GET / HTTP/1.0\n\n", true, "GET / HTTP/1.0|."},
    {"HTTP/1.1 200 OK\r\nA: b\r\nC:d  \r\n\r\n", true, "HTTP/1.1 200 OK|A=b|C=d|."},
    {"A:\t b c\t\r\nempty:\r\n\r\n", false, "A=b c|empty=|."},
    {"\r\n", false, "."},
    {"X\r\nA: b\r\n", true, "X|A=b|?"},
    {"\r\n\r\n", true, "!"},
    {"X\r\nno colon\r\n\r\n", true, "X|!"},
    {"X\r\n: nameless\r\n\r\n", true, "X|!"},
    {"X\r\nA : b\r\n\r\n", true, "X|!"},
    {"X\r\n folded\r\n\r\n", true, "X|!"},
    {"X\r\nA: b\rc\r\n\r\n", true, "X|!"},
    {"X\x01\r\n\r\n", true, "!"},
    {"X\r\nA: \x7f\r\n\r\n", true, "X|!"},
    {"X\r\nA: \xc3\xa4\r\n\r\n", true, "X|A=\xc3\xa4|."},
};

START_TEST(test_heads)
{
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        for (size_t step = 1; step <= strlen(heads[i].head); step++) {
            walk(heads[i].head, strlen(heads[i].head), step, heads[i].first_line);
            ck_assert_msg(strcmp(seen, heads[i].seen) == 0, "%zu in steps of %zu: %s", i, step,
                          seen);
        }
}
END_TEST

START_TEST(test_a_nul_is_no_text)
{
    walk("GET\0 / HTTP/1.0\r\n\r\n", 19, 19, true);
    ck_assert_str_eq(seen, "!");
    walk("X\r\nA: b\0c\r\n\r\n", 13, 1, true);
    ck_assert_str_eq(seen, "X|!");
}
END_TEST

START_TEST(test_the_body_is_left)
{
    ck_assert_uint_eq(walk("X\r\n\r\nbody", 9, 9, true), 4);
    ck_assert_uint_eq(walk("X\n\n", 3, 3, true), 0);
}
END_TEST

/* A line of `length` characters between two others. */
static void walk_long(size_t length, bool first)
{
    static char text[3 * ESPOTA_HTTP_HEAD_MAX];
    size_t used = 0;

    if (!first)
        used = (size_t)snprintf(text, sizeof(text), "X\r\nL:");
    memset(text + used, 'a', length - (first ? 0 : 2));
    used += length - (first ? 0 : 2);
    used += (size_t)snprintf(text + used, sizeof(text) - used, "\r\nB: c\r\n\r\n");
    walk(text, used, used, true);
}

START_TEST(test_long_lines_are_left_out)
{
    walk_long(ESPOTA_HTTP_LINE_MAX - 1, false); /* its CR takes the last place */
    ck_assert_ptr_nonnull(strstr(seen, "|L=aaa"));
    ck_assert_ptr_nonnull(strstr(seen, "|B=c|."));
    walk_long(ESPOTA_HTTP_LINE_MAX, false);
    ck_assert_str_eq(seen, "X|B=c|.");
    walk_long(3 * ESPOTA_HTTP_LINE_MAX, false);
    ck_assert_str_eq(seen, "X|B=c|.");
    walk_long(ESPOTA_HTTP_LINE_MAX, true);
    ck_assert_str_eq(seen, "!");
    walk_long(ESPOTA_HTTP_HEAD_MAX, false);
    ck_assert_str_eq(seen, "X|!");
}
END_TEST

START_TEST(test_nothing_after_the_end)
{
    struct espota_http_reader reader;
    const uint8_t *at = (const uint8_t *)"\r\nA: b\r\n";
    size_t left = 8;

    espota_http_reader_init(&reader, false);
    ck_assert_int_eq(espota_http_next(&reader, &at, &left), ESPOTA_OK);
    ck_assert_int_eq(espota_http_next(&reader, &at, &left), ESPOTA_MORE);
    ck_assert_uint_eq(left, 6);
    ck_assert(!espota_http_within_line(&reader));
    espota_http_reader_deinit(&reader);
    ck_assert_int_eq(espota_http_next(&reader, &at, &left), ESPOTA_BAD);
}
END_TEST

START_TEST(test_within_a_line)
{
    struct espota_http_reader reader;
    const uint8_t *at = (const uint8_t *)"X\r\nA: b";
    size_t left = 3;

    espota_http_reader_init(&reader, true);
    ck_assert_int_eq(espota_http_next(&reader, &at, &left), ESPOTA_OK);
    ck_assert(!espota_http_within_line(&reader));
    left = 1;
    ck_assert_int_eq(espota_http_next(&reader, &at, &left), ESPOTA_MORE);
    ck_assert(espota_http_within_line(&reader));
}
END_TEST

START_TEST(test_request_lines)
{
    static const struct {
        const char *line;
        const char *method;
        const char *target;
    } lines[] = {
        {"GET /update HTTP/1.1", "GET", "/update"},
        {"GET user2.bin HTTP/1.0", "GET", "user2.bin"},
        {"OPTIONS * HTTP/1.1", "OPTIONS", "*"},
        {"GET / HTTP/1.2", NULL, NULL},
        {"GET / HTTP/2.0", NULL, NULL},
        {"GET / HTTP/1.", NULL, NULL},
        {"GET / HTTP/1.1 ", NULL, NULL},
        {"GET /a b HTTP/1.1", NULL, NULL},
        {"GET  / HTTP/1.1", NULL, NULL},
        {" GET / HTTP/1.1", NULL, NULL},
        {"GET /", NULL, NULL},
        {"GET / ", NULL, NULL},
        {"GET", NULL, NULL},
        {"", NULL, NULL},
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct guarded g = guarded_copy(lines[i].line, strlen(lines[i].line) + 1);
        struct espota_http_request_line out;
        enum espota_status status = espota_http_request_line((char *)g.bytes, &out);

        ck_assert_int_eq(status, lines[i].method != NULL ? ESPOTA_OK : ESPOTA_BAD);
        if (status == ESPOTA_OK) {
            ck_assert_str_eq(out.method, lines[i].method);
            ck_assert_str_eq(out.target, lines[i].target);
        }
        guarded_free(&g);
    }
}
END_TEST

START_TEST(test_status_lines)
{
    static const struct {
        const char *line;
        unsigned status;
    } lines[] = {
        {"HTTP/1.1 200 OK", 200}, {"HTTP/1.0 304 Not Modified", 304},
        {"HTTP/1.1 599", 599},    {"HTTP/1.1 404 ", 404},
        {"HTTP/1.1 099 x", 0},    {"HTTP/1.1 600 x", 0},
        {"HTTP/1.1 2000 x", 0},   {"HTTP/1.1 20", 0},
        {"HTTP/1.1 2 0 x", 0},    {"HTTP/1.1", 0},
        {"HTTP/2 200 OK", 0},     {"HTTP/1.3 200 OK", 0},
        {"ICY 200 OK", 0},        {"", 0},
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct guarded g = guarded_copy(lines[i].line, strlen(lines[i].line) + 1);
        unsigned status = 0;

        ck_assert_int_eq(espota_http_status_line((char *)g.bytes, &status),
                         lines[i].status != 0 ? ESPOTA_OK : ESPOTA_BAD);
        ck_assert_uint_eq(status, lines[i].status);
        guarded_free(&g);
    }
}
END_TEST

START_TEST(test_lengths)
{
    uint32_t length;

    ck_assert_int_eq(espota_http_length("0", &length), ESPOTA_OK);
    ck_assert_int_eq(espota_http_length("4294967295", &length), ESPOTA_OK);
    ck_assert_uint_eq(length, UINT32_MAX);
    ck_assert_int_eq(espota_http_length("4294967296", &length), ESPOTA_BAD);
    ck_assert_int_eq(espota_http_length("", &length), ESPOTA_BAD);
    ck_assert_int_eq(espota_http_length("-1", &length), ESPOTA_BAD);
    ck_assert_int_eq(espota_http_length("1 ", &length), ESPOTA_BAD);
    ck_assert_int_eq(espota_http_length("0x10", &length), ESPOTA_BAD);
}
END_TEST

START_TEST(test_parameters)
{
    static const struct {
        const char *value;
        const char *name;
        const char *found;
    } rows[] = {
        {"multipart/form-data; boundary=abc", "boundary", "abc"},
        {"multipart/form-data;boundary=abc;x=y", "boundary", "abc"},
        {"multipart/form-data; Boundary=\"a;b\\\"c\"", "boundary", "a;b\"c"},
        {"form-data; name=\"firmware\"; filename=\"a.bin\"", "name", "firmware"},
        {"form-data; name=\"firmware\"; filename=\"a.bin\"", "filename", "a.bin"},
        {"form-data; filename=\"name=x\"; name=y", "name", "y"},
        {"form-data; name=", "name", ""},
        {"form-data; filename=\"; name=x", "name", NULL},
        {"form-data; name=\"x", "name", NULL},
        {"name=x", "name", NULL},
        {"form-data; names=x", "name", NULL},
        {"form-data", "name", NULL},
        {"form-data; name=longer-than-there-is-room", "name", NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct guarded g = guarded_copy(rows[i].value, strlen(rows[i].value) + 1);
        char out[12] = "";
        bool found = espota_http_parameter((char *)g.bytes, rows[i].name, out, sizeof(out));

        ck_assert_msg(found == (rows[i].found != NULL), "%zu", i);
        if (found)
            ck_assert_str_eq(out, rows[i].found);
        guarded_free(&g);
    }
}
END_TEST

START_TEST(test_basic)
{
    char out[ESPOTA_HTTP_BASIC_MAX];
    char many[256];

    ck_assert(espota_http_basic("Aladdin", "open sesame", 11, out));
    ck_assert_str_eq(out, "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="); /* RFC 7617 */
    ck_assert(espota_http_basic("test", "123\xc2\xa3", 5, out));
    ck_assert_str_eq(out, "dGVzdDoxMjPCow==");
    ck_assert(espota_http_basic("", "", 0, out));
    ck_assert_str_eq(out, "Og==");
    ck_assert(espota_http_basic("ab", "", 0, out));
    ck_assert_str_eq(out, "YWI6");
    memset(many, 'x', sizeof(many));
    ck_assert(espota_http_basic("a", many, 253, out));
    ck_assert_uint_eq(strlen(out), 340);
    ck_assert(!espota_http_basic("a", many, 254, out));
}
END_TEST

START_TEST(test_names)
{
    ck_assert(espota_http_same("x-MD5", "X-md5"));
    ck_assert(!espota_http_same("x-MD5", "x-MD55"));
    ck_assert(!espota_http_same("x-MD55", "x-MD5"));
    ck_assert_str_eq(espota_http_behind("Multipart/x", "multipart/"), "x");
    ck_assert_ptr_null(espota_http_behind("multi", "multipart/"));
}
END_TEST

START_TEST(test_reading_basic)
{
    static const struct {
        const char *value, *plain;
        size_t length;
    } rows[] = {
        {"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin:open sesame", 19},
        {"basic  Og==", ":", 1},
        {"Basic YTpi", "a:b", 3},
        {"Basic YTpiAA==", "a:b\0", 4}, /* another password than "b" */
        {"Basic ", "", 0},
    };
    static const char *const bad[] = {"Digest YTpi",    "Basic",          "Basic YTp",
                                      "Basic YTpi=",    "Basic YT==YTpi", "Basic YTp\xc3",
                                      "Basic YTpiAB==", "Basic ====",     "Basic Y==="};
    uint8_t out[64];
    size_t length;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_msg(espota_http_basic_read(rows[i].value, out, sizeof(out), &length) == ESPOTA_OK,
                      "%s", rows[i].value);
        ck_assert_uint_eq(length, rows[i].length);
        ck_assert(memcmp(out, rows[i].plain, length) == 0);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(espota_http_basic_read(bad[i], out, sizeof(out), &length) == ESPOTA_BAD, "%s",
                      bad[i]);
    ck_assert_int_eq(espota_http_basic_read("Basic YTpi", out, 2, &length), ESPOTA_BAD);
}
END_TEST

UNIT_MAIN("wire/http", test_heads, test_a_nul_is_no_text, test_the_body_is_left,
          test_long_lines_are_left_out, test_nothing_after_the_end, test_within_a_line,
          test_request_lines, test_status_lines, test_lengths, test_parameters, test_basic,
          test_reading_basic, test_names)
