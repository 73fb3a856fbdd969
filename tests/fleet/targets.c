/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "fleet/fleet.h"
#include "text/text.h"

struct host_case {
    const char *text;
    const char *name; /* NULL: refused */
    unsigned port;
};

static const struct host_case hosts[] = {
    {"192.168.1.5", "192.168.1.5", 0},
    {"192.168.1.5:8266", "192.168.1.5", 8266},
    {"kitchen.lan", "kitchen.lan", 0},
    {"kitchen.lan:1", "kitchen.lan", 1},
    {"kitchen.lan:65535", "kitchen.lan", 65535},
    {"fe80::1%eth0", "fe80::1%eth0", 0},
    {"::1", "::1", 0},
    {"[::1]", "::1", 0},
    {"[fe80::1%eth0]:3232", "fe80::1%eth0", 3232},
    {"", NULL, 0},
    {":8266", NULL, 0},
    {"[]:8266", NULL, 0},
    {"host:", NULL, 0},
    {"host:0", NULL, 0},
    {"host:65536", NULL, 0},
    {"host:-1", NULL, 0},
    {"host:80x", NULL, 0},
    {"host:99999999999999999999", NULL, 0},
    {"[::1", NULL, 0},
    {"[::1]8266", NULL, 0},
    {"[::1]:", NULL, 0},
    {"http://10.0.0.1/update", NULL, 0},
    {"a b", NULL, 0},
    {"a\033[2J", NULL, 0},
    {"a\x7f", NULL, 0},
};

START_TEST(test_hosts)
{
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct espota_error err = ESPOTA_ERROR_INIT;
        struct espota_host host;
        enum espota_status status = espota_host_parse(hosts[i].text, &host, &err);

        if (hosts[i].name == NULL) {
            ck_assert_msg(status == ESPOTA_E_USAGE, "%s was taken", hosts[i].text);
            ck_assert_str_ne(err.message, "");
            continue;
        }
        ck_assert_msg(status == ESPOTA_OK, "%s: %s", hosts[i].text, err.message);
        ck_assert_str_eq(host.name, hosts[i].name);
        ck_assert_uint_eq(host.port, hosts[i].port);
    }
}
END_TEST

START_TEST(test_long_host)
{
    char text[ESPOTA_HOST_MAX + 3];
    struct espota_host host;

    memset(text, 'a', sizeof(text));
    text[ESPOTA_HOST_MAX] = '\0';
    ck_assert_int_eq(espota_host_parse(text, &host, NULL), ESPOTA_OK);
    ck_assert_uint_eq(strlen(host.name), ESPOTA_HOST_MAX);
    text[ESPOTA_HOST_MAX] = 'a';
    text[ESPOTA_HOST_MAX + 1] = '\0';
    ck_assert_int_eq(espota_host_parse(text, &host, NULL), ESPOTA_E_USAGE);
}
END_TEST

struct line_case {
    const char *text;
    enum espota_status status;
    const char *host, *file, *password_file, *user;
    unsigned port;
    bool filesystem;
};

static const struct line_case lines[] = {
    {"", ESPOTA_OK, NULL, NULL, NULL, NULL, 0, false},
    {" \t ", ESPOTA_OK, NULL, NULL, NULL, NULL, 0, false},
    {"# 10.0.0.1", ESPOTA_OK, NULL, NULL, NULL, NULL, 0, false},
    {"  10.0.0.1", ESPOTA_OK, "10.0.0.1", NULL, NULL, NULL, 0, false},
    {"10.0.0.1 # door", ESPOTA_OK, "10.0.0.1", NULL, NULL, NULL, 0, false},
    {"10.0.0.1\tfs port=3232", ESPOTA_OK, "10.0.0.1", NULL, NULL, NULL, 3232, true},
    {"h file=a#1.bin", ESPOTA_OK, "h", "a#1.bin", NULL, NULL, 0, false},
    {"h file=\"a b.bin\" password-file='c \\d'", ESPOTA_OK, "h", "a b.bin", "c \\d", NULL, 0,
     false},
    {"h file=\"a\\\"b\\\\c\\d\"", ESPOTA_OK, "h", "a\"b\\c\\d", NULL, NULL, 0, false},
    {"h file=C:\\fw\\a.bin user=admin", ESPOTA_OK, "h", "C:\\fw\\a.bin", NULL, "admin", 0, false},
    {"\"h\" 'file'=a' b'c", ESPOTA_OK, "h", "a bc", NULL, NULL, 0, false},
    {"h file=", ESPOTA_E_USAGE, NULL, NULL, NULL, NULL, 0, false},
    {"h file=a file=b", ESPOTA_E_USAGE, NULL, NULL, NULL, NULL, 0, false},
    {"h file=\"a", ESPOTA_E_USAGE, NULL, NULL, NULL, NULL, 0, false},
    {"h 'a", ESPOTA_E_USAGE, NULL, NULL, NULL, NULL, 0, false},
    {"h port=0", ESPOTA_E_USAGE, NULL, NULL, NULL, NULL, 0, false},
    {"h port=x", ESPOTA_E_USAGE, NULL, NULL, NULL, NULL, 0, false},
    {"h password=secret", ESPOTA_E_USAGE, NULL, NULL, NULL, NULL, 0, false},
    {"h h2", ESPOTA_E_USAGE, NULL, NULL, NULL, NULL, 0, false},
    {"file=a h", ESPOTA_E_USAGE, NULL, NULL, NULL, NULL, 0, false},
    {"\"\"", ESPOTA_E_USAGE, NULL, NULL, NULL, NULL, 0, false},
};

