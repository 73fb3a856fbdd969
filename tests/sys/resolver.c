/* SPDX-License-Identifier: MIT */
/* Side by side is shown with a slow name server, in tests/net. */
#include "sys/net.h"

#include "unit.h"

#include <stdio.h>

struct heard {
    unsigned found, missing;
    char last[300];
};

static void found(void *context, const char *name, const struct espota_address *address,
                  const struct espota_error *why)
{
    struct heard *heard = context;

    if (address != NULL) {
        ck_assert(espota_address_is_loopback(address));
        heard->found++;
    } else {
        ck_assert_int_eq(why->status, ESPOTA_E_NO_ANSWER);
        ck_assert_ptr_nonnull(strstr(why->message, name));
        heard->missing++;
    }
    snprintf(heard->last, sizeof(heard->last), "%s", name);
}

static struct espota_loop *loop;
static struct espota_resolver *resolver;

static void open_for(struct heard *heard)
{
    const struct espota_resolver_hooks hooks = {heard, found};

    ck_assert_int_eq(espota_loop_create(ESPOTA_LOOP_BEST, &loop, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_resolver_create(loop, &hooks, &resolver, NULL), ESPOTA_OK);
}

static void turn(void)
{
    ck_assert_int_eq(espota_loop_turn(loop, 60000, NULL), ESPOTA_OK);
}

START_TEST(test_each_name_is_told_once)
{
    struct heard heard = {0};

    open_for(&heard);
    for (unsigned round = 0; round < 2; round++) { /* the threads of the first have gone */
        for (unsigned i = 0; i < 3 * ESPOTA_RESOLVER_THREADS; i++)
            ck_assert_int_eq(
                espota_resolver_ask(resolver, i % 3 == 0 ? "no..host" : "127.0.0.1", NULL),
                ESPOTA_OK);
        while (heard.found + heard.missing < (round + 1) * 3 * ESPOTA_RESOLVER_THREADS)
            turn();
    }
    ck_assert_uint_eq(heard.missing, 2 * ESPOTA_RESOLVER_THREADS);
    ck_assert_int_eq(espota_resolver_ask(resolver, "localhost", NULL), ESPOTA_OK);
    while (strcmp(heard.last, "localhost") != 0)
        turn();
    espota_resolver_destroy(resolver);
    espota_loop_destroy(loop);
}
END_TEST

START_TEST(test_it_goes_without_waiting)
{
    struct heard heard = {0};

    for (unsigned round = 0; round < 20; round++) {
        open_for(&heard);
        for (unsigned i = 0; i < 100; i++)
            ck_assert_int_eq(espota_resolver_ask(resolver, "127.0.0.1", NULL), ESPOTA_OK);
        espota_resolver_destroy(resolver);
        espota_loop_destroy(loop);
    }
    ck_assert_uint_eq(heard.found, 0);
    espota_resolver_destroy(NULL);
}
END_TEST

UNIT_MAIN("sys/resolver", test_each_name_is_told_once, test_it_goes_without_waiting)
