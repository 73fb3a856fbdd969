/* SPDX-License-Identifier: MIT */
/*
 * A file that appears whole or not at all. Where the system has files without a name (O_TMPFILE),
 * even a run that is killed leaves nothing; elsewhere a name of its own beside the target does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/file.h"
#include "sys/platform.h"
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
    const char *slash = strrchr(path, '/');
    size_t folder = slash != NULL ? (size_t)(slash - path) + 1 : 0;
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
    (void)output;
    return open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static int give_name(const struct espota_output *output, const char *name)
{
    return espota_output_name(output->fd, name);
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

/* What is no regular file gets the bytes in the end; until then they wait out of sight. */
static enum espota_status open_target(struct espota_output *output, int target, bool own,
                                      struct espota_error *err)
{
    output->target = target;
    output->target_is_own = own;
    output->fd = open_scratch();
    if (output->fd >= 0)
        return ESPOTA_OK;
    return espota_error_errno(err, ESPOTA_E_LOCAL, errno,
                              "cannot make a temporary file%s%s (TMPDIR says where)",
                              target >= 0 ? " for " : "", target >= 0 ? output->name : "");
}

static enum espota_status open_place(struct espota_output *output, const char *path,
                                     struct espota_error *err)
{
    struct stat info;
    char *folder;

    /*
     * A link stays a link: what it points to is replaced. One that comes to be there later, as in
     * a folder for all, is not followed: the rename takes its place.
     */
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode))
        output->path = realpath(path, NULL);
    if (output->path == NULL)
        output->path = strdup(path);
    folder = output->path != NULL ? espota_file_folder(output->path) : NULL;
    if (folder == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to write %s", path);
    output->fd = espota_output_nameless(folder);
    free(folder);
    if (output->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        output->fd = take_name(output, create_named);
    return output->fd >= 0 ? ESPOTA_OK : fail(output, errno, "write", err);
}

static mode_t process_umask(void)
{
    mode_t mask = umask(077);

    (void)umask(mask);
    return mask;
}

/*
 * In a folder where everybody may put something (/tmp), a link or a pipe of somebody else may lie
 * in wait for who writes there. This is the rule of Linux's protected_symlinks, which may be off.
 */
static enum espota_status refuse_planted(const char *path, struct espota_error *err)
{
    const mode_t for_all = S_ISVTX | S_IWOTH;
    char *name = espota_file_folder(path);
    struct stat item, folder;
    bool planted = name != NULL && lstat(path, &item) == 0 && stat(name, &folder) == 0 &&
                   (S_ISLNK(item.st_mode) || S_ISFIFO(item.st_mode)) &&
                   (folder.st_mode & for_all) == for_all && item.st_uid != geteuid() &&
                   item.st_uid != folder.st_uid;

    free(name);
    if (!planted)
        return ESPOTA_OK;
    return espota_error_set(err, ESPOTA_E_LOCAL,
                            "%s is a %s of another user in a folder where everybody may write, "
                            "and nothing is written through it",
                            path, S_ISLNK(item.st_mode) ? "link" : "pipe");
}

/* Renaming over /dev/null would do harm, so what is no regular file is written to. */
static enum espota_status open_special(struct espota_output *output, const char *path, mode_t mode,
                                       bool wait, struct espota_error *err)
{
    int target;

    if (S_ISDIR(mode))
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is a directory, a file is wanted", path);
    if (S_ISBLK(mode))
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is a disk, a file is wanted", path);
    target = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | (wait ? 0 : O_NONBLOCK));
    if (target < 0 && errno == ENXIO && S_ISFIFO(mode))
        return espota_error_set(err, ESPOTA_E_LOCAL, "nobody reads from the pipe %s", path);
    return target >= 0 ? open_target(output, target, true, err) : fail(output, errno, "write", err);
}

/*
 * The new file belongs to whom the old one did, as far as this process may: a run under sudo
 * does not take a file away from its user. A group that had to change gets no more than all.
 */
