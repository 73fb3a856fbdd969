/* SPDX-License-Identifier: MIT */
#include "send/diagnose.h"

#include "text/text.h"

/* As netsh calls them. */
static const char *const profile_names[ESPOTA_NETWORK_KINDS] = {"any", "public", "private",
                                                                "domain"};

static const char *plain(const struct espota_address *address, char text[ESPOTA_ADDRESS_TEXT])
{
    return espota_address_format(address, false, text);
}

void espota_diagnosis_command(enum espota_firewall_kind kind,
                              const struct espota_firewall *firewall,
                              const struct espota_address *from, uint16_t port, char *out,
                              size_t room)
{
    struct espota_builder to;
    struct espota_address host = *from;
    char text[ESPOTA_ADDRESS_TEXT];
    bool six = from->family == 6;

    host.scope = 0; /* rules know no zones */
    plain(&host, text);
    espota_builder_init(&to, out, room);
    switch (kind) {
    case ESPOTA_FIREWALL_UFW:
        espota_builder_add(&to, "ufw allow proto tcp from %s to any port %u", text, port);
        break;
    case ESPOTA_FIREWALL_FIREWALLD:
        espota_builder_add(&to,
                           "firewall-cmd --add-rich-rule='rule family=%s source address=%s "
                           "port port=%u protocol=tcp accept'",
                           six ? "ipv6" : "ipv4", text, port);
        break;
    case ESPOTA_FIREWALL_IPTABLES:
        espota_builder_add(&to, "%s -I INPUT -p tcp -s %s --dport %u -j ACCEPT",
                           six ? "ip6tables" : "iptables", text, port);
        break;
    case ESPOTA_FIREWALL_NFT:
        espota_builder_add(&to, "nft insert rule %s %s %s %s saddr %s tcp dport %u accept",
                           firewall->nft_family, firewall->nft_table, firewall->nft_chain,
                           six ? "ip6" : "ip", text, port);
        break;
    case ESPOTA_FIREWALL_WINDOWS: /* no port: see add_program_command */
    case ESPOTA_FIREWALL_MACOS:   /* see add_macos */
    case ESPOTA_FIREWALL_COUNT:
        break;
    }
}

static void add_told(struct espota_builder *to, const struct espota_diagnosis *d)
{
    struct espota_address told = d->local;
    char text[ESPOTA_ADDRESS_TEXT];

    if (told.family == 0) {
        espota_builder_add(to, " It was told port %u at the address that invited it.", d->port);
        return;
    }
    told.port = d->port;
    espota_builder_add(to, " It was told %s", espota_address_format(&told, true, text));
    if (d->interface_name[0] != '\0')
        espota_builder_add(to, ", this machine's address on %s (%s)", d->interface_name,
                           d->local_fixed ? "the one that was asked for"
                                          : "the interface that leads to it");
    espota_builder_add(to, ".");
}

static void add_size(struct espota_builder *to, const struct espota_diagnosis *d)
{
    if (d->size > 0)
        espota_builder_add(to,
                           " An ESP32 says OK and nothing more where the partition that the image "
                           "is for is missing or smaller than its %u bytes.",
                           d->size);
}

static void add_subnet(struct espota_builder *to, const struct espota_diagnosis *d,
                       struct espota_remedy *remedy)
{
    char text[ESPOTA_ADDRESS_TEXT];

    if (d->local.family == 0 || espota_address_is_loopback(&d->device))
        return;
    if (d->same_subnet) {
        espota_builder_add(to, " Both are in one subnet.");
        return;
    }
    espota_builder_add(to,
                       " %s is in another subnet: whatever stands between (a router, VPN, NAT, "
                       "container) must let it connect back; if it sees this machine under "
                       "another address, run where it does not.",
                       plain(&d->device, text));
    remedy->ways |= ESPOTA_REMEDY_NAME_PEER;
}

static void add_command(struct espota_builder *to, const struct espota_diagnosis *d,
                        enum espota_firewall_kind kind)
{
    char command[256];

    espota_diagnosis_command(kind, d->firewall, &d->from, d->port, command, sizeof(command));
    espota_builder_add(to, " The firewall of this machine is active (%s); to let the device in: ",
                       espota_firewall_name(kind));
    espota_builder_add(to, "sudo %s.", command);
}

static const char *look_command(enum espota_firewall_kind kind)
{
    static const char *const commands[] = {
        "ufw status", "firewall-cmd --list-all", "iptables -S INPUT", "nft list ruleset", "", ""};

    return commands[kind];
}

/* "on this network, whose profile is public" */
static void add_network(struct espota_builder *to, enum espota_network_kind network)
{
    if (network == ESPOTA_NETWORK_UNKNOWN)
        espota_builder_add(to, "on this network (whether its profile is public or private cannot "
                               "be told)");
    else
        espota_builder_add(to, "on this network, whose profile is %s", profile_names[network]);
}

static void add_program_command(struct espota_builder *to, const struct espota_firewall *firewall)
{
    const char *program = firewall->program[0] != '\0' ? firewall->program : "espota-c.exe";

    if (firewall->denied)
        espota_builder_add(to,
                           "netsh advfirewall firewall delete rule name=all dir=in "
                           "program=\"%s\" and then: ",
                           program);
    espota_builder_add(to,
                       "netsh advfirewall firewall add rule name=\"espota-c\" dir=in action=allow "
                       "program=\"%s\" enable=yes profile=%s",
                       program, profile_names[firewall->network]);
}

