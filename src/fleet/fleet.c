/* SPDX-License-Identifier: MIT */
/*
 * One thread and one loop for all targets. What an attempt tells is only noted while the loop
 * turns; everything that follows from it (the next target, a retry, a question to the person) is
 * done after the turn, by `pump`, when no attempt is on the stack that could be destroyed under its
 * own feet.
 */
#include "fleet/fleet.h"

#include <string.h>

#include "send/send.h"

/* `outcome`: of the last attempt; NULL if none could be begun. */
static void end_job(struct espota_job *job, struct espota_end end, bool again,
                    const struct espota_outcome *outcome)
{
    struct espota_upload *upload = job->upload;
    char whole[4096];

    if (espota_schedule_end(&upload->schedule, job->index, end.status, again,
                            espota_loop_now(upload->loop))) {
        espota_fleet_tell_retry(job, &end);
        return;
    }
    if (outcome != NULL && espota_fleet_diagnose(job, outcome, end.message, whole, sizeof(whole)))
        end.message = whole;
    espota_fleet_remember(job, end.status);
    espota_fleet_tell_result(job, &end);
}

/* In place of the attempt's own words where this machine's digests are to blame. */
static const char *local_problem(const struct espota_job *job, const struct espota_outcome *outcome)
{
    bool local = outcome->status == ESPOTA_E_LOCAL || outcome->status == ESPOTA_E_MEMORY;
    const char *problem = job->upload->crypto.problem;

    return local && outcome->os_error == 0 && problem[0] != '\0' ? problem : NULL;
}

static void attempt_event(void *context, const struct espota_attempt_event *event)
{
    espota_fleet_tell_event(context, event);
}

static void attempt_asks(void *context)
{
    struct espota_job *job = context;

    job->parked = true;
    job->upload->parked++;
}

/* It may be deep inside the attempt: the rest follows after the turn. */
static void attempt_over(void *context, const struct espota_outcome *outcome)
{
    struct espota_job *job = context;

    job->outcome = outcome;
    job->next_ended = job->upload->ended;
    job->upload->ended = job;
}

/* The job has no attempt any more. */
static void drop_attempt(struct espota_job *job)
{
    struct espota_upload *upload = job->upload;

    espota_attempt_destroy(job->attempt);
    espota_secret_wipe(&job->secret);
    job->attempt = NULL;
    job->outcome = NULL;
    upload->attempts--;
    upload->parked -= job->parked;
    upload->waiting -= job->accepted;
    job->parked = false;
}

/* The target's own, the run's, or the one that a person gave; its bytes may be NULL. */
static enum espota_status find_password(struct espota_job *job, const struct espota_secret **out,
                                        struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    static const struct espota_log silence = {NULL, NULL};
    static const struct espota_secret nothing = ESPOTA_SECRET_INIT;
    bool first = job->turn->attempts <= 1; /* a warning is said once */

    *out = upload->options.password.bytes != NULL ? &upload->options.password : &upload->answer;
    if (job->url != NULL && job->url->password.bytes != NULL)
        *out = &job->url->password;
    if (job->no_password)
        *out = &nothing;
    if (job->password_file == NULL || job->no_password)
        return ESPOTA_OK;
    *out = &job->secret;
    return espota_secret_read(&job->secret, job->password_file, "password file",
                              first ? &upload->options.log : &silence, err);
}

/* Whether the address that a message names is news to who wrote the target. */
static bool is_named(const struct espota_job *job)
{
    struct espota_address address;

    return !espota_address_parse(job->name, &address) || strstr(job->target, job->name) == NULL;
}

/* An attempt by the target's road, or what may follow it. */
static enum espota_status start(struct espota_job *job, enum espota_purpose purpose,
                                const struct espota_outcome *failed, struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    struct espota_attempt_config config = {
        .loop = upload->loop,
        .ports = upload->ports,
        .client = upload->client,
        .crypto = &upload->crypto.table,
        .options = &upload->options,
        .source = job->source,
        .url = job->url,
        .command = job->command,
        .device = job->device,
        .from = job->from,
        .named = is_named(job),
        .since = job->began,
        .user = job->user != NULL ? job->user : upload->options.user,
        .purpose = purpose,
        .failed = failed,
        .hooks = {job, attempt_event, attempt_asks, attempt_over},
    };
    const struct espota_secret *password;
    enum espota_status status = ESPOTA_OK;

    if (purpose == ESPOTA_PURPOSE_SEND) {
        status = find_password(job, &password, err);
        if (status == ESPOTA_OK) {
            config.password = password->bytes;
            config.password_length = password->length;
        }
    }
    if (status == ESPOTA_OK)
        status = espota_attempt_begin(&config, &job->attempt, err);
    upload->attempts += status == ESPOTA_OK;
    return status;
}

/* The device has said OK; whether it comes back is the rest of the job. */
static bool begin_waiting(struct espota_job *job)
{
    struct espota_upload *upload = job->upload;
    struct espota_error err = ESPOTA_ERROR_INIT;

    if (upload->options.wait_online_ms == 0 || upload->stopped || job->accepted)
        return false;
    job->accepted = true;
    if (start(job, ESPOTA_PURPOSE_WAIT, NULL, &err) != ESPOTA_OK) {
        end_job(job, espota_fleet_end_of(&err), false, NULL);
        return true;
    }
    upload->waiting++;
    return true;
}

