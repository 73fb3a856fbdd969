/* SPDX-License-Identifier: MIT */
/*
 * Files of other people's tools are changed, so only between marks of our own, and with a copy of
 * what was there beside them.
 */
#include "arduino/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"

enum { PATH_ROOM = ESPOTA_ARDUINO_PATH, FILE_MAX = 4 * 1024 * 1024, TOOL_MAX = 64 * 1024 * 1024 };

static void tell(const struct espota_arduino_work *work, const char *path, const char *what)
{
    work->options->done(work->options->context, path, what);
}

static void fail(struct espota_arduino_work *work, enum espota_status status)
{
    if (work->status == ESPOTA_OK)
        work->status = status;
}

/* All of a file, with a zero behind it; NULL with OK if there is none. free() it. */
static enum espota_status read_all(const char *path, size_t most, char **out, size_t *length,
                                   struct espota_error *err)
{
    struct espota_file_key key;
    uint8_t *bytes = NULL;
    enum espota_status status;

    *out = NULL;
    *length = 0;
    if (espota_file_key_at(path, &key) != ESPOTA_OK)
        return ESPOTA_OK;
    status = espota_file_read(path, most, &bytes, length, NULL, err);
    if (status != ESPOTA_OK)
        return status;
    *out = calloc(1, *length + 1);
    if (*out != NULL)
        memcpy(*out, bytes, *length);
    free(bytes);
    return *out != NULL ? ESPOTA_OK : espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
}

enum espota_status espota_arduino_read(const char *path, char **out, struct espota_error *err)
{
    size_t length;

    return read_all(path, FILE_MAX, out, &length, err);
}

static enum espota_status write_text(const char *path, const char *text, struct espota_error *err)
{
    return espota_file_write(path, 0644, text, strlen(text), err);
}

/* What a person had is kept before the first change of ours. */
static enum espota_status back_up(const char *path, const char *text, struct espota_error *err)
{
    char backup[PATH_ROOM + 32];

    snprintf(backup, sizeof(backup), "%s.before-espota-c", path);
    return write_text(backup, text, err);
}

/* It is of no use any more once the file is as it was; one that differs is left alone. */
static enum espota_status drop_backup(const char *path, const char *text, struct espota_error *err)
{
    char backup[PATH_ROOM + 32];
    char *kept = NULL;
    enum espota_status status;

    snprintf(backup, sizeof(backup), "%s.before-espota-c", path);
    status = espota_arduino_read(backup, &kept, err);
    if (status == ESPOTA_OK && kept != NULL && strcmp(kept, text) == 0)
        status = espota_file_remove(backup, err);
    free(kept);
    return status;
}

static enum espota_status put_lines(struct espota_arduino_work *work, const char *path,
                                    const char *old, const char *fresh)
{
    bool remove = work->options->remove;
    enum espota_status status = ESPOTA_OK;

    if (strcmp(old != NULL ? old : "", fresh) == 0) {
        tell(work, path, remove ? "holds nothing of ours" : "is as it should be");
        return ESPOTA_OK;
    }
    if (work->options->dry_run) {
        tell(work, path, remove ? "would be cleaned" : "would be written");
        return ESPOTA_OK;
    }
    if (old != NULL && !espota_arduino_has_block(old))
        status = back_up(path, old, work->err);
    if (status == ESPOTA_OK && fresh[0] == '\0')
        status = espota_file_remove(path, work->err);
    else if (status == ESPOTA_OK)
        status = write_text(path, fresh, work->err);
    if (status == ESPOTA_OK && remove)
        status = drop_backup(path, fresh, work->err);
    if (status == ESPOTA_OK)
        tell(work, path, remove ? "cleaned" : "written");
    return status;
}

static enum espota_status edit_platform(struct espota_arduino_work *work, const char *folder,
                                        enum espota_core core)
{
    char path[PATH_ROOM];
    char *old = NULL;
    struct espota_builder block = {.text = NULL};
    struct espota_builder fresh = {.text = NULL};
    enum espota_status status;

    snprintf(path, sizeof(path), "%s/platform.local.txt", folder);
    status = espota_arduino_read(path, &old, work->err);
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
    char original[PATH_ROOM + 32]; /* where what was there goes, and where it is found again */
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
    if (strcmp(tool->bytes, script->text) == 0) {
        tell(work, tool->path, "is as it should be");
        return ESPOTA_OK;
    }
    if (work->options->dry_run) {
        tell(work, tool->path, "would be replaced by a script");
        return ESPOTA_OK;
    }
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
    char *bytes = NULL;
    size_t length;
    enum espota_status status;

    if (!espota_arduino_is_shim(tool->bytes))
        return ESPOTA_OK;
    if (work->options->dry_run) {
        tell(work, tool->path, "would be put back");
        return ESPOTA_OK;
    }
    status = read_all(tool->original, TOOL_MAX, &bytes, &length, work->err);
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

/* Puts the script in the tool's place, or takes it away; a tool that is not there needs none. */
static enum espota_status edit_tool(struct espota_arduino_work *work, const char *path,
                                    const struct espota_builder *script, bool *found)
{
    struct edited_tool tool = {.path = path};
    enum espota_status status;

    snprintf(tool.original, sizeof(tool.original), "%s.orig", path);
    status = read_all(path, TOOL_MAX, &tool.bytes, &tool.length, work->err);
    *found = tool.bytes != NULL;
    if (status == ESPOTA_OK && *found)
        status = work->options->remove ? take_script(work, &tool) : put_script(work, &tool, script);
    free(tool.bytes);
    return status;
}

static enum espota_status edit_python(struct espota_arduino_work *work, const char *folder,
                                      const char *name)
{
    char path[PATH_ROOM];
    struct espota_builder script = {.text = NULL};
    enum espota_status status;
    bool found;

    snprintf(path, sizeof(path), "%s/tools/%s", folder, name);
    espota_arduino_shim(&script, name, work->options->program);
    status = edit_tool(work, path, &script, &found);
    espota_builder_deinit(&script);
    return status;
}

void espota_arduino_edit_core(struct espota_arduino_work *work, const char *folder,
                              enum espota_core core)
{
    bool tools = work->options->shim || work->options->remove;
    enum espota_status status;

    work->cores++;
    status = edit_platform(work, folder, core);
    if (status == ESPOTA_OK && tools)
        status = edit_python(work, folder, "espota.py");
    if (status == ESPOTA_OK && tools)
        status = edit_python(work, folder, "signing.py");
    fail(work, status);
}

void espota_arduino_leave_core(struct espota_arduino_work *work, const char *folder)
{
    work->left++;
    tell(work, folder, "has no upload over the network that espota-c knows; left as it is");
}

void espota_arduino_edit_discovery(struct espota_arduino_work *work, const char *folder)
{
    char path[PATH_ROOM];
    struct espota_builder script = {.text = NULL};
    bool found;

    snprintf(path, sizeof(path), "%s/mdns-discovery", folder);
    espota_arduino_discovery_script(&script, work->options->program);
    fail(work, edit_tool(work, path, &script, &found));
    work->discoveries += found;
    espota_builder_deinit(&script);
}
