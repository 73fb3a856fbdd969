/* SPDX-License-Identifier: MIT */
/*
 * One rule of Windows Defender Firewall, as the registry keeps it: fields between bars, "v2.31|
 * Action=Block|Active=TRUE|Dir=In|Protocol=6|Profile=Public|App=C:\x\espota-c.exe|Name=x|". A field
 * that may stand several times holds if one of them does; one that is not there holds always.
 */
#include "send/diagnose.h"

#include <stdlib.h>
#include <string.h>

struct rule_field {
    const char *key;
    size_t key_length;
    const char *value;
    size_t length;
};

/* What may stand several times. */
struct rule_condition {
    bool given, holds;
};

struct reading {
    const char *program;
    enum espota_network_kind network;
    uint16_t port;

    bool active, incoming, allows, denies;
    bool limited; /* by something that is not read here */
    struct rule_condition protocol, profile, ports, app;
};

/* The next field that has a value; false at the end. */
static bool next_field(const char **at, struct rule_field *out)
{
    while (**at != '\0') {
        size_t length = strcspn(*at, "|");
        const char *equal = memchr(*at, '=', length);

        out->key = *at;
        *at += length + ((*at)[length] == '|');
        if (equal == NULL)
            continue; /* the version */
        out->key_length = (size_t)(equal - out->key);
        out->value = equal + 1;
        out->length = length - out->key_length - 1; /* the "=" is within length */
        return true;
    }
    return false;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool is_key(const struct rule_field *field, const char *key)
{
    return is_word(field->key, field->key_length, key);
}

static bool says(const struct rule_field *field, const char *word)
{
    return is_word(field->value, field->length, word);
}

static void add(struct rule_condition *condition, bool holds)
{
    condition->given = true;
    condition->holds = condition->holds || holds;
}

static bool is_path(const struct rule_field *field, const char *path)
{
    if (strlen(path) != field->length)
        return false;
    for (size_t i = 0; i < field->length; i++) {
        uint8_t a = espota_ascii_lower((uint8_t)field->value[i]);
        uint8_t b = espota_ascii_lower((uint8_t)path[i]);

        if ((a == '/' ? '\\' : a) != (b == '/' ? '\\' : b))
            return false;
    }
    return true;
}

/* "8266" or "3000-4000"; words such as RPC hold no port of ours */
static bool holds_port(const struct rule_field *field, uint16_t port)
{
    char *end;
    unsigned long first = strtoul(field->value, &end, 10);
    unsigned long last = *end == '-' ? strtoul(end + 1, NULL, 10) : first;

    return first <= port && port <= last;
}

static bool is_network(const struct rule_field *field, enum espota_network_kind network)
{
    static const char *const names[ESPOTA_NETWORK_KINDS] = {"", "Public", "Private", "Domain"};

    return says(field, names[network]);
}

static void take(struct reading *to, const struct rule_field *field)
{
    static const char *const words[] = {"Name", "Desc", "EmbedCtxt", "Edge", "Defer"};

    if (is_key(field, "Active"))
        to->active = says(field, "TRUE");
    else if (is_key(field, "Dir"))
        to->incoming = says(field, "In");
    else if (is_key(field, "Action")) {
        to->allows = says(field, "Allow");
        to->denies = says(field, "Block");
    } else if (is_key(field, "Protocol"))
        add(&to->protocol, says(field, "6"));
    else if (is_key(field, "Profile"))
        add(&to->profile, is_network(field, to->network));
    else if (field->key_length >= 5 && memcmp(field->key, "LPort", 5) == 0)
        add(&to->ports, holds_port(field, to->port));
    else if (is_key(field, "App"))
        add(&to->app, is_path(field, to->program));
    else {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (is_key(field, words[i]))
                return;
        to->limited = true;
    }
}

static bool fails(const struct rule_condition *condition)
{
    return condition->given && !condition->holds;
}

enum espota_rule_says espota_firewall_read_rule(const char *rule, const char *program,
                                                enum espota_network_kind network, uint16_t port)
{
    struct reading r = {.program = program, .network = network, .port = port};
    struct rule_field field;
    bool other_network;

    while (next_field(&rule, &field))
        take(&r, &field);
    other_network = fails(&r.profile) && network != ESPOTA_NETWORK_UNKNOWN;
    if (!r.active || !r.incoming || fails(&r.protocol) || fails(&r.ports) || fails(&r.app) ||
        other_network)
        return ESPOTA_RULE_SAYS_NOTHING;
    if (!r.app.given && (r.limited || r.denies))
        return ESPOTA_RULE_SAYS_NOTHING; /* of a service, of an app of the store */
    if (r.limited || fails(&r.profile))
        return ESPOTA_RULE_SAYS_MAYBE;
    return r.denies   ? ESPOTA_RULE_SAYS_DENY
           : r.allows ? ESPOTA_RULE_SAYS_ALLOW
                      : ESPOTA_RULE_SAYS_NOTHING;
}
