/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/folder_platform.h"

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

int espota_open_nameless(void)
{
    return memfd_create("espota-image", MFD_CLOEXEC);
}
