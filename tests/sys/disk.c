/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "sys/file.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char folder[] = "/tmp/espota-disk-XXXXXX";
static char path[64];

static void make_folder(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/disk", folder);
}

static void remove_folder(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(test_made_filled_and_kept)
{
    struct espota_disk disk;
    uint8_t bytes[4];

    make_folder();
    ck_assert_int_eq(espota_disk_init(&disk, path, 100001, true, 0xa5, NULL), ESPOTA_OK);
    ck_assert_uint_eq(disk.size, 100001);
    ck_assert_int_eq(espota_disk_read(&disk, 99997, bytes, 4), ESPOTA_OK);
    ck_assert_mem_eq(bytes, "\xa5\xa5\xa5\xa5", 4);
    ck_assert_int_eq(espota_disk_write(&disk, 70000, "abc", 3), ESPOTA_OK);
    ck_assert_int_eq(espota_disk_sync(&disk, NULL), ESPOTA_OK);
    espota_disk_deinit(&disk);
    ck_assert_int_eq(espota_disk_init(&disk, path, 5, false, 0, NULL), ESPOTA_OK);
    ck_assert_uint_eq(disk.size, 100001);
    ck_assert_int_eq(espota_disk_read(&disk, 69999, bytes, 4), ESPOTA_OK);
    ck_assert_mem_eq(bytes,
                     "\xa5"
                     "abc",
                     4);
    espota_disk_deinit(&disk);
    espota_disk_deinit(&disk); /* harmless */
    remove_folder();
}
END_TEST

START_TEST(test_bounds)
{
    struct espota_disk disk;
    uint8_t bytes[8];

    make_folder();
    ck_assert_int_eq(espota_disk_init(&disk, path, 10, true, 1, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_disk_read(&disk, 3, bytes, 8), ESPOTA_E_USAGE);
    ck_assert_int_eq(espota_disk_write(&disk, 3, bytes, 8), ESPOTA_E_USAGE);
    ck_assert_int_eq(espota_disk_read(&disk, UINT64_MAX, bytes, 2), ESPOTA_E_USAGE);
    ck_assert_int_eq(espota_disk_read(&disk, 2, bytes, 8), ESPOTA_OK);
    ck_assert_int_eq(espota_disk_read(&disk, 10, bytes, 0), ESPOTA_OK);
    espota_disk_deinit(&disk);
    remove_folder();
}
END_TEST

START_TEST(test_refused)
{
    struct espota_disk disk;
    struct espota_disk second;
    struct espota_error error = ESPOTA_ERROR_INIT;

    make_folder();
    ck_assert_int_eq(espota_disk_init(&disk, path, 10, true, 1, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_disk_init(&second, path, 10, true, 1, &error), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(error.message, "in use"));
    ck_assert_int_eq(second.fd, -1);
    espota_disk_deinit(&disk);
    ck_assert_int_eq(espota_disk_init(&disk, path, 11, true, 1, &error), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(error.message, "10 bytes where 11"));
    ck_assert_int_eq(espota_disk_init(&disk, "/no/such/folder/x", 1, true, 1, &error),
                     ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(error.message, "/no/such/folder/x"));
    ck_assert_int_eq(espota_disk_init(&disk, "/dev/null", 1, true, 1, &error), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(error.message, "not a regular file"));
    remove_folder();
}
END_TEST

/* A file that could not be filled must not look like a whole one the next time. */
START_TEST(test_no_room)
{
    struct rlimit old;
    struct rlimit small;
    struct espota_disk disk;
    struct espota_error error = ESPOTA_ERROR_INIT;
    struct stat file;

    make_folder();
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 100000;
    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ck_assert_int_eq(espota_disk_init(&disk, path, 200000, true, 1, &error), ESPOTA_E_LOCAL);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    ck_assert_ptr_nonnull(strstr(error.message, path));
    ck_assert_ptr_nonnull(strstr(error.message, strerror(EFBIG)));
    ck_assert(stat(path, &file) != 0 || file.st_size == 0);
    ck_assert_int_eq(espota_disk_init(&disk, path, 200000, true, 1, &error), ESPOTA_OK);
    espota_disk_deinit(&disk);
    remove_folder();
}
END_TEST

UNIT_MAIN("sys/disk", test_made_filled_and_kept, test_bounds, test_refused, test_no_room)
