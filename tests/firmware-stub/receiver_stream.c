/* SPDX-License-Identifier: MIT */
/* The receiver while the image comes in: counts, errors, and the end. */
#include "receiver_world.h"

START_TEST(test_deaf_while_it_runs)
{
    setup();
    invite();
    rx("100 1 2 0123456789abcdef0123456789abcdef\n", &host);
    connect_back();
    rx("100 1 2 0123456789abcdef0123456789abcdef\n", &host);
    stream(0, SIZE);
    rx("100 1 2 0123456789abcdef0123456789abcdef\n", &stranger);
    ASSERT_STREAM("10000");
    see_success();
    rx("100 1 2 0123456789abcdef0123456789abcdef\n", &stranger);
    ck_assert_uint_eq(espota_receiver_want(&receiver), ESPOTA_WANT_DONE);
    teardown();
}
END_TEST

/* The count of one pass, taken a byte at a time. */
static void assert_count(size_t expected)
{
    char text[24];
    char said[24];
    size_t used = 0;
    size_t length;

    snprintf(text, sizeof(text), "%zu", expected);
    while (wants(ESPOTA_WANT_STREAM_OUT)) {
        ck_assert_uint_lt(used, sizeof(said) - 1);
        said[used++] = (char)*espota_receiver_tx(&receiver, &length);
        espota_receiver_tx_ack(&receiver, 1, now);
    }
    said[used] = '\0';
    ck_assert_str_eq(said, text);
}

START_TEST(test_stream_split_anywhere)
{
    for (size_t step = 1; step <= SIZE; step += step < 20 ? 1 : 997) {
        setup();
        invite();
        connect_back();
        for (size_t at = 0; at < SIZE;) {
            size_t part = SIZE - at < step ? SIZE - at : step;
            size_t room;

            seen_count = 0; /* one event a pass would be too many to keep */
            if (step % 2 == 0) {
                uint8_t *into = espota_receiver_room(&receiver, &room);

                part = part < room ? part : room;
                memcpy(into, image + at, part);
                espota_receiver_rx_filled(&receiver, part, now);
            } else {
                stream(at, at + part);
            }
            at += part;
            assert_last(ESPOTA_RECEIVER_PROGRESS);
            ck_assert_uint_eq(seen[0].done, at);
            assert_count(part);
        }
        see_success();
        teardown();
    }
}
END_TEST

START_TEST(test_counts_merge_while_the_host_does_not_read)
{
    size_t length;

    setup();
    invite();
    connect_back();
    stream(0, 1460);
    stream(1460, 2920);
    stream(2920, 3000);
    ck_assert_mem_eq(espota_receiver_tx(&receiver, &length), "3000", 4);
    ck_assert_uint_eq(length, 4);
    espota_receiver_tx_ack(&receiver, 3, now);
    stream(3000, 4000); /* too late for this count */
    stream(4000, 4500);
    ck_assert_mem_eq(espota_receiver_tx(&receiver, &length), "0", 1);
    ck_assert_uint_eq(length, 1);
    espota_receiver_tx_ack(&receiver, 1, now);
    ASSERT_STREAM("1500");
    ASSERT_STREAM(NULL);
    stream(4500, 5000);
    stream(5000, SIZE); /* the last byte is in, the count before it is not out */
    ck_assert_int_eq(receiver.phase, ESPOTA_RECEIVER_INSTALLED);
    ASSERT_STREAM("5500");
    see_success();
    teardown();
}
END_TEST

/* The last byte comes while half of a count has left: both counts are said, then OK. */
START_TEST(test_last_byte_within_a_count)
{
    size_t length;

    setup();
    invite();
    connect_back();
    stream(0, 5000);
    ck_assert_ptr_nonnull(espota_receiver_tx(&receiver, &length));
    espota_receiver_tx_ack(&receiver, 2, now);
    stream(5000, SIZE);
    ck_assert_int_eq(receiver.phase, ESPOTA_RECEIVER_INSTALLED);
    ASSERT_STREAM("00");
    ASSERT_STREAM("5000");
    see_success();
    teardown();
}
END_TEST