static void keep_owner(struct espota_output *output, const struct stat *old)
{
    struct stat own;

    output->mode = old->st_mode & 07777;
    if (fstat(output->fd, &own) == 0 && own.st_uid == old->st_uid && own.st_gid == old->st_gid)
        return;
    if (fchown(output->fd, old->st_uid, old->st_gid) == 0)
        return;
    output->mode &= 0777u;
    if (fchown(output->fd, (uid_t)-1, old->st_gid) != 0)
        output->mode = (output->mode & 0707u) | ((output->mode & 07u) << 3);
}

static enum espota_status open_regular(struct espota_output *output, const char *path,
                                       const struct stat *old, struct espota_error *err)
{
    enum espota_status status;
    struct stat link;

    if (old != NULL && access(path, W_OK) != 0) /* a rename would not ask */
        return fail(output, errno, "write", err);
    if (old == NULL && lstat(path, &link) == 0)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is a link to a file that is not there",
                                path);
    status = open_place(output, path, err);
    if (status == ESPOTA_OK && old != NULL)
        keep_owner(output, old);
    return status;
}

static enum espota_status open_new(struct espota_output *output, const char *path,
                                   struct espota_error *err)
{
    struct stat info;

    output->exclusive = true;
    if (lstat(path, &info) == 0)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is there already and is not overwritten",
                                path);
    return open_place(output, path, err);
}

static enum espota_status open_over(struct espota_output *output, const char *path, bool wait,
                                    struct espota_error *err)
{
    struct stat info;
    bool present = stat(path, &info) == 0;
    enum espota_status status = refuse_planted(path, err);

    if (status != ESPOTA_OK)
        return status;
    if (present && !S_ISREG(info.st_mode))
        return open_special(output, path, info.st_mode, wait, err);
    return open_regular(output, path, present ? &info : NULL, err);
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
    output->mode = mode & ~(unsigned)process_umask();
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

/* Where there are no hard links: an empty file holds the name, and is renamed over. */
static int place_new_by_rename(const struct espota_output *output)
{
    int fd = open(output->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return -1;
    espota_descriptor_close(&fd);
    if (rename(output->temporary, output->path) == 0)
        return 0;
    fd = errno;
    (void)unlink(output->path);
    errno = fd;
    return -1;
}

static enum espota_status place_new(struct espota_output *output, struct espota_error *err)
{
    int placed;

    if (output->temporary == NULL) {
        placed = espota_output_name(output->fd, output->path);
    } else {
        placed = link(output->temporary, output->path);
        if (placed != 0 && errno != EEXIST)
            placed = place_new_by_rename(output);
    }
    if (placed == 0)
        return ESPOTA_OK;
    if (errno == EEXIST)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is there already and is not overwritten",
                                output->name);
    return fail(output, errno, "write", err);
}

static enum espota_status place_over(struct espota_output *output, struct espota_error *err)
{
    if (output->temporary == NULL && take_name(output, give_name) < 0)
        return fail(output, errno, "write", err);
    if (rename(output->temporary, output->path) != 0)
        return fail(output, errno, "write", err);
    drop_name(output);
    return ESPOTA_OK;
}

/* So that the name, too, survives a loss of power; a system that cannot is not to blame. */
static void sync_folder(const struct espota_output *output)
{
    char *folder = espota_file_folder(output->path);
    int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0)
        (void)fsync(fd);
    espota_descriptor_close(&fd);
    free(folder);
}

bool espota_output_is_stream(const struct espota_output *output)
{
    return output->target >= 0;
}

enum espota_status espota_output_commit(struct espota_output *output, struct espota_error *err)
{
    enum espota_status status;

    if (output->target >= 0)
        status = copy_to_target(output, err);
    else if (fchmod(output->fd, output->mode) != 0 ||
             (fsync(output->fd) != 0 && errno != EINVAL)) /* EINVAL: nothing to sync there */
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
    if (output->temporary != NULL) {
        (void)unlink(output->temporary);
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
