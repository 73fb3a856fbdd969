/* SPDX-License-Identifier: MIT */
/* Stands in for discover_avahi.c where the library was not found when this was built. */
#include "mdns/discover.h"

static enum espota_status start(struct espota_discovery *discovery, void **state,
                                struct espota_error *err)
{
    (void)discovery;
    (void)state;
    return espota_error_remedy(
        err, ESPOTA_E_NO_ANSWER, ESPOTA_REMEDY_ASK_DIRECTLY,
        "this build cannot speak to Avahi (it was built without libavahi-client)");
}

static void stop(void *state)
{
    (void)state;
}

const struct espota_backend espota_backend_avahi = {
    .via = ESPOTA_VIA_AVAHI, .word = "avahi", .start = start, .stop = stop};
