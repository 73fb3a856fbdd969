/* SPDX-License-Identifier: MIT */
/*
 * What happens between power and program: the memory in which the updater leaves its command for
 * the loader, and the loader's turn at the flash.
 */
#ifndef ESPOTA_POSIX_BOOT_H
#define ESPOTA_POSIX_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "boot/boot.h"
#include "core/core.h"
#include "espota/error.h"
#include "image/image.h"
#include "port/posix/chip.h"
#include "sys/sys.h"
#include "wire/wire.h"

/*
 * RTC memory: it keeps its content over a reset. Beside a chip in a file it is a file too, and
 * the end of the process is a reset; removing that file is a loss of power.
 */
struct stub_rtc {
    struct espota_boot_memory table; /* hand out &rtc.table; valid until deinit, not to be copied */
    const struct stub_chip *chip;    /* synced before a command is stored: it must find its image */
    struct espota_disk disk;
    uint8_t record[ESPOTA_EBOOT_SIZE];
};

/* `chip` is borrowed; `path` NULL: gone with the process. */
enum espota_status stub_rtc_init(struct stub_rtc *rtc, const char *path,
                                 const struct stub_chip *chip,
                                 struct espota_error *err) ESPOTA_MUST_CHECK;
void stub_rtc_deinit(struct stub_rtc *rtc);

/* What the loader did and what it starts. */
struct stub_boot {
    struct espota_boot_report first; /* `command`: one was pending, and `copied` what came of it */
    struct espota_boot_report
        loaded;   /* the same, or after a failed command the run that followed */
    bool is_safe; /* the other loader: `safe` is what it did */
    struct espota_boot_outcome safe;
    uint32_t start;     /* of the program in flash */
    uint32_t unpacked;  /* bytes that came out of a gzip; 0: none was copied */
    bool refused;       /* a gzip that the original would have spoiled something with */
    bool loader_lost;   /* sector 0 holds no whole loader any more */
    bool blank;         /* there is nothing but erased flash at the beginning */
    bool starts;        /* the loader finds an application to jump to */
    uint8_t flash_mode; /* for images that come, as struct espota_updater_config has it */
    uint32_t length;    /* of the program from `start` on; 0: cannot be told */
    char md5[2 * ESPOTA_MD5_SIZE + 1]; /* of these bytes; "" without a length */
    struct espota_image image;         /* what they are; kind UNKNOWN without a length */
};

/* The loader that survives, and what it has to know. Its address is borrowed: not to be copied. */
struct stub_safe {
    struct espota_boot_layout layout;
    struct espota_boot_installer installer;
};

/* `where` has file system, digests and verifier. */
void stub_safe_init(struct stub_safe *safe, enum espota_boot_kind kind, struct stub_chip *chip,
                    const struct espota_updater_config *where);
/* The program works: it stays. */
enum espota_status stub_safe_confirm(struct stub_safe *safe,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
/* As stub_boot_play, up to where the program lies and how long it is. */
enum espota_status stub_safe_play(struct stub_safe *safe, struct stub_chip *chip,
                                  uint8_t sector[ESPOTA_SECTOR_SIZE], struct stub_boot *boot,
                                  struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * Plays the loader, `safe` or where that is NULL eboot. `limit` is where a program must end,
 * `sector` memory to work in, `serial` what the loader prints (may be NULL). `quirks`: as the
 * original, which unpacks any gzip; else one that would spoil something is not copied. An error is
 * one of the chip itself; what the loader stumbles over is told by `boot`.
 */
enum espota_status stub_boot_play(struct stub_chip *chip, struct stub_rtc *rtc,
                                  struct stub_safe *safe, const struct espota_crypto *crypto,
                                  uint32_t limit, bool quirks, uint8_t sector[ESPOTA_SECTOR_SIZE],
                                  void (*serial)(void *context, const char *line), void *context,
                                  struct stub_boot *boot,
                                  struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
