/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "espota/secret.h"

static char directory[] = "/tmp/espota-secret-XXXXXX";
static char path[64];

static void setup_file(const void *bytes, size_t length, mode_t mode)
{
    int fd;

    if (strchr(directory, 'X') != NULL)
        ck_assert_ptr_nonnull(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/secret", directory);
    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    (void)close(fd);
}

static void cleanup(void)
{
    (void)unlink(path);
    (void)rmdir(directory);
    memcpy(directory, "/tmp/espota-secret-XXXXXX", sizeof(directory));
}

struct heard {
    int count;
    char line[256];
};

static void hear(void *context, enum espota_log_level level, const char *line)
{
    struct heard *heard = context;

    ck_assert_int_eq(level, ESPOTA_LOG_WARNING);
    heard->count++;
    (void)snprintf(heard->line, sizeof(heard->line), "%s", line);
}

static void expect_read(const char *bytes, size_t length, const char *wanted)
{
    struct espota_secret secret = ESPOTA_SECRET_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;

    setup_file(bytes, length, 0600);
    ck_assert_msg(espota_secret_read(&secret, path, "password file", NULL, &err) == ESPOTA_OK, "%s",
                  err.message);
    ck_assert_str_eq(secret.bytes, wanted);
    ck_assert_uint_eq(secret.length, strlen(wanted));
    espota_secret_wipe(&secret);
    ck_assert_ptr_null(secret.bytes);
    cleanup();
}

START_TEST(test_first_line)
{
    char longest[ESPOTA_SECRET_MAX + 2];
    char wanted[ESPOTA_SECRET_MAX + 1];

    expect_read("geheim\nmore\n", 12, "geheim");
    expect_read("geheim\r\n", 8, "geheim");
    expect_read("geheim", 6, "geheim");
    expect_read(" p \xc3\xa4 \n", 7, " p \xc3\xa4 ");
    expect_read("\n", 1, "");
    memset(longest, 'x', sizeof(longest));
    longest[ESPOTA_SECRET_MAX] = '\n';
    memset(wanted, 'x', sizeof(wanted));
    wanted[ESPOTA_SECRET_MAX] = '\0';
    expect_read(longest, sizeof(longest), wanted);
}
END_TEST

static void expect_failure(const char *bytes, size_t length, const char *wanted)
{
    struct espota_secret secret = ESPOTA_SECRET_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;

    setup_file(bytes, length, 0600);
    ck_assert_int_eq(espota_secret_read(&secret, path, "password file", NULL, &err),
                     ESPOTA_E_LOCAL);
    ck_assert_msg(strstr(err.message, wanted) != NULL, "%s", err.message);
    ck_assert_ptr_nonnull(strstr(err.message, "password file"));
    ck_assert_ptr_null(secret.bytes);
    cleanup();
}

START_TEST(test_failures)
{
    char endless[ESPOTA_SECRET_MAX + 1];
    struct espota_secret secret = ESPOTA_SECRET_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;

    memset(endless, 'x', sizeof(endless));
    expect_failure("", 0, "is empty");
    expect_failure("a\0b\n", 4, "NUL");
    expect_failure(endless, sizeof(endless), "longer than 1024 bytes");
    ck_assert_int_eq(espota_secret_read(&secret, "/nonexistent/x", "password file", NULL, &err),
                     ESPOTA_E_LOCAL);
    ck_assert_str_eq(err.message,
                     "password file: cannot read /nonexistent/x: No such file or directory");
    ck_assert_int_eq(espota_secret_read(&secret, "/", "password file", NULL, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "Is a directory"));
}
END_TEST

START_TEST(test_warns_of_readers)
{
    struct heard heard = {0};
    struct espota_log log = {hear, &heard};
    static const struct {
        mode_t mode;
        int warnings;
    } rows[] = {{0600, 0}, {0400, 0}, {0640, 1}, {0604, 1}, {0620, 0}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct espota_secret secret = ESPOTA_SECRET_INIT;

        heard.count = 0;
        setup_file("x\n", 2, rows[i].mode);
        ck_assert_int_eq(espota_secret_read(&secret, path, "password file", &log, NULL), ESPOTA_OK);
        ck_assert_int_eq(heard.count, rows[i].warnings);
        if (heard.count > 0)
            ck_assert_ptr_nonnull(strstr(heard.line, path));
        espota_secret_wipe(&secret);
        cleanup();
    }
}
END_TEST

START_TEST(test_standard_input_keeps_the_rest)
{
    struct espota_secret secret = ESPOTA_SECRET_INIT;
    int ends[2];
    char rest[8] = "";

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "geheim\nrest", 11), 11);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    ck_assert_int_eq(espota_secret_read(&secret, "-", "password", NULL, NULL), ESPOTA_OK);
    ck_assert_str_eq(secret.bytes, "geheim");
    ck_assert_int_eq(read(STDIN_FILENO, rest, sizeof(rest)), 4);
    ck_assert_mem_eq(rest, "rest", 4);
    espota_secret_wipe(&secret);
}
END_TEST

