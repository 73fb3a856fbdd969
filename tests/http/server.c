/* SPDX-License-Identifier: MIT */
/* The server of http with a client in the same thread: both on one loop. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "http/http.h"

static struct espota_loop *loop;
static struct espota_http_server *server;
static struct espota_address address = {.family = 4, .bytes = {127, 0, 0, 1}};
static char said[16384];

static void setup(espota_http_handler handler)
{
    int listener;

    ck_assert_int_eq(espota_loop_create(ESPOTA_LOOP_BEST, &loop, NULL), ESPOTA_OK);
    address.port = 0;
    ck_assert_int_eq(espota_tcp_listen(&address, &listener, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(listener, &address), ESPOTA_OK);
    ck_assert_int_eq(espota_http_server_create(loop, listener, handler, NULL, &server, NULL),
                     ESPOTA_OK);
}

static void teardown(void)
{
    espota_http_server_destroy(server);
    espota_loop_destroy(loop);
}

/* What the server says to GET / until it closes. */
static void ask(void)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    size_t length = 0;
    ssize_t got = -1;
    int fd;

    ck_assert_int_eq(espota_tcp_connect(NULL, &address, 0, &fd, NULL), ESPOTA_OK);
    while (send(fd, request, sizeof(request) - 1, 0) < 0)
        ck_assert_int_eq(espota_loop_turn(loop, 10, NULL), ESPOTA_OK);
    while (got != 0) {
        ck_assert_int_eq(espota_loop_turn(loop, 10, NULL), ESPOTA_OK);
        got = recv(fd, said + length, sizeof(said) - 1 - length, MSG_DONTWAIT);
        ck_assert(got >= 0 || errno == EAGAIN);
        length += got > 0 ? (size_t)got : 0;
    }
    said[length] = '\0';
    espota_socket_close(&fd);
}

static void twelve(void *context, struct espota_http_request *request, const char *method,
                   const char *path, struct espota_http_answer *answer)
{
    (void)context, (void)request, (void)method, (void)path;
    answer->status = 200;
    for (int i = 0; i < 12; i++) {
        char name[16], value[16];

        snprintf(name, sizeof(name), "X-Number-%d", i);
        snprintf(value, sizeof(value), "it is %d", i);
        espota_http_answer_header(answer, name, value);
    }
}

START_TEST(test_every_header_is_sent)
{
    setup(twelve);
    ask();
    ck_assert_int_eq(strncmp(said, "HTTP/1.1 200", 12), 0);
    for (int i = 0; i < 12; i++) {
        char line[48];

        snprintf(line, sizeof(line), "\r\nX-Number-%d: it is %d\r\n", i, i);
        ck_assert_msg(strstr(said, line) != NULL, "no%s in %s", line, said);
    }
    teardown();
}
END_TEST

static void endless(void *context, struct espota_http_request *request, const char *method,
                    const char *path, struct espota_http_answer *answer)
{
    (void)context, (void)request, (void)method, (void)path;
    answer->status = 200;
    answer->text = "secret";
    answer->length = 6;
    for (int i = 0; i < 1000; i++)
        espota_http_answer_header(answer, "X-Long", "0123456789012345678901234567890123456789");
}

START_TEST(test_half_an_answer_is_none)
{
    setup(endless);
    ask();
    ck_assert_int_eq(strncmp(said, "HTTP/1.1 500", 12), 0);
    ck_assert_ptr_null(strstr(said, "X-Long"));
    ck_assert_ptr_null(strstr(said, "secret"));
    teardown();
}
END_TEST

UNIT_MAIN("http/server", test_every_header_is_sent, test_half_an_answer_is_none)
