/* SPDX-License-Identifier: MIT */
/* Loopback only; ports are whatever the kernel gives. */
#include "sys/net.h"
#include "sys/multicast.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "unit.h"

static struct espota_address address(const char *text, uint16_t port)
{
    struct espota_address result;

    ck_assert_msg(espota_address_parse(text, &result), "%s", text);
    result.port = port;
    return result;
}

static uint16_t port_of(int fd)
{
    struct espota_address local;

    ck_assert_int_eq(espota_socket_local(fd, &local), ESPOTA_OK);
    ck_assert_uint_ne(local.port, 0);
    return local.port;
}

/* Waits without a loop, so that net is tested alone. */
static void wait_for(int fd, short events)
{
    struct pollfd item = {fd, events, 0};

    ck_assert_int_eq(poll(&item, 1, 10000), 1);
}

/* --- addresses -------------------------------------------------------------------------------- */

START_TEST(test_addresses_are_read_and_written)
{
    static const struct {
        const char *text, *plain, *with_port;
    } good[] = {
        {"192.168.1.5", "192.168.1.5", "192.168.1.5:8266"},
        {"0.0.0.0", "0.0.0.0", "0.0.0.0:8266"},
        {"::", "::", "[::]:8266"},
        {"2001:DB8::0:1", "2001:db8::1", "[2001:db8::1]:8266"},
        {"fe80::1", "fe80::1", "[fe80::1]:8266"},
        {"fe80::1%lo", "fe80::1%lo", "[fe80::1%lo]:8266"},
        {"fe80::1%1", "fe80::1%lo", "[fe80::1%lo]:8266"},
        {"fe80::1%4000000000", "fe80::1%4000000000", "[fe80::1%4000000000]:8266"},
        {"ff02::fb%lo", "ff02::fb%lo", "[ff02::fb%lo]:8266"},
        {"::ffff:10.1.2.3", "10.1.2.3", "10.1.2.3:8266"},
    };
    char out[ESPOTA_ADDRESS_TEXT];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct espota_address a = address(good[i].text, 8266);

        ck_assert_str_eq(espota_address_format(&a, false, out), good[i].plain);
        ck_assert_str_eq(espota_address_format(&a, true, out), good[i].with_port);
    }
}
END_TEST

START_TEST(test_what_is_no_address_is_refused)
{
    static const char *const bad[] = {
        "",
        "1.2.3",
        "1.2.3.256",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4:80",
        "01.2.3.4",
        "localhost",
        "[::1]",
        ":::",
        "fe80::1%",
        "fe80::1%nosuchif",
        "::1%lo",
        "fe80::1%0",
        "fe80::1%-1",
        "fe80::1% 1",
        "fe80::1%4294967296",
        "1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct espota_address a = {.family = 9};

        ck_assert_msg(!espota_address_parse(bad[i], &a), "%s", bad[i]);
        ck_assert_uint_eq(a.family, 0);
    }
}
END_TEST

START_TEST(test_equal_compares_hosts)
{
    struct espota_address a = address("10.0.0.1", 1), b = address("10.0.0.1", 2);
    struct espota_address mapped = {
        .family = 6, .bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1}};
    struct espota_address none = {0}, link = address("fe80::1", 0), other = link;

    ck_assert(espota_address_equal(&a, &b));
    ck_assert(espota_address_equal(&a, &mapped));
    ck_assert(espota_address_equal(&mapped, &a));
    b.bytes[3] = 2;
    ck_assert(!espota_address_equal(&a, &b));
    ck_assert(!espota_address_equal(&none, &none));
    b = address("::10.0.0.1", 0);
    ck_assert(!espota_address_equal(&a, &b));
    other.scope = 2;
    ck_assert(espota_address_equal(&link, &other));
    link.scope = 3;
    ck_assert(!espota_address_equal(&link, &other));
    b = a;
    b.bytes[9] = 77; /* beyond an IPv4 address nothing counts */
    ck_assert(espota_address_equal(&a, &b));
}
END_TEST

