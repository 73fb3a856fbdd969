/* SPDX-License-Identifier: MIT */
#include "lib/decide.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/glob.h"
#include "core/text.h"

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

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
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
                         const struct espota_shelf_item *item)
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
                      const struct espota_shelf_item *item, bool *said)
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

static bool same_version(const char *a, const char *b)
{
    return a[0] != '\0' && b[0] != '\0' && espota_version_compare(a, strlen(a), b, strlen(b)) == 0;
}

/* A version decides where the device cannot say what it runs, or where a person named it. */
static void decide_give(const struct espota_pull_request *request,
                        const struct espota_shelf_item *item, bool version_is_named,
                        unsigned no_space, struct espota_decision *out)
{
    bool said;

    if (runs_this(request, item, &said)) {
        tell(out, STATUS_CURRENT, "it runs %s already", item->name);
    } else if ((version_is_named || !said) && same_version(request->version, out->version)) {
        tell(out, STATUS_CURRENT, "it has version %s already", out->version);
    } else if (is_device(request) && request->mode == ESPOTA_PULL_SKETCH &&
               request->free_space != 0 && item->size > request->free_space) {
        tell(out, no_space, "%s has %u bytes, the device has room for %u", item->name,
             (unsigned)item->size, (unsigned)request->free_space);
    } else {
        out->item = item;
        tell(out, STATUS_OK, "%s, %u bytes", item->name, (unsigned)item->size);
    }
}

/* A file that was looked at. */
struct looked {
    const char *name;
    const struct espota_shelf_item *item;
    enum espota_status status;
    struct espota_error err;
};

static struct looked look_at(const struct espota_shelf *shelf, const char *name)
{
    struct looked looked = {.name = name, .err = ESPOTA_ERROR_INIT};

    looked.status = shelf->look(shelf->context, name, &looked.item, &looked.err);
    return looked;
}

/* The file is chosen: may this client have it? */
static void decide_file(const struct espota_pull_request *request, const struct looked *looked,
                        bool version_is_named, unsigned no_space, struct espota_decision *out)
{
    const struct espota_shelf_item *item = looked->item;
    const char *name = looked->name;
    const char *reason;

    if (looked->status == ESPOTA_MORE) {
        out->wait = true;
        tell(out, STATUS_LATER, "%s is being written just now", name);
    } else if (looked->status == ESPOTA_E_NO_ANSWER) {
        tell(out, STATUS_NONE, "there is no file %s", name);
    } else if (looked->status != ESPOTA_OK) {
        tell(out, STATUS_NONE, "%s", looked->err.message);
    } else if ((reason = unfit(request, item)) != NULL) {
        tell(out, STATUS_NONE, "%s is not given out: %s", name, reason);
    } else if (request->mode == ESPOTA_PULL_VERSION && out->version[0] == '\0') {
        tell(out, STATUS_NONE, "nothing says which version %s is", name);
    } else if (request->mode == ESPOTA_PULL_VERSION) {
        tell(out, STATUS_OK, "version %s", out->version);
    } else {
        decide_give(request, item, version_is_named, no_space, out);
    }
}

static void decide_by_manifest(const struct espota_pull_request *request,
                               const struct espota_manifest *manifest,
                               const struct espota_shelf *shelf, int64_t now,
                               struct espota_decision *out)
{
    const struct espota_rule *rule = espota_manifest_match(manifest, request, now);
    struct looked looked;

    if (rule == NULL) {
        tell(out, STATUS_NONE, "no rule matches");
        return;
    }
    out->rule = rule->number;
    if (rule->stay) {
        tell(out, STATUS_CURRENT, "rule %zu says that it stays", rule->number);
        return;
    }
    if (rule->give != NULL)
        snprintf(out->version, sizeof(out->version), "%s", rule->give);
    looked = look_at(shelf, rule->file);
    decide_file(request, &looked, rule->give != NULL, manifest->no_space, out);
}

/* "door-2.1.0.bin" of stem "door": what stands between the dash and the ending. */
static void version_of_name(const char *name, size_t stem_length, const char *end,
                            char out[ESPOTA_PULL_VERSION_MAX])
{
    size_t length = strlen(name);
    size_t taken = stem_length + 1 + strlen(end); /* the dash is one */

    if (length > taken && length - taken < ESPOTA_PULL_VERSION_MAX) {
        memcpy(out, name + stem_length + 1, length - taken);
        out[length - taken] = '\0';
    }
}

/* The path without its ending: what a versioned name begins with. */
static void stem_of(const char *path, char out[ESPOTA_SHELF_NAME_MAX])
{
    static const char *const ends[] = {".fs.bin", ".bin"};

    snprintf(out, ESPOTA_SHELF_NAME_MAX, "%s", path);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (!ends_in(out, ends[i]))
            continue;
        out[strlen(out) - strlen(ends[i])] = '\0';
        return;
    }
}

/* The file that the path names, if this kind of client may have it by that name. */
static bool named_by_path(const struct espota_pull_request *request,
                          const struct espota_shelf *shelf, struct looked *looked)
{
    bool filesystem = ends_in(request->path, ".fs.bin");

    if (request->path[0] == '\0')
        return false;
    if (is_device(request) && filesystem != (request->mode == ESPOTA_PULL_FILESYSTEM))
        return false;
    *looked = look_at(shelf, request->path);
    return looked->status != ESPOTA_E_NO_ANSWER;
}

static void decide_by_folder(const struct espota_pull_request *request,
                             const struct espota_shelf *shelf, struct espota_decision *out)
{
    bool filesystem = request->mode == ESPOTA_PULL_FILESYSTEM;
    char name[ESPOTA_SHELF_NAME_MAX];
    char stem[ESPOTA_SHELF_NAME_MAX];
    struct looked looked;

    stem_of(request->path, stem);
    if (request->mac[0] != '\0' && shelf->of_mac(shelf->context, request->mac, filesystem, name)) {
        looked = look_at(shelf, name);
    } else if (named_by_path(request, shelf, &looked)) {
        ; /* it was looked at */
    } else if (stem[0] != '\0' && !ends_in(stem, "/") &&
               shelf->newest(shelf->context, stem, filesystem, name)) {
        version_of_name(name, strlen(stem), filesystem ? ".fs.bin" : ".bin", out->version);
        looked = look_at(shelf, name);
    } else {
        tell(out, STATUS_NONE, "no file for /%s", request->path);
        return;
    }
    decide_file(request, &looked, false, STATUS_NONE, out);
}

void espota_decide(const struct espota_pull_request *request,
                   const struct espota_manifest *manifest, const struct espota_shelf *shelf,
                   int64_t now, struct espota_decision *out)
{
    memset(out, 0, sizeof(*out));
    if (manifest != NULL)
        decide_by_manifest(request, manifest, shelf, now, out);
    else
        decide_by_folder(request, shelf, out);
}
