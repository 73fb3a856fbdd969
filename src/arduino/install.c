/* SPDX-License-Identifier: MIT */
/*
 * Cores are found as Arduino's tools find them: by the names of folders. Which core it is, and
 * whether this version of it has an upload that can be taken over, is told by its platform.txt.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arduino/install.h"
#include "sys/sys.h"

enum { PATH_ROOM = ESPOTA_ARDUINO_PATH };

static bool is_core_folder(const char *folder)
{
    char path[PATH_ROOM];
    struct espota_file_key key;

    return espota_path_join(path, sizeof(path) - 64, folder, "platform.txt") &&
           espota_file_key_at(path, &key) == ESPOTA_OK;
}

/* Which core a folder holds: by a key that only its platform.txt has. */
static bool core_of(const char *folder, enum espota_core *core)
{
    static const char *const keys[ESPOTA_CORE_COUNT] = {"tools.esptool.upload.network_pattern",
                                                        "tools.esp_ota.", "tools.uf2conv-network."};
    char path[PATH_ROOM];
    char *text;
    size_t length;
    bool found = false;

    espota_arduino_path(path, folder, "platform.txt", NULL);
    if (espota_arduino_read(path, &text, &length, NULL) != ESPOTA_OK || text == NULL)
        return false;
    for (int i = 0; i < ESPOTA_CORE_COUNT && !found; i++) {
        found = strstr(text, keys[i]) != NULL;
        *core = (enum espota_core)i;
    }
    free(text);
    return found;
}

typedef void visit_folder(struct espota_arduino_work *work, const char *folder);

struct walk {
    struct espota_arduino_work *work;
    const char *parent;
    const char *rest; /* of the pattern, behind "*" */
    visit_folder *visit;
};

static void walk(struct espota_arduino_work *work, const char *folder, const char *pattern,
                 visit_folder *visit);

static bool walk_one(void *context, const char *name)
{
    const struct walk *at = context;
    char folder[PATH_ROOM];

    if (name[0] != '.' && espota_path_join(folder, sizeof(folder) - 256, at->parent, name))
        walk(at->work, folder, at->rest, at->visit);
    return true;
}

/*
 * Every folder below `folder` by a pattern of names between slashes, in which "*" stands for all
 * but hidden ones. A folder that is not there has none.
 */
static void walk(struct espota_arduino_work *work, const char *folder, const char *pattern,
                 visit_folder *visit)
{
    size_t length = strcspn(pattern, "/");
    const char *rest = pattern + length + (pattern[length] == '/');
    struct walk all = {work, folder, rest, visit};
    char name[64];
    char below[PATH_ROOM];
    int descriptor;

    snprintf(name, sizeof(name), "%.*s", (int)length, pattern);
    if (length == 0) {
        visit(work, folder);
    } else if (strcmp(name, "*") != 0) {
        if (espota_path_join(below, sizeof(below) - 256, folder, name))
            walk(work, below, rest, visit);
    } else if (espota_folder_open(folder, &descriptor, NULL) == ESPOTA_OK) {
        (void)!espota_folder_list(descriptor, "", walk_one, &all, NULL);
        espota_descriptor_close(&descriptor);
    }
}

/* Only cores whose folder is named after one of ours, and which is wanted. */
static bool wanted_core(const struct espota_arduino_work *work, const char *name,
                        enum espota_core *core)
{
    for (int i = 0; i < ESPOTA_CORE_COUNT; i++) {
        if (strcmp(name, espota_core_name((enum espota_core)i)) != 0)
            continue;
        *core = (enum espota_core)i;
        return work->options->core == NULL || strcmp(work->options->core, name) == 0;
    }
    return false;
}

/* What was written into one stays ours to take away, whatever its platform.txt says today. */
static void visit_core(struct espota_arduino_work *work, const char *folder, enum espota_core named)
{
    enum espota_core core = named;

    if (core_of(folder, &core) || work->options->remove)
        espota_arduino_edit_core(work, folder, core);
    else
        espota_arduino_leave_core(work, folder);
}

