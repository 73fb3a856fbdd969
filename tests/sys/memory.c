/* SPDX-License-Identifier: MIT */
/*
 * Each allocation of src/sys fails once: an error, nothing lost, nothing left open. The work
 * itself uses no macro of the framework, whose allocations would count.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "alloc.h"
#include "sys/file.h"
#include "sys/loop.h"
#include "unit.h"

static char folder[] = "/tmp/espota-memory-XXXXXX";
static char path[64];

static void begin(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/out", folder);
}

static int lowest_free(void)
{
    int fd = fcntl(0, F_DUPFD, 0);

    ck_assert_int_ge(fd, 0);
    close(fd);
    return fd;
}

static int broken_at; /* the line of the first promise that was not kept */

#define PROMISE(kept)                                                                              \
    do {                                                                                           \
        if (!(kept) && broken_at == 0)                                                             \
            broken_at = __LINE__;                                                                  \
    } while (0)

/* Runs `work` until it needs no more allocations than it gets; returns how many there are. */
static size_t each_fails(enum espota_status (*work)(void), bool may_do_without)
{
    int free_fd = lowest_free();

    for (size_t nth = 1;; nth++) {
        enum espota_status status;
        bool failed;

        alloc_fail_nth(nth);
        status = work();
        failed = alloc_has_failed();
        alloc_fail_nth(0);
        ck_assert_int_eq(broken_at, 0);
        ck_assert_int_eq(lowest_free(), free_fd);
        if (!failed) {
            ck_assert_int_eq(status, ESPOTA_OK);
            return nth - 1;
        }
        if (!may_do_without)
            ck_assert_msg(status == ESPOTA_E_MEMORY || status == ESPOTA_E_LOCAL, "%zu: %d", nth,
                          (int)status);
    }
}

enum { WATCHES = 40, TIMERS = 70 };

static unsigned expired;

static void expire(void *context)
{
    (void)context;
    expired++;
}

static unsigned called;

static void call(void *context, unsigned events)
{
    (void)context;
    (void)events;
    called++;
}

/* What could be watched and armed works, whatever could not. */
static enum espota_status use_loop(struct espota_loop *loop, int fds[WATCHES])
{
    enum espota_status status = ESPOTA_OK;
    struct espota_watch watches[WATCHES] = {0};
    struct espota_timer timers[TIMERS] = {0};
    unsigned watched = 0, armed = 0;

    for (size_t i = 0; i < WATCHES; i++) {
        watches[i] = (struct espota_watch){fds[i], ESPOTA_WRITABLE, call, NULL, 0};
        if (espota_loop_watch(loop, &watches[i], NULL) == ESPOTA_OK)
            watched++;
        else
            status = ESPOTA_E_MEMORY;
    }
    for (size_t i = 0; i < TIMERS; i++) {
        timers[i] = (struct espota_timer){expire, NULL, 0, 0};
        if (espota_loop_arm(loop, &timers[i], 0) == ESPOTA_OK)
            armed++;
        else
            status = ESPOTA_E_MEMORY;
    }
    called = expired = 0;
    PROMISE(espota_loop_turn(loop, -1, NULL) == ESPOTA_OK);
    PROMISE(called == watched);
    PROMISE(expired == armed);
    for (size_t i = 0; i < WATCHES; i++)
        espota_loop_unwatch(loop, &watches[i]);
    return status;
}

static enum espota_loop_backend backend;

static enum espota_status loop_work(void)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_loop *loop = NULL;
    int fds[WATCHES], pair[2];
    enum espota_status status = espota_loop_create(backend, &loop, &err);

    if (status != ESPOTA_OK) {
        PROMISE(loop == NULL);
        PROMISE(err.message[0] != 0);
        return status;
    }
    PROMISE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    for (int i = 0; i < WATCHES; i++) /* numbers far apart: the loop's tables grow */
        fds[i] = fcntl(pair[0], F_DUPFD, 50 + 20 * i);
    status = use_loop(loop, fds);
    espota_loop_destroy(loop);
    for (int i = 0; i < WATCHES; i++)
        close(fds[i]);
    close(pair[0]);
    close(pair[1]);
    return status;
}

START_TEST(test_the_loop)
{
    backend = ESPOTA_LOOP_POLL;
    ck_assert_uint_gt(each_fails(loop_work, false), 8);
#ifdef ESPOTA_TEST_LINUX
    backend = ESPOTA_LOOP_EPOLL;
    ck_assert_uint_gt(each_fails(loop_work, false), 8);
#endif
    backend = ESPOTA_LOOP_BEST; /* without memory for one way of waiting it takes the other */
    ck_assert_uint_gt(each_fails(loop_work, true), 8);
}
END_TEST

static enum espota_status write_work(void)
{
    struct espota_output *output = NULL;
    enum espota_status status =
        espota_output_create(&output, path, ESPOTA_OUTPUT_REPLACE, 0600, NULL);

    if (status == ESPOTA_OK)
        status = espota_output_write(output, "two", 3, NULL);
    if (status == ESPOTA_OK)
        status = espota_output_commit(output, NULL);
    espota_output_destroy(output);
    return status;
}

static enum espota_status read_work(void)
{
    uint8_t *bytes = NULL;
    size_t length = 0;
    enum espota_status status = espota_file_read(path, 100, &bytes, &length, NULL, NULL);

    if (status == ESPOTA_OK)
        PROMISE(length == 3 && memcmp(bytes, "two", 3) == 0);
    else
        PROMISE(bytes == NULL);
    free(bytes);
    return status;
}

static enum espota_status lock_work(void)
{
    struct espota_file_lock lock;
    enum espota_status status = espota_file_lock_take(&lock, path, NULL);

    espota_file_lock_release(&lock);
    return status;
}

START_TEST(test_files)
{
    struct stat info;

    begin();
    /* The folder's sync is left out without memory; whatever happens, the file is whole or old. */
    ck_assert_uint_gt(each_fails(write_work, true), 2);
    ck_assert_uint_ge(each_fails(read_work, false), 1);
    ck_assert_uint_ge(each_fails(lock_work, false), 1);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(info.st_size, 3);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0); /* no temporary, no lock is left */
}
END_TEST

UNIT_MAIN("sys/memory", test_the_loop, test_files)
