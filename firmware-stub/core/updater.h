/* SPDX-License-Identifier: MIT */
/*
 * Puts an image into flash (PROTOCOL 5.3). Usable alone, with bytes from any
 * source: begin, write as they come, end. The flash is written a sector at a
 * time, the last one when the last byte has come.
 *
 * A program is staged below the file system and left to the loader, which
 * finds a record in the boot memory. A file system is written in place, or
 * with `atomic_fs` staged in the same way.
 */
#ifndef ESPOTA_STUB_CORE_UPDATER_H
#define ESPOTA_STUB_CORE_UPDATER_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/eboot.h"
#include "core/flash.h"
#include "espota/status.h"
#include "wire/wire.h"

/* The numbers that hosts know from ERROR[n]. */
enum espota_update_error {
    ESPOTA_UPDATE_OK = 0,
    ESPOTA_UPDATE_WRITE = 1,
    ESPOTA_UPDATE_ERASE = 2,
    ESPOTA_UPDATE_READ = 3,
    ESPOTA_UPDATE_SPACE = 4,
    ESPOTA_UPDATE_SIZE = 5,
    ESPOTA_UPDATE_STREAM = 6,
    ESPOTA_UPDATE_MD5 = 7,
    ESPOTA_UPDATE_FLASH_CONFIG = 8,
    ESPOTA_UPDATE_NEW_FLASH_CONFIG = 9,
    ESPOTA_UPDATE_MAGIC = 10,
    ESPOTA_UPDATE_BOOTSTRAP = 11,
    ESPOTA_UPDATE_SIGNATURE = 12,
    ESPOTA_UPDATE_NO_DATA = 13,
    ESPOTA_UPDATE_MEMORY = 14,
    ESPOTA_UPDATE_RUNNING = 15,
    ESPOTA_UPDATE_COMMAND = 16,
};

/*
 * Checks signatures (PROTOCOL 5.4). With a verifier every image must carry
 * payload, signature, u32 LE length of the signature; the MD5 is neither
 * computed nor checked; the hash is taken of what is in flash; the loader gets
 * the size without signature and length.
 */
struct espota_verifier {
    void *context;
    uint32_t signature_size; /* the only length that is accepted; at most ESPOTA_SECTOR_SIZE */
    /* OK: `signature` is of the payload with this SHA-256. */
    enum espota_status (*verify)(void *context, const uint8_t hash[ESPOTA_SHA256_SIZE],
                                 const uint8_t *signature, size_t length) ESPOTA_MUST_CHECK;
};

/* An image that lies in flash and was found good. */
struct espota_staged {
    uint32_t command;
    uint32_t start;
    uint32_t size; /* without its signature, which lies behind it */
    uint8_t sha256[ESPOTA_SHA256_SIZE];
};

/* A loader that is not eboot says where images go, and takes them. boot/safe.h has one. */
struct espota_installer {
    void *context; /* handed to every function */
    /* It looks into images itself: without a verifier what is in flash is not read again, and
     * `sha256` says nothing. */
    bool looks_itself;

    /* The largest image for this command. */
    uint32_t (*space)(void *context, uint32_t command);
    /* Where `size` bytes for this command, as they come, are to be staged; or why they are not. */
    enum espota_update_error (*begin)(void *context, uint32_t command, uint32_t size,
                                      uint32_t *start) ESPOTA_MUST_CHECK;
    /* The image is to be installed at the next start. */
    enum espota_update_error (*install)(void *context,
                                        const struct espota_staged *image) ESPOTA_MUST_CHECK;
};

enum { ESPOTA_FLASH_MODE_KEEP = 0xff };

/* The device, as the updater has to know it. Addresses are offsets in the flash chip, and multiples
 * of ESPOTA_SECTOR_SIZE. */
struct espota_updater_config {
    const struct espota_flash *flash;
    const struct espota_crypto *crypto;   /* digests; for a receiver with a password random as well,
                                             and for ESPOTA_NONCE_SHA256 pbkdf2_sha256 */
    const struct espota_verifier *verify; /* NULL: not supported, the MD5 is checked instead */
    const struct espota_boot_memory *boot; /* `store` only; not used with an installer */
    /* NULL: eboot's way. With one, fs_start, slot_start and atomic_fs decide nothing, a file system
     * is always staged, and a packed image is error 10: it could not be swapped. */
    const struct espota_installer *installer;
    uint32_t sketch_size;     /* of the running program, from address 0 on */
    uint32_t fs_start;        /* also the end of the staging area */
    uint32_t fs_end;          /* equal to fs_start: no file system */
    uint32_t chip_size;       /* of the chip that is really there */
    uint32_t configured_size; /* of the chip that the program was built for */
    uint8_t flash_mode; /* 0 to 3: put into byte 2 of a program image, as the running one has it;
                           ESPOTA_FLASH_MODE_KEEP: images are left as they came */
    bool atomic_fs;
    bool bootstrap;      /* started by the UART loader: a restart would end there again */
    bool any_image;      /* programs are none of an ESP8266: their headers are not looked at */
    uint32_t slot_start; /* 0: staged images end at fs_start; otherwise they begin here, as loaders
                            with two slots want it */
};

