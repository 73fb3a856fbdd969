/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "device.h"

#include <stdio.h>

#include "chip.h"
#include "crypto/crypto.h"
#include "wire/wire.h"

enum { SIZE = 9000, START = CHIP_FS_START - 3 * 4096 };

/* A port in memory: one host on the other side, and calls that can be told to fail. */
struct port {
    struct espota_pump_ops table;
    char datagrams[8][160]; /* from the host */
    size_t datagram_count;
    size_t datagram_next;
    char replies[512]; /* to the host, each with a bar behind it */
    enum espota_status udp_send;
    enum espota_status tcp_connect;
    unsigned connect_calls;
    bool open;
    unsigned opened;
    unsigned closed;
    const uint8_t *stream;
    size_t stream_left;
    size_t stream_step; /* bytes a call; 0: as many as there is room for */
    bool stream_over;   /* an end behind the bytes */
    bool stream_broken;
    char said[512]; /* on the connection */
    size_t said_length;
    size_t send_step; /* bytes a call; 0: no room */
    bool send_broken;
    unsigned reboots;
    char log[512];
    uint64_t now;
};

static struct chip chip;
static struct espota_crypto_openssl openssl;
static struct espota_updater_config update;
static struct espota_receiver_config config;
static struct espota_pump device;
static struct port port;
static uint8_t image[SIZE];
static char md5[ESPOTA_MD5_HEX + 1];

static enum espota_status udp_receive(void *context, void *data, size_t room, size_t *length,
                                      struct espota_peer *from)
{
    struct port *p = context;
    const char *text;

    if (p->datagram_next == p->datagram_count)
        return ESPOTA_MORE;
    text = p->datagrams[p->datagram_next++];
    *length = strlen(text) < room ? strlen(text) : room;
    memcpy(data, text, *length);
    *from = (struct espota_peer){{10, 0, 0, 2}, 5000};
    return ESPOTA_OK;
}

static enum espota_status udp_send(void *context, const void *data, size_t length,
                                   const struct espota_peer *to)
{
    struct port *p = context;

    ck_assert_uint_eq(to->port, 5000);
    if (p->udp_send == ESPOTA_OK) {
        strncat(p->replies, data, length);
        strcat(p->replies, "|");
    }
    return p->udp_send;
}

static enum espota_status tcp_connect(void *context, const struct espota_peer *to)
{
    struct port *p = context;

    ck_assert_uint_eq(to->port, 8888);
    ck_assert_uint_eq(to->address[3], 2);
    p->connect_calls++;
    p->opened += !p->open;
    p->open = p->tcp_connect == ESPOTA_OK || p->tcp_connect == ESPOTA_MORE;
    return p->tcp_connect;
}

static enum espota_status tcp_receive(void *context, void *data, size_t room, size_t *length)
{
    struct port *p = context;

    ck_assert(p->open);
    ck_assert_uint_gt(room, 0);
    if (p->stream_left == 0) {
        *length = 0;
        if (p->stream_broken)
            return ESPOTA_E_BROKEN;
        return p->stream_over ? ESPOTA_OK : ESPOTA_MORE;
    }
    *length = p->stream_left < room ? p->stream_left : room;
    if (p->stream_step > 0 && p->stream_step < *length)
        *length = p->stream_step;
    memcpy(data, p->stream, *length);
    p->stream += *length;
    p->stream_left -= *length;
    return ESPOTA_OK;
}

static enum espota_status tcp_send(void *context, const void *data, size_t length, size_t *sent)
{
    struct port *p = context;

    ck_assert(p->open);
    ck_assert_uint_gt(length, 0);
    if (p->send_broken)
        return ESPOTA_E_BROKEN;
    if (p->send_step == 0)
        return ESPOTA_MORE;
    *sent = length < p->send_step ? length : p->send_step;
    ck_assert_uint_lt(p->said_length + *sent, sizeof(p->said));
    memcpy(p->said + p->said_length, data, *sent);
    p->said_length += *sent;
    return ESPOTA_OK;
}

