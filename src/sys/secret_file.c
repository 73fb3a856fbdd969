/* SPDX-License-Identifier: MIT */
/*
 * Byte by byte and without stdio: a secret shall be in the caller's memory and in no other.
 */
#include "sys/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One byte; 0 at the end, -1 with errno. */
static ssize_t read_byte(int fd, char *byte)
{
    ssize_t got;

    do
        got = read(fd, byte, 1);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Byte by byte: of standard input, what stands behind the line belongs to somebody else. */
static enum espota_status read_line(int fd, const char *name, char *line, size_t room,
                                    size_t *length, struct espota_error *err)
{
    ssize_t got;
    char byte = 0;

    *length = 0;
    while ((got = read_byte(fd, &byte)) > 0 && byte != '\n') {
        if (byte == '\0')
            return espota_error_set(err, ESPOTA_E_LOCAL, "%s has a NUL byte in its first line",
                                    name);
        if (*length + 1 >= room)
            return espota_error_set(err, ESPOTA_E_LOCAL,
                                    "the first line of %s is longer than %zu bytes", name,
                                    room - 1);
        line[(*length)++] = byte;
    }
    if (got < 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot read %s", name);
    if (got == 0 && *length == 0)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is empty", name);
    if (*length > 0 && line[*length - 1] == '\r')
        (*length)--;
    line[*length] = '\0';
    return ESPOTA_OK;
}

enum espota_status espota_secret_file_read(const char *path, char *line, size_t room,
                                           struct espota_secret_line *out, struct espota_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum espota_status status;
    struct stat about;

    *out = (struct espota_secret_line){.missing = fd < 0 && errno == ENOENT};
    if (fd < 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot read %s", path);
    status = read_line(fd, standard ? "standard input" : path, line, room, &out->length, err);
    if (!standard && fstat(fd, &about) == 0)
        out->shared = S_ISREG(about.st_mode) && (about.st_mode & (S_IRGRP | S_IROTH)) != 0;
    if (!standard)
        (void)close(fd);
    return status;
}

void espota_sys_wipe(void *memory, size_t length)
{
    /* A function that could be any: fast as memset, for whole images, and never left out. */
    static void *(*const volatile fill)(void *memory, int byte, size_t length) = memset;

    fill(memory, 0, length);
}
