/* SPDX-License-Identifier: MIT */
/*
 * The manifest's JSON. jansson gives line and column for broken syntax; for what is well formed but
 * wrong, the place is looked for in the text. A fault ends nothing: whoever mends a manifest wants
 * to hear of all of them.
 */
#include "serve/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

enum { FAULT_ROOM = 1024, FAULTS_TOLD = 1000 }; /* each is looked for in the text */

/* Where a value stands, for messages, and what was wrong so far. */
struct place {
    const char *name;
    const char *text; /* of the whole */
    size_t length;
    size_t rule; /* from 1; 0: the top level */
    const char *key;
    bool no_memory;
    struct espota_manifest_faults *faults;
    struct espota_error *err;
};

static void fault(struct place *place, const char *message)
{
    if (place->faults->count++ == 0)
        (void)espota_error_set(place->err, ESPOTA_E_USAGE, "%s", message);
    if (place->faults->tell != NULL)
        place->faults->tell(place->faults->context, message);
}

/* `into`: so many characters behind the value's beginning. */
static void wrong_at(struct place *place, const char *key, size_t into, const char *what)
{
    struct espota_json_position position;
    char rule[32] = "";
    char message[FAULT_ROOM];

    if (place->faults->count >= FAULTS_TOLD) {
        place->faults->count++;
        return;
    }
    position = espota_json_position_find(place->text, place->length, "rules", place->rule, key);
    if (place->rule > 0)
        snprintf(rule, sizeof(rule), "rule %zu: ", place->rule);
    snprintf(message, sizeof(message), "%s: line %zu, column %zu: %s\"%s\" %s", place->name,
             position.line, position.column + into, rule, key, what);
    fault(place, message);
}

static void wrong(struct place *place, const char *what)
{
    wrong_at(place, place->key, 0, what);
}

/* --- one value each: into `out`, or it is wrong --- */

static void keep(struct place *place, const char *text, char **out)
{
    *out = strdup(text);
    place->no_memory |= *out == NULL;
}

/* NULL, and told, if it is none. */
static const char *text_of(struct place *place, const struct espota_json *value)
{
    const char *text = espota_json_text(value);

    if (text != NULL && text[0] != '\0')
        return text;
    wrong(place, "must be a text that is not empty");
    return NULL;
}

static void take_text(struct place *place, const struct espota_json *value, void *out)
{
    const char *text = text_of(place, value);

    if (text != NULL)
        keep(place, text, out);
}

static void take_chip(struct place *place, const struct espota_json *value, void *out)
{
    const char *text = espota_json_text(value);
    enum espota_pull_family family = espota_family_named(text != NULL ? text : "");

    if (family != ESPOTA_PULL_PLAIN)
        *(int *)out = (int)family;
    else
        wrong(place, "must be \"esp8266\", \"esp32\" or \"pico\"");
}

static void take_mode(struct place *place, const struct espota_json *value, void *out)
{
    const char *text = espota_json_text(value);
    int *mode = out;

    for (int i = ESPOTA_PULL_SKETCH; text != NULL && i <= ESPOTA_PULL_FILESYSTEM; i++)
        if (strcmp(text, espota_pull_mode_word((enum espota_pull_mode)i)) == 0)
            *mode = i;
    if (*mode < 0)
        wrong(place, "must be \"sketch\" or \"filesystem\"");
}

static void take_number(struct place *place, const struct espota_json *value, unsigned least,
                        unsigned most, const char *what, unsigned *out)
{
    int64_t number;

    if (espota_json_integer(value, &number) && number >= least && number <= most)
        *out = (unsigned)number;
    else
        wrong(place, what);
}

static void take_rollout(struct place *place, const struct espota_json *value, void *out)
{
    take_number(place, value, 0, 100, "must be a whole number from 0 to 100", out);
}

static void take_no_space(struct place *place, const struct espota_json *value, void *out)
{
    take_number(place, value, 300, 599, "must be an HTTP status, 300 to 599", out);
}

static void take_macs(struct place *place, const struct espota_json *value, void *out)
{
    struct espota_rule *rule = out;
    bool list = espota_json_is_array(value);
    size_t count = list ? espota_json_count(value) : 1;
    const char *text = espota_json_text(value);
    char pattern[64];

    /* "*" alone is no condition: a client that does not say its MAC is meant as well */
    if (text != NULL && strcmp(text, "*") == 0)
        return;
    if (count == 0) {
        wrong(place, "is an empty list: the rule could never match");
        return;
    }
    rule->macs = calloc(count, sizeof(*rule->macs));
    place->no_memory |= rule->macs == NULL;
    for (size_t i = 0; i < count && !place->no_memory; i++) {
        text = espota_json_text(list ? espota_json_at(value, i) : value);
        if (text == NULL || !espota_mac_normalise(text, true, pattern, sizeof(pattern))) {
            wrong(place, "must be a MAC like \"18:FE:AA:00:00:01\" or a pattern of one "
                         "like \"18:FE:AA:*\", or a list of those");
            return;
        }
        keep(place, pattern, &rule->macs[rule->mac_count++]);
    }
}

