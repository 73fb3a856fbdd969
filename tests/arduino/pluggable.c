/* SPDX-License-Identifier: MIT */
#include "arduino/pluggable.h"

#include "unit.h"

#include <stdio.h>

static struct espota_pluggable *pluggable;
static char said[16384]; /* all messages since the last `expect` */
static int starts, stops;
static bool fail_start;

static enum espota_status on_start(void *context, struct espota_error *err)
{
    (void)context;
    if (fail_start)
        return espota_error_set(err, ESPOTA_E_LOCAL, "no network");
    starts++;
    return ESPOTA_OK;
}

static void on_stop(void *context)
{
    (void)context;
    stops++;
}

static void on_write(void *context, const char *message)
{
    (void)context;
    ck_assert_uint_lt(strlen(said) + strlen(message) + 2, sizeof(said));
    strcat(said, message);
    strcat(said, "\n");
}

static void fresh(void)
{
    const struct espota_pluggable_hooks hooks = {NULL, on_start, on_stop, on_write};

    starts = stops = 0;
    fail_start = false;
    said[0] = '\0';
    ck_assert_int_eq(espota_pluggable_create(&hooks, &pluggable, NULL), ESPOTA_OK);
}

static bool type(const char *line)
{
    return espota_pluggable_read(pluggable, line, strlen(line));
}

static void expect(const char *text)
{
    ck_assert_str_eq(said, text);
    said[0] = '\0';
}

static void greet(void)
{
    fresh();
    ck_assert(type("HELLO 1 \"arduino-cli 1.0\"\n"));
    expect("{\n  \"eventType\": \"hello\",\n  \"message\": \"OK\",\n  \"protocolVersion\": 1\n}\n");
}

#define OK(event) "{\n  \"eventType\": \"" event "\",\n  \"message\": \"OK\"\n}\n"
#define ERROR(event, text)                                                                         \
    "{\n  \"eventType\": \"" event "\",\n  \"message\": \"" text "\",\n  \"error\": true\n}\n"

START_TEST(test_hello_comes_first)
{
    fresh();
    ck_assert(type("LIST\n"));
    expect(ERROR("command_error", "First command must be HELLO, but got 'LIST'"));
    ck_assert(type("hello 2 'x'\n"));
    expect(ERROR("hello", "Invalid HELLO command"));
    ck_assert(type("HELLO\n"));
    expect(ERROR("hello", "Invalid HELLO command"));
    ck_assert(type("HELLO 1 \"\"\n"));
    expect(ERROR("hello", "Invalid HELLO command"));
    ck_assert(type("HELLO 1 \"a\"b\"\n"));
    expect(ERROR("hello", "Invalid HELLO command"));
    ck_assert(type("HELLO 1 \"\n"));
    expect(ERROR("hello", "Invalid HELLO command"));
    ck_assert(type("HELLO 99999999999999999999 \"a\"\n"));
    expect(ERROR("hello", "Invalid protocol version: 99999999999999999999"));
    ck_assert(type("  hello 7 \"a b\" \r\n")); /* whatever version is asked for, 1 is spoken */
    expect("{\n  \"eventType\": \"hello\",\n  \"message\": \"OK\",\n  \"protocolVersion\": 1\n}\n");
    ck_assert(type("HELLO 1 \"a\"\n"));
    expect(ERROR("hello", "HELLO already called"));
    espota_pluggable_destroy(pluggable);
}
END_TEST

START_TEST(test_modes_exclude_each_other)
{
    greet();
    ck_assert(type("STOP\n"));
    expect(ERROR("stop", "Discovery already STOPped"));
    ck_assert(type("LIST\n"));
    expect(ERROR("list", "Discovery not STARTed"));
    ck_assert(type("start\nSTART\nSTART_SYNC\nLIST\n"));
    expect(OK("start") ERROR("start", "Discovery already STARTed") ERROR(
        "start_sync",
        "Discovery already STARTed, cannot START_SYNC") "{\n  \"eventType\": \"list\",\n  "
                                                        "\"ports\": []\n}\n");
    ck_assert(type("STOP\nSTART_SYNC\nSTART_SYNC\nSTART\nLIST\nSTOP\n"));
    expect(OK("stop") OK("start_sync") ERROR("start_sync", "Discovery already START_SYNCed")
               ERROR("start", "Discovery already START_SYNCed, cannot START")
                   ERROR("list", "Discovery not STARTed") OK("stop"));
    ck_assert_int_eq(starts, 2);
    ck_assert_int_eq(stops, 2);
    fail_start = true;
    ck_assert(type("START\nSTART_SYNC\n"));
    expect(ERROR("start", "Cannot START: no network")
               ERROR("start_sync", "Cannot START_SYNC: no network"));
    ck_assert(type("nonsense 1\n\n"));
    expect(ERROR("command_error", "Command NONSENSE not supported")
               ERROR("command_error", "Command  not supported"));
    espota_pluggable_destroy(pluggable);
}
END_TEST

