/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/opt.h"
#include "espota/secret.h"

struct args {
    const char *file;
    const char *image;
    const char *hosts[4];
    size_t host_count;
    uint16_t port;
    unsigned jobs;
    uint32_t timeout_ms;
    uint64_t rate;
    unsigned auth;
    struct espota_secret password;
    bool fs;
    bool force;
};

static enum espota_status add_host(void *context, char *value, struct espota_error *err)
{
    struct args *args = context;

    if (args->host_count == 4)
        return espota_error_set(err, ESPOTA_E_USAGE, "too many");
    args->hosts[args->host_count++] = value;
    return ESPOTA_OK;
}

static const struct opt options[] = {
    {.kind = OPT_HEADING, .help = "Where to"},
    {OPT_CALL, 'i', "host", "HOST[:PORT]", "a target", .call = add_host},
    {OPT_INTEGER, 'p', "port", "N", "its port", OPT_AT(struct args, port), .min = 1, .max = 65535},
    {OPT_INTEGER, 0, "jobs", "N", "at a time", OPT_AT(struct args, jobs), .min = 1},
    {.kind = OPT_HEADING, .help = "What"},
    {OPT_STRING, 'f', "file", "IMAGE", "the image", OPT_AT(struct args, file)},
    {OPT_FLAG, 's', "fs", NULL, "a file-system image", OPT_AT(struct args, fs)},
    {OPT_FLAG, 0, "force", NULL, NULL, OPT_AT(struct args, force)},
    {OPT_SECONDS, 't', "timeout", "SECONDS", "how long", OPT_AT(struct args, timeout_ms)},
    {OPT_BYTES, 0, "limit-rate", "BYTES", "a second", OPT_AT(struct args, rate), .min = 1},
    {OPT_SECRET, 'a', "auth", "PASSWORD", "the password", OPT_AT(struct args, password)},
    {OPT_CHOICE, 0, "auth-method", "auto|md5|sha256", "how", OPT_AT(struct args, auth)},
    OPT_ROWS_END,
};

static const struct opt positionals[] = {
    {OPT_STRING, 0, NULL, "IMAGE", "the image file", OPT_AT(struct args, image)},
    OPT_ROWS_END,
};

static const struct opt_command upload = {
    .program = "espota-c upload",
    .usage = "[options] --host HOST IMAGE\n[options] --targets FILE [IMAGE]",
    .summary = "Sends an image.",
    .options = options,
    .positionals = positionals,
    .notes = "Some notes\n\n  as they are",
};

enum { ARGC_MAX = 24, WORD_MAX = 64 };

/* argv in memory that may be written, and what the parser made of it. */
struct run {
    char words[ARGC_MAX][WORD_MAX];
    char *argv[ARGC_MAX + 1];
    int argc;
    struct args args;
    struct espota_error err;
    enum espota_status status;
    bool help;
};

static void run_with(struct run *r, const struct opt_command *command, const char *line)
{
    memset(r, 0, sizeof(*r));
    (void)snprintf(r->words[r->argc++], WORD_MAX, "program");
    while (*line != '\0') {
        size_t length = strcspn(line, " ");

        ck_assert_int_lt(r->argc, ARGC_MAX);
        (void)snprintf(r->words[r->argc++], WORD_MAX, "%.*s", (int)length, line);
        line += length;
        line += *line == ' ' ? 1 : 0;
    }
    for (int i = 0; i < r->argc; i++)
        r->argv[i] = r->words[i];
    r->status = opt_parse(command, r->argc, r->argv, &r->args, &r->help, &r->err);
}

static void done(struct run *r)
{
    espota_secret_wipe(&r->args.password);
}

static void expect_error(const char *line, const char *message)
{
    struct run r;

    run_with(&r, &upload, line);
    ck_assert_msg(r.status == ESPOTA_E_USAGE, "'%s' was taken", line);
    ck_assert_str_eq(r.err.message, message);
    done(&r);
}

