/* SPDX-License-Identifier: MIT */
/* Both ends on a connection that is cut up, or cut off, at any byte. */
#include "unit.h"

#include "world.h"

static struct world world;
static char said[256]; /* what the device says on the connection when all goes well */
static size_t said_length;

static void start(void)
{
    world_init(&world, NULL, ESPOTA_NONCE_MD5);
    world.receiver.fast = true;
}

/* The same run without a scar, to know how long it is. */
static void rehearse(void)
{
    start();
    ck_assert_int_eq(world_run(&world), ESPOTA_OK);
    said_length = world.pipe[WORLD_TO_HOST].written;
    ck_assert_uint_lt(said_length, sizeof(said));
    memcpy(said, world.pipe[WORLD_TO_HOST].bytes, said_length);
    ck_assert_int_eq(memcmp(said + said_length - 2, "OK", 2), 0);
    world_deinit(&world);
}

static void assert_made(void)
{
    ck_assert_int_eq(world_run(&world), ESPOTA_OK);
    ck_assert(world_installed(&world));
    ck_assert_uint_eq(world.reboots, 1);
    world_deinit(&world);
}

START_TEST(test_image_split_at_every_byte)
{
    for (size_t at = 0; at <= WORLD_IMAGE; at++) {
        start();
        world.pipe[WORLD_TO_DEVICE].split = at;
        assert_made();
    }
}
END_TEST

START_TEST(test_words_split_at_every_byte)
{
    rehearse();
    for (size_t at = 0; at <= said_length; at++) {
        start();
        world.pipe[WORLD_TO_HOST].split = at;
        assert_made();
    }
}
END_TEST

START_TEST(test_few_bytes_at_a_time)
{
    static const size_t steps[] = {1, 2, 3, 7, 64, 1460, 4095, 4096, 4097};
    static const size_t windows[] = {1, 1460, 5840, WORLD_STREAM};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        for (size_t j = i == 0 ? 1 : 0; j < sizeof(windows) / sizeof(windows[0]); j++) {
            start();
            world.delay = 0;
            world.step = steps[i];
            world.window = windows[j];
            /* every pass is counted: with a byte a pass the counts would not fit our pipe */
            if (steps[i] * windows[j] < 64 || windows[j] == 1) {
                world.step = steps[i] < 16 ? 16 : steps[i];
                world.window = 16;
            }
            assert_made();
        }
}
END_TEST

START_TEST(test_real_waits_and_slow_links)
{
    for (unsigned delay = 0; delay <= 200; delay += 25) {
        uint64_t began;

        world_init(&world, NULL, ESPOTA_NONCE_MD5);
        world.delay = delay;
        began = world.now;
        ck_assert_int_eq(world_run(&world), ESPOTA_OK);
        /* 100 before the call-back, 1,000 before OK, 100 before the restart; the host closes on OK
         */
        ck_assert_uint_ge(world.now - began, 1200 + 4 * delay);
        ck_assert_uint_le(world.now - began, 1200 + 14 * delay);
        world_deinit(&world);
    }
}
END_TEST

/* The connection dies; then the network is well again, and so is the device. */
static enum espota_status cut(enum world_way way, size_t at)
{
    enum espota_status status;

    start();
    world.pipe[way].cut = at;
    status = world_run(&world);
    if (status == ESPOTA_OK)
        ck_assert(world_installed(&world));
    else
        ck_assert(status == ESPOTA_E_BROKEN || status == ESPOTA_E_UNKNOWN);
    if (world_installed(&world))
        ck_assert_int_ne(status, ESPOTA_E_BROKEN);
    ck_assert_uint_eq(world.reboots, world_installed(&world));
    return status;
}

static void assert_well_again(void)
{
    world_again(&world);
    ck_assert_int_eq(world_run(&world), ESPOTA_OK);
    ck_assert(world_installed(&world));
    world_deinit(&world);
}

START_TEST(test_image_cut_at_every_byte)
{
    for (size_t at = 0; at <= WORLD_IMAGE; at++) {
        ck_assert_int_ne(cut(WORLD_TO_DEVICE, at), ESPOTA_OK);
        ck_assert_int_eq(world_installed(&world), at == WORLD_IMAGE);
        assert_well_again();
    }
}
END_TEST

START_TEST(test_words_cut_at_every_byte)
{
    rehearse();
    for (size_t at = 0; at <= said_length; at++) {
        enum espota_status status = cut(WORLD_TO_HOST, at);

        ck_assert_int_eq(status == ESPOTA_OK, at == said_length);
        assert_well_again();
    }
}
END_TEST

/* The error text is the last thing said; wherever it is split, the host has it whole. */
START_TEST(test_error_text_split_at_every_byte)
{
    char expected[160] = "";

    for (size_t at = 0; at < 160; at++) {
        start();
        world.sender_config.invitation.md5[0] ^= 1;
        espota_sender_deinit(&world.sender);
        espota_sender_init(&world.sender, &world.sender_config, world.now);
        world.pipe[WORLD_TO_HOST].split = at;
        ck_assert_int_eq(world_run(&world), ESPOTA_E_REFUSED);
        ck_assert_ptr_nonnull(strstr(world_words(&world), "ERROR[7]: MD5 verification failed: "));
        if (at == 0)
            strcpy(expected, world_words(&world));
        ck_assert_str_eq(world_words(&world), expected);
        ck_assert(!world_installed(&world));
        world.sender_config.invitation.md5[0] ^= 1;
        assert_well_again();
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pair/stream");
    TCase *cases = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 0); /* ctest has its own */
    tcase_add_test(cases, test_image_split_at_every_byte);
    tcase_add_test(cases, test_words_split_at_every_byte);
    tcase_add_test(cases, test_few_bytes_at_a_time);
    tcase_add_test(cases, test_real_waits_and_slow_links);
    tcase_add_test(cases, test_image_cut_at_every_byte);
    tcase_add_test(cases, test_words_cut_at_every_byte);
    tcase_add_test(cases, test_error_text_split_at_every_byte);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
