/* SPDX-License-Identifier: MIT */
/* What every system's sockets are alike in. This file has nothing of POSIX, so that it can be built
 * for a system that is none. */
#include "sys/sockets.h"

#include <errno.h>
#include <stdio.h>

#include "unit.h"

static const struct espota_address loopback = {.family = 4, .bytes = {127, 0, 0, 1}};

static bool readable(int fd, int timeout_ms)
{
    struct pollfd item = {(espota_os_fd)fd, POLLIN, 0};

    return espota_os_poll(&item, 1, timeout_ms) == 1;
}

START_TEST(test_a_bell_is_heard_until_it_is_cleared_and_never_full)
{
    int heard, rung;

    ck_assert(espota_wake_open(&heard, &rung));
    ck_assert(!readable(heard, 0));
    for (int i = 0; i < 100000; i++) /* more than any buffer holds */
        espota_wake_ring(rung);
    ck_assert(readable(heard, -1));
    errno = 0;
    espota_wake_clear(heard);
    ck_assert(!readable(heard, 0));
    espota_wake_ring(rung);
    ck_assert(readable(heard, -1));
    espota_wake_close(&heard);
    espota_wake_close(&rung);
    ck_assert_int_eq(heard, -1);
    espota_wake_close(&heard);
}
END_TEST

struct work {
    espota_os_lock lock;
    int rung;
    unsigned done;
};

enum { WORKERS = 20 };

static void add_one(void *context)
{
    struct work *work = context;

    espota_os_lock_take(&work->lock);
    work->done++;
    espota_wake_ring(work->rung); /* below the lock: behind the last one it is gone */
    espota_os_lock_give(&work->lock);
}

START_TEST(test_threads_share_what_a_lock_guards)
{
    struct work work = {.done = 0};
    unsigned done = 0;
    int heard;

    ck_assert(espota_os_lock_init(&work.lock));
    ck_assert(espota_wake_open(&heard, &work.rung));
    for (int i = 0; i < WORKERS; i++)
        ck_assert(espota_os_thread(add_one, &work));
    while (done < WORKERS) {
        ck_assert(readable(heard, -1));
        espota_wake_clear(heard);
        espota_os_lock_take(&work.lock);
        done = work.done;
        espota_os_lock_give(&work.lock);
    }
    espota_os_lock_deinit(&work.lock);
    espota_wake_close(&heard);
    espota_wake_close(&work.rung);
}
END_TEST

enum {
    MANY = 1500, /* more than a thousand devices, and than any select knows */
    OTHERS = 50,
};

struct heard {
    struct espota_watch watch;
    unsigned *calls;
};

static void hear(void *context, unsigned events)
{
    struct heard *heard = context;
    struct espota_address from;
    char byte;
    size_t length;
    int os_error;

    ck_assert_uint_eq(events, ESPOTA_READABLE);
    ck_assert_int_eq(
        espota_socket_receive_from(heard->watch.fd, &byte, 1, &length, &from, &os_error),
        ESPOTA_OK);
    ++*heard->calls;
}

START_TEST(test_poll_knows_more_sockets_than_a_fleet_has_devices)
{
    static struct heard all[MANY];
    size_t limit = espota_open_files_limit(MANY + OTHERS);
    unsigned many = limit < MANY + OTHERS ? (unsigned)limit - OTHERS : MANY; /* what is allowed */
    unsigned calls = 0;
    struct espota_loop *loop;
    int os_error;

    ck_assert_int_eq(espota_loop_create(ESPOTA_LOOP_POLL, &loop, NULL), ESPOTA_OK);
    for (unsigned i = 0; i < many; i++) {
        all[i] = (struct heard){{-1, ESPOTA_READABLE, hear, &all[i], 0}, &calls};
        ck_assert_int_eq(espota_udp_open(&loopback, &all[i].watch.fd, NULL), ESPOTA_OK);
        ck_assert_int_eq(espota_loop_watch(loop, &all[i].watch, NULL), ESPOTA_OK);
    }
    for (unsigned i = 0; i < many; i++) {
        struct espota_address to;

        ck_assert_int_eq(espota_socket_local(all[i].watch.fd, &to), ESPOTA_OK);
        ck_assert_int_eq(
            espota_socket_send_to(all[(i + 1) % many].watch.fd, "x", 1, &to, &os_error), ESPOTA_OK);
    }
    while (calls < many)
        ck_assert_int_eq(espota_loop_turn(loop, -1, NULL), ESPOTA_OK);
    for (unsigned i = 0; i < many; i++) {
        espota_loop_unwatch(loop, &all[i].watch);
        espota_socket_close(&all[i].watch.fd);
    }
    espota_loop_destroy(loop);
}
END_TEST

START_TEST(test_a_port_is_one_programs)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_address at;
    int first, second;

    ck_assert_int_eq(espota_tcp_listen(&loopback, &first, &err), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(first, &at), ESPOTA_OK);
    ck_assert_int_eq(espota_tcp_listen(&at, &second, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "is in use by another program"));
    espota_socket_close(&first);
    ck_assert_int_eq(espota_tcp_listen(&at, &first, &err), ESPOTA_OK); /* the next run has it */
    espota_socket_close(&first);

    ck_assert_int_eq(espota_udp_open(&loopback, &first, &err), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(first, &at), ESPOTA_OK);
    ck_assert_int_eq(espota_udp_open(&at, &second, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "is in use by another program"));
    espota_socket_close(&first);
}
END_TEST

