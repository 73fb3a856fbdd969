/* SPDX-License-Identifier: MIT */
#include "cli/run_upload.h"

#include <stdio.h>

#include "cli/out.h"
#include "cli/passwords.h"
#include "cli/remedy.h"
#include "cli/report.h"
#include "sys/sys.h"

enum { MESSAGE_MAX = 4096 };

/* What the callbacks know. */
struct observer {
    struct show_upload show;
    bool json;
    bool legacy_tool; /* as there, the empty password is tried where there is none */
    bool sought;      /* some device wanted a password, and none was given, */
    bool kept;        /* some device got one that is kept, */
    bool refused;     /* and some device did not accept what it got */
    struct report report;
};

static void observe(void *context, const struct espota_upload_event *event)
{
    struct observer *observer = context;
    struct espota_upload_event worded = *event; /* as people read it */
    char words[REMEDY_TEXT], message[MESSAGE_MAX + REMEDY_TEXT];

    if (event->message != NULL) {
        (void)snprintf(message, sizeof(message), "%s%s", event->message,
                       remedy_text(event->message, &event->remedy, words));
        worded.message = message;
    }
    if (observer->json &&
        !out_json(espota_upload_event_json(event, worded.message, espota_program_stop_signal())))
        out_error("no memory for an event");
    if (event->kind == ESPOTA_EVENT_RESULT && event->status == ESPOTA_E_AUTH)
        observer->refused = true;
    report_note(&observer->report, &worded);
    show_upload_event(&observer->show, &worded);
}

static enum espota_status ask_password(void *context, const char *target, struct espota_secret *out,
                                       struct espota_error *err)
{
    struct observer *observer = context;
    char question[320];
    char answer[ESPOTA_SECRET_MAX + 1];
    enum espota_status status;

    show_progress_close(&observer->show, false);
    out_status_line(NULL);
    (void)snprintf(question, sizeof(question), "Password for %s: ", target);
    /* Without a terminal nobody asks, and the result says that no password was given. */
    status = espota_program_ask(question, true, answer, sizeof(answer), NULL);
    if (status == ESPOTA_OK)
        status = espota_secret_take(out, answer, err);
    return status;
}

static enum espota_status find_password(void *context, const char *target, const char *host,
                                        uint16_t port, struct espota_secret *out,
                                        struct espota_error *err)
{
    struct observer *observer = context;
    struct password_names names;
    char line[PASSWORD_HOST_MAX + 1];
    enum espota_status status;

    observer->sought = true;
    password_names_init(&names, host, port, target);
    status = password_file_find(&names, line, out, err);
    if (status == ESPOTA_OK && out->bytes != NULL) {
        observer->kept = true;
        out_detail("%s: the password that is kept for %s", target, line);
    } else if (status == ESPOTA_OK && observer->legacy_tool) {
        status = espota_secret_copy(out, "", 0, err);
    }
    return status;
}

/* Who typed no password does not know where it came from, or where one could. */
static void hint_at_kept(const struct observer *observer)
{
    char path[PASSWORD_PATH];

    if (!observer->refused || !observer->sought || password_file_path(path, NULL) != ESPOTA_OK)
        return;
    if (observer->kept)
        out_hint("%s from %s; 'espota-c password set HOST' changes it.",
                 observer->show.targets > 1 ? "Some passwords are" : "The password is", path);
    else if (observer->legacy_tool)
        out_hint("Where an IDE has no field for it, 'espota-c password set HOST' keeps it.");
}

static enum espota_status add_source(struct espota_upload *upload,
                                     const struct upload_source *source, struct espota_error *err)
{
    const char *text = source->target.host;

    if (source->is_file)
        return espota_upload_add_file(upload, text, err);
    if (espota_upload_add(upload, &source->target, err) == ESPOTA_OK)
        return ESPOTA_OK;
    if (source->secret.bytes != NULL) /* it holds a password */
        return espota_error_prefix(err, "--host");
    return espota_error_prefix(err, "'%s'", text);
}

static void stop(void *context)
{
    espota_upload_stop(context);
}

static int exit_code_of(enum espota_status status)
{
    int signal = espota_program_stop_signal();

    if (status != ESPOTA_OK && signal != 0)
        return 128 + signal;
    return espota_status_exit_code(status);
}

int run_upload(struct run_upload *run, enum espota_status *result)
{
    struct observer observer = {.json = run->json, .legacy_tool = run->options.legacy_tool};
    struct espota_upload *upload = NULL;
    struct espota_error err = ESPOTA_ERROR_INIT;
    enum espota_status status;

    show_upload_init(&observer.show, run->style);
    run->options.log = out_log();
    run->options.context = &observer;
    run->options.event = observe;
    run->options.ask_password = run->may_ask ? ask_password : NULL;
    run->options.find_password = find_password;
    status = espota_upload_create(&run->options, &upload, &err);
    if (status == ESPOTA_OK && run->report_file != NULL)
        status = report_begin(&observer.report, run->report_file, &err);
    for (size_t i = 0; i < run->source_count && status == ESPOTA_OK; i++)
        status = add_source(upload, &run->sources[i], &err);
    if (status == ESPOTA_OK) {
        espota_program_on_stop(stop, upload);
        status = espota_upload_run(upload, &err);
        espota_program_on_stop(NULL, NULL);
    }
    show_upload_deinit(&observer.show);
    /* once targets were tried; a report that cannot be written fails a run that went well */
    if (err.message[0] == '\0' && report_write(&observer.report, &err) != ESPOTA_OK &&
        status == ESPOTA_OK)
        status = err.status;
    report_deinit(&observer.report);
    if (status != ESPOTA_OK && err.message[0] != '\0')
        show_error(&err);
    hint_at_kept(&observer);
    espota_upload_destroy(upload);
    if (result != NULL)
        *result = status;
    return exit_code_of(status);
}
