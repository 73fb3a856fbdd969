/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>

#include "fleet/fleet.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FLASH ESPOTA_COMMAND_FLASH
#define FILESYSTEM ESPOTA_COMMAND_FILESYSTEM

static char folder[] = "/tmp/espota-state-XXXXXX";
static char path[64];

static void enter(void)
{
    strcpy(folder + sizeof(folder) - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/state", folder);
}

static void leave(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else is left behind */
}

static struct espota_state *opened(void)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_state *state;

    ck_assert_msg(espota_state_open(path, true, &state, &err) == ESPOTA_OK, "%s", err.message);
    return state;
}

static void record(struct espota_state *state, const char *target, enum espota_command command,
                   const char *sha, enum espota_state_result result)
{
    ck_assert_int_eq(espota_state_record(state, target, command, sha, result, 1795233906, NULL),
                     ESPOTA_OK);
}

static size_t file_read(char *out, size_t room)
{
    FILE *file = fopen(path, "rb");
    size_t length;

    ck_assert_ptr_nonnull(file);
    length = fread(out, 1, room - 1, file);
    out[length] = '\0';
    fclose(file);
    return length;
}

static void file_write(const char *text)
{
    FILE *file = fopen(path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_round)
{
    struct espota_state *state;
    struct stat info;
    char text[4096];

    enter();
    state = opened();
    ck_assert(!espota_state_changed(state));
    record(state, "10.0.0.1:8266", FLASH, SHA_A, ESPOTA_STATE_DONE);
    record(state, "[fe80::1%eth0]:8266", FLASH, SHA_A, ESPOTA_STATE_UNKNOWN);
    record(state, "10.0.0.1:8266", FILESYSTEM, SHA_B, ESPOTA_STATE_DONE);
    ck_assert(espota_state_changed(state));
    ck_assert_int_eq(espota_state_save(state, NULL), ESPOTA_OK);
    ck_assert(!espota_state_changed(state));
    espota_state_close(state);

    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, 0600);
    file_read(text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "\"target\": \"10.0.0.1:8266\""));
    ck_assert_ptr_nonnull(strstr(text, "\"time\": \"2026-11-21T04:05:06Z\""));

    state = opened();
    ck_assert_int_eq(espota_state_find(state, "10.0.0.1:8266", FLASH, SHA_A), ESPOTA_STATE_DONE);
    ck_assert_int_eq(espota_state_find(state, "10.0.0.1:8266", FLASH, SHA_B), ESPOTA_STATE_NONE);
    ck_assert_int_eq(espota_state_find(state, "10.0.0.1:8266", FILESYSTEM, SHA_B),
                     ESPOTA_STATE_DONE);
    ck_assert_int_eq(espota_state_find(state, "[fe80::1%eth0]:8266", FLASH, SHA_A),
                     ESPOTA_STATE_UNKNOWN);
    ck_assert_int_eq(espota_state_find(state, "10.0.0.1:8267", FLASH, SHA_A), ESPOTA_STATE_NONE);
    espota_state_close(state);
    leave();
}
END_TEST

START_TEST(test_the_last_bytes_count)
{
    struct espota_state *state;

    enter();
    state = opened();
    record(state, "h:1", FLASH, SHA_A, ESPOTA_STATE_DONE);
    record(state, "h:1", FLASH, SHA_B, ESPOTA_STATE_UNKNOWN);
    ck_assert_int_eq(espota_state_find(state, "h:1", FLASH, SHA_A), ESPOTA_STATE_NONE);
    ck_assert_int_eq(espota_state_find(state, "h:1", FLASH, SHA_B), ESPOTA_STATE_UNKNOWN);
    record(state, "h:1", FLASH, SHA_B, ESPOTA_STATE_NONE); /* forget */
    ck_assert_int_eq(espota_state_find(state, "h:1", FLASH, SHA_B), ESPOTA_STATE_NONE);
    ck_assert_int_eq(espota_state_save(state, NULL), ESPOTA_OK);
    espota_state_close(state);
    state = opened();
    ck_assert_int_eq(espota_state_find(state, "h:1", FLASH, SHA_B), ESPOTA_STATE_NONE);
    record(state, "h:2", FLASH, SHA_B, ESPOTA_STATE_NONE);
    ck_assert(!espota_state_changed(state)); /* there was nothing to forget */
    espota_state_close(state);
    leave();
}
END_TEST

