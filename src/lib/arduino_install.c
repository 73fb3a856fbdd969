/* SPDX-License-Identifier: MIT */
#include "espota/arduino_install.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arduino_lines.h"
#include "sys/descriptor.h"
#include "sys/file.h"
#include "sys/folder.h"

enum { PATH_ROOM = 2048, FILE_MAX = 4 * 1024 * 1024 };

struct install {
    const struct espota_arduino_install_options *options;
    size_t cores;
    enum espota_status status; /* of the first failure */
    struct espota_error *err;
};

static void tell(const struct install *install, const char *path, const char *what)
{
    install->options->done(install->options->context, path, what);
}

static void fail(struct install *install, enum espota_status status)
{
    if (install->status == ESPOTA_OK)
        install->status = status;
}

/* The text of a file; NULL with OK if there is none. free() it. */
static enum espota_status read_text(const char *path, char **out, struct espota_error *err)
{
    struct espota_file_key key;
    uint8_t *bytes = NULL;
    size_t length = 0;
    enum espota_status status;

    *out = NULL;
    if (espota_file_key_at(path, &key) != ESPOTA_OK)
        return ESPOTA_OK;
    status = espota_file_read(path, FILE_MAX, &bytes, &length, NULL, err);
    if (status != ESPOTA_OK)
        return status;
    *out = calloc(1, length + 1);
    if (*out != NULL)
        memcpy(*out, bytes, length);
    free(bytes);
    return *out != NULL ? ESPOTA_OK : espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
}

static enum espota_status write_text(const char *path, const char *text, unsigned mode,
                                     struct espota_error *err)
{
    struct espota_output *output = NULL;
    enum espota_status status = espota_output_create(&output, path, mode, err);

    if (status == ESPOTA_OK)
        status = espota_output_write(output, text, strlen(text), err);
    if (status == ESPOTA_OK)
        status = espota_output_commit(output, err);
    espota_output_destroy(output);
    return status;
}

/* What a person had is kept before the first change of ours. */
static enum espota_status back_up(const char *path, const char *text, struct espota_error *err)
{
    char backup[PATH_ROOM + 32];

    snprintf(backup, sizeof(backup), "%s.before-espota-c", path);
    return write_text(backup, text, 0644, err);
}

/* It is of no use any more once the file is as it was; one that differs is left alone. */
static enum espota_status drop_backup(const char *path, const char *text, struct espota_error *err)
{
    char backup[PATH_ROOM + 32];
    char *kept = NULL;
    enum espota_status status;

    snprintf(backup, sizeof(backup), "%s.before-espota-c", path);
    status = read_text(backup, &kept, err);
    if (status == ESPOTA_OK && kept != NULL && strcmp(kept, text) == 0)
        status = espota_file_remove(backup, err);
    free(kept);
    return status;
}

static enum espota_status put_lines(struct install *install, const char *path, const char *old,
                                    const char *fresh)
{
    bool remove = install->options->remove;
    enum espota_status status = ESPOTA_OK;

    if (strcmp(old != NULL ? old : "", fresh) == 0) {
        tell(install, path, remove ? "holds nothing of ours" : "is as it should be");
        return ESPOTA_OK;
    }
    if (install->options->dry_run) {
        tell(install, path, remove ? "would be cleaned" : "would be written");
        return ESPOTA_OK;
    }
    if (old != NULL && !espota_arduino_has_block(old))
        status = back_up(path, old, install->err);
    if (status == ESPOTA_OK && fresh[0] == '\0')
        status = espota_file_remove(path, install->err);
    else if (status == ESPOTA_OK)
        status = write_text(path, fresh, 0644, install->err);
    if (status == ESPOTA_OK && remove)
        status = drop_backup(path, fresh, install->err);
    if (status == ESPOTA_OK)
        tell(install, path, remove ? "cleaned" : "written");
    return status;
}

static enum espota_status edit_platform(struct install *install, const char *folder,
                                        enum espota_core core)
{
    char path[PATH_ROOM];
    char *old = NULL;
    struct espota_page block = {.text = NULL};
    struct espota_page fresh = {.text = NULL};
    enum espota_status status;

