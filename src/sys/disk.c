/* SPDX-License-Identifier: MIT */
/*
 * The flash of a device that is a process: what one run wrote the next one finds, and a second
 * process on the same file would be two devices with one flash.
 */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/descriptor.h"

enum { FILL_SIZE = 64 * 1024 };

/* An empty file becomes a whole one, or stays empty: a half-filled one would be refused for ever.
 */
static enum espota_status fill_file(struct espota_disk *disk, const char *path, uint8_t fill,
                                    struct espota_error *err)
{
    uint8_t block[FILL_SIZE];

    memset(block, fill, sizeof(block));
    for (uint64_t at = 0; at < disk->size; at += sizeof(block)) {
        uint64_t left = disk->size - at; /* at < size */

        if (espota_disk_write(disk, at, block, left < sizeof(block) ? (size_t)left : FILL_SIZE) !=
            ESPOTA_OK) {
            int problem = errno;

            if (ftruncate(disk->fd, 0) != 0)
                (void)unlink(path);
            return espota_error_errno(err, ESPOTA_E_LOCAL, problem, "cannot fill '%s'", path);
        }
    }
    return ESPOTA_OK;
}

static enum espota_status take_file(struct espota_disk *disk, const char *path, uint64_t size,
                                    bool exact, uint8_t fill, struct espota_error *err)
{
    struct stat file;

    if (flock(disk->fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK
                   ? espota_error_set(err, ESPOTA_E_LOCAL,
                                      "'%s' is in use by another process; stop it first", path)
                   : espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot lock '%s'", path);
    if (fstat(disk->fd, &file) != 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot examine '%s'", path);
    if (!S_ISREG(file.st_mode))
        return espota_error_set(err, ESPOTA_E_LOCAL, "'%s' is not a regular file", path);
    disk->size = file.st_size > 0 ? (uint64_t)file.st_size : size;
    if (file.st_size == 0)
        return fill_file(disk, path, fill, err);
    if (exact && disk->size != size)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "'%s' holds %llu bytes where %llu were expected; give its real "
                                "size or remove it",
                                path, (unsigned long long)disk->size, (unsigned long long)size);
    return ESPOTA_OK;
}

enum espota_status espota_disk_init(struct espota_disk *disk, const char *path, uint64_t size,
                                    bool exact, uint8_t fill, struct espota_error *err)
{
    enum espota_status status;

    disk->size = 0;
    disk->fd = open(path, O_RDWR | O_CLOEXEC | O_CREAT, 0600);
    if (disk->fd < 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot open '%s'", path);
    status = take_file(disk, path, size, exact, fill, err);
    if (status != ESPOTA_OK)
        espota_disk_deinit(disk);
    return status;
}

void espota_disk_deinit(struct espota_disk *disk)
{
    espota_descriptor_close(&disk->fd);
    disk->size = 0;
}

static bool within(const struct espota_disk *disk, uint64_t at, size_t length)
{
    return at <= disk->size && length <= disk->size - at; /* at <= size: not below zero */
}

enum espota_status espota_disk_read(const struct espota_disk *disk, uint64_t at, void *data,
                                    size_t length)
{
    size_t got;

    if (!within(disk, at, length))
        return ESPOTA_E_USAGE;
    /* fewer: somebody cut the file */
    return espota_descriptor_read_at(disk->fd, at, data, length, &got) && got == length
               ? ESPOTA_OK
               : ESPOTA_E_LOCAL;
}

enum espota_status espota_disk_write(const struct espota_disk *disk, uint64_t at, const void *data,
                                     size_t length)
{
    const uint8_t *from = data;

    if (!within(disk, at, length))
        return ESPOTA_E_USAGE;
    while (length > 0) {
        ssize_t done = pwrite(disk->fd, from, length, (off_t)at);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return ESPOTA_E_LOCAL;
        from += done;
        at += (uint64_t)done;
        length -= (size_t)done; /* pwrite never takes more than asked */
    }
    return ESPOTA_OK;
}

enum espota_status espota_disk_sync(const struct espota_disk *disk, struct espota_error *err)
{
    if (disk->fd >= 0 && fsync(disk->fd) != 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot save to disk");
    return ESPOTA_OK;
}