#define HEAD "{\"format\":\"espota-c upload state\",\"version\":1,\"entries\":["
#define ENTRY(result)                                                                              \
    "{\"target\":\"h:1\",\"command\":0,\"sha256\":\"" SHA_A "\",\"result\":\"" result              \
    "\",\"time\":\"2026-11-21T04:05:06Z\"}"

START_TEST(test_what_is_not_ours_is_left_alone)
{
    static const char *const bad[] = {
        "{",
        "[]",
        "\033[2J",
        "{\"format\":\"other\",\"version\":1,\"entries\":[]}",
        "{\"format\":\"espota-c upload state\",\"version\":2,\"entries\":[]}",
        "{\"format\":\"espota-c upload state\",\"version\":1}",
        HEAD "{}]}",
        HEAD "7]}",
        HEAD ENTRY("maybe") "]}",
        HEAD ENTRY("done") "," ENTRY("done") "]}",
        HEAD ENTRY("done") "]} x",
    };

    enter();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct espota_error err = ESPOTA_ERROR_INIT;
        struct espota_state *state;
        char text[1024];

        file_write(bad[i]);
        ck_assert_msg(espota_state_open(path, true, &state, &err) == ESPOTA_E_LOCAL, "%s", bad[i]);
        ck_assert_ptr_null(state);
        ck_assert_ptr_nonnull(strstr(err.message, path));
        ck_assert_ptr_null(strchr(err.message, '\033'));
        file_read(text, sizeof(text));
        ck_assert_str_eq(text, bad[i]);
    }
    file_write(HEAD ENTRY("unknown") "]}");
    espota_state_close(opened()); /* and the lock was let go of each time */
    leave();
}
END_TEST

START_TEST(test_empty_file_is_a_beginning)
{
    enter();
    file_write("");
    espota_state_close(opened());
    leave();
}
END_TEST

START_TEST(test_one_run_at_a_time)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_state *state, *second;

    enter();
    state = opened();
    ck_assert_int_eq(espota_state_open(path, true, &second, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_null(second);
    ck_assert_str_ne(err.message, "");
    ck_assert_int_eq(espota_state_open(path, false, &second, &err), ESPOTA_OK); /* only to look */
    espota_state_close(second);
    espota_state_close(state);
    espota_state_close(opened());
    leave();
}
END_TEST

START_TEST(test_a_failed_save_leaves_the_old_file)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_state *state;

    enter();
    file_write(HEAD ENTRY("done") "]}");
    state = opened();
    record(state, "h:2", FLASH, SHA_B, ESPOTA_STATE_DONE);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0); /* nobody can replace a directory by a file */
    ck_assert_int_ne(espota_state_save(state, &err), ESPOTA_OK);
    ck_assert_str_ne(err.message, "");
    ck_assert(espota_state_changed(state));
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(espota_state_save(state, NULL), ESPOTA_OK);
    espota_state_close(state);
    leave();
}
END_TEST

START_TEST(test_no_pipe)
{
    struct espota_state *state;

    ck_assert_int_eq(espota_state_open("-", true, &state, NULL), ESPOTA_E_USAGE);
}
END_TEST

UNIT_MAIN("fleet/state", test_round, test_the_last_bytes_count, test_what_is_not_ours_is_left_alone,
          test_empty_file_is_a_beginning, test_one_run_at_a_time,
          test_a_failed_save_leaves_the_old_file, test_no_pipe)
