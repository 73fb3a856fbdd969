/* SPDX-License-Identifier: MIT */
/*
 * What a run remembers is written down while it goes on: a run of hours that is killed must not
 * begin again with those that are done. It is written at most once a second, as a whole new file,
 * so that a thousand results are no thousand files and each of them can be read by the next run.
 */
#include "fleet/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sys/sys.h"
#include "text/text.h"
#include "wire/wire.h"

enum {
    STATE_MAX = 64 << 20,
    VERSION = 1,
    SHA256_HEX = 2 * ESPOTA_SHA256_SIZE,
    SAVE_MS = 1000,
};

static const char format_name[] = "espota-c upload state";

struct state_entry {
    struct state_entry *next;
    enum espota_command command;
    char sha256[SHA256_HEX + 1];
    char time[sizeof("2026-11-21T04:05:06Z")];
    enum espota_state_result result; /* NONE: forgotten */
    char target[];
};

struct espota_state {
    char *path;
    struct espota_file_lock lock;
    struct state_entry *first;
    struct state_entry **end; /* where the next one goes */
    bool changed;             /* since it was read or saved */
};

static const char *const words[] = {
    [ESPOTA_STATE_DONE] = "done",
    [ESPOTA_STATE_UNKNOWN] = "unknown",
};

static enum espota_status no_memory(struct espota_error *err)
{
    return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for the state");
}

static struct state_entry *find(const struct espota_state *state, const char *target,
                                enum espota_command command)
{
    for (struct state_entry *entry = state->first; entry != NULL; entry = entry->next)
        if (entry->command == command && strcmp(entry->target, target) == 0)
            return entry;
    return NULL;
}

static struct state_entry *add(struct espota_state *state, const char *target,
                               enum espota_command command)
{
    size_t size = strlen(target) + 1;
    struct state_entry *entry = calloc(1, sizeof(*entry) + size);

    if (entry == NULL)
        return NULL;
    entry->command = command;
    memcpy(entry->target, target, size);
    *state->end = entry;
    state->end = &entry->next;
    return entry;
}

static bool read_result(const char *word, enum espota_state_result *out)
{
    for (size_t i = 1; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = (enum espota_state_result)i;
            return true;
        }
    }
    return false;
}

static bool is_command(int64_t number)
{
    return number == ESPOTA_COMMAND_FLASH || number == ESPOTA_COMMAND_FILESYSTEM;
}

static enum espota_status read_entry(struct espota_state *state, const struct espota_json *value,
                                     struct espota_error *err)
{
    const char *target = espota_json_text(espota_json_member(value, "target"));
    const char *sha256 = espota_json_text(espota_json_member(value, "sha256"));
    const char *result = espota_json_text(espota_json_member(value, "result"));
    const char *time_text = espota_json_text(espota_json_member(value, "time"));
    enum espota_state_result known;
    struct state_entry *entry;
    int64_t command;

    if (target == NULL || sha256 == NULL || result == NULL || time_text == NULL ||
        strlen(sha256) != SHA256_HEX || !espota_hex_is(sha256, SHA256_HEX) ||
        strlen(time_text) >= sizeof(entry->time) || !read_result(result, &known) ||
        !espota_json_integer(espota_json_member(value, "command"), &command) ||
        !is_command(command))
        return espota_error_set(err, ESPOTA_E_LOCAL, "an entry is damaged");
    if (find(state, target, (enum espota_command)command) != NULL)
        return espota_error_set(err, ESPOTA_E_LOCAL, "a target is in it twice");
    entry = add(state, target, (enum espota_command)command);
    if (entry == NULL)
        return no_memory(err);
    memcpy(entry->sha256, sha256, sizeof(entry->sha256));
    strcpy(entry->time, time_text); /* shorter than its place: see above */
    entry->result = known;
    return ESPOTA_OK;
}

static enum espota_status read_document(struct espota_state *state,
                                        const struct espota_json *document,
                                        struct espota_error *err)
{
    const char *format = espota_json_text(espota_json_member(document, "format"));
    const struct espota_json *entries = espota_json_member(document, "entries");
    enum espota_status status = ESPOTA_OK;
    int64_t version;

    if (format == NULL || strcmp(format, format_name) != 0)
        return espota_error_set(err, ESPOTA_E_LOCAL, "it was not written by espota-c upload");
    if (!espota_json_integer(espota_json_member(document, "version"), &version) ||
        version != VERSION)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "it was written by another version of espota-c");
    if (!espota_json_is_array(entries))
        return espota_error_set(err, ESPOTA_E_LOCAL, "it has no entries");
    for (size_t i = 0; i < espota_json_count(entries) && status == ESPOTA_OK; i++)
        status = read_entry(state, espota_json_at(entries, i), err);
    return status;
}

static enum espota_status load(struct espota_state *state, struct espota_error *err)
{
    struct espota_json *document = NULL;
    enum espota_status status;
    uint8_t *bytes = NULL;
    size_t length;

