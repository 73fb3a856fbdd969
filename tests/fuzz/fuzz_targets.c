/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "fleet/fleet.h"
#include "fuzz.h"
#include "text/text.h"

static enum espota_status look(void *context, const struct espota_target_line *line,
                               struct espota_error *err)
{
    struct espota_host host;

    (void)context;
    (void)err;
    /* what the line's parser let through must be a host, or a URL, which others look at */
    FUZZ_CHECK(strstr(line->target.host, "://") != NULL ||
               espota_host_parse(line->target.host, &host, NULL) == ESPOTA_OK);
    return ESPOTA_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct espota_error err = ESPOTA_ERROR_INIT;

    if (espota_targets_parse((const char *)data, size, "fleet", look, NULL, &err) != ESPOTA_OK)
        FUZZ_CHECK(err.message[0] != '\0');
    return 0;
}
