/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syslimits.h>

#include "sys/net.h"

/* The hard limit is "none" there, and yet nothing above OPEN_MAX is taken. */
size_t espota_open_files_limit(size_t wanted)
{
    struct rlimit limit;
    rlim_t old, most;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    old = limit.rlim_cur;
    most = limit.rlim_max < OPEN_MAX ? limit.rlim_max : OPEN_MAX;
    if (old < wanted && old < most) {
        limit.rlim_cur = most < wanted ? most : wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = old;
    }
    return limit.rlim_cur < SIZE_MAX ? (size_t)limit.rlim_cur : SIZE_MAX;
}
