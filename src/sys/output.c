/* SPDX-License-Identifier: MIT */
/*
 * A file that appears whole or not at all. Where the system has files without a name (O_TMPFILE),
 * even a run that is killed leaves nothing; elsewhere a name of its own beside the target does.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/file.h"
#include "sys/output_platform.h"

enum { TRIES = 100, PIECE = 16384 };

struct espota_output {
    int fd;
    char *path;      /* where it will be, links followed; NULL: scratch, or `target` */
    char *temporary; /* the name that it has meanwhile; NULL: none */
    int target;      /* a descriptor that gets the bytes at the commit; -1: none */
    bool target_is_own;
    bool exclusive;
    bool committed;
    unsigned mode;
    const char *name; /* for messages; borrowed */
};

static enum espota_status fail(const struct espota_output *output, int os_errno, const char *what,
                               struct espota_error *err)
{
    return espota_error_errno(err, ESPOTA_E_LOCAL, os_errno, "cannot %s %s", what, output->name);
}

static char *folder_of(const char *path)
{
    char *copy = strdup(path);
    char *folder = copy != NULL ? strdup(dirname(copy)) : NULL;

    free(copy);
    return folder;
}

/* A name in the folder of `path` that nothing has. */
static char *name_beside(const char *path, int try)
{
    size_t room = strlen(path) + 48;
    char *folder = folder_of(path);
    char *copy = strdup(path);
    char *name = malloc(room);

    if (folder != NULL && copy != NULL && name != NULL)
        (void)snprintf(name, room, "%s/.%s.%ld-%d", folder, basename(copy), (long)getpid(), try);
    else {
        free(name);
        name = NULL;
    }
    free(folder);
    free(copy);
    return name;
}

static int open_named(struct espota_output *output)
{
    for (int try = 0; try < TRIES; try++) {
        char *name = name_beside(output->path, try);
        int fd = name != NULL ? open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;

        if (fd >= 0) {
            output->temporary = name;
            return fd;
        }
        free(name);
        if (errno != EEXIST)
            break;
    }
    return -1;
}

static int open_scratch(void)
{
    const char *folder = getenv("TMPDIR");
    char name[4096];
    int fd;

    if (folder == NULL || folder[0] == '\0')
        folder = "/tmp";
    fd = espota_output_nameless(folder);
    if (fd >= 0)
        return fd;
    (void)snprintf(name, sizeof(name), "%s/espota-XXXXXX", folder);
    fd = mkstemp(name);
    if (fd >= 0) {
        (void)unlink(name);
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    return fd;
}

static enum espota_status create(struct espota_output **out, const char *name,
                                 struct espota_error *err)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to write %s", name);
    (*out)->fd = -1;
    (*out)->target = -1;
    (*out)->name = name;
    return ESPOTA_OK;
}

/* What is no regular file gets the bytes in the end; until then they wait out of sight. */
static enum espota_status open_target(struct espota_output *output, int target, bool own,
                                      struct espota_error *err)
{
    output->target = target;
    output->target_is_own = own;
    output->fd = open_scratch();
    if (output->fd < 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno,
                                  "cannot make a temporary file for %s (TMPDIR says where)",
                                  output->name);
    return ESPOTA_OK;
}

static enum espota_status open_place(struct espota_output *output, const char *path,
                                     struct espota_error *err)
{
    char *folder;

    /* a link stays a link: what it points to is replaced */
    output->path = realpath(path, NULL);
    if (output->path == NULL)
        output->path = strdup(path);
    folder = output->path != NULL ? folder_of(output->path) : NULL;
    if (folder == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to write %s", path);
    output->fd = espota_output_nameless(folder);
    free(folder);
    if (output->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        output->fd = open_named(output);
    return output->fd >= 0 ? ESPOTA_OK : fail(output, errno, "write", err);
}

static mode_t process_umask(void)
{
    mode_t mask = umask(077);

    (void)umask(mask);
    return mask;
}

enum espota_status espota_output_create(struct espota_output **out, const char *path, unsigned mode,
                                        struct espota_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    struct stat info;
    enum espota_status status = create(out, standard ? "standard output" : path, err);
    int target;

    if (status != ESPOTA_OK)
        return status;
    (*out)->mode = mode & ~(unsigned)process_umask();
    if (standard)
        status = open_target(*out, STDOUT_FILENO, false, err);
    else if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        status = espota_error_set(err, ESPOTA_E_LOCAL, "%s is a directory, a file is wanted", path);
    else if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        target = open(path, O_WRONLY | O_CLOEXEC);
        status =
            target >= 0 ? open_target(*out, target, true, err) : fail(*out, errno, "write", err);
    } else {
        if (stat(path, &info) == 0) {
            (*out)->mode = info.st_mode & 07777;
            if (access(path, W_OK) != 0) /* a rename would not ask */
                status = fail(*out, errno, "write", err);
        }
        if (status == ESPOTA_OK)
            status = open_place(*out, path, err);
    }
    if (status != ESPOTA_OK) {
        espota_output_destroy(*out);
        *out = NULL;
    }
    return status;
}

enum espota_status espota_output_create_new(struct espota_output **out, const char *path,
                                            unsigned mode, struct espota_error *err)
{
    struct stat info;
    enum espota_status status = create(out, path, err);

    if (status != ESPOTA_OK)
        return status;
    (*out)->mode = mode & ~(unsigned)process_umask();
    (*out)->exclusive = true;
    if (lstat(path, &info) == 0)
        status = espota_error_set(err, ESPOTA_E_LOCAL, "%s is there already and is not overwritten",
                                  path);
    else
        status = open_place(*out, path, err);
    if (status != ESPOTA_OK) {
        espota_output_destroy(*out);
        *out = NULL;
    }
    return status;
}

enum espota_status espota_output_create_scratch(struct espota_output **out,
                                                struct espota_error *err)
{
    enum espota_status status = create(out, "a temporary file", err);

