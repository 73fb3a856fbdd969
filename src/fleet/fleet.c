/* SPDX-License-Identifier: MIT */
/*
 * One thread and one loop for all targets. What an attempt tells is only noted while the loop
 * turns; everything that follows from it (the next target, a retry, a question to the person) is
 * done after the turn, by `follow`, when no attempt is on the stack that could be destroyed under
 * its own feet.
 */
#include "fleet/fleet.h"

#include "send/send.h"

static void look_at_ended(struct espota_upload *upload)
{
    while (upload->ended != NULL) {
        struct espota_job *job = upload->ended;

        upload->ended = job->next_ended;
        espota_fleet_look_at(job);
    }
}

static void begin_those_ready(struct espota_upload *upload)
{
    size_t index;

    while (upload->parked == 0 &&
           espota_schedule_next(&upload->schedule, espota_loop_now(upload->loop), &index)) {
        struct espota_job *job = &upload->jobs[index];
        uint64_t free_at = espota_ports_free_at(upload->ports, &job->from);

        if (free_at > espota_loop_now(upload->loop))
            espota_schedule_put_off(&upload->schedule, index, free_at);
        else if (upload->options.dry_run)
            espota_fleet_pretend(job);
        else
            espota_fleet_begin_job(job);
    }
}

static void ask_person(struct espota_upload *upload)
{
    const struct espota_upload_options *options = &upload->options;
    const struct espota_job *job = upload->jobs;
    struct espota_error err = ESPOTA_ERROR_INIT;

    while (job < upload->jobs + upload->count && (!job->parked || job->no_password))
        job++;
    if (job == upload->jobs + upload->count)
        return; /* those who wait get none in any case */
    upload->asked = true;
    if (options->ask_password == NULL ||
        options->ask_password(options->context, job->target, &upload->answer, &err) == ESPOTA_OK)
        return;
    espota_secret_wipe(&upload->answer);
    if (err.message[0] != '\0')
        espota_log_say(&upload->options.log, ESPOTA_LOG_WARNING, "%s", err.message);
}

/* A password of its own is at hand at once, or is not. */
static void seek_passwords(struct espota_upload *upload)
{
    for (size_t i = 0; i < upload->count && upload->unsought > 0; i++)
        if (upload->jobs[i].unsought)
            espota_fleet_seek_password(&upload->jobs[i]);
}

/*
 * Targets that wait for a password wait until nothing else is under way, because a question may
 * take its time; nobody new begins meanwhile. The one answer is for all.
 */
static void serve_parked(struct espota_upload *upload)
{
    seek_passwords(upload);
    if (upload->parked == 0 ||
        (!upload->asked && upload->attempts > upload->parked + upload->waiting))
        return;
    if (!upload->asked)
        ask_person(upload);
    if (upload->stop)
        return; /* a signal was the answer: nobody refused anything */
    for (size_t i = 0; i < upload->count && upload->parked > 0; i++) {
        struct espota_job *job = &upload->jobs[i];

        if (!job->parked)
            continue;
        job->parked = false;
        upload->parked--;
        if (job->no_password)
            espota_attempt_password(job->attempt, NULL, 0);
        else
            espota_attempt_password(job->attempt, upload->answer.bytes, upload->answer.length);
    }
}

static void stop_all(struct espota_upload *upload)
{
    upload->stopped = true;
    upload->schedule.stopped = true;
    for (size_t i = 0; i < upload->count; i++) {
        struct espota_attempt *attempt = upload->jobs[i].attempt;

        if (attempt != NULL)
            espota_attempt_stop(attempt);
    }
}

/* Everything that follows from what happened in the turn. */
static void follow(struct espota_upload *upload)
{
    uint64_t at;

    if (upload->stop && !upload->stopped)
        stop_all(upload);
    look_at_ended(upload);
    serve_parked(upload);
    if (upload->stop && !upload->stopped)
        stop_all(upload);
    do { /* one may end as it begins */
        look_at_ended(upload);
        begin_those_ready(upload);
    } while (upload->ended != NULL);
    if (upload->parked == 0 &&
        espota_schedule_wake(&upload->schedule, espota_loop_now(upload->loop), &at) &&
        espota_loop_arm(upload->loop, &upload->wake, at) != ESPOTA_OK)
        upload->stop = true; /* no memory for a timer: rather end than hang */
}

static void wake(void *context)
{
    (void)context; /* the turn is over now, and `follow` comes */
}