static void take_time(struct place *place, const struct espota_json *value, void *out)
{
    const char *text = espota_json_text(value);

    if (text == NULL || !espota_time_parse(text, out))
        wrong(place, "must be a time like \"2026-11-21T22:00:00Z\"");
}

static void take_version_rule(struct place *place, const struct espota_json *value, void *out)
{
    const char *text = text_of(place, value);
    const char *why = "";
    const char *at = text != NULL ? espota_version_rule_fault(text, &why) : NULL;
    char what[256];

    if (text != NULL && at == NULL)
        keep(place, text, out);
    if (at == NULL)
        return;
    snprintf(what, sizeof(what),
             "must be a condition like \"<2.1.0\" or \">=1.0 <2\": %s%.*s%s, %s",
             *at != '\0' ? "at \"" : "at its end", 40, at, *at != '\0' ? "\"" : "", why);
    wrong_at(place, place->key, 1 + (size_t)(at - text), what); /* the quote is one */
}

/* It goes out in a header, and a device's own is compared with it. */
static void take_give(struct place *place, const struct espota_json *value, void *out)
{
    const char *text = text_of(place, value);
    const char *at = text;

    while (at != NULL && *at >= 0x20 && *at <= 0x7e)
        at++;
    if (text != NULL && *at == '\0' && at - text < ESPOTA_PULL_VERSION_MAX)
        keep(place, text, out);
    else if (text != NULL)
        wrong(place, "must be a version like \"2.1.0\", in ASCII");
}

static void take_downgrade(struct place *place, const struct espota_json *value, void *out)
{
    if (!espota_json_bool(value, out))
        wrong(place, "must be true or false");
}

static void take_stay(struct place *place, const struct espota_json *value, void *out)
{
    bool *stay = out;

    if (!espota_json_bool(value, stay) || !*stay)
        wrong(place, "can only be true");
}

/* --- objects --- */

struct field {
    const char *key;
    void (*take)(struct place *place, const struct espota_json *value, void *out);
    size_t at; /* where `out` lies in the struct */
};

static void take_fields(struct place *place, const struct espota_json *object,
                        const struct field *fields, size_t count, const char *unknown, void *base)
{
    struct espota_json *value;
    void *walk = NULL;
    const char *key;

    while ((walk = espota_json_next(object, walk, &key, &value)) != NULL) {
        size_t i = 0;

        if (strcmp(key, "comment") == 0)
            continue;
        place->key = key;
        while (i < count && strcmp(fields[i].key, key) != 0)
            i++;
        if (i < count)
            fields[i].take(place, value, (char *)base + fields[i].at);
        else
            wrong(place, unknown);
    }
}

static bool names_file(const char *file)
{
    struct espota_pull_request probe;

    espota_pull_request_init(&probe);
    return strchr(file, '%') == NULL && strchr(file, '?') == NULL && file[0] != '/' &&
           espota_pull_request_path(&probe, file, strlen(file)) == ESPOTA_OK;
}

/* What is there counts, be it right or wrong: a fault is told once. */
static void check_rule(struct place *place, const struct espota_json *value,
                       const struct espota_rule *rule)
{
    bool stays = espota_json_member(value, "stay") != NULL;

    if (stays == (espota_json_member(value, "file") != NULL))
        wrong_at(place, "file", 0, "or \"stay\" must say what to do, one of them");
    if (stays && espota_json_member(value, "give") != NULL)
        wrong_at(place, "give", 0, "goes with \"file\", not with \"stay\"");
    if (stays && espota_json_member(value, "downgrade") != NULL)
        wrong_at(place, "downgrade", 0, "goes with \"file\", not with \"stay\"");
    if (rule->from >= rule->until)
        wrong_at(place, "until", 0, "is not after \"from\": the rule could never match");
    if (rule->file != NULL && !names_file(rule->file))
        wrong_at(place, "file", 0, "must name a file below the folder of images");
}