/* The caller's memory; its content is the updater's, and the first part may be read. */
struct espota_updater {
    bool running;                   /* from a good begin to the end */
    enum espota_update_error error; /* of the last update; 0 after a good begin */

    const struct espota_updater_config *config;
    struct espota_digest digest;
    uint32_t command;
    uint32_t start;   /* where in flash the image goes */
    uint32_t size;    /* of the image */
    uint32_t flashed; /* bytes of it that are in flash */
    uint32_t filled;  /* bytes behind them that wait in `sector` */
    bool digesting;
    uint8_t flash_mode; /* what the image has in byte 2, as its digest sees it */
    bool md5_given;
    char md5[ESPOTA_MD5_HEX + 1];
    uint8_t calculated[ESPOTA_MD5_SIZE];
    uint8_t sha256[ESPOTA_SHA256_SIZE]; /* with a verifier or an installer */
    alignas(8) uint8_t sector[ESPOTA_SECTOR_SIZE];
};

enum { ESPOTA_UPDATE_MESSAGE_MAX = 144 }; /* room for any message and its terminator */

/* `config` is borrowed for as long as the updater lives; it may change while no update runs. */
void espota_updater_init(struct espota_updater *updater,
                         const struct espota_updater_config *config);

/*
 * Starts an update of `size` bytes for command 0 or 100. `md5`: 32 characters,
 * or NULL for none. OK or E_REFUSED with an error number; erases nothing.
 */
enum espota_status espota_updater_begin(struct espota_updater *updater, uint32_t size,
                                        uint32_t command, const char *md5) ESPOTA_MUST_CHECK;

/*
 * The same of an image whose first `done` bytes are in flash, from an update that was cut short: a
 * multiple of ESPOTA_SECTOR_SIZE and less than `size`. `flash_mode` is what that update had. They
 * are read once, for the digest. E_REFUSED, too: the image would not lie where it lies, `start`.
 */
enum espota_status espota_updater_resume(struct espota_updater *updater, uint32_t size,
                                         uint32_t command, const char *md5, uint32_t start,
                                         uint32_t done, uint8_t flash_mode) ESPOTA_MUST_CHECK;

/*
 * Where the next bytes may be put, and how many, at least one and never more
 * than the image has left; NULL if none is wanted. With `filled` afterwards it
 * spares a copy.
 */
uint8_t *espota_updater_room(struct espota_updater *updater, size_t *room);
/* `length` bytes were put there. */
enum espota_status espota_updater_filled(struct espota_updater *updater,
                                         size_t length) ESPOTA_MUST_CHECK;

/* The next bytes, all or none; more than the image has left is error 4. E_REFUSED ends the update.
 */
enum espota_status espota_updater_write(struct espota_updater *updater, const void *data,
                                        size_t length) ESPOTA_MUST_CHECK;

/*
 * Checks the image and installs it. E_REFUSED: it was not accepted, see the
 * error number. E_BROKEN: bytes are missing (error 0, or 13 if none had
 * reached the flash). `as_is`: what has come is the whole image, for sources
 * that do not know their length.
 */
enum espota_status espota_updater_end(struct espota_updater *updater, bool as_is) ESPOTA_MUST_CHECK;

/* Ends the update with an error that the caller found: 6 for a source that dried up. */
void espota_updater_fail(struct espota_updater *updater, enum espota_update_error error);
/* Gives up what runs, without an error; after it there is nothing to undo. */
void espota_updater_abort(struct espota_updater *updater);

/* What there is room for: of a program between the running one and the file system. */
uint32_t espota_updater_space(const struct espota_updater_config *config, uint32_t command);

/* Whether a program image may begin with this byte; pull clients ask before they write. */
bool espota_updater_magic(uint32_t command, uint8_t first);

/* Bytes of flash that a program says, in byte 3, it was built for; 0: it says nothing. */
uint32_t espota_updater_claimed_chip(uint8_t byte);

/* Bytes that have come and are still to come. */
uint32_t espota_updater_received(const struct espota_updater *updater);
uint32_t espota_updater_remaining(const struct espota_updater *updater);

/*
 * "ERROR[n]: text" and a line feed for the last error, as every host knows it;
 * terminated. Returns the length; the image's MD5 fields are the host's bytes.
 */
size_t espota_updater_message(const struct espota_updater *updater,
                              char out[ESPOTA_UPDATE_MESSAGE_MAX]);

#endif
