/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef ESPOTA_TEST_LINUX
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "sys/file.h"
#include "sys/program.h"

static char folder[] = "/tmp/espota-file-XXXXXX";
static char path[128];

static void begin(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/out", folder);
}

/* How many names the folder has; removes them and it. */
static int end(void)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    int names = 0;

    while ((entry = readdir(directory)) != NULL) {
        char name[512];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        names++;
        snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
        ck_assert_int_eq(remove(name), 0);
    }
    closedir(directory);
    ck_assert_int_eq(rmdir(folder), 0);
    return names;
}

static void put(const char *text)
{
    struct espota_output *output;

    ck_assert_int_eq(espota_output_create(&output, path, ESPOTA_OUTPUT_REPLACE, 0666, NULL),
                     ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(output, text, strlen(text), NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_commit(output, NULL), ESPOTA_OK);
    espota_output_destroy(output);
}

static void must_hold(const char *text)
{
    uint8_t *bytes;
    size_t length;

    ck_assert_int_eq(espota_file_read(path, 1 << 20, &bytes, &length, NULL, NULL), ESPOTA_OK);
    ck_assert_uint_eq(length, strlen(text));
    ck_assert_mem_eq(bytes, text, length);
    free(bytes);
}

START_TEST(test_appears_whole_and_replaces)
{
    struct espota_output *output;
    struct stat info;

    begin();
    put("one");
    must_hold("one");
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_int_eq(espota_output_create(&output, path, ESPOTA_OUTPUT_REPLACE, 0666, NULL),
                     ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(output, "tw", 2, NULL), ESPOTA_OK);
    must_hold("one");
    ck_assert_int_eq(espota_output_write(output, "o", 1, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_commit(output, NULL), ESPOTA_OK);
    espota_output_destroy(output);
    must_hold("two");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0640);
    ck_assert_int_eq(end(), 1);
}
END_TEST

START_TEST(test_abandoned_leaves_nothing)
{
    struct espota_output *output;

    begin();
    put("one");
    ck_assert_int_eq(espota_output_create(&output, path, ESPOTA_OUTPUT_REPLACE, 0666, NULL),
                     ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(output, "two", 3, NULL), ESPOTA_OK);
    espota_output_destroy(output);
    must_hold("one");
    ck_assert_int_eq(end(), 1);
}
END_TEST

START_TEST(test_new_never_overwrites)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_output *first;
    struct espota_output *second;
    struct stat info;

    begin();
    ck_assert_int_eq(espota_output_create(&first, path, ESPOTA_OUTPUT_NEW, 0600, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_create(&second, path, ESPOTA_OUTPUT_NEW, 0600, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(first, "first", 5, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(second, "second", 6, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_commit(first, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_commit(second, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "not overwritten"));
    espota_output_destroy(second);
    must_hold("first");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
    ck_assert_int_eq(espota_output_create(&second, path, ESPOTA_OUTPUT_NEW, 0600, &err),
                     ESPOTA_E_LOCAL);
    ck_assert_ptr_null(second);
    espota_output_revoke(first);
    espota_output_destroy(first);
    ck_assert_int_eq(end(), 0);
}
END_TEST

START_TEST(test_a_link_stays_a_link)
{
    char link[128];
    struct stat info;

    begin();
    put("one");
    snprintf(link, sizeof(link), "%s/link", folder);
    ck_assert_int_eq(symlink("out", link), 0);
    snprintf(path, sizeof(path), "%s/link", folder);
    put("two");
    ck_assert_int_eq(lstat(path, &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
    snprintf(path, sizeof(path), "%s/out", folder);
    must_hold("two");
    ck_assert_int_eq(end(), 2);
}
END_TEST

START_TEST(test_no_room_is_told)
{
    struct rlimit limit = {4096, 4096};
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_output *output;
    uint8_t bytes[8192] = {0};

    begin();
    put("one");
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit),
                     0); /* the test runs in a process of its own */
    ck_assert_int_eq(espota_output_create(&output, path, ESPOTA_OUTPUT_REPLACE, 0666, NULL),
                     ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(output, bytes, sizeof(bytes), &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot write "));
    espota_output_destroy(output);
    must_hold("one");
    ck_assert_int_eq(end(), 1);
}
END_TEST

START_TEST(test_bad_places)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_output *output;
    struct espota_input input = ESPOTA_INPUT_INIT;
    uint8_t *bytes;
    size_t length;

    begin();
    ck_assert_int_eq(espota_output_create(&output, folder, ESPOTA_OUTPUT_REPLACE, 0666, &err),
                     ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "is a directory"));
    ck_assert_int_eq(
        espota_output_create(&output, "/nowhere/out", ESPOTA_OUTPUT_REPLACE, 0666, &err),
        ESPOTA_E_LOCAL);
    ck_assert_int_eq(espota_input_init(&input, folder, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "is a directory"));
    ck_assert_int_eq(espota_input_init(&input, "/nowhere/in", &err), ESPOTA_E_LOCAL);
    put("four");
    ck_assert_int_eq(espota_file_read(path, 3, &bytes, &length, NULL, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "longer than 3"));
    ck_assert_int_eq(espota_file_read(path, 4, &bytes, &length, NULL, &err), ESPOTA_OK);
    free(bytes);
    ck_assert_int_eq(end(), 1);
}
END_TEST

START_TEST(test_reads_in_order_and_anywhere)
{
    struct espota_input input = ESPOTA_INPUT_INIT;
    char text[8];
    size_t length;

    begin();
    put("0123456789");
    ck_assert_int_eq(chmod(path, 0604), 0);
    ck_assert_int_eq(espota_input_init(&input, path, NULL), ESPOTA_OK);
    ck_assert(input.regular && input.size == 10 && (input.mode & 077) != 0);
    ck_assert_int_eq(espota_input_read(&input, text, 8, &length, NULL), ESPOTA_OK);
    ck_assert_uint_eq(length, 8);
    ck_assert_int_eq(espota_input_at(&input, 4, text, 3, NULL), ESPOTA_OK);
    ck_assert_mem_eq(text, "456", 3);
    ck_assert_int_eq(espota_input_read(&input, text, 8, &length, NULL), ESPOTA_OK);
    ck_assert_uint_eq(length, 2);
    ck_assert_int_eq(espota_input_at(&input, 8, text, 3, NULL), ESPOTA_E_LOCAL);
    espota_input_deinit(&input);
    ck_assert_int_eq(end(), 1);
}
END_TEST

START_TEST(test_a_signal_ends_reading)
{
    atomic_bool stop = true;
    struct espota_input input = ESPOTA_INPUT_INIT;
    char text[8];
    size_t length;

    begin();
    put("0123456789");
    ck_assert_int_eq(espota_input_init(&input, path, NULL), ESPOTA_OK);
    input.stop = &stop;
    ck_assert_int_eq(espota_input_read(&input, text, 8, &length, NULL), ESPOTA_E_INTERRUPTED);
    espota_input_deinit(&input);
    ck_assert_int_eq(end(), 1);
}
END_TEST

START_TEST(test_to_a_pipe_at_the_commit)
{
    struct espota_output *output;
    char name[64];
    char text[8];
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    snprintf(name, sizeof(name), "/dev/fd/%d", ends[1]);
    ck_assert_int_eq(espota_output_create(&output, name, ESPOTA_OUTPUT_REPLACE, 0666, NULL),
                     ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(output, "hello", 5, NULL), ESPOTA_OK);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq((int)read(ends[0], text, sizeof(text)), -1); /* nothing came yet */
    ck_assert_int_eq(espota_output_commit(output, NULL), ESPOTA_OK);
    espota_output_destroy(output);
    ck_assert_int_eq((int)read(ends[0], text, sizeof(text)), 5);
    ck_assert_mem_eq(text, "hello", 5);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(test_changes_while_reading_are_told)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_input input = ESPOTA_INPUT_INIT;
    struct timespec times[2] = {{0, UTIME_OMIT}, {1000000000, 5}};
    char text[16];
    size_t length;
    int fd;

    begin();
    put("0123456789");
    /* longer */
    ck_assert_int_eq(espota_input_init(&input, path, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_input_read(&input, text, 4, &length, NULL), ESPOTA_OK);
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    ck_assert_int_eq(write(fd, "x", 1), 1);
    close(fd);
    ck_assert_int_eq(espota_input_read(&input, text, 16, &length, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "changed while"));
    espota_input_deinit(&input);
    /* other bytes */
    ck_assert_int_eq(espota_input_init(&input, path, NULL), ESPOTA_OK);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    ck_assert_int_eq(espota_input_read(&input, text, 16, &length, &err), ESPOTA_E_LOCAL);
    espota_input_deinit(&input);
    /* another mode, another name: the bytes are the same */
    ck_assert_int_eq(espota_input_init(&input, path, NULL), ESPOTA_OK);
    ck_assert_int_eq(chmod(path, 0640), 0);
    put("replaced");
    ck_assert_int_eq(espota_input_read(&input, text, 16, &length, &err), ESPOTA_OK);
    ck_assert_uint_eq(length, 11);
    espota_input_deinit(&input);
    ck_assert_int_eq(end(), 1);
}
END_TEST

START_TEST(test_devices_are_no_files)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_output *output;
    uint8_t *bytes;
    size_t length;

    ck_assert_int_eq(espota_file_read("/dev/zero", 10, &bytes, &length, NULL, &err),
                     ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "is a device"));
    /* but writing to one is what it is there for, and it stays what it is */
    ck_assert_int_eq(espota_output_create(&output, "/dev/null", ESPOTA_OUTPUT_REPLACE, 0666, &err),
                     ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(output, "x", 1, &err), ESPOTA_OK);
    ck_assert_int_eq(espota_output_commit(output, &err), ESPOTA_OK);
    espota_output_destroy(output);
    ck_assert_int_eq(espota_output_create(&output, "/dev/full", ESPOTA_OUTPUT_REPLACE, 0666, &err),
                     ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(output, "x", 1, &err), ESPOTA_OK);
    ck_assert_int_eq(espota_output_commit(output, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "/dev/full"));
    espota_output_destroy(output);
}
END_TEST

/* A process on the other end of a pipe; what it returns is its exit code. */
static pid_t beside(int (*work)(int fd), int fd, int other)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(other);
        _exit(work(fd));
    }
    close(fd);
    return pid;
}

static void must_end_well(pid_t pid)
{
    int status = 0;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

enum { MUCH = 1 << 20 };

static int read_much(int fd)
{
    char piece[4096];
    size_t total = 0;
    ssize_t got;

    while ((got = read(fd, piece, sizeof(piece))) > 0)
        total += (size_t)got;
    return total == MUCH ? 0 : 1;
}

static int write_much(int fd)
{
    static char bytes[MUCH];
    size_t total = 0;

    while (total < MUCH) {
        ssize_t wrote = write(fd, bytes + total, MUCH - total < 5000 ? MUCH - total : 5000);

        if (wrote < 0)
            return 1;
        total += (size_t)wrote;
    }
    return 0;
}

START_TEST(test_standard_streams_that_would_block)
{
    static uint8_t bytes[MUCH];
    struct espota_output *output;
    uint8_t *all;
    size_t length;
    pid_t pid;
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    pid = beside(read_much, ends[0], ends[1]);
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    close(ends[1]);
    ck_assert_int_eq(espota_output_create(&output, "-", ESPOTA_OUTPUT_REPLACE, 0666, NULL),
                     ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(output, bytes, MUCH, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_commit(output, NULL), ESPOTA_OK);
    espota_output_destroy(output);
    close(STDOUT_FILENO);
    must_end_well(pid);

    ck_assert_int_eq(pipe(ends), 0);
    pid = beside(write_much, ends[1], ends[0]);
    ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    ck_assert_int_eq(espota_file_read("-", MUCH, &all, &length, NULL, NULL), ESPOTA_OK);
    ck_assert_uint_eq(length, MUCH);
    free(all);
    must_end_well(pid);
}
END_TEST

START_TEST(test_a_link_to_nothing_is_no_place)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_output *output;

    begin();
    ck_assert_int_eq(symlink("nothing", path), 0);
    ck_assert_int_eq(espota_output_create(&output, path, ESPOTA_OUTPUT_REPLACE, 0666, &err),
                     ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "a link to"));
    ck_assert_int_eq(espota_output_create(&output, path, ESPOTA_OUTPUT_NEW, 0666, &err),
                     ESPOTA_E_LOCAL);
    ck_assert_int_eq(end(), 1);
}
END_TEST

START_TEST(test_the_owner_stays)
{
    struct stat info;

    if (geteuid() != 0)
        return; /* nobody else may give files away */
    begin();
    put("one");
    ck_assert_int_eq(chown(path, 4321, 8765), 0);
    ck_assert_int_eq(chmod(path, 0664), 0);
    put("two");
    must_hold("two");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_uid, 4321);
    ck_assert_uint_eq(info.st_gid, 8765);
    ck_assert_uint_eq(info.st_mode & 07777, 0664);
    ck_assert_int_eq(end(), 1);
}
END_TEST

#ifdef ESPOTA_TEST_LINUX

/*
 * Without /proc a file cannot be nameless until its commit, so the other way is taken. The work
 * is done by a child that sees nothing but the folder.
 */
static int in_bare_folder(int (*work)(void))
{
    int status = 0;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if ((geteuid() != 0 && unshare(CLONE_NEWUSER) != 0) || chroot(folder) != 0 ||
            chdir("/") != 0)
            _exit(77);
        _exit(work());
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int hidden_names(void)
{
    DIR *directory = opendir("/");
    struct dirent *entry;
    int names = 0;

    while ((entry = readdir(directory)) != NULL) {
        struct stat info;

        if (strncmp(entry->d_name, ".out.", 5) != 0)
            continue;
        names += lstat(entry->d_name, &info) == 0 && (info.st_mode & 07777) == 0600 ? 1 : 100;
    }
    closedir(directory);
    return names;
}

/* 0, or the number of the first promise that was not kept. */
static int replace_by_name(void)
{
    struct espota_output *output;

    if (espota_output_create(&output, "/out", ESPOTA_OUTPUT_REPLACE, 0644, NULL) != ESPOTA_OK ||
        espota_output_write(output, "two", 3, NULL) != ESPOTA_OK || hidden_names() != 1)
        return 1;
    if (espota_output_commit(output, NULL) != ESPOTA_OK || hidden_names() != 0)
        return 2;
    espota_output_destroy(output);
    if (espota_output_create(&output, "/out", ESPOTA_OUTPUT_REPLACE, 0644, NULL) != ESPOTA_OK ||
        hidden_names() != 1)
        return 3;
    espota_output_destroy(output);
    if (hidden_names() != 0 ||
        espota_output_create(&output, "/out", ESPOTA_OUTPUT_REPLACE, 0644, NULL) != ESPOTA_OK)
        return 4;
    espota_temporaries_remove(); /* as the last signal does */
    if (hidden_names() != 0)
        return 5;
    espota_output_destroy(output);
    return 0;
}

static int make_new(void)
{
    struct espota_output *first, *second;
    bool good = espota_output_create(&first, "/out", ESPOTA_OUTPUT_NEW, 0644, NULL) == ESPOTA_OK &&
                espota_output_create(&second, "/out", ESPOTA_OUTPUT_NEW, 0644, NULL) == ESPOTA_OK &&
                espota_output_write(first, "first", 5, NULL) == ESPOTA_OK && hidden_names() == 2;

    if (!good)
        return 1;
    if (espota_output_commit(first, NULL) != ESPOTA_OK ||
        espota_output_commit(second, NULL) != ESPOTA_E_LOCAL)
        return 2;
    espota_output_destroy(first);
    espota_output_destroy(second);
    return hidden_names();
}

/* As on a file system without hard links. */
static int make_new_without_links(void)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef __NR_link
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_link, 1, 0),
#endif
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_linkat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        return 77;
    return make_new();
}