START_TEST(test_quit_and_the_end)
{
    fresh();
    ck_assert(!type("QUIT\n")); /* allowed before HELLO */
    expect(OK("quit"));
    espota_pluggable_destroy(pluggable);

    greet();
    ck_assert(type("START\n"));
    said[0] = '\0';
    ck_assert(!type("quit\nLIST\n")); /* what follows is not read */
    expect(OK("quit"));
    ck_assert_int_eq(stops, 1);
    espota_pluggable_destroy(pluggable);

    greet();
    ck_assert(type("START\nQUIT"));
    said[0] = '\0';
    ck_assert(!espota_pluggable_read(pluggable, "", 0));
    expect(ERROR("command_error", "EOF"));
    ck_assert_int_eq(stops, 1);
    espota_pluggable_destroy(pluggable);
}
END_TEST

START_TEST(test_byte_by_byte)
{
    static const char input[] = "HELLO 1 \"x\"\nSTART\nSTOP\nQUIT\n";

    fresh();
    for (size_t i = 0; input[i] != '\0'; i++)
        ck_assert_int_eq(espota_pluggable_read(pluggable, input + i, 1), input[i + 1] != '\0');
    expect(
        "{\n  \"eventType\": \"hello\",\n  \"message\": \"OK\",\n  \"protocolVersion\": 1\n}\n" OK(
            "start") OK("stop") OK("quit"));
    espota_pluggable_destroy(pluggable);
}
END_TEST

START_TEST(test_a_line_without_end)
{
    static char line[8192];

    greet();
    memset(line, 'A', sizeof(line));
    ck_assert(espota_pluggable_read(pluggable, line, sizeof(line)));
    expect("");
    ck_assert(type("\nSTART\n"));
    expect(ERROR("command_error", "the line is longer than 4095 bytes") OK("start"));
    espota_pluggable_destroy(pluggable);
}
END_TEST

static struct espota_catalog_event device_event(enum espota_device_event kind, uint64_t id,
                                                const char *name, const char *address,
                                                const char *txt)
{
    struct espota_catalog_event event = {.event = kind};

    event.device.id = id;
    event.device.port = 8266;
    snprintf(event.device.name, sizeof(event.device.name), "%s", name);
    snprintf(event.device.hostname, sizeof(event.device.hostname), "%s.local", name);
    snprintf(event.device.address, sizeof(event.device.address), "%s", address);
    event.txt = txt != NULL ? (const uint8_t *)txt : NULL;
    event.txt_length = txt != NULL ? strlen(txt) : 0;
    return event;
}

#define INNER(i, address, name, more)                                                              \
    i "  \"address\": \"" address "\",\n" i "  \"label\": \"" name " at " address "\",\n" i        \
      "  \"protocol\": \"network\",\n" i "  \"protocolLabel\": \"Network Port\",\n" i              \
      "  \"properties\": {\n" more i "    \"hostname\": \"" name ".local.\",\n" i                  \
      "    \"port\": \"8266\"\n" i "  }\n"
#define PORT_EVENT(event, address, name)                                                           \
    "{\n  \"eventType\": \"" event "\",\n  \"port\": {\n" INNER("  ", address, name, "") "  "      \
                                                                                         "}\n}\n"

