/* SPDX-License-Identifier: MIT */
/*
 * The names in a folder, read again only when the folder has changed: with a file for each of
 * thousands of devices a request must not read them all.
 */
#ifndef ESPOTA_SERVE_STORE_LISTING_H
#define ESPOTA_SERVE_STORE_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "sys/sys.h"
#include "wire/wire.h"

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

/* ".fs.bin" or ".bin" */
const char *espota_store_ending(bool filesystem);
/* The length in front of the ending; 0 if it is not this kind of name. */
size_t espota_store_stem_length(const char *name, bool filesystem);

#endif
