/* SPDX-License-Identifier: MIT */
/*
 * The manifest's JSON. jansson gives line and column for broken syntax; for what is well formed but
 * wrong, the place is looked for in the text.
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
    struct espota_manifest_faults *faults;
    struct espota_error *err;
};

/* One fault more. The status is for the one who takes the value; the others are taken all the same.
 */
static enum espota_status fault(struct place *place, const char *message)
{
    if (place->faults->count++ == 0)
        (void)espota_error_set(place->err, ESPOTA_E_USAGE, "%s", message);
    if (place->faults->tell != NULL)
        place->faults->tell(place->faults->context, message);
    return ESPOTA_E_USAGE;
}

/* `into`: so many characters behind the value's beginning. */
static enum espota_status wrong_at(struct place *place, const char *key, size_t into,
                                   const char *what)
{
    struct espota_json_position position;
    char rule[32] = "";
    char message[FAULT_ROOM];

    if (place->faults->count >= FAULTS_TOLD) {
        place->faults->count++;
        return ESPOTA_E_USAGE;
    }
    position = espota_json_position_find(place->text, place->length, "rules", place->rule, key);
    if (place->rule > 0)
        snprintf(rule, sizeof(rule), "rule %zu: ", place->rule);
    snprintf(message, sizeof(message), "%s: line %zu, column %zu: %s\"%s\" %s", place->name,
             position.line, position.column + into, rule, key, what);
    return fault(place, message);
}

static enum espota_status wrong(struct place *place, const char *key, const char *what)
{
    return wrong_at(place, key, 0, what);
}

static enum espota_status no_memory(struct place *place)
{
    return espota_error_set(place->err, ESPOTA_E_MEMORY, "%s: out of memory", place->name);
}

static enum espota_status take_text(struct place *place, const char *key,
                                    const struct espota_json *value, char **out)
{
    const char *text = espota_json_text(value);

    if (text == NULL || text[0] == '\0')
        return wrong(place, key, "must be a text that is not empty");
    *out = strdup(text);
    return *out != NULL ? ESPOTA_OK : no_memory(place);
}

static enum espota_status take_word(struct place *place, const char *key,
                                    const struct espota_json *value, const char *const *words,
                                    int count, const char *what, int *out)
{
    const char *text = espota_json_text(value);

    for (int i = 0; text != NULL && i < count; i++) {
        if (words[i] != NULL && strcmp(text, words[i]) == 0) {
            *out = i;
            return ESPOTA_OK;
        }
    }
    return wrong(place, key, what);
}

static enum espota_status take_number(struct place *place, const char *key,
                                      const struct espota_json *value, unsigned least,
                                      unsigned most, const char *what, unsigned *out)
{
    int64_t number;

    if (!espota_json_integer(value, &number) || number < least || number > most)
        return wrong(place, key, what);
    *out = (unsigned)number;
    return ESPOTA_OK;
}

static enum espota_status take_mac(struct place *place, const struct espota_json *value, char **out)
{
    const char *text = espota_json_text(value);
    char pattern[64];

    if (text == NULL || !espota_mac_normalise(text, true, pattern, sizeof(pattern)))
        return wrong(place, "mac",
                     "must be a MAC like \"18:FE:AA:00:00:01\" or a pattern of one "
                     "like \"18:FE:AA:*\", or a list of those");
    *out = strdup(pattern);
    return *out != NULL ? ESPOTA_OK : no_memory(place);
}

/* "*" alone is no condition: a client that does not say its MAC is meant as well. */
static bool is_anybody(const struct espota_json *value)
{
    const char *text = espota_json_text(value);

    return text != NULL && strcmp(text, "*") == 0;
}

static enum espota_status take_macs(struct place *place, const struct espota_json *value,
                                    struct espota_rule *rule)
{
    size_t count = espota_json_is_array(value) ? espota_json_count(value) : 1;

    if (is_anybody(value))
        return ESPOTA_OK;
    if (count == 0)
        return wrong(place, "mac", "is an empty list: the rule could never match");
    rule->macs = calloc(count, sizeof(*rule->macs));
    if (rule->macs == NULL)
        return no_memory(place);
    for (size_t i = 0; i < count; i++) {
        const struct espota_json *one =
            espota_json_is_array(value) ? espota_json_at(value, i) : value;
        enum espota_status status = take_mac(place, one, &rule->macs[i]);

        if (status != ESPOTA_OK)
            return status;
        rule->mac_count++;
    }
    return ESPOTA_OK;
}