    snprintf(path, sizeof(path), "%s/platform.local.txt", folder);
    status = read_text(path, &old, install->err);
    if (!install->options->remove)
        espota_arduino_block(&block, core, install->options->program);
    espota_page_add(&fresh, "%s", "");
    espota_arduino_edit(&fresh, old, block.text);
    if (status == ESPOTA_OK && (block.failed || fresh.failed))
        status = espota_error_set(install->err, ESPOTA_E_MEMORY, "out of memory");
    if (status == ESPOTA_OK)
        status = put_lines(install, path, old, fresh.text);
    espota_page_deinit(&block);
    espota_page_deinit(&fresh);
    free(old);
    return status;
}

/* The original goes to TOOL.orig, where --remove finds it. */
static enum espota_status put_shim(struct install *install, const char *path, const char *tool,
                                   const char *old)
{
    char original[PATH_ROOM + 32];
    struct espota_page shim = {.text = NULL};
    enum espota_status status = ESPOTA_OK;

    snprintf(original, sizeof(original), "%s.orig", path);
    espota_arduino_shim(&shim, tool, install->options->program);
    if (shim.failed)
        status = espota_error_set(install->err, ESPOTA_E_MEMORY, "out of memory");
    else if (strcmp(old, shim.text) == 0)
        tell(install, path, "is as it should be");
    else if (install->options->dry_run)
        tell(install, path, "would be replaced by a script");
    else {
        if (!espota_arduino_is_shim(old))
            status = write_text(original, old, 0755, install->err);
        if (status == ESPOTA_OK)
            status = write_text(path, shim.text, 0755, install->err);
        if (status == ESPOTA_OK)
            tell(install, path, "replaced by a script");
    }
    espota_page_deinit(&shim);
    return status;
}

static enum espota_status take_shim(struct install *install, const char *path, const char *old)
{
    char original[PATH_ROOM + 32];
    char *text = NULL;
    enum espota_status status;

    if (!espota_arduino_is_shim(old))
        return ESPOTA_OK;
    snprintf(original, sizeof(original), "%s.orig", path);
    if (install->options->dry_run) {
        tell(install, path, "would be put back");
        return ESPOTA_OK;
    }
    status = read_text(original, &text, install->err);
    if (status == ESPOTA_OK && text == NULL)
        status = espota_error_set(install->err, ESPOTA_E_LOCAL,
                                  "%s is gone: install the core again", original);
    if (status == ESPOTA_OK)
        status = write_text(path, text, 0755, install->err);
    if (status == ESPOTA_OK)
        status = espota_file_remove(original, install->err);
    if (status == ESPOTA_OK)
        tell(install, path, "put back");
    free(text);
    return status;
}

static enum espota_status edit_tool(struct install *install, const char *folder, const char *tool)
{
    char path[PATH_ROOM];
    char *old = NULL;
    enum espota_status status;

    snprintf(path, sizeof(path), "%s/tools/%s", folder, tool);
    status = read_text(path, &old, install->err);
    if (status == ESPOTA_OK && old != NULL)
        status = install->options->remove ? take_shim(install, path, old)
                                          : put_shim(install, path, tool, old);
    free(old);
    return status;
}

static void edit_core(struct install *install, const char *folder, enum espota_core core)
{
    bool tools = install->options->shim || install->options->remove;
    enum espota_status status;

    install->cores++;
    status = edit_platform(install, folder, core);
    if (status == ESPOTA_OK && tools)
        status = edit_tool(install, folder, "espota.py");
    if (status == ESPOTA_OK && tools)
        status = edit_tool(install, folder, "signing.py");
    fail(install, status);
}

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
    if (read_text(path, &text, NULL) != ESPOTA_OK || text == NULL)
        return false;
    for (int i = 0; i < ESPOTA_CORE_COUNT && !found; i++) {
        found = strstr(text, keys[i]) != NULL;
        *core = (enum espota_core)i;
    }
    free(text);
    return found;
}

struct walk {
    struct install *install;
    const char *parent;
    void (*each)(struct install *install, const char *folder, const char *name);
};

static bool walk_one(void *context, const char *name)
{
    const struct walk *walk = context;
    char folder[PATH_ROOM];

    if (name[0] != '.' &&
        snprintf(folder, sizeof(folder), "%s/%s", walk->parent, name) < PATH_ROOM - 256)
        walk->each(walk->install, folder, name);
    return true;
}

/* Every entry of a folder; one that is not there has none. */
static void walk(struct install *install, const char *parent,
                 void (*each)(struct install *install, const char *folder, const char *name))
{
    struct walk walk = {install, parent, each};
    int folder;

    if (espota_folder_open(parent, &folder, NULL) != ESPOTA_OK)
        return;
    (void)!espota_folder_list(folder, "", walk_one, &walk, NULL);
    espota_descriptor_close(&folder);
}