static void note(void *context, unsigned events)
{
    *(unsigned *)context = events;
}

START_TEST(test_a_connection_that_is_refused_says_so_in_words)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_address at;
    struct espota_loop *loop;
    struct espota_watch watch;
    unsigned events = 0;
    int fd;

    ck_assert_int_eq(espota_loop_create(ESPOTA_LOOP_POLL, &loop, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_tcp_listen(&loopback, &fd, &err), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(fd, &at), ESPOTA_OK);
    espota_socket_close(&fd);
    ck_assert_int_eq(espota_tcp_connect(NULL, &at, 0, &fd, &err), ESPOTA_OK);
    watch = (struct espota_watch){fd, ESPOTA_WRITABLE, note, &events, 0};
    ck_assert_int_eq(espota_loop_watch(loop, &watch, NULL), ESPOTA_OK);
    while (events == 0)
        ck_assert_int_eq(espota_loop_turn(loop, -1, NULL), ESPOTA_OK);
    ck_assert_uint_eq(events & ESPOTA_BROKEN, ESPOTA_BROKEN);
    ck_assert_int_eq(espota_socket_error(fd), ECONNREFUSED);
    (void)espota_error_errno(&err, ESPOTA_E_LOCAL, ECONNREFUSED, "it");
    ck_assert_str_eq(err.message, "it: Connection refused");
    espota_loop_unwatch(loop, &watch);
    espota_socket_close(&fd);
    espota_loop_destroy(loop);
}
END_TEST

START_TEST(test_nothing_there_is_no_error_and_a_long_datagram_is_cut)
{
    struct espota_address at, from;
    char data[4];
    size_t length;
    int fd, os_error;

    ck_assert_int_eq(espota_udp_open(&loopback, &fd, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(fd, &at), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_receive_from(fd, data, 4, &length, &from, &os_error),
                     ESPOTA_MORE);
    ck_assert_int_eq(espota_socket_send_to(fd, "datagram", 8, &at, &os_error), ESPOTA_OK);
    ck_assert(readable(fd, -1));
    ck_assert_int_eq(espota_socket_receive_from(fd, data, 4, &length, &from, &os_error), ESPOTA_OK);
    ck_assert_uint_eq(length, 4);
    ck_assert_int_eq(memcmp(data, "data", 4), 0);
    ck_assert(espota_address_equal(&from, &at));
    ck_assert_uint_eq(from.port, at.port);
    espota_socket_close(&fd);
}
END_TEST

START_TEST(test_a_stream_that_ends_gives_what_came_before_it)
{
    struct espota_address at, peer;
    char data[8];
    size_t length;
    int listener, ours, theirs, os_error;

    ck_assert_int_eq(espota_tcp_listen(&loopback, &listener, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(listener, &at), ESPOTA_OK);
    ck_assert_int_eq(espota_tcp_connect(NULL, &at, 0, &ours, NULL), ESPOTA_OK);
    ck_assert(readable(listener, -1));
    ck_assert_int_eq(espota_socket_accept(listener, &theirs, &peer, &os_error), ESPOTA_OK);
    ck_assert_uint_eq(peer.family, 4);
    ck_assert_int_eq(espota_socket_send(theirs, "end", 3, &length, &os_error), ESPOTA_OK);
    espota_socket_close(&theirs);
    ck_assert(readable(ours, -1));
    ck_assert_int_eq(espota_socket_receive(ours, data, sizeof(data), &length, &os_error),
                     ESPOTA_OK);
    ck_assert_uint_eq(length, 3);
    ck_assert(readable(ours, -1));
    ck_assert_int_eq(espota_socket_receive(ours, data, sizeof(data), &length, &os_error),
                     ESPOTA_OK);
    ck_assert_uint_eq(length, 0);
    ck_assert_int_eq(espota_socket_accept(listener, &theirs, &peer, &os_error), ESPOTA_MORE);
    espota_socket_close(&ours);
    espota_socket_close(&listener);
}
END_TEST

START_TEST(test_a_scope_is_written_as_it_is_read)
{
    char text[ESPOTA_ADDRESS_TEXT];
    struct espota_address address = {
        .family = 6, .bytes = {0xfe, 0x80, [15] = 1}, .scope = 7654321};
    struct espota_address back;

    espota_address_format(&address, false, text);
    ck_assert_str_eq(text, "fe80::1%7654321"); /* no interface has that number */
    ck_assert(espota_address_parse(text, &back));
    ck_assert_uint_eq(back.scope, 7654321);
}
END_TEST

UNIT_MAIN("sys/sockets", test_a_bell_is_heard_until_it_is_cleared_and_never_full,
          test_threads_share_what_a_lock_guards,
          test_poll_knows_more_sockets_than_a_fleet_has_devices, test_a_port_is_one_programs,
          test_a_connection_that_is_refused_says_so_in_words,
          test_nothing_there_is_no_error_and_a_long_datagram_is_cut,
          test_a_stream_that_ends_gives_what_came_before_it, test_a_scope_is_written_as_it_is_read)
