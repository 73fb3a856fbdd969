/* SPDX-License-Identifier: MIT */
/*
 * A server's clients name files. That none outside the folder is opened is the kernel's promise
 * (openat2), not a look at the name before: a link may come to be there in between.
 */
#include "sys/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/platform.h"

enum espota_status espota_folder_open(const char *path, int *folder, struct espota_error *err)
{
    *folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder < 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot open the folder %s", path);
    return ESPOTA_OK;
}

static bool is_link(int folder, const char *name)
{
    struct stat facts;

    return fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(facts.st_mode);
}

/* Component by component, and no link at all: without the kernel's help none can be kept inside. */
static int open_by_parts(int folder, const char *name, int flags)
{
    int at = dup(folder);

    while (at >= 0) {
        const char *slash = strchr(name, '/');
        size_t length = slash != NULL ? (size_t)(slash - name) : strlen(name);
        char part[256];
        int next;

        if (length == 0 || length >= sizeof(part) || strncmp(name, "..", length + 1) == 0 ||
            strncmp(name, "../", 3) == 0) {
            close(at);
            errno = EXDEV;
            return -1;
        }
        memcpy(part, name, length);
        part[length] = '\0';
        next = openat(at, part,
                      (slash != NULL ? O_RDONLY | O_DIRECTORY | O_CLOEXEC : flags) | O_NOFOLLOW);
        if (next < 0 && errno == ENOTDIR)
            errno = is_link(at, part) ? ELOOP : ENOTDIR;
        espota_descriptor_close(&at);
        if (slash == NULL)
            return next;
        at = next;
        name = slash + 1;
    }
    return -1;
}

static int open_below(int folder, const char *name, int flags)
{
    int fd = espota_open_beneath(folder, name, flags);

    /* a container's filter may forbid a call that it does not know */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        fd = open_by_parts(folder, name, flags);
    return fd;
}

static enum espota_status open_failed(const char *name, struct espota_error *err)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        return espota_error_set(err, ESPOTA_E_NO_ANSWER, "there is no file %s", name);
    case EXDEV:
    case ELOOP:
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s leads out of the folder", name);
    default:
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot read %s", name);
    }
}

enum espota_status espota_folder_open_file(int folder, const char *name, int *file,
                                           struct espota_file_key *key, struct espota_error *err)
{
    struct stat facts;

    /* a pipe or a device of that name must not block or act: O_NONBLOCK, and no terminal */
    *file = open_below(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*file < 0)
        return open_failed(name, err);
    if (fstat(*file, &facts) == 0 && S_ISREG(facts.st_mode)) {
        espota_file_key_from(&facts, key);
        return ESPOTA_OK;
    }
    espota_descriptor_close(file);
    return espota_error_set(err, ESPOTA_E_NO_ANSWER, "%s is no file", name);
}

enum espota_status espota_folder_list(int folder, const char *below,
                                      bool (*each)(void *context, const char *name), void *context,
                                      struct espota_error *err)
{
    int fd = open_below(folder, below[0] != '\0' ? below : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (listing == NULL) {
        enum espota_status status = open_failed(below, err);

        espota_descriptor_close(&fd);
        return status;
    }
    while ((entry = readdir(listing)) != NULL)
        if (!each(context, entry->d_name))
            break;
    closedir(listing);
    return ESPOTA_OK;
}

enum espota_status espota_file_map_copy(int file, size_t size, const void **out,
                                        struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;
    size_t got, more;
    char behind;
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    *out = NULL;
    if (bytes == MAP_FAILED)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot make a copy of the file");
    if (!espota_descriptor_read_at(file, 0, bytes, size, &got) ||
        !espota_descriptor_read_at(file, size, &behind, 1, &more))
        status = espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot read the file");
    else if (got != size || more != 0)
        status = espota_error_set(err, ESPOTA_E_BROKEN, "the file changes while it is read");
    if (status != ESPOTA_OK) {
        munmap(bytes, size);
        return status;
    }
    (void)mprotect(bytes, size, PROT_READ);
    *out = bytes;
    return ESPOTA_OK;
}

void espota_file_unmap(const void *bytes, size_t size)
{
    munmap((void *)(uintptr_t)bytes, size);
}
