/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <sys/resource.h>

#include "sys/net.h"

size_t espota_open_files_limit(size_t wanted)
{
    struct rlimit limit;
    rlim_t old;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    old = limit.rlim_cur;
    if (old < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = old;
    }
    return limit.rlim_cur < SIZE_MAX ? (size_t)limit.rlim_cur : SIZE_MAX;
}
