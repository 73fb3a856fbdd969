/* SPDX-License-Identifier: MIT */
/*
 * A file that appears whole or not at all. Where the system has files without a name (O_TMPFILE),
 * even a run that is killed leaves nothing; elsewhere a name of its own beside the target does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/file.h"
#include "sys/file_platform.h"
#include "sys/place.h"
#include "sys/program.h"

enum { TRIES = 100, PIECE = 16384 };

struct espota_output {
    int fd;
    char *path;      /* where it will be, links followed; NULL: scratch, or `target` */
    char *temporary; /* the name that it has meanwhile; NULL: none */
    struct espota_temporary listed;
    int target; /* a descriptor that gets the bytes at the commit; -1: none */
    bool target_is_own;
    bool exclusive;
    bool prepared;
    bool committed;
    unsigned mode;
    const char *name; /* for messages; borrowed */
};

static enum espota_status fail(const struct espota_output *output, int os_errno, const char *what,
                               struct espota_error *err)
{
    return espota_error_errno(err, ESPOTA_E_LOCAL, os_errno, "cannot %s %s", what, output->name);
}

/* From before the file has the name, so that no signal can leave it behind. */
static void hold_name(struct espota_output *output, char *name)
{
    output->temporary = name;
    espota_temporaries_add(&output->listed, name);
}

static void drop_name(struct espota_output *output)
{
    int saved = errno;

    espota_temporaries_strike(&output->listed);
    free(output->temporary);
    output->temporary = NULL;
    errno = saved;
}

/* A name in the folder of `path` that nothing has. */
static char *name_beside(const char *path, int try)
{
    size_t folder = (size_t)(espota_path_name(path) - path);
    size_t room = strlen(path) + 48;
    char *name = malloc(room);

    if (name != NULL)
        (void)snprintf(name, room, "%.*s.%s.%ld-%d", (int)folder, path, path + folder,
                       (long)getpid(), try);
    return name;
}

/* Gives the file a name beside its place, by `make`; what that returns: -1 with errno. */
static int take_name(struct espota_output *output,
                     int (*make)(const struct espota_output *output, const char *name))
{
    for (int try = 0; try < TRIES; try++) {
        char *name = name_beside(output->path, try);
        int made;

        if (name == NULL)
            break;
        hold_name(output, name);
        made = make(output, name);
        if (made >= 0)
            return made;
        drop_name(output);
        if (errno != EEXIST)
            break;
    }
    return -1;
}

static int create_named(const struct espota_output *output, const char *name)
{
    return espota_output_create_named(name, output->path, output->mode);
}

static int give_name(const struct espota_output *output, const char *name)
{
    return espota_output_name(output->fd, name);
}

/* What is no regular file gets the bytes in the end; until then they wait out of sight. */
static enum espota_status open_target(struct espota_output *output, int target, bool own,
                                      struct espota_error *err)
{
    output->target = target;
    output->target_is_own = own;
    output->fd = espota_output_scratch();
    if (output->fd >= 0)
        return ESPOTA_OK;
    return espota_error_errno(err, ESPOTA_E_LOCAL, errno,
                              "cannot make a temporary file%s%s (TMPDIR says where)",
                              target >= 0 ? " for " : "", target >= 0 ? output->name : "");
}

static enum espota_status open_place(struct espota_output *output, const char *path,
                                     struct espota_error *err)
{
    char *folder;

    /*
     * A link stays a link: what it points to is replaced. One that comes to be there later, as in
     * a folder for all, is not followed: the rename takes its place.
     */
    output->path = espota_output_real(path);
    folder = output->path != NULL ? espota_file_folder(output->path) : NULL;
    if (folder == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to write %s", path);
    output->fd = espota_output_nameless(folder);
    free(folder);
    if (output->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        output->fd = take_name(output, create_named);
    return output->fd >= 0 ? ESPOTA_OK : fail(output, errno, "write", err);
}

/* Renaming over /dev/null would do harm, so what is no regular file is written to. */
static enum espota_status open_special(struct espota_output *output, const char *path,
                                       enum espota_file_kind kind, bool wait,
                                       struct espota_error *err)
{
    int target;

    if (kind == ESPOTA_FILE_FOLDER)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is a directory, a file is wanted", path);
    if (kind == ESPOTA_FILE_DISK)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is a disk, a file is wanted", path);
    target = espota_output_open_special(path, wait);
    if (target < 0 && errno == ENXIO && kind == ESPOTA_FILE_PIPE)
        return espota_error_set(err, ESPOTA_E_LOCAL, "nobody reads from the pipe %s", path);
    return target >= 0 ? open_target(output, target, true, err) : fail(output, errno, "write", err);
}

static enum espota_status open_regular(struct espota_output *output, const char *path, bool present,
                                       struct espota_error *err)
{
    enum espota_status status;

    if (present && !espota_output_may_write(path))
        return fail(output, errno, "write", err);
    if (!present && espota_output_is_named(path))
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is a link to a file that is not there",
                                path);
    status = open_place(output, path, err);
    if (status == ESPOTA_OK && present)
        output->mode = espota_output_keep_owner(output->fd, path);
    return status;
}

static enum espota_status open_new(struct espota_output *output, const char *path,
                                   struct espota_error *err)
{
    output->exclusive = true;
    if (espota_output_is_named(path))
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is there already and is not overwritten",
                                path);
    return open_place(output, path, err);
}

static enum espota_status open_over(struct espota_output *output, const char *path, bool wait,
                                    struct espota_error *err)
{
    struct espota_file_facts facts;
    bool present = espota_file_facts_at(path, &facts);
    enum espota_status status = espota_output_refuse_planted(path, err);

