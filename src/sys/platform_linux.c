/* SPDX-License-Identifier: MIT */
/* What Linux has beyond POSIX: files without a name, bounds below a folder. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/platform.h"

int espota_output_nameless(const char *folder)
{
    /* Without /proc it could never get its name. */
    if (access("/proc/self/fd", X_OK) != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int espota_output_name(int fd, const char *name)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

/* Links that stay inside are fine: a deployment often is one ("current"). */
int espota_open_beneath(int folder, const char *name, int flags)
{
    struct open_how how = {.flags = (unsigned)flags,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd = -1;

    for (int i = 0; i < 16; i++) {
        fd = syscall(SYS_openat2, folder, name, &how, sizeof(how));
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) /* a rename raced with the look-up */
            break;
    }
    return (int)fd;
}

int espota_platform_sync(int fd)
{
    return fsync(fd);
}