    if (status != ESPOTA_OK)
        return status;
    (*out)->fd = open_scratch();
    if ((*out)->fd < 0) {
        status = espota_error_errno(err, ESPOTA_E_LOCAL, errno,
                                    "cannot make a temporary file (TMPDIR says where)");
        espota_output_destroy(*out);
        *out = NULL;
    }
    return status;
}

static enum espota_status write_all(const struct espota_output *output, int fd, const void *data,
                                    size_t length, struct espota_error *err)
{
    const uint8_t *at = data;

    while (length > 0) {
        ssize_t took = write(fd, at, length);

        if (took < 0 && errno != EINTR)
            return fail(output, errno, "write", err);
        if (took < 0)
            continue;
        at += took;
        length -= (size_t)took; /* took <= length */
    }
    return ESPOTA_OK;
}

enum espota_status espota_output_write(struct espota_output *output, const void *data,
                                       size_t length, struct espota_error *err)
{
    return write_all(output, output->fd, data, length, err);
}

enum espota_status espota_output_at(struct espota_output *output, uint64_t offset, void *out,
                                    size_t room, size_t *length, struct espota_error *err)
{
    uint8_t *at = out;

    *length = 0;
    while (*length < room) {
        ssize_t got = pread(output->fd, at + *length, room - *length, (off_t)(offset + *length));

        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return fail(output, errno, "read back", err);
        if (got > 0)
            *length += (size_t)got;
    }
    return ESPOTA_OK;
}

static enum espota_status copy_to_target(struct espota_output *output, struct espota_error *err)
{
    uint8_t piece[PIECE];
    uint64_t offset = 0;
    size_t length = sizeof(piece);
    enum espota_status status = ESPOTA_OK;

    while (status == ESPOTA_OK && length == sizeof(piece)) {
        status = espota_output_at(output, offset, piece, sizeof(piece), &length, err);
        if (status == ESPOTA_OK)
            status = write_all(output, output->target, piece, length, err);
        offset += length;
    }
    return status;
}

/* Gives a nameless file a name; EEXIST if something has it. */
static int name_it(const struct espota_output *output, const char *name)
{
    if (output->temporary != NULL)
        return link(output->temporary, name);
    return espota_output_name(output->fd, name);
}

static enum espota_status place_new(struct espota_output *output, struct espota_error *err)
{
    if (name_it(output, output->path) == 0)
        return ESPOTA_OK;
    if (errno == EEXIST)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is there already and is not overwritten",
                                output->name);
    return fail(output, errno, "write", err);
}

static enum espota_status place_over(struct espota_output *output, struct espota_error *err)
{
    for (int try = 0; output->temporary == NULL && try < TRIES; try++) {
        char *name = name_beside(output->path, try);

        if (name != NULL && name_it(output, name) == 0) {
            output->temporary = name;
            break;
        }
        free(name);
        if (errno != EEXIST)
            break;
    }
    if (output->temporary == NULL || rename(output->temporary, output->path) != 0)
        return fail(output, errno, "write", err);
    free(output->temporary);
    output->temporary = NULL;
    return ESPOTA_OK;
}

/* So that the name, too, survives a loss of power; a system that cannot is not to blame. */
static void sync_folder(const struct espota_output *output)
{
    char *folder = folder_of(output->path);
    int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0)
        (void)fsync(fd);
    espota_descriptor_close(&fd);
    free(folder);
}

enum espota_status espota_output_commit(struct espota_output *output, struct espota_error *err)
{
    enum espota_status status;

    if (output->target >= 0)
        status = copy_to_target(output, err);
    else if (fchmod(output->fd, output->mode) != 0 || fsync(output->fd) != 0)
        status = fail(output, errno, "write", err);
    else
        status = output->exclusive ? place_new(output, err) : place_over(output, err);
    if (status == ESPOTA_OK && output->target < 0)
        sync_folder(output);
    output->committed = status == ESPOTA_OK;
    return status;
}

void espota_output_revoke(struct espota_output *output)
{
    if (output->committed && output->exclusive)
        (void)unlink(output->path);
    output->committed = false;
}

void espota_output_destroy(struct espota_output *output)
{
    if (output == NULL)
        return;
    if (output->temporary != NULL)
        (void)unlink(output->temporary);
    if (output->target_is_own)
        espota_descriptor_close(&output->target);
    espota_descriptor_close(&output->fd);
    free(output->temporary);
    free(output->path);
    free(output);
}
