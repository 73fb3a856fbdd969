/* SPDX-License-Identifier: MIT */
/* Each nth thing that a device does fails once: the host hears why, and the next attempt is made.
 */
#include "unit.h"

#include "world.h"

static struct world world;

static void start(void)
{
    world_init(&world, "secret", ESPOTA_NONCE_MD5);
    world.receiver.fast = true;
}

static void assert_well_again(void)
{
    ck_assert_int_eq(world.device.receiver.phase, ESPOTA_RECEIVER_IDLE);
    world_again(&world);
    ck_assert_int_eq(world_run(&world), ESPOTA_OK);
    ck_assert(world_installed(&world));
    world_deinit(&world);
}

/* Runs with the nth call behind `which` failing, until there is no nth; returns how many there are.
 */
static unsigned each_nth(unsigned *which, const char *words)
{
    for (unsigned nth = 1;; nth++) {
        enum espota_status status;

        start();
        *which = nth;
        status = world_run(&world);
        if (status == ESPOTA_OK) {
            world_deinit(&world);
            return nth - 1;
        }
        ck_assert_int_eq(status, ESPOTA_E_REFUSED);
        ck_assert_str_eq(world_words(&world), words);
        ck_assert(!world_installed(&world));
        assert_well_again();
    }
}

START_TEST(test_flash)
{
    ck_assert_uint_eq(each_nth(&world.chip.fail_erase, "ERROR[2]: Flash Erase Failed\n"), 3);
    ck_assert_uint_eq(each_nth(&world.chip.fail_write, "ERROR[1]: Flash Write Failed\n"), 3);
    ck_assert_uint_eq(each_nth(&world.chip.fail_read, "ERROR[3]: Flash Read Failed\n"), 1);
}
END_TEST

START_TEST(test_boot_record)
{
    start();
    world.chip.fail_store = true;
    ck_assert_int_eq(world_run(&world), ESPOTA_E_REFUSED);
    ck_assert_str_eq(world_words(&world), "ERROR[1]: Flash Write Failed\n");
    assert_well_again();
}
END_TEST

/* A datagram that does not leave is a datagram that was lost. */
START_TEST(test_datagrams)
{
    for (unsigned nth = 1; nth <= 3; nth++) {
        start();
        world.fail_udp_send = nth;
        ck_assert_int_eq(world_run(&world), ESPOTA_OK);
        ck_assert(world_installed(&world));
        ck_assert(nth == 3 || world.udp_sends >= nth);
        assert_well_again();
    }
}
END_TEST

/* Of the connection nothing is left, but what was installed stays so. */
START_TEST(test_stream)
{
    unsigned installed = 0;

    for (unsigned nth = 1;; nth++) {
        enum espota_status status;

        start();
        world.fail_tcp_send = nth;
        status = world_run(&world);
        if (world.tcp_sends < nth) {
            ck_assert_uint_gt(nth, 3);
            world_deinit(&world);
            break;
        }
        installed += world_installed(&world);
        ck_assert(status == ESPOTA_E_UNKNOWN ||
                  (status == ESPOTA_E_BROKEN && !world_installed(&world)));
        assert_well_again();
    }
    ck_assert_uint_ge(installed, 2); /* the last count and the OK at least */
}
END_TEST

START_TEST(test_connect)
{
    start();
    world.fail_tcp_connect = 1;
    ck_assert_int_eq(world_run(&world), ESPOTA_E_NO_CALLBACK);
    ck_assert(!world_installed(&world));
    assert_well_again();
}
END_TEST

START_TEST(test_refusals)
{
    start();
    world.refusal = "the pump is running";
    ck_assert_int_eq(world_run(&world), ESPOTA_E_REFUSED);
    ck_assert_str_eq(world_words(&world), "the pump is running");
    ck_assert_uint_eq(world.chip.changes, 0);
    assert_well_again();
    start();
    world.update.fs_start = 8192;
    ck_assert_int_eq(world_run(&world), ESPOTA_E_REFUSED);
    ck_assert_str_eq(world_words(&world), "ERROR[4]: Not Enough Space\n");
    world.update.fs_start = CHIP_FS_START;
    assert_well_again();
}
END_TEST

/* A host that announces more than it sends holds the device up for a while, not for ever. */
START_TEST(test_a_host_that_falls_silent)
{
    start();
    world.window = 5000; /* and no byte more is ever read */
    world.sender_config.timeout_ms = 60000;
    world.sender_config.invitation.size = WORLD_IMAGE;
    espota_sender_deinit(&world.sender);
    espota_sender_init(&world.sender, &world.sender_config, world.now);
    world.pipe[WORLD_TO_DEVICE].stall = 5000;
    ck_assert_int_eq(world_run(&world), ESPOTA_E_REFUSED);
    ck_assert_str_eq(world_words(&world), "ERROR[6]: Stream Read Timeout\n");
    ck_assert(!world_installed(&world));
    assert_well_again();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pair/failures");
    TCase *cases = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 0); /* ctest has its own */
    tcase_add_test(cases, test_flash);
    tcase_add_test(cases, test_boot_record);
    tcase_add_test(cases, test_datagrams);
    tcase_add_test(cases, test_stream);
    tcase_add_test(cases, test_connect);
    tcase_add_test(cases, test_refusals);
    tcase_add_test(cases, test_a_host_that_falls_silent);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
