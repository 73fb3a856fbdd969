/* SPDX-License-Identifier: MIT */
#include "sys/file.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "unit.h"

static char folder[] = "/tmp/espota-lock-XXXXXX";
static char path[128], inside[128];

static void begin(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/state", folder);
    snprintf(inside, sizeof(inside), "%s/inside", folder);
}

START_TEST(test_one_at_a_time)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_file_lock first = ESPOTA_FILE_LOCK_INIT, second = ESPOTA_FILE_LOCK_INIT;

    begin();
    espota_file_lock_release(&first);
    ck_assert_int_eq(espota_file_lock_take(&first, path, &err), ESPOTA_OK);
    ck_assert_int_eq(espota_file_lock_take(&second, path, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "in use by another run"));
    espota_file_lock_release(&second);
    ck_assert_int_eq(espota_file_lock_take(&second, path, &err), ESPOTA_E_LOCAL);
    espota_file_lock_release(&first);
    espota_file_lock_release(&first);
    ck_assert_int_eq(espota_file_lock_take(&second, path, &err), ESPOTA_OK);
    espota_file_lock_release(&second);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing is left */
}
END_TEST

START_TEST(test_places_where_there_can_be_none)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_file_lock lock = ESPOTA_FILE_LOCK_INIT;
    char name[160];

    ck_assert_int_eq(espota_file_lock_take(&lock, "/nowhere/state", &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot lock /nowhere/state.lock"));
    begin();
    snprintf(name, sizeof(name), "%s.lock", path);
    ck_assert_int_eq(symlink("/etc/passwd", name), 0); /* a trap in a folder that others use */
    ck_assert_int_eq(espota_file_lock_take(&lock, path, &err), ESPOTA_E_LOCAL);
    ck_assert_int_eq(unlink(name), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* Takes and lets go; while it holds the lock nobody else may have left the mark. */
static int contend(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        struct espota_file_lock lock;
        int mark;

        while (espota_file_lock_take(&lock, path, NULL) != ESPOTA_OK)
            sched_yield();
        mark = open(inside, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        if (mark < 0 || close(mark) != 0 || unlink(inside) != 0)
            return 1;
        espota_file_lock_release(&lock);
    }
    return 0;
}

START_TEST(test_many_processes_take_turns)
{
    pid_t pids[6];

    begin();
    for (size_t i = 0; i < 6; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0)
            _exit(contend(300));
    }
    for (size_t i = 0; i < 6; i++) {
        int status = 0;

        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(test_it_ends_with_its_process)
{
    struct espota_file_lock lock = ESPOTA_FILE_LOCK_INIT;
    char name[160];
    int status = 0;
    pid_t pid;

    begin();
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(espota_file_lock_take(&lock, path, NULL) == ESPOTA_OK ? 0 : 1);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    snprintf(name, sizeof(name), "%s.lock", path);
    ck_assert_int_eq(access(name, F_OK), 0);
    ck_assert_int_eq(espota_file_lock_take(&lock, path, NULL), ESPOTA_OK);
    espota_file_lock_release(&lock);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

UNIT_MAIN("sys/file_lock", test_one_at_a_time, test_places_where_there_can_be_none,
          test_many_processes_take_turns, test_it_ends_with_its_process)
