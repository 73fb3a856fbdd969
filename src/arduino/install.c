/* SPDX-License-Identifier: MIT */
#include "espota/arduino_install.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arduino/edit.h"
#include "arduino/places.h"
#include "sys/sys.h"

enum { PATH_ROOM = ESPOTA_ARDUINO_PATH };

static bool is_core_folder(const char *folder)
{
    char path[PATH_ROOM];
    struct espota_file_key key;

    return snprintf(path, sizeof(path), "%s/platform.txt", folder) < PATH_ROOM - 64 &&
           espota_file_key_at(path, &key) == ESPOTA_OK;
}

/* Which core a folder holds: by a key that only its platform.txt has. */
static bool core_of(const char *folder, enum espota_core *core)
{
    static const char *const keys[ESPOTA_CORE_COUNT] = {"tools.esptool.upload.network_pattern",
                                                        "tools.esp_ota.", "tools.uf2conv-network."};
    char path[PATH_ROOM];
    char *text = NULL;
    bool found = false;

    snprintf(path, sizeof(path), "%s/platform.txt", folder);
    if (espota_arduino_read(path, &text, NULL) != ESPOTA_OK || text == NULL)
        return false;
    for (int i = 0; i < ESPOTA_CORE_COUNT && !found; i++) {
        found = strstr(text, keys[i]) != NULL;
        *core = (enum espota_core)i;
    }
    free(text);
    return found;
}

struct walk {
    struct espota_arduino_work *work;
    const char *parent;
    void (*each)(struct espota_arduino_work *work, const char *folder, const char *name);
};

static bool walk_one(void *context, const char *name)
{
    const struct walk *walk = context;
    char folder[PATH_ROOM];

    if (name[0] != '.' &&
        snprintf(folder, sizeof(folder), "%s/%s", walk->parent, name) < PATH_ROOM - 256)
        walk->each(walk->work, folder, name);
    return true;
}

/* Every entry of a folder; one that is not there has none. */
static void walk(struct espota_arduino_work *work, const char *parent,
                 void (*each)(struct espota_arduino_work *work, const char *folder,
                              const char *name))
{
    struct walk walk = {work, parent, each};
    int folder;

    if (espota_folder_open(parent, &folder, NULL) != ESPOTA_OK)
        return;
    (void)!espota_folder_list(folder, "", walk_one, &walk, NULL);
    espota_descriptor_close(&folder);
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
static void visit_version(struct espota_arduino_work *work, const char *folder, const char *name)
{
    (void)name;
    if (is_core_folder(folder))
        visit_core(work, folder, ESPOTA_CORE_ESP8266);
}

/* .../hardware/esp8266: a core itself (sketchbook), or one folder for each version (packages) */
static void visit_architecture(struct espota_arduino_work *work, const char *folder,
                               const char *name)
{
    enum espota_core core;

    if (!wanted_core(work, name, &core))
        return;
    if (is_core_folder(folder))
        visit_core(work, folder, core);
    else
        walk(work, folder, visit_version);
}

/* .../packages/esp8266 */
static void visit_package(struct espota_arduino_work *work, const char *folder, const char *name)
{
    char hardware[PATH_ROOM];

    (void)name;
    snprintf(hardware, sizeof(hardware), "%s/hardware", folder);
    walk(work, hardware, visit_architecture);
}

/* .../hardware/espressif in a sketchbook */
static void visit_vendor(struct espota_arduino_work *work, const char *folder, const char *name)
{
    (void)name;
    walk(work, folder, visit_architecture);
}

static void search_data(struct espota_arduino_work *work, const char *data)
{
    char packages[PATH_ROOM];

    if (snprintf(packages, sizeof(packages), "%s/packages", data) < PATH_ROOM)
        walk(work, packages, visit_package);
}

static void search_sketchbook(struct espota_arduino_work *work, const char *sketchbook)
{
    char hardware[PATH_ROOM];

    if (snprintf(hardware, sizeof(hardware), "%s/hardware", sketchbook) < PATH_ROOM)
        walk(work, hardware, visit_vendor);
}

/* .../tools/mdns-discovery/1.0.9 */
static void visit_discovery(struct espota_arduino_work *work, const char *folder, const char *name)
{
    (void)name;
    espota_arduino_edit_discovery(work, folder);
}

static void search_discovery(struct espota_arduino_work *work, const char *data)
{
    char tool[PATH_ROOM];

    if ((work->options->discovery || work->options->remove) &&
        snprintf(tool, sizeof(tool), "%s/packages/builtin/tools/mdns-discovery", data) < PATH_ROOM)
        walk(work, tool, visit_discovery);
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

/* `cores`: not only the discovery. */
static enum espota_status search_all(struct espota_arduino_work *work, bool cores)
{
    const struct espota_arduino_install_options *options = work->options;
    struct espota_arduino_places places;
    enum espota_status status = ESPOTA_OK;

    if (options->data_dir != NULL) {
        if (cores)
            search_data(work, options->data_dir);
        search_discovery(work, options->data_dir);
        return ESPOTA_OK;
    }
    status = espota_arduino_places(&places, &options->log, work->err);
    for (size_t i = 0; status == ESPOTA_OK && i < places.count; i++) {
        const struct espota_arduino_place *place = &places.list[i];

        if (cores && place->sketchbook)
            search_sketchbook(work, place->path);
        else if (cores)
            search_data(work, place->path);
        if (!place->sketchbook)
            search_discovery(work, place->path);
    }
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
    bool one = own.core != NULL && strchr(own.core, '/') != NULL;

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