START_TEST(test_names_are_resolved)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_address a, expected = address("127.0.0.1", 0);

    ck_assert_int_eq(espota_address_resolve("::1", 7, &a, &err), ESPOTA_OK);
    ck_assert_uint_eq(a.family, 6);
    ck_assert_uint_eq(a.port, 7);
    ck_assert_int_eq(espota_address_resolve("localhost", 8266, &a, &err), ESPOTA_OK);
    ck_assert(espota_address_equal(&a, &expected));
    ck_assert_uint_eq(a.port, 8266);
    /* An empty label: no resolver sends this anywhere. */
    ck_assert_int_eq(espota_address_resolve("no..host", 1, &a, &err), ESPOTA_E_NO_ANSWER);
    ck_assert_ptr_nonnull(strstr(err.message, "no..host"));
    ck_assert_uint_eq(a.family, 0);
}
END_TEST

/* --- UDP -------------------------------------------------------------------------------------- */

static int udp(const char *text)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_address local = address(text, 0);
    int fd = -1;

    ck_assert_msg(espota_udp_open(&local, &fd, &err) == ESPOTA_OK, "%s", err.message);
    return fd;
}

static bool has_ipv6(void)
{
    struct espota_address local = address("::1", 0);
    int fd = -1;
    bool has = espota_udp_open(&local, &fd, NULL) == ESPOTA_OK;

    espota_socket_close(&fd);
    return has;
}

static void check_descriptor(int fd)
{
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

static void udp_exchange(const char *host)
{
    int a = udp(host), b = udp(host), os_error = 0;
    struct espota_address to = address(host, port_of(b)), from;
    char buffer[8] = "";
    size_t done = 99;

    check_descriptor(a);
    ck_assert_int_eq(espota_socket_receive_from(b, buffer, sizeof(buffer), &done, &from, &os_error),
                     ESPOTA_MORE);
    ck_assert_uint_eq(done, 0);
    ck_assert_uint_eq(from.family, 0);
    ck_assert_int_eq(espota_socket_send_to(a, "OK", 2, &to, &os_error), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_send_to(a, "0123456789", 10, &to, &os_error), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_send_to(a, "", 0, &to, &os_error), ESPOTA_OK);
    wait_for(b, POLLIN);
    ck_assert_int_eq(espota_socket_receive_from(b, buffer, sizeof(buffer), &done, &from, &os_error),
                     ESPOTA_OK);
    ck_assert_mem_eq(buffer, "OK", 2);
    ck_assert_uint_eq(done, 2);
    ck_assert(espota_address_equal(&from, &to));
    ck_assert_uint_eq(from.port, port_of(a));
    ck_assert_int_eq(espota_socket_receive_from(b, buffer, sizeof(buffer), &done, &from, &os_error),
                     ESPOTA_OK);
    ck_assert_uint_eq(done, sizeof(buffer));
    ck_assert_int_eq(espota_socket_receive_from(b, buffer, sizeof(buffer), &done, &from, &os_error),
                     ESPOTA_OK);
    ck_assert_uint_eq(done, 0);
    espota_socket_close(&a);
    ck_assert_int_eq(a, -1);
    espota_socket_close(&a);
    espota_socket_close(&b);
}

START_TEST(test_datagrams_go_and_come)
{
    udp_exchange("127.0.0.1");
    if (has_ipv6())
        udp_exchange("::1");
}
END_TEST

START_TEST(test_a_datagram_that_cannot_go_is_an_error)
{
    static char huge[70000];
    int fd = udp("127.0.0.1"), os_error = 0;
    struct espota_address to = address("127.0.0.1", port_of(fd)), none = {0};

    ck_assert_int_eq(espota_socket_send_to(fd, huge, sizeof(huge), &to, &os_error),
                     ESPOTA_E_BROKEN);
    ck_assert_int_eq(os_error, EMSGSIZE);
    ck_assert_int_eq(espota_socket_send_to(fd, "x", 1, &none, &os_error), ESPOTA_E_BROKEN);
    espota_socket_close(&fd);
}
END_TEST

START_TEST(test_a_full_socket_asks_for_patience)
{
    int fds[2], os_error = 0;
    struct espota_address none = {0};
    enum espota_status status = ESPOTA_OK;

    /* A local datagram socket, since loopback UDP drops instead of filling. */
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    for (int i = 0; i < 1000000 && status == ESPOTA_OK; i++) {
        ssize_t n = send(fds[0], "x", 1, 0);

        if (n < 0)
            status = espota_socket_send_to(fds[0], "x", 1, &none, &os_error);
    }
    ck_assert_int_eq(status, ESPOTA_MORE);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

static void expect_local(enum espota_status status, const struct espota_error *err,
                         const char *words)
{
    ck_assert_int_eq(status, ESPOTA_E_LOCAL);
    ck_assert_msg(strstr(err->message, words) != NULL, "%s", err->message);
}

START_TEST(test_addresses_that_cannot_be_had_are_explained)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_address taken = address("127.0.0.1", 0), foreign = address("203.0.113.77", 0);
    struct espota_address nothing = {0};
    int fd = udp("127.0.0.1"), listener = -1, second = -1;

    taken.port = port_of(fd);
    expect_local(espota_udp_open(&taken, &second, &err), &err, "in use by another program");
    ck_assert_int_eq(second, -1);
    expect_local(espota_udp_open(&foreign, &second, &err), &err, "no address of this machine");
    expect_local(espota_tcp_listen(&foreign, &second, &err), &err, "no address of this machine");
    expect_local(espota_tcp_connect(&foreign, &taken, 0, &second, &err), &err,
                 "no address of this machine");
    expect_local(espota_udp_open(&nothing, &second, &err), &err, "UDP port");
    taken.port = 0;
    ck_assert_int_eq(espota_tcp_listen(&taken, &listener, &err), ESPOTA_OK);
    taken.port = port_of(listener);
    expect_local(espota_tcp_listen(&taken, &second, &err), &err, "in use by another program");
    espota_socket_close(&fd);
    espota_socket_close(&listener);
}
END_TEST

START_TEST(test_ipv6_leaves_ipv4_alone)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_address six = {.family = 6}, four = {.family = 4};
    int a = -1, b = -1;

    if (!has_ipv6())
        return;
    ck_assert_int_eq(espota_tcp_listen(&six, &a, &err), ESPOTA_OK);
    four.port = port_of(a);
    ck_assert_int_eq(espota_tcp_listen(&four, &b, &err), ESPOTA_OK);
    espota_socket_close(&a);
    espota_socket_close(&b);
    ck_assert_int_eq(espota_udp_open(&six, &a, &err), ESPOTA_OK);
    four.port = port_of(a);
    ck_assert_int_eq(espota_udp_open(&four, &b, &err), ESPOTA_OK);
    espota_socket_close(&a);
    espota_socket_close(&b);
}
END_TEST

