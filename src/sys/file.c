/* SPDX-License-Identifier: MIT */
/*
 * By read() and write() alone: what goes through here may be a key or a password, and of a buffer
 * of stdio's a copy would stay in memory that nobody wipes.
 */
#include "sys/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/file_platform.h"
#include "sys/place.h"

bool espota_file_key_equal(const struct espota_file_key *a, const struct espota_file_key *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed_ns == b->changed_ns;
}

enum espota_status espota_file_key_of(int file, struct espota_file_key *key)
{
    struct espota_file_facts facts;

    if (!espota_file_facts_of(file, &facts))
        return ESPOTA_E_LOCAL;
    *key = facts.key;
    return ESPOTA_OK;
}

enum espota_status espota_file_key_at(const char *path, struct espota_file_key *key)
{
    struct espota_file_facts facts;

    if (!espota_file_facts_at(path, &facts))
        return ESPOTA_E_LOCAL;
    *key = facts.key;
    return ESPOTA_OK;
}

static enum espota_status fail(const struct espota_input *input, int os_errno, const char *what,
                               struct espota_error *err)
{
    return espota_error_errno(err, ESPOTA_E_LOCAL, os_errno, "cannot %s %s", what, input->name);
}

static enum espota_status refuse_kind(const struct espota_input *input, enum espota_file_kind kind,
                                      struct espota_error *err)
{
    if (kind == ESPOTA_FILE_FOLDER)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is a directory, a file is wanted",
                                input->name);
    if (!input->standard && (kind == ESPOTA_FILE_DEVICE || kind == ESPOTA_FILE_DISK))
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is a device, a file is wanted",
                                input->name);
    return ESPOTA_OK;
}

/* Looked at before it is opened, too: opening a device can do something to it. */
static enum espota_status open_path(struct espota_input *input, const char *path,
                                    struct espota_file_facts *facts, struct espota_error *err)
{
    enum espota_status status;

    if (!espota_file_facts_at(path, facts))
        return fail(input, errno, "open", err);
    status = refuse_kind(input, facts->kind, err);
    if (status != ESPOTA_OK)
        return status;
    input->fd = espota_file_open(path);
    return input->fd >= 0 ? ESPOTA_OK : fail(input, errno, "open", err);
}

enum espota_status espota_input_init(struct espota_input *input, const char *path,
                                     struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;
    struct espota_file_facts facts;

    *input = (struct espota_input)ESPOTA_INPUT_INIT;
    input->standard = strcmp(path, "-") == 0;
    input->name = input->standard ? "standard input" : path;
    if (input->standard)
        input->fd = STDIN_FILENO;
    else
        status = open_path(input, path, &facts, err);
    if (status == ESPOTA_OK && !espota_file_facts_of(input->fd, &facts))
        status = fail(input, errno, "open", err);
    if (status == ESPOTA_OK)
        status = refuse_kind(input, facts.kind, err);
    if (status != ESPOTA_OK) {
        espota_input_deinit(input);
        return status;
    }
    /* standard input may stand in the middle of a file, so it is read in order */
    input->regular = facts.kind == ESPOTA_FILE_REGULAR && !input->standard;
    input->size = input->regular ? facts.key.size : 0;
    input->mode = facts.kind == ESPOTA_FILE_REGULAR ? facts.mode : 0;
    input->key = facts.key;
    return ESPOTA_OK;
}

static enum espota_status interrupted(const struct espota_input *input, struct espota_error *err)
{
    return espota_error_set(err, ESPOTA_E_INTERRUPTED, "stopped while reading %s", input->name);
}

static enum espota_status check_unchanged(const struct espota_input *input,
                                          struct espota_error *err)
{
    struct espota_file_key now;

    if (!input->regular)
        return ESPOTA_OK;
    if (espota_file_key_of(input->fd, &now) != ESPOTA_OK)
        return fail(input, errno, "read", err);
    if (espota_file_key_equal(&now, &input->key))
        return ESPOTA_OK;
    return espota_error_set(err, ESPOTA_E_LOCAL,
                            "%s changed while it was being read; try again when it is complete",
                            input->name);
}

