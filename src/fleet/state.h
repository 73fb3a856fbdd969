/* SPDX-License-Identifier: MIT */
/*
 * What a run remembers for the next one (--state): which target got which bytes. A JSON file
 * that a person can read and edit:
 *
 *     { "format": "espota-c upload state", "version": 1,
 *       "entries": [ { "target": "192.168.1.5:8266", "command": 0, "sha256": "…",
 *                      "result": "done", "time": "2026-11-21T04:05:06Z" } ] }
 *
 * A target has one entry for each command: the last bytes that it may have. So an image that was
 * once done is sent again after another one.
 */
#ifndef ESPOTA_FLEET_STATE_H
#define ESPOTA_FLEET_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "wire/wire.h"

enum espota_state_result {
    ESPOTA_STATE_NONE,    /* nothing is known */
    ESPOTA_STATE_DONE,    /* the target has these bytes */
    ESPOTA_STATE_UNKNOWN, /* it may have them */
};

struct espota_state;

/*
 * Reads the file; one that is missing is empty. E_LOCAL for one that is not such a file, which
 * is then left as it is, and if another run holds it. `lock`: keep other runs out until close.
 */
enum espota_status espota_state_open(const char *path, bool lock, struct espota_state **out,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
/* Does not save. NULL is fine. */
void espota_state_close(struct espota_state *state);

/* What is known of these bytes (64 hex digits) and this target ("ADDRESS:PORT"). */
enum espota_state_result espota_state_find(const struct espota_state *state, const char *target,
                                           enum espota_command command, const char *sha256);

/* Remembers a result in place of what was known of target and command; NONE forgets. */
enum espota_status espota_state_record(struct espota_state *state, const char *target,
                                       enum espota_command command, const char *sha256,
                                       enum espota_state_result result, int64_t wall,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;

bool espota_state_changed(const struct espota_state *state); /* since it was read or saved */

/* Replaces the file, which is whole at every moment. */
enum espota_status espota_state_save(struct espota_state *state,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
