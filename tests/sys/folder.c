/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "sys/descriptor.h"
#include "sys/folder.h"

static char root[] = "/tmp/espota-folder-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void shell(const char *command)
{
    char line[512];

    snprintf(line, sizeof(line), "cd %s && %s", root, command);
    ck_assert_int_eq(system(line), 0);
}

static int open_root(void)
{
    int folder;

    memcpy(root + strlen(root) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(root));
    ck_assert_int_eq(mkdir(strcat(strcpy((char[64]){0}, root), "/in"), 0700), 0);
    put("in/door.bin", "door");
    put("secret", "outside");
    ck_assert_int_eq(espota_folder_open(strcat(strcpy((char[64]){0}, root), "/in"), &folder, NULL),
                     ESPOTA_OK);
    return folder;
}

static void close_root(int folder)
{
    espota_descriptor_close(&folder);
    shell("rm -r -- \"$PWD\"");
}

static enum espota_status status_of(int folder, const char *name)
{
    struct espota_file_key key;
    int file;
    enum espota_status status = espota_folder_open_file(folder, name, &file, &key, NULL);

    if (status == ESPOTA_OK)
        espota_descriptor_close(&file);
    else
        ck_assert_int_eq(file, -1);
    return status;
}

START_TEST(test_only_regular_files_inside)
{
    int folder = open_root();

    shell("mkdir in/sub && cp in/door.bin in/sub/a.bin && ln -s ../secret in/out.bin &&"
          " ln -s door.bin in/current.bin && ln -s / in/top && mkfifo in/pipe.bin &&"
          " ln -s loop.bin in/loop.bin");
    ck_assert_int_eq(status_of(folder, "door.bin"), ESPOTA_OK);
    ck_assert_int_eq(status_of(folder, "sub/a.bin"), ESPOTA_OK);
    ck_assert_int_eq(status_of(folder, "none.bin"), ESPOTA_E_NO_ANSWER);
    ck_assert_int_eq(status_of(folder, "door.bin/x"), ESPOTA_E_NO_ANSWER);
    ck_assert_int_eq(status_of(folder, "sub"), ESPOTA_E_NO_ANSWER);
    ck_assert_int_eq(status_of(folder, "pipe.bin"), ESPOTA_E_NO_ANSWER);
    ck_assert_int_eq(status_of(folder, "out.bin"), ESPOTA_E_LOCAL);
    ck_assert_int_eq(status_of(folder, "../secret"), ESPOTA_E_LOCAL);
    ck_assert_int_eq(status_of(folder, "sub/../../secret"), ESPOTA_E_LOCAL);
    ck_assert_int_eq(status_of(folder, "/etc/passwd"), ESPOTA_E_LOCAL);
    ck_assert_int_eq(status_of(folder, "top/etc/passwd"), ESPOTA_E_LOCAL);
    ck_assert_int_eq(status_of(folder, "loop.bin"), ESPOTA_E_LOCAL);
    close_root(folder);
}
END_TEST

START_TEST(test_the_key_changes_with_the_content)
{
    int folder = open_root();
    struct espota_file_key before, after;
    int file;

    ck_assert_int_eq(espota_folder_open_file(folder, "door.bin", &file, &before, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_file_key_of(file, &after), ESPOTA_OK);
    ck_assert(espota_file_key_equal(&before, &after));
    put("in/door.bin", "other bytes");
    ck_assert_int_eq(espota_file_key_of(file, &after), ESPOTA_OK);
    ck_assert(!espota_file_key_equal(&before, &after));
    espota_descriptor_close(&file);
    close_root(folder);
}
END_TEST

START_TEST(test_a_private_copy_stays)
{
    int folder = open_root();
    struct espota_file_key key;
    int file;
    const void *bytes;

    ck_assert_int_eq(espota_folder_open_file(folder, "door.bin", &file, &key, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_file_map_copy(file, 3, &bytes, NULL), ESPOTA_E_BROKEN);
    ck_assert_ptr_null(bytes);
    ck_assert_int_eq(espota_file_map_copy(file, 5, &bytes, NULL), ESPOTA_E_BROKEN);
    ck_assert_int_eq(espota_file_map_copy(file, 4, &bytes, NULL), ESPOTA_OK);
    put("in/door.bin", "gone");
    ck_assert_mem_eq(bytes, "door", 4);
    espota_file_unmap(bytes, 4);
    espota_descriptor_close(&file);
    close_root(folder);
}
END_TEST

static bool count_one(void *context, const char *name)
{
    *(unsigned *)context += strcmp(name, "door.bin") == 0;
    return true;
}

START_TEST(test_listing)
{
    int folder = open_root();
    unsigned count = 0;

    ck_assert_int_eq(espota_folder_list(folder, "", count_one, &count, NULL), ESPOTA_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(espota_folder_list(folder, "none", count_one, &count, NULL),
                     ESPOTA_E_NO_ANSWER);
    ck_assert_int_eq(espota_folder_list(folder, "..", count_one, &count, NULL), ESPOTA_E_LOCAL);
    close_root(folder);
}
END_TEST

UNIT_MAIN("sys/folder", test_only_regular_files_inside, test_the_key_changes_with_the_content,
          test_a_private_copy_stays, test_listing)
