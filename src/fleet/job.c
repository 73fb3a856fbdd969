/* SPDX-License-Identifier: MIT */
/*
 * What is done about one target: an attempt, what it came to, and what may follow it (the wait for
 * the device, a knock, another attempt). An attempt's callbacks only note what they hear, because
 * they may come from deep inside it.
 */
#include <string.h>

#include "fleet/fleet.h"
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
    if (outcome != NULL)
        espota_fleet_diagnose(job, outcome, &end, whole, sizeof(whole));
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

/* Whether the program is asked for this target's own password, once its device wants one. */
static bool may_be_known(const struct espota_job *job)
{
    return job->upload->options.find_password != NULL && job->road != ESPOTA_ROAD_WEB &&
           !job->no_password;
}

static void attempt_asks(void *context)
{
    struct espota_job *job = context;

    job->parked = true;
    job->unsought = may_be_known(job);
    job->upload->parked++;
    job->upload->unsought += job->unsought;
}

static void attempt_over(void *context, const struct espota_outcome *outcome)
{
    struct espota_job *job = context;

    job->outcome = outcome;
    job->next_ended = job->upload->ended;
    job->upload->ended = job;
}

static void leave_parking(struct espota_job *job)
{
    job->upload->parked -= job->parked;
    job->upload->unsought -= job->unsought;
    job->parked = false;
    job->unsought = false;
}

static void forget_secrets(struct espota_job *job)
{
    espota_secret_wipe(&job->secret);
    espota_wipe(job->noise_key, sizeof(job->noise_key));
}

/* The job has no attempt any more. */
static void drop_attempt(struct espota_job *job)
{
    struct espota_upload *upload = job->upload;

    espota_attempt_destroy(job->attempt);
    forget_secrets(job);
    job->attempt = NULL;
    job->outcome = NULL;
    upload->attempts--;
    leave_parking(job);
    upload->waiting -= job->accepted;
}

/* For warnings that are said at the first attempt and not again. */
static const struct espota_log *log_once(const struct espota_job *job)
{
    static const struct espota_log silence = {NULL, NULL};

    return job->turn->attempts <= 1 ? &job->upload->options.log : &silence;
}

/* The target's own, the run's, or the one that a person gave; its bytes may be NULL. What a person
 * gave for all is not offered where a password of its own may yet be found. */
static enum espota_status find_password(struct espota_job *job, const struct espota_secret **out,
                                        struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    static const struct espota_secret nothing = ESPOTA_SECRET_INIT;

    *out = may_be_known(job) ? &nothing : &upload->answer;
    if (upload->options.password.bytes != NULL)
        *out = &upload->options.password;
    if (job->url != NULL && job->url->password.bytes != NULL)
        *out = &job->url->password;
    if (job->no_password)
        *out = &nothing;
    if (job->password_file == NULL || job->no_password)
        return ESPOTA_OK;
    *out = &job->secret;
    return espota_secret_read(&job->secret, job->password_file, "password file", log_once(job),
                              err);
}

enum espota_status espota_fleet_key_parse(const struct espota_secret *text,
                                          uint8_t out[ESPOTA_NOISE_KEY_SIZE],
                                          struct espota_error *err)
{
    size_t length;

    if (espota_base64_read(text->bytes, text->length, out, ESPOTA_NOISE_KEY_SIZE, &length) ==
            ESPOTA_OK &&
        length == ESPOTA_NOISE_KEY_SIZE)
        return ESPOTA_OK;
    espota_wipe(out, ESPOTA_NOISE_KEY_SIZE);
    return espota_error_set(err, ESPOTA_E_USAGE,
                            "the key is none: ESPHome's (\"api: encryption: key:\") are 44 "
                            "characters, base64 of 32 bytes");
}

/* The target's own, or the run's; NULL: there is none. */
static enum espota_status find_key(struct espota_job *job, const uint8_t **out,
                                   struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    struct espota_secret text = ESPOTA_SECRET_INIT;
    enum espota_status status;

    *out = upload->has_key ? upload->key : NULL;
    if (job->road != ESPOTA_ROAD_ESPHOME || job->key_file == NULL)
        return ESPOTA_OK;
    status = espota_secret_read(&text, job->key_file, "key file", log_once(job), err);
    if (status == ESPOTA_OK)
        status = espota_fleet_key_parse(&text, job->noise_key, err);
    espota_secret_wipe(&text);
    *out = job->noise_key;
    return status;
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
        .noise = &upload->noise.table,
        .options = &upload->options,
        .source = job->source,
        .road = job->road,
        .url = job->url,
        .web = job->web,
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
            status = find_key(job, &config.key, err);
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
void espota_fleet_look_at(struct espota_job *job)
{
    const struct espota_outcome outcome = *job->outcome; /* it is the attempt's */
    bool again = may_try_again(job, &outcome);
    const char *problem = local_problem(job, &outcome);
    char message[2048];
    struct espota_end end = {.status = outcome.status, .message = message};

    espota_outcome_text(&outcome, message, sizeof(message), &end.remedy);
    if (problem != NULL)
        end = (struct espota_end){.status = outcome.status, .message = problem};
    job->web_found = outcome.web;
    if (outcome.road != ESPOTA_ROAD_WAIT)
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

void espota_fleet_begin_job(struct espota_job *job)
{
    struct espota_upload *upload = job->upload;
    struct espota_error err = ESPOTA_ERROR_INIT;

    if (!job->begun)
        job->began = espota_loop_now(upload->loop);
    job->begun = true;
    job->acked = 0;
    if (start(job, ESPOTA_PURPOSE_SEND, NULL, &err) == ESPOTA_OK)
        return;
    forget_secrets(job);
    end_job(job, espota_fleet_end_of(&err), false, NULL);
}

void espota_fleet_seek_password(struct espota_job *job)
{
    const struct espota_upload_options *options = &job->upload->options;
    struct espota_error err = ESPOTA_ERROR_INIT;
    enum espota_status status;

    if (job->outcome != NULL)
        return; /* it is over, and about to be looked at */
    job->unsought = false;
    job->upload->unsought--;
    status = options->find_password(options->context, job->target, job->name, job->port,
                                    &job->secret, &err);
    if (status != ESPOTA_OK) {
        if (err.message[0] == '\0')
            (void)espota_error_set(&err, status, "%s", espota_status_text(status));
        err.status = status;
        drop_attempt(job);
        end_job(job, espota_fleet_end_of(&err), false, NULL);
    } else if (job->secret.bytes != NULL) {
        leave_parking(job);
        espota_attempt_password(job->attempt, job->secret.bytes, job->secret.length);
    }
}

/* Without a datagram: everything up to the first one was checked. */
void espota_fleet_pretend(struct espota_job *job)
{
    char address[ESPOTA_ADDRESS_TEXT];
    const struct espota_secret *password;
    const uint8_t *key;
    struct espota_error err = ESPOTA_ERROR_INIT;

    if (find_password(job, &password, &err) == ESPOTA_OK && find_key(job, &key, &err) == ESPOTA_OK)
        (void)espota_error_set(&err, ESPOTA_OK, "would be %s %s, for %u bytes, MD5 %s",
                               job->road == ESPOTA_ROAD_WEB        ? "asked for its page at"
                               : job->road == ESPOTA_ROAD_CALLBACK ? "invited at"
                                                                   : "connected to at",
                               espota_address_format(&job->device, true, address),
                               job->source->length, job->source->md5);
    forget_secrets(job);
    end_job(job, espota_fleet_end_of(&err), false, NULL);
}
