/* SPDX-License-Identifier: MIT */
#include "sys/multicast.h"

#include "unit.h"

#include <poll.h>

static const struct espota_interface *loopback_of(const struct espota_interface *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].loopback)
            return &list[i];
    return NULL;
}

static uint32_t loopback_index(void)
{
    struct espota_interface *list;
    size_t count;
    uint32_t index;

    ck_assert_int_eq(espota_interfaces(&list, &count, NULL), ESPOTA_OK);
    ck_assert_ptr_nonnull(loopback_of(list, count));
    index = loopback_of(list, count)->index;
    free(list);
    return index;
}

START_TEST(test_interfaces)
{
    const struct espota_address own = {.family = 4, .bytes = {127, 0, 0, 1}};
    const struct espota_address near = {.family = 4, .bytes = {127, 200, 1, 9}};
    const struct espota_address far = {.family = 4, .bytes = {128, 0, 0, 1}};
    const struct espota_address mapped_far = {.family = 6, .bytes = {0x20, 1, 0xd, 0xb8}};
    struct espota_interface *list;
    const struct espota_interface *lo;
    size_t count;

    ck_assert_int_eq(espota_interfaces(&list, &count, NULL), ESPOTA_OK);
    lo = loopback_of(list, count);
    ck_assert_ptr_nonnull(lo);
    ck_assert(espota_interface_speaks(lo, 4));
    ck_assert(espota_interface_reaches(lo, &own));
    ck_assert(espota_interface_reaches(lo, &near)); /* 127.0.0.0/8 */
    ck_assert(!espota_interface_reaches(lo, &far));
    ck_assert(!espota_interface_reaches(lo, &mapped_far));
    free(list);
}
END_TEST

START_TEST(test_prefixes_that_end_in_a_byte)
{
    struct espota_interface made = {.count = 1};
    struct espota_address peer = {.family = 4, .bytes = {10, 1, 2, 127}};

    made.addresses[0].address = (struct espota_address){.family = 4, .bytes = {10, 1, 2, 3}};
    made.addresses[0].prefix = 25;
    ck_assert(espota_interface_reaches(&made, &peer));
    peer.bytes[3] = 128;
    ck_assert(!espota_interface_reaches(&made, &peer));
    made.addresses[0].prefix = 24;
    ck_assert(espota_interface_reaches(&made, &peer));
    made.addresses[0].prefix = 32;
    ck_assert(!espota_interface_reaches(&made, &peer));
}
END_TEST

/* What arrives within a bound that only stops a hang. */
static bool receives(int fd, uint32_t lo, const char *expected)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char data[32];
    size_t size;
    uint32_t interface;
    struct espota_address from;
    int os_error;

    ck_assert_int_eq(poll(&wait, 1, 20000), 1);
    ck_assert_int_eq(
        espota_multicast_receive(fd, data, sizeof(data), &size, &from, &interface, &os_error),
        ESPOTA_OK);
    ck_assert_uint_eq(interface, lo);
    return size == strlen(expected) && memcmp(data, expected, size) == 0;
}

static void everybody_hears(struct espota_address group)
{
    uint32_t lo = loopback_index();
    struct espota_address local;
    int first, second, speaker, os_error;

    ck_assert_int_eq(espota_multicast_open(group.family, 0, true, &first, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(first, &local), ESPOTA_OK);
    group.port = local.port;
    ck_assert_int_eq(espota_multicast_open(group.family, group.port, true, &second, NULL),
                     ESPOTA_OK);
    ck_assert_int_eq(espota_multicast_open(group.family, 0, false, &speaker, NULL), ESPOTA_OK);
    ck_assert(espota_multicast_join(first, &group, lo));
    ck_assert(espota_multicast_join(second, &group, lo));
    ck_assert(espota_multicast_join(second, &group, lo)); /* once more is fine */
    ck_assert_int_eq(espota_multicast_send(speaker, "hello", 5, &group, lo, &os_error), ESPOTA_OK);
    ck_assert(receives(first, lo, "hello"));
    ck_assert(receives(second, lo, "hello"));
    ck_assert_uint_gt(espota_socket_receive_room(first, 1 << 20), 0);
    espota_socket_close(&first);
    espota_socket_close(&second);
    espota_socket_close(&speaker);
}

/* IPv6 has no group on Linux's loopback: tests/net has it, on a link. */
START_TEST(test_everybody_hears)
{
    everybody_hears((struct espota_address){.family = 4, .bytes = {224, 0, 0, 251}});
}
END_TEST

START_TEST(test_a_port_that_is_not_shared)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_address local;
    int first, second;

    ck_assert_int_eq(espota_multicast_open(4, 0, false, &first, &err), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(first, &local), ESPOTA_OK);
    ck_assert_int_eq(espota_multicast_open(4, local.port, true, &second, &err), ESPOTA_E_LOCAL);
    ck_assert_int_eq(second, -1);
    ck_assert_ptr_nonnull(strstr(err.message, "cannot open UDP port"));
    espota_socket_close(&first);
}
END_TEST

UNIT_MAIN("sys/multicast", test_interfaces, test_prefixes_that_end_in_a_byte, test_everybody_hears,
          test_a_port_that_is_not_shared)
