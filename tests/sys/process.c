/* SPDX-License-Identifier: MIT */
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "unit.h"

static char output[4096];

/* Runs a line of shell. */
static struct espota_process run(const char *line, size_t room)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    struct espota_process process = {
        .argv = argv, .output = output, .room = room, .timeout_ms = 60000};
    struct espota_error err = ESPOTA_ERROR_INIT;

    ck_assert_msg(espota_process_run(&process, &err) == ESPOTA_OK, "%s", err.message);
    process.argv = NULL;
    ck_assert_uint_lt(process.length, room);
    ck_assert_int_eq(output[process.length], 0);
    return process;
}

static void no_child_is_left(void)
{
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}

START_TEST(test_what_it_prints_and_how_it_ends)
{
    struct espota_process p = run("echo hello; echo hidden >&2; exit 7", sizeof(output));

    ck_assert_str_eq(output, "hello\n");
    ck_assert_int_eq(p.exit_code, 7);
    ck_assert(!p.cut);
    p = run("cat; kill -KILL $$", sizeof(output)); /* an empty input */
    ck_assert_int_eq(p.exit_code, 128 + SIGKILL);
    ck_assert_uint_eq(p.length, 0);
    /* it closes its output long before it ends */
    p = run("echo first; exec >&-; while [ $((i += 1)) -lt 2000 ]; do :; done; exit 3",
            sizeof(output));
    ck_assert_int_eq(p.exit_code, 3);
    ck_assert_str_eq(output, "first\n");
    no_child_is_left();
}
END_TEST

START_TEST(test_more_than_there_is_room_for)
{
    struct espota_process p = run("head -c 300000 /dev/zero | tr '\\0' x; echo; exit 4", 10);

    ck_assert_str_eq(output, "xxxxxxxxx");
    ck_assert(p.cut);
    ck_assert_int_eq(p.exit_code, 4);
    p = run("printf 123456789", 10);
    ck_assert_str_eq(output, "123456789");
    ck_assert(!p.cut);
    p = run("printf 1", 1);
    ck_assert(p.cut);
    ck_assert_uint_eq(p.length, 0);
}
END_TEST

START_TEST(test_nothing_is_inherited)
{
    const char *const argv[] = {"env", NULL};
    struct espota_process process = {
        .argv = argv, .output = output, .room = sizeof(output), .timeout_ms = 60000};
    char folder[] = "/tmp/espota-path-XXXXXX", trap[64];
    sigset_t blocked;
    int fd, trap_fd;

    /* A program of that name where the user's PATH leads. */
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(trap, sizeof(trap), "%s/env", folder);
    trap_fd = open(trap, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    ck_assert_int_eq(write(trap_fd, "#!/bin/sh\necho trapped\n", 23), 23);
    close(trap_fd);
    ck_assert_int_eq(setenv("PATH", folder, 1), 0);
    ck_assert_int_eq(setenv("ESPOTA_PASSWORD", "secret", 1), 0);
    ck_assert_int_eq(espota_process_run(&process, NULL), ESPOTA_OK);
    ck_assert_str_eq(output, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n");
    ck_assert_int_eq(unlink(trap), 0);
    ck_assert_int_eq(rmdir(folder), 0);

    fd = fcntl(0, F_DUPFD, 77); /* as a careless parent leaves them open */
    ck_assert_int_eq(fd, 77);
    run("for i in 3 4 5 6 7 8 9 77; do [ -e /proc/$$/fd/$i ] && echo $i; done; echo end",
        sizeof(output));
    ck_assert_str_eq(output, "end\n");

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &blocked, NULL);
    ck_assert_int_eq(run("kill -PIPE $$", sizeof(output)).exit_code, 128 + SIGPIPE);
    ck_assert_int_eq(run("kill -TERM $$", sizeof(output)).exit_code, 128 + SIGTERM);
}
END_TEST

/* Gone, or waiting for whoever adopted it. */
static bool is_dead(int pid)
{
    char name[64], facts[512] = "";
    FILE *file;
    const char *state;

    snprintf(name, sizeof(name), "/proc/%d/stat", pid);
    file = fopen(name, "r");
    if (file == NULL)
        return kill(pid, 0) != 0 && errno == ESRCH;
    (void)!fread(facts, 1, sizeof(facts) - 1, file);
    fclose(file);
    state = strrchr(facts, ')');
    return state == NULL || state[2] == 'Z' || state[2] == 'X';
}

START_TEST(test_its_time_is_over)
{
    const char *const argv[] = {"sh", "-c", "sleep 1000 & echo $!; wait", NULL};
    struct espota_process process = {
        .argv = argv, .output = output, .room = sizeof(output), .timeout_ms = 300};
    struct espota_error err = ESPOTA_ERROR_INIT;
    int child;

    ck_assert_int_eq(espota_process_run(&process, &err), ESPOTA_E_FAILED);
    ck_assert_str_eq(err.message, "sh did not end within 300 ms");
    ck_assert_int_eq(process.exit_code, 128 + SIGKILL);
    no_child_is_left();
    child = atoi(output);
    if (child > 0) { /* a slow machine may not have come so far */
        while (!is_dead(child))
            continue;
    }
}
END_TEST

START_TEST(test_what_it_leaves_behind_goes_with_it)
{
    struct espota_process p = run("sleep 1000 & echo $!", sizeof(output));

    ck_assert_int_eq(p.exit_code, 0);
    ck_assert_int_gt(atoi(output), 0);
    while (!is_dead(atoi(output)))
        continue;
    no_child_is_left();
}
END_TEST

START_TEST(test_where_sigchld_is_ignored)
{
    (void)signal(SIGCHLD, SIG_IGN);
    ck_assert_int_eq(run("echo here; exit 5", sizeof(output)).exit_code, -1);
    ck_assert_str_eq(output, "here\n");
}
END_TEST

START_TEST(test_what_cannot_be_started)
{
    const char *const nothing[] = {"espota-no-such-program", NULL}, *const shell[] = {"sh", NULL};
    const char *const folder[] = {"../bin", NULL};
    struct espota_process process = {
        .argv = nothing, .output = output, .room = sizeof(output), .timeout_ms = 60000};
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct rlimit old, none;

    ck_assert_int_eq(espota_process_run(&process, &err), ESPOTA_E_NO_ANSWER);
    ck_assert_str_eq(err.message, "espota-no-such-program is not installed");
    ck_assert(!espota_process_is_there(nothing[0]));
    ck_assert(espota_process_is_there("sh"));
    process.argv = folder;
    ck_assert_int_eq(espota_process_run(&process, &err), ESPOTA_E_NO_ANSWER);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    process.argv = shell;
    ck_assert_int_eq(espota_process_run(&process, &err), ESPOTA_E_LOCAL);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot run sh"));
    no_child_is_left();
}
END_TEST

UNIT_MAIN("sys/process", test_what_it_prints_and_how_it_ends, test_more_than_there_is_room_for,
          test_nothing_is_inherited, test_its_time_is_over, test_what_it_leaves_behind_goes_with_it,
          test_where_sigchld_is_ignored, test_what_cannot_be_started)
