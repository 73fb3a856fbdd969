/* SPDX-License-Identifier: MIT */
/*
 * Files of other people's tools are changed, so only between marks of our own, and with a copy of
 * what was there beside them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arduino/install.h"
#include "sys/sys.h"

enum { PATH_ROOM = ESPOTA_ARDUINO_PATH, COPY_ROOM = PATH_ROOM + 32, FILE_MAX = 64 * 1024 * 1024 };

static void tell(const struct espota_arduino_work *work, const char *path, const char *what)
{
    work->options->done(work->options->context, path, what);
}

static void fail(struct espota_arduino_work *work, enum espota_status status)
{
    if (work->status == ESPOTA_OK)
        work->status = status;
}

void espota_arduino_path(char out[ESPOTA_ARDUINO_PATH], const char *folder, const char *name,
                         const char *below)
{
    char parent[PATH_ROOM];

    if (below == NULL)
        (void)espota_path_join(out, PATH_ROOM, folder, name);
    else if (espota_path_join(parent, sizeof(parent), folder, name))
        (void)espota_path_join(out, PATH_ROOM, parent, below);
}

enum espota_status espota_arduino_read(const char *path, char **out, size_t *length,
                                       struct espota_error *err)
{
    uint8_t *bytes = NULL;
    enum espota_status status;

    *out = NULL;
    *length = 0;
    if (!espota_file_exists(path))
        return ESPOTA_OK;
    status = espota_file_read(path, FILE_MAX, &bytes, length, NULL, err);
    if (status != ESPOTA_OK)
        return status;
    *out = realloc(bytes, *length + 1);
    if (*out == NULL) {
        free(bytes);
        return espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    }
    (*out)[*length] = '\0';
    return ESPOTA_OK;
}

/* Tells what is done already, or in a dry run what would be done; false: it is to be done. */
static bool only_tell(const struct espota_arduino_work *work, const char *path, const char *done,
                      const char *would)
{
    if (done != NULL || work->options->dry_run)
        tell(work, path, done != NULL ? done : would);
    return done != NULL || work->options->dry_run;
}

/* A copy of no use any more, for the file is as it was, goes; one that differs is left alone. */
static enum espota_status drop_backup(const char *backup, const char *text,
                                      struct espota_error *err)
{
    char *kept;
    size_t length;
    enum espota_status status = espota_arduino_read(backup, &kept, &length, err);

    if (status == ESPOTA_OK && kept != NULL && strcmp(kept, text) == 0)
        status = espota_file_remove(backup, err);
    free(kept);
    return status;
}

/* What a person had is kept before the first change of ours. */
static enum espota_status put_lines(struct espota_arduino_work *work, const char *path,
                                    const char *old, const char *fresh)
{
    bool remove = work->options->remove;
    bool same = strcmp(old != NULL ? old : "", fresh) == 0;
    char backup[COPY_ROOM];
    enum espota_status status = ESPOTA_OK;

    if (only_tell(work, path,
                  !same    ? NULL
                  : remove ? "holds nothing of ours"
                           : "is as it should be",
                  remove ? "would be cleaned" : "would be written"))
        return ESPOTA_OK;
    snprintf(backup, sizeof(backup), "%s.before-espota-c", path);
    if (old != NULL && !espota_arduino_has_block(old))
        status = espota_file_write(backup, 0644, old, strlen(old), work->err);
    if (status == ESPOTA_OK && fresh[0] == '\0')
        status = espota_file_remove(path, work->err);
    else if (status == ESPOTA_OK)
        status = espota_file_write(path, 0644, fresh, strlen(fresh), work->err);
    if (status == ESPOTA_OK && remove)
        status = drop_backup(backup, fresh, work->err);
    if (status == ESPOTA_OK)
        tell(work, path, remove ? "cleaned" : "written");
    return status;
}

static enum espota_status edit_platform(struct espota_arduino_work *work, const char *folder,
                                        enum espota_core core)
{
    char path[PATH_ROOM];
    char *old;
    size_t length;
    struct espota_builder block = {.text = NULL};
    struct espota_builder fresh = {.text = NULL};
    enum espota_status status;

    espota_arduino_path(path, folder, "platform.local.txt", NULL);
    status = espota_arduino_read(path, &old, &length, work->err);
    if (!work->options->remove)
        espota_arduino_block(&block, core, work->options->program);
    espota_builder_add(&fresh, "%s", "");
    espota_arduino_edit(&fresh, old, block.text);
    if (status == ESPOTA_OK && (block.failed || fresh.failed))
        status = espota_error_set(work->err, ESPOTA_E_MEMORY, "out of memory");
    if (status == ESPOTA_OK)
        status = put_lines(work, path, old, fresh.text);
    espota_builder_deinit(&block);
    espota_builder_deinit(&fresh);
    free(old);
    return status;
}

/* What stands in a tool's place now. */
struct edited_tool {
    const char *path;
    char original[COPY_ROOM]; /* where what was there goes, and where it is found again */
    char *bytes;
    size_t length;
};

/* What takes its place: a script, or espota-c itself, which knows what to do by the tool's name. */
struct stand_in {
    const char *bytes;
    size_t length;
    bool program;
};