#ifdef ESPOTA_TEST_LINUX

/* A port of `host` where nobody listens (any more). */
static struct espota_address dead_end(const char *host)
{
    int fd = udp(host);
    struct espota_address result = address(host, port_of(fd));

    espota_socket_close(&fd);
    return result;
}

static void unreachable_on(const char *host)
{
    int fd = udp(host), live = udp(host), os_error = 0;
    struct espota_address dead = dead_end(host), to = address(host, port_of(live));
    struct espota_address target, reporter, from;
    enum espota_unreachable why;
    char buffer[4];
    size_t done;

    espota_udp_want_unreachable(fd);
    ck_assert(!espota_udp_unreachable(fd, &target, &reporter, &why));
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(espota_socket_send_to(fd, "x", 1, &dead, &os_error), ESPOTA_OK);
        wait_for(fd, 0); /* POLLERR comes unasked */
    }
    /* What became of those is no business of the others'. */
    ck_assert_int_eq(espota_socket_send_to(fd, "y", 1, &to, &os_error), ESPOTA_OK);
    wait_for(live, POLLIN);
    ck_assert_int_eq(espota_socket_receive_from(live, buffer, 4, &done, &from, &os_error),
                     ESPOTA_OK);
    ck_assert_int_eq(espota_socket_send_to(fd, "x", 1, &dead, &os_error), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_receive_from(fd, buffer, 4, &done, &from, &os_error),
                     ESPOTA_MORE);
    for (int i = 0; i < 4; i++) {
        ck_assert(espota_udp_unreachable(fd, &target, &reporter, &why));
        ck_assert(espota_address_equal(&target, &dead));
        ck_assert_uint_eq(target.port, dead.port);
        ck_assert(espota_address_equal(&reporter, &dead));
        ck_assert_int_eq(why, ESPOTA_UNREACHABLE_PORT);
    }
    ck_assert(!espota_udp_unreachable(fd, &target, &reporter, &why));
    ck_assert_int_eq(poll(&(struct pollfd){fd, 0, 0}, 1, 0), 0); /* no POLLERR is left */
    espota_socket_close(&fd);
    espota_socket_close(&live);
}