START_TEST(test_copy_and_take)
{
    struct espota_secret secret = ESPOTA_SECRET_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;
    char text[] = "geheim";
    char long_text[ESPOTA_SECRET_MAX + 2];

    ck_assert_int_eq(espota_secret_copy(&secret, "a\0b", 3, &err), ESPOTA_OK);
    ck_assert_uint_eq(secret.length, 3);
    ck_assert_mem_eq(secret.bytes, "a\0b\0", 4);
    ck_assert_int_eq(espota_secret_take(&secret, text, &err), ESPOTA_OK);
    ck_assert_str_eq(secret.bytes, "geheim");
    ck_assert_mem_eq(text, "\0\0\0\0\0\0", 6);

    memset(long_text, 'x', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    ck_assert_int_eq(espota_secret_take(&secret, long_text, &err), ESPOTA_E_USAGE);
    for (size_t i = 0; i < sizeof(long_text); i++)
        ck_assert_int_eq(long_text[i], '\0'); /* gone, although it was not taken */
    ck_assert_str_eq(secret.bytes, "geheim");
    espota_secret_wipe(&secret);
    espota_secret_wipe(&secret);
}
END_TEST

START_TEST(test_environment)
{
    struct espota_secret secret = ESPOTA_SECRET_INIT;
    char *value;

    ck_assert_int_eq(espota_secret_from_environment(&secret, "ESPOTA_TEST_SECRET", NULL),
                     ESPOTA_OK);
    ck_assert_ptr_null(secret.bytes);
    ck_assert_int_eq(setenv("ESPOTA_TEST_SECRET", "geheim", 1), 0);
    value = getenv("ESPOTA_TEST_SECRET");
    ck_assert_int_eq(espota_secret_from_environment(&secret, "ESPOTA_TEST_SECRET", NULL),
                     ESPOTA_OK);
    ck_assert_str_eq(secret.bytes, "geheim");
    ck_assert_ptr_null(getenv("ESPOTA_TEST_SECRET"));
    ck_assert_mem_eq(value, "\0\0\0\0\0\0", 6);
    espota_secret_wipe(&secret);
}
END_TEST

START_TEST(test_credentials)
{
    struct espota_secret secret = ESPOTA_SECRET_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;

    (void)unsetenv("CREDENTIALS_DIRECTORY");
    ck_assert_int_eq(espota_secret_from_credentials(&secret, "secret", &err), ESPOTA_OK);
    ck_assert_ptr_null(secret.bytes);
    setup_file("geheim\n", 7, 0440);
    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", directory, 1), 0);
    ck_assert_int_eq(espota_secret_from_credentials(&secret, "other", &err), ESPOTA_OK);
    ck_assert_ptr_null(secret.bytes);
    ck_assert_int_eq(espota_secret_from_credentials(&secret, "secret", &err), ESPOTA_OK);
    ck_assert_str_eq(secret.bytes, "geheim");
    espota_secret_wipe(&secret);
    ck_assert_int_eq(espota_secret_from_credentials(&secret, ".", &err), ESPOTA_E_LOCAL);
    cleanup();
}
END_TEST

UNIT_MAIN("crypto/secret", test_first_line, test_failures, test_warns_of_readers,
          test_standard_input_keeps_the_rest, test_copy_and_take, test_environment,
          test_credentials)