/* Before a target is given up: is anything there at all? */
static bool begin_knocking(struct espota_job *job, const struct espota_outcome *outcome, bool again)
{
    struct espota_upload *upload = job->upload;

    if (!espota_attempt_knock_helps(outcome) || upload->stopped ||
        (again && espota_schedule_tries_again(&upload->schedule, job->index)))
        return false;
    /* if it cannot be begun there is no more to tell */
    return start(job, ESPOTA_PURPOSE_KNOCK, outcome, NULL) == ESPOTA_OK;
}

static bool may_try_again(const struct espota_job *job, const struct espota_outcome *outcome)
{
    /* espota.py gives an absent device ten seconds, and who stands in for it no more */
    if (job->upload->options.legacy_tool && outcome->road == ESPOTA_ROAD_CALLBACK &&
        outcome->status == ESPOTA_E_NO_ANSWER && outcome->challenge == 0)
        return false;
    return espota_outcome_again(outcome);
}

/* An attempt is over: what it comes to. */
static void look_at(struct espota_job *job)
{
    const struct espota_outcome outcome = *job->outcome; /* it is the attempt's */
    bool again = may_try_again(job, &outcome);
    const char *problem = local_problem(job, &outcome);
    char message[2048];
    struct espota_end end = {outcome.status, problem != NULL ? problem : message, {0}};

    espota_outcome_text(&outcome, message, sizeof(message));
    job->acked = outcome.acked;
    job->touched |= outcome.sent > 0;
    job->complete = outcome.sent == outcome.total;
    if (outcome.status == ESPOTA_E_AUTH && job->no_password) {
        end.message = "the device wants a password, and none is given to a device that was found "
                      "by its announcement alone, which anyone could forge";
        end.remedy = (struct espota_remedy){.ways = ESPOTA_REMEDY_TRUST_NETWORK};
    }
    drop_attempt(job);
    if (outcome.status == ESPOTA_OK && begin_waiting(job))
        return;
    if (begin_knocking(job, &outcome, again))
        return;
    end_job(job, end, again, &outcome);
}

static void look_at_ended(struct espota_upload *upload)
{
    while (upload->ended != NULL) {
        struct espota_job *job = upload->ended;

        upload->ended = job->next_ended;
        look_at(job);
    }
}

static void begin(struct espota_job *job)
{
    struct espota_upload *upload = job->upload;
    struct espota_error err = ESPOTA_ERROR_INIT;

    if (!job->begun)
        job->began = espota_loop_now(upload->loop);
    job->begun = true;
    job->acked = 0;
    if (start(job, ESPOTA_PURPOSE_SEND, NULL, &err) == ESPOTA_OK)
        return;
    espota_secret_wipe(&job->secret);
    end_job(job, espota_fleet_end_of(&err), false, NULL);
}

/* Without a datagram: everything up to the first one was checked. */
static void pretend(struct espota_job *job)
{
    char address[ESPOTA_ADDRESS_TEXT];
    const struct espota_secret *password;
    struct espota_error err = ESPOTA_ERROR_INIT;

    if (find_password(job, &password, &err) == ESPOTA_OK)
        (void)espota_error_set(&err, ESPOTA_OK, "would be %s %s, for %u bytes, MD5 %s",
                               job->url != NULL ? "asked for its page at" : "invited at",
                               espota_address_format(&job->device, true, address),
                               job->source->length, job->source->md5);
    espota_secret_wipe(&job->secret);
    end_job(job, espota_fleet_end_of(&err), false, NULL);
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
            pretend(job);
        else
            begin(job);
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

/*
 * Targets that wait for a password wait until nothing else is under way, because a question may
 * take its time; nobody new begins meanwhile. The one answer is for all.
 */
static void serve_parked(struct espota_upload *upload)
{
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
    look_at_ended(upload);
}

/* Everything that follows from what happened in the turn. */
static void pump(struct espota_upload *upload)
{
    uint64_t at;

    if (upload->stop && !upload->stopped)
        stop_all(upload);
    look_at_ended(upload);
    serve_parked(upload);
    if (upload->stop && !upload->stopped)
        stop_all(upload);
    look_at_ended(upload);
    begin_those_ready(upload);
    if (upload->parked == 0 &&
        espota_schedule_wake(&upload->schedule, espota_loop_now(upload->loop), &at) &&
        espota_loop_arm(upload->loop, &upload->wake, at) != ESPOTA_OK)
        upload->stop = true; /* no memory for a timer: rather end than hang */
}

static void wake(void *context)
{
    (void)context; /* the turn is over now, and pump follows */
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

void espota_fleet_begin(struct espota_upload *upload)
{
    upload->wake = (struct espota_timer){.expired = wake, .context = upload};
    espota_fleet_tell_all_settled(upload);
    pump(upload);
}

bool espota_fleet_is_over(const struct espota_upload *upload)
{
    return upload->attempts == 0 && espota_schedule_over(&upload->schedule);
}

enum espota_status espota_fleet_turn(struct espota_upload *upload, int most_ms,
                                     struct espota_error *err)
{
    enum espota_status status = espota_loop_turn(upload->loop, most_ms, err);

    pump(upload);
    return status;
}

void espota_fleet_end(struct espota_upload *upload)
{
    espota_loop_disarm(upload->loop, &upload->wake);
    count_skipped(upload);
}
