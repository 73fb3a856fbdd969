/* SPDX-License-Identifier: MIT */
/*
 * Windows Defender Firewall, read where everybody may read: its switches and rules are in the
 * registry, and what a network counts as is told by the Network List Manager. The words of netsh
 * are translated and cannot be read; its own interface needs rights that a user may not have.
 */
/* first: COM makes a macro of a word that these use as a name */
#include "sys/firewall.h"
#include "sys/multicast.h"

#define COBJMACROS
#include <winsock2.h>

#include <windows.h>

#include <iphlpapi.h>
#include <netlistmgr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RULE_ROOM = 32768, NAME_ROOM = 512, VALUE_NAME_ROOM = 16384 };

#define LOCAL_RULES                                                                                \
    "SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\"
#define GROUP_POLICY "SOFTWARE\\Policies\\Microsoft\\WindowsFirewall\\"

/* What a company's policy says goes before what is set on the machine. */
static const char *const roots[] = {GROUP_POLICY, LOCAL_RULES};
enum { ROOTS = sizeof(roots) / sizeof(roots[0]) };

static bool number_at(const char *root, const char *profile, const char *name, DWORD *out)
{
    char path[NAME_ROOM];
    DWORD size = sizeof(*out);

    snprintf(path, sizeof(path), "%s%s", root, profile);
    return RegGetValueA(HKEY_LOCAL_MACHINE, path, name, RRF_RT_REG_DWORD, NULL, out, &size) ==
           ERROR_SUCCESS;
}

/* The first of both that says something; false: neither does. */
static bool setting(const char *profile, const char *name, DWORD *out)
{
    for (size_t i = 0; i < ROOTS; i++)
        if (number_at(roots[i], profile, name, out))
            return true;
    return false;
}

static void read_switches(struct espota_program_firewall *out)
{
    /* "standard" is what private networks were called first */
    static const char *const profiles[ESPOTA_NETWORK_KINDS] = {NULL, "PublicProfile",
                                                               "StandardProfile", "DomainProfile"};
    DWORD value;

    for (int kind = ESPOTA_NETWORK_PUBLIC; kind < ESPOTA_NETWORK_KINDS; kind++) {
        if (!setting(profiles[kind], "EnableFirewall", &value))
            continue;
        out->readable = true;
        out->off[kind] =
            value == 0 || (setting(profiles[kind], "DefaultInboundAction", &value) && value == 0);
    }
    out->off[ESPOTA_NETWORK_UNKNOWN] = out->off[ESPOTA_NETWORK_PUBLIC] &&
                                       out->off[ESPOTA_NETWORK_PRIVATE] &&
                                       out->off[ESPOTA_NETWORK_DOMAIN];
}

/* The adapter that has the address. */
static bool adapter_of(const struct espota_address *local, GUID *out)
{
    struct espota_interface *list;
    size_t count;
    NET_LUID luid;
    bool found = false;

    if (espota_interfaces(&list, &count, NULL) != ESPOTA_OK)
        return false;
    for (size_t i = 0; i < count && !found; i++)
        found = espota_interface_has(&list[i], local) &&
                ConvertInterfaceIndexToLuid(list[i].index, &luid) == NO_ERROR &&
                ConvertInterfaceLuidToGuid(&luid, out) == NO_ERROR;
    free(list);
    return found;
}

static enum espota_network_kind kind_of(INetworkConnection *connection)
{
    INetwork *network = NULL;
    NLM_NETWORK_CATEGORY category;
    enum espota_network_kind kind = ESPOTA_NETWORK_UNKNOWN;

    if (FAILED(INetworkConnection_GetNetwork(connection, &network)))
        return kind;
    if (SUCCEEDED(INetwork_GetCategory(network, &category)))
        kind = category == NLM_NETWORK_CATEGORY_PUBLIC                 ? ESPOTA_NETWORK_PUBLIC
               : category == NLM_NETWORK_CATEGORY_PRIVATE              ? ESPOTA_NETWORK_PRIVATE
               : category == NLM_NETWORK_CATEGORY_DOMAIN_AUTHENTICATED ? ESPOTA_NETWORK_DOMAIN
                                                                       : ESPOTA_NETWORK_UNKNOWN;
    INetwork_Release(network);
    return kind;
}

