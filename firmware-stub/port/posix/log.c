/* SPDX-License-Identifier: MIT */
/*
 * The same facts twice, in words and as JSON, side by side so that neither falls behind. Whatever a
 * host chose is made printable here and nowhere else.
 */
#include "port/posix/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "text/text.h"
#include "wire/wire.h"

enum { TEXT_MAX = 512 };

static const char *const failure_words[] = {"auth", "begin", "connect", "receive", "end"};

/* --- JSON --- */

/* Members more of an event. Without memory it is NULL from then on, which finish tells. */
static void keep(struct espota_json **json, bool done)
{
    if (done)
        return;
    espota_json_free(*json);
    *json = NULL;
}

static void add_text(struct espota_json **json, const char *key, const char *text)
{
    keep(json, espota_json_set_text(*json, key, text));
}

static void add_integer(struct espota_json **json, const char *key, int64_t number)
{
    keep(json, espota_json_set_integer(*json, key, number));
}

static void add_bool(struct espota_json **json, const char *key, bool value)
{
    keep(json, espota_json_set_bool(*json, key, value));
}

/* An event of a device, to be filled and given to finish. */
static struct espota_json *begin(const struct stub_who *who, const char *event)
{
    char address[ESPOTA_ADDRESS_TEXT];
    struct espota_json *json = espota_json_object();

    add_text(&json, "event", event);
    add_integer(&json, "device", who->device);
    add_text(&json, "address", espota_address_format(&who->address, false, address));
    return json;
}

/* Prints and frees. */
static void finish(struct espota_json *json)
{
    if (!out_json(json != NULL ? espota_json_line(json) : NULL))
        out_error("no memory for an event");
    espota_json_free(json);
}

static void json_event(const struct stub_who *who, const struct espota_receiver_event *event,
                       const char *name, const char *peer, const char *text)
{
    struct espota_json *json = begin(who, name);

    if (event->kind != ESPOTA_RECEIVER_PROGRESS) {
        add_text(&json, "peer", peer);
        add_text(&json, "command",
                 event->command == ESPOTA_COMMAND_FILESYSTEM ? "filesystem" : "flash");
    }
    if (event->kind == ESPOTA_RECEIVER_ERROR) {
        add_text(&json, "step", failure_words[event->failure]);
        add_integer(&json, "error", event->error);
        add_text(&json, "message", text);
    }
    if (event->kind != ESPOTA_RECEIVER_INVITED && event->kind != ESPOTA_RECEIVER_AUTH)
        add_integer(&json, "bytes", event->done);
    add_integer(&json, "size", event->size);
    finish(json);
}

/* --- words --- */

static void note(const struct stub_who *who, const char *format, ...) ESPOTA_PRINTF(2, 3);

