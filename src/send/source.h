/* SPDX-License-Identifier: MIT */
/*
 * The bytes of images: each is read once into private memory, checked and hashed there, and shared
 * by all targets that get it. What happens to its file afterwards changes nothing.
 */
#ifndef ESPOTA_SEND_SOURCE_H
#define ESPOTA_SEND_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/log.h"
#include "image/image.h"
#include "wire/wire.h"

struct espota_source {
    struct espota_image_input from;
    char *name; /* the source's own, as the user named it */
    bool filesystem;
    struct espota_image_file sent;
    const uint8_t *bytes; /* what is sent: those of `sent` */
    uint32_t length;
    enum espota_chip chip; /* UNKNOWN: the image does not tell */
    bool gzip;             /* a device unpacks it */
    /* An ESP8266's program with a flash mode that a device does not restore for its MD5. */
    bool odd_flash_mode;
    char md5[ESPOTA_MD5_HEX + 1]; /* of those bytes, or of what they decrypt to */
    char sha256[2 * ESPOTA_SHA256_SIZE + 1];
    struct espota_error error; /* status not OK: it cannot be sent, and why; no bytes then */
};

struct espota_sources_config {
    const struct espota_crypto *crypto;
    const struct espota_log *log;
    const struct espota_key *publickey; /* who must have signed what is sent; NULL: nobody */
    const char *md5_of;                 /* what it decrypts to; NULL: it is not encrypted */
    bool gzip;                          /* compress what is sent */
    bool force;                         /* skip the checks */
    bool legacy_tool; /* espota.py's ways: FILE.signed in place of FILE, milder checks */
};

struct espota_sources {
    struct espota_sources_config config;
    struct espota_source **items;
    size_t count, room;
};

void espota_sources_init(struct espota_sources *sources,
                         const struct espota_sources_config *config);
void espota_sources_deinit(struct espota_sources *sources);

/*
 * The source of an image, read on the first call for it; memory must stay until deinit. An image
 * that cannot be sent is a source with an error, which all of its targets share. Only E_MEMORY
 * fails. It stays until deinit.
 */
enum espota_status espota_sources_get(struct espota_sources *sources,
                                      const struct espota_image_input *from, bool filesystem,
                                      const struct espota_source **out,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * Whether `with` is `image` with a signature of the ESP8266's kind behind it (PROTOCOL 5.4):
 * the same bytes, then a signature, then its length.
 */
bool espota_source_is_signed(const uint8_t *image, size_t length, const uint8_t *with,
                             size_t with_length);

#endif