static enum espota_network_kind kind_among(INetworkListManager *manager, const GUID *adapter)
{
    IEnumNetworkConnections *list = NULL;
    INetworkConnection *connection = NULL;
    enum espota_network_kind kind = ESPOTA_NETWORK_UNKNOWN;

    if (FAILED(INetworkListManager_GetNetworkConnections(manager, &list)))
        return kind;
    while (kind == ESPOTA_NETWORK_UNKNOWN &&
           IEnumNetworkConnections_Next(list, 1, &connection, NULL) == S_OK) {
        GUID own;

        if (SUCCEEDED(INetworkConnection_GetAdapterId(connection, &own)) &&
            IsEqualGUID(&own, adapter))
            kind = kind_of(connection);
        INetworkConnection_Release(connection);
    }
    IEnumNetworkConnections_Release(list);
    return kind;
}

static enum espota_network_kind network_of(const struct espota_address *local)
{
    INetworkListManager *manager = NULL;
    enum espota_network_kind kind = ESPOTA_NETWORK_UNKNOWN;
    GUID adapter;
    HRESULT begun;

    if (local->family == 0 || !adapter_of(local, &adapter))
        return kind;
    begun = CoInitializeEx(NULL, COINIT_MULTITHREADED);
    if (SUCCEEDED(CoCreateInstance(&CLSID_NetworkListManager, NULL, CLSCTX_ALL,
                                   &IID_INetworkListManager, (void **)&manager))) {
        kind = kind_among(manager, &adapter);
        INetworkListManager_Release(manager);
    }
    if (SUCCEEDED(begun))
        CoUninitialize();
    return kind;
}

bool espota_program_firewall(const struct espota_address *local,
                             struct espota_program_firewall *out)
{
    memset(out, 0, sizeof(*out));
    read_switches(out);
    out->network = network_of(local);
    return true;
}

struct rule_rooms {
    WCHAR name[VALUE_NAME_ROOM];
    WCHAR kept[RULE_ROOM];
    WCHAR expanded[RULE_ROOM];
    char rule[RULE_ROOM * 3];
};

static void give_rules(HKEY key, struct rule_rooms *rooms,
                       void (*each)(void *context, const char *rule), void *context)
{
    for (DWORD i = 0;; i++) {
        DWORD name_size = VALUE_NAME_ROOM;
        DWORD size = sizeof(rooms->kept) - sizeof(WCHAR);
        DWORD type, expanded;
        LSTATUS result =
            RegEnumValueW(key, i, rooms->name, &name_size, NULL, &type, (BYTE *)rooms->kept, &size);

        if (result == ERROR_MORE_DATA)
            continue; /* longer than any rule is */
        if (result != ERROR_SUCCESS)
            return;
        rooms->kept[size / sizeof(WCHAR)] = L'\0'; /* size is less than its room */
        expanded = ExpandEnvironmentStringsW(rooms->kept, rooms->expanded, RULE_ROOM);
        if (type == REG_SZ && expanded > 0 && expanded <= RULE_ROOM &&
            WideCharToMultiByte(CP_UTF8, 0, rooms->expanded, -1, rooms->rule, sizeof(rooms->rule),
                                NULL, NULL) > 0)
            each(context, rooms->rule);
    }
}

bool espota_program_firewall_rules(void (*each)(void *context, const char *rule), void *context)
{
    struct rule_rooms *rooms = malloc(sizeof(*rooms));
    bool readable = false;

    for (size_t i = 0; i < ROOTS && rooms != NULL; i++) {
        char path[NAME_ROOM];
        HKEY key;

        snprintf(path, sizeof(path), "%sFirewallRules", roots[i]);
        if (RegOpenKeyExA(HKEY_LOCAL_MACHINE, path, 0, KEY_READ, &key) != ERROR_SUCCESS)
            continue;
        readable = true;
        give_rules(key, rooms, each, context);
        RegCloseKey(key);
    }
    free(rooms);
    return readable;
}