static void tcp_close(void *context)
{
    struct port *p = context;

    ck_assert(p->open);
    p->open = false;
    p->closed++;
}

static uint64_t clock_now(void *context)
{
    return ((struct port *)context)->now;
}

static void reboot(void *context)
{
    ((struct port *)context)->reboots++;
}

static void log_line(void *context, const char *line)
{
    struct port *p = context;

    strcat(p->log, line);
    strcat(p->log, "|");
}

static void setup(void)
{
    struct espota_digest digest;
    uint8_t raw[ESPOTA_MD5_SIZE];

    chip_init(&chip);
    espota_crypto_openssl_init(&openssl);
    chip_pattern(image, sizeof(image), 5);
    memcpy(image, "\xe9\x01\x02\x20", 4);
    ck_assert_int_eq(openssl.table.digest_start(openssl.table.context, ESPOTA_DIGEST_MD5, &digest),
                     ESPOTA_OK);
    openssl.table.digest_add(openssl.table.context, &digest, image, sizeof(image));
    ck_assert_int_eq(openssl.table.digest_finish(openssl.table.context, &digest, raw), ESPOTA_OK);
    espota_hex_encode(raw, sizeof(raw), md5);
    update = chip_update(&chip, &openssl.table, 0);
    update.flash_mode = 2;
    config = (struct espota_receiver_config){.update = &update, .nonce_digits = ESPOTA_NONCE_MD5};
    memset(&port, 0, sizeof(port));
    port.table =
        (struct espota_pump_ops){&port,    udp_receive, udp_send,  tcp_connect, tcp_receive,
                                 tcp_send, tcp_close,   clock_now, reboot,      log_line};
    port.send_step = 100;
    port.stream = image;
    port.stream_left = sizeof(image);
    port.now = 77;
    espota_pump_init(&device, &port.table, &config);
}

static void teardown(void)
{
    espota_pump_deinit(&device);
    espota_crypto_openssl_deinit(&openssl);
    ck_assert(!port.open);
    ck_assert_uint_eq(port.closed, port.opened);
    ck_assert(!chip.abused);
}

static void invite(void)
{
    snprintf(port.datagrams[port.datagram_count++], sizeof(port.datagrams[0]), "0 8888 %d %s\n",
             SIZE, md5);
}

/* Calls pump as a main loop does, sleeping as long as it says, until it would sleep for ever. */
static unsigned run(void)
{
    unsigned calls = 0;
    int32_t wait;

    while ((wait = espota_pump_run(&device)) != ESPOTA_PUMP_FOREVER) {
        ck_assert_int_ge(wait, 0);
        ck_assert_uint_lt(++calls, 100000);
        port.now += (uint64_t)wait;
    }
    return calls;
}

static void assert_updated(void)
{
    ck_assert_str_eq(port.replies, "OK|");
    ck_assert_str_eq(port.said + port.said_length - 2, "OK");
    ck_assert_mem_eq(chip.bytes + START, image, SIZE);
    ck_assert_uint_eq(chip.stores, 1);
    ck_assert_uint_eq(port.reboots, 1);
    ck_assert_int_eq(device.receiver.phase, ESPOTA_RECEIVER_IDLE);
}

START_TEST(test_an_idle_device_sleeps)
{
    setup();
    ck_assert_int_eq(espota_pump_run(&device), ESPOTA_PUMP_FOREVER);
    ck_assert_uint_eq(espota_pump_want(&device), ESPOTA_WANT_DATAGRAM_IN);
    teardown();
}
END_TEST

START_TEST(test_an_update)
{
    setup();
    invite();
    run();
    assert_updated();
    ck_assert_str_eq(port.said, "8192"
                                "808OK");
    ck_assert_uint_eq(port.now, 77 + 100 + 1000 + 1000 + 100);
    ck_assert_uint_eq(port.opened, 1);
    teardown();
}
END_TEST