static void expect_text(const char *got, const char *expected, const char *where)
{
    if (expected == NULL)
        ck_assert_msg(got == NULL, "%s: got %s", where, got);
    else
        ck_assert_msg(got != NULL && strcmp(got, expected) == 0, "%s: got %s", where, got);
}

START_TEST(test_lines)
{
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const struct line_case *row = &lines[i];
        struct guarded text = guarded_copy(row->text, strlen(row->text));
        struct espota_error err = ESPOTA_ERROR_INIT;
        struct espota_target_line line;

        ck_assert_msg(espota_target_line_parse((const char *)text.bytes, strlen(row->text), &line,
                                               &err) == row->status,
                      "'%s': %s", row->text, err.message);
        expect_text(line.target.host, row->host, row->text);
        expect_text(line.target.file, row->file, row->text);
        expect_text(line.target.password_file, row->password_file, row->text);
        expect_text(line.target.user, row->user, row->text);
        ck_assert_uint_eq(line.target.port, row->port);
        ck_assert(line.target.filesystem == row->filesystem);
        ck_assert(strstr(err.message, "secret") == NULL); /* a value is never repeated */
        espota_target_line_deinit(&line);
        guarded_free(&text);
    }
}
END_TEST

/* Every beginning of a line that is good as a whole: never read beyond the end, never a crash. */
START_TEST(test_line_cut_anywhere)
{
    const char *whole = "[fe80::1%lo]:8266 file=\"a b\\\"\" password-file='c' port=80 fs # end";

    for (size_t length = 0; length <= strlen(whole); length++) {
        struct guarded text = guarded_copy(whole, length);
        struct espota_target_line line;

        if (espota_target_line_parse((const char *)text.bytes, length, &line, NULL) == ESPOTA_OK)
            espota_target_line_deinit(&line);
        guarded_free(&text);
    }
}
END_TEST

START_TEST(test_line_bounds)
{
    char text[ESPOTA_TARGET_LINE_MAX + 1];
    struct espota_target_line line;

    memset(text, ' ', sizeof(text));
    text[0] = 'h';
    ck_assert_int_eq(espota_target_line_parse(text, sizeof(text) - 1, &line, NULL), ESPOTA_OK);
    espota_target_line_deinit(&line);
    ck_assert_int_eq(espota_target_line_parse(text, sizeof(text), &line, NULL), ESPOTA_E_USAGE);
    ck_assert_int_eq(espota_target_line_parse("h\0x", 3, &line, NULL), ESPOTA_E_USAGE);
}
END_TEST

struct seen {
    char hosts[256];
    unsigned count;
    unsigned stop_at;
};

static enum espota_status remember(void *context, const struct espota_target_line *line,
                                   struct espota_error *err)
{
    struct seen *seen = context;

    strcat(seen->hosts, line->target.host);
    strcat(seen->hosts, ",");
    if (++seen->count == seen->stop_at)
        return espota_error_set(err, ESPOTA_E_FAILED, "stopped");
    return ESPOTA_OK;
}

START_TEST(test_file)
{
    const char text[] = "\xef\xbb\xbf# fleet\r\n\r\na\r\n  b fs\r\nc";
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct seen seen = {"", 0, 0};

    ck_assert_int_eq(
        espota_targets_parse(text, sizeof(text) - 1, "fleet.txt", remember, &seen, &err),
        ESPOTA_OK);
    ck_assert_str_eq(seen.hosts, "a,b,c,");
    ck_assert_int_eq(espota_targets_parse("", 0, "fleet.txt", remember, &seen, &err), ESPOTA_OK);
    ck_assert_uint_eq(seen.count, 3);
}
END_TEST

START_TEST(test_file_error_has_its_line)
{
    const char text[] = "a\n\nb port=no\nc\n";
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct seen seen = {"", 0, 0};

    ck_assert_int_eq(
        espota_targets_parse(text, sizeof(text) - 1, "fleet.txt", remember, &seen, &err),
        ESPOTA_E_USAGE);
    ck_assert_str_eq(seen.hosts, "a,");
    ck_assert_ptr_eq(strstr(err.message, "fleet.txt, line 3: "), err.message);

    seen = (struct seen){"", 0, 1};
    ck_assert_int_eq(espota_targets_parse("a\nb\n", 4, "-", remember, &seen, &err),
                     ESPOTA_E_FAILED);
    ck_assert_str_eq(seen.hosts, "a,");
    ck_assert_str_eq(err.message, "-, line 1: stopped");
}
END_TEST

UNIT_MAIN("fleet/targets", test_hosts, test_long_host, test_lines, test_line_cut_anywhere,
          test_line_bounds, test_file, test_file_error_has_its_line)
