/* SPDX-License-Identifier: MIT */
#include "port/posix/endpoint.h"

#include <stdio.h>
#include <string.h>

#include "text/text.h"

enum espota_status stub_endpoint_parse(const char *text, struct espota_address *out,
                                       struct espota_error *err)
{
    struct espota_host host;
    size_t length = strlen(text);
    bool any = length > 2 && strcmp(text + length - 2, ":0") == 0;
    char name[ESPOTA_HOST_MAX + 1];

    snprintf(name, sizeof(name), "%.*s", (int)(any && length < sizeof(name) ? length - 2 : length),
             text); /* length > 2 where it is used */
    if (espota_host_parse(name, &host, err) != ESPOTA_OK)
        return err->status;
    if (!espota_address_parse(host.name, out) || (host.port == 0 && !any))
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s' must be ADDRESS:PORT in numbers", text);
    out->port = host.port;
    return ESPOTA_OK;
}