/* " A rule of the firewall keeps the program out": how it stands; the sentence is not ended. */
static void add_stand(struct espota_builder *to, const struct espota_firewall *firewall,
                      enum espota_firewall_kind kind)
{
    enum espota_firewall_state state = firewall->states[kind];
    const char *program = firewall->program[0] != '\0' ? firewall->program : "this program";

    espota_builder_add(to,
                       state == ESPOTA_FIREWALL_PASSES       ? " %s lets %s in"
                       : state == ESPOTA_FIREWALL_UNREADABLE ? " It may be that %s keeps %s out"
                       : firewall->denied                    ? " A rule of %s keeps %s out"
                                                             : " %s has no rule that lets %s in",
                       espota_firewall_name(kind), program);
}

static const char look_elsewhere[] = ": look at other security software and at the network (guest "
                                     "Wi-Fi, client isolation, VLAN).";

/* One that lets programs in, not ports; false: this machine has none that is on. */
static bool add_program_firewall(struct espota_builder *to, const struct espota_firewall *firewall)
{
    enum espota_firewall_state state = firewall->states[ESPOTA_FIREWALL_WINDOWS];

    if (state == ESPOTA_FIREWALL_ABSENT)
        return false;
    add_stand(to, firewall, ESPOTA_FIREWALL_WINDOWS);
    espota_builder_add(to, " ");
    add_network(to, firewall->network);
    if (state == ESPOTA_FIREWALL_PASSES) {
        espota_builder_add(to, "%s", look_elsewhere);
        return true;
    }
    if (firewall->network == ESPOTA_NETWORK_PUBLIC)
        espota_builder_add(to, " (if it is your own, better make it private in Windows's settings "
                               "and say profile=private)");
    espota_builder_add(to, ". To let it in, as administrator: ");
    add_program_command(to, firewall);
    espota_builder_add(to, ".");
    return true;
}

/* The same of macOS's. What it has no rule for it asks about, or lets in if it is signed. */
static bool add_macos(struct espota_builder *to, const struct espota_firewall *firewall)
{
    static const char tool[] = "sudo /usr/libexec/ApplicationFirewall/socketfilterfw";
    enum espota_firewall_state state = firewall->states[ESPOTA_FIREWALL_MACOS];

    if (state == ESPOTA_FIREWALL_ABSENT)
        return false;
    if (firewall->denies_all) {
        espota_builder_add(to,
                           " %s blocks all incoming connections: switch that off in System "
                           "Settings > Network > Firewall > Options.",
                           espota_firewall_name(ESPOTA_FIREWALL_MACOS));
        return true;
    }
    add_stand(to, firewall, ESPOTA_FIREWALL_MACOS);
    if (state == ESPOTA_FIREWALL_PASSES) {
        espota_builder_add(to, "%s", look_elsewhere);
        return true;
    }
    espota_builder_add(to, ". To let it in: ");
    if (firewall->program[0] != '\0')
        espota_builder_add(to, "%s --add \"%s\" && %s --unblockapp \"%s\", or in", tool,
                           firewall->program, tool, firewall->program);
    else
        espota_builder_add(to, "see");
    espota_builder_add(to, " System Settings > Network > Firewall > Options.");
    return true;
}

/* Whether the port is to be opened. */
static bool add_firewall(struct espota_builder *to, const struct espota_diagnosis *d)
{
    bool unreadable = false;

    if (d->firewall == NULL || espota_address_is_loopback(&d->from) ||
        add_program_firewall(to, d->firewall) || add_macos(to, d->firewall))
        return false;
    for (int kind = 0; kind < ESPOTA_FIREWALL_COUNT; kind++) {
        if (d->firewall->states[kind] == ESPOTA_FIREWALL_ACTIVE) {
            add_command(to, d, (enum espota_firewall_kind)kind);
            return true; /* the others are its tools */
        }
    }
    for (int kind = 0; kind < ESPOTA_FIREWALL_COUNT; kind++) {
        if (d->firewall->states[kind] != ESPOTA_FIREWALL_UNREADABLE)
            continue;
        espota_builder_add(to, "%s %s (sudo %s)",
                           unreadable ? ","
                                      : " Only root can see whether a firewall of this "
                                        "machine keeps it out:",
                           espota_firewall_name((enum espota_firewall_kind)kind),
                           look_command((enum espota_firewall_kind)kind));
        unreadable = true;
    }
    if (unreadable)
        espota_builder_add(to, "; open TCP port %u there.", d->port);
    else
        espota_builder_add(to, " No firewall was found on this machine: look at the network (guest "
                               "Wi-Fi, client isolation, VLAN).");
    return unreadable;
}

void espota_diagnosis_callback(const struct espota_diagnosis *d, char *out, size_t room,
                               struct espota_remedy *remedy)
{
    struct espota_builder to;

    espota_builder_init(&to, out, room);
    add_size(&to, d);
    add_told(&to, d);
    add_subnet(&to, d, remedy);
    if (add_firewall(&to, d) && !d->port_fixed) {
        remedy->ways |= ESPOTA_REMEDY_FIX_PORT;
        remedy->host_port = d->port;
    }
}

void espota_diagnosis_route(const struct espota_diagnosis *d, char *out, size_t room)
{
    struct espota_builder to;
    char text[ESPOTA_ADDRESS_TEXT];

    espota_builder_init(&to, out, room);
    if (d->local.family == 0 || d->interface_name[0] == '\0' ||
        espota_address_is_loopback(&d->device))
        return;
    espota_builder_add(&to, " The invitations left from %s over %s; %s.", plain(&d->local, text),
                       d->interface_name,
                       d->same_subnet ? "the device's address is in that subnet"
                                      : "the device's address is in another subnet");
}