/* Only cores whose folder is named after one of ours, and which is wanted. */
static bool wanted_core(const struct install *install, const char *name, enum espota_core *core)
{
    for (int i = 0; i < ESPOTA_CORE_COUNT; i++) {
        if (strcmp(name, espota_core_name((enum espota_core)i)) != 0)
            continue;
        *core = (enum espota_core)i;
        return install->options->core == NULL || strcmp(install->options->core, name) == 0;
    }
    return false;
}

/* .../hardware/esp8266/3.1.2 */
static void visit_version(struct install *install, const char *folder, const char *name)
{
    enum espota_core core;

    (void)name;
    if (is_core_folder(folder) && core_of(folder, &core))
        edit_core(install, folder, core);
}

/* .../hardware/esp8266: a core itself (sketchbook), or one folder for each version (packages) */
static void visit_architecture(struct install *install, const char *folder, const char *name)
{
    enum espota_core core;

    if (!wanted_core(install, name, &core))
        return;
    if (is_core_folder(folder))
        edit_core(install, folder, core);
    else
        walk(install, folder, visit_version);
}

/* .../packages/esp8266 */
static void visit_package(struct install *install, const char *folder, const char *name)
{
    char hardware[PATH_ROOM];

    (void)name;
    snprintf(hardware, sizeof(hardware), "%s/hardware", folder);
    walk(install, hardware, visit_architecture);
}

/* .../hardware/espressif in a sketchbook */
static void visit_vendor(struct install *install, const char *folder, const char *name)
{
    (void)name;
    walk(install, folder, visit_architecture);
}

static void search_data(struct install *install, const char *data)
{
    char packages[PATH_ROOM];

    if (snprintf(packages, sizeof(packages), "%s/packages", data) < PATH_ROOM)
        walk(install, packages, visit_package);
}

static void search_sketchbook(struct install *install, const char *sketchbook)
{
    char hardware[PATH_ROOM];

    if (snprintf(hardware, sizeof(hardware), "%s/hardware", sketchbook) < PATH_ROOM)
        walk(install, hardware, visit_vendor);
}

/* Where Arduino's tools keep cores, unless they were told otherwise. */
static void search_usual(struct install *install)
{
    const char *home = getenv("HOME");
    const char *data = getenv("ARDUINO_DIRECTORIES_DATA");
    const char *user = getenv("ARDUINO_DIRECTORIES_USER");
    char path[PATH_ROOM];

    if (data != NULL)
        search_data(install, data);
    if (user != NULL)
        search_sketchbook(install, user);
    if (home == NULL)
        return;
    if (data == NULL) {
        snprintf(path, sizeof(path), "%s/.arduino15", home);
        search_data(install, path);
        snprintf(path, sizeof(path), "%s/Library/Arduino15", home);
        search_data(install, path);
    }
    if (user == NULL) {
        snprintf(path, sizeof(path), "%s/Arduino", home);
        search_sketchbook(install, path);
        snprintf(path, sizeof(path), "%s/Documents/Arduino", home);
        search_sketchbook(install, path);
    }
}

static enum espota_status install_one(struct install *install, const char *folder)
{
    enum espota_core core;

    if (!is_core_folder(folder))
        return espota_error_set(install->err, ESPOTA_E_LOCAL,
                                "%s is no core: it has no platform.txt", folder);
    if (!core_of(folder, &core))
        return espota_error_set(install->err, ESPOTA_E_LOCAL,
                                "%s is none of the cores esp8266, esp32 and rp2040", folder);
    edit_core(install, folder, core);
    return install->status;
}

enum espota_status espota_arduino_install(const struct espota_arduino_install_options *options,
                                          size_t *cores, struct espota_error *err)
{
    struct install install = {options, 0, ESPOTA_OK, err};

    *cores = 0;
    if (strpbrk(options->program, "\"\r\n{}") != NULL)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "%s cannot stand in a platform.local.txt: move the program",
                                options->program);
    if (options->core != NULL && strchr(options->core, '/') != NULL) {
        enum espota_status status = install_one(&install, options->core);

        *cores = install.cores;
        return status;
    }
    if (options->data_dir != NULL)
        search_data(&install, options->data_dir);
    else
        search_usual(&install);
    *cores = install.cores;
    if (install.cores == 0 && install.status == ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_NO_ANSWER,
                                "no core was found; name its folder with --core PATH, or Arduino's "
                                "with --data-dir");
    return install.status;
}
