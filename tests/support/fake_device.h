/* SPDX-License-Identifier: MIT */
/*
 * A device that does what a test wants it to do, right or wrong: a thread with plain blocking
 * sockets on one loopback address, run by a function of the test. Every wait has a bound, so that
 * a test fails and does not hang; what a step expects and does not get fails the device.
 *
 * For tests of the library, which see its events; fake_device.py is for tests of the program, which
 * see what it prints.
 */
#ifndef ESPOTA_TEST_FAKE_DEVICE_H
#define ESPOTA_TEST_FAKE_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_WAIT_MS = 20000 };

struct fake_device;
typedef void fake_script(struct fake_device *device);

struct fake_invitation {
    unsigned command;
    uint16_t port;
    uint32_t size;
    char md5[33];
};

struct fake_device {
    char address[32]; /* 127.0.0.1 or any other loopback address */
    uint16_t port;    /* UDP */
    char host[48];    /* ADDRESS:PORT */
    fake_script *script;
    void *context; /* the test's */
    int udp;
    uint32_t inviter; /* address and port of the newest datagram, network order */
    uint16_t inviter_port;
    pthread_t thread;
    char fault[256]; /* "": all steps went as the script wanted */
};

/* Binds a free UDP port of the address and runs the script in a thread. */
void fake_start(struct fake_device *device, const char *address, fake_script *script,
                void *context);
/* Waits for the script's end; fails the test if a step failed. */
void fake_join(struct fake_device *device);

/* From outside of the script: a datagram that is no invitation ends its wait for one. */
void fake_poke(struct fake_device *device);

/* For scripts. Each returns at once after a fault. */
bool fake_ok(const struct fake_device *device);
void fake_fault(struct fake_device *device, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The next datagram, terminated; false after `wait_ms` without one, which is no fault. */
bool fake_hear(struct fake_device *device, char *text, size_t room, int wait_ms);
/* The next datagram must be an invitation. */
struct fake_invitation fake_invited(struct fake_device *device);
void fake_say(struct fake_device *device, const char *text);
/* The same text from another socket, on `address`: a liar. */
void fake_lie(struct fake_device *device, const char *address, const char *text);
/* Closes its UDP port, and opens the same one again. */
void fake_go_down(struct fake_device *device);
void fake_come_up(struct fake_device *device);
/* A connection to the inviter's host from `address` (NULL: the device's own); -1 and a fault if it
 * fails. */
int fake_connect(struct fake_device *device, const char *address, uint16_t port);
/* The same where it may be refused: -1 without a fault. */
int fake_try_connect(struct fake_device *device, const char *address, uint16_t port);
/* Exactly so many bytes; false (a fault) if the stream ends before. */
bool fake_read(struct fake_device *device, int fd, void *out, size_t length);
void fake_write(struct fake_device *device, int fd, const char *text);
/* Reads to the end: 'e' it ended, 'r' it was reset, 't' nothing came; *got counts bytes. */
char fake_read_end(struct fake_device *device, int fd, size_t *got);
void fake_close(int fd);
void fake_reset(int fd);

#endif