START_TEST(test_bytes_beyond_the_image_are_dropped)
{
    uint8_t more[SIZE + 5];
    size_t room;

    setup();
    memcpy(more, image, SIZE);
    memset(more + SIZE, 0x55, 5);
    invite();
    connect_back();
    espota_receiver_rx_stream(&receiver, more, sizeof(more), now);
    ASSERT_STREAM("10000");
    ck_assert_ptr_nonnull(espota_receiver_room(&receiver, &room));
    ck_assert_uint_gt(room, 0);
    espota_receiver_rx_filled(&receiver, room, now);
    espota_receiver_rx_stream(&receiver, more, sizeof(more), now);
    see_success();
    teardown();
}
END_TEST

/* The error text follows the last count; the host may take a second to see it. */
static void see_failure(const char *stream_text, enum espota_receiver_failure failure,
                        enum espota_update_error error, const char *text)
{
    assert_last_error(failure, error, text);
    ASSERT_STREAM(stream_text);
    ck_assert(wants(ESPOTA_WANT_STREAM_IN));
    pass_time(ESPOTA_RECEIVER_LINGER_MS);
    assert_idle();
    ck_assert_uint_eq(chip.stores, 0);
}

START_TEST(test_errors_by_stream)
{
    char text[200];
    char with_count[220];

    setup();
    invite_with(0, SIZE, "0123456789abcdef0123456789abcdef");
    connect_back();
    stream(0, 5000);
    ASSERT_STREAM("5000");
    stream(5000, SIZE);
    snprintf(text, sizeof(text),
             "ERROR[7]: MD5 verification failed: expected: 0123456789abcdef0123456789abcdef, "
             "calculated: %s\n",
             md5);
    snprintf(with_count, sizeof(with_count), "5000%s", text);
    see_failure(with_count, ESPOTA_FAILURE_END, ESPOTA_UPDATE_MD5, text);
    image[0] = 0x55;
    invite_with(0, SIZE, md5_of(image, SIZE));
    connect_back();
    stream(0, SIZE);
    see_failure("10000ERROR[10]: Magic byte is not 0xE9\n", ESPOTA_FAILURE_END, ESPOTA_UPDATE_MAGIC,
                "ERROR[10]: Magic byte is not 0xE9\n");
    teardown();
}
END_TEST

START_TEST(test_flash_failures_by_stream)
{
    setup();
    invite();
    connect_back();
    stream(0, 1460);
    chip.fail_erase = 1;
    stream(1460, 5000);
    /* the count of the first pass has not left yet, that of the failing one is never said */
    see_failure("1460ERROR[2]: Flash Erase Failed\n", ESPOTA_FAILURE_END, ESPOTA_UPDATE_ERASE,
                "ERROR[2]: Flash Erase Failed\n");
    chip_reset(&chip);
    invite();
    connect_back();
    chip.fail_write = 2;
    stream(0, SIZE);
    assert_last(ESPOTA_RECEIVER_ERROR);
    espota_receiver_rx_stream(&receiver, image, 100, now); /* what comes now is dropped */
    ASSERT_STREAM("ERROR[1]: Flash Write Failed\n");
    espota_receiver_rx_end(&receiver, now); /* the host has seen enough */
    assert_idle();
    teardown();
}
END_TEST

START_TEST(test_host_hangs_up)
{
    setup();
    invite();
    connect_back();
    stream(0, 5000);
    espota_receiver_rx_end(&receiver, now); /* its count never left */
    assert_last_error(ESPOTA_FAILURE_END, ESPOTA_UPDATE_OK, "(none)");
    assert_idle();
    ASSERT_STREAM(NULL);
    invite();
    connect_back();
    espota_receiver_rx_end(&receiver, now);
    assert_last_error(ESPOTA_FAILURE_END, ESPOTA_UPDATE_NO_DATA, "(none)");
    assert_idle();
    ck_assert_uint_eq(chip.stores, 0);
    teardown();
}
END_TEST