/* The run was stopped in the pause between two attempts at it. */
static void give_up(struct espota_job *job)
{
    bool half = job->touched && job->command == ESPOTA_COMMAND_FILESYSTEM;
    struct espota_end end = {
        .status = ESPOTA_E_INTERRUPTED,
        .message = half ? "stopped before another attempt; its file system is part old and part "
                          "new now: upload it again"
                        : "stopped before another attempt; the device keeps the program that it "
                          "had",
    };

    espota_fleet_remember(job, ESPOTA_E_INTERRUPTED);
    espota_fleet_tell_result(job, &end);
}

/* Those that were never begun, and why not. */
static void count_skipped(struct espota_upload *upload)
{
    size_t left = 0;

    for (size_t i = 0; i < upload->count; i++) {
        if (upload->turns[i].state == ESPOTA_TURN_OVER)
            continue;
        if (upload->jobs[i].begun) {
            give_up(&upload->jobs[i]);
            continue;
        }
        left++;
        espota_fleet_tell_skipped(&upload->jobs[i], upload->stopped
                                                        ? "the run was stopped before"
                                                        : "other targets failed before");
    }
    if (left == 0)
        return;
    if (upload->stopped)
        espota_log_say(&upload->options.log, ESPOTA_LOG_NOTE, "%zu targets were not invited", left);
    else
        espota_log_say(&upload->options.log, ESPOTA_LOG_WARNING,
                       "%zu targets were not invited, because of the failures before", left);
}

static bool is_over(const struct espota_upload *upload)
{
    return upload->attempts == 0 && espota_schedule_over(&upload->schedule);
}

/* A run is a beginning and turns; whose loop waits between them is all that differs. */
static enum espota_status begin_run(struct espota_upload *upload, struct espota_error *err)
{
    enum espota_status status;

    if (upload->count == 0)
        return espota_error_set(err, ESPOTA_E_USAGE, "there is no target");
    if (upload->turns != NULL)
        return espota_error_set(err, ESPOTA_E_USAGE, "an upload runs once");
    upload->began = espota_loop_now(upload->loop);
    status = espota_fleet_prepare(upload, err);
    if (status != ESPOTA_OK)
        return status;
    upload->running = true;
    upload->wake = (struct espota_timer){.expired = wake, .context = upload};
    espota_fleet_tell_start(upload);
    espota_fleet_tell_all_settled(upload);
    follow(upload);
    return ESPOTA_OK;
}

static enum espota_status turn(struct espota_upload *upload, int most_ms, struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    if (!upload->running)
        return espota_error_set(err, ESPOTA_E_USAGE, "no upload is running");
    if (!is_over(upload)) {
        status = espota_loop_turn(upload->loop, most_ms, err);
        follow(upload);
    }
    if (status == ESPOTA_OK && !is_over(upload))
        return ESPOTA_MORE;
    upload->running = false;
    espota_loop_disarm(upload->loop, &upload->wake);
    count_skipped(upload);
    espota_fleet_close_state(upload);
    return status != ESPOTA_OK ? status : espota_fleet_tell_summary(upload);
}

static enum espota_status pump(struct espota_upload *upload, struct espota_error *err)
{
    return turn(upload, 0, err);
}

static enum espota_status run(struct espota_upload *upload, struct espota_error *err)
{
    enum espota_status status = begin_run(upload, err);

    if (status == ESPOTA_OK)
        do
            status = turn(upload, -1, err);
        while (status == ESPOTA_MORE);
    return status;
}

/* A callback that called back in would pull the ground from under its caller. */
static enum espota_status enter(struct espota_upload *upload,
                                enum espota_status (*step)(struct espota_upload *upload,
                                                           struct espota_error *err),
                                struct espota_error *err)
{
    enum espota_status status;

    if (upload->inside)
        return espota_error_set(err, ESPOTA_E_USAGE, "a callback of the upload runs the upload");
    upload->inside = true;
    status = step(upload, err);
    upload->inside = false;
    return status;
}

enum espota_status espota_upload_begin(struct espota_upload *upload, struct espota_error *err)
{
    return enter(upload, begin_run, err);
}

enum espota_status espota_upload_pump(struct espota_upload *upload, struct espota_error *err)
{
    return enter(upload, pump, err);
}

enum espota_status espota_upload_run(struct espota_upload *upload, struct espota_error *err)
{
    return enter(upload, run, err);
}

int espota_upload_fd(const struct espota_upload *upload)
{
    return espota_loop_fd(upload->loop);
}

int espota_upload_wait_ms(const struct espota_upload *upload)
{
    if (!upload->running)
        return -1;
    return is_over(upload) ? 0 : espota_loop_wait_ms(upload->loop);
}

void espota_upload_stop(struct espota_upload *upload)
{
    upload->stop = true;
    espota_loop_wake(upload->loop);
}