START_TEST(test_a_port_that_nobody_listens_on_is_told)
{
    unreachable_on("127.0.0.1");
    if (has_ipv6())
        unreachable_on("::1");
}
END_TEST

static bool put_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return good;
}

/* A network of our own in which a filter refuses ports 9001 to 9003, each in its way. */
static bool enter_refusing_network(void)
{
    char map[64];
    uid_t uid = getuid();
    gid_t gid = getgid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    snprintf(map, sizeof(map), "0 %u 1", (unsigned)uid);
    if (!put_file("/proc/self/uid_map", map) || !put_file("/proc/self/setgroups", "deny"))
        return false;
    snprintf(map, sizeof(map), "0 %u 1", (unsigned)gid);
    if (!put_file("/proc/self/gid_map", map))
        return false;
    return system("PATH=$PATH:/usr/sbin:/sbin; { ip link set lo up && nft add table inet t && "
                  "nft add chain inet t in '{ type filter hook input priority 0; }' && "
                  "nft add rule inet t in udp dport 9001 reject with icmpx admin-prohibited && "
                  "nft add rule inet t in udp dport 9002 reject with icmpx host-unreachable && "
                  "nft add rule inet t in meta nfproto ipv4 udp dport 9003 reject with icmp "
                  "net-unreachable; } >/dev/null 2>&1") == 0;
}

static void expect_refusal(const char *host, uint16_t port, enum espota_unreachable expected)
{
    int fd = udp(host), os_error = 0;
    struct espota_address to = address(host, port), target, reporter;
    enum espota_unreachable why = ESPOTA_UNREACHABLE_PORT;

    espota_udp_want_unreachable(fd);
    ck_assert_int_eq(espota_socket_send_to(fd, "x", 1, &to, &os_error), ESPOTA_OK);
    wait_for(fd, 0);
    ck_assert(espota_udp_unreachable(fd, &target, &reporter, &why));
    ck_assert_uint_eq(target.port, port);
    ck_assert_int_eq(why, expected);
    espota_socket_close(&fd);
}

START_TEST(test_what_a_filter_answers_is_understood)
{
    if (!enter_refusing_network()) {
        fputs("what_a_filter_answers: SKIPPED, needs user namespaces and nft\n", stderr);
        return;
    }
    expect_refusal("127.0.0.1", 9001, ESPOTA_UNREACHABLE_FORBIDDEN);
    expect_refusal("127.0.0.1", 9002, ESPOTA_UNREACHABLE_HOST);
    expect_refusal("127.0.0.1", 9003, ESPOTA_UNREACHABLE_NETWORK);
    if (has_ipv6())
        expect_refusal("::1", 9001, ESPOTA_UNREACHABLE_FORBIDDEN);
}
END_TEST

#endif

/* --- TCP -------------------------------------------------------------------------------------- */

struct tcp {
    int listener, ours, theirs; /* theirs: accepted */
};

static int tcp_listener(const char *host)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_address local = address(host, 0);
    int fd = -1;

    ck_assert_msg(espota_tcp_listen(&local, &fd, &err) == ESPOTA_OK, "%s", err.message);
    check_descriptor(fd);
    return fd;
}

static struct tcp tcp_open(const char *host, uint32_t window)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_address local = address(host, 0), to, peer;
    struct tcp t = {tcp_listener(host), -1, -1};
    int os_error = 0;

    to = address(host, port_of(t.listener));
    ck_assert_int_eq(espota_socket_accept(t.listener, &t.theirs, &peer, &os_error), ESPOTA_MORE);
    ck_assert_int_eq(espota_tcp_connect(&local, &to, window, &t.ours, &err), ESPOTA_OK);
    wait_for(t.ours, POLLOUT);
    ck_assert_int_eq(espota_socket_error(t.ours), 0);
    wait_for(t.listener, POLLIN);
    ck_assert_int_eq(espota_socket_accept(t.listener, &t.theirs, &peer, &os_error), ESPOTA_OK);
    check_descriptor(t.theirs);
    check_descriptor(t.ours);
    ck_assert(espota_address_equal(&peer, &to));
    ck_assert_uint_eq(peer.port, port_of(t.ours));
    return t;
}

static void tcp_close(struct tcp *t)
{
    espota_socket_close(&t->ours);
    espota_socket_close(&t->theirs);
    espota_socket_close(&t->listener);
}

