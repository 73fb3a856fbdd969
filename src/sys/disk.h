/* SPDX-License-Identifier: MIT */
/* A file used as a disk is: of a fixed size, read and written anywhere, by one process at a time.
 */
#ifndef ESPOTA_SYS_DISK_H
#define ESPOTA_SYS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"

/* The caller's memory. */
struct espota_disk {
    int fd; /* -1: none */
    uint64_t size;
};

#define ESPOTA_DISK_INIT                                                                           \
    {                                                                                              \
        -1, 0                                                                                      \
    }

/*
 * Opens `path` and keeps other processes out of it until deinit. A file that does not exist, or
 * is empty, is made, 0600, of `size` bytes `fill`. One that exists keeps its own size, which must
 * be `size` if `exact`.
 */
enum espota_status espota_disk_init(struct espota_disk *disk, const char *path, uint64_t size,
                                    bool exact, uint8_t fill,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;
/* Closes; what was written stays. Harmless on ESPOTA_DISK_INIT. */
void espota_disk_deinit(struct espota_disk *disk);

/* All of it or E_LOCAL; reaching beyond the end is E_USAGE and touches nothing. */
enum espota_status espota_disk_read(const struct espota_disk *disk, uint64_t at, void *data,
                                    size_t length) ESPOTA_MUST_CHECK;
enum espota_status espota_disk_write(const struct espota_disk *disk, uint64_t at, const void *data,
                                     size_t length) ESPOTA_MUST_CHECK;

/* What was written survives a loss of power from here on. */
enum espota_status espota_disk_sync(const struct espota_disk *disk,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
