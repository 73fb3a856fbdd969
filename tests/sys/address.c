/* SPDX-License-Identifier: MIT */
/* What kind of address an address is. How it is read and written stands in sys_net.c. */
#include "sys/net.h"

#include "unit.h"

static struct espota_address address(const char *text)
{
    struct espota_address a;

    ck_assert_msg(espota_address_parse(text, &a), "%s", text);
    return a;
}

START_TEST(test_loopback_is_this_machine_alone)
{
    static const char *const its[] = {"127.0.0.1", "127.1.2.3", "127.255.255.255", "::1",
                                      "::ffff:127.0.0.1"};
    static const char *const others[] = {
        "126.0.0.1", "128.0.0.1", "10.0.0.127",     "::", "::2", "64:ff9b::1", "ff:1::1", "0:1::1",
        "::1:1",     "fe80::1",   "::ffff:10.0.0.1"};
    struct espota_address mapped = {.family = 6,
                                    .bytes = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};

    for (size_t i = 0; i < sizeof(its) / sizeof(its[0]); i++) {
        struct espota_address a = address(its[i]);

        ck_assert_msg(espota_address_is_loopback(&a), "%s", its[i]);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct espota_address a = address(others[i]);

        ck_assert_msg(!espota_address_is_loopback(&a), "%s", others[i]);
    }
    ck_assert(espota_address_is_loopback(&mapped)); /* parse would have made it IPv4 */
    ck_assert(!espota_address_is_loopback(&(struct espota_address){.family = 0}));
}
END_TEST

START_TEST(test_link_local_and_its_scope)
{
    static const char *const its[] = {"169.254.0.1", "fe80::1", "febf::1"};
    static const char *const others[] = {"169.253.0.1", "fec0::1", "fe00::1",
                                         "ff02::fb",    "fd00::1", "10.0.0.1"};
    struct espota_address a;

    for (size_t i = 0; i < sizeof(its) / sizeof(its[0]); i++) {
        a = address(its[i]);
        ck_assert_msg(espota_address_is_link_local(&a), "%s", its[i]);
        ck_assert_int_eq(espota_address_lacks_scope(&a), a.family == 6);
        espota_address_set_scope(&a, 3);
        ck_assert_uint_eq(a.scope, a.family == 6 ? 3 : 0);
        ck_assert(!espota_address_lacks_scope(&a));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        a = address(others[i]);
        ck_assert_msg(!espota_address_is_link_local(&a), "%s", others[i]);
        ck_assert(!espota_address_lacks_scope(&a));
    }
    a = address("2001:db8::1");
    espota_address_set_scope(&a, 3);
    ck_assert_uint_eq(a.scope, 0);
}
END_TEST

START_TEST(test_what_no_host_can_have)
{
    static const char *const nobodys[] = {"0.0.0.0", "0.1.2.3", "224.0.0.251", "255.255.255.255",
                                          "::",      "::7",     "ff02::fb"};
    static const char *const loopbacks[] = {"127.0.0.1", "::1"};
    static const char *const good[] = {"10.0.0.1", "8.8.8.8", "fe80::1", "64:ff9b::1",
                                       "2001:db8::1"};
    struct espota_address a;

    for (size_t i = 0; i < sizeof(nobodys) / sizeof(nobodys[0]); i++) {
        a = address(nobodys[i]);
        ck_assert_msg(!espota_address_is_of_host(&a, true), "%s", nobodys[i]);
    }
    for (size_t i = 0; i < sizeof(loopbacks) / sizeof(loopbacks[0]); i++) {
        a = address(loopbacks[i]);
        ck_assert(espota_address_is_of_host(&a, true));
        ck_assert(!espota_address_is_of_host(&a, false));
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        a = address(good[i]);
        ck_assert_msg(espota_address_is_of_host(&a, false), "%s", good[i]);
    }
}
END_TEST

UNIT_MAIN("sys/address", test_loopback_is_this_machine_alone, test_link_local_and_its_scope,
          test_what_no_host_can_have)
