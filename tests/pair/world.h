/* SPDX-License-Identifier: MIT */
/*
 * A host and a device in one memory: the sender, the device's pump with its
 * receiver, and between them a network made of arrays and a clock that only
 * this file moves. Datagrams can be lost, doubled and held up one by one, the
 * stream can be cut up and cut off at any byte.
 */
#ifndef ESPOTA_TEST_WORLD_H
#define ESPOTA_TEST_WORLD_H

#include "chip.h"
#include "device.h"
#include "port/posix/slow.h"
#include "send/espota/sender.h"

enum {
    WORLD_IMAGE = 9000, /* two sectors and a bit */
    WORLD_STAGED = CHIP_FS_START - 3 * 4096,
    WORLD_DATAGRAMS = 64,
    WORLD_STREAM = 16384,
};

#define WORLD_NEVER UINT64_MAX
#define WORLD_UNCUT SIZE_MAX

enum world_way { WORLD_TO_DEVICE, WORLD_TO_HOST };

/* What becomes of one datagram. */
struct world_fate {
    unsigned copies; /* 0: lost */
    unsigned extra;  /* milliseconds beyond the link's own */
};

struct world_datagram {
    uint8_t data[256];
    size_t length;
    uint64_t at;
    enum world_way way;
    unsigned number; /* of this way, from 0 */
};

/* One direction of the connection. */
struct world_pipe {
    uint8_t bytes[WORLD_STREAM];
    size_t written;
    size_t read;
    size_t arrived;
    size_t split; /* no read crosses this offset */
    size_t cut;   /* after so many bytes have arrived the connection is dead */
    size_t stall; /* no byte from here on ever arrives; 0: all do */
    bool ended;   /* the writer has closed */
    struct {
        size_t end;
        uint64_t at;
    } segment[256];
    size_t segments;
};

struct world {
    uint64_t now;
    uint64_t limit; /* a run that takes longer hangs */

    /* set these before world_run */
    unsigned delay; /* each way */
    size_t window;  /* of the device's TCP */
    size_t step;    /* bytes that a host's or device's send takes at most; 0: all */
    struct world_fate (*fate)(void *context, enum world_way way, unsigned number);
    void *context;
    unsigned fail_udp_send; /* the device's nth; 0: none */
    unsigned fail_tcp_send;
    unsigned fail_tcp_connect;
    const char *refusal;
    struct stub_slow slow; /* its first part: how slow the device is */

    struct chip chip;
    struct espota_crypto crypto;
    struct espota_updater_config update;
    struct espota_receiver_config receiver;
    struct espota_sender_config sender_config;
    struct espota_pump_ops ops;
    struct espota_pump device;
    struct espota_sender sender;
    uint8_t image[WORLD_IMAGE];
    char hash[ESPOTA_NONCE_MAX + 1];

    struct world_datagram datagrams[WORLD_DATAGRAMS];
    size_t datagram_count; /* under way */
    unsigned sent[2];      /* of each way, ever */
    struct world_pipe pipe[2];
    bool connecting;
    uint64_t accepted_at; /* when the host's accept returns */
    uint64_t connected_at;
    bool linked; /* the connection exists and neither side has closed */
    bool host_open;
    bool device_open;
    unsigned connections;
    uint64_t decided_at; /* when the host was called back, or gave up */
    unsigned udp_sends;
    unsigned tcp_sends;
    unsigned tcp_connects;
    unsigned reboots;
};

/* Everything new: an erased chip, an idle device, a host that is about to invite. `password` NULL:
 * the device wants none. */
void world_init(struct world *world, const char *password, unsigned nonce_digits);
void world_deinit(struct world *world);

/* Another attempt of the host at the same device, on a network without scars. */
void world_again(struct world *world);

/*
 * Lets both sides act until the sender is over and the device idle again with
 * nothing under way. Returns the sender's status.
 */
enum espota_status world_run(struct world *world);

/* The device's words as the sender keeps them, terminated. */
const char *world_words(const struct world *world);

/* True if the image lies in flash and the loader knows of it. */
bool world_installed(const struct world *world);

#endif