START_TEST(test_without_nameless_files)
{
    int (*const ways[])(void) = {make_new, make_new_without_links};
    int result;

    begin();
    put("one");
    result = in_bare_folder(replace_by_name);
    if (result == 77) {
        fputs("without_nameless_files: SKIPPED, may not change the root\n", stderr);
        (void)end();
        return;
    }
    ck_assert_int_eq(result, 0);
    must_hold("two");
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        ck_assert_int_eq(remove(path), 0);
        ck_assert_int_eq(in_bare_folder(ways[i]), 0);
        must_hold("first");
    }
    ck_assert_int_eq(end(), 1);
}
END_TEST

#define LINUX_TESTS test_without_nameless_files,
#else
#define LINUX_TESTS
#endif

UNIT_MAIN("sys/file", LINUX_TESTS test_appears_whole_and_replaces, test_abandoned_leaves_nothing,
          test_new_never_overwrites, test_a_link_stays_a_link, test_no_room_is_told,
          test_bad_places, test_reads_in_order_and_anywhere, test_a_signal_ends_reading,
          test_to_a_pipe_at_the_commit, test_changes_while_reading_are_told,
          test_devices_are_no_files, test_standard_streams_that_would_block,
          test_a_link_to_nothing_is_no_place, test_the_owner_stays)