enum espota_status espota_input_read(struct espota_input *input, void *out, size_t room,
                                     size_t *length, struct espota_error *err)
{
    uint8_t *at = out;

    *length = 0;
    while (*length < room) {
        size_t got;

        if (input->stop != NULL && *input->stop)
            return interrupted(input, err);
        if (!espota_descriptor_read(input->fd, at + *length, room - *length, &got)) {
            if (errno != EINTR)
                return fail(input, errno, "read", err);
            continue;
        }
        if (got == 0)
            return check_unchanged(input, err);
        *length += got; /* got <= room - length */
    }
    return ESPOTA_OK;
}

enum espota_status espota_input_at(struct espota_input *input, uint64_t offset, void *out,
                                   size_t length, struct espota_error *err)
{
    size_t got;

    if (!espota_descriptor_read_at(input->fd, offset, out, length, &got))
        return fail(input, errno, "read", err);
    if (got == length)
        return ESPOTA_OK;
    return espota_error_set(err, ESPOTA_E_LOCAL, "%s became shorter while it was read",
                            input->name);
}

void espota_input_deinit(struct espota_input *input)
{
    if (!input->standard)
        espota_descriptor_close(&input->fd);
    input->fd = -1;
}

/* What was read may be a secret, so not by realloc: of the old buffer nothing stays. */
static bool move_to(uint8_t **bytes, size_t used, size_t room)
{
    uint8_t *moved = malloc(room);

    if (moved == NULL)
        return false;
    if (used > 0)
        memcpy(moved, *bytes, used);
    if (*bytes != NULL)
        espota_sys_wipe(*bytes, used);
    free(*bytes);
    *bytes = moved;
    return true;
}

static enum espota_status too_long(const struct espota_input *input, size_t most,
                                   struct espota_error *err)
{
    return espota_error_set(err, ESPOTA_E_LOCAL, "%s is longer than %zu bytes", input->name, most);
}

static enum espota_status no_memory(const struct espota_input *input, struct espota_error *err)
{
    return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to read %s", input->name);
}

/* Until a read comes back short. With a byte of room beyond the size, that is the first. */
static enum espota_status read_all(struct espota_input *input, size_t most, uint8_t **bytes,
                                   size_t *used, struct espota_error *err)
{
    size_t room = input->size > 0 ? (size_t)input->size + 1 : 4096;
    enum espota_status status = ESPOTA_OK;
    size_t got;

    if (!move_to(bytes, 0, room))
        return no_memory(input, err);
    while (status == ESPOTA_OK) {
        status = espota_input_read(input, *bytes + *used, room - *used, &got, err);
        *used += got; /* got <= room - used */
        if (status == ESPOTA_OK && *used > most)
            status = too_long(input, most, err);
        if (status != ESPOTA_OK || *used < room)
            break;
        room *= 2; /* of what `most` allows, which is less than half the address space */
        if (!move_to(bytes, *used, room))
            status = no_memory(input, err);
    }
    return status;
}

enum espota_status espota_file_read(const char *path, size_t most, uint8_t **out, size_t *length,
                                    bool *shared, struct espota_error *err)
{
    struct espota_input input = ESPOTA_INPUT_INIT;
    enum espota_status status = espota_input_init(&input, path, err);

    *out = NULL;
    *length = 0;
    if (status == ESPOTA_OK && input.size > most)
        status = too_long(&input, most, err);
    if (status == ESPOTA_OK)
        status = read_all(&input, most, out, length, err);
    if (shared != NULL)
        *shared = espota_file_is_shared(input.fd);
    espota_input_deinit(&input);
    if (status == ESPOTA_OK)
        return ESPOTA_OK;
    if (*out != NULL)
        espota_sys_wipe(*out, *length);
    free(*out);
    *out = NULL;
    *length = 0;
    return status;
}

/* Into `folder` the folder that the path's last part is, or would be, in; that part, or NULL. */
static const char *last_part(const char *path, struct espota_file_facts *folder)
{
    char *name = espota_file_folder(path);
    bool found = name != NULL && espota_file_facts_at(name, folder);

    free(name);
    return found ? espota_path_name(path) : NULL;
}

