/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/file_platform.h"
#include "sys/platform.h"

bool espota_output_is_named(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

char *espota_output_real(const char *path)
{
    struct stat info;
    char *real = NULL;

    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode))
        real = realpath(path, NULL);
    return real != NULL ? real : strdup(path);
}

/*
 * In a folder where everybody may put something (/tmp), a link or a pipe of somebody else may lie
 * in wait for who writes there. This is the rule of Linux's protected_symlinks, which may be off.
 */
enum espota_status espota_output_refuse_planted(const char *path, struct espota_error *err)
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

bool espota_output_may_write(const char *path)
{
    return access(path, W_OK) == 0;
}

int espota_output_open_special(const char *path, bool wait)
{
    return open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | (wait ? 0 : O_NONBLOCK));
}

int espota_output_scratch(void)
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

/* Private whatever it will be: its mode is set when it is whole. */
int espota_output_create_named(const char *name, const char *place, unsigned mode)
{
    (void)place;
    (void)mode;
    return open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

unsigned espota_output_new_mode(unsigned mode)
{
    mode_t mask = umask(077);

    (void)umask(mask);
    return mode & ~(unsigned)mask;
}

/*
 * As far as this process may: a run under sudo does not take a file away from its user. A group
 * that had to change gets no more than all.
 */
unsigned espota_output_keep_owner(int fd, const char *place)
{
    struct stat old, own;
    unsigned mode;

    if (stat(place, &old) != 0)
        return 0600; /* it has just gone */
    mode = old.st_mode & 07777;
    if (fstat(fd, &own) == 0 && own.st_uid == old.st_uid && own.st_gid == old.st_gid)
        return mode;
    if (fchown(fd, old.st_uid, old.st_gid) == 0)
        return mode;
    mode &= 0777u;
    if (fchown(fd, (uid_t)-1, old.st_gid) != 0)
        mode = (mode & 0707u) | ((mode & 07u) << 3);
    return mode;
}

bool espota_output_settle(int fd, unsigned mode)
{
    if (fchmod(fd, (mode_t)mode) != 0)
        return false;
    return espota_platform_sync(fd) == 0 || errno == EINVAL; /* nothing to sync there */
}

bool espota_output_rename(int fd, const char *temporary, const char *path)
{
    (void)fd;
    return rename(temporary, path) == 0;
}

/* Where there are no hard links: an empty file holds the name, and is renamed over. */
static bool rename_over_empty(const char *temporary, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return false;
    espota_descriptor_close(&fd);
    if (rename(temporary, path) == 0)
        return true;
    fd = errno;
    (void)unlink(path);
    errno = fd;
    return false;
}

bool espota_output_rename_new(int fd, const char *temporary, const char *path)
{
    (void)fd;
    return link(temporary, path) == 0 || (errno != EEXIST && rename_over_empty(temporary, path));
}

/* So that the name, too, survives a loss of power; a system that cannot is not to blame. */
void espota_output_sync_folder(const char *path)
{
    char *folder = espota_file_folder(path);
    int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0)
        (void)fsync(fd);
    espota_descriptor_close(&fd);
    free(folder);
}