/* What is installed stays so: the device restarts although nobody hears its OK. */
START_TEST(test_host_hangs_up_after_the_last_byte)
{
    for (int told = 0; told < 2; told++) {
        size_t length;

        setup();
        invite();
        connect_back();
        stream(0, SIZE);
        ASSERT_STREAM("10000");
        if (told == 1)
            pass_time(1000);
        espota_receiver_rx_end(&receiver, now);
        assert_last(ESPOTA_RECEIVER_END);
        ck_assert(!wants(ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_STREAM_OUT));
        ck_assert_ptr_null(espota_receiver_tx(&receiver, &length));
        pass_time(100);
        ck_assert_uint_eq(espota_receiver_want(&receiver), ESPOTA_WANT_DONE);
        ck_assert_uint_eq(chip.stores, 1);
        teardown();
    }
}
END_TEST

START_TEST(test_stream_that_stands_still)
{
    setup();
    invite();
    connect_back();
    now += 29000;
    stream(0, 1);
    ASSERT_STREAM("1");
    now += 1000;
    espota_receiver_tick(&receiver, now);
    ck_assert_int_eq(receiver.phase, ESPOTA_RECEIVER_STREAMING);
    pass_time(ESPOTA_RECEIVER_IDLE_MS - 1000);
    see_failure("ERROR[6]: Stream Read Timeout\n", ESPOTA_FAILURE_RECEIVE, ESPOTA_UPDATE_STREAM,
                "ERROR[6]: Stream Read Timeout\n");
    teardown();
}
END_TEST

/* A host that never reads holds the device up for a while, not for ever. */
START_TEST(test_host_that_does_not_read)
{
    setup();
    invite();
    connect_back();
    stream(0, SIZE);
    pass_time(ESPOTA_RECEIVER_CONNECT_MS); /* the last count */
    assert_last(ESPOTA_RECEIVER_END);
    teardown();
    setup();
    invite();
    connect_back();
    stream(0, SIZE);
    ASSERT_STREAM("10000");
    pass_time(1000);
    pass_time(ESPOTA_RECEIVER_CONNECT_MS); /* the OK */
    assert_last(ESPOTA_RECEIVER_END);
    teardown();
    setup();
    invite();
    connect_back();
    chip.fail_erase = 1;
    stream(0, SIZE);
    pass_time(ESPOTA_RECEIVER_CONNECT_MS); /* the error text */
    assert_idle();
    teardown();
}
END_TEST

START_TEST(test_calls_out_of_place_change_nothing)
{
    setup();
    espota_receiver_connected(&receiver, now);
    espota_receiver_connect_failed(&receiver, now);
    espota_receiver_rx_end(&receiver, now);
    espota_receiver_rx_filled(&receiver, 100, now);
    espota_receiver_rx_stream(&receiver, image, 100, now);
    espota_receiver_tx_ack(&receiver, 100, now);
    espota_receiver_tick(&receiver, now);
    assert_idle();
    ck_assert_uint_eq(seen_count, 0);
    invite();
    espota_receiver_connected(&receiver, now); /* too early */
    ck_assert_int_eq(receiver.phase, ESPOTA_RECEIVER_ACCEPTED);
    teardown();
}
END_TEST

START_TEST(test_memory)
{
    setup();
    config.event = NULL; /* an application that need not know */
    invite();
    ASSERT_REPLY("OK");
    ck_assert_uint_le(sizeof(struct espota_receiver), ESPOTA_SECTOR_SIZE + 1024);
    teardown();
    for (size_t i = 0; i < sizeof(receiver.nonce); i++)
        ck_assert_int_eq(receiver.nonce[i], 0);
}
END_TEST

UNIT_MAIN("firmware-stub/receiver_stream", test_deaf_while_it_runs, test_stream_split_anywhere,
          test_counts_merge_while_the_host_does_not_read, test_last_byte_within_a_count,
          test_bytes_beyond_the_image_are_dropped, test_errors_by_stream,
          test_flash_failures_by_stream, test_host_hangs_up, test_host_hangs_up_after_the_last_byte,
          test_stream_that_stands_still, test_host_that_does_not_read,
          test_calls_out_of_place_change_nothing, test_memory)