static void note(const struct stub_who *who, const char *format, ...)
{
    char text[TEXT_MAX];
    char address[ESPOTA_ADDRESS_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (who->options->count > 1)
        out_note("%s: %s", espota_address_format(&who->address, false, address), text);
    else
        out_note("%s", text);
}

static void words_event(const struct stub_who *who, const struct espota_receiver_event *event,
                        const char *peer, const char *text)
{
    const char *what = event->command == ESPOTA_COMMAND_FILESYSTEM ? "file system" : "program";

    switch (event->kind) {
    case ESPOTA_RECEIVER_INVITED:
        note(who, "Invited by %s: %lu bytes for the %s", peer, (unsigned long)event->size, what);
        break;
    case ESPOTA_RECEIVER_AUTH:
        note(who, "The password was right");
        break;
    case ESPOTA_RECEIVER_START:
        note(who, "Update of the %s begins", what);
        break;
    case ESPOTA_RECEIVER_PROGRESS:
        if (out_verbose)
            note(who, "%lu of %lu bytes", (unsigned long)event->done, (unsigned long)event->size);
        break;
    case ESPOTA_RECEIVER_END:
        note(who, "Updated: %lu bytes for the %s", (unsigned long)event->done, what);
        break;
    case ESPOTA_RECEIVER_ERROR:
        note(who, "The update failed (%s) after %lu of %lu bytes: %s",
             failure_words[event->failure], (unsigned long)event->done, (unsigned long)event->size,
             text);
        break;
    }
}

/* --- both --- */

void stub_log_ready(const struct stub_who *who, uint32_t count)
{
    char address[ESPOTA_ADDRESS_TEXT];

    if (who->options->json) {
        struct espota_json *json = begin(who, "ready");

        add_integer(&json, "port", who->address.port);
        add_integer(&json, "count", count);
        add_text(&json, "hostname", who->hostname);
        if (who->web.family != 0)
            add_text(&json, "http", espota_address_format(&who->web, true, address));
        finish(json);
        return;
    }
    espota_address_format(&who->address, true, address);
    if (count == 1)
        out_note("%s listens on %s (UDP)", who->hostname, address);
    else
        out_note("%lu devices listen, the first on %s (UDP)", (unsigned long)count, address);
    if (who->web.family != 0)
        out_note("the page for updates is http://%s/update",
                 espota_address_format(&who->web, true, address));
}

/* Why it failed: the updater's message, which may hold bytes of the host, or our own words. */
static void failure_text(const struct espota_receiver_event *event, const struct stub_chip *chip,
                         char out[TEXT_MAX])
{
    const char *text = event->text;
    size_t length;

    if (text == NULL)
        text = event->failure == ESPOTA_FAILURE_CONNECT ? "the host could not be connected to"
                                                        : "the host broke off";
    length = espota_text_printable(text, strlen(text), out, TEXT_MAX);
    if (event->error >= ESPOTA_UPDATE_WRITE && event->error <= ESPOTA_UPDATE_READ &&
        length < TEXT_MAX)
        snprintf(out + length, TEXT_MAX - length, " (flash: %s)", chip->problem);
}

void stub_log_event(const struct stub_who *who, const struct espota_receiver_event *event,
                    const struct espota_address *peer, const struct stub_chip *chip)
{
    static const char *const names[] = {"invited", "auth", "start", "progress", "end", "error"};
    char address[ESPOTA_ADDRESS_TEXT];
    char text[TEXT_MAX] = "";

    espota_address_format(peer, true, address);
    if (event->kind == ESPOTA_RECEIVER_ERROR)
        failure_text(event, chip, text);
    if (who->options->json)
        json_event(who, event, names[event->kind], address, text);
    else
        words_event(who, event, address, text);
}

static const char REFUSED[] = "the gzip was not unpacked: its last four bytes are not its length, "
                              "it is damaged, or it would run over itself";
static const char LOADER_LOST[] =
    "the boot loader in the first sector is destroyed: nothing starts "
    "any more";

static void add_problems(struct espota_json **json, const struct stub_boot *boot)
{
    struct espota_json *list = espota_json_array();
    bool whole = !boot->blank || espota_json_append_text(list, "the flash is erased");

    if (boot->refused)
        whole = whole && espota_json_append_text(list, REFUSED);
    if (boot->loader_lost)
        whole = whole && espota_json_append_text(list, LOADER_LOST);
    for (size_t i = 0; whole && i < boot->image.problem_count; i++) {
        char text[ESPOTA_PROBLEM_TEXT_MAX];

        espota_image_problem_text(&boot->image.problems[i], text);
        whole = espota_json_append_text(list, text);
    }
    keep(json, espota_json_set_own(*json, "problems", list) && whole);
}

static bool copy_pending(const struct stub_boot *boot)
{
    return boot->first.command && boot->first.what.action == ESPOTA_EBOOT_COPY_RAW;
}

static const char *event_of_loader(const struct stub_boot *boot)
{
    static const char *const words[] = {
        [ESPOTA_BOOT_NOTHING] = "nothing",
        [ESPOTA_BOOT_INSTALLED] = "installed",
        [ESPOTA_BOOT_REFUSED] = "refused",
        [ESPOTA_BOOT_WENT_BACK] = "back",
    };

    return words[boot->safe.event];
}

/* What the loader that survives did beside starting a program. */
static void words_safe_boot(const struct stub_who *who, const struct stub_boot *boot)
{
    const char *what = boot->safe.files ? "file system" : "program";

    if (boot->safe.event == ESPOTA_BOOT_INSTALLED)
        note(who, "Boot loader: a new %s is installed", what);
    else if (boot->safe.event == ESPOTA_BOOT_REFUSED)
        note(who, "Boot loader: the staged %s is not what was received, the old one stays", what);
    else if (boot->safe.event == ESPOTA_BOOT_WENT_BACK)
        note(
            who,
            "Boot loader: back to the program before, the new one was not confirmed or is damaged");
    if (boot->safe.record.trial)
        note(who, "Boot loader: the program is on trial, with %u more starts to confirm itself",
             (unsigned)boot->safe.record.left);
}

static void json_boot(const struct stub_who *who, const struct stub_boot *boot)
{
    const uint32_t *argument = boot->first.what.argument;
    struct espota_json *json = begin(who, "boot");

    add_bool(&json, "copied", copy_pending(boot));
    if (boot->is_safe) {
        add_text(&json, "loader", event_of_loader(boot));
        add_bool(&json, "trial", boot->safe.record.trial);
        add_integer(&json, "floor", boot->safe.record.floor);
    }
    if (copy_pending(boot)) {
        add_integer(&json, "source", argument[0]);
        add_integer(&json, "target", argument[1]);
        add_integer(&json, "size", argument[2]);
        add_integer(&json, "result", boot->first.copied);
    }
    add_bool(&json, "ok", boot->starts);
    if (boot->starts)
        add_integer(&json, "entry", boot->loaded.entry);
    if (boot->length > 0) {
        add_integer(&json, "bytes", boot->length);
        add_text(&json, "md5", boot->md5);
        add_text(&json, "kind", espota_image_kind_word(boot->image.kind));
    }
    add_problems(&json, boot);
    finish(json);
}

static void words_boot(const struct stub_who *who, const struct stub_boot *boot)
{
    const uint32_t *argument = boot->first.what.argument;

    if (boot->is_safe)
        words_safe_boot(who, boot);
    if (copy_pending(boot) && boot->first.copied == ESPOTA_EBOOT_DONE)
        note(who, "Boot loader: copied %lu bytes from 0x%lx to 0x%lx", (unsigned long)argument[2],
             (unsigned long)argument[0], (unsigned long)argument[1]);
    else if (copy_pending(boot))
        note(who, "Boot loader: the copy of %lu bytes from 0x%lx to 0x%lx failed (%d)",
             (unsigned long)argument[2], (unsigned long)argument[0], (unsigned long)argument[1],
             (int)boot->first.copied);
    if (boot->refused)
        note(who, "Boot loader: %s", REFUSED);
    if (boot->loader_lost)
        note(who, "Boot loader: %s", LOADER_LOST);
    if (boot->starts && boot->length > 0)
        note(who, "Boot loader: starts the program at 0x%lx, %lu bytes, MD5 %s",
             (unsigned long)boot->loaded.entry, (unsigned long)boot->length, boot->md5);
    else if (boot->starts)
        note(who, "Boot loader: starts the program at 0x%lx", (unsigned long)boot->loaded.entry);
    else
        note(who, "Boot loader: finds no program to start%s",
             boot->blank ? ", the flash is erased" : "");
    for (size_t i = 0; boot->starts && i < boot->image.problem_count; i++) {
        char text[ESPOTA_PROBLEM_TEXT_MAX];

        espota_image_problem_text(&boot->image.problems[i], text);
        note(who, "Boot loader: does not look, but: %s", text);
    }
}

void stub_log_boot(const struct stub_who *who, const struct stub_boot *boot)
{
    if (who->options->json)
        json_boot(who, boot);
    else
        words_boot(who, boot);
}

void stub_log_serial(const struct stub_who *who, const char *line)
{
    out_detail("%s: %s", who->hostname, line);
}

void stub_log_pull(const struct stub_who *who, const struct espota_pull_client *client,
                   const char *message, const char *slot)
{
    static const char *const words[] = {
        [ESPOTA_PULL_PENDING] = "failed", [ESPOTA_PULL_UPDATED] = "updated",
        [ESPOTA_PULL_NO_UPDATE] = "none", [ESPOTA_PULL_VERSION_KNOWN] = "version",
        [ESPOTA_PULL_FAILED] = "failed",
    };
    struct espota_json *json;
    char version[TEXT_MAX];

    espota_text_printable(client->version, strlen(client->version), version, sizeof(version));
    if (client->result != ESPOTA_PULL_UPDATED)
        slot = NULL;
    if (!who->options->json) {
        if (client->result == ESPOTA_PULL_NO_UPDATE)
            note(who, "The server has nothing new");
        else if (client->result == ESPOTA_PULL_VERSION_KNOWN)
            note(who, "The server has version %s", version);
        else if (slot != NULL)
            note(who, "The checksum is right: %s would be started now", slot);
        return;
    }
    json = begin(who, "pull");
    add_text(&json, "result", words[client->result]);
    add_integer(&json, "status", client->status);
    if (client->resumed > 0)
        add_integer(&json, "resumed", client->resumed);
    if (client->result == ESPOTA_PULL_FAILED) {
        add_integer(&json, "error", client->error);
        add_text(&json, "message", message);
    }
    if (version[0] != '\0')
        add_text(&json, "version", version);
    if (slot != NULL)
        add_text(&json, "slot", slot);
    finish(json);
}
