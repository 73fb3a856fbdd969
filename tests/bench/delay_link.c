/* SPDX-License-Identifier: MIT */
/*
 * A long cable between two network namespaces: two tun devices, and every
 * packet that enters one leaves the other DELAY milliseconds later, or, LOSS
 * times in a hundred, not at all. For kernels without netem.
 *
 *   delay_link NAMESPACE_A NAMESPACE_B DELAY_MS [LOSS]
 *
 * Makes the device "link0" in each, brings nothing up, prints "ready" and
 * forwards until standard input ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MAX = 1600, QUEUE_MAX = 4096 };

struct packet {
    uint64_t due_us;
    size_t length;
    uint8_t bytes[PACKET_MAX];
};

/* What travels in one direction. A full queue drops, as a cable's router would. */
struct direction {
    int from;
    int to;
    uint32_t loss; /* in a hundred */
    uint32_t luck;
    struct packet *queue;
    size_t first;
    size_t count;
};

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static int open_tun(const char *namespace_name)
{
    char path[256];
    struct ifreq request;
    int namespace_fd;
    int fd;

    snprintf(path, sizeof(path), "/var/run/netns/%s", namespace_name);
    namespace_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (namespace_fd < 0 || setns(namespace_fd, CLONE_NEWNET) < 0)
        die(path);
    close(namespace_fd);
    fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        die("/dev/net/tun");
    memset(&request, 0, sizeof(request));
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    memcpy(request.ifr_name, "link0", sizeof("link0"));
    if (ioctl(fd, TUNSETIFF, &request) < 0)
        die("TUNSETIFF");
    return fd;
}

static bool is_lost(struct direction *way)
{
    way->luck = way->luck * 1664525 + 1013904223;
    return (way->luck >> 16) % 100 < way->loss;
}

static void take_in(struct direction *way, uint64_t delay_us)
{
    for (;;) {
        struct packet dropped;
        bool room = way->count < QUEUE_MAX;
        struct packet *packet =
            room ? &way->queue[(way->first + way->count) % QUEUE_MAX] : &dropped;
        ssize_t length = read(way->from, packet->bytes, PACKET_MAX);

        if (length <= 0)
            return;
        packet->length = (size_t)length;
        packet->due_us = now_us() + delay_us;
        way->count += room && !is_lost(way);
    }
}

static void let_out(struct direction *way)
{
    uint64_t now = now_us();

    while (way->count > 0 && way->queue[way->first].due_us <= now) {
        const struct packet *packet = &way->queue[way->first];

        if (write(way->to, packet->bytes, packet->length) < 0 && errno == EAGAIN)
            return;
        way->first = (way->first + 1) % QUEUE_MAX;
        way->count--;
    }
}

/* How long until the next packet is due, at most a second. */
static struct timespec next_due(const struct direction *ways)
{
    uint64_t now = now_us();
    uint64_t wait = 1000000;

    for (int i = 0; i < 2; i++) {
        const struct packet *packet = &ways[i].queue[ways[i].first];

        if (ways[i].count == 0)
            continue;
        if (packet->due_us <= now)
            wait = 0;
        else if (packet->due_us - now < wait)
            wait = packet->due_us - now;
    }
    return (struct timespec){(time_t)(wait / 1000000), (long)(wait % 1000000) * 1000};
}

static void forward(struct direction *ways, uint64_t delay_us)
{
    struct pollfd fds[3] = {
        {STDIN_FILENO, POLLIN, 0}, {ways[0].from, POLLIN, 0}, {ways[1].from, POLLIN, 0}};

    while ((fds[0].revents & (POLLIN | POLLHUP)) == 0) {
        struct timespec wait = next_due(ways);

        if (ppoll(fds, 3, &wait, NULL) < 0 && errno != EINTR)
            die("ppoll");
        for (int i = 0; i < 2; i++)
            take_in(&ways[i], delay_us);
        for (int i = 0; i < 2; i++)
            let_out(&ways[i]);
    }
}

static struct direction direction(int from, int to, unsigned long loss)
{
    struct direction way = {.from = from, .to = to, .loss = (uint32_t)loss, .luck = (uint32_t)from};

    way.queue = calloc(QUEUE_MAX, sizeof(struct packet));
    if (way.queue == NULL)
        die("calloc");
    return way;
}

int main(int argc, char **argv)
{
    struct direction ways[2];
    unsigned long delay_ms;
    unsigned long loss;
    int a;
    int b;

    if (argc < 4 || argc > 5 || (delay_ms = strtoul(argv[3], NULL, 10)) > 10000 ||
        (loss = argc == 5 ? strtoul(argv[4], NULL, 10) : 0) > 100) {
        fprintf(stderr, "usage: delay_link NAMESPACE_A NAMESPACE_B DELAY_MS [LOSS]\n");
        return 2;
    }
    a = open_tun(argv[1]);
    b = open_tun(argv[2]);
    ways[0] = direction(a, b, loss);
    ways[1] = direction(b, a, loss);
    puts("ready");
    fflush(stdout);
    forward(ways, delay_ms * 1000);
    free(ways[0].queue);
    free(ways[1].queue);
    return 0;
}