static void tcp_exchange(const char *host)
{
    struct tcp t = tcp_open(host, 0);
    char buffer[16];
    size_t done = 99;
    int os_error = 0;

    espota_socket_no_delay(t.ours);
    ck_assert_int_eq(espota_socket_receive(t.theirs, buffer, 16, &done, &os_error), ESPOTA_MORE);
    ck_assert_uint_eq(done, 0);
    ck_assert_int_eq(espota_socket_send(t.ours, "hello", 5, &done, &os_error), ESPOTA_OK);
    ck_assert_uint_eq(done, 5);
    wait_for(t.theirs, POLLIN);
    ck_assert_int_eq(espota_socket_receive(t.theirs, buffer, 16, &done, &os_error), ESPOTA_OK);
    ck_assert_uint_eq(done, 5);
    espota_socket_close(&t.ours);
    wait_for(t.theirs, POLLIN);
    ck_assert_int_eq(espota_socket_receive(t.theirs, buffer, 16, &done, &os_error), ESPOTA_OK);
    ck_assert_uint_eq(done, 0);
    tcp_close(&t);
}

START_TEST(test_a_stream_goes_and_ends)
{
    tcp_exchange("127.0.0.1");
    if (has_ipv6())
        tcp_exchange("::1");
}
END_TEST

START_TEST(test_a_full_stream_says_more_and_counts_what_is_unacked)
{
    static char bytes[65536], sink[65536];
    struct tcp t = tcp_open("127.0.0.1", 0);
    uint32_t unacked = 77;
    size_t done, sent = 0, received = 0;
    int os_error = 0;

    while (espota_socket_send(t.ours, bytes, sizeof(bytes), &done, &os_error) == ESPOTA_OK)
        sent += done;
    ck_assert_uint_eq(done, 0);
    (void)unacked;
#ifdef ESPOTA_TEST_LINUX
    ck_assert(espota_socket_unacked(t.ours, &unacked));
    ck_assert_uint_gt(unacked, 0);
    ck_assert_uint_le(unacked, sent);
#endif
    while (received < sent) {
        wait_for(t.theirs, POLLIN);
        ck_assert_int_eq(espota_socket_receive(t.theirs, sink, sizeof(sink), &done, &os_error),
                         ESPOTA_OK);
        received += done;
    }
#ifdef ESPOTA_TEST_LINUX
    while (unacked > 0) /* the last acknowledgement may be on its way */
        ck_assert(espota_socket_unacked(t.ours, &unacked));
    ck_assert(!espota_socket_unacked(-1, &unacked));
#endif
    tcp_close(&t);
}
END_TEST

START_TEST(test_what_has_not_left_is_known_and_bounded)
{
    static char bytes[1 << 16];
    struct tcp t = tcp_open("127.0.0.1", 0);
    uint32_t unsent = 77, unacked = 77;
    size_t done, taken = 0;
    int os_error = 0;

    espota_socket_limit_unsent(t.ours, 4096);
    /* nobody reads: what fills the other end's buffer has left, the rest has not */
    while (espota_socket_send(t.ours, bytes, sizeof(bytes), &done, &os_error) == ESPOTA_OK)
        taken += done;
    (void)unsent, (void)unacked;
#ifdef ESPOTA_TEST_LINUX
    ck_assert(espota_socket_unsent(t.ours, &unsent));
    ck_assert(espota_socket_unacked(t.ours, &unacked));
    ck_assert_uint_gt(unsent, 0);
    ck_assert_uint_le(unsent, unacked);
    ck_assert_uint_lt(unsent, 4 * sizeof(bytes)); /* a packet or two above the bound */
    ck_assert_uint_gt(taken, unsent);
    ck_assert(!espota_socket_unsent(-1, &unsent));
#endif
    tcp_close(&t);
}
END_TEST

START_TEST(test_a_reset_is_no_end)
{
    struct tcp t = tcp_open("127.0.0.1", 0);
    char buffer[4];
    size_t done;
    int os_error = 0;

    espota_socket_reset_on_close(t.ours);
    espota_socket_close(&t.ours);
    wait_for(t.theirs, POLLIN);
    ck_assert_int_eq(espota_socket_receive(t.theirs, buffer, 4, &done, &os_error), ESPOTA_E_BROKEN);
    ck_assert_int_eq(os_error, ECONNRESET);
    /* And a write into the void is an error, not the end of the program. */
    ck_assert_int_eq(espota_socket_send(t.theirs, "x", 1, &done, &os_error), ESPOTA_E_BROKEN);
    ck_assert_int_eq(os_error, EPIPE);
    tcp_close(&t);
}
END_TEST