static enum espota_status take_time(struct place *place, const char *key,
                                    const struct espota_json *value, int64_t *out)
{
    const char *text = espota_json_text(value);

    if (text == NULL || !espota_time_parse(text, out))
        return wrong(place, key, "must be a time like \"2026-11-21T22:00:00Z\"");
    return ESPOTA_OK;
}

static enum espota_status take_version_rule(struct place *place, const struct espota_json *value,
                                            char **out)
{
    enum espota_status status = take_text(place, "version", value, out);
    const char *why = "";
    const char *at = status == ESPOTA_OK ? espota_version_rule_fault(*out, &why) : NULL;
    char what[256];

    if (at == NULL)
        return status;
    snprintf(what, sizeof(what),
             "must be a condition like \"<2.1.0\" or \">=1.0 <2\": %s%.*s%s, %s",
             *at != '\0' ? "at \"" : "at its end", 40, at, *at != '\0' ? "\"" : "", why);
    status = wrong_at(place, "version", 1 + (size_t)(at - *out), what); /* the quote is one */
    free(*out);
    *out = NULL;
    return status;
}

/* It goes out in a header, and a device's own is compared with it. */
static enum espota_status take_give(struct place *place, const struct espota_json *value,
                                    char **out)
{
    enum espota_status status = take_text(place, "give", value, out);

    if (status != ESPOTA_OK)
        return status;
    for (const char *at = *out; *at != '\0'; at++)
        if (*at < 0x20 || *at > 0x7e || at - *out >= ESPOTA_PULL_VERSION_MAX - 1)
            return wrong(place, "give", "must be a version like \"2.1.0\", in ASCII");
    return ESPOTA_OK;
}

static enum espota_status take_field(struct place *place, const char *key,
                                     const struct espota_json *value, struct espota_rule *rule)
{
    static const char *const families[] = {NULL, "esp8266", "esp32", "pico"};
    static const char *const modes[] = {"sketch", "filesystem"};

    if (strcmp(key, "mac") == 0)
        return take_macs(place, value, rule);
    if (strcmp(key, "chip") == 0)
        return take_word(place, key, value, families, 4,
                         "must be \"esp8266\", \"esp32\" or \"pico\"", &rule->family);
    if (strcmp(key, "mode") == 0)
        return take_word(place, key, value, modes, 2, "must be \"sketch\" or \"filesystem\"",
                         &rule->mode);
    if (strcmp(key, "path") == 0)
        return take_text(place, key, value, &rule->path);
    if (strcmp(key, "version") == 0)
        return take_version_rule(place, value, &rule->version);
    if (strcmp(key, "rollout") == 0)
        return take_number(place, key, value, 0, 100, "must be a whole number from 0 to 100",
                           &rule->rollout);
    if (strcmp(key, "from") == 0)
        return take_time(place, key, value, &rule->from);
    if (strcmp(key, "until") == 0)
        return take_time(place, key, value, &rule->until);
    if (strcmp(key, "file") == 0)
        return take_text(place, key, value, &rule->file);
    if (strcmp(key, "give") == 0)
        return take_give(place, value, &rule->give);
    if (strcmp(key, "downgrade") == 0 && !espota_json_bool(value, &rule->downgrade))
        return wrong(place, key, "must be true or false");
    if (strcmp(key, "downgrade") == 0)
        return ESPOTA_OK;
    if (strcmp(key, "stay") != 0)
        return wrong(place, key, "is not known in a rule");
    if (!espota_json_bool(value, &rule->stay) || !rule->stay)
        return wrong(place, key, "can only be true");
    return ESPOTA_OK;
}

static bool names_file(const char *file)
{
    struct espota_pull_request probe;

    espota_pull_request_init(&probe);
    return strchr(file, '%') == NULL && strchr(file, '?') == NULL && file[0] != '/' &&
           espota_pull_request_path(&probe, file, strlen(file)) == ESPOTA_OK;
}

/* What is there counts, be it right or wrong: a fault is told once. */
static enum espota_status check_rule(struct place *place, const struct espota_json *value,
                                     const struct espota_rule *rule)
{
    bool stays = espota_json_member(value, "stay") != NULL;
    enum espota_status status = ESPOTA_OK;

    if (stays == (espota_json_member(value, "file") != NULL))
        status = wrong(place, "file", "or \"stay\" must say what to do, one of them");
    if (stays && espota_json_member(value, "give") != NULL)
        status = wrong(place, "give", "goes with \"file\", not with \"stay\"");
    if (stays && espota_json_member(value, "downgrade") != NULL)
        status = wrong(place, "downgrade", "goes with \"file\", not with \"stay\"");
    if (rule->from >= rule->until)
        status = wrong(place, "until", "is not after \"from\": the rule could never match");
    if (rule->file != NULL && !names_file(rule->file))
        status = wrong(place, "file", "must name a file below the folder of images");
    return status;
}