static void take_rule(struct place *place, const struct espota_json *value,
                      struct espota_rule *rule)
{
    static const struct field fields[] = {
        {"mac", take_macs, 0},
        {"chip", take_chip, offsetof(struct espota_rule, family)},
        {"mode", take_mode, offsetof(struct espota_rule, mode)},
        {"path", take_text, offsetof(struct espota_rule, path)},
        {"version", take_version_rule, offsetof(struct espota_rule, version)},
        {"rollout", take_rollout, offsetof(struct espota_rule, rollout)},
        {"from", take_time, offsetof(struct espota_rule, from)},
        {"until", take_time, offsetof(struct espota_rule, until)},
        {"file", take_text, offsetof(struct espota_rule, file)},
        {"give", take_give, offsetof(struct espota_rule, give)},
        {"stay", take_stay, offsetof(struct espota_rule, stay)},
        {"downgrade", take_downgrade, offsetof(struct espota_rule, downgrade)},
    };

    *rule = (struct espota_rule){.number = place->rule,
                                 .family = -1,
                                 .mode = -1,
                                 .rollout = 100,
                                 .from = INT64_MIN,
                                 .until = INT64_MAX};
    if (!espota_json_is_object(value)) {
        wrong_at(place, "rules", 0, "must be a list of objects");
        return;
    }
    take_fields(place, value, fields, sizeof(fields) / sizeof(fields[0]), "is not known in a rule",
                rule);
    check_rule(place, value, rule);
}

static void take_rules(struct place *place, const struct espota_json *value, void *out)
{
    struct espota_manifest *manifest = out;
    size_t count = espota_json_count(value);

    if (!espota_json_is_array(value)) {
        wrong(place, "must be a list");
        return;
    }
    manifest->rules = calloc(count > 0 ? count : 1, sizeof(*manifest->rules));
    manifest->heads = calloc(count > 0 ? count : 1, sizeof(*manifest->heads));
    place->no_memory |= manifest->rules == NULL || manifest->heads == NULL;
    for (size_t i = 0; i < count && !place->no_memory; i++) {
        place->rule = i + 1;
        manifest->rule_count = i + 1; /* what it has taken so far is freed with it */
        take_rule(place, espota_json_at(value, i), &manifest->rules[i]);
        if (!place->no_memory)
            manifest->heads[i] = espota_rule_head_of(&manifest->rules[i]);
    }
    place->rule = 0;
}

static void take_top(struct place *place, const struct espota_json *root,
                     struct espota_manifest *manifest)
{
    static const struct field fields[] = {
        {"images", take_text, offsetof(struct espota_manifest, images)},
        {"no-space", take_no_space, offsetof(struct espota_manifest, no_space)},
        {"rules", take_rules, 0},
    };

    if (espota_json_member(root, "rules") == NULL)
        wrong_at(place, "rules", 0, "is missing");
    take_fields(place, root, fields, sizeof(fields) / sizeof(fields[0]), "is not known", manifest);
}

/* Some editors put one in front: it says that the text is UTF-8, which JSON always is. */
static void skip_mark(struct place *place)
{
    if (place->length < 3 || memcmp(place->text, "\xef\xbb\xbf", 3) != 0)
        return;
    place->text += 3;
    place->length -= 3; /* >= 3 */
}

static void parse(struct place *place, struct espota_manifest *out)
{
    struct espota_json *root = NULL;
    struct espota_error why = ESPOTA_ERROR_INIT;

    skip_mark(place);
    if (place->length >= 2 &&
        (memcmp(place->text, "\xff\xfe", 2) == 0 || memcmp(place->text, "\xfe\xff", 2) == 0))
        (void)espota_error_set(&why, ESPOTA_E_USAGE, "this is UTF-16: save it as UTF-8");
    else if (espota_json_read(place->text, place->length, &root, &why) == ESPOTA_OK &&
             !espota_json_is_object(root))
        (void)espota_error_set(&why, ESPOTA_E_USAGE, "must be one JSON object");
    place->no_memory = why.status == ESPOTA_E_MEMORY;
    if (why.status == ESPOTA_OK) {
        take_top(place, root, out);
    } else if (!place->no_memory) {
        (void)espota_error_prefix(&why, "%s", place->name);
        fault(place, why.message);
    }
    espota_json_free(root);
}

enum espota_status espota_manifest_parse(const char *text, size_t length, const char *name,
                                         struct espota_manifest_faults *faults,
                                         struct espota_manifest *out, struct espota_error *err)
{
    struct espota_manifest_faults unheard = {.tell = NULL};
    struct place place = {.name = name,
                          .text = text,
                          .length = length,
                          .faults = faults != NULL ? faults : &unheard,
                          .err = err};

    place.faults->count = 0;
    *out = (struct espota_manifest){.no_space = 404};
    parse(&place, out);
    if (place.no_memory || place.faults->count > 0)
        espota_manifest_deinit(out);
    if (place.no_memory)
        return espota_error_set(err, ESPOTA_E_MEMORY, "%s: out of memory", name);
    return place.faults->count > 0 ? ESPOTA_E_USAGE : ESPOTA_OK;
}
