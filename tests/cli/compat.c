/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>

#include "cli/compat.h"

enum { ARGC_MAX = 24, ROOM = 1024 };

struct run {
    char memory[ROOM];
    char *argv[ARGC_MAX + 1];
    int argc;
    struct compat_espota line;
    struct espota_error err;
    enum espota_status status;
    bool help;
};

/* Splits a line as a shell does: blanks, "…". */
static void split(struct run *r, const char *line)
{
    char *to = r->memory;

    r->argv[r->argc++] = to;
    to += snprintf(to, ROOM, "espota-c") + 1;
    while (*line != '\0') {
        bool quoted = false;

        ck_assert_int_lt(r->argc, ARGC_MAX);
        r->argv[r->argc++] = to;
        for (; *line != '\0' && (quoted || *line != ' '); line++) {
            if (*line == '"')
                quoted = !quoted;
            else
                *to++ = *line;
        }
        *to++ = '\0';
        line += strspn(line, " ");
    }
}

static void parse(struct run *r, const char *line)
{
    memset(r, 0, sizeof(*r));
    split(r, line);
    r->status = compat_espota_parse(&r->line, r->argc, r->argv, &r->help, &r->err);
}

static void expect_text(const char *got, const char *wanted, const char *line)
{
    if (wanted == NULL)
        ck_assert_msg(got == NULL, "%s: got '%s'", line, got);
    else
        ck_assert_msg(got != NULL && strcmp(got, wanted) == 0, "%s: got '%s', not '%s'", line,
                      got != NULL ? got : "nothing", wanted);
}

/* What the cores, the IDE and PlatformIO pass, and what it means. */
static const struct {
    const char *line;
    struct compat_espota is;
    const char *auth; /* NULL: not given */
} lines[] = {
    {"-i \"192.168.1.50\" -p \"8266\" \"--auth=secret\" -f \"build/Sketch.ino.bin\"",
     {.ip = "192.168.1.50", .options.port = 8266, .options.file = "build/Sketch.ino.bin"},
     "secret"},
    {"-i \"192.168.1.50\" -p \"8266\" \"--auth=\" -f \"build/Sketch.ino.bin\"",
     {.ip = "192.168.1.50", .options.port = 8266, .options.file = "build/Sketch.ino.bin"},
     ""},
    {"-r -i 192.168.1.51 -p 3232 \"--auth=secret\" -f \"build/Sketch.ino.bin\"",
     {.ip = "192.168.1.51",
      .options.port = 3232,
      .options.file = "build/Sketch.ino.bin",
      .progress = true},
     "secret"},
    {"-r -i 192.168.1.51 -p {upload.port.properties.port} \"--auth=secret\" -f "
     "\"build/Sketch.ino.bin\"",
     {.ip = "192.168.1.51", .options.file = "build/Sketch.ino.bin", .progress = true},
     "secret"},
    {"-i \"192.168.1.52\" -p \"2040\" \"--auth=\" -f \"build/Sketch.ino.bin\"",
     {.ip = "192.168.1.52", .options.port = 2040, .options.file = "build/Sketch.ino.bin"},
     ""},
    {"--debug --progress -i 192.168.1.50 -f .pio/build/x/firmware.bin",
     {.ip = "192.168.1.50",
      .options.file = ".pio/build/x/firmware.bin",
      .debug = true,
      .progress = true},
     NULL},
    {"--auth=secret --port=8266 --host_port=38266 --debug --progress -i mydev.local -f "
     ".pio/build/x/firmware.bin",
     {.ip = "mydev.local",
      .options.port = 8266,
      .options.host_port = 38266,
      .options.file = ".pio/build/x/firmware.bin",
      .debug = true,
      .progress = true},
     "secret"},
    {"--debug --progress -i mydev.local -s -f .pio/build/x/littlefs.bin",
     {.ip = "mydev.local",
      .options.file = ".pio/build/x/littlefs.bin",
      .options.filesystem = true,
      .debug = true,
      .progress = true},
     NULL},
    {"--debug --progress -i mydev.local --spiffs -f .pio/build/x/littlefs.bin",
     {.ip = "mydev.local",
      .options.file = ".pio/build/x/littlefs.bin",
      .options.filesystem = true,
      .spiffs_long = true,
      .debug = true,
      .progress = true},
     NULL},
    {"-I \"/core/tools/espota.py\" -i \"192.168.1.50\" -p \"8266\" \"--auth=\" -f "
     "\"build/Sketch.ino.bin\"",
     {.ip = "192.168.1.50", .options.port = 8266, .options.file = "build/Sketch.ino.bin"},
     ""},
    /* What optparse makes of other lines. */
    {"-rd -p8266 -i1.2.3.4 -fx", /* clusters, values without a blank */
     {.ip = "1.2.3.4", .options.port = 8266, .options.file = "x", .debug = true, .progress = true},
     NULL},
    {"-a -x -i a -f b", {.ip = "a", .options.file = "b"}, "-x"}, /* a value may begin with a dash */
    {"-i a stray -f b more", {.ip = "a", .options.file = "b"}, NULL},
    {"-i a -f b -- -r", {.ip = "a", .options.file = "b"}, NULL},
    {"--i a --fi b --po 0x2042 --host_p=017 --au=p --sp --deb --prog --t 3 --md",
     {.ip = "a",
      .options.file = "b",
      .options.port = 0x2042,
      .options.host_port = 15,
      .options.filesystem = true,
      .spiffs_long = true,
      .debug = true,
      .progress = true,
      .options.timeout_ms = 3000,
      .md5_target = true},
     "p"},
    {"-i a -i b -f c", {.ip = "b", .options.file = "c"}, NULL}, /* the last one counts */
    {"-I 192.168.1.2 -i a -f b",
     {.ip = "a", .options.host_ip = "192.168.1.2", .options.file = "b"},
     NULL},
    {"-I 0.0.0.0 -i a -f b", {.ip = "a", .options.file = "b"}, NULL},
    {"-I /core/signing.py -I 10.0.0.1 -i a -f b",
     {.ip = "a", .options.host_ip = "10.0.0.1", .options.file = "b"},
     NULL},
    {"-p 0b11 -P 0 -m -i a -f b",
     {.ip = "a", .options.port = 3, .options.file = "b", .md5_target = true},
     NULL},
    {"", {.ip = NULL}, NULL},
};