START_TEST(test_every_kind)
{
    struct run r;

    run_with(&r, &upload,
             "--host=a -i b:1 --port 0x50 --jobs=7 -f x.bin --fs --force --timeout 0.25 "
             "--limit-rate 64k --auth-method sha256 image.bin");
    ck_assert_str_eq(r.err.message, "");
    ck_assert_int_eq(r.status, ESPOTA_OK);
    ck_assert(!r.help);
    ck_assert_uint_eq(r.args.host_count, 2);
    ck_assert_str_eq(r.args.hosts[0], "a");
    ck_assert_str_eq(r.args.hosts[1], "b:1");
    ck_assert_uint_eq(r.args.port, 80);
    ck_assert_uint_eq(r.args.jobs, 7);
    ck_assert_str_eq(r.args.file, "x.bin");
    ck_assert_str_eq(r.args.image, "image.bin");
    ck_assert(r.args.fs && r.args.force);
    ck_assert_uint_eq(r.args.timeout_ms, 250);
    ck_assert_uint_eq(r.args.rate, 65536);
    ck_assert_uint_eq(r.args.auth, 2);
}
END_TEST

START_TEST(test_short_clusters_and_values)
{
    struct run r;

    run_with(&r, &upload, "-sp8266 -t.5 -i-x");
    ck_assert_int_eq(r.status, ESPOTA_OK);
    ck_assert(r.args.fs);
    ck_assert_uint_eq(r.args.port, 8266);
    ck_assert_uint_eq(r.args.timeout_ms, 500);
    ck_assert_str_eq(r.args.hosts[0], "-x");

    run_with(&r, &upload, "-i --fs -- -p");
    ck_assert_int_eq(r.status, ESPOTA_OK);
    ck_assert_str_eq(r.args.hosts[0], "--fs");
    ck_assert(!r.args.fs);
    ck_assert_str_eq(r.args.image, "-p");

    run_with(&r, &upload, "-");
    ck_assert_str_eq(r.args.image, "-");
}
END_TEST

START_TEST(test_prefixes)
{
    struct run r;

    run_with(&r, &upload, "--ho x --tim 3 --po=1 --auth y");
    ck_assert_str_eq(r.err.message, "");
    ck_assert_str_eq(r.args.hosts[0], "x");
    ck_assert_uint_eq(r.args.timeout_ms, 3000);
    ck_assert_str_eq(r.args.password.bytes, "y");
    done(&r);
    expect_error("--fo=1", "--force takes no value");
    expect_error("--aut=geheim", "option --aut could be --auth, --auth-method");
    expect_error("--h", "option --h could be --host, --help");
}
END_TEST

START_TEST(test_help_ends_the_reading)
{
    struct run r;

    run_with(&r, &upload, "--fs --help --bogus");
    ck_assert_int_eq(r.status, ESPOTA_OK);
    ck_assert(r.help && r.args.fs);
    run_with(&r, &upload, "-sh");
    ck_assert(r.help);
    run_with(&r, &upload, "--hel");
    ck_assert(r.help);
}
END_TEST

START_TEST(test_secrets_leave_argv)
{
    struct run r;
    static const char *const lines[] = {"--auth=geheim", "--auth geheim", "-ageheim",
                                        "-a geheim",     "-sageheim",     "--auth=x --auth=geheim"};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        run_with(&r, &upload, lines[i]);
        ck_assert_int_eq(r.status, ESPOTA_OK);
        ck_assert_str_eq(r.args.password.bytes, "geheim");
        ck_assert_uint_eq(r.args.password.length, 6);
        for (size_t at = 0; at + 6 <= sizeof(r.words); at++)
            ck_assert_mem_ne((const char *)r.words + at, "geheim", 6);
        done(&r);
    }
    run_with(&r, &upload, "--auth=");
    ck_assert_ptr_nonnull(r.args.password.bytes);
    ck_assert_uint_eq(r.args.password.length, 0);
    done(&r);
}
END_TEST

