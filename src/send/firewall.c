/* SPDX-License-Identifier: MIT */
/*
 * Which firewall of this machine may keep a device's call-back out, by the words of the system's
 * own programs: they know more than the kernel's tables alone, and need no library. What they say
 * is read by text, so a rule that is not understood counts as one that keeps something out.
 */
#include "send/diagnose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"

enum {
    OUTPUT_ROOM = 1 << 16, /* a rule set of containers is long; what filters stands early */
    CONFIG_MAX = 1 << 16,
    ASK_MS = 2000,
    LINE_ROOM = 512,
    NO_CODE = 256, /* no program ends with it */
};

const char *espota_firewall_name(enum espota_firewall_kind kind)
{
    static const char *const names[] = {"ufw",
                                        "firewalld",
                                        "iptables",
                                        "nftables",
                                        "Windows Defender Firewall",
                                        "macOS's firewall"};

    return names[kind];
}

/* The next line without its end, cut to the room; NULL at the end of the text. */
static const char *next_line(const char *text, char line[LINE_ROOM])
{
    size_t length = strcspn(text, "\n");

    if (*text == '\0')
        return NULL;
    snprintf(line, LINE_ROOM, "%.*s", (int)(length < LINE_ROOM ? length : LINE_ROOM - 1), text);
    return text[length] == '\n' ? text + length + 1 : text + length;
}

bool espota_firewall_read_ufw(const char *text)
{
    char line[LINE_ROOM];

    while ((text = next_line(text, line)) != NULL) {
        if (strncmp(line, "ENABLED=", 8) == 0)
            return strncmp(line + 8, "yes", 3) == 0;
    }
    return false;
}

/* Where a rule sends a packet: what is not known to let it on may keep it out. */
static bool keeps_out(const char *target)
{
    static const char *const passing[] = {"ACCEPT", "LOG", "NFLOG", "RETURN", "MARK", "CONNMARK"};
    size_t length = strcspn(target, " ");

    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        if (strlen(passing[i]) == length && strncmp(target, passing[i], length) == 0)
            return false;
    }
    return true;
}

bool espota_firewall_read_iptables(const char *text)
{
    char line[LINE_ROOM];

    while ((text = next_line(text, line)) != NULL) {
        const char *jump = strstr(line, " -j ");

        if (jump == NULL)
            jump = strstr(line, " -g ");
        if (strncmp(line, "-P INPUT ", 9) == 0 && keeps_out(line + 9))
            return true;
        if (strncmp(line, "-A INPUT", 8) == 0 && jump != NULL && keeps_out(jump + 4))
            return true;
    }
    return false;
}

static bool has_word(const char *line, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = line; (at = strstr(at, word)) != NULL; at++) {
        bool begins = at == line || at[-1] == ' ' || at[-1] == '\t';
        char behind = at[length];

        if (begins && (behind == '\0' || behind == ' ' || behind == ';'))
            return true;
    }
    return false;
}

static bool nft_keeps_out(const char *line)
{
    if (has_word(line, "policy"))
        return has_word(line, "drop");
    return has_word(line, "drop") || has_word(line, "reject") || has_word(line, "jump") ||
           has_word(line, "goto");
}

/* What may be put into a command that somebody will type. */
static bool is_name(const char *name)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

    return *name != '\0' && strspn(name, good) == strlen(name);
}

static bool sees(const struct espota_firewall *chain, bool ipv6)
{
    return (strcmp(chain->nft_family, "inet") == 0 ||
            strcmp(chain->nft_family, ipv6 ? "ip6" : "ip") == 0) &&
           is_name(chain->nft_table) && is_name(chain->nft_chain);
}

bool espota_firewall_read_nft(const char *text, bool ipv6, struct espota_firewall *out)
{
    bool input = false;
    char line[LINE_ROOM];

    while ((text = next_line(text, line)) != NULL) {
        if (sscanf(line, "table %63s %63s {", out->nft_family, out->nft_table) == 2)
            continue;
        if (sscanf(line, " chain %63s {", out->nft_chain) == 1)
            input = false;
        else if (strstr(line, "hook input") != NULL && strstr(line, "type filter") != NULL)
            input = true;
        if (input && nft_keeps_out(line) && sees(out, ipv6))
            return true;
    }
    out->nft_family[0] = out->nft_table[0] = out->nft_chain[0] = '\0';
    return false;
}

