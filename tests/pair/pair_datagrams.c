/* SPDX-License-Identifier: MIT */
/* Both ends on a network that loses, doubles, holds up and overtakes datagrams. */
#include "unit.h"

#include <stdio.h>

#include "world.h"

enum { FIRST = 7, FATES = 6 };

/* Of all datagrams two are special. */
struct blow {
    enum world_way way;
    unsigned number;
    struct world_fate fate;
};

static const struct scheme {
    const char *password;
    unsigned digits;
} schemes[] = {
    {NULL, ESPOTA_NONCE_MD5}, {"secret", ESPOTA_NONCE_MD5}, {"secret", ESPOTA_NONCE_SHA256}};

static const struct world_fate fates[FATES] = {{0, 0},   {2, 0},    {3, 300},
                                               {1, 150}, {1, 1700}, {1, 4500}};

static struct world world;

static struct world_fate two_blows(void *context, enum world_way way, unsigned number)
{
    const struct blow *blows = context;

    for (int i = 0; i < 2; i++)
        if (blows[i].way == way && blows[i].number == number)
            return blows[i].fate;
    return (struct world_fate){1, 0};
}

START_TEST(test_clean)
{
    for (size_t i = 0; i < 3; i++) {
        world_init(&world, schemes[i].password, schemes[i].digits);
        ck_assert_int_eq(world_run(&world), ESPOTA_OK);
        ck_assert(world_installed(&world));
        ck_assert_uint_eq(world.reboots, 1);
        ck_assert_uint_eq(world.connections, 1);
        ck_assert_uint_eq(world.sent[WORLD_TO_DEVICE], i == 0 ? 1 : 2);
        ck_assert_uint_eq(world.sent[WORLD_TO_HOST], i == 0 ? 1 : 2);
        world_deinit(&world);
    }
}
END_TEST

static struct blow nth_blow(unsigned index)
{
    return (struct blow){index % 2 == 0 ? WORLD_TO_DEVICE : WORLD_TO_HOST, index / 2 % FIRST,
                         fates[index / 2 / FIRST]};
}

/*
 * Any one of the first datagrams suffers, and the attempt succeeds; any two, and the next one does
 * at the latest.
 */
START_TEST(test_any_two_blows)
{
    const struct scheme *scheme = &schemes[_i];
    unsigned slowest = 0;
    unsigned again = 0;

    for (unsigned a = 0; a < 2 * FIRST * FATES; a++)
        for (unsigned b = a; b < 2 * FIRST * FATES; b++) {
            struct blow blows[2] = {nth_blow(a), nth_blow(b)};
            enum espota_status status;

            world_init(&world, scheme->password, scheme->digits);
            world.fate = two_blows;
            world.context = blows;
            status = world_run(&world);
            if (status == ESPOTA_E_NO_ANSWER && a != b) {
                again++;
                world_again(&world);
                status = world_run(&world);
            }
            ck_assert_msg(status == ESPOTA_OK, "blows %u and %u: %s", a, b,
                          espota_status_text(status));
            ck_assert(world_installed(&world));
            if (world.now > slowest)
                slowest = (unsigned)world.now;
            world_deinit(&world);
        }
    printf("any two blows, %u digits%s: at most %u ms, %u by a second attempt\n", scheme->digits,
           scheme->password != NULL ? "" : ", no password", slowest - 1000, again);
}
END_TEST

/* A storm in which nothing is sure but what may never happen. */
struct storm {
    uint32_t state;
    unsigned loss; /* of 100 */
};

static unsigned toss(struct storm *storm, unsigned sides)
{
    storm->state = storm->state * 1664525u + 1013904223u;
    return (storm->state >> 16) % sides;
}

static struct world_fate stormy(void *context, enum world_way way, unsigned number)
{
    struct storm *storm = context;
    struct world_fate fate = {1, 0};

    (void)way;
    (void)number;
    if (toss(storm, 100) < storm->loss)
        fate.copies = 0;
    else if (toss(storm, 5) == 0)
        fate.copies = 2;
    if (toss(storm, 3) == 0)
        fate.extra = toss(storm, 2500);
    return fate;
}

START_TEST(test_storms)
{
    const struct scheme *scheme = &schemes[_i];
    unsigned made = 0;

    for (uint32_t seed = 0; seed < 600; seed++) {
        struct storm storm = {seed, 10 + seed % 40};
        enum espota_status status;

        world_init(&world, scheme->password, scheme->digits);
        world.fate = stormy;
        world.context = &storm;
        status = world_run(&world);
        ck_assert_int_eq(status == ESPOTA_OK, world_installed(&world));
        ck_assert_msg(status == ESPOTA_OK || status == ESPOTA_E_NO_ANSWER ||
                          status == ESPOTA_E_NO_CALLBACK || status == ESPOTA_E_AUTH,
                      "storm %u: %s", seed, espota_status_text(status));
        made += status == ESPOTA_OK;
        world_again(&world); /* when it has calmed down, nothing of it is left */
        ck_assert_int_eq(world_run(&world), ESPOTA_OK);
        ck_assert(world_installed(&world));
        world_deinit(&world);
    }
    printf("storms, %u digits%s: %u of 600 made\n", scheme->digits,
           scheme->password != NULL ? "" : ", no password", made);
    ck_assert_uint_gt(made, 300);
}
END_TEST

/* A wrong password stays wrong, whatever the network does with it. */
START_TEST(test_wrong_password_in_storms)
{
    const struct scheme *scheme = &schemes[_i];

    for (uint32_t seed = 0; seed < 300; seed++) {
        struct storm storm = {seed, seed % 50};
        enum espota_status status;

        world_init(&world, scheme->password, scheme->digits);
        espota_sender_deinit(&world.sender);
        world.sender_config.password = "guess";
        world.sender_config.password_length = 5;
        espota_sender_init(&world.sender, &world.sender_config, world.now);
        if (seed > 0) {
            world.fate = stormy;
            world.context = &storm;
        }
        status = world_run(&world);
        ck_assert_msg(status == ESPOTA_E_AUTH || (seed > 0 && status == ESPOTA_E_NO_ANSWER),
                      "storm %u: %s", seed, espota_status_text(status));
        ck_assert_uint_eq(world.chip.changes, 0);
        ck_assert_uint_eq(world.tcp_connects, 0);
        world_deinit(&world);
    }
}
END_TEST

/* The growing gaps outrun any round trip. */
START_TEST(test_long_round_trips)
{
    const struct scheme *scheme = &schemes[_i];

    for (unsigned delay = 0; delay <= 1000; delay += 10) {
        enum espota_status status;

        world_init(&world, scheme->password, scheme->digits);
        world.delay = delay;
        status = world_run(&world);
        ck_assert_msg(status == ESPOTA_OK, "%u ms each way: %s", delay, espota_status_text(status));
        ck_assert(world_installed(&world));
        world_deinit(&world);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pair/datagrams");
    TCase *cases = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 0); /* ctest has its own */
    tcase_add_test(cases, test_clean);
    tcase_add_loop_test(cases, test_any_two_blows, 0, 3);
    tcase_add_loop_test(cases, test_storms, 0, 3);
    tcase_add_loop_test(cases, test_wrong_password_in_storms, 1, 3);
    tcase_add_loop_test(cases, test_long_round_trips, 0, 3);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
