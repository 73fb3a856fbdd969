/* SPDX-License-Identifier: MIT */
/*
 * What a run remembers is written down while it goes on: a run of hours that is killed must not
 * begin again with those that are done. It is written at most once a second, as a whole new file.
 */
#include <stdio.h>
#include <string.h>

#include "fleet/fleet.h"
#include "sys/sys.h"

enum { SAVE_MS = 1000 }; /* a thousand results must not be a thousand files */

enum espota_status espota_fleet_open_state(struct espota_upload *upload, struct espota_error *err)
{
    const struct espota_upload_options *options = &upload->options;

    if (options->state_file == NULL)
        return ESPOTA_OK;
    return espota_state_open(options->state_file, !options->dry_run, &upload->state, err);
}

enum espota_status espota_fleet_recall(struct espota_job *job, struct espota_error *err)
{
    struct espota_upload *upload = job->upload;
    char message[512];

    switch (espota_state_find(upload->state, job->key, job->command, job->source->sha256)) {
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
    snprintf(message, sizeof(message),
             "an earlier run sent it the whole image and heard no verdict, so it is left alone: "
             "look at the device; to send again, remove its entry (%s) from %s",
             job->key, upload->options.state_file);
    return espota_fleet_settle(job, ESPOTA_E_UNKNOWN, message, false, err);
}

static void complain(struct espota_upload *upload, const struct espota_error *err)
{
    if (!upload->state_failed)
        espota_fleet_log(upload, ESPOTA_LOG_WARNING, "the state is not saved: %s", err->message);
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
    if (espota_state_record(upload->state, job->key, job->command, job->source->sha256, result,
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
