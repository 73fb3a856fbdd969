/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "send/diagnose.h"

struct row {
    const char *name;
    const char *device, *local; /* addresses */
    const char *interface_name;
    bool same_subnet, port_fixed, local_fixed;
    enum espota_firewall_state states[ESPOTA_FIREWALL_COUNT];
    const char *parts[5]; /* what must be said */
    const char *never[3]; /* and what not */
};

#define ACTIVE ESPOTA_FIREWALL_ACTIVE
#define UNREADABLE ESPOTA_FIREWALL_UNREADABLE
#define UFW [ESPOTA_FIREWALL_UFW]
#define FIREWALLD [ESPOTA_FIREWALL_FIREWALLD]
#define IPTABLES [ESPOTA_FIREWALL_IPTABLES]
#define NFT [ESPOTA_FIREWALL_NFT]

static const struct row rows[] = {
    {"nothing is wrong here",
     "10.0.0.7",
     "10.0.0.2",
     "eth0",
     true,
     false,
     false,
     {0},
     {"10.0.0.2:4711", "eth0", "one subnet", "No firewall was found", "VLAN"},
     {"sudo", "asked for"}},
    {"another subnet",
     "10.0.9.7",
     "10.0.0.2",
     "wlan0",
     false,
     false,
     false,
     {0},
     {"10.0.9.7 is in another subnet", "NAT"},
     {"one subnet"}},
    {"an address of the user's choice",
     "10.0.0.7",
     "10.0.0.2",
     "eth1",
     true,
     false,
     true,
     {0},
     {"the one that was asked for"},
     {"leads"}},
    {"ufw above what it writes",
     "10.0.0.7",
     "10.0.0.2",
     "eth0",
     true,
     false,
     false,
     {UFW = ACTIVE, IPTABLES = ACTIVE, NFT = UNREADABLE},
     {"active (ufw)", "sudo ufw allow proto tcp from 10.0.0.7 to any port 4711."},
     {"iptables", "nft", "Only root"}},
    {"a port that stays",
     "10.0.0.7",
     "10.0.0.2",
     "eth0",
     true,
     true,
     false,
     {FIREWALLD = ACTIVE},
     {"firewalld", "firewall-cmd --add-rich-rule='rule family=ipv4 source address=10.0.0.7 port "
                   "port=4711 protocol=tcp accept'"},
     {NULL}},
    {"iptables",
     "10.0.0.7",
     "10.0.0.2",
     "eth0",
     true,
     false,
     false,
     {IPTABLES = ACTIVE, NFT = ACTIVE},
     {"sudo iptables -I INPUT -p tcp -s 10.0.0.7 --dport 4711 -j ACCEPT"},
     {"nft"}},
    {"nftables over IPv6",
     "fe80::7",
     "fe80::2",
     "eth0",
     true,
     false,
     false,
     {NFT = ACTIVE},
     {"sudo nft insert rule inet filter input ip6 saddr fe80::7 tcp dport 4711 accept"},
     {NULL}},
    {"nobody may look",
     "10.0.0.7",
     "10.0.0.2",
     "eth0",
     true,
     false,
     false,
     {IPTABLES = UNREADABLE, NFT = UNREADABLE},
     {"Only root", "iptables (sudo iptables -S INPUT), nftables (sudo nft list ruleset)",
      "open TCP port 4711"},
     {"No firewall"}},
    {"no way is known",
     "10.0.0.7",
     NULL,
     "",
     false,
     false,
     false,
     {0},
     {"port 4711 at the address that invited it"},
     {"subnet"}},
    {"loopback",
     "127.0.0.7",
     "127.0.0.1",
     "lo",
     true,
     false,
     false,
     {UFW = ACTIVE},
     {"127.0.0.1:4711", "lo"},
     {"subnet", "ufw"}},
};

