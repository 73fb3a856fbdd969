/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sys/firewall.h"

bool espota_program_firewall(const struct espota_address *local,
                             struct espota_program_firewall *out)
{
    (void)local;
    memset(out, 0, sizeof(*out));
    return false;
}

bool espota_program_firewall_rules(void (*each)(void *context, const char *rule), void *context)
{
    (void)each;
    (void)context;
    return false;
}