static enum espota_status take_rule(struct place *place, const struct espota_json *value,
                                    struct espota_rule *rule)
{
    const char *key;
    struct espota_json *field;
    void *at = NULL;

    *rule = (struct espota_rule){
        .family = -1, .mode = -1, .rollout = 100, .from = INT64_MIN, .until = INT64_MAX};
    if (!espota_json_is_object(value))
        return wrong(place, "rules", "must be a list of objects");
    while ((at = espota_json_next(value, at, &key, &field)) != NULL)
        if (strcmp(key, "comment") != 0 && take_field(place, key, field, rule) == ESPOTA_E_MEMORY)
            return ESPOTA_E_MEMORY;
    return check_rule(place, value, rule);
}

static enum espota_status take_rules(struct place *place, const struct espota_json *value,
                                     struct espota_manifest *manifest)
{
    size_t count = espota_json_count(value);

    if (!espota_json_is_array(value))
        return wrong(place, "rules", "must be a list");
    manifest->rules = calloc(count > 0 ? count : 1, sizeof(*manifest->rules));
    manifest->heads = calloc(count > 0 ? count : 1, sizeof(*manifest->heads));
    if (manifest->rules == NULL || manifest->heads == NULL)
        return no_memory(place);
    for (size_t i = 0; i < count; i++) {
        place->rule = i + 1;
        manifest->rule_count = i + 1; /* what it has taken so far is freed with it */
        if (take_rule(place, espota_json_at(value, i), &manifest->rules[i]) == ESPOTA_E_MEMORY)
            return ESPOTA_E_MEMORY;
        manifest->rules[i].number = i + 1;
        manifest->heads[i] = espota_rule_head_of(&manifest->rules[i]);
    }
    place->rule = 0;
    return ESPOTA_OK;
}

static enum espota_status take_top(struct place *place, const struct espota_json *root,
                                   struct espota_manifest *manifest)
{
    const char *key;
    struct espota_json *value;
    void *at = NULL;

    if (espota_json_member(root, "rules") == NULL)
        (void)wrong(place, "rules", "is missing");
    while ((at = espota_json_next(root, at, &key, &value)) != NULL) {
        enum espota_status status = ESPOTA_OK;

        if (strcmp(key, "images") == 0)
            status = take_text(place, key, value, &manifest->images);
        else if (strcmp(key, "no-space") == 0)
            status = take_number(place, key, value, 300, 599, "must be an HTTP status, 300 to 599",
                                 &manifest->no_space);
        else if (strcmp(key, "rules") == 0)
            status = take_rules(place, value, manifest);
        else if (strcmp(key, "comment") != 0)
            status = wrong(place, key, "is not known");
        if (status == ESPOTA_E_MEMORY)
            return status;
    }
    return place->faults->count > 0 ? ESPOTA_E_USAGE : ESPOTA_OK;
}

/* Some editors put one in front: it says that the text is UTF-8, which JSON always is. */
static void skip_mark(struct place *place)
{
    if (place->length < 3 || memcmp(place->text, "\xef\xbb\xbf", 3) != 0)
        return;
    place->text += 3;
    place->length -= 3; /* >= 3 */
}

static enum espota_status parse(struct place *place, struct espota_manifest *out)
{
    struct espota_json *root = NULL;
    char message[FAULT_ROOM];
    enum espota_status status;

    skip_mark(place);
    if (place->length >= 2 &&
        (memcmp(place->text, "\xff\xfe", 2) == 0 || memcmp(place->text, "\xfe\xff", 2) == 0)) {
        snprintf(message, sizeof(message), "%s: this is UTF-16: save it as UTF-8", place->name);
        return fault(place, message);
    }
    status = espota_json_read(place->text, place->length, &root, place->err);
    if (status != ESPOTA_OK) {
        (void)espota_error_prefix(place->err, "%s", place->name);
        if (status == ESPOTA_E_MEMORY)
            return status;
        snprintf(message, sizeof(message), "%s",
                 place->err != NULL ? place->err->message : "this is no JSON");
        return fault(place, message);
    }
    if (espota_json_is_object(root)) {
        status = take_top(place, root, out);
    } else {
        snprintf(message, sizeof(message), "%s: must be one JSON object", place->name);
        status = fault(place, message);
    }
    espota_json_free(root);
    return status;
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
    enum espota_status status;

    place.faults->count = 0;
    *out = (struct espota_manifest){.no_space = 404};
    status = parse(&place, out);
    if (status != ESPOTA_OK)
        espota_manifest_deinit(out);
    return status;
}