static bool is_same(const struct espota_file_facts *a, const struct espota_file_facts *b)
{
    return a->key.device == b->key.device && a->key.inode == b->key.inode;
}

bool espota_file_is_same(const char *a, const char *b)
{
    struct espota_file_facts first, second;
    bool there = espota_file_facts_at(a, &first);
    const char *name;
    const char *other;

    if (strcmp(a, "-") == 0 || strcmp(b, "-") == 0)
        return false;
    if (there != espota_file_facts_at(b, &second))
        return false;
    if (there)
        return first.kind == ESPOTA_FILE_REGULAR && is_same(&first, &second);
    name = last_part(a, &first);
    other = last_part(b, &second);
    return name != NULL && other != NULL && espota_path_is_same_name(name, other) &&
           is_same(&first, &second);
}

bool espota_file_exists(const char *path)
{
    struct espota_file_facts facts;

    return espota_file_facts_at(path, &facts) || (errno != ENOENT && errno != ENOTDIR);
}

/* Cuts off the last part of a path, and the separators before it. */
static void cut(char *path)
{
    char *end = path + (espota_path_name(path) - path);

    while (end > path && espota_path_separates(path, end - 1))
        end--;
    *end = '\0';
}

/* The folder and those that it is in; on failure `path` is cut to the one that could not be. */
static bool make_folders(char *path, unsigned mode)
{
    struct espota_file_facts facts;
    size_t length = strlen(path);

    if (length == 0 || (espota_file_facts_at(path, &facts) && facts.kind == ESPOTA_FILE_FOLDER) ||
        espota_folder_make(path, mode) || errno == EEXIST)
        return true;
    if (errno != ENOENT || !espota_path_is(path))
        return false;
    cut(path);
    if (!make_folders(path, mode))
        return false;
    path[strlen(path)] = espota_path_separator[0];
    return espota_folder_make(path, mode) || errno == EEXIST;
}

enum espota_status espota_folder_create_for(const char *path, unsigned mode,
                                            struct espota_error *err)
{
    char *folder = strdup(path);
    enum espota_status status = ESPOTA_OK;

    if (folder == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a path");
    cut(folder);
    if (!make_folders(folder, mode))
        status =
            espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot make the folder %s", folder);
    free(folder);
    return status;
}

enum espota_status espota_file_remove(const char *path, struct espota_error *err)
{
    if (!espota_file_unlink(path))
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot remove %s", path);
    return ESPOTA_OK;
}

static bool read_byte(int fd, char *byte, size_t *got)
{
    bool read;

    do
        read = espota_descriptor_read(fd, byte, 1, got);
    while (!read && errno == EINTR);
    return read;
}

/* Byte by byte: of standard input, what stands behind the line belongs to somebody else. */
static enum espota_status read_line(int fd, const char *name, char *line, size_t room,
                                    size_t *length, struct espota_error *err)
{
    size_t got = 0;
    char byte = 0;
    bool read;

    *length = 0;
    while ((read = read_byte(fd, &byte, &got)) && got > 0 && byte != '\n') {
        if (byte == '\0')
            return espota_error_set(err, ESPOTA_E_LOCAL, "%s has a NUL byte in its first line",
                                    name);
        if (*length + 1 >= room)
            return espota_error_set(err, ESPOTA_E_LOCAL,
                                    "the first line of %s is longer than %zu bytes", name,
                                    room - 1);
        line[(*length)++] = byte;
    }
    if (!read)
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
    int fd = standard ? STDIN_FILENO : espota_file_open(path);
    enum espota_status status;

    *out = (struct espota_secret_line){.missing = fd < 0 && errno == ENOENT};
    if (fd < 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot read %s", path);
    status = read_line(fd, standard ? "standard input" : path, line, room, &out->length, err);
    if (!standard) {
        out->shared = espota_file_is_shared(fd);
        espota_descriptor_close(&fd);
    }
    return status;
}

void espota_sys_wipe(void *memory, size_t length)
{
    /* A function that could be any: fast as memset, for whole images, and never left out. */
    static void *(*const volatile fill)(void *memory, int byte, size_t length) = memset;

    fill(memory, 0, length);
}
