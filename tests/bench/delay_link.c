/* SPDX-License-Identifier: MIT */
/*
 * A long cable between two network namespaces: two tun devices, and every
 * packet that enters one leaves the other DELAY milliseconds later, up to
 * JITTER more, or, LOSS times in a hundred, not at all. None overtakes another.
 * For kernels without netem.
 *
 *   delay_link NAMESPACE_A NAMESPACE_B DELAY_MS [LOSS [JITTER_MS]]
 *
 * Makes the device "link0" in each, brings nothing up, prints "ready" and
 * forwards until standard input ends. B may also be unix:PATH, the network card
 * of an emulated machine (qemu's -netdev dgram with PATH.dev as its own and
 * PATH.air as the other end's): then link0 is a tap device, and what is on the
 * air outlives the machine's restart.
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
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MAX = 1600, QUEUE_MAX = 4096, FULL_US = 100 };

/* One end of the cable. */
struct end {
    int fd;
    struct sockaddr_un machine; /* family 0: a tun or tap device */
};

struct packet {
    uint64_t due_us;
    size_t length;
    uint8_t bytes[PACKET_MAX];
};

/* What travels in one direction. A full queue drops, as a cable's router would. */
struct direction {
    const struct end *from;
    const struct end *to;
    uint32_t loss; /* in a hundred */
    uint32_t luck;
    uint64_t delay_us;
    uint64_t jitter_us;
    uint64_t last_due_us;
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

static int open_tun(const char *namespace_name, short kind)
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
    request.ifr_flags = (short)(kind | IFF_NO_PI);
    memcpy(request.ifr_name, "link0", sizeof("link0"));
    if (ioctl(fd, TUNSETIFF, &request) < 0)
        die("TUNSETIFF");
    return fd;
}

static struct sockaddr_un socket_of(const char *path, const char *suffix)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s%s", path, suffix);

    if (length < 0 || (size_t)length >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        die(path);
    }
    return address;
}

static struct end open_machine(const char *path)
{
    struct sockaddr_un own = socket_of(path, ".air");
    struct end end = {.machine = socket_of(path, ".dev")};

    end.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (end.fd < 0 || bind(end.fd, (struct sockaddr *)&own, sizeof(own)) < 0)
        die(path);
    return end;
}

static uint32_t luck(struct direction *way)
{
    way->luck = way->luck * 1664525 + 1013904223;
    return way->luck >> 16;
}

static bool is_lost(struct direction *way)
{
    return luck(way) % 100 < way->loss;
}

/* When what comes now leaves: not before what came before it. */
static uint64_t due(struct direction *way)
{
    uint64_t at = now_us() + way->delay_us;

    if (way->jitter_us > 0)
        at += (uint64_t)luck(way) * way->jitter_us / 65536;
    if (at > way->last_due_us)
        way->last_due_us = at;
    return way->last_due_us;
}

static void take_in(struct direction *way)
{
    for (;;) {
        struct packet dropped;
        bool room = way->count < QUEUE_MAX;
        struct packet *packet =
            room ? &way->queue[(way->first + way->count) % QUEUE_MAX] : &dropped;
        ssize_t length = read(way->from->fd, packet->bytes, PACKET_MAX);

        if (length <= 0)
            return;
        packet->length = (size_t)length;
        packet->due_us = due(way);
        way->count += room && !is_lost(way);
    }
}

/* False if it must wait; what cannot be sent at all is lost. */
static bool leaves(const struct end *to, const struct packet *packet)
{
    ssize_t sent;

    if (to->machine.sun_family == AF_UNIX)
        sent = sendto(to->fd, packet->bytes, packet->length, 0,
                      (const struct sockaddr *)&to->machine, sizeof(to->machine));
    else
        sent = write(to->fd, packet->bytes, packet->length);
    return sent >= 0 || errno != EAGAIN;
}

static void let_out(struct direction *way)
{
    uint64_t now = now_us();

    while (way->count > 0 && way->queue[way->first].due_us <= now) {
        struct packet *packet = &way->queue[way->first];

        if (!leaves(way->to, packet)) {
            packet->due_us = now + FULL_US;
            return;
        }
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

static void forward(struct direction *ways)
{
    struct pollfd fds[3] = {
        {STDIN_FILENO, POLLIN, 0}, {ways[0].from->fd, POLLIN, 0}, {ways[1].from->fd, POLLIN, 0}};

    while ((fds[0].revents & (POLLIN | POLLHUP)) == 0) {
        struct timespec wait = next_due(ways);

        if (ppoll(fds, 3, &wait, NULL) < 0 && errno != EINTR)
            die("ppoll");
        for (int i = 0; i < 2; i++)
            take_in(&ways[i]);
        for (int i = 0; i < 2; i++)
            let_out(&ways[i]);
    }
}

static void set_up(struct direction *way, const struct end *from, const struct end *to)
{
    way->from = from;
    way->to = to;
    way->luck = (uint32_t)from->fd;
    way->queue = calloc(QUEUE_MAX, sizeof(struct packet));
    if (way->queue == NULL)
        die("calloc");
}

/* A number of the command line, up to `most`; false if it is none. */
static bool parse(const char *text, unsigned long most, uint64_t *value)
{
    char *end;

    *value = strtoul(text, &end, 10);
    return end != text && *end == '\0' && *value <= most;
}

int main(int argc, char **argv)
{
    struct direction ways[2] = {{.loss = 0}, {.loss = 0}};
    struct end a = {.fd = -1};
    struct end b = {.fd = -1};
    bool machine = argc > 2 && strncmp(argv[2], "unix:", 5) == 0;
    uint64_t delay = 0;
    uint64_t loss = 0;
    uint64_t jitter = 0;

    if (argc < 4 || argc > 6 || !parse(argv[3], 10000, &delay) ||
        (argc > 4 && !parse(argv[4], 100, &loss)) ||
        (argc > 5 && !parse(argv[5], 10000, &jitter))) {
        fprintf(stderr, "usage: delay_link NAMESPACE_A NAMESPACE_B|unix:PATH DELAY_MS "
                        "[LOSS [JITTER_MS]]\n");
        return 2;
    }
    a.fd = open_tun(argv[1], machine ? IFF_TAP : IFF_TUN);
    if (machine)
        b = open_machine(argv[2] + 5);
    else
        b.fd = open_tun(argv[2], IFF_TUN);
    for (int i = 0; i < 2; i++) {
        set_up(&ways[i], i == 0 ? &a : &b, i == 0 ? &b : &a);
        ways[i].loss = (uint32_t)loss;
        ways[i].delay_us = delay * 1000;
        ways[i].jitter_us = jitter * 1000;
    }
    puts("ready");
    fflush(stdout);
    forward(ways);
    free(ways[0].queue);
    free(ways[1].queue);
    return 0;
}
