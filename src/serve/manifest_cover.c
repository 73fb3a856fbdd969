/* SPDX-License-Identifier: MIT */
/*
 * Rules that an earlier one leaves nothing. Ten thousands of rules are common (one for each
 * device), so that the earlier ones are found by what they begin with and not by looking at all of
 * them: among ten thousand that begin differently a look at all pairs would take minutes.
 */
#include <stdlib.h>
#include <string.h>

#include "serve/manifest.h"
#include "text/text.h"

enum {
    LOOKED_AT_MAX = 100, /* rules that begin alike: no more of them are compared with one */
    LENGTHS = ESPOTA_PULL_PATH_MAX + 1,
};

/* True if every text that pattern `narrow` takes is surely taken by `wide`. */
static bool pattern_covers(const char *wide, const char *narrow)
{
    /* as a text, each * and ? of the narrow one must fall on a * of the wide one, which a match of
     * characters outside any alphabet shows; a lone ? of the wide one could take that of a * */
    char probe[1024];
    size_t used = 0;

    if (strchr(wide, '*') == NULL || strchr(wide, '?') != NULL)
        return false;
    for (; *narrow != '\0' && used + 1 < sizeof(probe); narrow++)
        probe[used++] = *narrow == '*' || *narrow == '?' ? '\x01' : *narrow;
    probe[used] = '\0';
    return *narrow == '\0' && espota_glob_match(wide, probe);
}

static bool text_covers(const char *wide, const char *narrow)
{
    return wide == NULL || (narrow != NULL && strcmp(wide, narrow) == 0);
}

static bool macs_cover(const struct espota_rule *wide, const struct espota_rule *narrow)
{
    if (wide->mac_count == 0)
        return true;
    if (narrow->mac_count == 0)
        return espota_rule_mac_holds(wide, "\x01") && espota_rule_mac_holds(wide, "");
    for (size_t i = 0; i < narrow->mac_count; i++) {
        bool covered = false;

        for (size_t k = 0; k < wide->mac_count && !covered; k++)
            covered = strcmp(wide->macs[k], narrow->macs[i]) == 0 ||
                      pattern_covers(wide->macs[k], narrow->macs[i]);
        if (!covered)
            return false;
    }
    return true;
}

/* The MACs of a smaller rollout of the same file are among those of a larger one. */
static bool rollout_covers(const struct espota_rule *wide, const struct espota_rule *narrow)
{
    return wide->rollout >= 100 || (wide->rollout >= narrow->rollout &&
                                    strcmp(wide->file != NULL ? wide->file : "",
                                           narrow->file != NULL ? narrow->file : "") == 0);
}

static bool version_covers(const char *wide, const char *narrow)
{
    return wide == NULL || (narrow != NULL && espota_version_rule_covers(wide, narrow));
}

/* Sure, not complete: what it calls covered is covered. */
static bool rule_covers(const struct espota_rule *wide, const struct espota_rule *narrow)
{
    if (!rollout_covers(wide, narrow))
        return false;
    if ((wide->family >= 0 && wide->family != narrow->family) ||
        (wide->mode >= 0 && wide->mode != narrow->mode))
        return false;
    if (wide->from > narrow->from || wide->until < narrow->until)
        return false;
    if (!text_covers(wide->path, narrow->path) &&
        (narrow->path == NULL || !pattern_covers(wide->path, narrow->path)))
        return false;
    return macs_cover(wide, narrow) && version_covers(wide->version, narrow->version);
}

/* --- earlier rules by their patterns --- */

/* What a pattern is to the table: none at all, a text, a text and a star, or something else. */
enum shape { SHAPE_NONE, SHAPE_TEXT, SHAPE_PREFIX, SHAPE_OTHER };

static enum shape shape_of(const char *pattern, size_t *length)
{
    *length = pattern != NULL ? strcspn(pattern, "*?") : 0;
    if (pattern == NULL)
        return SHAPE_NONE;
    if (pattern[*length] == '\0')
        return SHAPE_TEXT;
    if (strcmp(pattern + *length, "*") == 0)
        return SHAPE_PREFIX;
    *length = 0;
    return SHAPE_OTHER;
}