static enum espota_status put_tool(struct espota_arduino_work *work, const struct edited_tool *tool,
                                   const struct stand_in *with)
{
    bool same = tool->length == with->length && with->length > 0 &&
                memcmp(tool->bytes, with->bytes, with->length) == 0;
    enum espota_status status = ESPOTA_OK;

    if (only_tell(work, tool->path, same ? "is as it should be" : NULL,
                  with->program ? "would be replaced by a copy of espota-c"
                                : "would be replaced by a script"))
        return ESPOTA_OK;
    if (!espota_arduino_is_ours(tool->bytes, tool->length))
        status = espota_file_write(tool->original, 0755, tool->bytes, tool->length, work->err);
    if (status == ESPOTA_OK)
        status = espota_file_write(tool->path, 0755, with->bytes, with->length, work->err);
    if (status == ESPOTA_OK)
        tell(work, tool->path,
             with->program ? "replaced by a copy of espota-c" : "replaced by a script");
    return status;
}

static enum espota_status take_tool(struct espota_arduino_work *work,
                                    const struct edited_tool *tool)
{
    char *bytes;
    size_t length;
    enum espota_status status;

    if (!espota_arduino_is_ours(tool->bytes, tool->length) ||
        only_tell(work, tool->path, NULL, "would be put back"))
        return ESPOTA_OK;
    status = espota_arduino_read(tool->original, &bytes, &length, work->err);
    if (status == ESPOTA_OK && bytes == NULL)
        status =
            espota_error_set(work->err, ESPOTA_E_LOCAL,
                             "%s is gone: let Arduino's tools install it again", tool->original);
    if (status == ESPOTA_OK)
        status = espota_file_write(tool->path, 0755, bytes, length, work->err);
    if (status == ESPOTA_OK)
        status = espota_file_remove(tool->original, work->err);
    if (status == ESPOTA_OK)
        tell(work, tool->path, "put back");
    free(bytes);
    return status;
}

/* Puts it in the tool's place, or takes it away; a tool that is not there needs none. */
static enum espota_status edit_tool(struct espota_arduino_work *work, const char *path,
                                    const struct stand_in *with, bool *found)
{
    struct edited_tool tool = {.path = path};
    enum espota_status status;

    snprintf(tool.original, sizeof(tool.original), "%s.orig", path);
    status = espota_arduino_read(path, &tool.bytes, &tool.length, work->err);
    *found = tool.bytes != NULL;
    if (status == ESPOTA_OK && *found)
        status = work->options->remove ? take_tool(work, &tool) : put_tool(work, &tool, with);
    free(tool.bytes);
    return status;
}

/* The script is used up. */
static enum espota_status edit_script(struct espota_arduino_work *work, const char *path,
                                      struct espota_builder *script, bool *found)
{
    const struct stand_in with = {script->text, script->length, false};
    enum espota_status status = script->failed
                                    ? espota_error_set(work->err, ESPOTA_E_MEMORY, "out of memory")
                                    : edit_tool(work, path, &with, found);

    espota_builder_deinit(script);
    return status;
}

static enum espota_status edit_program(struct espota_arduino_work *work, const char *path,
                                       bool *found)
{
    struct stand_in with = {.program = true};
    char *bytes = NULL;
    enum espota_status status = ESPOTA_OK;

    *found = false;
    if (!work->options->remove) {
        if (!espota_file_exists(path))
            return ESPOTA_OK;
        status = espota_arduino_read(work->options->program, &bytes, &with.length, work->err);
        if (status == ESPOTA_OK && bytes == NULL)
            return espota_error_set(work->err, ESPOTA_E_LOCAL, "%s is not there to be copied",
                                    work->options->program);
    }
    with.bytes = bytes;
    if (status == ESPOTA_OK)
        status = edit_tool(work, path, &with, found);
    free(bytes);
    return status;
}

static enum espota_status edit_core_tools(struct espota_arduino_work *work, const char *folder)
{
    static const char *const scripts[] = {"espota.py", "signing.py"};
    char path[PATH_ROOM];
    enum espota_status status = ESPOTA_OK;
    bool found;

    for (size_t i = 0; i < 2 && status == ESPOTA_OK; i++) {
        struct espota_builder script = {.text = NULL};

        espota_arduino_path(path, folder, "tools", scripts[i]);
        espota_arduino_shim(&script, scripts[i], work->options->program);
        status = edit_script(work, path, &script, &found);
    }
    if (status != ESPOTA_OK || espota_program_suffix[0] == '\0')
        return status; /* an espota.exe that lies there is for other systems */
    espota_arduino_path(path, folder, "tools", "espota");
    strcat(path, espota_program_suffix);
    return edit_program(work, path, &found);
}

void espota_arduino_edit_core(struct espota_arduino_work *work, const char *folder,
                              enum espota_core core)
{
    enum espota_status status = edit_platform(work, folder, core);

    work->cores++;
    if (status == ESPOTA_OK && (work->options->shim || work->options->remove))
        status = edit_core_tools(work, folder);
    fail(work, status);
}

void espota_arduino_leave_core(struct espota_arduino_work *work, const char *folder)
{
    work->left++;
    tell(work, folder, "has no upload over the network that espota-c knows; left as it is");
}

/* Where a program is named by its suffix, a script cannot stand in for it. */
void espota_arduino_edit_discovery(struct espota_arduino_work *work, const char *folder)
{
    struct espota_builder script = {.text = NULL};
    char path[PATH_ROOM];
    enum espota_status status;
    bool found = false;

    espota_arduino_path(path, folder, "mdns-discovery", NULL);
    strcat(path, espota_program_suffix);
    if (espota_program_suffix[0] == '\0') {
        espota_arduino_discovery_script(&script, work->options->program);
        status = edit_script(work, path, &script, &found);
    } else {
        status = edit_program(work, path, &found);
    }
    fail(work, status);
    work->discoveries += found;
}