    if (status != ESPOTA_OK)
        return status;
    if (present && facts.kind != ESPOTA_FILE_REGULAR)
        return open_special(output, path, facts.kind, wait, err);
    return open_regular(output, path, present, err);
}

/* `path` is NULL for bytes that are never committed. */
static enum espota_status open_any(struct espota_output *output, const char *path,
                                   enum espota_output_kind kind, struct espota_error *err)
{
    if (path == NULL)
        return open_target(output, -1, false, err);
    if (kind == ESPOTA_OUTPUT_NEW)
        return open_new(output, path, err);
    if (strcmp(path, "-") == 0)
        return open_target(output, STDOUT_FILENO, false, err);
    return open_over(output, path, kind != ESPOTA_OUTPUT_EARLY, err);
}

static enum espota_status create(struct espota_output **out, const char *path, const char *name,
                                 enum espota_output_kind kind, unsigned mode,
                                 struct espota_error *err)
{
    struct espota_output *output = calloc(1, sizeof(*output));
    enum espota_status status;

    *out = NULL;
    if (output == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to write %s", name);
    output->fd = output->target = -1;
    output->name = name;
    output->mode = espota_output_new_mode(mode);
    status = open_any(output, path, kind, err);
    if (status == ESPOTA_OK)
        *out = output;
    else
        espota_output_destroy(output);
    return status;
}

enum espota_status espota_output_create(struct espota_output **out, const char *path,
                                        enum espota_output_kind kind, unsigned mode,
                                        struct espota_error *err)
{
    bool standard = kind != ESPOTA_OUTPUT_NEW && strcmp(path, "-") == 0;

    return create(out, path, standard ? "standard output" : path, kind, mode, err);
}

enum espota_status espota_output_create_scratch(struct espota_output **out,
                                                struct espota_error *err)
{
    return create(out, NULL, "a temporary file", ESPOTA_OUTPUT_NEW, 0600, err);
}

enum espota_status espota_output_write(struct espota_output *output, const void *data,
                                       size_t length, struct espota_error *err)
{
    return espota_descriptor_write(output->fd, data, length) ? ESPOTA_OK
                                                             : fail(output, errno, "write", err);
}

enum espota_status espota_output_at(struct espota_output *output, uint64_t offset, void *out,
                                    size_t room, size_t *length, struct espota_error *err)
{
    return espota_descriptor_read_at(output->fd, offset, out, room, length)
               ? ESPOTA_OK
               : fail(output, errno, "read back", err);
}

static enum espota_status copy_to_target(struct espota_output *output, struct espota_error *err)
{
    uint8_t piece[PIECE];
    uint64_t offset = 0;
    size_t length = sizeof(piece);
    enum espota_status status = ESPOTA_OK;

    while (status == ESPOTA_OK && length == sizeof(piece)) {
        status = espota_output_at(output, offset, piece, sizeof(piece), &length, err);
        if (status == ESPOTA_OK && !espota_descriptor_write(output->target, piece, length))
            status = fail(output, errno, "write", err);
        offset += length;
    }
    return status;
}

static enum espota_status place_new(struct espota_output *output, struct espota_error *err)
{
    bool placed = output->temporary == NULL
                      ? espota_output_name(output->fd, output->path) == 0
                      : espota_output_rename_new(output->fd, output->temporary, output->path);

    if (placed)
        return ESPOTA_OK;
    if (errno == EEXIST)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is there already and is not overwritten",
                                output->name);
    return fail(output, errno, "write", err);
}

static enum espota_status place_over(struct espota_output *output, struct espota_error *err)
{
    if (!espota_output_rename(output->fd, output->temporary, output->path))
        return fail(output, errno, "write", err);
    drop_name(output);
    return ESPOTA_OK;
}

bool espota_output_is_stream(const struct espota_output *output)
{
    return output->target >= 0;
}

enum espota_status espota_output_prepare(struct espota_output *output, struct espota_error *err)
{
    if (output->prepared || output->target >= 0)
        return ESPOTA_OK;
    if (!espota_output_settle(output->fd, output->mode))
        return fail(output, errno, "write", err);
    if (!output->exclusive && output->temporary == NULL && take_name(output, give_name) < 0)
        return fail(output, errno, "write", err);
    output->prepared = true;
    return ESPOTA_OK;
}

enum espota_status espota_output_commit(struct espota_output *output, struct espota_error *err)
{
    enum espota_status status = espota_output_prepare(output, err);

    if (status == ESPOTA_OK && output->target >= 0)
        status = copy_to_target(output, err);
    else if (status == ESPOTA_OK)
        status = output->exclusive ? place_new(output, err) : place_over(output, err);
    if (status == ESPOTA_OK && output->target < 0)
        espota_output_sync_folder(output->path);
    output->committed = status == ESPOTA_OK;
    return status;
}

void espota_output_revoke(struct espota_output *output)
{
    if (output->committed && output->exclusive)
        (void)espota_file_unlink(output->path);
    output->committed = false;
}

void espota_output_destroy(struct espota_output *output)
{
    if (output == NULL)
        return;
    if (output->temporary != NULL) {
        (void)espota_file_unlink(output->temporary);
        drop_name(output);
    }
    if (output->target_is_own)
        espota_descriptor_close(&output->target);
    espota_descriptor_close(&output->fd);
    free(output->path);
    free(output);
}

enum espota_status espota_file_write(const char *path, unsigned mode, const void *data,
                                     size_t length, struct espota_error *err)
{
    struct espota_output *output = NULL;
    enum espota_status status =
        espota_output_create(&output, path, ESPOTA_OUTPUT_REPLACE, mode, err);

    if (status == ESPOTA_OK)
        status = espota_output_write(output, data, length, err);
    if (status == ESPOTA_OK)
        status = espota_output_commit(output, err);
    espota_output_destroy(output);
    return status;
}
