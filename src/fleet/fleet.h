/* SPDX-License-Identifier: MIT */
/*
 * Inside an upload: what its files share, and which may know which. upload.c takes options and
 * targets; fleet.c is the run. It has prepare.c settle what is wrong before, which asks state.c
 * what is done and names.c where the targets are, and job.c see to one target after the other,
 * which has diagnose.c explain silence. All of them say what happens through tell.c.
 */
#ifndef ESPOTA_FLEET_FLEET_H
#define ESPOTA_FLEET_FLEET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/crypto.h"
#include "espota/upload.h"
#include "fleet/schedule.h"
#include "http/http.h"
#include "image/image.h"
#include "send/send.h"
#include "sys/sys.h"

/* One target. */
struct espota_job {
    struct espota_upload *upload;
    size_t index;
    struct espota_turn *turn;       /* from the beginning of the run on */
    char *target;                   /* as the user wrote it */
    char *name;                     /* its host alone */
    enum espota_road road;          /* by how its target was written */
    struct espota_url *url;         /* of a web updater */
    enum espota_web_kind web;       /* of the URL, as the user said */
    enum espota_web_kind web_found; /* and as its pages do */
    char *user;
    char *file;                      /* NULL: `image`, or the options' */
    struct espota_image_input image; /* bytes or a callback; no name: there is none */
    char *image_name;
    char *password_file;
    char *key_file;
    char *platform; /* as it announced itself; NULL: it did not say */
    uint16_t port;  /* written behind the host, or as port=; 0: neither; from prepare on: in use */
    bool filesystem;
    enum espota_device_kind kind; /* as it announced itself */
    char *board;                  /* the same; NULL: it did not say */
    bool no_password;             /* nobody vouches for its announcement */

    /* from prepare */
    const struct espota_source *source;
    enum espota_command command;
    char *key; /* in the state file: host and port */
    struct espota_address device;
    struct espota_address from; /* where its connection comes from */
    struct espota_job *older;   /* of the same address */
    struct espota_error *early; /* why it is over before it began; NULL: it is not */
    bool recalled;              /* an earlier run has done it */
    bool doubled;               /* another target is the same device and gets the same */

    /* from the run */
    struct espota_attempt *attempt;
    struct espota_secret secret;              /* its own password, while an attempt lasts */
    uint8_t noise_key[ESPOTA_NOISE_KEY_SIZE]; /* the same of its key */
    bool parked;                              /* its attempt waits for a password */
    bool unsought;                            /* and nobody has looked for one of its own */
    const struct espota_outcome *outcome;     /* the attempt's, once it is over; NULL: not yet */
    struct espota_job *next_ended;
    bool begun;
    uint64_t began;
    bool touched;          /* some of the image has left for it, in some attempt */
    bool complete;         /* all of it has */
    bool accepted;         /* the device said OK, and it is waited for */
    uint32_t acked, total; /* by the device's TCP, of the newest attempt, and to be; 0: not known */
};

struct espota_upload {
    struct espota_upload_options options;
    struct espota_address host_ip; /* family 0: any */
    struct espota_address peer;    /* family 0: the invited address */
    struct espota_crypto_openssl crypto;
    struct espota_noise_openssl noise;
    uint8_t key[ESPOTA_NOISE_KEY_SIZE];
    bool has_key;
    struct espota_key *publickey; /* NULL: no signature is asked for */
    struct espota_sources sources;
    struct espota_loop *loop;
    struct espota_ports *ports;
    struct espota_resolver *resolver;  /* NULL: every name is an address, or the link knows it */
    struct espota_http_client *client; /* NULL: there is no web updater among the targets */
    struct espota_state *state;        /* NULL: none is kept */
    bool state_failed;                 /* it could not be saved the last time, and that was said */
    size_t recalled;                   /* jobs that are */
    uint64_t saved;                    /* when it was saved the last time */
    struct espota_timer save;          /* armed: the state is saved then */
    struct espota_image_input image;   /* of every target that names none; no name: there is none */
    struct espota_job *jobs;
    size_t count, room;

    bool running; /* between START and SUMMARY */
    bool inside;  /* a callback of the program may be under way */
    struct espota_schedule schedule;
    struct espota_turn *turns;
    struct espota_address_map lanes;   /* by where the connection comes from */
    struct espota_address_map devices; /* by address: its newest job */

    atomic_bool stop; /* set by a signal handler */
    bool stopped;
    struct espota_timer wake;
    struct espota_job *ended; /* a list of those to look at */
    size_t attempts;          /* attempts under way */
    size_t parked;            /* of those, how many wait for a password */
    size_t unsought;          /* of those, for how many nobody has looked for one of their own */
    size_t waiting;           /* and how many for a device to come back */
    bool asked;               /* the person was asked */
    struct espota_secret answer;

    bool firewall_probed[2]; /* IPv4, IPv6 */
    struct espota_firewall firewall[2];

