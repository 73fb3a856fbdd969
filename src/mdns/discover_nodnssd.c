/* SPDX-License-Identifier: MIT */
/* Stands in for discover_dnssd.c where the library was not found when this was built. */
#include "mdns/discover.h"

static enum espota_status start(struct espota_discovery *discovery, void **state,
                                struct espota_error *err)
{
    (void)discovery;
    (void)state;
    return espota_error_remedy(err, ESPOTA_E_NO_ANSWER, ESPOTA_REMEDY_ASK_DIRECTLY,
                               "this build cannot use dns_sd (it was built without dns_sd.h)");
}

static void stop(void *state)
{
    (void)state;
}

const struct espota_backend espota_backend_dnssd = {
    .via = ESPOTA_VIA_DNSSD, .word = "dnssd", .start = start, .stop = stop};