START_TEST(test_last_words_are_read_after_a_send_that_broke)
{
    struct tcp t = tcp_open("127.0.0.1", 0);
    char buffer[32] = "";
    size_t done;
    int os_error = 0;

    ck_assert_int_eq(espota_socket_send(t.ours, "image", 5, &done, &os_error), ESPOTA_OK);
    wait_for(t.theirs, POLLIN);
    ck_assert_int_eq(espota_socket_send(t.theirs, "ERROR[4]", 8, &done, &os_error), ESPOTA_OK);
    espota_socket_close(&t.theirs); /* with "image" unread: a reset */
    wait_for(t.ours, POLLHUP);
    ck_assert_int_eq(espota_socket_send(t.ours, "more", 4, &done, &os_error), ESPOTA_E_BROKEN);
    ck_assert_int_eq(espota_socket_receive(t.ours, buffer, sizeof(buffer), &done, &os_error),
                     ESPOTA_OK);
    ck_assert_uint_eq(done, 8);
    ck_assert_str_eq(buffer, "ERROR[4]");
    tcp_close(&t);
}
END_TEST

START_TEST(test_a_refused_connect_is_told_by_the_socket)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    int listener = tcp_listener("127.0.0.1"), fd = -1;
    struct espota_address to = address("127.0.0.1", port_of(listener));

    espota_socket_close(&listener);
    ck_assert_int_eq(espota_tcp_connect(NULL, &to, 0, &fd, &err), ESPOTA_OK);
    wait_for(fd, POLLOUT);
    ck_assert_int_eq(espota_socket_error(fd), ECONNREFUSED);
    ck_assert_int_eq(espota_socket_error(-1), EBADF);
    espota_socket_close(&fd);
}
END_TEST

START_TEST(test_a_port_of_the_last_run_is_free_at_once)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct tcp t = tcp_open("127.0.0.1", 0);
    struct espota_address again = address("127.0.0.1", port_of(t.listener));
    char buffer[4];
    size_t done;
    int os_error = 0;

    espota_socket_close(&t.theirs); /* first, so that its end lingers */
    wait_for(t.ours, POLLIN);
    ck_assert_int_eq(espota_socket_receive(t.ours, buffer, 4, &done, &os_error), ESPOTA_OK);
    tcp_close(&t);
    ck_assert_msg(espota_tcp_listen(&again, &t.listener, &err) == ESPOTA_OK, "%s", err.message);
    espota_socket_close(&t.listener);
}
END_TEST

START_TEST(test_accept_without_descriptors_leaves_the_caller_waiting)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    int listener = tcp_listener("127.0.0.1"), ours = -1, theirs = -1, os_error = 0;
    struct espota_address to = address("127.0.0.1", port_of(listener)), peer;
    struct rlimit old, none;

    ck_assert_int_eq(espota_tcp_connect(NULL, &to, 0, &ours, &err), ESPOTA_OK);
    wait_for(listener, POLLIN);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert_int_eq(espota_socket_accept(listener, &theirs, &peer, &os_error), ESPOTA_E_LOCAL);
    ck_assert_int_eq(os_error, EMFILE);
    ck_assert_int_eq(theirs, -1);
    ck_assert_int_eq(espota_udp_open(&(struct espota_address){.family = 4}, &theirs, &err),
                     ESPOTA_E_LOCAL);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    ck_assert_int_eq(espota_socket_accept(listener, &theirs, &peer, &os_error), ESPOTA_OK);
    espota_socket_close(&theirs);
    espota_socket_close(&ours);
    ck_assert_int_eq(espota_socket_accept(listener, &theirs, &peer, &os_error), ESPOTA_MORE);
    espota_socket_close(&listener);
    ck_assert_int_eq(espota_socket_accept(-1, &theirs, &peer, &os_error), ESPOTA_E_BROKEN);
}
END_TEST

#ifdef ESPOTA_TEST_LINUX

/* What the peer's kernel was last told about this end's window. */
static uint32_t peer_window(int fd)
{
    struct {
        struct tcp_info info; /* the C library's header ends before what newer kernels tell */
        uint8_t more[256];
    } known = {0};
    socklen_t length = sizeof(known);
    uint32_t window = 0;
    enum { SND_WND_AT = 228 };

    ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &known, &length), 0);
    if (length < SND_WND_AT + sizeof(window))
        return 0;
    memcpy(&window, (const uint8_t *)&known + SND_WND_AT, sizeof(window));
    return window;
}