START_TEST(test_ports_as_arduino_prints_them)
{
    /* the keys sorted, "." a copy of board, what has no "=" or two of them left out */
    struct espota_catalog_event event = device_event(ESPOTA_DEVICE_ADD, 1, "door", "10.0.0.7",
                                                     "\x0e"
                                                     "auth_upload=no"
                                                     "\x0d"
                                                     "board=d1_mini"
                                                     "\x05"
                                                     "a=b=c"
                                                     "\x04"
                                                     "flag"
                                                     "\x0c"
                                                     "tcp_check=no");

    greet();
    ck_assert(type("START_SYNC\n"));
    expect(OK("start_sync"));
    espota_pluggable_event(pluggable, &event, 1000);
    expect("{\n"
           "  \"eventType\": \"add\",\n"
           "  \"port\": {\n"
           "    \"address\": \"10.0.0.7\",\n"
           "    \"label\": \"door at 10.0.0.7\",\n"
           "    \"protocol\": \"network\",\n"
           "    \"protocolLabel\": \"Network Port\",\n"
           "    \"properties\": {\n"
           "      \".\": \"d1_mini\",\n"
           "      \"auth_upload\": \"no\",\n"
           "      \"board\": \"d1_mini\",\n"
           "      \"hostname\": \"door.local.\",\n"
           "      \"port\": \"8266\",\n"
           "      \"tcp_check\": \"no\"\n"
           "    }\n"
           "  }\n"
           "}\n");
    espota_pluggable_destroy(pluggable);
}
END_TEST

START_TEST(test_events)
{
    struct espota_catalog_event add = device_event(ESPOTA_DEVICE_ADD, 1, "door", "10.0.0.7", NULL);
    struct espota_catalog_event change =
        device_event(ESPOTA_DEVICE_CHANGE, 1, "door", "10.0.0.8", NULL);
    struct espota_catalog_event remove =
        device_event(ESPOTA_DEVICE_REMOVE, 1, "door", "10.0.0.8", NULL);

    greet();
    ck_assert(type("START_SYNC\n"));
    said[0] = '\0';
    espota_pluggable_event(pluggable, &add, 1000);
    expect(PORT_EVENT("add", "10.0.0.7", "door"));
    espota_pluggable_event(pluggable, &change, 1000);
    expect(PORT_EVENT("remove", "10.0.0.7", "door") PORT_EVENT("add", "10.0.0.8", "door"));
    espota_pluggable_event(pluggable, &remove, 1000);
    expect(""); /* kept for a while */
    ck_assert_uint_eq(espota_pluggable_deadline(pluggable), 1000 + ESPOTA_PLUGGABLE_KEPT_MS);
    espota_pluggable_tick(pluggable, 1000 + ESPOTA_PLUGGABLE_KEPT_MS - 1);
    expect("");
    espota_pluggable_tick(pluggable, 1000 + ESPOTA_PLUGGABLE_KEPT_MS);
    expect(PORT_EVENT("remove", "10.0.0.8", "door"));
    ck_assert_uint_eq(espota_pluggable_deadline(pluggable), UINT64_MAX);
    espota_pluggable_destroy(pluggable);
}
END_TEST

/* A board that restarts says goodbye and comes back: the port stays what it was. */
START_TEST(test_what_went_and_comes_back)
{
    struct espota_catalog_event add = device_event(ESPOTA_DEVICE_ADD, 1, "door", "10.0.0.7", NULL);
    struct espota_catalog_event remove =
        device_event(ESPOTA_DEVICE_REMOVE, 1, "door", "10.0.0.7", NULL);
    struct espota_catalog_event back = device_event(ESPOTA_DEVICE_ADD, 2, "door", "10.0.0.7", NULL);
    struct espota_catalog_event other = device_event(ESPOTA_DEVICE_ADD, 3, "hut", "10.0.0.7", NULL);

    greet();
    ck_assert(type("START_SYNC\n"));
    said[0] = '\0';
    espota_pluggable_event(pluggable, &add, 1000);
    expect(PORT_EVENT("add", "10.0.0.7", "door"));
    espota_pluggable_event(pluggable, &remove, 2000);
    espota_pluggable_event(pluggable, &back, 3000);
    expect("");
    ck_assert_uint_eq(espota_pluggable_deadline(pluggable), UINT64_MAX);
    back.event = ESPOTA_DEVICE_REMOVE;
    espota_pluggable_event(pluggable, &back, 4000);
    espota_pluggable_event(pluggable, &other, 5000); /* another one: not the same port */
    expect(PORT_EVENT("remove", "10.0.0.7", "door") PORT_EVENT("add", "10.0.0.7", "hut"));
    espota_pluggable_destroy(pluggable);
}
END_TEST