static struct espota_diagnosis diagnosis_of(const struct row *row, struct espota_firewall *firewall)
{
    struct espota_diagnosis d = {.port = 4711,
                                 .same_subnet = row->same_subnet,
                                 .port_fixed = row->port_fixed,
                                 .local_fixed = row->local_fixed,
                                 .firewall = firewall};

    memset(firewall, 0, sizeof(*firewall));
    memcpy(firewall->states, row->states, sizeof(firewall->states));
    strcpy(firewall->nft_family, "inet");
    strcpy(firewall->nft_table, "filter");
    strcpy(firewall->nft_chain, "input");
    ck_assert(espota_address_parse(row->device, &d.device));
    d.device.port = 8266;
    d.from = d.device;
    if (row->local != NULL)
        ck_assert(espota_address_parse(row->local, &d.local));
    strcpy(d.interface_name, row->interface_name);
    return d;
}

START_TEST(test_sentences)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct espota_firewall firewall;
        struct espota_diagnosis d = diagnosis_of(&rows[i], &firewall);
        struct espota_remedy remedy = {0};
        char text[2048];

        espota_diagnosis_callback(&d, text, sizeof(text), &remedy);
        ck_assert_int_eq((remedy.ways & ESPOTA_REMEDY_NAME_PEER) != 0,
                         strstr(text, "another subnet") != NULL);
        ck_assert_int_eq((remedy.ways & ESPOTA_REMEDY_FIX_PORT) != 0,
                         !rows[i].port_fixed && (strstr(text, "sudo ") != NULL));
        ck_assert_uint_eq(remedy.host_port, remedy.ways & ESPOTA_REMEDY_FIX_PORT ? 4711 : 0);
        for (size_t p = 0; p < 5 && rows[i].parts[p] != NULL; p++)
            ck_assert_msg(strstr(text, rows[i].parts[p]) != NULL, "%s: '%s' is not in:%s",
                          rows[i].name, rows[i].parts[p], text);
        for (size_t p = 0; p < 3 && rows[i].never[p] != NULL; p++)
            ck_assert_msg(strstr(text, rows[i].never[p]) == NULL, "%s: '%s' is in:%s", rows[i].name,
                          rows[i].never[p], text);
    }
}
END_TEST

START_TEST(test_size)
{
    struct espota_firewall firewall;
    struct espota_diagnosis d = diagnosis_of(&rows[0], &firewall);
    struct espota_remedy remedy = {0};
    char text[2048];

    espota_diagnosis_callback(&d, text, sizeof(text), &remedy);
    ck_assert_ptr_null(strstr(text, "partition"));
    d.size = 1300000;
    espota_diagnosis_callback(&d, text, sizeof(text), &remedy);
    ck_assert_ptr_nonnull(strstr(text, "An ESP32 says OK and nothing more where the partition"));
    ck_assert_ptr_nonnull(strstr(text, "smaller than its 1300000 bytes"));
}
END_TEST

