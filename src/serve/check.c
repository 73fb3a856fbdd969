/* SPDX-License-Identifier: MIT */
/* `serve --check`: what a manifest says, and what of it cannot be meant. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/inside.h"
#include "serve/version_rule.h"
#include "sys/sys.h"

enum {
    ESP8266_PROGRAM_MAX = 1044464, /* PROTOCOL 5.9: more cannot be mapped */
    FLASH_MAX = 32 * 1024 * 1024,  /* no device of these families has a larger flash */
};

struct checking {
    const struct espota_log *log;
    size_t *doubts;
    struct espota_store_folder *store;
};

static void doubt(const struct checking *checking, const char *format, ...) ESPOTA_PRINTF(2, 3);

static void doubt(const struct checking *checking, const char *format, ...)
{
    char line[1024];
    va_list args;

    (*checking->doubts)++;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (checking->log->say != NULL)
        checking->log->say(checking->log->context, ESPOTA_LOG_WARNING, line);
}

static void check_size(const struct checking *checking, const struct espota_rule *rule,
                       const struct espota_store_item *item)
{
    uint32_t most =
        item->kind == ESPOTA_IMAGE_ESP8266 && !item->gzip ? ESP8266_PROGRAM_MAX : FLASH_MAX;

    if (item->size > most)
        doubt(checking, "rule %zu: %s has %u bytes, no device of that chip takes more than %u",
              rule->number, rule->file, (unsigned)item->size, (unsigned)most);
}

static void check_kind(const struct checking *checking, const struct espota_rule *rule,
                       const struct espota_store_item *item)
{
    bool filesystem = rule->mode == ESPOTA_PULL_FILESYSTEM;

    if (item->problem[0] != '\0')
        doubt(checking, "rule %zu: %s: %s", rule->number, rule->file, item->problem);
    else if (!filesystem && item->kind == ESPOTA_IMAGE_UNKNOWN)
        doubt(checking, "rule %zu: %s is no image that is known here", rule->number, rule->file);
    else if (rule->mode == ESPOTA_PULL_SKETCH && espota_image_is_filesystem(item->kind))
        doubt(checking, "rule %zu: %s is a file system, the rule is for sketches", rule->number,
              rule->file);
    else if (filesystem && !espota_image_is_filesystem(item->kind) &&
             item->kind != ESPOTA_IMAGE_UNKNOWN)
        doubt(checking, "rule %zu: %s is no file system, the rule is for one", rule->number,
              rule->file);
    else if (rule->family > 0 && espota_decide_family(item->kind) != ESPOTA_PULL_PLAIN &&
             (int)espota_decide_family(item->kind) != rule->family)
        doubt(checking, "rule %zu: %s is for %s, the rule is for %s", rule->number, rule->file,
              espota_pull_family_word(espota_decide_family(item->kind)),
              espota_pull_family_word((enum espota_pull_family)rule->family));
    else if (item->gzip && item->trailer)
        doubt(checking,
              "rule %zu: %s is compressed and signed: a device that does not verify signatures is "
              "destroyed by it",
              rule->number, rule->file);
    check_size(checking, rule, item);
}

static void check_file(const struct checking *checking, const struct espota_rule *rule)
{
    const struct espota_store *store = espota_store_folder_table(checking->store);
    const struct espota_store_item *item;
    struct espota_error err = ESPOTA_ERROR_INIT;
    enum espota_status status = store->look(store->context, rule->file, &item, &err);

    if (status == ESPOTA_OK)
        check_kind(checking, rule, item);
    else if (status == ESPOTA_MORE)
        doubt(checking, "rule %zu: %s is being written just now", rule->number, rule->file);
    else
        doubt(checking, "rule %zu: %s", rule->number, err.message);
}

static void found_unreachable(void *context, const struct espota_rule *rule,
                              const struct espota_rule *by)
{
    doubt(context, "rule %zu can never match: rule %zu takes all that it would take", rule->number,
          by->number);
}

static void found_loop(void *context, const struct espota_manifest_loop *loop)
{
    size_t up = loop->up->number;
    size_t down = loop->down->number;

    if (loop->high[0] == '\0' || loop->low[0] == '\0')
        doubt(context,
              "rules %zu and %zu may update a device up and down for ever: nothing says which "
              "versions their files are; \"give\" does",
              up, down);
    else if (loop->down->downgrade || loop->up->downgrade)
        doubt(context, "rules %zu and %zu update a device up and down for ever, to %s and to %s",
              up, down, loop->high, loop->low);
    else
        doubt(
            context,
            "rule %zu gives %s to devices that rule %zu has brought to %s: they stay at the newer "
            "one, and with \"downgrade\" they would go up and down for ever",
            down, loop->low, up, loop->high);
}

