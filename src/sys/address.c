/* SPDX-License-Identifier: MIT */
/* Addresses as values: between text, names, socket addresses and ours. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sockets.h"

enum { SCOPE_ROOM = 16 }; /* as many as IF_NAMESIZE of Linux and macOS */

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const struct espota_address *address)
{
    return address->family == 6 &&
           memcmp(address->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

bool espota_address_is_link_local(const struct espota_address *address)
{
    const uint8_t *b = address->bytes;

    if (address->family == 4)
        return b[0] == 169 && b[1] == 254;
    return address->family == 6 && b[0] == 0xfe && (b[1] & 0xc0) == 0x80;
}

bool espota_address_is_loopback(const struct espota_address *address)
{
    static const uint8_t six[16] = {[15] = 1};

    if (is_mapped(address))
        return address->bytes[sizeof(mapped_prefix)] == 127;
    if (address->family == 4)
        return address->bytes[0] == 127;
    return address->family == 6 && memcmp(address->bytes, six, sizeof(six)) == 0;
}

/* Only these need a scope; the kernel reports one for others now and then. */
static bool needs_scope(const struct espota_address *address)
{
    const uint8_t *b = address->bytes;

    return address->family == 6 &&
           (espota_address_is_link_local(address) || (b[0] == 0xff && (b[1] & 0x0f) == 0x02));
}

bool espota_address_lacks_scope(const struct espota_address *address)
{
    return address->family == 6 && espota_address_is_link_local(address) && address->scope == 0;
}

bool espota_address_is_of_host(const struct espota_address *address, bool loopback)
{
    static const uint8_t zero[10] = {0};
    const uint8_t *b = address->bytes;

    if (espota_address_is_loopback(address))
        return loopback && !is_mapped(address);
    if (address->family == 4)
        return b[0] != 0 && b[0] < 224;
    /* ten zeros: unspecified, or IPv4 in another coat, which no device announces */
    return address->family == 6 && b[0] != 0xff && memcmp(b, zero, sizeof(zero)) != 0;
}

void espota_address_set_scope(struct espota_address *address, uint32_t interface)
{
    if (needs_scope(address))
        address->scope = interface;
}

static void normalize(struct espota_address *address)
{
    if (is_mapped(address)) {
        memmove(address->bytes, address->bytes + sizeof(mapped_prefix), 4);
        memset(address->bytes + 4, 0, 12);
        address->family = 4;
    }
    if (!needs_scope(address))
        address->scope = 0;
}

socklen_t espota_net_to_sockaddr(const struct espota_address *address, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (address->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;

        in->sin_family = AF_INET;
        in->sin_port = htons(address->port);
        memcpy(&in->sin_addr, address->bytes, 4);
        return sizeof(*in);
    }
    if (address->family == 6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(address->port);
        in6->sin6_scope_id = address->scope;
        memcpy(&in6->sin6_addr, address->bytes, 16);
        return sizeof(*in6);
    }
    return 0;
}

void espota_address_from_os(const void *sockaddr, struct espota_address *out)
{
    const struct sockaddr *address = sockaddr;

    *out = (struct espota_address){0};
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, address, sizeof(in));
        out->family = 4;
        out->port = ntohs(in.sin_port);
        memcpy(out->bytes, &in.sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, address, sizeof(in6));
        out->family = 6;
        out->port = ntohs(in6.sin6_port);
        out->scope = in6.sin6_scope_id;
        memcpy(out->bytes, &in6.sin6_addr, 16);
    }
    normalize(out);
}

bool espota_address_equal(const struct espota_address *a, const struct espota_address *b)
{
    struct espota_address x = *a, y = *b;

    normalize(&x);
    normalize(&y);
    if (x.family == 0 || x.family != y.family)
        return false;
    if (x.scope != 0 && y.scope != 0 && x.scope != y.scope)
        return false;
    return memcmp(x.bytes, y.bytes, x.family == 4 ? 4 : 16) == 0;
}

const char *espota_address_format(const struct espota_address *address, bool with_port,
                                  char out[ESPOTA_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN + 1 + SCOPE_ROOM] = "?";
    size_t used;

    if (address->family != 0)
        inet_ntop(address->family == 4 ? AF_INET : AF_INET6, address->bytes, host, sizeof(host));
    if (address->family == 6 && address->scope != 0) {
        used = strlen(host); /* below INET6_ADDRSTRLEN, so that a name always fits */
        host[used] = '%';
        espota_os_scope_name(address->scope, host + used + 1, sizeof(host) - used - 1);
    }
    if (!with_port)
        snprintf(out, ESPOTA_ADDRESS_TEXT, "%s", host);
    else
        snprintf(out, ESPOTA_ADDRESS_TEXT, address->family == 6 ? "[%s]:%u" : "%s:%u", host,
                 (unsigned)address->port);
    return out;
}

/* An interface by name or number; 0: there is none such. */
static uint32_t parse_scope(const char *text)
{
    uint32_t index = espota_os_scope_index(text);
    char *end = NULL;
    unsigned long number;

    if (index != 0)
        return index;
    if (text[0] < '0' || text[0] > '9') /* strtoul would take blanks and signs */
        return 0;
    errno = 0;
    number = strtoul(text, &end, 10);
    return errno == 0 && *end == '\0' && number <= UINT32_MAX ? (uint32_t)number : 0;
}

static bool parse_ipv6(const char *text, struct espota_address *out)
{
    const char *percent = strchr(text, '%');
    size_t length = percent == NULL ? strlen(text) : (size_t)(percent - text);
    char host[INET6_ADDRSTRLEN];

    if (length >= sizeof(host))
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    if (inet_pton(AF_INET6, host, out->bytes) != 1)
        return false;
    out->family = 6;
    if (percent != NULL) {
        out->scope = parse_scope(percent + 1);
        if (out->scope == 0 || !needs_scope(out))
            return false;
    }
    normalize(out);
    return true;
}

bool espota_address_parse(const char *text, struct espota_address *out)
{
    *out = (struct espota_address){0};
    if (inet_pton(AF_INET, text, out->bytes) == 1) {
        out->family = 4;
        return true;
    }
    if (parse_ipv6(text, out))
        return true;
    *out = (struct espota_address){0};
    return false;
}

static enum espota_status not_found(const char *host, int error, struct espota_error *err)
{
    switch (error) {
    case ENOMEM:
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to look up %.255s", host);
    case EAGAIN:
        return espota_error_set(err, ESPOTA_E_NO_ANSWER,
                                "cannot look up %.255s: no name server answered; give the address "
                                "instead, or try again",
                                host);
    case ENOENT:
        return espota_error_set(
            err, ESPOTA_E_NO_ANSWER,
            "no host is known as %.255s; check the spelling or give its address", host);
    default:
        return espota_error_errno(err, ESPOTA_E_NO_ANSWER, error, "cannot look up %.255s", host);
    }
}

enum espota_status espota_address_resolve(const char *host, uint16_t port,
                                          struct espota_address *out, struct espota_error *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *list = NULL;
    int error;

    if (espota_address_parse(host, out)) {
        out->port = port;
        return ESPOTA_OK;
    }
    error = espota_os_look_up(host, &hints, &list);
    if (error != 0)
        return not_found(host, error, err);
    for (const struct addrinfo *a = list; a != NULL && out->family != 4; a = a->ai_next) {
        struct espota_address found;

        espota_address_from_os(a->ai_addr, &found);
        if (found.family == 4 || out->family == 0)
            *out = found;
    }
    freeaddrinfo(list);
    if (out->family == 0)
        return not_found(host, ENOENT, err);
    out->port = port;
    return ESPOTA_OK;
}