START_TEST(test_lines)
{
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const struct compat_espota *is = &lines[i].is;
        struct run r;

        parse(&r, lines[i].line);
        ck_assert_msg(r.status == ESPOTA_OK, "%s: %s", lines[i].line, r.err.message);
        ck_assert(!r.help);
        expect_text(r.line.ip, is->ip, lines[i].line);
        expect_text(r.line.options.file, is->options.file, lines[i].line);
        expect_text(r.line.options.host_ip, is->options.host_ip, lines[i].line);
        expect_text(r.line.options.password.bytes, lines[i].auth, lines[i].line);
        ck_assert_msg(r.line.options.port == is->options.port &&
                          r.line.options.host_port == is->options.host_port &&
                          r.line.options.timeout_ms ==
                              (is->options.timeout_ms != 0 ? is->options.timeout_ms : 10000),
                      "%s: numbers", lines[i].line);
        ck_assert_msg(r.line.options.filesystem == is->options.filesystem &&
                          r.line.spiffs_long == is->spiffs_long && r.line.debug == is->debug &&
                          r.line.progress == is->progress && r.line.md5_target == is->md5_target,
                      "%s: flags", lines[i].line);
        espota_secret_wipe(&r.line.options.password);
    }
}
END_TEST

START_TEST(test_bad_lines)
{
    static const char *const bad[] = {
        "--p 1",    "--h",     "-x",    "--bogus", "-p",     "-p x",         "-p 08",
        "-p 65536", "-p -1",   "-t 0",  "-t",      "-P 0xg", "--debug=1",    "--auth",
        "--s=1",    "-p 1__0", "-p 0x", "-p \"\"", "-rdz",   "-p \" 0x10\"",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct run r;

        parse(&r, bad[i]);
        ck_assert_msg(r.status == ESPOTA_E_USAGE, "'%s' was taken", bad[i]);
        ck_assert_str_ne(r.err.message, "");
        espota_secret_wipe(&r.line.options.password);
    }
}
END_TEST

START_TEST(test_help)
{
    struct run r;

    parse(&r, "-i a -h --bogus");
    ck_assert_int_eq(r.status, ESPOTA_OK);
    ck_assert(r.help);
    parse(&r, "--hel");
    ck_assert(r.help);
}
END_TEST

START_TEST(test_python_int)
{
    /* What Python 3's optparse answers. */
    static const struct {
        const char *text;
        long value;
    } good[] = {
        {"0", 0},     {"8266", 8266},  {"0x205a", 8282}, {"0X205A", 8282}, {"010", 8},
        {"0o17", 15}, {"0b101", 5},    {"0b", 0},        {" 12 ", 12},     {"+7", 7},
        {"-7", -7},   {"1_000", 1000}, {"0x_10", 16},    {"0_7", 7},       {"00", 0},
        {"017 ", 15}, {"-0", 0},
    };
    static const char *const bad[] = {"",
                                      " ",
                                      "x",
                                      "08",
                                      "0x",
                                      "0xg",
                                      "1__0",
                                      "_1",
                                      "1_",
                                      "-0x10",
                                      "12a",
                                      "1 2",
                                      "0b2",
                                      " 0x1",
                                      "--1",
                                      "+",
                                      "1.0",
                                      "0o8",
                                      "99999999999999999999"};
    long value;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert_msg(compat_python_int(good[i].text, &value), "'%s'", good[i].text);
        ck_assert_int_eq(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!compat_python_int(bad[i], &value), "'%s'", bad[i]);
}
END_TEST

static enum compat_tool tool_of(const char *program, const char *first)
{
    char name[64];
    char argument[64];
    char *argv[] = {name, argument, NULL};

    (void)snprintf(name, sizeof(name), "%s", program);
    (void)snprintf(argument, sizeof(argument), "%s", first != NULL ? first : "");
    return compat_tool_of(first != NULL ? 2 : 1, argv);
}

static bool wanted(const char *program, const char *first)
{
    return tool_of(program, first) != COMPAT_NONE;
}

START_TEST(test_wanted)
{
    ck_assert(wanted("espota-c", "-i"));
    ck_assert(wanted("/usr/bin/espota-c", "--debug"));
    ck_assert(wanted("espota-c", "-h"));
    ck_assert(!wanted("espota-c", "--help"));
    ck_assert(!wanted("espota-c", "--version"));
    ck_assert(!wanted("espota-c", "upload"));
    ck_assert(!wanted("espota-c", NULL));
    ck_assert(wanted("/core/tools/espota.py", NULL));
    ck_assert(wanted("espota", "--help"));
    ck_assert(!wanted("espota.py/x", "upload"));
    ck_assert(!wanted("espota.python", "upload"));
    ck_assert(tool_of("/core/tools/signing.py", "-x") == COMPAT_SIGNING_PY);
    ck_assert(tool_of("/tools/mdns-discovery", NULL) == COMPAT_MDNS_DISCOVERY);
    ck_assert(tool_of("/tools/mdns-discovery/espota-c", "-i") == COMPAT_ESPOTA_PY);
}
END_TEST

UNIT_MAIN("cli/compat", test_lines, test_bad_lines, test_help, test_python_int, test_wanted)
