/* SPDX-License-Identifier: MIT */
/*
 * The decision is pure so that everything that a device can be told is tested without a socket or
 * a disk. What would harm a device (an image of another chip, a damaged or older one) is found here
 * and not left to the device: many cores write first and look later.
 */
#include "serve/inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text/text.h"
#include "wire/wire.h"

enum { STATUS_OK = 200, STATUS_CURRENT = 304, STATUS_NONE = 404, STATUS_LATER = 503 };

static void tell(struct espota_decision *out, unsigned status, const char *format, ...)
    ESPOTA_PRINTF(3, 4);

static void tell(struct espota_decision *out, unsigned status, const char *format, ...)
{
    char raw[sizeof(out->why)];
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    out->status = status;
    espota_text_printable(raw, length < 0 ? 0 : strlen(raw), out->why, sizeof(out->why));
}

static bool is_device(const struct espota_pull_request *request)
{
    return request->family != ESPOTA_PULL_PLAIN;
}

enum espota_pull_family espota_decide_family(enum espota_image_kind kind)
{
    switch (kind) {
    case ESPOTA_IMAGE_ESP8266:
        return ESPOTA_PULL_ESP8266;
    case ESPOTA_IMAGE_ESP32:
        return ESPOTA_PULL_ESP32;
    case ESPOTA_IMAGE_PICO:
        return ESPOTA_PULL_PICO;
    default:
        return ESPOTA_PULL_PLAIN;
    }
}

/* Why this file is nothing for this device; NULL if it is fine. */
static const char *unfit(const struct espota_pull_request *request,
                         const struct espota_store_item *item)
{
    bool program = espota_decide_family(item->kind) != ESPOTA_PULL_PLAIN;

    if (!is_device(request))
        return NULL;
    if (item->problem[0] != '\0')
        return item->problem;
    if (request->mode == ESPOTA_PULL_FILESYSTEM && program)
        return "it is a program, no file system";
    if (request->mode == ESPOTA_PULL_FILESYSTEM)
        return item->gzip ? "it is compressed, and would be written as it is" : NULL;
    if (!program)
        return "it is no program image that devices take";
    if (espota_decide_family(item->kind) != request->family)
        return "it is for another chip";
    if (item->gzip && request->family == ESPOTA_PULL_ESP32)
        return "it is compressed, and an ESP32 does not unpack";
    return NULL;
}

/* True if the device said what it runs, and it is this. `*said` tells whether it said so at all. */
static bool runs_this(const struct espota_pull_request *request,
                      const struct espota_store_item *item, bool *said)
{
    *said = request->mode != ESPOTA_PULL_FILESYSTEM &&
            (request->sketch_md5[0] != '\0' || request->sketch_sha256[0] != '\0');
    if (!*said)
        return false;
    for (unsigned i = 0; i < item->running_count; i++)
        if (strcmp(request->sketch_md5, item->running_md5[i]) == 0)
            return true;
    return item->running_sha256[0] != '\0' &&
           strcmp(request->sketch_sha256, item->running_sha256) == 0;
}

/* < 0: a is older; 0: they are the same; > 0 also where one of them is not known. */
static int compare_versions(const char *a, const char *b)
{
    if (a[0] == '\0' || b[0] == '\0')
        return 1;
    return espota_version_compare(a, strlen(a), b, strlen(b));
}

/* What is to be given, before the client's own state is looked at. */
struct offer {
    const struct espota_store_item *item; /* once it was looked at; NULL: it cannot be given */
    const char *name;
    enum espota_status status; /* of looking at it */
    struct espota_error err;
    char version[ESPOTA_PULL_VERSION_MAX]; /* as far as it is known; "": it is not */
    bool version_is_named;                 /* by a person, for just this */
    bool downgrade;
    unsigned no_space;
};

/* A version decides where the device cannot say what it runs, or where a person named it. */
static void decide_give(const struct espota_pull_request *request, const struct offer *offer,
                        struct espota_decision *out)
{
    const struct espota_store_item *item = offer->item;
    bool said;

    if (runs_this(request, item, &said)) {
        tell(out, STATUS_CURRENT, "it runs %s already", item->name);
    } else if ((offer->version_is_named || !said) &&
               compare_versions(request->version, out->version) == 0) {
        tell(out, STATUS_CURRENT, "it has version %s already", out->version);
    } else if (!offer->downgrade && compare_versions(offer->version, request->version) < 0) {
        tell(out, STATUS_CURRENT, "it has version %s, and %s is older: %s", request->version,
             item->name, offer->version);
    } else if (is_device(request) && request->mode == ESPOTA_PULL_SKETCH &&
               request->free_space != 0 && item->size > request->free_space) {
        tell(out, offer->no_space, "%s has %u bytes, the device has room for %u", item->name,
             (unsigned)item->size, (unsigned)request->free_space);
    } else {
        out->item = item;
        out->blind = is_device(request) && !said &&
                     (request->mode == ESPOTA_PULL_FILESYSTEM || request->free_space == 0);
        tell(out, STATUS_OK, "%s, %u bytes", item->name, (unsigned)item->size);
    }
}

static void look_at(const struct espota_store *store, const char *name, struct offer *offer)
{
    offer->name = name;
    offer->err = (struct espota_error)ESPOTA_ERROR_INIT;
    offer->status = store->look(store->context, name, &offer->item, &offer->err);
}

/* The file is chosen: may this client have it? */
static void decide_file(const struct espota_pull_request *request, const struct offer *offer,
                        struct espota_decision *out)
{
    const char *name = offer->name;
    const char *reason;