/* ACTIVE: the program runs well here, and what it says in `output` may still mean that it is not.
 */
static enum espota_firewall_state ask(const char *const argv[], int code_if_absent, char *output)
{
    struct espota_process process = {
        .argv = argv, .output = output, .room = OUTPUT_ROOM, .timeout_ms = ASK_MS};

    output[0] = '\0';
    if (!espota_process_is_there(argv[0]))
        return ESPOTA_FIREWALL_ABSENT;
    if (espota_process_run(&process, NULL) != ESPOTA_OK)
        return ESPOTA_FIREWALL_UNREADABLE;
    if (process.exit_code == code_if_absent)
        return ESPOTA_FIREWALL_ABSENT;
    return process.exit_code == 0 ? ESPOTA_FIREWALL_ACTIVE : ESPOTA_FIREWALL_UNREADABLE;
}

/* Its file can be read by everybody, its program asked by root alone. */
static enum espota_firewall_state probe_ufw(char *output)
{
    static const char *const argv[] = {"ufw", "status", NULL};
    enum espota_firewall_state state;
    uint8_t *bytes = NULL;
    size_t length;
    bool active;

    if (!espota_process_is_there(argv[0]))
        return ESPOTA_FIREWALL_ABSENT;
    if (espota_file_read("/etc/ufw/ufw.conf", CONFIG_MAX, &bytes, &length, NULL, NULL) ==
        ESPOTA_OK) {
        snprintf(output, OUTPUT_ROOM, "%.*s", (int)length, (const char *)bytes);
        active = espota_firewall_read_ufw(output);
        free(bytes);
        return active ? ESPOTA_FIREWALL_ACTIVE : ESPOTA_FIREWALL_ABSENT;
    }
    state = ask(argv, NO_CODE, output);
    active = strstr(output, "Status: active") != NULL;
    return state == ESPOTA_FIREWALL_ACTIVE && !active ? ESPOTA_FIREWALL_ABSENT : state;
}

/* "1 : /opt/homebrew/bin/espota-c", and in the next line "(Allow incoming connections)". */
void espota_firewall_read_macos(const char *state, const char *programs,
                                struct espota_firewall *out)
{
    enum espota_firewall_state *to = &out->states[ESPOTA_FIREWALL_MACOS];
    char line[LINE_ROOM];
    bool this_one = false;

    out->denies_all = strstr(state, "(State = 2)") != NULL;
    *to = strstr(state, "(State = 0)") != NULL                      ? ESPOTA_FIREWALL_ABSENT
          : out->denies_all || strstr(state, "(State = 1)") != NULL ? ESPOTA_FIREWALL_ACTIVE
                                                                    : ESPOTA_FIREWALL_UNREADABLE;
    if (*to != ESPOTA_FIREWALL_ACTIVE || out->denies_all)
        return;
    while ((programs = next_line(programs, line)) != NULL) {
        char *name = strstr(line, " : ");

        if (name == NULL) {
            if (this_one && strstr(line, "Allow") != NULL)
                *to = ESPOTA_FIREWALL_PASSES;
            out->denied |= this_one && strstr(line, "Block") != NULL;
            continue;
        }
        name += strlen(" : ");
        name[strcspn(name, "\r")] = '\0';
        for (size_t end = strlen(name); end > 0 && name[end - 1] == ' '; end--)
            name[end - 1] = '\0';
        this_one = out->program[0] != '\0' && strcmp(name, out->program) == 0;
    }
}