START_TEST(test_route)
{
    struct espota_firewall firewall;
    struct espota_diagnosis d = diagnosis_of(&rows[1], &firewall);
    char text[512];

    espota_diagnosis_route(&d, text, sizeof(text));
    ck_assert_str_eq(text, " The invitations left from 10.0.0.2 over wlan0; the device's address "
                           "is in another subnet.");
    d = diagnosis_of(&rows[sizeof(rows) / sizeof(rows[0]) - 1], &firewall);
    espota_diagnosis_route(&d, text, sizeof(text));
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(test_any_room)
{
    struct espota_firewall firewall;
    struct espota_diagnosis d = diagnosis_of(&rows[3], &firewall);
    struct espota_remedy remedy = {0};
    char whole[2048];

    espota_diagnosis_callback(&d, whole, sizeof(whole), &remedy);
    for (size_t room = 1; room <= strlen(whole); room++) {
        struct guarded place = guarded_copy(whole, room);

        espota_diagnosis_callback(&d, (char *)place.bytes, room, &remedy);
        ck_assert_uint_eq(strlen((char *)place.bytes), room - 1);
        guarded_free(&place);
    }
}
END_TEST

START_TEST(test_zone_is_no_part_of_a_rule)
{
    struct espota_address from;
    char text[256];

    ck_assert(espota_address_parse("fe80::7%lo", &from));
    espota_diagnosis_command(ESPOTA_FIREWALL_UFW, NULL, &from, 99, text, sizeof(text));
    ck_assert_str_eq(text, "ufw allow proto tcp from fe80::7 to any port 99");
    espota_diagnosis_command(ESPOTA_FIREWALL_IPTABLES, NULL, &from, 99, text, sizeof(text));
    ck_assert_str_eq(text, "ip6tables -I INPUT -p tcp -s fe80::7 --dport 99 -j ACCEPT");
}
END_TEST

START_TEST(test_ufw_conf)
{
    ck_assert(
        espota_firewall_read_ufw("# /etc/ufw/ufw.conf\n#ENABLED=no\nENABLED=yes\nLOGLEVEL=low\n"));
    ck_assert(!espota_firewall_read_ufw("ENABLED=no\n"));
    ck_assert(!espota_firewall_read_ufw("# ENABLED=yes"));
    ck_assert(!espota_firewall_read_ufw(""));
}
END_TEST

START_TEST(test_iptables_rules)
{
    ck_assert(!espota_firewall_read_iptables("-P INPUT ACCEPT\n"));
    ck_assert(!espota_firewall_read_iptables(""));
    ck_assert(espota_firewall_read_iptables("-P INPUT DROP"));
    ck_assert(!espota_firewall_read_iptables(
        "-P INPUT ACCEPT\n-A INPUT -i lo -j ACCEPT\n-A INPUT -p icmp -j LOG --log-prefix x\n"));
    ck_assert(
        espota_firewall_read_iptables("-P INPUT ACCEPT\n-A INPUT -p tcp --dport 22 -j ACCEPT\n"
                                      "-A INPUT -j REJECT --reject-with icmp-host-prohibited\n"));
    ck_assert(espota_firewall_read_iptables("-P INPUT ACCEPT\n-A INPUT -j my-chain\n"));
    ck_assert(!espota_firewall_read_iptables("-P INPUT ACCEPT\n-A INPUT -m conntrack\n"));
}
END_TEST

static const char nft_open[] = "table inet filter {\n"
                               "\tchain input {\n"
                               "\t\ttype filter hook input priority filter; policy accept;\n"
                               "\t\tiif \"lo\" accept\n"
                               "\t}\n"
                               "\tchain forward {\n"
                               "\t\ttype filter hook forward priority filter; policy drop;\n"
                               "\t}\n"
                               "}\n";
static const char nft_policy[] = "table ip nat {\n"
                                 "\tchain POSTROUTING {\n"
                                 "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
                                 "\t}\n"
                                 "}\n"
                                 "table inet mine {\n"
                                 "\tchain incoming {\n"
                                 "\t\ttype filter hook input priority 0; policy drop;\n"
                                 "\t\tct state established,related accept\n"
                                 "\t}\n"
                                 "}\n";
static const char nft_rule[] = "table ip6 f {\n"
                               "\tchain i {\n"
                               "\t\ttype filter hook input priority filter; policy accept;\n"
                               "\t\ttcp dport 1024-65535 counter packets 0 bytes 0 reject\n"
                               "\t}\n"
                               "}\n";

START_TEST(test_nft_rules)
{
    struct espota_firewall out;

    memset(&out, 0, sizeof(out));
    ck_assert(!espota_firewall_read_nft(nft_open, false, &out));
    ck_assert_str_eq(out.nft_chain, "");
    ck_assert(!espota_firewall_read_nft("", false, &out));
    ck_assert(espota_firewall_read_nft(nft_policy, false, &out));
    ck_assert(espota_firewall_read_nft(nft_policy, true, &out));
    ck_assert_str_eq(out.nft_family, "inet");
    ck_assert_str_eq(out.nft_table, "mine");
    ck_assert_str_eq(out.nft_chain, "incoming");
    ck_assert(!espota_firewall_read_nft(nft_rule, false, &out));
    ck_assert(espota_firewall_read_nft(nft_rule, true, &out));
    ck_assert_str_eq(out.nft_family, "ip6");
    ck_assert_str_eq(out.nft_chain, "i");
}
END_TEST

/* What Windows says of a program, and what of it. */
struct program_row {
    enum espota_firewall_state state;
    enum espota_network_kind network;
    bool denied;
    const char *program;
    const char *parts[3];
    const char *never[3];
};

#define ADD(program, profile)                                                                      \
    "netsh advfirewall firewall add rule name=\"espota-c\" dir=in action=allow program=\"" program \
    "\" enable=yes profile=" profile
#define DELETE "delete rule"
#define EXE "C:\\My Tools\\espota-c.exe"

static const struct program_row program_rows[] = {
    {ACTIVE,
     ESPOTA_NETWORK_PRIVATE,
     false,
     EXE,
     {"Windows Defender Firewall has no rule that lets " EXE
      " in on this network, whose profile is private. To let it in, as administrator: " ADD(
          EXE, "private") "."},
     {DELETE, "your own", "sudo"}},
    {ACTIVE,
     ESPOTA_NETWORK_PUBLIC,
     false,
     EXE,
     {"whose profile is public (if it is your own, ", ADD(EXE, "public") "."},
     {DELETE, "sudo"}},
    {ACTIVE, ESPOTA_NETWORK_DOMAIN, false, EXE, {ADD(EXE, "domain") "."}, {"your own"}},
    {ACTIVE,
     ESPOTA_NETWORK_PRIVATE,
     true,
     EXE,
     {"A rule of Windows Defender Firewall keeps " EXE " out on this network",
      "as administrator: netsh advfirewall firewall delete rule name=all dir=in program=\"" EXE
      "\" and then: " ADD(EXE, "private") "."},
     {"has no rule"}},
    {UNREADABLE,
     ESPOTA_NETWORK_UNKNOWN,
     false,
     EXE,
     {"It may be that Windows Defender Firewall keeps " EXE " out",
      "whether its profile is public or private cannot be told", ADD(EXE, "any") "."},
     {DELETE, "your own", "only root"}},
    {UNREADABLE,
     ESPOTA_NETWORK_PUBLIC,
     false,
     "",
     {"keeps this program out", ADD("espota-c.exe", "public")},
     {DELETE}},
    {ESPOTA_FIREWALL_PASSES,
     ESPOTA_NETWORK_PRIVATE,
     false,
     EXE,
     {"Windows Defender Firewall lets " EXE " in on this network", "other security software"},
     {"netsh", "administrator", "No firewall"}},
    {ESPOTA_FIREWALL_ABSENT,
     ESPOTA_NETWORK_PRIVATE,
     false,
     EXE,
     {"No firewall was found"},
     {"Windows", "netsh"}},
};

START_TEST(test_a_firewall_of_programs)
{
    for (size_t i = 0; i < sizeof(program_rows) / sizeof(program_rows[0]); i++) {
        const struct program_row *row = &program_rows[i];
        struct espota_firewall firewall;
        struct espota_diagnosis d = diagnosis_of(&rows[0], &firewall);
        struct espota_remedy remedy = {0};
        char text[2048];

        firewall.states[ESPOTA_FIREWALL_WINDOWS] = row->state;
        firewall.network = row->network;
        firewall.denied = row->denied;
        strcpy(firewall.program, row->program);
        espota_diagnosis_callback(&d, text, sizeof(text), &remedy);
        ck_assert_uint_eq(remedy.ways & ESPOTA_REMEDY_FIX_PORT, 0); /* it goes by programs */
        for (size_t p = 0; p < 3 && row->parts[p] != NULL; p++)
            ck_assert_msg(strstr(text, row->parts[p]) != NULL, "%zu: '%s' is not in:%s", i,
                          row->parts[p], text);
        for (size_t p = 0; p < 3 && row->never[p] != NULL; p++)
            ck_assert_msg(strstr(text, row->never[p]) == NULL, "%zu: '%s' is in:%s", i,
                          row->never[p], text);
    }
}
END_TEST

#define RULE(rest) "v2.31|Action=Allow|Active=TRUE|Dir=In|" rest
#define MINE "App=c:\\my tools\\ESPOTA-C.exe|"

static const struct {
    const char *rule;
    enum espota_rule_says says;
} rules[] = {
    {RULE(MINE "Name=espota-c|"), ESPOTA_RULE_SAYS_ALLOW},
    {RULE("Protocol=6|Profile=Private|" MINE "Name=espota-c|Desc=x|EmbedCtxt=y|Edge=FALSE|"),
     ESPOTA_RULE_SAYS_ALLOW},
    {RULE("Profile=Domain|Profile=Private|" MINE), ESPOTA_RULE_SAYS_ALLOW},
    {RULE("App=C:/My Tools/espota-c.exe"), ESPOTA_RULE_SAYS_ALLOW},
    {RULE("Protocol=6|LPort=4711|Name=x|"), ESPOTA_RULE_SAYS_ALLOW},
    {RULE("Protocol=6|LPort=80|LPort2_10=4000-5000|"), ESPOTA_RULE_SAYS_ALLOW},
    {RULE("Profile=Public|" MINE), ESPOTA_RULE_SAYS_NOTHING},
    {RULE("Protocol=17|" MINE), ESPOTA_RULE_SAYS_NOTHING},
    {RULE("Protocol=6|LPort=RPC|" MINE), ESPOTA_RULE_SAYS_NOTHING},
    {RULE("LPort2_10=4000-4710|" MINE), ESPOTA_RULE_SAYS_NOTHING},
    {RULE("App=C:\\My Tools\\espota.exe|"), ESPOTA_RULE_SAYS_NOTHING},
    {RULE("RA4=LocalSubnet|" MINE), ESPOTA_RULE_SAYS_MAYBE},
    {RULE("Profile=Private|LUOwn=S-1-5|AppPkgId=S-1-15-2|"), ESPOTA_RULE_SAYS_NOTHING},
    {"v2.31|Action=Allow|Active=FALSE|Dir=In|" MINE, ESPOTA_RULE_SAYS_NOTHING},
    {"v2.31|Action=Allow|Active=TRUE|Dir=Out|" MINE, ESPOTA_RULE_SAYS_NOTHING},
    {"v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|Profile=Private|" MINE "Defer=User|",
     ESPOTA_RULE_SAYS_DENY},
    {"v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|Profile=Public|" MINE,
     ESPOTA_RULE_SAYS_NOTHING},
    {"v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=4711|", ESPOTA_RULE_SAYS_NOTHING},
    {"", ESPOTA_RULE_SAYS_NOTHING},
    {"|||=|", ESPOTA_RULE_SAYS_NOTHING},
    {"Action", ESPOTA_RULE_SAYS_NOTHING},
};

START_TEST(test_windows_rules)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        enum espota_rule_says says =
            espota_firewall_read_rule(rules[i].rule, EXE, ESPOTA_NETWORK_PRIVATE, 4711);

        ck_assert_msg(says == rules[i].says, "%s says %d", rules[i].rule, (int)says);
    }
    /* what is said of some networks may hold on one that is not known */
    ck_assert_int_eq(
        espota_firewall_read_rule(RULE("Profile=Public|" MINE), EXE, ESPOTA_NETWORK_UNKNOWN, 1),
        ESPOTA_RULE_SAYS_MAYBE);
    ck_assert_int_eq(espota_firewall_read_rule(RULE(MINE), EXE, ESPOTA_NETWORK_UNKNOWN, 1),
                     ESPOTA_RULE_SAYS_ALLOW);
}
END_TEST

