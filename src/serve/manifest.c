/* SPDX-License-Identifier: MIT */
/*
 * Matching is pure, and made for ten thousand rules and a request every few hundred microseconds: a
 * rule for another MAC is passed over by one comparison of numbers.
 */
#include "serve/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/store.h"
#include "text/text.h"
#include "wire/wire.h"

void espota_manifest_deinit(struct espota_manifest *manifest)
{
    for (size_t i = 0; i < manifest->rule_count; i++) {
        struct espota_rule *rule = &manifest->rules[i];

        for (size_t k = 0; k < rule->mac_count; k++)
            free(rule->macs[k]);
        free(rule->macs);
        free(rule->path);
        free(rule->version);
        free(rule->file);
        free(rule->give);
    }
    free(manifest->rules);
    free(manifest->heads);
    free(manifest->images);
    memset(manifest, 0, sizeof(*manifest));
}

/* Each file has its own order of devices, so that it is not always the same ones that go first. */
bool espota_rollout_holds(const char *mac, const char *file, unsigned percent)
{
    uint32_t crc = ESPOTA_CRC32_START;

    if (percent >= 100)
        return true;
    if (mac[0] == '\0')
        return false;
    crc = espota_crc32_zlib(crc, file, strlen(file));
    crc = ~espota_crc32_zlib(crc, mac, strlen(mac));
    return crc % 100 < percent;
}

/* Of a normalised MAC. */
static uint64_t mac_digit(char c)
{
    return (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

bool espota_rule_mac_holds(const struct espota_rule *rule, const char *mac)
{
    for (size_t i = 0; i < rule->mac_count; i++)
        if (espota_glob_match(rule->macs[i], mac))
            return true;
    return rule->mac_count == 0;
}

static bool path_holds(const struct espota_rule *rule, const char *path)
{
    char full[ESPOTA_PULL_PATH_MAX + 1];

    if (rule->path == NULL)
        return true;
    snprintf(full, sizeof(full), "/%s", path);
    return espota_glob_match(rule->path, full);
}

enum espota_pull_family espota_family_named(const char *word)
{
    for (int i = ESPOTA_PULL_PLAIN + 1; i < ESPOTA_PULL_FAMILY_COUNT; i++)
        if (strcmp(word, espota_pull_family_word((enum espota_pull_family)i)) == 0)
            return (enum espota_pull_family)i;
    return ESPOTA_PULL_PLAIN;
}

/* A question for the version is about the sketch. */
static enum espota_pull_mode mode_of(const struct espota_pull_request *request)
{
    return request->mode == ESPOTA_PULL_FILESYSTEM ? ESPOTA_PULL_FILESYSTEM : ESPOTA_PULL_SKETCH;
}

static bool version_holds(const struct espota_rule *rule, const char *version)
{
    return rule->version == NULL ||
           (version[0] != '\0' && espota_version_meets(version, rule->version));
}

bool espota_rule_holds_but_version(const struct espota_rule *rule,
                                   const struct espota_pull_request *request, int64_t now)
{
    if (rule->family >= 0 && rule->family != (int)request->family)
        return false;
    if (rule->mode >= 0 && rule->mode != (int)mode_of(request))
        return false;
    if (now < rule->from || now >= rule->until)
        return false;
    if (!espota_rule_mac_holds(rule, request->mac) || !path_holds(rule, request->path))
        return false;
    return espota_rollout_holds(request->mac, rule->file != NULL ? rule->file : "", rule->rollout);
}

struct espota_rule_head espota_rule_head_of(const struct espota_rule *rule)
{
    struct espota_rule_head head = {0, 0};
    const char *pattern = rule->mac_count == 1 ? rule->macs[0] : "*";
    int shift = 4 * ESPOTA_MAC_DIGITS;

    for (; *pattern != '\0' && *pattern != '*' && shift > 0; pattern++) {
        shift -= 4;
        if (*pattern == '?')
            continue;
        head.mask |= UINT64_C(15) << shift;
        head.value |= mac_digit(*pattern) << shift;
    }
    if (strcmp(pattern, "*") != 0 && !(shift == 0 && *pattern == '\0'))
        head = (struct espota_rule_head){0, 0};
    return head;
}

/* The first rule that holds, its version left out or not. Without a MAC the number is 0: then rules
 * for a MAC of zeros are looked at in vain. */
static const struct espota_rule *match(const struct espota_manifest *manifest,
                                       const struct espota_pull_request *request, int64_t now,
                                       bool any_version)
{
    const struct espota_rule_head *heads = manifest->heads;
    uint64_t mac = 0;

    for (const char *digit = request->mac; *digit != '\0'; digit++)
        mac = mac << 4 | mac_digit(*digit);
    for (size_t i = 0; i < manifest->rule_count; i++) {
        const struct espota_rule *rule = &manifest->rules[i];

        if ((mac & heads[i].mask) == heads[i].value &&
            espota_rule_holds_but_version(rule, request, now) &&
            (any_version || version_holds(rule, request->version)))
            return rule;
    }
    return NULL;
}

const struct espota_rule *espota_manifest_match(const struct espota_manifest *manifest,
                                                const struct espota_pull_request *request,
                                                int64_t now)
{
    return match(manifest, request, now, false);
}

const struct espota_rule *
espota_manifest_match_but_version(const struct espota_manifest *manifest,
                                  const struct espota_pull_request *request, int64_t now)
{
    return request->version[0] != '\0' ? match(manifest, request, now, true) : NULL;
}

/* "2.1.0" of "door-2.1.0.bin": behind the last dash that has a digit behind it and then a dot, for
 * a number without one may be that of a board. */
void espota_rule_file_version(const struct espota_rule *rule, char out[ESPOTA_PULL_VERSION_MAX])
{
    const char *file = rule->file != NULL ? rule->file : "";
    size_t end = espota_store_any_stem_length(file);

    snprintf(out, ESPOTA_PULL_VERSION_MAX, "%s", rule->give != NULL ? rule->give : "");
    for (size_t at = end; rule->give == NULL && at > 1 && file[at - 1] != '/'; at--) {
        const char *from = file + at;
        size_t length = end - at; /* at <= end */

        if (at == end || file[at - 1] != '-' || *from < '0' || *from > '9' ||
            memchr(from, '.', length) == NULL || length >= ESPOTA_PULL_VERSION_MAX)
            continue;
        memcpy(out, from, length);
        out[length] = '\0';
        return;
    }
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static int64_t days_to(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year; /* years begin in March: leap days come last */
    int64_t era_day = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

    return 365 * y + y / 4 - y / 100 + y / 400 + era_day - 719468;
}

static bool date_good(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] + (month == 2 && leap);
}

bool espota_time_parse(const char *text, int64_t *out)
{
    int year, month, day, hour, minute, second;
    int used = 0;
    int offset_hour = 0;
    int offset_minute = 0;
    char sign = 'Z';

    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second,
               &used) != 6 ||
        used != 19)
        return false;
    if (strcmp(text + used, "Z") != 0) {
        int more = 0;

        if (sscanf(text + used, "%c%2d:%2d%n", &sign, &offset_hour, &offset_minute, &more) != 3 ||
            more != 6 || text[used + more] != '\0' || (sign != '+' && sign != '-'))
            return false;
    }
    if (!date_good(year, month, day) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60 || offset_hour < 0 || offset_hour > 23 || offset_minute < 0 ||
        offset_minute > 59)
        return false;
    *out = days_to(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *out += (sign == '-' ? 1 : -1) * (offset_hour * 3600 + offset_minute * 60);
    return true;
}
