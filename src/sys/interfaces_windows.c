/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "sys/multicast.h"
#include "sys/sockets.h"

/* The list grows between two calls if an adapter comes in between. */
enum { LIST_TRIES = 5, LIST_ROOM = 16384 };

/* *out is to be freed; the system's error. */
static ULONG list_adapters(IP_ADAPTER_ADDRESSES **out)
{
    const ULONG flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
    ULONG room = LIST_ROOM;
    ULONG error = ERROR_BUFFER_OVERFLOW;

    *out = NULL;
    for (int i = 0; i < LIST_TRIES && error == ERROR_BUFFER_OVERFLOW; i++) {
        free(*out);
        *out = malloc(room);
        if (*out == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
        error = GetAdaptersAddresses(AF_UNSPEC, flags, NULL, *out, &room);
    }
    return error;
}

/* What people see in the system's settings ("Wi-Fi"), cut where a letter ends. */
static void name_of(const IP_ADAPTER_ADDRESSES *adapter, char *out, size_t room)
{
    int length = WideCharToMultiByte(CP_UTF8, 0, adapter->FriendlyName, -1, NULL, 0, NULL, NULL);
    char *all = length > 0 ? malloc((size_t)length) : NULL;
    size_t end;

    out[0] = '\0';
    if (all == NULL)
        return;
    (void)WideCharToMultiByte(CP_UTF8, 0, adapter->FriendlyName, -1, all, length, NULL, NULL);
    end = strlen(all);
    if (end >= room)
        for (end = room - 1; end > 0 && ((unsigned char)all[end] & 0xc0) == 0x80;)
            end--;
    memcpy(out, all, end);
    out[end] = '\0';
    free(all);
}

static void describe(const IP_ADAPTER_ADDRESSES *adapter, struct espota_interface *out)
{
    memset(out, 0, sizeof(*out));
    /* one of the two is 0 where it has no such addresses; else they are alike */
    out->index = adapter->IfIndex != 0 ? adapter->IfIndex : adapter->Ipv6IfIndex;
    name_of(adapter, out->name, sizeof(out->name));
    out->loopback = adapter->IfType == IF_TYPE_SOFTWARE_LOOPBACK;
    out->multicast = (adapter->Flags & IP_ADAPTER_NO_MULTICAST) == 0 || out->loopback;
    for (const IP_ADAPTER_UNICAST_ADDRESS *a = adapter->FirstUnicastAddress;
         a != NULL && out->count < ESPOTA_INTERFACE_ADDRESSES; a = a->Next) {
        struct espota_address address;

        espota_address_from_os(a->Address.lpSockaddr, &address);
        if (address.family == 0 || a->DadState == IpDadStateInvalid ||
            a->DadState == IpDadStateDuplicate)
            continue;
        out->addresses[out->count].address = address;
        out->addresses[out->count++].prefix = a->OnLinkPrefixLength;
    }
}

enum espota_status espota_interfaces(struct espota_interface **out, size_t *count,
                                     struct espota_error *err)
{
    IP_ADAPTER_ADDRESSES *list;
    ULONG error = list_adapters(&list);
    size_t most = 0;

    *out = NULL;
    *count = 0;
    for (const IP_ADAPTER_ADDRESSES *a = list; error == NO_ERROR && a != NULL; a = a->Next)
        most++;
    if (most > 0)
        *out = calloc(most, sizeof(**out));
    if (error == ERROR_NOT_ENOUGH_MEMORY || (most > 0 && *out == NULL)) {
        free(list);
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to list the interfaces");
    }
    for (const IP_ADAPTER_ADDRESSES *a = list; *out != NULL && a != NULL; a = a->Next) {
        if (a->OperStatus != IfOperStatusUp)
            continue;
        describe(a, &(*out)[*count]);
        if ((*out)[*count].count > 0)
            ++*count;
    }
    free(list);
    if (error == NO_ERROR || error == ERROR_NO_DATA)
        return ESPOTA_OK;
    return espota_error_errno(err, ESPOTA_E_LOCAL, -(int)error,
                              "cannot list the network interfaces");
}
