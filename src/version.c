/* SPDX-License-Identifier: MIT */
#include "espota/version.h"

/* All is given by the build. */

const char *espota_version(void)
{
    return ESPOTA_VERSION;
}

const char *espota_version_libraries(void)
{
    return ESPOTA_LIBRARIES;
}

const char *espota_version_build(void)
{
    return ESPOTA_BUILT;
}

const char *espota_version_loaded(void)
{
    return ESPOTA_LOADED;
}

const char *espota_version_features(void)
{
    return ESPOTA_FEATURES;
}

const char *espota_version_left_out(void)
{
    return ESPOTA_LEFT_OUT;
}