START_TEST(test_bytes_one_at_a_time_each_way)
{
    setup();
    port.stream_step = 1;
    port.send_step = 1;
    config.fast = true;
    port.stream_left = 0; /* the host begins late */
    invite();
    while (!port.open)
        espota_pump_run(&device);
    port.stream_left = sizeof(image);
    memset(port.said, 0, sizeof(port.said));
    while (port.reboots == 0) {
        espota_pump_run(&device);
        if (port.said_length > 500)
            port.said_length = 0;
    }
    ck_assert_mem_eq(chip.bytes + START, image, SIZE);
    ck_assert_int_eq(memcmp(port.said + port.said_length - 2, "OK", 2), 0);
    ck_assert_uint_eq(port.now, 77);
    teardown();
}
END_TEST

/* A host in lock-step sees each of its pieces counted as it sent it, sectors or not. */
START_TEST(test_lock_step)
{
    setup();
    config.fast = true;
    port.stream_left = 0;
    invite();
    while (!port.open)
        espota_pump_run(&device);
    for (size_t at = 0; at < SIZE; at += 1460) {
        size_t part = SIZE - at < 1460 ? SIZE - at : 1460;
        char count[8];

        snprintf(count, sizeof(count), "%zu", part);
        memset(port.said, 0, sizeof(port.said));
        port.said_length = 0;
        port.stream_left = part;
        espota_pump_run(&device);
        ck_assert_str_eq(port.said, count);
    }
    port.said_length = 0;
    run();
    ck_assert_uint_eq(port.reboots, 1);
    teardown();
}
END_TEST

START_TEST(test_a_connection_that_takes_its_time)
{
    setup();
    port.tcp_connect = ESPOTA_MORE;
    invite();
    for (int i = 0; i < 3; i++)
        ck_assert_int_ge(espota_pump_run(&device), 0);
    port.now += 100;
    for (int i = 0; i < 3; i++)
        ck_assert_int_gt(espota_pump_run(&device), 0);
    ck_assert_uint_eq(port.connect_calls, 3);
    ck_assert_uint_eq(espota_pump_want(&device) & ESPOTA_WANT_CONNECT, ESPOTA_WANT_CONNECT);
    port.tcp_connect = ESPOTA_OK;
    run();
    assert_updated();
    teardown();
}
END_TEST

START_TEST(test_connections_that_fail)
{
    setup();
    port.tcp_connect = ESPOTA_E_BROKEN;
    invite();
    run();
    ck_assert_str_eq(port.log, "the host could not be connected to|");
    ck_assert_uint_eq(port.closed, 0); /* there was nothing to close */
    port.opened = 0;
    port.tcp_connect = ESPOTA_MORE;
    invite();
    run();
    ck_assert_uint_eq(port.now, 77 + 100 + 100 + ESPOTA_RECEIVER_CONNECT_MS);
    ck_assert_uint_eq(port.closed, 1);
    ck_assert_str_eq(port.replies, "OK|OK|");
    teardown();
}
END_TEST

START_TEST(test_the_host_hangs_up_or_breaks)
{
    for (int broken = 0; broken < 2; broken++) {
        setup();
        port.stream_left = 5000;
        port.stream_over = broken == 0;
        port.stream_broken = broken == 1;
        invite();
        run();
        ck_assert_uint_eq(port.closed, 1);
        ck_assert_uint_eq(port.reboots, 0);
        ck_assert_uint_eq(chip.stores, 0);
        ck_assert_str_eq(port.log, broken == 0 ? "" : "the connection broke|");
        teardown();
    }
}
END_TEST

START_TEST(test_the_host_goes_once_it_has_sent_all)
{
    setup();
    port.stream_over = true;
    invite();
    run();
    ck_assert_uint_eq(port.reboots, 1);
    ck_assert_uint_eq(chip.stores, 1);
    teardown();
}
END_TEST

