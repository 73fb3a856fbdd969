/* SPDX-License-Identifier: MIT */
/*
 * How people write hosts, which is no grammar of anybody's: an IPv6 address may stand without
 * brackets, and then has no port.
 */
#include <stdio.h>
#include <string.h>

#include "sys/sys.h"
#include "text/text.h"
#include "wire/wire.h"

enum espota_status espota_port_parse(const char *text, uint16_t *port, struct espota_error *err)
{
    uint32_t value;

    if (!espota_decimal_parse(text, strlen(text), 65535, &value) || value == 0) {
        char shown[64];

        espota_text_printable(text, strlen(text), shown, sizeof(shown));
        return espota_error_set(err, ESPOTA_E_USAGE, "the port must be 1 to 65535, not '%s'",
                                shown);
    }
    *port = (uint16_t)value;
    return ESPOTA_OK;
}

static enum espota_status copy_name(struct espota_host *out, const char *name, size_t length,
                                    struct espota_error *err)
{
    if (length == 0)
        return espota_error_set(err, ESPOTA_E_USAGE, "the host is missing");
    if (length > ESPOTA_HOST_MAX)
        return espota_error_set(err, ESPOTA_E_USAGE, "a host name has at most %d characters",
                                ESPOTA_HOST_MAX);
    memcpy(out->name, name, length);
    out->name[length] = '\0';
    return ESPOTA_OK;
}

/* What would drive a terminal, or end up in a resolver, is refused before anybody prints it. */
static enum espota_status check_characters(const char *text, struct espota_error *err)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at <= ' ' || *at == 0x7f)
            return espota_error_set(err, ESPOTA_E_USAGE,
                                    "a host holds no blanks and no control characters");
    }
    return ESPOTA_OK;
}

static enum espota_status parse_bracketed(const char *text, struct espota_host *out,
                                          struct espota_error *err)
{
    const char *end = strchr(text, ']');
    enum espota_status status;

    if (end == NULL)
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s': the ']' is missing", text);
    status = copy_name(out, text + 1, (size_t)(end - text - 1), err); /* end is behind the [ */
    if (status != ESPOTA_OK || end[1] == '\0')
        return status;
    if (end[1] != ':')
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s': only :PORT may follow the ']'", text);
    return espota_port_parse(end + 2, &out->port, err);
}

enum espota_status espota_host_parse(const char *text, struct espota_host *out,
                                     struct espota_error *err)
{
    enum espota_status status = check_characters(text, err);
    const char *colon = strchr(text, ':');

    out->port = 0;
    if (status != ESPOTA_OK)
        return status;
    if (strstr(text, "://") != NULL) /* which may hold a password: it is not shown */
        return espota_error_set(err, ESPOTA_E_USAGE, "this is a URL; give HOST or HOST:PORT");
    if (strpbrk(text, "@/") != NULL)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "a host holds no '@' and no '/': a password has a file or a "
                                "variable of its own, and a path belongs to http://");
    if (text[0] == '[')
        return parse_bracketed(text, out, err);
    if (colon == NULL || strchr(colon + 1, ':') != NULL) /* none, or an IPv6 address without port */
        return copy_name(out, text, strlen(text), err);
    status = copy_name(out, text, (size_t)(colon - text), err);
    return status != ESPOTA_OK ? status : espota_port_parse(colon + 1, &out->port, err);
}

enum espota_status espota_endpoint_parse(const char *text, struct espota_address *out,
                                         struct espota_error *err)
{
    struct espota_host host;
    size_t length = strlen(text);
    bool any = length > 2 && strcmp(text + length - 2, ":0") == 0;
    char name[ESPOTA_HOST_MAX + 1];
    enum espota_status status;

    snprintf(name, sizeof(name), "%.*s", (int)(any && length < sizeof(name) ? length - 2 : length),
             text); /* length > 2 where it is used */
    status = espota_host_parse(name, &host, err);
    if (status != ESPOTA_OK)
        return status;
    if (!espota_address_parse(host.name, out) || (host.port == 0 && !any))
        return ESPOTA_BAD;
    out->port = host.port;
    return ESPOTA_OK;
}
