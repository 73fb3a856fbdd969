/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cli/passwords.h"
#include "unit.h"

/* The password that the first line of a text keeps, and for whom; NULL: a failure. */
static const struct {
    const char *line, *host, *password;
} lines[] = {
    {"", "", ""},
    {" \t ", "", ""},
    {"# door secret", "", ""},
    {"  # door secret", "", ""},
    {"door secret", "door", "secret"},
    {"\t door \t secret \t ", "door", "secret"},
    {"door secret\r", "door", "secret"},
    {"door two words", "door", "two words"},
    {"door #1", "door", "#1"},
    {"door se\"cret", "door", "se\"cret"},
    {"door \"", "door", "\""},
    {"door \"secret", "door", "\"secret"},
    {"door secret\"", "door", "secret\""},
    {"door \"\"", "door", ""},
    {"door \" secret \"  ", "door", " secret "},
    {"door \"\"secret\"\"", "door", "\"secret\""},
    {"door \"a\\\"b\\\\\"", "door", "a\\\"b\\\\"},
    {"door 'secret'", "door", "'secret'"},
    {"door m\xc3\xa4rz", "door", "m\xc3\xa4rz"},
    {"door \xff\xfe", "door", "\xff\xfe"},
    {"192.168.1.* x", "192.168.1.*", "x"},
    {"[fe80::1%eth0]:8266 x", "[fe80::1%eth0]:8266", "x"},
    {"\xef\xbb\xbf"
     "door secret",
     "door", "secret"},
    {"hunter2", NULL, NULL},
    {"  hunter2  ", NULL, NULL},
    {"\"my door\" hunter2", NULL, NULL},
    {"my\x1b[2Jdoor hunter2", NULL, NULL},
};

static enum espota_status read_first(const char *text, struct password_line *line,
                                     struct espota_error *err)
{
    struct password_reader reader;

    password_reader_init(&reader, text, strlen(text));
    return password_reader_next(&reader, line, err);
}

START_TEST(test_lines)
{
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct espota_error err = ESPOTA_ERROR_INIT;
        struct password_line line;
        char text[128];
        enum espota_status status;

        snprintf(text, sizeof(text), "%s\nlamp other\n", lines[i].line);
        status = read_first(text, &line, &err);
        if (lines[i].host == NULL) {
            ck_assert_int_eq(status, ESPOTA_E_LOCAL);
            ck_assert_msg(strncmp(err.message, "line 1: ", 8) == 0, "%s", err.message);
            ck_assert_ptr_null(strstr(err.message, "hunter2"));
            continue;
        }
        ck_assert_msg(status == ESPOTA_OK, "%s: %s", lines[i].line, err.message);
        ck_assert_str_eq(line.host, lines[i].host);
        ck_assert_uint_eq(line.length, strlen(lines[i].password));
        if (line.length > 0)
            ck_assert_mem_eq(line.password, lines[i].password, line.length);
    }
}
END_TEST

START_TEST(test_bounds)
{
    enum { ROOM = 2000 };
    char text[ROOM] = "";
    struct password_line line;
    struct password_reader reader;
    struct guarded nul = guarded_copy("door a\0b", 8);

    memset(text, 'h', PASSWORD_HOST_MAX);
    strcpy(text + PASSWORD_HOST_MAX, " x");
    ck_assert_int_eq(read_first(text, &line, NULL), ESPOTA_OK);
    text[PASSWORD_HOST_MAX] = 'h';
    strcpy(text + PASSWORD_HOST_MAX + 1, " x");
    ck_assert_int_eq(read_first(text, &line, NULL), ESPOTA_E_LOCAL);
    memset(text, 'p', ESPOTA_SECRET_MAX + 2);
    text[1] = ' ';
    text[ESPOTA_SECRET_MAX + 2] = '\0';
    ck_assert_int_eq(read_first(text, &line, NULL), ESPOTA_OK);
    ck_assert_uint_eq(line.length, ESPOTA_SECRET_MAX);
    text[ESPOTA_SECRET_MAX + 2] = 'p';
    ck_assert_int_eq(read_first(text, &line, NULL), ESPOTA_E_LOCAL);
    password_reader_init(&reader, (const char *)nul.bytes, 8);
    ck_assert_int_eq(password_reader_next(&reader, &line, NULL), ESPOTA_E_LOCAL);
    guarded_free(&nul);
}
END_TEST

