/* SPDX-License-Identifier: MIT */
/*
 * The images that `serve` gives out, and what is known of each. The decision
 * sees them through this table, so that it can be tested without a disk.
 */
#ifndef ESPOTA_SERVE_STORE_H
#define ESPOTA_SERVE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "http/http.h"
#include "image/image.h"
#include "wire/wire.h"

enum { ESPOTA_STORE_NAME_MAX = ESPOTA_PULL_PATH_MAX, ESPOTA_RUNNING_MAX = 4 };

/* One file as it was when it was last read; it does not change while it is held. */
struct espota_store_item {
    char name[ESPOTA_STORE_NAME_MAX];
    struct espota_shared_bytes *content; /* a use of the item's own */
    uint32_t size;
    char md5[33];
    bool gzip;
    bool trailer;                /* a signature follows what is installed */
    enum espota_image_kind kind; /* through gzip */
    enum espota_chip chip;
    char problem[ESPOTA_PROBLEM_TEXT_MAX]; /* "": a good image, or a file of no known kind */
    /* What a device that runs this image says of itself: the ESP8266 writes its own flash mode
     * into the image, so there are four; no trailer, and unpacked. */
    char running_md5[ESPOTA_RUNNING_MAX][33];
    unsigned running_count;
    char running_sha256[65]; /* ESP32: the appended hash; "": none */
};

struct espota_store {
    void *context;
    /*
     * The file `name` below the folder. OK: `*item` is valid until the next look; MORE: it is
     * being written just now, ask again; E_NO_ANSWER: there is none; others: `err` says why not.
     */
    enum espota_status (*look)(void *context, const char *name,
                               const struct espota_store_item **item, struct espota_error *err);
    /* The name of the file that belongs to a MAC; false: none. */
    bool (*of_mac)(void *context, const char *mac, bool filesystem,
                   char name[ESPOTA_STORE_NAME_MAX]);
    /* The newest `<stem>-<version>.bin` (`.fs.bin`); `stem` may have folders. */
    bool (*newest)(void *context, const char *stem, bool filesystem,
                   char name[ESPOTA_STORE_NAME_MAX]);
};

#endif
