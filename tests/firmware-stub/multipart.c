/* SPDX-License-Identifier: MIT */
#include "core/multipart.h"

#include <stdio.h>

#include "unit.h"

static char seen[8192];

/*
 * The items of a form as text: "name*{data}" for a part, with the star if it is a file, "." for
 * the end, "!" for BAD.
 */
static void walk(const char *boundary, const void *data, size_t length, size_t step)
{
    struct guarded g = guarded_copy(data, length);
    const uint8_t *at = g.bytes;
    struct espota_multipart form;
    enum espota_status status = ESPOTA_MORE;
    size_t used = 0;

    ck_assert_int_eq(espota_multipart_init(&form, boundary), ESPOTA_OK);
    for (size_t given = 0; given < length && status != ESPOTA_BAD;) {
        size_t left = length - given < step ? length - given : step;

        given += left;
        while ((status = espota_multipart_next(&form, &at, &left)) == ESPOTA_OK) {
            ck_assert_uint_lt(used + form.length + 80, sizeof(seen));
            if (form.item == ESPOTA_PART_BEGIN) {
                used += (size_t)sprintf(seen + used, "%s%s{", form.name, form.file ? "*" : "");
            } else if (form.item == ESPOTA_PART_DATA) {
                ck_assert_uint_gt(form.length, 0);
                memcpy(seen + used, form.data, form.length);
                used += form.length;
            } else {
                seen[used++] = form.item == ESPOTA_PART_END ? '}' : '.';
            }
        }
        ck_assert(status == ESPOTA_BAD || left == 0);
    }
    if (status == ESPOTA_BAD)
        seen[used++] = '!';
    seen[used] = '\0';
    guarded_free(&g);
}

#define HEAD "Content-Disposition: form-data; name=\"firmware\"; filename=\"a.bin\"\r\n"

static const struct {
    const char *form; /* of boundary "aXa" */
    const char *seen;
} forms[] = {
    {"--aXa\r\n" HEAD "\r\ndata\r\n--aXa--\r\n", "firmware*{data}."},
    {"--aXa\r\n" HEAD "Content-Type: x/y\r\n\r\n\r\n--aXa--", "firmware*{}."},
    {"preamble\r\n--aXa  \r\n" HEAD "\r\nd\r\n--aXa--", "firmware*{d}."},
    {"\r\n--aXa\r\n" HEAD "\r\nd\r\n--aXa--epilogue\r\n--aXa\r\n", "firmware*{d}."},
    {"--aXa\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--aXa\r\n" HEAD
     "\r\n2\r\n--aXa--",
     "x{1}firmware*{2}."},
    {"--aXa\r\n\r\nnameless\r\n--aXa--", "{nameless}."},
    /* what looks like the beginning of a boundary is data */
    {"--aXa\r\n\r\n\r\r\n\r\n-\r\n--\r\n--a\r\n--aX\r\r\n--aXb\r\n--aXa--",
     "{\r\r\n\r\n-\r\n--\r\n--a\r\n--aX\r\r\n--aXb}."},
    {"--aXa\r\n\r\n--aXa\r\n--aXa--", "{--aXa}."}, /* no line end in front of it */
    {"--aXa\r\n\r\n\r\r\n--aXa--", "{\r}."},
    {"--aXa\r\n" HEAD "\r\nno end", "firmware*{no end"},
    {"--aXa\r\n" HEAD "\r\nno end\r\n--aX", "firmware*{no end"},
    {"--aXa\r\n" HEAD "\r\nno end\r\n--aXa", "firmware*{no end}"},
    {"--aXb\r\n\r\nanother\r\n--aXb--", ""},
    {"--aXaX\r\n\r\n\r\n--aXa--", "!"},
    {"--aXa\rX", "!"},
    {"--aXa-X", "!"},
    {"--aXa -", ""},
    {"--aXa\r\nno colon\r\n\r\n", "!"},
};

START_TEST(test_forms)
{
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        for (size_t step = 1; step <= strlen(forms[i].form); step++) {
            walk("aXa", forms[i].form, strlen(forms[i].form), step);
            ck_assert_msg(strcmp(seen, forms[i].seen) == 0, "%zu in steps of %zu: %s", i, step,
                          seen);
        }
}
END_TEST

START_TEST(test_split_in_two_anywhere)
{
    static const char form[] =
        "--b\r\n" HEAD "\r\nfirst\r\n--b\r\n" HEAD "\r\n\r\n--c\r\n--b--\r\n";

    for (size_t cut = 1; cut < sizeof(form) - 1; cut++) {
        struct espota_multipart state;
        const uint8_t *at = (const uint8_t *)form;
        size_t data = 0;
        unsigned ends = 0;

        ck_assert_int_eq(espota_multipart_init(&state, "b"), ESPOTA_OK);
        for (int half = 0; half < 2; half++) {
            size_t left = half == 0 ? cut : sizeof(form) - 1 - cut;

            while (espota_multipart_next(&state, &at, &left) == ESPOTA_OK) {
                data += state.item == ESPOTA_PART_DATA ? state.length : 0;
                ends += state.item == ESPOTA_PART_END;
            }
        }
        ck_assert_uint_eq(data, 5 + 5);
        ck_assert_uint_eq(ends, 2);
        ck_assert_int_eq(state.item, ESPOTA_FORM_END);
    }
}
END_TEST

START_TEST(test_names)
{
    static const struct {
        const char *disposition;
        const char *name;
        bool file;
    } rows[] = {
        {"form-data; name=filesystem; filename=x", "filesystem", true},
        {"form-data; filename=\"x\"; name=\"filesystem\"", "filesystem", true},
        {"form-data; name=\"a\\\"b\"", "a\"b", false},
        {"form-data; name=x; filename*=UTF-8''a.bin", "x", true},
        {"form-data; name=x; filename=\"\"", "x", true},
        {"form-data", "", false},
        {"form-data; name=0123456789012345678901234567890123456789012345678901234567890123", "",
         false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char form[512];
        char expected[128];

        snprintf(form, sizeof(form), "--b\r\ncontent-disposition: %s\r\n\r\n\r\n--b--",
                 rows[i].disposition);
        snprintf(expected, sizeof(expected), "%s%s{}.", rows[i].name, rows[i].file ? "*" : "");
        walk("b", form, strlen(form), strlen(form));
        ck_assert_str_eq(seen, expected);
    }
}
END_TEST

START_TEST(test_boundaries)
{
    struct espota_multipart form;
    char longest[ESPOTA_BOUNDARY_MAX + 2];

    memset(longest, 'x', sizeof(longest));
    longest[ESPOTA_BOUNDARY_MAX] = '\0';
    ck_assert_int_eq(espota_multipart_init(&form, longest), ESPOTA_OK);
    longest[ESPOTA_BOUNDARY_MAX] = 'x';
    longest[ESPOTA_BOUNDARY_MAX + 1] = '\0';
    ck_assert_int_eq(espota_multipart_init(&form, longest), ESPOTA_BAD);
    ck_assert_int_eq(espota_multipart_init(&form, ""), ESPOTA_BAD);
    ck_assert_int_eq(espota_multipart_init(&form, "a\rb"), ESPOTA_BAD);
    ck_assert_int_eq(espota_multipart_init(&form, "a\nb"), ESPOTA_BAD);
    ck_assert_int_eq(espota_multipart_init(&form, "a\xff"), ESPOTA_BAD);
}
END_TEST

UNIT_MAIN("firmware-stub/multipart", test_forms, test_split_in_two_anywhere, test_names,
          test_boundaries)
