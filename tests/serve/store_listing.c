/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/store.h"
#include "sys/descriptor.h"

static char path[64];
static int folder;
static struct espota_store_listing listing;

static void setup(void)
{
    strcpy(path, "/tmp/espota-listing-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(path));
    ck_assert_int_eq(espota_folder_open(path, &folder, NULL), ESPOTA_OK);
    memset(&listing, 0, sizeof(listing));
}

static void put(const char *name)
{
    int fd = openat(folder, name, O_CREAT | O_WRONLY, 0600);

    ck_assert_int_ge(fd, 0);
    espota_descriptor_close(&fd);
}

/* The folder as if its last change were a while ago. */
static void age(time_t seconds)
{
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

    ck_assert_int_eq(futimens(folder, times), 0);
}

static void take_away(void)
{
    static const char *const names[] = {"18feaa000001.bin", "18-FE-AA-00-00-01.bin",
                                        "18feaa000001.fs.bin", "door-1.0.bin", "notes.txt"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)unlinkat(folder, names[i], 0);
    espota_store_listing_deinit(&listing);
    espota_descriptor_close(&folder);
    ck_assert_int_eq(rmdir(path), 0);
}

static const char *of_mac(bool filesystem)
{
    ck_assert(espota_store_listing_refresh(&listing, folder));
    return espota_store_listing_of_mac(&listing, "18feaa000001", filesystem);
}

START_TEST(test_names_and_kinds)
{
    setup();
    ck_assert_ptr_null(of_mac(false));
    put("18feaa000001.fs.bin");
    put("door-1.0.bin");
    put("notes.txt");
    ck_assert_ptr_null(of_mac(false));
    ck_assert_str_eq(of_mac(true), "18feaa000001.fs.bin");
    put("18feaa000001.bin");
    ck_assert_str_eq(of_mac(false), "18feaa000001.bin");
    put("18-FE-AA-00-00-01.bin"); /* the first in the order of bytes, whatever the folder's is */
    ck_assert_str_eq(of_mac(false), "18-FE-AA-00-00-01.bin");
    ck_assert_uint_eq(listing.count, 4);
    ck_assert_ptr_null(espota_store_listing_of_mac(&listing, "18feaa000002", false));
    take_away();
}
END_TEST

START_TEST(test_it_is_read_again_only_when_the_folder_changed)
{
    setup();
    put("18feaa000001.bin");
    ck_assert_str_eq(of_mac(false), "18feaa000001.bin");
    ck_assert(!listing.steady); /* more may come in the same tick */
    age(1000);
    ck_assert_str_eq(of_mac(false), "18feaa000001.bin");
    ck_assert(listing.steady);
    strcpy(listing.entries[0].name, "kept"); /* what only a second reading would repair */
    ck_assert_str_eq(of_mac(false), "kept");
    age(1001);
    ck_assert_str_eq(of_mac(false), "18feaa000001.bin");
    ck_assert_int_eq(unlinkat(folder, "18feaa000001.bin", 0), 0);
    ck_assert_ptr_null(of_mac(false));
    take_away();
}
END_TEST

START_TEST(test_many)
{
    char mac[13], name[32];

    setup();
    for (unsigned k = 0; k < 500; k++) {
        snprintf(name, sizeof(name), "%012x.bin", k * 7919);
        put(name);
    }
    ck_assert(espota_store_listing_refresh(&listing, folder));
    for (unsigned k = 0; k < 500; k++) {
        snprintf(mac, sizeof(mac), "%012x", k * 7919);
        snprintf(name, sizeof(name), "%s.bin", mac);
        ck_assert_str_eq(espota_store_listing_of_mac(&listing, mac, false), name);
        ck_assert_ptr_null(espota_store_listing_of_mac(&listing, mac, true));
        ck_assert_int_eq(unlinkat(folder, name, 0), 0);
    }
    take_away();
}
END_TEST

UNIT_MAIN("serve/store_listing", test_names_and_kinds,
          test_it_is_read_again_only_when_the_folder_changed, test_many)
