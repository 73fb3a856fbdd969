/* SPDX-License-Identifier: MIT */
#include "fake_device.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool fake_ok(const struct fake_device *device)
{
    return device->fault[0] == '\0';
}

void fake_fault(struct fake_device *device, const char *format, ...)
{
    va_list args;

    if (!fake_ok(device))
        return;
    va_start(args, format);
    vsnprintf(device->fault, sizeof(device->fault), format, args);
    va_end(args);
}

static struct sockaddr_in address_of(const char *text, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    ck_assert_int_eq(inet_pton(AF_INET, text, &address.sin_addr), 1);
    return address;
}

static void *run(void *context)
{
    struct fake_device *device = context;

    device->script(device);
    return NULL;
}

void fake_start(struct fake_device *device, const char *address, fake_script *script, void *context)
{
    struct sockaddr_in local = address_of(address, 0);
    socklen_t length = sizeof(local);

    memset(device, 0, sizeof(*device));
    snprintf(device->address, sizeof(device->address), "%s", address);
    device->script = script;
    device->context = context;
    device->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(device->udp, 0);
    ck_assert_int_eq(bind(device->udp, (struct sockaddr *)&local, sizeof(local)), 0);
    ck_assert_int_eq(getsockname(device->udp, (struct sockaddr *)&local, &length), 0);
    device->port = ntohs(local.sin_port);
    snprintf(device->host, sizeof(device->host), "%s:%u", address, device->port);
    ck_assert_int_eq(pthread_create(&device->thread, NULL, run, device), 0);
}

void fake_join(struct fake_device *device)
{
    ck_assert_int_eq(pthread_join(device->thread, NULL), 0);
    if (device->udp >= 0)
        close(device->udp);
    ck_assert_msg(fake_ok(device), "device %s: %s", device->host, device->fault);
}

static bool readable(int fd, int wait_ms)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    return poll(&poller, 1, wait_ms) == 1;
}

bool fake_hear(struct fake_device *device, char *text, size_t room, int wait_ms)
{
    struct sockaddr_in from;
    socklen_t length = sizeof(from);
    ssize_t got;

    if (!fake_ok(device) || !readable(device->udp, wait_ms))
        return false;
    got = recvfrom(device->udp, text, room - 1, 0, (struct sockaddr *)&from, &length);
    if (got < 0)
        return false;
    text[got] = '\0';
    device->inviter = from.sin_addr.s_addr;
    device->inviter_port = from.sin_port;
    return true;
}

struct fake_invitation fake_invited(struct fake_device *device)
{
    struct fake_invitation invitation = {.command = 9999};
    char text[256];

    if (!fake_hear(device, text, sizeof(text), FAKE_WAIT_MS))
        fake_fault(device, "no invitation came");
    else if (sscanf(text, "%u %hu %u %32s", &invitation.command, &invitation.port, &invitation.size,
                    invitation.md5) != 4)
        fake_fault(device, "no invitation: %.100s", text);
    return invitation;
}

void fake_say(struct fake_device *device, const char *text)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = device->inviter_port,
                             .sin_addr.s_addr = device->inviter};

    if (fake_ok(device) && sendto(device->udp, text, strlen(text), 0, (struct sockaddr *)&to,
                                  sizeof(to)) != (ssize_t)strlen(text))
        fake_fault(device, "cannot say %s: %s", text, strerror(errno));
}

static void send_from(const char *address, const struct sockaddr_in *to, const char *text)
{
    struct sockaddr_in local = address_of(address, 0);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
    ck_assert_int_eq(sendto(fd, text, strlen(text), 0, (const struct sockaddr *)to, sizeof(*to)),
                     (ssize_t)strlen(text));
    close(fd);
}

void fake_lie(struct fake_device *device, const char *address, const char *text)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = device->inviter_port,
                             .sin_addr.s_addr = device->inviter};

    send_from(address, &to, text);
}

void fake_poke(struct fake_device *device)
{
    struct sockaddr_in to = address_of(device->address, device->port);

    send_from("127.0.0.1", &to, "poke");
}

void fake_go_down(struct fake_device *device)
{
    close(device->udp);
    device->udp = -1;
}

void fake_come_up(struct fake_device *device)
{
    struct sockaddr_in local = address_of(device->address, device->port);

    device->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (device->udp < 0 || bind(device->udp, (struct sockaddr *)&local, sizeof(local)) != 0)
        fake_fault(device, "cannot come up again: %s", strerror(errno));
}

int fake_try_connect(struct fake_device *device, const char *address, uint16_t port)
{
    struct sockaddr_in local = address_of(address == NULL ? device->address : address, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = device->inviter};
    int fd;

    if (!fake_ok(device))
        return -1;
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof(local)) != 0) {
        fake_fault(device, "no socket: %s", strerror(errno));
    } else if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

int fake_connect(struct fake_device *device, const char *address, uint16_t port)
{
    int fd = fake_try_connect(device, address, port);

    if (fd < 0)
        fake_fault(device, "cannot connect to port %u: %s", port, strerror(errno));
    return fd;
}

bool fake_read(struct fake_device *device, int fd, void *out, size_t length)
{
    size_t done = 0;

    while (fake_ok(device) && done < length) {
        ssize_t got = readable(fd, FAKE_WAIT_MS) ? read(fd, (char *)out + done, length - done) : -1;

        if (got <= 0)
            fake_fault(device, "the stream ended after %zu of %zu bytes", done, length);
        else
            done += (size_t)got;
    }
    return fake_ok(device);
}

void fake_write(struct fake_device *device, int fd, const char *text)
{
    if (fake_ok(device) && send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text))
        fake_fault(device, "cannot write %s: %s", text, strerror(errno));
}

char fake_read_end(struct fake_device *device, int fd, size_t *got)
{
    char data[4096];

    *got = 0;
    while (fake_ok(device)) {
        ssize_t length;

        if (!readable(fd, FAKE_WAIT_MS))
            return 't';
        length = read(fd, data, sizeof(data));
        if (length == 0)
            return 'e';
        if (length < 0)
            return 'r';
        *got += (size_t)length;
    }
    return 't';
}

void fake_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

void fake_reset(int fd)
{
    struct linger linger = {.l_onoff = 1};

    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(fd);
}