/* However a text is cut, nothing behind its end is looked at. */
START_TEST(test_cut_anywhere)
{
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        for (size_t length = 0; length <= strlen(lines[i].line); length++) {
            struct guarded copy = guarded_copy(lines[i].line, length);
            struct password_names names;
            struct password_line line;

            password_names_init(&names, "door.local", 8266, "door");
            (void)!password_find((const char *)copy.bytes, length, &names, &line, NULL);
            guarded_free(&copy);
        }
    }
}
END_TEST

static const char kept[] = "# mine\n"
                           "door a\n"
                           "lamp.local b\n"
                           "*-shed c\n"
                           "router.lan:8267 d\n"
                           "router.lan e\n"
                           "192.168.1.5? f\n"
                           "FE80::1 g\n"
                           "[fe80::2]:99 h\n"
                           "x* i\n"
                           "xy j\n"
                           "*.lan k\n";

START_TEST(test_who_fits)
{
    static const struct {
        const char *host;
        uint16_t port;
        const char *name, *password;
    } rows[] = {
        {"door", 8266, "door:8266", "a"},
        {"door.local", 8266, "door.local", "a"},
        {"Door.LOCAL", 0, "Door.LOCAL", "a"},
        {"door.lan", 8266, "door.lan", "k"},
        {"lamp", 8266, "lamp", "b"},
        {"lamp.local", 8266, "lamp.local", "b"},
        {"lamp.lan", 8266, "lamp.lan", "k"},
        {"tool-shed.local", 8266, NULL, "c"},
        {"router.lan", 8267, "router.lan:8267", "d"},
        {"router.lan", 8266, NULL, "e"},
        {"192.168.1.50", 8266, NULL, "f"},
        {"192.168.1.5", 8266, NULL, NULL},
        {"192.168.1.60", 8266, "door", "a"},
        {"fe80::1", 8266, NULL, "g"},
        {"fe80::2", 99, NULL, "h"},
        {"fe80::2", 98, NULL, NULL},
        {"xy", 8266, NULL, "i"},
        {"other", 8266, NULL, NULL},
        {".local", 8266, NULL, NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct password_names names;
        struct password_line line;
        enum espota_status status;

        password_names_init(&names, rows[i].host, rows[i].port, rows[i].name);
        status = password_find(kept, strlen(kept), &names, &line, NULL);
        ck_assert_msg(status == (rows[i].password != NULL ? ESPOTA_OK : ESPOTA_MORE), "%s",
                      rows[i].host);
        if (rows[i].password != NULL)
            ck_assert_msg(line.password[0] == rows[i].password[0], "%s", rows[i].host);
    }
}
END_TEST

START_TEST(test_hosts_as_they_are_typed)
{
    static const struct {
        const char *typed, *host;
    } rows[] = {
        {"door", "door"},
        {"Door.local", "Door.local"},
        {"door:08266", "door:8266"},
        {"192.168.1.*", "192.168.1.*"},
        {"[fe80::1]", "fe80::1"},
        {"fe80::1", "fe80::1"},
        {"[fe80::1]:8266", "[fe80::1]:8266"},
        {"*", "*"},
        {"", NULL},
        {"my door", NULL},
        {"#door", NULL},
        {"\xef\xbb\xbf"
         "door",
         NULL},
        {"\"door\"", NULL},
        {"door:*", NULL},
        {"http://door/update", NULL},
        {"do\nor", NULL},
        {"[fe80::1", NULL},
        {"[door:1%x]", NULL},
        {"[door:1]", NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char host[PASSWORD_HOST_MAX + 1] = "";
        struct espota_error err = ESPOTA_ERROR_INIT;
        enum espota_status status = password_host_take(rows[i].typed, host, &err);

        ck_assert_msg(status == (rows[i].host != NULL ? ESPOTA_OK : ESPOTA_E_USAGE), "%s",
                      rows[i].typed);
        if (rows[i].host != NULL)
            ck_assert_str_eq(host, rows[i].host);
        else
            ck_assert_str_ne(err.message, "");
    }
}
END_TEST

/* What an edit makes of a text; NULL: its failure. */
static char *edited(const char *old, const char *host, const char *password, size_t *before)
{
    static char result[4096];
    struct password_text text = {.bytes = strdup(old), .length = strlen(old)}, now;
    struct espota_secret secret = ESPOTA_SECRET_INIT;
    bool good;

    if (password != NULL)
        ck_assert_int_eq(espota_secret_copy(&secret, password, strlen(password), NULL), ESPOTA_OK);
    good = password_edit(&text, host, password != NULL ? &secret : NULL, &now, before, NULL) ==
           ESPOTA_OK;
    if (good) {
        ck_assert_uint_lt(now.length, sizeof(result));
        memcpy(result, now.bytes, now.length);
        result[now.length] = '\0';
    }
    password_text_deinit(&text);
    password_text_deinit(&now);
    espota_secret_wipe(&secret);
    return good ? result : NULL;
}

START_TEST(test_edits)
{
    static const struct {
        const char *old, *host, *password, *now;
        size_t before;
    } rows[] = {
        {"", "door", "x", "door x\n", 0},
        {"# mine", "door", "x", "# mine\ndoor x\n", 0},
        {"\xef\xbb\xbf# mine\r\n", "door", "x", "\xef\xbb\xbf# mine\r\ndoor x\n", 0},
        /* in its place, and all the rest as it is */
        {"a 1\n\n  DOOR\told  \n# door\nb 2", "door", "x", "a 1\n\ndoor x\n# door\nb 2", 1},
        {"door 1\nb 2\ndoor 3\n", "door", "x", "door x\nb 2\n", 2},
        /* in front of what would keep it from being found */
        {"# all\n* 1\n", "door", "x", "# all\ndoor x\n* 1\n", 0},
        {"* 1\ndoor 2\n", "door", "x", "door x\n* 1\n", 1},
        {"door 1\n", "door.local", "x", "door.local x\ndoor 1\n", 0},
        {"door.local 1\n", "door", "x", "door x\ndoor.local 1\n", 0},
        {"door 1\n", "door:8266", "x", "door:8266 x\ndoor 1\n", 0},
        {"* 1\n", "kitchen-*", "x", "kitchen-* x\n* 1\n", 0},
        {"kitchen-* 1\ndoor 2\n", "*", "x", "kitchen-* 1\ndoor 2\n* x\n", 0},
        {"a? 1\n", "a*", "x", "a* x\na? 1\n", 0},
        /* quotes where they are needed */
        {"", "door", "", "door \"\"\n", 0},
        {"", "door", " x", "door \" x\"\n", 0},
        {"", "door", "x\t", "door \"x\t\"\n", 0},
        {"", "door", "x\r", "door \"x\r\"\n", 0},
        {"", "door", "\"x\"", "door \"\"x\"\"\n", 0},
        {"", "door", "\"", "door \"\"\"\n", 0},
        {"", "door", "x\"", "door x\"\n", 0},
        {"", "door", "#x 'y'", "door #x 'y'\n", 0},
        /* taken away */
        {"# mine\nDoor 1\nb 2\ndoor 3", "door", NULL, "# mine\nb 2\n", 2},
        {"door.local 1\n", "door", NULL, "door.local 1\n", 0},
        {"", "door", NULL, "", 0},
        {"# mine\n\na 1\n", "", NULL, "# mine\n\na 1\n", 0},
        {"* 1\na* 2\n", "a?", NULL, "* 1\na* 2\n", 0},
        /* what it is not sure of stays as it is */
        {"door\n", "lamp", "x", NULL, 0},
        {"", "door", "x\ny", NULL, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t before;
        const char *now = edited(rows[i].old, rows[i].host, rows[i].password, &before);

        if (rows[i].now == NULL) {
            ck_assert_msg(now == NULL, "%zu: %s", i, now);
            continue;
        }
        ck_assert_msg(now != NULL && strcmp(now, rows[i].now) == 0, "%zu: %s", i,
                      now != NULL ? now : "failed");
        ck_assert_uint_eq(before, rows[i].before);
    }
}
END_TEST

/* Every password comes back as it was, and counts for the host that it was kept for. */
START_TEST(test_what_is_set_is_found)
{
    static const char *const hosts[] = {"door", "door.local", "door:8267", "*", "d*r", "10.0.0.1"};
    char text[4096] = "* all\n";

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *password = lines[i].password != NULL ? lines[i].password : "x";
        const char *host = hosts[i % (sizeof(hosts) / sizeof(hosts[0]))];
        struct espota_host typed;
        struct password_names names;
        struct password_line line;
        size_t before;

        ck_assert_int_eq(espota_host_parse(host, &typed, NULL), ESPOTA_OK);
        password_names_init(&names, typed.name, typed.port, NULL);
        strcpy(text, edited(text, host, password, &before));
        ck_assert_int_eq(password_find(text, strlen(text), &names, &line, NULL), ESPOTA_OK);
        ck_assert_str_eq(line.host, host);
        ck_assert_uint_eq(line.length, strlen(password));
        ck_assert_mem_eq(line.password, password, line.length);
    }
}
END_TEST

UNIT_MAIN("cli/passwords", test_lines, test_bounds, test_cut_anywhere, test_who_fits,
          test_hosts_as_they_are_typed, test_edits, test_what_is_set_is_found)
