/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>

#include "sys/place.h"

START_TEST(test_parts_of_a_path)
{
    ck_assert_str_eq(espota_path_name("name"), "name");
    ck_assert_str_eq(espota_path_name("/a/b.bin"), "b.bin");
    ck_assert_str_eq(espota_path_name("a/"), "");
    ck_assert(!espota_path_is("esp8266:esp8266"));
    ck_assert(espota_path_is("./esp8266"));
    ck_assert(!espota_path_is_absolute("a/b"));
    ck_assert(espota_path_calls("/usr/bin/espota.py", "espota.py"));
    ck_assert(espota_path_calls("espota", "espota"));
    ck_assert(!espota_path_calls("/espota/other", "espota"));
    ck_assert(!espota_path_calls("espota.py", "espota"));
}
END_TEST

START_TEST(test_join)
{
    char out[8];

    ck_assert(espota_path_join(out, sizeof(out), "/", "ab"));
    ck_assert_str_eq(out, "/ab");
    ck_assert(espota_path_join(out, sizeof(out), "ab/", "cd"));
    ck_assert_str_eq(out, "ab/cd");
    ck_assert(espota_path_join(out, sizeof(out), "abc", "def"));
    ck_assert_str_eq(out, "abc/def");
    ck_assert(!espota_path_join(out, sizeof(out), "abc", "defg"));
}
END_TEST

static void check_beside(const char *file, const char *name, const char *wanted)
{
    char *path = espota_path_beside(file, name);

    ck_assert_ptr_nonnull(path);
    ck_assert_str_eq(path, wanted);
    free(path);
}

START_TEST(test_beside)
{
    check_beside("/etc/m.json", "fw", "/etc/fw");
    check_beside("/etc/m.json", "/srv", "/srv");
    check_beside("m.json", "fw", "fw");
}
END_TEST

static void check_place(enum espota_place place, unsigned nth, const char *wanted)
{
    char out[64];

    ck_assert(espota_place(place, nth, out, sizeof(out)) == (wanted != NULL));
    if (wanted != NULL)
        ck_assert_str_eq(out, wanted);
}

START_TEST(test_folders_of_a_user)
{
    char small[8];

    setenv("HOME", "/home/me", 1);
    unsetenv("XDG_CACHE_HOME");
    setenv("XDG_CONFIG_HOME", "relative", 1);
    check_place(ESPOTA_PLACE_CACHE, 0, "/home/me/.cache");
    check_place(ESPOTA_PLACE_CACHE, 1, NULL);
    check_place(ESPOTA_PLACE_CONFIG, 0, "/home/me/.config");
    check_place(ESPOTA_PLACE_ARDUINO_DATA, 0, "/home/me/.arduino15");
    check_place(ESPOTA_PLACE_ARDUINO_DATA, 1, "/home/me/Library/Arduino15");
    check_place(ESPOTA_PLACE_ARDUINO_DATA, 2, NULL);
    check_place(ESPOTA_PLACE_ARDUINO_SKETCH, 1, "/home/me/Documents/Arduino");
    ck_assert(!espota_place(ESPOTA_PLACE_CACHE, 0, small, sizeof(small)));

    unsetenv("HOME");
    setenv("XDG_CONFIG_HOME", "/conf", 1);
    check_place(ESPOTA_PLACE_CONFIG, 0, "/conf");
    check_place(ESPOTA_PLACE_CACHE, 0, NULL);
    setenv("HOME", "here", 1);
    check_place(ESPOTA_PLACE_ARDUINO_IDE, 0, NULL);
}
END_TEST

UNIT_MAIN("sys/place", test_parts_of_a_path, test_join, test_beside, test_folders_of_a_user)
