/* SPDX-License-Identifier: MIT */
#include "espota/version.h"

/* Both are given by the build. */

const char *espota_version(void)
{
    return ESPOTA_VERSION;
}

const char *espota_version_libraries(void)
{
    return ESPOTA_LIBRARIES;
}