#define BREW "/opt/homebrew/bin/espota-c"
#define ON "Firewall is enabled. (State = 1)\n"
#define LISTED(rule)                                                                               \
    "Total number of apps = 2 \n1 : /usr/sbin/cupsd \n\t\t(Allow incoming connections)\n"          \
    "2 : " BREW " \n             (" rule " incoming connections)\n"
#define ADD_APP "sudo /usr/libexec/ApplicationFirewall/socketfilterfw --add \"" BREW "\" && "

static const struct {
    const char *state, *programs, *program;
    const char *part, *never;
} macos_rows[] = {
    {"Firewall is disabled. (State = 0)\n", LISTED("Block"), BREW, "No firewall was found",
     "macOS"},
    {ON, LISTED("Allow"), BREW, "macOS's firewall lets " BREW " in", "sudo"},
    {ON, LISTED("Block"), BREW,
     "A rule of macOS's firewall keeps " BREW " out. To let it in: " ADD_APP, "has no rule"},
    {ON, "1 : " BREW "-other\n (Allow incoming connections)\n", BREW,
     "macOS's firewall has no rule that lets " BREW " in. To let it in: " ADD_APP, "keeps"},
    {ON, LISTED("Allow"), "", "that lets this program in. To let it in: see System Settings",
     "sudo"},
    {"Firewall is blocking all non-essential incoming connections. (State = 2)\n", LISTED("Allow"),
     BREW, "macOS's firewall blocks all incoming connections", "sudo"},
    {"", "", BREW, "It may be that macOS's firewall keeps " BREW " out.", "has no rule"},
};