/* Why a rule can never match, whatever the others are; NULL: it may. */
static const char *never(const struct espota_rule *rule, int64_t now)
{
    char version[2 * ESPOTA_PULL_VERSION_MAX];

    if (rule->rollout == 0)
        return "its \"rollout\" is 0";
    if (rule->until <= now)
        return "its \"until\" is over";
    if (rule->path != NULL && strchr("/*?", rule->path[0]) == NULL)
        return "a path begins with a slash, and its \"path\" does not";
    if (rule->version != NULL &&
        !espota_version_rule_inside(rule->version, version, sizeof(version)))
        return "no version meets all of its \"version\"";
    return NULL;
}

static void check_rules(const struct checking *checking, const struct espota_manifest *manifest)
{
    int64_t now = espota_clock_wall();
    void *context = (void *)(uintptr_t)checking;
    size_t followed;
    char line[128];

    for (size_t i = 0; i < manifest->rule_count; i++) {
        const char *why = never(&manifest->rules[i], now);

        if (why != NULL)
            doubt(checking, "rule %zu can never match: %s", manifest->rules[i].number, why);
        if (manifest->rules[i].file != NULL)
            check_file(checking, &manifest->rules[i]);
    }
    if (!espota_manifest_unreachable(manifest, found_unreachable, context))
        doubt(checking, "out of memory: rules that an earlier one hides were not looked for");
    followed = espota_manifest_loops(manifest, now, found_loop, context);
    if (followed == manifest->rule_count || checking->log->say == NULL)
        return;
    snprintf(line, sizeof(line), "loops were looked for among the first %zu rules only", followed);
    checking->log->say(checking->log->context, ESPOTA_LOG_NOTE, line);
}

/* Faults as they are found; the first waits until it is not the only one. */
struct faults {
    const struct espota_log *log;
    char first[1024];
    size_t count;
};

static void tell_fault(void *context, const char *fault)
{
    struct faults *faults = context;

    if (faults->log->say == NULL)
        return;
    if (faults->count++ == 0) {
        snprintf(faults->first, sizeof(faults->first), "%s", fault);
        return;
    }
    if (faults->count == 2)
        faults->log->say(faults->log->context, ESPOTA_LOG_WARNING, faults->first);
    faults->log->say(faults->log->context, ESPOTA_LOG_WARNING, fault);
}

/* OK if the manifest can be read; else every fault is told: one in `err`, more of them in the log.
 */
static enum espota_status tell_faults(const char *path, const struct espota_log *log,
                                      struct espota_error *err)
{
    struct espota_manifest manifest;
    struct faults faults = {.log = log};
    uint8_t *text = NULL;
    size_t length, count = 0;
    enum espota_status status =
        espota_file_read(path, ESPOTA_SERVE_MANIFEST_MAX, &text, &length, NULL, err);

    if (status == ESPOTA_OK) {
        status = espota_manifest_parse_all((const char *)text, length, path, tell_fault, &faults,
                                           &count, &manifest, err);
        if (status == ESPOTA_OK)
            espota_manifest_deinit(&manifest);
    }
    free(text);
    if (count > 1)
        return espota_error_set(err, ESPOTA_E_USAGE, "%s: %zu mistakes, it is not to be used", path,
                                count);
    return status;
}

enum espota_status espota_serve_check(const char *manifest, const struct espota_log *log,
                                      size_t *rules, size_t *doubts, struct espota_error *err)
{
    struct espota_serve serve = {.options = {.manifest = manifest}};
    struct checking checking = {log, doubts, NULL};
    enum espota_status status = tell_faults(manifest, log, err);

    *rules = *doubts = 0;
    if (status != ESPOTA_OK)
        return status;
    espota_crypto_openssl_init(&serve.crypto);
    status = espota_serve_load(&serve, err);
    if (status == ESPOTA_OK) {
        espota_store_folder_trust(serve.store);
        checking.store = serve.store;
        *rules = serve.manifest.rule_count;
        check_rules(&checking, &serve.manifest);
    }
    espota_serve_unload(&serve);
    espota_crypto_openssl_deinit(&serve.crypto);
    return status;
}