START_TEST(test_errors_say_what_is_wrong)
{
    expect_error("--hots x", "unknown option --hots; did you mean --host?");
    expect_error("--auht=geheim", "unknown option --auht; did you mean --auth?");
    expect_error("--password=geheim", "unknown option --password");
    expect_error("-z", "unknown option -z");
    expect_error("-sz", "unknown option -z");
    expect_error("--port", "--port needs a value: N");
    expect_error("-p", "-p needs a value: N");
    expect_error("--port 0", "--port: '0' is not a number from 1 to 65535");
    expect_error("--port=65536", "--port: '65536' is not a number from 1 to 65535");
    expect_error("--port=-1", "--port: '-1' is not a number from 1 to 65535");
    expect_error("--port= 1", "--port: '' is not a number from 1 to 65535");
    expect_error("--port 80x", "--port: '80x' is not a number from 1 to 65535");
    expect_error("--port 0x", "--port: '0x' is not a number from 1 to 65535");
    expect_error("--port 99999999999999999999999",
                 "--port: '99999999999999999999999' is not a number from 1 to 65535");
    expect_error("--jobs 4294967296", "--jobs: '4294967296' is not a number from 1 to 4294967295");
    expect_error("--timeout soon", "--timeout: 'soon' is not a number of seconds");
    expect_error("--timeout .", "--timeout: '.' is not a number of seconds");
    expect_error("--limit-rate 1T",
                 "--limit-rate: '1T' is not a number of bytes (such as 4096, 64k or 4M) above 0");
    expect_error("--limit-rate 0",
                 "--limit-rate: '0' is not a number of bytes (such as 4096, 64k or 4M) above 0");
    expect_error("--auth-method md", "--auth-method: 'md' is none of auto|md5|sha256");
    expect_error("--auth-method=", "--auth-method: '' is none of auto|md5|sha256");
    expect_error("-i 1 -i 2 -i 3 -i 4 -i 5", "--host: too many");
    expect_error("a b", "unexpected argument 'b'");
}
END_TEST

START_TEST(test_values)
{
    struct args args = {0};
    static const struct opt bytes = {OPT_BYTES, 0, "b", "B", NULL, OPT_AT(struct args, rate)};
    static const struct opt seconds = {OPT_SECONDS, 0,    "s",
                                       "S",         NULL, OPT_AT(struct args, timeout_ms)};
    static const struct {
        const char *text;
        uint64_t number;
    } rates[] = {{"0", 0},           {"1K", 1024},          {"4M", 4194304},
                 {"2G", 2147483648}, {"0x200000", 2097152}, {"0x10k", 16384}},
      times[] = {{"1", 1000}, {"1.", 1000}, {".001", 1}, {"0.9999", 999}, {"60.25", 60250}};
    char text[32];

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        (void)snprintf(text, sizeof(text), "%s", rates[i].text);
        ck_assert_int_eq(opt_store(&bytes, text, &args, NULL), ESPOTA_OK);
        ck_assert_uint_eq(args.rate, rates[i].number);
    }
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        (void)snprintf(text, sizeof(text), "%s", times[i].text);
        ck_assert_int_eq(opt_store(&seconds, text, &args, NULL), ESPOTA_OK);
        ck_assert_uint_eq(args.timeout_ms, times[i].number);
    }
    (void)snprintf(text, sizeof(text), "18446744073709551615k");
    ck_assert_int_eq(opt_store(&bytes, text, &args, NULL), ESPOTA_E_USAGE);
}
END_TEST

START_TEST(test_positionals)
{
    static const struct opt needed[] = {
        {OPT_STRING, 0, NULL, "KEY", "", OPT_AT(struct args, file), .min = 1},
        {OPT_CALL, 0, NULL, "IMAGE", "", .min = 1, .call = add_host},
        OPT_ROWS_END,
    };
    struct opt_command sign = {.program = "sign", .options = options, .positionals = needed};
    struct run r;

    run_with(&r, &sign, "");
    ck_assert_str_eq(r.err.message, "KEY is missing");
    run_with(&r, &sign, "k");
    ck_assert_str_eq(r.err.message, "IMAGE is missing");
    run_with(&r, &sign, "k a --fs b");
    ck_assert_int_eq(r.status, ESPOTA_OK);
    ck_assert_uint_eq(r.args.host_count, 2);
    ck_assert_str_eq(r.args.hosts[1], "b");
    ck_assert(r.args.fs);
    run_with(&r, &sign, "k 1 2 3 4 5");
    ck_assert_str_eq(r.err.message, "IMAGE: too many");

    sign.positionals = NULL;
    run_with(&r, &sign, "stray");
    ck_assert_int_eq(r.status, ESPOTA_E_USAGE);
    sign.ignore_strays = true;
    run_with(&r, &sign, "stray --fs");
    ck_assert_int_eq(r.status, ESPOTA_OK);
    ck_assert(r.args.fs);
}
END_TEST

