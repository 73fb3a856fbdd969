/* SPDX-License-Identifier: MIT */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/descriptor.h"

static enum espota_status fail(const struct espota_input *input, int os_errno, const char *what,
                               struct espota_error *err)
{
    return espota_error_errno(err, ESPOTA_E_LOCAL, os_errno, "cannot %s %s", what, input->name);
}

enum espota_status espota_input_init(struct espota_input *input, const char *path,
                                     struct espota_error *err)
{
    struct stat info;

    memset(input, 0, sizeof(*input));
    input->standard = strcmp(path, "-") == 0;
    input->name = input->standard ? "standard input" : path;
    input->fd = input->standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (input->fd < 0 || fstat(input->fd, &info) != 0)
        return fail(input, errno, "open", err);
    if (S_ISDIR(info.st_mode)) {
        espota_input_deinit(input);
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is a directory, a file is wanted",
                                input->name);
    }
    /* standard input may stand in the middle of a file, so it is read in order */
    input->regular = S_ISREG(info.st_mode) && !input->standard;
    input->size = input->regular ? (uint64_t)info.st_size : 0;
    input->mode = S_ISREG(info.st_mode) ? info.st_mode & 07777 : 0;
    return ESPOTA_OK;
}

static enum espota_status interrupted(const struct espota_input *input, struct espota_error *err)
{
    return espota_error_set(err, ESPOTA_E_INTERRUPTED, "stopped while reading %s", input->name);
}

enum espota_status espota_input_read(struct espota_input *input, void *out, size_t room,
                                     size_t *length, struct espota_error *err)
{
    uint8_t *at = out;

    *length = 0;
    while (*length < room) {
        ssize_t got;

        if (input->stop != NULL && *input->stop != 0)
            return interrupted(input, err);
        got = read(input->fd, at + *length, room - *length); /* length < room */
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return fail(input, errno, "read", err);
        if (got > 0)
            *length += (size_t)got;
    }
    return ESPOTA_OK;
}

enum espota_status espota_input_at(struct espota_input *input, uint64_t offset, void *out,
                                   size_t length, struct espota_error *err)
{
    uint8_t *at = out;

    while (length > 0) {
        ssize_t got = pread(input->fd, at, length, (off_t)offset);

        if (got == 0)
            return espota_error_set(err, ESPOTA_E_LOCAL, "%s became shorter while it was read",
                                    input->name);
        if (got < 0 && errno != EINTR)
            return fail(input, errno, "read", err);
        if (got < 0)
            continue;
        at += got;
        offset += (uint64_t)got;
        length -= (size_t)got; /* got <= length */
    }
    return ESPOTA_OK;
}

bool espota_input_shared(const struct espota_input *input)
{
    return (input->mode & 077) != 0;
}

void espota_input_deinit(struct espota_input *input)
{
    if (!input->standard)
        espota_descriptor_close(&input->fd);
    input->fd = -1;
}

/* What was read may be a secret. */
static void wipe(void *memory, size_t length)
{
    volatile uint8_t *byte = memory;

    for (size_t i = 0; i < length; i++)
        byte[i] = 0;
}

/* A larger buffer with the same bytes; the old one is wiped. */
static uint8_t *grow(uint8_t *old, size_t used, size_t room)
{
    uint8_t *bytes = malloc(room);

    if (bytes != NULL && used > 0)
        memcpy(bytes, old, used);
    if (old != NULL)
        wipe(old, used);
    free(old);
    return bytes;
}

enum espota_status espota_file_read(const char *path, size_t most, uint8_t **out, size_t *length,
                                    bool *shared, struct espota_error *err)
{
    struct espota_input input = ESPOTA_INPUT_INIT;
    size_t room = 4096;
    uint8_t *bytes = grow(NULL, 0, room);
    size_t used = 0;
    enum espota_status status = espota_input_init(&input, path, err);

    *out = NULL;
    *length = 0;
    while (status == ESPOTA_OK && bytes != NULL) {
        size_t got;

        status = espota_input_read(&input, bytes + used, room - used, &got, err);
        used += got; /* got <= room - used */
        if (status != ESPOTA_OK || used < room)
            break;
        if (used > most)
            status = espota_error_set(err, ESPOTA_E_LOCAL, "%s is longer than %zu bytes",
                                      input.name, most);
        else {
            bytes = grow(bytes, used, room * 2);
            room *= 2;
        }
    }
    if (status == ESPOTA_OK && bytes != NULL && used > most)
        status =
            espota_error_set(err, ESPOTA_E_LOCAL, "%s is longer than %zu bytes", input.name, most);
    if (shared != NULL)
        *shared = espota_input_shared(&input);
    espota_input_deinit(&input);
    if (status == ESPOTA_OK && bytes != NULL) {
        *out = bytes;
        *length = used;
        return ESPOTA_OK;
    }
    if (bytes != NULL)
        wipe(bytes, used);
    free(bytes);
    return status != ESPOTA_OK
               ? status
               : espota_error_set(err, ESPOTA_E_MEMORY, "no memory to read %s", path);
}