    uint64_t began;
    size_t ok, failed, unknown, skipped, ready;
    enum espota_status common; /* what all failures share; OK: none yet */
};

/* --- targets.c --- */

enum { ESPOTA_TARGET_LINE_MAX = 4096 };

struct espota_target_line {
    struct espota_upload_target target; /* host NULL: the line is blank */
    char *memory;                       /* behind the strings */
};

/* One line without its end. After OK, deinit. E_USAGE, E_MEMORY. */
enum espota_status espota_target_line_parse(const char *data, size_t length,
                                            struct espota_target_line *out,
                                            struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_target_line_deinit(struct espota_target_line *line);

/*
 * Every line of a file: `each` for those that are not blank; it stops at the first error. `name`
 * and the line's number stand in front of the message.
 */
typedef enum espota_status espota_target_visit(void *context, const struct espota_target_line *line,
                                               struct espota_error *err);
enum espota_status espota_targets_parse(const char *data, size_t length, const char *name,
                                        espota_target_visit *each, void *context,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;

/* --- prepare.c --- */

/* Images, addresses, lanes. What fails for one target settles that one. */
enum espota_status espota_fleet_prepare(struct espota_upload *upload,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
/* This target is over before it began, for a reason that is told; the others go on. */
enum espota_status espota_fleet_settle(struct espota_job *job, const struct espota_error *why,
                                       bool counts, struct espota_error *err) ESPOTA_MUST_CHECK;
/* An image for another device than this one, by its announcement or by the port that the user
 * named. True: `why` says so. */
bool espota_fleet_contradicts(const struct espota_job *job, struct espota_error *why);

/* --- names.c --- */

/* Asks the link for the names that are its own. */
enum espota_status espota_fleet_local_names(struct espota_upload *upload,
                                            struct espota_error *err) ESPOTA_MUST_CHECK;
/*
 * The target's address and lane; it is held back until its name is known. Where another target is
 * the same device, that gets one image once, and two one after the other.
 */
enum espota_status espota_fleet_find(struct espota_job *job,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;

/* --- job.c --- */

void espota_fleet_begin_job(struct espota_job *job);
void espota_fleet_pretend(struct espota_job *job);
/* The key of ESPHome's encryption, as ESPHome writes it. */
enum espota_status espota_fleet_key_parse(const struct espota_secret *text,
                                          uint8_t out[ESPOTA_NOISE_KEY_SIZE],
                                          struct espota_error *err) ESPOTA_MUST_CHECK;
/* Its attempt is over, and not on the stack any more. */
void espota_fleet_look_at(struct espota_job *job);
/* It waits for a password: gives it its own if the program knows one. */
void espota_fleet_seek_password(struct espota_job *job);

/* What a target comes to. */
struct espota_end {
    enum espota_status status;
    const char *message;
    struct espota_remedy remedy;
};

/*
 * --- diagnose.c ---
 *
 * Puts what is known of the way between device and machine behind the message, in `out`, if there
 * is something to add.
 */
void espota_fleet_diagnose(struct espota_job *job, const struct espota_outcome *outcome,
                           struct espota_end *end, char *out, size_t room);

/* --- tell.c --- */

struct espota_end espota_fleet_end_of(const struct espota_error *err);

void espota_fleet_tell_start(struct espota_upload *upload);
void espota_fleet_tell_event(struct espota_job *job, const struct espota_attempt_event *event);
void espota_fleet_tell_retry(struct espota_job *job, const struct espota_end *end);
/* Counts it, too. */
void espota_fleet_tell_result(struct espota_job *job, const struct espota_end *end);
/* It is not begun, and counted so. */
void espota_fleet_tell_skipped(struct espota_job *job, const char *message);
/* What is said of targets that are over before they began; nothing of any other. */
void espota_fleet_tell_settled(struct espota_job *job);
void espota_fleet_tell_all_settled(struct espota_upload *upload);
/* Returns what the run comes to. */
enum espota_status espota_fleet_tell_summary(struct espota_upload *upload);

/*
 * --- state.c ---
 *
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

enum espota_state_result {
    ESPOTA_STATE_NONE,    /* nothing is known */
    ESPOTA_STATE_DONE,    /* the target has these bytes */
    ESPOTA_STATE_UNKNOWN, /* it may have them */
};

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

/* What is done already is not begun, what is known at the end is written down. */
enum espota_status espota_fleet_open_state(struct espota_upload *upload,
                                           struct espota_error *err) ESPOTA_MUST_CHECK;
/* Settles the job if the state knows that it needs nothing; `early` or `recalled` says so. */
enum espota_status espota_fleet_recall(struct espota_job *job,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_fleet_remember(struct espota_job *job, enum espota_status status);
/* At the end, whatever the end is. */
void espota_fleet_close_state(struct espota_upload *upload);

#endif
