/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"

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

    ck_assert_int_eq(espota_output_create(&output, path, 0666, NULL), ESPOTA_OK);
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
    ck_assert_int_eq(espota_output_create(&output, path, 0666, NULL), ESPOTA_OK);
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
    ck_assert_int_eq(espota_output_create(&output, path, 0666, NULL), ESPOTA_OK);
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
    ck_assert_int_eq(espota_output_create_new(&first, path, 0600, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_create_new(&second, path, 0600, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(first, "first", 5, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_write(second, "second", 6, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_commit(first, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_output_commit(second, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "not overwritten"));
    espota_output_destroy(second);
    must_hold("first");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
    ck_assert_int_eq(espota_output_create_new(&second, path, 0600, &err), ESPOTA_E_LOCAL);
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
    ck_assert_int_eq(espota_output_create(&output, path, 0666, NULL), ESPOTA_OK);
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
    ck_assert_int_eq(espota_output_create(&output, folder, 0666, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "is a directory"));
    ck_assert_int_eq(espota_output_create(&output, "/nowhere/out", 0666, &err), ESPOTA_E_LOCAL);
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
    ck_assert(input.regular && input.size == 10 && espota_input_shared(&input));
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
    volatile sig_atomic_t stop = 1;
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
    ck_assert_int_eq(espota_output_create(&output, name, 0666, NULL), ESPOTA_OK);
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

UNIT_MAIN("sys/file", test_appears_whole_and_replaces, test_abandoned_leaves_nothing,
          test_new_never_overwrites, test_a_link_stays_a_link, test_no_room_is_told,
          test_bad_places, test_reads_in_order_and_anywhere, test_a_signal_ends_reading,
          test_to_a_pipe_at_the_commit)
