/* SPDX-License-Identifier: MIT */
/*
 * The images that `serve` gives out, and what is known of each. The decision sees them through a
 * table, so that it can be tested without a disk.
 */
#ifndef ESPOTA_SERVE_STORE_H
#define ESPOTA_SERVE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "http/http.h"
#include "image/image.h"
#include "sys/sys.h"
#include "wire/wire.h"

enum {
    ESPOTA_STORE_NAME_MAX = ESPOTA_PULL_PATH_MAX,
    ESPOTA_RUNNING_MAX = ESPOTA_FLASH_MODE_MAX + 1, /* one for each flash mode of an ESP8266 */
    /* What is kept of all files together; a file that is larger than all is refused. Each is a
     * mapping, of which a process may have about 65,000. */
    ESPOTA_STORE_KEPT_MAX = 256 * 1024 * 1024,
    ESPOTA_STORE_KEPT_FILES = 16384,
    /* A file that was changed less long ago may be half written: it is looked at again then. */
    ESPOTA_STORE_SETTLE_MS = 1000,
};

/* One file as it was when it was last read; it does not change while it is held. */
struct espota_store_item {
    struct espota_store_item *next; /* the store's own, as the key of the file when it was read */
    struct espota_file_key key;
    char name[ESPOTA_STORE_NAME_MAX];
    struct espota_shared_bytes *content; /* a use of the item's own */
    uint32_t size;
    char md5[33];
    bool gzip;
    bool trailer;                          /* a signature follows what is installed */
    enum espota_image_kind kind;           /* through gzip */
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

/* ".fs.bin" or ".bin" */
const char *espota_store_ending(bool filesystem);
/* The length of a name in front of its ending; 0 if it is not of this kind. */
size_t espota_store_stem_length(const char *name, bool filesystem);
/* The same for a name of either kind. */
size_t espota_store_any_stem_length(const char *name);

/*
 * The names in a folder, read again only when the folder has changed: with a file for each of
 * thousands of devices a request must not read them all.
 */
struct espota_listed {
    char mac[ESPOTA_MAC_DIGITS + 1]; /* what the name says, normalised; "": it is no MAC's */
    bool filesystem;                 /* the kind of its ending */
    char *name;
};

struct espota_store_listing {
    struct espota_listed *entries; /* by MAC, kind and name */
    size_t count;
    size_t room;
    struct espota_file_key key; /* of the folder when it was read */
    bool steady;                /* it was read long enough after its last change */
};

void espota_store_listing_deinit(struct espota_store_listing *listing);

/* Reads the folder if need be; false: it cannot be read, and the listing is empty. */
bool espota_store_listing_refresh(struct espota_store_listing *listing, int folder);

/* The name of a MAC's file, NULL: none; of several the first in the order of their bytes. */
const char *espota_store_listing_of_mac(const struct espota_store_listing *listing, const char *mac,
                                        bool filesystem);

/*
 * The store over a folder on disk. A file is read once into a private copy, looked at and digested;
 * as long as its key (device, inode, size, time) is the same, nothing of it is read again.
 */
struct espota_store_folder {
    struct espota_store table; /* for the decision */
    const struct espota_crypto *crypto;
    int folder;                      /* its descriptor: its path may lead to another one by now */
    bool trusting;                   /* files that were just changed are taken as they are */
    struct espota_store_item *first; /* files that were read, the one used last in front */
    struct espota_store_listing listing;
};

enum espota_status espota_store_folder_create(const char *path, const struct espota_crypto *crypto,
                                              struct espota_store_folder **out,
                                              struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_store_folder_destroy(struct espota_store_folder *folder);

#endif
