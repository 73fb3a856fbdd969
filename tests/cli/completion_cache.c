/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/stat.h>

#include "cli/devices.h"
#include "unit.h"

enum { ROOM = 4096 };
static char folder[] = "/tmp/espota-completion-XXXXXX";
static char path[256];

static void begin(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(setenv("XDG_CACHE_HOME", folder, 1), 0);
    snprintf(path, sizeof(path), "%s/espota-c/devices", folder);
}

static void end(void)
{
    char below[256];

    snprintf(below, sizeof(below), "%s/espota-c", folder);
    (void)unlink(path);
    (void)rmdir(below);
    (void)rmdir(folder);
}

static enum espota_status write_cache(struct espota_device *devices, size_t count,
                                      struct espota_error *err)
{
    const struct device_list list = {.devices = devices, .count = count};

    return completion_cache_write(&list, err);
}

static struct espota_device device(const char *name, const char *hostname, const char *address,
                                   uint16_t port, enum espota_device_kind kind)
{
    struct espota_device made = {.port = port, .kind = kind};

    snprintf(made.name, sizeof(made.name), "%s", name);
    snprintf(made.hostname, sizeof(made.hostname), "%s", hostname);
    snprintf(made.address, sizeof(made.address), "%s", address);
    return made;
}

static void check_file(const char *wanted)
{
    char text[ROOM];
    FILE *file = fopen(path, "r");
    size_t length;

    ck_assert_ptr_nonnull(file);
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_str_eq(text, wanted);
}

START_TEST(what_a_person_types)
{
    struct espota_device devices[] = {
        device("kitchen", "kitchen.local", "192.0.2.7", 8266, ESPOTA_KIND_ESP8266),
        device("the door", "door.local", "2001:db8::7", 9000, ESPOTA_KIND_ESP32),
        device("lamp", "lamp.local", "fe80::1%eth0", 2040, ESPOTA_KIND_PICO),
        device("blinds", "blinds.local", "192.0.2.9", 65280, ESPOTA_KIND_ARDUINO),
        device("sensor", "sensor.local", "192.0.2.8", 3232, ESPOTA_KIND_ESPHOME),
        device("old", "old.local", "2001:db8::8", 0, ESPOTA_KIND_ESPHOME),
    };
    struct stat about;

    begin();
    ck_assert_int_eq(write_cache(devices, 6, NULL), ESPOTA_OK);
    check_file("kitchen.local\tkitchen\n"
               "192.0.2.7\tkitchen\n"
               "door.local:9000\tthe door\n"
               "[2001:db8::7]:9000\tthe door\n"
               "lamp.local\tlamp\n"
               "fe80::1%eth0\tlamp\n"
               "http://blinds.local:65280/sketch\tblinds\n"
               "http://192.0.2.9:65280/sketch\tblinds\n"
               "esphome://sensor.local\tsensor\n"
               "esphome://192.0.2.8\tsensor\n"
               "esphome://old.local\told\n"
               "esphome://[2001:db8::8]\told\n");
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0600);
    end();
}
END_TEST

START_TEST(the_later_list_counts)
{
    struct espota_device old = device("a", "a.local", "192.0.2.1", 8266, ESPOTA_KIND_ESP8266);
    struct espota_device new = device("b", "b.local", "192.0.2.2", 8266, ESPOTA_KIND_ESP8266);

    begin();
    ck_assert_int_eq(write_cache(&old, 1, NULL), ESPOTA_OK);
    ck_assert_int_eq(write_cache(&new, 1, NULL), ESPOTA_OK);
    check_file("b.local\tb\n192.0.2.2\tb\n");
    end();
}
END_TEST

/* Somebody on the network chooses these; a person's shell reads them. */
START_TEST(nothing_that_a_shell_would_run)
{
    static const char *const names[] = {"$(id)", "`id`",  "a;id", "a b",   "a|b",   "a&b",
                                        "a'b",   "a\"b",  "a\\b", "-host", "--all", "",
                                        "a>b",   "~root", "a*",   "a\tb"};
    struct espota_device devices[sizeof(names) / sizeof(names[0])];

    begin();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        devices[i] = device("x", names[i], "192.0.2.1", 8266, ESPOTA_KIND_ESP8266);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ck_assert_int_eq(write_cache(&devices[i], 1, NULL), ESPOTA_OK);
        check_file("192.0.2.1\tx\n");
    }
    end();
}
END_TEST

START_TEST(without_a_home)
{
    struct espota_device one = device("a", "a.local", "192.0.2.1", 8266, ESPOTA_KIND_ESP8266);
    struct espota_error err = ESPOTA_ERROR_INIT;

    ck_assert_int_eq(setenv("XDG_CACHE_HOME", "relative", 1), 0);
    ck_assert_int_eq(unsetenv("HOME"), 0);
    ck_assert_int_eq(write_cache(&one, 1, &err), ESPOTA_OK);
    ck_assert_int_eq(setenv("XDG_CACHE_HOME", "/proc/none", 1), 0);
    ck_assert_int_eq(write_cache(&one, 1, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "/proc/none"));
}
END_TEST

UNIT_MAIN("cli/completion_cache", what_a_person_types, the_later_list_counts,
          nothing_that_a_shell_would_run, without_a_home)