/* Goodbyes cost nothing to say: what is kept has a bound, and beyond it a port goes at once. */
START_TEST(test_what_is_kept_has_a_bound)
{
    char address[32];

    greet();
    ck_assert(type("START_SYNC\n"));
    for (unsigned i = 0; i < 1000; i++) {
        struct espota_catalog_event event;

        snprintf(address, sizeof(address), "10.0.%u.%u", i / 250, i % 250);
        event = device_event(ESPOTA_DEVICE_ADD, i + 1, "door", address, NULL);
        espota_pluggable_event(pluggable, &event, 1000);
        event.event = ESPOTA_DEVICE_REMOVE;
        said[0] = '\0';
        espota_pluggable_event(pluggable, &event, 1000);
        ck_assert_int_eq(said[0] == '\0', i < 256);
        said[0] = '\0';
    }
    ck_assert(type("STOP\n"));
    espota_pluggable_destroy(pluggable);
}
END_TEST

/* To Arduino a port is its address: two devices on one are one port at a time. */
START_TEST(test_two_devices_at_one_address)
{
    struct espota_catalog_event one = device_event(ESPOTA_DEVICE_ADD, 1, "one", "10.0.0.7", NULL);
    struct espota_catalog_event two = device_event(ESPOTA_DEVICE_ADD, 2, "two", "10.0.0.7", NULL);

    greet();
    ck_assert(type("START_SYNC\n"));
    said[0] = '\0';
    espota_pluggable_event(pluggable, &one, 1000);
    expect(PORT_EVENT("add", "10.0.0.7", "one"));
    espota_pluggable_event(pluggable, &two, 1000);
    expect("");
    one.event = two.event = ESPOTA_DEVICE_REMOVE;
    espota_pluggable_event(pluggable, &one, 1000);
    expect(PORT_EVENT("remove", "10.0.0.7", "one") PORT_EVENT("add", "10.0.0.7", "two"));
    espota_pluggable_event(pluggable, &two, 1000);
    expect("");
    espota_pluggable_tick(pluggable, 1000 + ESPOTA_PLUGGABLE_KEPT_MS);
    expect(PORT_EVENT("remove", "10.0.0.7", "two"));
    espota_pluggable_destroy(pluggable);
}
END_TEST

START_TEST(test_list)
{
    struct espota_catalog_event one = device_event(ESPOTA_DEVICE_ADD, 1, "one", "10.0.0.7", NULL);
    struct espota_catalog_event two = device_event(ESPOTA_DEVICE_ADD, 2, "two", "10.0.0.8", NULL);

    greet();
    ck_assert(type("START\n"));
    said[0] = '\0';
    espota_pluggable_event(pluggable, &one, 1000);
    espota_pluggable_event(pluggable, &two, 1000);
    expect(""); /* events are for START_SYNC */
    one.event = ESPOTA_DEVICE_REMOVE;
    espota_pluggable_event(pluggable, &one, 1000);
    espota_pluggable_tick(pluggable, 1000 + ESPOTA_PLUGGABLE_KEPT_MS);
    ck_assert(type("LIST\n"));
    expect("{\n  \"eventType\": \"list\",\n  \"ports\": [\n    {\n" INNER("    ", "10.0.0.8", "two",
                                                                          "") "    }\n  ]\n}\n");
    ck_assert(type("STOP\nSTART\nLIST\n")); /* nothing is left of the last time */
    expect(OK("stop") OK("start") "{\n  \"eventType\": \"list\",\n  \"ports\": []\n}\n");
    espota_pluggable_destroy(pluggable);
}
END_TEST

UNIT_MAIN("arduino/pluggable", test_hello_comes_first, test_modes_exclude_each_other,
          test_quit_and_the_end, test_byte_by_byte, test_a_line_without_end,
          test_ports_as_arduino_prints_them, test_events, test_what_went_and_comes_back,
          test_what_is_kept_has_a_bound, test_two_devices_at_one_address, test_list)