/* What opt_help prints; no line is longer than a terminal. */
static const char *help_of(const struct opt_command *command)
{
    static char text[8192];
    FILE *file = tmpfile();
    int standard = dup(STDOUT_FILENO);
    size_t length;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fflush(stdout), 0);
    ck_assert_int_eq(dup2(fileno(file), STDOUT_FILENO), STDOUT_FILENO);
    opt_help(command);
    ck_assert_int_eq(fflush(stdout), 0);
    ck_assert_int_eq(dup2(standard, STDOUT_FILENO), STDOUT_FILENO);
    (void)close(standard);
    rewind(file);
    length = fread(text, 1, sizeof(text), file);
    ck_assert_uint_lt(length, sizeof(text));
    text[length] = '\0';
    (void)fclose(file);
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        ck_assert_uint_le(strcspn(line, "\n"), 80);
    return text;
}

START_TEST(test_help)
{
    static const char expected[] = "Usage: espota-c upload [options] --host HOST IMAGE\n"
                                   "       espota-c upload [options] --targets FILE [IMAGE]\n"
                                   "\n"
                                   "Sends an image.\n"
                                   "\n"
                                   "  IMAGE                   the image file\n"
                                   "\n"
                                   "Where to:\n"
                                   "  -i, --host HOST[:PORT]  a target\n"
                                   "  -p, --port N            its port\n"
                                   "      --jobs N            at a time\n"
                                   "\n"
                                   "What:\n"
                                   "  -f, --file IMAGE        the image\n"
                                   "  -s, --fs                a file-system image\n"
                                   "  -t, --timeout SECONDS   how long\n"
                                   "      --limit-rate BYTES  a second\n"
                                   "  -a, --auth PASSWORD     the password\n"
                                   "      --auth-method auto|md5|sha256\n"
                                   "                          how\n"
                                   "  -h, --help              print this and exit\n"
                                   "\n"
                                   "Some notes\n"
                                   "\n"
                                   "  as they are\n";

    ck_assert_str_eq(help_of(&upload), expected);
}
END_TEST

START_TEST(test_help_wraps)
{
    static const struct opt rows[] = {
        {OPT_FLAG, 0, "fs", NULL,
         "one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
         "fifteen",
         OPT_AT(struct args, fs)},
        OPT_ROWS_END,
    };
    static const struct opt_command command = {
        .program = "x", .usage = "[options]", .summary = "S.", .options = rows};

    ck_assert_ptr_nonnull(strstr(help_of(&command),
                                 "\nOptions:\n"
                                 "      --fs                one two three four five six seven "
                                 "eight nine ten\n"
                                 "                          eleven twelve thirteen fourteen "
                                 "fifteen\n"));
}
END_TEST

static const char *nearest(const char *typed)
{
    static const char *const words[] = {"upload", "discover", "serve", "sign", "verify", "info"};
    struct similar search = {.typed = typed, .length = strlen(typed)};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        similar_offer(&search, words[i]);
    return search.best != NULL ? search.best : "";
}

START_TEST(test_similar)
{
    ck_assert_str_eq(nearest("uplaod"), "upload");
    ck_assert_str_eq(nearest("upolad"), "upload");
    ck_assert_str_eq(nearest("pload"), "upload");
    ck_assert_str_eq(nearest("disc"), "discover");
    ck_assert_str_eq(nearest("sing"), "sign");
    ck_assert_str_eq(nearest("server"), "serve");
    ck_assert_str_eq(nearest("flash"), "");
    ck_assert_str_eq(nearest("x"), "");
    ck_assert_str_eq(nearest(""), "");
    ck_assert_str_eq(nearest("uploaduploaduploaduploaduploadupload"), "");
}
END_TEST

UNIT_MAIN("cli/opt", test_every_kind, test_short_clusters_and_values, test_prefixes,
          test_help_ends_the_reading, test_secrets_leave_argv, test_errors_say_what_is_wrong,
          test_values, test_positionals, test_help, test_help_wraps, test_similar)