/* .../hardware/esp8266/3.1.2 */
static void visit_version(struct espota_arduino_work *work, const char *folder)
{
    if (is_core_folder(folder))
        visit_core(work, folder, ESPOTA_CORE_ESP8266);
}

/* .../hardware/esp8266: a core itself (sketchbook), or one folder for each version (packages) */
static void visit_architecture(struct espota_arduino_work *work, const char *folder)
{
    enum espota_core core;

    if (!wanted_core(work, espota_path_name(folder), &core))
        return;
    if (is_core_folder(folder))
        visit_core(work, folder, core);
    else
        walk(work, folder, "*", visit_version);
}

/* `cores`: not only the discovery. */
static void search(struct espota_arduino_work *work, const char *place, bool sketchbook, bool cores)
{
    if (cores)
        walk(work, place, sketchbook ? "hardware/*/*" : "packages/*/hardware/*",
             visit_architecture);
    if (!sketchbook && (work->options->discovery || work->options->remove))
        walk(work, place, "packages/builtin/tools/mdns-discovery/*", espota_arduino_edit_discovery);
}

static enum espota_status install_one(struct espota_arduino_work *work, const char *folder)
{
    enum espota_core core;

    if (!is_core_folder(folder))
        return espota_error_set(work->err, ESPOTA_E_LOCAL, "%s is no core: it has no platform.txt",
                                folder);
    if (!core_of(folder, &core))
        return espota_error_set(work->err, ESPOTA_E_LOCAL,
                                "%s is none of the cores esp8266, esp32 and rp2040", folder);
    espota_arduino_edit_core(work, folder, core);
    return work->status;
}

static enum espota_status search_all(struct espota_arduino_work *work, bool cores)
{
    struct espota_arduino_places places;
    enum espota_status status;

    if (work->options->data_dir != NULL) {
        search(work, work->options->data_dir, false, cores);
        return ESPOTA_OK;
    }
    status = espota_arduino_places(&places, &work->options->log, work->err);
    for (size_t i = 0; status == ESPOTA_OK && i < places.count; i++)
        search(work, places.list[i].path, places.list[i].sketchbook, cores);
    return status;
}

/* What is missing of what was asked for. */
static enum espota_status judge(const struct espota_arduino_work *work)
{
    const struct espota_arduino_install_options *options = work->options;

    if (work->status != ESPOTA_OK)
        return work->status;
    if (options->discovery && !options->remove && work->discoveries == 0)
        return espota_error_remedy(work->err, ESPOTA_E_NO_ANSWER, ESPOTA_REMEDY_NAME_DATA_DIR,
                                   "Arduino's mdns-discovery was not found: let 'arduino-cli board "
                                   "list' fetch it first");
    if (work->cores > 0 || work->discoveries > 0)
        return ESPOTA_OK;
    if (work->left > 0)
        return espota_error_set(work->err, ESPOTA_E_NO_ANSWER,
                                "none of the cores that were found has an upload over the network "
                                "that espota-c knows");
    return espota_error_remedy(work->err, ESPOTA_E_NO_ANSWER,
                               ESPOTA_REMEDY_NAME_CORE | ESPOTA_REMEDY_NAME_DATA_DIR,
                               "no core was found");
}

enum espota_status espota_arduino_install(const struct espota_arduino_install_options *options,
                                          size_t *cores, struct espota_error *err)
{
    struct espota_arduino_install_options own = ESPOTA_ARDUINO_INSTALL_OPTIONS_INIT;
    struct espota_arduino_work work = {.options = &own, .err = err};
    enum espota_status status = espota_sized_take(&own, options, err);
    bool one = own.core != NULL && espota_path_is(own.core);

    *cores = 0;
    if (status != ESPOTA_OK)
        return status;
    if (strpbrk(own.program, "\"\r\n{}") != NULL)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "%s cannot stand in a platform.local.txt: move the program",
                                own.program);
    if (one)
        status = install_one(&work, own.core);
    if (status == ESPOTA_OK)
        status = search_all(&work, !one);
    *cores = work.cores;
    return status != ESPOTA_OK ? status : judge(&work);
}