    if (offer->status == ESPOTA_MORE) {
        out->wait = true;
        tell(out, STATUS_LATER, "%s is being written just now", name);
    } else if (offer->status == ESPOTA_E_NO_ANSWER) {
        tell(out, STATUS_NONE, "there is no file %s", name);
    } else if (offer->status != ESPOTA_OK) {
        tell(out, STATUS_NONE, "%s", offer->err.message);
    } else if ((reason = unfit(request, offer->item)) != NULL) {
        tell(out, STATUS_NONE, "%s is not given out: %s", name, reason);
    } else if (request->mode == ESPOTA_PULL_VERSION && out->version[0] == '\0') {
        tell(out, STATUS_NONE, "nothing says which version %s is", name);
    } else if (request->mode == ESPOTA_PULL_VERSION) {
        tell(out, STATUS_OK, "version %s", out->version);
    } else {
        decide_give(request, offer, out);
    }
}

/* A device that is excluded by its version alone has nothing to do: 404 would be an error to it. */
static void decide_without_rule(const struct espota_pull_request *request,
                                const struct espota_manifest *manifest, int64_t now,
                                struct espota_decision *out)
{
    const struct espota_rule *rule = espota_manifest_match_but_version(manifest, request, now);

    if (rule == NULL) {
        tell(out, STATUS_NONE, "no rule matches");
        return;
    }
    out->rule = rule->number;
    tell(out, STATUS_CURRENT, "rule %zu is for versions %s, it has %s", rule->number, rule->version,
         request->version);
}

static void decide_by_manifest(const struct espota_pull_request *request,
                               const struct espota_manifest *manifest,
                               const struct espota_store *store, int64_t now,
                               struct espota_decision *out)
{
    const struct espota_rule *rule = espota_manifest_match(manifest, request, now);
    struct offer offer = {.no_space = manifest->no_space};

    if (rule == NULL) {
        decide_without_rule(request, manifest, now, out);
        return;
    }
    out->rule = rule->number;
    if (rule->stay) {
        tell(out, STATUS_CURRENT, "rule %zu says that it stays", rule->number);
        return;
    }
    if (rule->give != NULL)
        snprintf(out->version, sizeof(out->version), "%s", rule->give);
    espota_rule_file_version(rule, offer.version);
    offer.version_is_named = rule->give != NULL;
    offer.downgrade = rule->downgrade;
    look_at(store, rule->file, &offer);
    decide_file(request, &offer, out);
}

/* The path without its ending: what a versioned name begins with. */
static void stem_of(const char *path, char out[ESPOTA_STORE_NAME_MAX])
{
    size_t length = espota_store_any_stem_length(path);

    snprintf(out, ESPOTA_STORE_NAME_MAX, "%.*s", (int)(length > 0 ? length : strlen(path)), path);
}

/* The file that the path names, if this kind of client may have it by that name. */
static bool named_by_path(const struct espota_pull_request *request,
                          const struct espota_store *store, const char *stem,
                          char name[ESPOTA_STORE_NAME_MAX], struct offer *offer)
{
    bool wants_filesystem = request->mode == ESPOTA_PULL_FILESYSTEM;
    bool names_filesystem = espota_store_stem_length(request->path, true) > 0;

    if (request->path[0] == '\0' || (is_device(request) && names_filesystem && !wants_filesystem))
        return false;
    snprintf(name, ESPOTA_STORE_NAME_MAX, "%s", request->path);
    /* one URL is for both: /data.bin has the sketch, and data.fs.bin is its file system */
    if (is_device(request) && !names_filesystem && wants_filesystem &&
        snprintf(name, ESPOTA_STORE_NAME_MAX, "%s%s", stem, espota_store_ending(true)) >=
            ESPOTA_STORE_NAME_MAX)
        return false;
    look_at(store, name, offer);
    return offer->status != ESPOTA_E_NO_ANSWER;
}

static void decide_by_folder(const struct espota_pull_request *request,
                             const struct espota_store *store, struct espota_decision *out)
{
    bool filesystem = request->mode == ESPOTA_PULL_FILESYSTEM;
    char name[ESPOTA_STORE_NAME_MAX];
    char stem[ESPOTA_STORE_NAME_MAX];
    struct offer offer = {.no_space = STATUS_NONE};

    stem_of(request->path, stem);
    if (request->mac[0] != '\0' && store->of_mac(store->context, request->mac, filesystem, name)) {
        look_at(store, name, &offer);
    } else if (named_by_path(request, store, stem, name, &offer)) {
        ; /* it was looked at */
    } else if (stem[0] != '\0' && stem[strlen(stem) - 1] != '/' &&
               store->newest(store->context, stem, filesystem, name)) {
        size_t start = strlen(stem) + 1; /* behind the dash */
        size_t length = espota_store_stem_length(name, filesystem) - start;

        if (length < sizeof(out->version))
            snprintf(out->version, sizeof(out->version), "%.*s", (int)length, name + start);
        memcpy(offer.version, out->version, sizeof(offer.version));
        look_at(store, name, &offer);
    } else {
        tell(out, STATUS_NONE, "no file for /%s", request->path);
        return;
    }
    decide_file(request, &offer, out);
}

void espota_decide(const struct espota_pull_request *request,
                   const struct espota_manifest *manifest, const struct espota_store *store,
                   int64_t now, struct espota_decision *out)
{
    memset(out, 0, sizeof(*out));
    if (manifest != NULL)
        decide_by_manifest(request, manifest, store, now, out);
    else
        decide_by_folder(request, store, out);
}
