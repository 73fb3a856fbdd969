/* SPDX-License-Identifier: MIT */
/* `serve --check`: what a manifest says, and what of it cannot be meant. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/serve_inside.h"

enum {
    ESP8266_PROGRAM_MAX = 1044464, /* PROTOCOL 5.9: more cannot be mapped */
    FLASH_MAX = 32 * 1024 * 1024,  /* no device of these families has a larger flash */
};

struct checking {
    const struct espota_log *log;
    size_t *doubts;
    struct espota_shelf_folder *shelf;
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
                       const struct espota_shelf_item *item)
{
    uint32_t most =
        item->kind == ESPOTA_IMAGE_ESP8266 && !item->gzip ? ESP8266_PROGRAM_MAX : FLASH_MAX;

    if (item->size > most)
        doubt(checking, "rule %zu: %s has %u bytes, no device of that chip takes more than %u",
              rule->number, rule->file, (unsigned)item->size, (unsigned)most);
}

static void check_kind(const struct checking *checking, const struct espota_rule *rule,
                       const struct espota_shelf_item *item)
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
    const struct espota_shelf *shelf = espota_shelf_folder_table(checking->shelf);
    const struct espota_shelf_item *item;
    struct espota_error err = ESPOTA_ERROR_INIT;
    enum espota_status status = shelf->look(shelf->context, rule->file, &item, &err);

    if (status == ESPOTA_OK)
        check_kind(checking, rule, item);
    else if (status == ESPOTA_MORE)
        doubt(checking, "rule %zu: %s is being written just now", rule->number, rule->file);
    else
        doubt(checking, "rule %zu: %s", rule->number, err.message);
}

static void check_rules(const struct checking *checking, const struct espota_manifest *manifest)
{
    const struct espota_rule *rule;
    const struct espota_rule *by;
    size_t next = 0;

    while ((rule = espota_manifest_unreachable(manifest, &next, &by)) != NULL)
        doubt(checking, "rule %zu can never match: rule %zu takes all that it would take",
              rule->number, by->number);
    for (size_t i = 0; i < manifest->rule_count; i++)
        if (manifest->rules[i].file != NULL)
            check_file(checking, &manifest->rules[i]);
}

enum espota_status espota_serve_check(const char *manifest, const struct espota_log *log,
                                      size_t *rules, size_t *doubts, struct espota_error *err)
{
    struct espota_serve serve = {.options = {.manifest = manifest}};
    struct checking checking = {log, doubts, NULL};
    enum espota_status status;

    *rules = *doubts = 0;
    espota_crypto_openssl_init(&serve.crypto);
    status = espota_serve_load(&serve, err);
    if (status == ESPOTA_OK) {
        espota_shelf_folder_trust(serve.shelf);
        checking.shelf = serve.shelf;
        *rules = serve.manifest.rule_count;
        check_rules(&checking, &serve.manifest);
    }
    espota_serve_unload(&serve);
    espota_crypto_openssl_deinit(&serve.crypto);
    return status;
}
