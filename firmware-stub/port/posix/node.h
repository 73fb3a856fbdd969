/* SPDX-License-Identifier: MIT */
/*
 * One device: the portable device of firmware-stub on sockets of this process, with a flash chip
 * and a boot memory of its own. It boots, listens, is updated, restarts, and so on.
 */
#ifndef ESPOTA_POSIX_NODE_H
#define ESPOTA_POSIX_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "device.h"
#include "port/posix/boot.h"
#include "port/posix/chip.h"
#include "port/posix/link.h"
#include "port/posix/log.h"
#include "port/posix/options.h"
#include "port/posix/slow.h"
#include "port/zlib/zlib.h"

/* What all devices have in common; borrowed by each. */
struct stub_settings {
    const struct stub_options *options;
    struct espota_loop *loop;
    const struct espota_crypto *crypto;
    const struct espota_verifier *verify; /* NULL: any image is taken */
    const char *password_hash;            /* as struct espota_receiver_config has it */
    const char *web_credentials; /* of the page, and for a server: as espota_http_basic has it */
    const struct espota_noise_crypto *noise;
    const uint8_t *key; /* of ESPHome's encryption; NULL: none */
    uint8_t *sector;    /* ESPOTA_SECTOR_SIZE bytes to work in */

    void *context; /* for the two below */
    /* An update succeeded, and the device runs again. */
    void (*updated)(void *context);
    /* This device cannot go on. */
    void (*failed)(void *context, const struct espota_error *error);
};

/* An engine that listens by TCP. */
struct stub_served_kind {
    void (*init)(void *engine, const void *config);
    void (*deinit)(void *engine);
    unsigned (*want)(const void *engine);
    void (*connected)(void *engine, const struct espota_peer *peer, uint64_t now);
    void (*rx)(void *engine, const uint8_t *data, size_t length, uint64_t now);
    void (*rx_end)(void *engine, uint64_t now);
    const void *(*tx)(const void *engine, size_t *length);
    void (*tx_ack)(void *engine, size_t length, uint64_t now);
    void (*tick)(void *engine, uint64_t now);
    bool (*deadline)(const void *engine, uint64_t *at);
};

/* One of them on sockets of this process: served.c. */
struct stub_served {
    struct stub_node *node;
    const struct stub_served_kind *kind;
    const void *config;
    struct espota_address *address; /* where it listens */
    struct stub_link link;          /* to the client */
    struct espota_watch listener;   /* fd -1: silent */
    struct espota_timer timer;
    union {
        struct espota_web_updater page;
        struct espota_esphome_updater esphome;
    } engine;
    bool connected;
    bool full; /* a connection waits and this process has no descriptor for it */
};

/* The caller's memory; its content is this module's. */
struct stub_node {
    const struct stub_settings *settings;
    struct stub_who who;
    struct stub_chip chip;
    struct stub_rtc rtc;
    struct stub_safe safe; /* with --layout */
    struct stub_link link;
    struct stub_slow slow;
    struct espota_updater_config update;
    struct espota_receiver_config receiver;
    struct espota_pump_ops ops;
    struct espota_pump device;
    struct espota_web_config page;
    struct stub_served web;
    struct espota_inflate_zlib inflate;
    struct espota_esphome_device esphome;
    struct stub_served native; /* with --esphome, in place of the invitations */
    struct espota_watch udp;   /* fd -1: the device is down, or takes no invitations */
    bool up;
    struct espota_timer timer;
    char sketch_md5[ESPOTA_MD5_HEX + 1]; /* of the program that runs */
    uint32_t told;                       /* bytes of the last progress event */
    bool restarts;                       /* an update is complete */
    bool starts;                         /* the boot loader found a program at the last boot */
};

/*
 * Puts the chip in and boots. `who` is copied; it says where the device will listen. `flash` is
 * the file of the chip, NULL: a chip in memory; a boot from a file is told.
 */
enum espota_status stub_node_init(struct stub_node *node, const struct stub_settings *settings,
                                  const struct stub_who *who, const char *flash,
                                  struct espota_error *err) ESPOTA_MUST_CHECK;
/* Closes everything; what is on the flash stays. Harmless on a node of zeros. */
void stub_node_deinit(struct stub_node *node);

/* Starts to listen; with port 0 node->who says which one it got. */
enum espota_status stub_node_listen(struct stub_node *node,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;
/* Undoes stub_node_listen. */
void stub_node_silence(struct stub_node *node);

/* Tells of an event of the core, of progress only now and then. `peer` is the other side. */
void stub_node_tell(struct stub_node *node, const struct espota_receiver_event *event,
                    const struct espota_address *peer);

/* For a device that does not listen: boots again, and tells of it. */
enum espota_status stub_node_restart(struct stub_node *node,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * Asks a server for an update (--pull) on behalf of a device that has booted and does not listen;
 * tells what comes of it, and restarts the device after an update. OK: updated, nothing new, or the
 * version is known. Otherwise the message has the device's words: E_NO_ANSWER, E_AUTH, E_REFUSED
 * (the server's no), E_BROKEN, E_IMAGE, E_INTERRUPTED.
 */
enum espota_status stub_node_pull(struct stub_node *node,
                                  struct espota_error *err) ESPOTA_MUST_CHECK;

/* An update is over and the host is still to hear something. */
bool stub_node_speaks(const struct stub_node *node);

/* --- between the files of a device --- */

/* The device cannot go on. */
void stub_node_fail(struct stub_node *node, const struct espota_error *error);
/* An update is complete: restarts after a while, and is silent until then. */
void stub_node_go_down(struct stub_node *node);

/* The device's page for updates, at node->who.web; and ESPHome's protocol, at node->who.address. */
void stub_served_page_init(struct stub_served *served, struct stub_node *node);
void stub_served_esphome_init(struct stub_served *served, struct stub_node *node);
/* Listens; with port 0 the address says which one it got. */
enum espota_status stub_served_listen(struct stub_served *served,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
/* Undoes it: what runs is given up, only last words still leave. */
void stub_served_silence(struct stub_served *served);

#endif
