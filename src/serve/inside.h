/* SPDX-License-Identifier: MIT */
/* Between the files of serve. */
#ifndef ESPOTA_SERVE_INSIDE_H
#define ESPOTA_SERVE_INSIDE_H

#include <stdatomic.h>

#include "crypto/crypto.h"
#include "espota/serve.h"
#include "http/http.h"
#include "serve/manifest.h"
#include "serve/registry.h"
#include "serve/store.h"
#include "sys/sys.h"
#include "text/text.h"

enum {
    ESPOTA_SERVE_MANIFEST_MAX = 64 * 1024 * 1024,
    ESPOTA_SERVE_AUTH_MAX = 65536,
    ESPOTA_SERVE_ACCEL_MAX = 256,
    ESPOTA_SERVE_COMPLAINT_MAX = 1024,
};

/*
 * What a client that asks for an update is told, and why: a pure function of its request, the
 * rules, the store and the time.
 */
struct espota_decision {
    unsigned status; /* of HTTP: 200, 304, 404, 503, or the manifest's no-space */
    const struct espota_store_item *item;  /* to send; NULL: no body, or the version's text */
    char version[ESPOTA_PULL_VERSION_MAX]; /* of what is there; "": not known */
    size_t rule;                           /* the manifest's, from 1; 0: none */
    bool wait;                             /* the file is being written: ask again in a moment */
    bool blind;    /* `item` goes to a device that says nothing of what it has */
    char why[512]; /* for the log: one line, nothing hostile in it */
};

/* The clients that an image is for, as they call themselves; PLAIN: it is no program. */
enum espota_pull_family espota_decide_family(enum espota_image_kind kind);

/* `manifest` NULL: by the rules of a folder. */
void espota_decide(const struct espota_pull_request *request,
                   const struct espota_manifest *manifest, const struct espota_store *store,
                   int64_t now, struct espota_decision *out);

/* What is given out and to whom. It never changes: a reload puts another one in its place. */
struct espota_serve_rules {
    const struct espota_manifest *manifest; /* &parsed; NULL: files go by their names alone */
    struct espota_manifest parsed;
    char *images;                        /* the path of the folder */
    struct espota_crypto_openssl crypto; /* the store's */
    struct espota_store_folder *store;
    char *auth; /* lines, each terminated, an empty one last; NULL: open to all */
    size_t auth_size;
};

/* What tells whether rules that are read now would be others. */
struct espota_serve_sources {
    struct espota_file_key manifest;
    struct espota_file_key auth;
    struct espota_file_key images; /* the folder: only which one it is counts */
};

/* What was answered, for the metrics. */
struct espota_serve_counts {
    uint64_t by_status[600];
    uint64_t bytes;
    uint64_t reloads;
    uint64_t refused_reloads;
};

struct espota_serve {
    struct espota_serve_options options;
    struct espota_loop *loop;
    struct espota_http_server *server;
    struct espota_http_server *admin;
    struct espota_address address;
    struct espota_address admin_address;
    struct espota_registry *registry;
    struct espota_serve_counts counts;
    int64_t started;
    struct espota_timer minute; /* the state file and the history */
    struct espota_timer second; /* has the manifest changed? */
    struct espota_serve_rules *rules;
    struct espota_serve_sources tried;          /* what the last reading, well or not, was of */
    bool unfinished;                            /* it failed by more than what the manifest says */
    char complaint[ESPOTA_SERVE_COMPLAINT_MAX]; /* that was told of it; "": none */

    struct espota_builder page;      /* of the admin request under way */
    struct espota_decision decision; /* of the request under way: its texts outlive the handler */

    atomic_int stopping; /* how often; set in a signal handler */
    volatile int reloading;
};

/* Reads manifest, folder and credentials of the options. `faults`: of the manifest's text; may be
 * NULL. */
enum espota_status espota_serve_rules_create(const struct espota_serve_options *options,
                                             struct espota_manifest_faults *faults,
                                             struct espota_serve_rules **out,
                                             struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_serve_rules_destroy(struct espota_serve_rules *rules);

/* Tells a notice, with the time put in; people read the same in the log. */
void espota_serve_tell(const struct espota_serve *serve, struct espota_serve_notice *notice);

/* Tells `event`, which has address, path, status and bytes, with what was asked for and decided. */
void espota_serve_tell_event(struct espota_serve_event event,
                             const struct espota_pull_request *pull,
                             const struct espota_decision *decision, void *context,
                             void (*tell)(void *context, const struct espota_serve_event *event));

/* The handlers of the two servers. */
void espota_serve_answer(void *context, struct espota_http_request *request, const char *method,
                         const char *path, struct espota_http_answer *answer);
void espota_serve_admin_answer(void *context, struct espota_http_request *request,
                               const char *method, const char *path,
                               struct espota_http_answer *answer);

#endif
