/* SPDX-License-Identifier: MIT */
/*
 * Asks an HTTP server the same question on many connections at once, for some seconds:
 *
 *   http_load ADDRESS PORT PATH CLIENTS SECONDS keep|close [HEADER...]
 *
 * Prints how many whole answers came, in how many seconds, and the size of a body. An answer that
 * is neither 200 nor 304, of another size than the first, or cut short, ends it with an error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct client {
    int fd;
    char head[2048];
    size_t head_length;
    bool in_body;
    long long left; /* of the body */
};

static struct sockaddr_in server;
static char question[4096];
static size_t question_length;
static bool keep;
static int epoll;
static long long answers;
static long long body_size = -1;
static char sink[1 << 18];

static void fail(const char *what)
{
    fprintf(stderr, "http_load: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void ask(struct client *client)
{
    client->head_length = 0;
    client->in_body = false;
    if (send(client->fd, question, question_length, MSG_NOSIGNAL) != (ssize_t)question_length)
        fail("send");
}

static void start(struct client *client)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    int one = 1;

    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&server, sizeof(server)) < 0)
        fail("connect");
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    ask(client);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
        fail("epoll");
}

static void answer_is_whole(struct client *client)
{
    answers++;
    if (keep) {
        ask(client);
        return;
    }
    close(client->fd);
    start(client);
}

/* The header is whole: its status and length. Returns the bytes of the body behind it. */
static size_t take_head(struct client *client, const char *end)
{
    const char *length = strcasestr(client->head, "\r\nContent-Length:");
    int status = atoi(client->head + 9);
    long long size = length != NULL && length < end ? atoll(length + 17) : 0;

    if (status == 304)
        size = 0;
    if ((status != 200 && status != 304) || (body_size >= 0 && size != body_size)) {
        fprintf(stderr, "http_load: another answer: %.200s\n", client->head);
        exit(EXIT_FAILURE);
    }
    body_size = size;
    client->left = size;
    client->in_body = true;
    return client->head_length - (size_t)(end + 4 - client->head);
}

static void take(struct client *client)
{
    ssize_t got;
    size_t body;

    if (!client->in_body) {
        const char *end;

        got = recv(client->fd, client->head + client->head_length,
                   sizeof(client->head) - 1 - client->head_length, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0)
            fail("cut in the header");
        client->head_length += (size_t)got;
        client->head[client->head_length] = '\0';
        end = strstr(client->head, "\r\n\r\n");
        if (end == NULL)
            return;
        body = take_head(client, end);
    } else {
        got = recv(client->fd, sink, sizeof(sink), MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0)
            fail("cut in the body");
        body = (size_t)got;
    }
    client->left -= (long long)body;
    if (client->left < 0)
        fail("too much");
    if (client->left == 0)
        answer_is_whole(client);
}

static void build_question(char **headers, const char *path)
{
    size_t used = (size_t)snprintf(question, sizeof(question), "GET %s HTTP/1.1\r\nHost: x\r\n%s",
                                   path, keep ? "" : "Connection: close\r\n");

    for (; *headers != NULL && used < sizeof(question); headers++)
        used += (size_t)snprintf(question + used, sizeof(question) - used, "%s\r\n", *headers);
    if (used + 2 >= sizeof(question))
        fail("too many headers");
    strcpy(question + used, "\r\n");
    question_length = used + 2;
}

int main(int argc, char **argv)
{
    struct epoll_event events[64];
    struct client *clients;
    double start_at, seconds;
    size_t count;

    if (argc < 7)
        fail("usage: ADDRESS PORT PATH CLIENTS SECONDS keep|close [HEADER...]");
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1)
        fail("address");
    keep = strcmp(argv[6], "keep") == 0;
    build_question(argv + 7, argv[3]);
    count = (size_t)atoi(argv[4]);
    seconds = atof(argv[5]);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    clients = calloc(count, sizeof(*clients));
    if (clients == NULL || epoll < 0)
        fail("memory");
    start_at = now();
    for (size_t i = 0; i < count; i++)
        start(&clients[i]);
    while (now() - start_at < seconds) {
        int ready = epoll_wait(epoll, events, 64, 1000);

        for (int i = 0; i < ready; i++)
            take(events[i].data.ptr);
    }
    printf("%lld %.6f %lld\n", answers, now() - start_at, body_size);
    free(clients);
    return EXIT_SUCCESS;
}