/* Its program answers everybody, and is there on no other system. */
static void probe_macos(struct espota_firewall *out, char *output)
{
    static const char program[] = "/usr/libexec/ApplicationFirewall/socketfilterfw";
    static const char *const state[] = {program, "--getglobalstate", NULL};
    static const char *const list[] = {program, "--listapps", NULL};
    char said[LINE_ROOM];

    if (ask(state, NO_CODE, output) == ESPOTA_FIREWALL_ABSENT)
        return;
    snprintf(said, sizeof(said), "%s", output);
    if (!espota_program_path(out->program, sizeof(out->program)))
        out->program[0] = '\0';
    if (ask(list, NO_CODE, output) != ESPOTA_FIREWALL_ACTIVE)
        output[0] = '\0';
    espota_firewall_read_macos(said, output, out);
}

struct rules {
    const struct espota_firewall *firewall;
    uint16_t port;
    enum espota_rule_says most;
};

static void read_rule(void *context, const char *rule)
{
    struct rules *rules = context;
    enum espota_rule_says said = espota_firewall_read_rule(rule, rules->firewall->program,
                                                           rules->firewall->network, rules->port);

    if (said > rules->most)
        rules->most = said;
}

/* What keeps everything out by itself, and lets in what a rule names. */
static void probe_programs(const struct espota_diagnosis *about, struct espota_firewall *out)
{
    struct espota_program_firewall switches;
    struct rules rules = {.firewall = out, .port = about->port};
    enum espota_firewall_state *state = &out->states[ESPOTA_FIREWALL_WINDOWS];

    if (!espota_program_firewall(&about->local, &switches))
        return;
    if (!espota_program_path(out->program, sizeof(out->program)))
        out->program[0] = '\0';
    out->network = switches.network;
    *state = ESPOTA_FIREWALL_UNREADABLE;
    if (!switches.readable)
        return;
    if (switches.off[out->network])
        *state = ESPOTA_FIREWALL_ABSENT;
    else if (espota_program_firewall_rules(read_rule, &rules) && out->program[0] != '\0')
        *state = rules.most == ESPOTA_RULE_SAYS_MAYBE   ? ESPOTA_FIREWALL_UNREADABLE
                 : rules.most == ESPOTA_RULE_SAYS_ALLOW ? ESPOTA_FIREWALL_PASSES
                                                        : ESPOTA_FIREWALL_ACTIVE;
    out->denied = rules.most == ESPOTA_RULE_SAYS_DENY;
}

void espota_firewall_probe(const struct espota_diagnosis *about, struct espota_firewall *out)
{
    bool ipv6 = about->from.family == 6;
    static const char *const firewalld[] = {"firewall-cmd", "--state", NULL};
    static const char *const nft[] = {"nft", "list", "ruleset", NULL};
    const char *const iptables[] = {ipv6 ? "ip6tables" : "iptables", "-S", "INPUT", NULL};
    enum { FIREWALLD_NOT_RUNNING = 252 };
    char *output = malloc(OUTPUT_ROOM);

    memset(out, 0, sizeof(*out));
    probe_programs(about, out);
    if (output == NULL)
        return;
    probe_macos(out, output);
    out->states[ESPOTA_FIREWALL_UFW] = probe_ufw(output);
    out->states[ESPOTA_FIREWALL_FIREWALLD] = ask(firewalld, FIREWALLD_NOT_RUNNING, output);
    out->states[ESPOTA_FIREWALL_IPTABLES] = ask(iptables, NO_CODE, output);
    if (out->states[ESPOTA_FIREWALL_IPTABLES] == ESPOTA_FIREWALL_ACTIVE &&
        !espota_firewall_read_iptables(output))
        out->states[ESPOTA_FIREWALL_IPTABLES] = ESPOTA_FIREWALL_ABSENT;
    out->states[ESPOTA_FIREWALL_NFT] = ask(nft, NO_CODE, output);
    if (out->states[ESPOTA_FIREWALL_NFT] == ESPOTA_FIREWALL_ACTIVE &&
        !espota_firewall_read_nft(output, ipv6, out))
        out->states[ESPOTA_FIREWALL_NFT] = ESPOTA_FIREWALL_ABSENT;
    free(output);
}