static uint64_t key_of(uint64_t key, enum shape shape, const char *text, size_t length)
{
    key = (key ^ (uint64_t)shape) * UINT64_C(0x100000001b3); /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        key = (key ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
    return key;
}

struct cover_entry {
    uint64_t key;
    size_t rule;
    size_t next; /* + 1; 0: none */
};

struct table {
    struct cover_entry *entries;
    size_t count;
    size_t *heads;
    size_t head_mask;
    /* lengths at which some rule's MAC or path ends in a star */
    bool mac_prefix[LENGTHS];
    bool path_prefix[LENGTHS];
};

static void add(struct table *table, uint64_t key, size_t rule)
{
    size_t *head = &table->heads[(key ^ key >> 32) & table->head_mask];

    table->entries[table->count] = (struct cover_entry){key, rule, *head};
    *head = ++table->count;
}

static void add_rule(struct table *table, const struct espota_rule *rule, size_t index)
{
    size_t path_length;
    enum shape path = shape_of(rule->path, &path_length);

    for (size_t i = 0; i == 0 || i < rule->mac_count; i++) {
        const char *pattern = rule->mac_count > 0 ? rule->macs[i] : NULL;
        size_t length;
        enum shape mac = shape_of(pattern, &length);

        table->mac_prefix[length < LENGTHS ? length : 0] |= mac == SHAPE_PREFIX;
        table->path_prefix[path_length < LENGTHS ? path_length : 0] |= path == SHAPE_PREFIX;
        add(table,
            key_of(key_of(UINT64_C(0xcbf29ce484222325), mac, pattern, length), path, rule->path,
                   path_length),
            index);
    }
}

struct cover_search {
    const struct espota_manifest *manifest;
    const struct table *table;
    const struct espota_rule *rule;
    const struct espota_rule *by; /* the earliest so far that covers it */
};

static void look_up(struct cover_search *search, uint64_t key)
{
    const struct table *table = search->table;
    size_t at = table->heads[(key ^ key >> 32) & table->head_mask];

    for (int i = 0; at != 0 && i < LOOKED_AT_MAX; i++) {
        const struct cover_entry *entry = &table->entries[at - 1];
        const struct espota_rule *wide = &search->manifest->rules[entry->rule];

        if (entry->key == key && (search->by == NULL || wide->number < search->by->number) &&
            rule_covers(wide, search->rule))
            search->by = wide;
        at = entry->next;
    }
}

/* Calls `each` with the key of every pattern that may cover `pattern`. */
static void each_key(struct cover_search *search, uint64_t key, const char *pattern,
                     const bool prefix[LENGTHS],
                     void (*each)(struct cover_search *search, uint64_t key))
{
    size_t length = pattern != NULL ? strcspn(pattern, "*?") : 0;

    each(search, key_of(key, SHAPE_NONE, NULL, 0));
    each(search, key_of(key, SHAPE_OTHER, NULL, 0));
    if (pattern != NULL && pattern[length] == '\0')
        each(search, key_of(key, SHAPE_TEXT, pattern, length));
    for (size_t i = 0; i <= length && i < LENGTHS; i++)
        if (prefix[i])
            each(search, key_of(key, SHAPE_PREFIX, pattern, i));
}

static void each_path(struct cover_search *search, uint64_t key)
{
    each_key(search, key, search->rule->path, search->table->path_prefix, look_up);
}

/* Whatever covers all of a rule's MACs covers the first. */
static const struct espota_rule *covered_by(const struct espota_manifest *manifest,
                                            const struct table *table,
                                            const struct espota_rule *rule)
{
    struct cover_search search = {manifest, table, rule, NULL};

    each_key(&search, UINT64_C(0xcbf29ce484222325), rule->mac_count > 0 ? rule->macs[0] : NULL,
             table->mac_prefix, each_path);
    return search.by;
}

bool espota_manifest_unreachable(const struct espota_manifest *manifest,
                                 void (*found)(void *context, const struct espota_rule *rule,
                                               const struct espota_rule *by),
                                 void *context)
{
    struct table *table = calloc(1, sizeof(*table));
    size_t entries = 1;
    size_t heads = 64;
    bool good;

    for (size_t i = 0; i < manifest->rule_count; i++)
        entries += manifest->rules[i].mac_count + 1;
    while (heads < entries)
        heads *= 2;
    if (table != NULL) {
        table->entries = calloc(entries, sizeof(*table->entries));
        table->heads = calloc(heads, sizeof(*table->heads));
        table->head_mask = heads - 1;
    }
    good = table != NULL && table->entries != NULL && table->heads != NULL;
    for (size_t i = 0; i < manifest->rule_count && good; i++) {
        const struct espota_rule *rule = &manifest->rules[i];
        const struct espota_rule *by = covered_by(manifest, table, rule);

        if (by != NULL)
            found(context, rule, by);
        add_rule(table, rule, i);
    }
    if (table != NULL) {
        free(table->entries);
        free(table->heads);
    }
    free(table);
    return good;
}