/* All bytes have come; that nobody can be told is no reason to drop them. */
START_TEST(test_the_host_cannot_be_told)
{
    setup();
    port.send_broken = true;
    port.stream_broken = true;
    invite();
    run();
    ck_assert_uint_eq(port.reboots, 1);
    ck_assert_uint_eq(chip.stores, 1);
    ck_assert_uint_eq(port.said_length, 0);
    teardown();
}
END_TEST

START_TEST(test_error_texts_reach_the_host)
{
    setup();
    image[0] = 0x55;
    invite();
    run();
    ck_assert_str_eq(strstr(port.said, "ERROR[7]: MD5 verification failed: expected: ") != NULL
                         ? "found"
                         : port.said,
                     "found");
    ck_assert_uint_eq(port.now, 77 + 100 + ESPOTA_RECEIVER_LINGER_MS);
    ck_assert_uint_eq(port.reboots, 0);
    teardown();
}
END_TEST

START_TEST(test_datagrams_that_do_not_leave)
{
    setup();
    port.udp_send = ESPOTA_E_FAILED; /* counts as lost: the device connects all the same */
    invite();
    port.replies[0] = '\0';
    run();
    ck_assert_uint_eq(port.reboots, 1);
    ck_assert_str_eq(port.replies, "");
    teardown();
    setup();
    port.udp_send = ESPOTA_MORE; /* is tried again */
    invite();
    espota_pump_run(&device);
    espota_pump_run(&device);
    ck_assert_uint_eq(espota_pump_want(&device) & ESPOTA_WANT_DATAGRAM_OUT,
                      ESPOTA_WANT_DATAGRAM_OUT);
    port.udp_send = ESPOTA_OK;
    run();
    assert_updated();
    teardown();
}
END_TEST

START_TEST(test_a_flood_of_datagrams)
{
    setup();
    for (int i = 0; i < 7; i++)
        strcpy(port.datagrams[port.datagram_count++], "nonsense");
    invite();
    ck_assert_int_eq(espota_pump_run(&device), 0); /* more waits */
    ck_assert_uint_eq(port.datagram_next, 4);
    ck_assert_int_eq(espota_pump_run(&device), 0);
    run();
    assert_updated();
    teardown();
}
END_TEST

/* Longer than any that means something: cut, and then no invitation. */
START_TEST(test_long_datagrams)
{
    setup();
    memset(port.datagrams[0], ' ', sizeof(port.datagrams[0]) - 1);
    port.datagram_count = 1;
    run();
    ck_assert_str_eq(port.replies, "");
    teardown();
}
END_TEST

START_TEST(test_invitations_during_an_update_are_gone_afterwards)
{
    setup();
    invite();
    espota_pump_run(&device);
    invite();
    invite();
    run();
    assert_updated(); /* one OK */
    teardown();
}
END_TEST

START_TEST(test_without_reboot_and_log)
{
    setup();
    port.table.reboot = NULL;
    port.table.log = NULL;
    for (int i = 0; i < 2; i++) {
        port.stream = image;
        port.stream_left = sizeof(image);
        invite();
        run();
    }
    ck_assert_str_eq(port.replies, "OK|OK|");
    ck_assert_uint_eq(chip.stores, 2);
    ck_assert_uint_eq(port.closed, 2);
    teardown();
}
END_TEST

START_TEST(test_deinit_in_the_middle)
{
    setup();
    invite();
    espota_pump_run(&device);
    port.now += 100;
    espota_pump_run(&device);
    ck_assert(port.open);
    teardown();
}
END_TEST

UNIT_MAIN("firmware-stub/device", test_an_idle_device_sleeps, test_an_update,
          test_bytes_one_at_a_time_each_way, test_lock_step, test_a_connection_that_takes_its_time,
          test_connections_that_fail, test_the_host_hangs_up_or_breaks,
          test_the_host_goes_once_it_has_sent_all, test_the_host_cannot_be_told,
          test_error_texts_reach_the_host, test_datagrams_that_do_not_leave,
          test_a_flood_of_datagrams, test_long_datagrams,
          test_invitations_during_an_update_are_gone_afterwards, test_without_reboot_and_log,
          test_deinit_in_the_middle)
