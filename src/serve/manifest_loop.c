/* SPDX-License-Identifier: MIT */
/*
 * Loops: a device that one rule brings to a version and another one back from it is updated for
 * ever, and its flash wears out. Devices are made up for pairs of rules, and followed from version
 * to version.
 */
#include <string.h>

#include "serve/manifest.h"
#include "text/text.h"

enum {
    STEPS = 16,           /* from version to version */
    VARIATIONS = 64,      /* of a MAC, until it is in both rollouts */
    WORK = 400 * 1000000, /* rules passed: a second or two */
    CLOSER_LOOK = 50,     /* costs as much as passing so many */
};

struct following {
    const struct espota_manifest *manifest;
    int64_t now;
    int64_t work;
    struct espota_pull_request device;
    struct espota_manifest_loop loop;
};

/* A MAC that a pattern takes; its free digits vary. */
static void fill_mac(const char *pattern, unsigned variation, char out[ESPOTA_MAC_DIGITS + 1])
{
    size_t length = strlen(pattern);
    size_t stars = 0;
    size_t free_digits;
    size_t used = 0;

    for (size_t i = 0; i < length; i++)
        stars += pattern[i] == '*';
    free_digits = length - stars < ESPOTA_MAC_DIGITS ? ESPOTA_MAC_DIGITS - (length - stars) : 0;
    for (; *pattern != '\0' && used < ESPOTA_MAC_DIGITS; pattern++) {
        size_t count = *pattern == '*' ? free_digits : 1;

        free_digits = *pattern == '*' ? 0 : free_digits; /* the first star takes them all */
        for (; count > 0 && used < ESPOTA_MAC_DIGITS; count--, variation /= 16)
            out[used++] =
                *pattern == '*' || *pattern == '?' ? "0123456789abcdef"[variation % 16] : *pattern;
    }
    out[used] = '\0';
}

/* A path that a pattern takes: stars are nothing, and any character will do. */
static void fill_path(const char *pattern, char out[ESPOTA_PULL_PATH_MAX])
{
    size_t used = 0;

    if (pattern != NULL && *pattern == '/')
        pattern++;
    for (; pattern != NULL && *pattern != '\0' && used + 1 < ESPOTA_PULL_PATH_MAX; pattern++)
        if (*pattern != '*')
            out[used++] = *pattern == '?' ? 'x' : *pattern;
    out[used] = '\0';
}

static bool both_hold(const struct following *following, const struct espota_rule *a,
                      const struct espota_rule *b, int64_t at)
{
    return espota_rule_holds_but_version(a, &following->device, at) &&
           espota_rule_holds_but_version(b, &following->device, at);
}

/* A device, and a time, that both rules mean but for its version; false: none was found. */
static bool make_device(struct following *following, const struct espota_rule *a,
                        const struct espota_rule *b, int64_t *at)
{
    struct espota_pull_request *device = &following->device;
    const char *paths[] = {a->path != NULL ? a->path : b->path, b->path};
    const char *macs[] = {a->mac_count > 0   ? a->macs[0]
                          : b->mac_count > 0 ? b->macs[0]
                                             : "*",
                          b->mac_count > 0 ? b->macs[0] : "*"};

    *at = following->now;
    *at = a->from > *at ? a->from : *at;
    *at = b->from > *at ? b->from : *at;
    espota_pull_request_init(device);
    device->family = a->family >= 0   ? (enum espota_pull_family)a->family
                     : b->family >= 0 ? (enum espota_pull_family)b->family
                                      : ESPOTA_PULL_ESP8266;
    device->mode = a->mode >= 0   ? (enum espota_pull_mode)a->mode
                   : b->mode >= 0 ? (enum espota_pull_mode)b->mode
                                  : ESPOTA_PULL_SKETCH;
    for (unsigned i = 0; i < 4; i++) {
        fill_path(paths[i % 2], device->path);
        for (unsigned k = 0; k < (a->rollout < 100 || b->rollout < 100 ? VARIATIONS : 1); k++) {
            fill_mac(macs[i / 2], k * 2654435761U, device->mac);
            if (both_hold(following, a, b, *at))
                return true;
        }
    }
    return false;
}

/* The version that a device has after a rule; made up where nothing says it. */
static bool version_after(const struct espota_rule *rule, const struct espota_rule *up,
                          char out[ESPOTA_PULL_VERSION_MAX])
{
    espota_rule_file_version(rule, out);
    if (out[0] != '\0')
        return true;
    return rule == up ? espota_version_rule_outside(up->version, out, ESPOTA_PULL_VERSION_MAX)
                      : espota_version_rule_inside(up->version, out, ESPOTA_PULL_VERSION_MAX);
}

static bool same_version(const char *a, const char *b)
{
    return espota_version_compare(a, strlen(a), b, strlen(b)) == 0;
}

/* From what `up` gives over `down` back to `up`. */
static bool goes_round(struct following *following, const struct espota_rule *up,
                       const struct espota_rule *down, int64_t at)
{
    char *version = following->device.version;
    char next[ESPOTA_PULL_VERSION_MAX];

    if (!version_after(up, up, version) || espota_version_meets(version, up->version))
        return false;
    for (int step = 0; step < STEPS; step++) {
        const struct espota_rule *rule =
            espota_manifest_match(following->manifest, &following->device, at);

        following->work -= (int64_t)following->manifest->rule_count;
        if (step > 0 && rule == up)
            return true;
        if (rule == NULL || rule->stay || (step == 0 && rule != down) ||
            !version_after(rule, up, next) || same_version(next, version))
            return false;
        memcpy(version, next, sizeof(next));
    }
    return false;
}

/* Most pairs of a large manifest are for different devices, which the first look shows. */
static bool may_meet(struct following *following, size_t i, size_t j)
{
    const struct espota_rule_head *a = &following->manifest->heads[i];
    const struct espota_rule_head *b = &following->manifest->heads[j];
    const struct espota_rule *up = &following->manifest->rules[i];
    const struct espota_rule *down = &following->manifest->rules[j];

    following->work--;
    if (((a->value ^ b->value) & a->mask & b->mask) != 0)
        return false;
    following->work -= CLOSER_LOOK;
    return down->file != NULL && strcmp(down->file, up->file) != 0 &&
           (up->family < 0 || down->family < 0 || up->family == down->family) &&
           (up->mode < 0 || down->mode < 0 || up->mode == down->mode);
}

/* The first rule of a loop has a condition on the version: without it, it would go on holding. */
size_t espota_manifest_loops(const struct espota_manifest *manifest, int64_t now,
                             void (*found)(void *context, const struct espota_manifest_loop *loop),
                             void *context)
{
    struct following following = {.manifest = manifest, .now = now, .work = WORK};
    size_t i = 0;

    for (; i < manifest->rule_count && following.work > 0; i++) {
        const struct espota_rule *up = &manifest->rules[i];

        if (up->version == NULL || up->file == NULL)
            continue;
        for (size_t j = i + 1; j < manifest->rule_count && following.work > 0; j++) {
            int64_t at;

            if (!may_meet(&following, i, j) ||
                !make_device(&following, up, &manifest->rules[j], &at) ||
                !goes_round(&following, up, &manifest->rules[j], at))
                continue;
            following.loop = (struct espota_manifest_loop){.up = up, .down = &manifest->rules[j]};
            espota_rule_file_version(up, following.loop.high);
            espota_rule_file_version(following.loop.down, following.loop.low);
            found(context, &following.loop);
        }
    }
    return i;
}
