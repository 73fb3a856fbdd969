/* SPDX-License-Identifier: MIT */
/* A manifest as serve reads it, and some devices that ask by it. */
#include <string.h>

#include "fuzz.h"
#include "serve/manifest.h"

static const struct espota_pull_request devices[] = {
    {.family = ESPOTA_PULL_PLAIN, .path = "door.bin"},
    {.family = ESPOTA_PULL_ESP8266, .mac = "18feaa000001", .path = "update/x", .version = "2.0.9"},
    {.family = ESPOTA_PULL_ESP32, .mac = "ffffffffffff", .mode = ESPOTA_PULL_FILESYSTEM},
    {.family = ESPOTA_PULL_PICO, .mac = "000000000000", .version = "v1.0-rc1"},
};

static void check_rule(const struct espota_rule *rule, size_t number)
{
    FUZZ_CHECK(rule->number == number);
    FUZZ_CHECK(rule->stay == (rule->file == NULL));
    FUZZ_CHECK(rule->rollout <= 100 && rule->from < rule->until);
    FUZZ_CHECK(rule->file == NULL || (rule->file[0] != '/' && strncmp(rule->file, "../", 3) != 0 &&
                                      strstr(rule->file, "/../") == NULL));
    FUZZ_CHECK(rule->give == NULL || strpbrk(rule->give, "\r\n") == NULL);
}

enum { UNREACHABLE_MAX = 256 };

static void note_unreachable(void *context, const struct espota_rule *rule,
                             const struct espota_rule *by)
{
    bool *unreachable = context;

    FUZZ_CHECK(by->number < rule->number);
    if (rule->number < UNREACHABLE_MAX)
        unreachable[rule->number] = true;
}

static void note_loop(void *context, const struct espota_manifest_loop *loop)
{
    (void)context;
    FUZZ_CHECK(loop->up->number < loop->down->number && loop->up->version != NULL);
}

/* A rule that is told to be unreachable matches no device, whatever the time. */
static void check_matches(const struct espota_manifest *manifest)
{
    static const int64_t times[] = {0, 1795298400, INT64_MAX - 1};
    const struct espota_rule *rule;
    bool unreachable[UNREACHABLE_MAX] = {false};

    (void)espota_manifest_unreachable(manifest, note_unreachable, unreachable);
    (void)espota_manifest_loops(manifest, times[1], note_loop, NULL);
    for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
        for (size_t k = 0; k < sizeof(times) / sizeof(times[0]); k++) {
            rule = espota_manifest_match(manifest, &devices[i], times[k]);
            FUZZ_CHECK(rule == NULL || rule->number >= sizeof(unreachable) ||
                       !unreachable[rule->number]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct espota_manifest manifest;
    struct espota_error err = ESPOTA_ERROR_INIT;

    if (espota_manifest_parse((const char *)data, size, "m", NULL, &manifest, &err) != ESPOTA_OK) {
        FUZZ_CHECK(err.message[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < manifest.rule_count; i++)
        check_rule(&manifest.rules[i], i + 1);
    check_matches(&manifest);
    espota_manifest_deinit(&manifest);
    return 0;
}