    if (!espota_file_exists(state->path))
        return ESPOTA_OK;
    status = espota_file_read(state->path, STATE_MAX, &bytes, &length, NULL, err);
    if (status != ESPOTA_OK)
        return status;
    if (length > 0) { /* an empty one is what mktemp makes */
        status = espota_json_read(bytes, length, &document, err);
        if (status == ESPOTA_OK)
            status = read_document(state, document, err);
        if (status == ESPOTA_E_LOCAL)
            (void)espota_error_prefix(err,
                                      "the state file %s cannot be used, and is left as it is; "
                                      "mend it, or name another",
                                      state->path);
    }
    espota_json_free(document);
    free(bytes);
    return status;
}

enum espota_status espota_state_open(const char *path, bool lock, struct espota_state **out,
                                     struct espota_error *err)
{
    struct espota_state *state = calloc(1, sizeof(*state));
    enum espota_status status = ESPOTA_OK;

    *out = NULL;
    if (state == NULL)
        return no_memory(err);
    if (strcmp(path, "-") == 0)
        status = espota_error_set(err, ESPOTA_E_USAGE, "the state cannot be kept in a pipe");
    state->end = &state->first;
    state->lock = (struct espota_file_lock)ESPOTA_FILE_LOCK_INIT;
    state->path = strdup(path);
    if (state->path == NULL && status == ESPOTA_OK)
        status = no_memory(err);
    if (status == ESPOTA_OK && lock)
        status = espota_file_lock_take(&state->lock, path, err);
    if (status == ESPOTA_OK)
        status = load(state, err);
    if (status != ESPOTA_OK) {
        espota_state_close(state);
        return status;
    }
    *out = state;
    return ESPOTA_OK;
}

void espota_state_close(struct espota_state *state)
{
    if (state == NULL)
        return;
    espota_file_lock_release(&state->lock);
    while (state->first != NULL) {
        struct state_entry *entry = state->first;

        state->first = entry->next;
        free(entry);
    }
    free(state->path);
    free(state);
}

enum espota_state_result espota_state_find(const struct espota_state *state, const char *target,
                                           enum espota_command command, const char *sha256)
{
    const struct state_entry *entry = find(state, target, command);

    return entry != NULL && strcmp(entry->sha256, sha256) == 0 ? entry->result : ESPOTA_STATE_NONE;
}

