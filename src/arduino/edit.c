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

    snprintf(path, sizeof(path), "%s/platform.local.txt", folder);
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

static enum espota_status put_script(struct espota_arduino_work *work,
                                     const struct edited_tool *tool,
                                     const struct espota_builder *script)
{
    enum espota_status status = ESPOTA_OK;

    if (script->failed)
        return espota_error_set(work->err, ESPOTA_E_MEMORY, "out of memory");
    if (only_tell(work, tool->path,
                  strcmp(tool->bytes, script->text) == 0 ? "is as it should be" : NULL,
                  "would be replaced by a script"))
        return ESPOTA_OK;
    if (!espota_arduino_is_shim(tool->bytes))
        status = espota_file_write(tool->original, 0755, tool->bytes, tool->length, work->err);
    if (status == ESPOTA_OK)
        status = espota_file_write(tool->path, 0755, script->text, script->length, work->err);
    if (status == ESPOTA_OK)
        tell(work, tool->path, "replaced by a script");
    return status;
}

static enum espota_status take_script(struct espota_arduino_work *work,
                                      const struct edited_tool *tool)
{
    char *bytes;
    size_t length;
    enum espota_status status;

    if (!espota_arduino_is_shim(tool->bytes) ||
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

/*
 * Puts the script in the tool's place, or takes it away; a tool that is not there needs none. The
 * script is used up.
 */
static enum espota_status edit_tool(struct espota_arduino_work *work, const char *path,
                                    struct espota_builder *script, bool *found)
{
    struct edited_tool tool = {.path = path};
    enum espota_status status;

    snprintf(tool.original, sizeof(tool.original), "%s.orig", path);
    status = espota_arduino_read(path, &tool.bytes, &tool.length, work->err);
    *found = tool.bytes != NULL;
    if (status == ESPOTA_OK && *found)
        status = work->options->remove ? take_script(work, &tool) : put_script(work, &tool, script);
    free(tool.bytes);
    espota_builder_deinit(script);
    return status;
}

void espota_arduino_edit_core(struct espota_arduino_work *work, const char *folder,
                              enum espota_core core)
{
    static const char *const tools[] = {"espota.py", "signing.py"};
    bool wanted = work->options->shim || work->options->remove;
    enum espota_status status = edit_platform(work, folder, core);
    bool found;

    work->cores++;
    for (size_t i = 0; i < 2 && wanted && status == ESPOTA_OK; i++) {
        struct espota_builder script = {.text = NULL};
        char path[PATH_ROOM];

        snprintf(path, sizeof(path), "%s/tools/%s", folder, tools[i]);
        espota_arduino_shim(&script, tools[i], work->options->program);
        status = edit_tool(work, path, &script, &found);
    }
    fail(work, status);
}

void espota_arduino_leave_core(struct espota_arduino_work *work, const char *folder)
{
    work->left++;
    tell(work, folder, "has no upload over the network that espota-c knows; left as it is");
}

void espota_arduino_edit_discovery(struct espota_arduino_work *work, const char *folder)
{
    struct espota_builder script = {.text = NULL};
    char path[PATH_ROOM];
    bool found;

    snprintf(path, sizeof(path), "%s/mdns-discovery", folder);
    espota_arduino_discovery_script(&script, work->options->program);
    fail(work, edit_tool(work, path, &script, &found));
    work->discoveries += found;
}