START_TEST(test_a_narrow_window_stays_narrow)
{
    static char bytes[65536], sink[65536];
    struct tcp t = tcp_open("127.0.0.1", 5840);
    size_t done, received = 0;
    int os_error = 0;

    while (received < (4u << 20)) {
        uint32_t window = peer_window(t.theirs);

        ck_assert_uint_le(window, 5840);
        (void)!espota_socket_send(t.theirs, bytes, sizeof(bytes), &done, &os_error);
        wait_for(t.ours, POLLIN);
        ck_assert_int_eq(espota_socket_receive(t.ours, sink, sizeof(sink), &done, &os_error),
                         ESPOTA_OK);
        received += done;
        espota_socket_narrow(t.ours, 5840);
    }
    tcp_close(&t);
    t = tcp_open("127.0.0.1", 0);
    ck_assert(peer_window(t.theirs) > 5840 || peer_window(t.theirs) == 0);
    tcp_close(&t);
}
END_TEST

#endif

/* --- the machine ------------------------------------------------------------------------------ */

START_TEST(test_the_route_and_its_interface)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_address peer = address("127.0.0.1", 0), local = {.family = 0},
                          far = address("203.0.113.77", 0);
    struct espota_address fleet = address("127.1.2.3", 0);
    char name[32] = "x";
    bool same = false;

    ck_assert_int_eq(espota_route_to(&peer, &local, name, &same, &err), ESPOTA_OK);
    ck_assert(espota_address_equal(&peer, &local));
    ck_assert_uint_eq(local.port, 0);
    ck_assert(same);
    ck_assert_msg(strncmp(name, "lo", 2) == 0, "%s", name);
    /* An address that no interface has by itself, but one has the subnet of. */
    ck_assert_int_eq(espota_route_to(&far, &fleet, name, &same, &err), ESPOTA_OK);
    ck_assert_msg(strncmp(name, "lo", 2) == 0, "%s", name);
    ck_assert(!same);
    ck_assert_int_eq(espota_route_to(&peer, &far, name, &same, &err), ESPOTA_E_LOCAL);
    ck_assert_str_eq(name, "");
    ck_assert_ptr_nonnull(strstr(err.message, "203.0.113.77"));
    peer.family = local.family = 0;
    ck_assert_int_eq(espota_route_to(&peer, &local, name, &same, &err), ESPOTA_E_LOCAL);
}
END_TEST

START_TEST(test_the_limit_of_open_files_is_raised_as_far_as_it_goes)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 100;
    limit.rlim_max = limit.rlim_max < 200 ? limit.rlim_max : 200;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(espota_open_files_limit(50), 100);
    ck_assert_uint_eq(espota_open_files_limit(150), 150);
    ck_assert_uint_eq(espota_open_files_limit(5000), 200);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_uint_eq(limit.rlim_cur, 200);
}
END_TEST

#ifndef ESPOTA_TEST_LINUX
#define LINUX_TESTS
#else
#define LINUX_TESTS                                                                                \
    test_a_port_that_nobody_listens_on_is_told, test_what_a_filter_answers_is_understood,          \
        test_a_narrow_window_stays_narrow,
#endif

UNIT_MAIN("sys/net", test_addresses_are_read_and_written, test_what_is_no_address_is_refused,
          test_equal_compares_hosts, test_names_are_resolved, test_datagrams_go_and_come,
          test_a_datagram_that_cannot_go_is_an_error, test_a_full_socket_asks_for_patience,
          test_addresses_that_cannot_be_had_are_explained, test_ipv6_leaves_ipv4_alone,
          LINUX_TESTS test_a_stream_goes_and_ends,
          test_a_full_stream_says_more_and_counts_what_is_unacked,
          test_what_has_not_left_is_known_and_bounded, test_a_reset_is_no_end,
          test_last_words_are_read_after_a_send_that_broke,
          test_a_refused_connect_is_told_by_the_socket, test_a_port_of_the_last_run_is_free_at_once,
          test_accept_without_descriptors_leaves_the_caller_waiting,
          test_the_route_and_its_interface,
          test_the_limit_of_open_files_is_raised_as_far_as_it_goes)