static void write_time(struct state_entry *entry, int64_t wall)
{
    time_t seconds = (time_t)wall;
    struct tm parts;

    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(entry->time, sizeof(entry->time), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        entry->time[0] = '\0';
}

enum espota_status espota_state_record(struct espota_state *state, const char *target,
                                       enum espota_command command, const char *sha256,
                                       enum espota_state_result result, int64_t wall,
                                       struct espota_error *err)
{
    struct state_entry *entry = find(state, target, command);

    if (entry == NULL && result == ESPOTA_STATE_NONE)
        return ESPOTA_OK;
    if (entry == NULL)
        entry = add(state, target, command);
    if (entry == NULL)
        return no_memory(err);
    snprintf(entry->sha256, sizeof(entry->sha256), "%s", sha256);
    entry->result = result;
    write_time(entry, wall);
    state->changed = true;
    return ESPOTA_OK;
}

bool espota_state_changed(const struct espota_state *state)
{
    return state->changed;
}

static bool add_entry(struct espota_json *entries, const struct state_entry *entry)
{
    struct espota_json *value = espota_json_object();

    if (!espota_json_set_text(value, "target", entry->target) ||
        !espota_json_set_integer(value, "command", entry->command) ||
        !espota_json_set_text(value, "sha256", entry->sha256) ||
        !espota_json_set_text(value, "result", words[entry->result]) ||
        !espota_json_set_text(value, "time", entry->time)) {
        espota_json_free(value);
        return false;
    }
    return espota_json_append_own(entries, value);
}

/* The whole file; NULL without memory. */
static char *write_document(const struct espota_state *state)
{
    struct espota_json *document = espota_json_object();
    struct espota_json *entries = espota_json_array();
    char *text = NULL;
    bool good = true;

    for (struct state_entry *entry = state->first; entry != NULL && good; entry = entry->next)
        good = entry->result == ESPOTA_STATE_NONE || add_entry(entries, entry);
    good = good && espota_json_set_text(document, "format", format_name) &&
           espota_json_set_integer(document, "version", VERSION);
    if (!good)
        espota_json_free(entries);
    else if (espota_json_set_own(document, "entries", entries))
        text = espota_json_pretty(document);
    espota_json_free(document);
    return text;
}

enum espota_status espota_state_save(struct espota_state *state, struct espota_error *err)
{
    char *text = write_document(state);
    enum espota_status status;

    if (text == NULL)
        return no_memory(err);
    status = espota_file_write(state->path, 0600, text, strlen(text), err);
    free(text);
    if (status == ESPOTA_OK)
        state->changed = false;
    return status;
}

/* --- in a run --- */

enum espota_status espota_fleet_open_state(struct espota_upload *upload, struct espota_error *err)
{
    const struct espota_upload_options *options = &upload->options;

    if (options->state_file == NULL)
        return ESPOTA_OK;
    return espota_state_open(options->state_file, !options->dry_run, &upload->state, err);
}

/*
 * How the state file calls the target: its host as it was written and the port in use, or the URL.
 */
static enum espota_status make_key(struct espota_job *job, struct espota_error *err)
{
    bool bare = strchr(job->name, ':') == NULL; /* an IPv6 address goes into brackets */
    size_t room = strlen(job->name) + sizeof("[]:65535");

    job->key = job->url != NULL ? strdup(job->target) : malloc(room);
    if (job->key == NULL)
        return no_memory(err);
    if (job->url != NULL)
        return ESPOTA_OK;
    snprintf(job->key, room, bare ? "%s:%u" : "[%s]:%u", job->name, job->port);
    return ESPOTA_OK;
}

enum espota_status espota_fleet_recall(struct espota_job *job, struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    struct espota_error why;

    if (upload->state == NULL)
        return ESPOTA_OK;
    if (make_key(job, err) != ESPOTA_OK)
        return ESPOTA_E_MEMORY;
    switch (espota_state_find(upload->state, job->key, job->command, job->source->sent.sha256)) {
    case ESPOTA_STATE_NONE:
        return ESPOTA_OK;
    case ESPOTA_STATE_DONE:
        job->recalled = true;
        upload->recalled++;
        espota_schedule_settle(&upload->schedule, job->index, ESPOTA_OK, false);
        return ESPOTA_OK;
    case ESPOTA_STATE_UNKNOWN:
        break;
    }
    (void)espota_error_set(
        &why, ESPOTA_E_UNKNOWN,
        "an earlier run sent it the whole image and heard no verdict, so it is left alone: look at "
        "the device; to send again, remove its entry (%s) from %s",
        job->key, upload->options.state_file);
    return espota_fleet_settle(job, &why, false, err);
}

static void complain(struct espota_upload *upload, const struct espota_error *err)
{
    if (!upload->state_failed)
        espota_log_say(&upload->options.log, ESPOTA_LOG_WARNING, "the state is not saved: %s",
                       err->message);
    upload->state_failed = true;
}

static void save(void *context)
{
    struct espota_upload *upload = context;
    struct espota_error err = ESPOTA_ERROR_INIT;

    upload->saved = espota_loop_now(upload->loop);
    if (espota_state_save(upload->state, &err) == ESPOTA_OK)
        upload->state_failed = false;
    else
        complain(upload, &err);
}

/* At once if it was not saved for a while. */
static void save_soon(struct espota_upload *upload)
{
    uint64_t at = upload->saved + SAVE_MS;

    if (upload->save.slot != 0)
        return;
    upload->save = (struct espota_timer){.expired = save, .context = upload};
    if (espota_loop_now(upload->loop) >= at ||
        espota_loop_arm(upload->loop, &upload->save, at) != ESPOTA_OK)
        save(upload);
}

static enum espota_state_result result_of(const struct espota_job *job, enum espota_status status)
{
    /* one that said OK and did not come back may be anything */
    if (status == ESPOTA_OK || (job->accepted && status == ESPOTA_E_INTERRUPTED))
        return ESPOTA_STATE_DONE;
    return job->complete ? ESPOTA_STATE_UNKNOWN : ESPOTA_STATE_NONE;
}

void espota_fleet_remember(struct espota_job *job, enum espota_status status)
{
    struct espota_upload *upload = job->upload;
    enum espota_state_result result = result_of(job, status);
    struct espota_error err = ESPOTA_ERROR_INIT;

    if (upload->state == NULL || upload->options.dry_run)
        return;
    /* a program is replaced as a whole or not at all; a file system is overwritten in place */
    if (result == ESPOTA_STATE_NONE && (!job->touched || job->command != ESPOTA_COMMAND_FILESYSTEM))
        return;
    if (espota_state_record(upload->state, job->key, job->command, job->source->sent.sha256, result,
                            espota_clock_wall(), &err) != ESPOTA_OK)
        complain(upload, &err);
    save_soon(upload);
}

void espota_fleet_close_state(struct espota_upload *upload)
{
    if (upload->state == NULL)
        return;
    espota_loop_disarm(upload->loop, &upload->save);
    if (espota_state_changed(upload->state))
        save(upload);
    if (upload->state_failed && upload->common == ESPOTA_OK)
        upload->common = ESPOTA_E_LOCAL; /* the next run would send again what is done */
    espota_state_close(upload->state);
    upload->state = NULL;
}
