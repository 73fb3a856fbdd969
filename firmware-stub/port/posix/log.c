/* SPDX-License-Identifier: MIT */
#include "port/posix/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "text/text.h"
#include "wire/wire.h"

enum { TEXT_MAX = 512 };

static const char *const failure_words[] = {"auth", "begin", "connect", "receive", "end"};

static const char *command_word(uint32_t command)
{
    return command == ESPOTA_COMMAND_FILESYSTEM ? "filesystem" : "flash";
}

/* --- JSON --- */

/* An event of a device, to be filled and given to finish. NULL without memory, which finish sees.
 */
static struct espota_json *begin(const struct stub_who *who, const char *event)
{
    char address[ESPOTA_ADDRESS_TEXT];
    struct espota_json *json = espota_json_object();

    if (espota_json_set_text(json, "event", event) &&
        espota_json_set_integer(json, "device", who->device) &&
        espota_json_set_text(json, "address", espota_address_format(&who->address, false, address)))
        return json;
    espota_json_free(json);
    return NULL;
}

/* Prints and frees. */
static void finish(struct espota_json *json, bool whole)
{
    char *line = whole ? espota_json_line(json) : NULL;

    if (line != NULL)
        out_event(line);
    else
        out_error("no memory for an event");
    free(line);
    espota_json_free(json);
}

static void json_event(const struct stub_who *who, const struct espota_receiver_event *event,
                       const char *name, const char *peer, const char *text)
{
    struct espota_json *json = begin(who, name);
    bool whole = json != NULL;

    if (event->kind != ESPOTA_RECEIVER_PROGRESS)
        whole = whole && espota_json_set_text(json, "peer", peer) &&
                espota_json_set_text(json, "command", command_word(event->command));
    if (event->kind == ESPOTA_RECEIVER_ERROR)
        whole = whole && espota_json_set_text(json, "step", failure_words[event->failure]) &&
                espota_json_set_integer(json, "error", event->error) &&
                espota_json_set_text(json, "message", text);
    if (event->kind != ESPOTA_RECEIVER_INVITED && event->kind != ESPOTA_RECEIVER_AUTH)
        whole = whole && espota_json_set_integer(json, "bytes", event->done);
    whole = whole && espota_json_set_integer(json, "size", event->size);
    finish(json, whole);
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
    if (who->log->fleet)
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
        if (out_verbose())
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

    if (who->log->json) {
        struct espota_json *json = begin(who, "ready");

        finish(json, json != NULL && espota_json_set_integer(json, "port", who->address.port) &&
                         espota_json_set_integer(json, "count", count) &&
                         espota_json_set_text(json, "hostname", who->hostname) &&
                         (who->web.family == 0 ||
                          espota_json_set_text(json, "http",
                                               espota_address_format(&who->web, true, address))));
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
        snprintf(out + length, TEXT_MAX - length, " (flash: %s)", stub_chip_problem(chip));
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
    if (who->log->json)
        json_event(who, event, names[event->kind], address, text);
    else
        words_event(who, event, address, text);
}

static const char REFUSED[] = "the gzip was not unpacked: its last four bytes are not its length, "
                              "it is damaged, or it would run over itself";
static const char LOADER_LOST[] =
    "the boot loader in the first sector is destroyed: nothing starts "
    "any more";

static bool json_copy(struct espota_json *json, const struct espota_boot_report *first)
{
    const uint32_t *argument = first->what.argument;

    return espota_json_set_bool(json, "copied", true) &&
           espota_json_set_integer(json, "source", argument[0]) &&
           espota_json_set_integer(json, "target", argument[1]) &&
           espota_json_set_integer(json, "size", argument[2]) &&
           espota_json_set_integer(json, "result", first->copied);
}

static bool json_problems(struct espota_json *json, const struct stub_boot *boot)
{
    struct espota_json *list = espota_json_array();
    bool whole = true;

    if (boot->blank)
        whole = espota_json_append_text(list, "the flash is erased");
    if (whole && boot->refused)
        whole = espota_json_append_text(list, REFUSED);
    if (whole && boot->loader_lost)
        whole = espota_json_append_text(list, LOADER_LOST);
    for (size_t i = 0; whole && i < boot->image.problem_count; i++) {
        char text[ESPOTA_PROBLEM_TEXT_MAX];

        espota_image_problem_text(&boot->image.problems[i], text);
        whole = espota_json_append_text(list, text);
    }
    if (whole)
        return espota_json_set_own(json, "problems", list);
    espota_json_free(list);
    return false;
}

static bool copy_pending(const struct stub_boot *boot)
{
    return boot->first.command && boot->first.what.action == ESPOTA_EBOOT_COPY_RAW;
}

static void json_boot(const struct stub_who *who, const struct stub_boot *boot)
{
    struct espota_json *json = begin(who, "boot");
    bool whole = json != NULL;

    if (copy_pending(boot))
        whole = whole && json_copy(json, &boot->first);
    else
        whole = whole && espota_json_set_bool(json, "copied", false);
    whole = whole && espota_json_set_bool(json, "ok", boot->starts);
    if (boot->starts)
        whole = whole && espota_json_set_integer(json, "entry", boot->loaded.entry);
    if (boot->length > 0)
        whole = whole && espota_json_set_integer(json, "bytes", boot->length) &&
                espota_json_set_text(json, "md5", boot->md5) &&
                espota_json_set_text(json, "kind", espota_image_kind_word(boot->image.kind));
    whole = whole && json_problems(json, boot);
    finish(json, whole);
}

static void words_boot(const struct stub_who *who, const struct stub_boot *boot)
{
    const uint32_t *argument = boot->first.what.argument;

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
    if (who->log->json)
        json_boot(who, boot);
    else
        words_boot(who, boot);
}

void stub_log_serial(const struct stub_who *who, const char *line)
{
    out_detail("%s: %s", who->hostname, line);
}

static const char *pull_word(enum espota_pull_result result)
{
    switch (result) {
    case ESPOTA_PULL_UPDATED:
        return "updated";
    case ESPOTA_PULL_NO_UPDATE:
        return "none";
    case ESPOTA_PULL_VERSION_KNOWN:
        return "version";
    default:
        return "failed";
    }
}

static void json_pull(const struct stub_who *who, const struct stub_pull_outcome *told,
                      const char *version)
{
    struct espota_json *json = begin(who, "pull");
    bool whole = json != NULL && espota_json_set_text(json, "result", pull_word(told->result)) &&
                 espota_json_set_integer(json, "status", told->status);

    if (told->result == ESPOTA_PULL_FAILED)
        whole = whole && espota_json_set_integer(json, "error", told->error) &&
                espota_json_set_text(json, "message", told->message);
    if (version[0] != '\0')
        whole = whole && espota_json_set_text(json, "version", version);
    if (told->slot != NULL && told->result == ESPOTA_PULL_UPDATED)
        whole = whole && espota_json_set_text(json, "slot", told->slot);
    finish(json, whole);
}

void stub_log_pull(const struct stub_who *who, const struct stub_pull_outcome *told)
{
    char version[TEXT_MAX];

    espota_text_printable(told->version, strlen(told->version), version, sizeof(version));
    if (who->log->json)
        json_pull(who, told, version);
    else if (told->result == ESPOTA_PULL_NO_UPDATE)
        note(who, "The server has nothing new");
    else if (told->result == ESPOTA_PULL_VERSION_KNOWN)
        note(who, "The server has version %s", version);
    else if (told->result == ESPOTA_PULL_UPDATED && told->slot != NULL)
        note(who, "The checksum is right: %s would be started now", told->slot);
}
