/* SPDX-License-Identifier: MIT */
#include "mdns/mdns.h"

#include "unit.h"

static struct espota_address address(const char *text)
{
    struct espota_address a = {.family = 0};

    if (text[0] != '\0')
        ck_assert_msg(espota_address_parse(text, &a), "%s", text);
    return a;
}

static void give(struct espota_interface *interface, const char *text, uint8_t prefix)
{
    interface->addresses[interface->count].address = address(text);
    interface->addresses[interface->count++].prefix = prefix;
}

static struct espota_interface ours[3];

static void enter(void)
{
    memset(ours, 0, sizeof(ours));
    ours[0].index = 1;
    ours[0].loopback = true;
    give(&ours[0], "127.0.0.1", 8);
    ours[1].index = 2;
    give(&ours[1], "192.168.1.5", 24);
    give(&ours[1], "203.0.113.2", 30);
    give(&ours[1], "2001:db8::5", 64);
    give(&ours[1], "fe80::5", 64);
    ours[2].index = 3;
    give(&ours[2], "10.0.0.1", 8);
    give(&ours[2], "198.51.100.8", 31);
}

static bool believed(const char *text, const char *source, uint32_t link)
{
    const struct espota_mdns_origin where = {.interfaces = ours,
                                             .interface_count = 3,
                                             .link = link,
                                             .loopback = link == 1,
                                             .from = address(source)};
    struct espota_address a = address(text);

    return espota_mdns_is_credible(&where, &a);
}

START_TEST(test_what_a_device_may_have)
{
    static const char *const good[] = {
        "192.168.1.9", "203.0.113.1", "2001:db8::9", "fe80::9", "169.254.7.7",
        /* behind a repeater of announcements */
        "192.168.7.9", "10.20.30.40", "172.31.0.1", "100.64.0.1", "fd00::1"};
    static const char *const bad[] = {
        "8.8.8.8",        "172.32.0.1",  "100.128.0.1", "2001:4860::8888",
        "64:ff9b::1",                                                  /* far away */
        "192.168.1.255",  "192.168.1.0", "203.0.113.3", "203.0.113.0", /* a subnet */
        "127.0.0.1",      "::1",         "0.0.0.0",     "224.0.0.251",
        "255.255.255.255"};

    enter();
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(believed(good[i], "192.168.1.9", 2), "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_msg(!believed(bad[i], "192.168.1.9", 2), "%s", bad[i]);
        ck_assert_msg(!believed(bad[i], "", 2), "%s by a daemon", bad[i]);
    }
    ck_assert(believed("198.51.100.9", "198.51.100.9", 3)); /* no broadcast between two */
    ck_assert(!believed("10.255.255.255", "10.0.0.2", 3));
    ck_assert(believed("10.255.255.255", "192.168.1.9", 2)); /* nothing is known of that net */
    ck_assert(!believed("192.168.1.255", "", 0)); /* from a daemon that does not say where */
    ck_assert(believed("192.168.1.9", "", 77));
}
END_TEST

START_TEST(test_the_addresses_of_this_machine)
{
    static const char *const own[] = {"192.168.1.5", "fe80::5", "2001:db8::5", "10.0.0.1",
                                      "198.51.100.8"};

    enter();
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        ck_assert_msg(!believed(own[i], "192.168.1.9", 2), "%s by another", own[i]);
        ck_assert_msg(!believed(own[i], "fe80::9", 2), "%s by another", own[i]);
        ck_assert_msg(believed(own[i], "192.168.1.5", 2), "%s by a process", own[i]);
        ck_assert_msg(believed(own[i], "10.0.0.1", 2), "%s by a process", own[i]);
        ck_assert_msg(believed(own[i], "", 2), "%s by a daemon", own[i]);
    }
    ck_assert(believed("127.1.0.7", "127.0.0.1", 1));
    ck_assert(believed("192.168.1.5", "192.168.1.5", 1));
}
END_TEST

START_TEST(test_nothing_is_known_of_this_machine)
{
    const struct espota_mdns_origin nowhere = {.link = 2};
    struct espota_address far = address("8.8.8.8"), group = address("224.0.0.1");

    ck_assert(espota_mdns_is_credible(&nowhere, &far));
    ck_assert(!espota_mdns_is_credible(&nowhere, &group));
}
END_TEST

UNIT_MAIN("mdns/announced", test_what_a_device_may_have, test_the_addresses_of_this_machine,
          test_nothing_is_known_of_this_machine)