START_TEST(test_the_firewall_of_macos)
{
    for (size_t i = 0; i < sizeof(macos_rows) / sizeof(macos_rows[0]); i++) {
        struct espota_firewall firewall;
        struct espota_diagnosis d = diagnosis_of(&rows[0], &firewall);
        struct espota_remedy remedy = {0};
        char text[2048];

        strcpy(firewall.program, macos_rows[i].program);
        espota_firewall_read_macos(macos_rows[i].state, macos_rows[i].programs, &firewall);
        espota_diagnosis_callback(&d, text, sizeof(text), &remedy);
        ck_assert_uint_eq(remedy.ways & ESPOTA_REMEDY_FIX_PORT, 0);
        ck_assert_msg(strstr(text, macos_rows[i].part) != NULL, "%zu:%s", i, text);
        ck_assert_msg(strstr(text, macos_rows[i].never) == NULL, "%zu:%s", i, text);
    }
}
END_TEST

/* Whatever is installed here: an answer for each, and no longer than the programs may take. */
START_TEST(test_probe)
{
    struct espota_firewall out;

    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        struct espota_diagnosis about = {.port = 4711};

        ck_assert(espota_address_parse(ipv6 ? "fe80::7" : "10.0.0.7", &about.from));
        espota_firewall_probe(&about, &out);
        for (int kind = 0; kind < ESPOTA_FIREWALL_COUNT; kind++)
            ck_assert_uint_le(out.states[kind], ESPOTA_FIREWALL_PASSES);
        if (out.states[ESPOTA_FIREWALL_NFT] == ESPOTA_FIREWALL_ACTIVE)
            ck_assert_str_ne(out.nft_chain, "");
    }
}
END_TEST

UNIT_MAIN("send/diagnose", test_sentences, test_size, test_route, test_any_room,
          test_zone_is_no_part_of_a_rule, test_ufw_conf, test_iptables_rules, test_nft_rules,
          test_a_firewall_of_programs, test_windows_rules, test_the_firewall_of_macos, test_probe)
