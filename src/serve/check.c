/* SPDX-License-Identifier: MIT */
/*
 * Looking rules through without a server: what a manifest says, what of it cannot be meant, and
 * what one device would be told. The rules are read as the server reads them, so that what is good
 * here is good there.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "serve/inside.h"
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
    espota_log_say(checking->log, ESPOTA_LOG_WARNING, "%s", line);
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
    const struct espota_store *store = &checking->store->table;
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
    if (followed < manifest->rule_count)
        espota_log_say(checking->log, ESPOTA_LOG_NOTE,
                       "loops were looked for among the first %zu rules only", followed);
}

/* Faults as they are found; the first waits until it is not the only one. */
struct faults_told {
    const struct espota_log *log;
    char first[1024];
    size_t count;
};

static void tell_fault(void *context, const char *fault)
{
    struct faults_told *told = context;

    if (told->count++ == 0) {
        snprintf(told->first, sizeof(told->first), "%s", fault);
        return;
    }
    if (told->count == 2)
        espota_log_say(told->log, ESPOTA_LOG_WARNING, "%s", told->first);
    espota_log_say(told->log, ESPOTA_LOG_WARNING, "%s", fault);
}

enum espota_status espota_serve_check(const struct espota_serve_options *options, size_t *rules,
                                      size_t *doubts, struct espota_error *err)
{
    struct espota_serve_options own = ESPOTA_SERVE_OPTIONS_INIT;
    struct espota_serve_rules *read;
    struct faults_told told = {.log = &own.log};
    struct espota_manifest_faults faults = {tell_fault, &told, 0};
    enum espota_status status = espota_sized_take(&own, options, err);

    *rules = *doubts = 0;
    if (status != ESPOTA_OK)
        return status;
    status = espota_serve_rules_create(&own, &faults, &read, err);
    if (faults.count > 1)
        status = espota_error_set(err, ESPOTA_E_USAGE, "%s: %zu mistakes, it is not to be used",
                                  own.manifest, faults.count);
    if (status == ESPOTA_OK && read->manifest != NULL) {
        struct checking checking = {&own.log, doubts, read->store};

        read->store->trusting = true;
        *rules = read->manifest->rule_count;
        check_rules(&checking, read->manifest);
    }
    espota_serve_rules_destroy(read);
    return status;
}

static bool take_header(struct espota_pull_request *request, enum espota_pull_family family,
                        const char *field, const char *value)
{
    char name[48];
    struct espota_pull_request before = *request;

    if (value == NULL)
        return true;
    snprintf(name, sizeof(name), "%s%s", espota_pull_family_prefix(family), field);
    espota_pull_request_header(request, name, value);
    return memcmp(&before, request, sizeof(before)) != 0;
}

static enum espota_status make_request(const struct espota_serve_device *device,
                                       struct espota_pull_request *request,
                                       struct espota_error *err)
{
    const char *path = device->path != NULL ? device->path : "/";
    enum espota_pull_family family = espota_family_named(device->chip);

    espota_pull_request_init(request);
    if (family == ESPOTA_PULL_PLAIN)
        return espota_error_set(err, ESPOTA_E_USAGE, "no chip '%s': esp8266, esp32 or pico",
                                device->chip);
    request->family = family;
    if (espota_pull_request_path(request, path, strlen(path)) != ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s' is no path of a file", path);
    if (!take_header(request, family, "STA-MAC", device->mac))
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s' is no MAC", device->mac);
    if (!take_header(request, family, "version", device->version))
        return espota_error_set(err, ESPOTA_E_USAGE, "no device says such a version");
    if (!take_header(request, family, "sketch-md5", device->md5))
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s' is no MD5", device->md5);
    request->mode = device->filesystem ? ESPOTA_PULL_FILESYSTEM : ESPOTA_PULL_SKETCH;
    return ESPOTA_OK;
}

enum espota_status espota_serve_ask(const struct espota_serve_options *options,
                                    const struct espota_serve_device *device, void *context,
                                    void (*answer)(void *context,
                                                   const struct espota_serve_event *event),
                                    struct espota_error *err)
{
    struct espota_serve_options quiet = ESPOTA_SERVE_OPTIONS_INIT;
    struct espota_serve_device asking = ESPOTA_SERVE_DEVICE_INIT;
    struct espota_serve_rules *rules;
    struct espota_pull_request request;
    struct espota_decision decision;
    enum espota_status status = espota_sized_take(&quiet, options, err);

    if (status == ESPOTA_OK)
        status = espota_sized_take(&asking, device, err);
    if (status == ESPOTA_OK)
        status = make_request(&asking, &request, err);
    if (status != ESPOTA_OK)
        return status;
    quiet.log = (struct espota_log){.say = NULL}; /* the credentials were complained of by now */
    status = espota_serve_rules_create(&quiet, NULL, &rules, err);
    if (status == ESPOTA_OK) {
        rules->store->trusting = true;
        espota_decide(&request, rules->manifest, &rules->store->table, espota_clock_wall(),
                      &decision);
        espota_serve_tell_event(
            (struct espota_serve_event){.address = "",
                                        .path = asking.path != NULL ? asking.path : "/",
                                        .status = decision.status,
                                        .bytes = decision.item != NULL ? decision.item->size : 0},
            &request, &decision, context, answer);
    }
    espota_serve_rules_destroy(rules);
    return status;
}
