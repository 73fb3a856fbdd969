/* SPDX-License-Identifier: MIT */
/*
 * What is checked before a byte is sent (PROTOCOL 7.5): the decision about one
 * image for one device, and compression on the way.
 */
#ifndef ESPOTA_SEND_PREFLIGHT_H
#define ESPOTA_SEND_PREFLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/log.h"
#include "image/image.h"
#include "send/send.h"

struct espota_key; /* crypto/keys.h */

struct espota_preflight {
    const struct espota_image_file *file; /* exactly what would be sent, with its bytes */
    const char *name;                     /* the file, for messages */
    bool filesystem;                      /* command 100 */
    enum espota_road road;
    enum espota_upload_type type; /* ESPHOME */
    enum espota_chip chip;        /* what the target is; UNKNOWN: whatever the image is for */
    bool lenient; /* espota.py's command line: what is not recognised is sent, warned */
    bool force;   /* no check but that of the signature */
    const struct espota_key *publickey; /* NULL: signatures are not checked */
    const struct espota_log *log;       /* warnings; NULL: none */
};

struct espota_preflight_result {
    enum espota_chip chip; /* the image's; through gzip; UNKNOWN: it does not say */
    bool gzip;
    bool odd_flash_mode; /* an ESP8266 computes another MD5 of it: it does not know the mode */
};

/*
 * OK: send it. E_IMAGE with a sentence otherwise. The result is filled in either case; `force`
 * makes everything OK but a signature that `publickey` did not make.
 */
enum espota_status espota_preflight(const struct espota_preflight *request,
                                    struct espota_preflight_result *result,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * For `gzip`: the bytes to send in place of the request's, to be freed with free(). Refuses what is
 * signed or compressed already, file systems, and images of chips that do not unpack. Check
 * what comes out with espota_preflight as well: it is what will be sent.
 */
enum espota_status espota_preflight_pack(const struct espota_preflight *request, void **packed,
                                         size_t *packed_length,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * Where the file system of an ESP8266 begins, by the layouts that the core offers (PROTOCOL 5.9):
 * the lowest start among those for a flash of `flash_kib` (0: any) that leave room for a sketch of
 * this size. False: none does.
 */
bool espota_layout_least(uint32_t flash_kib, uint32_t sketch, uint32_t *fs_start);

#endif
