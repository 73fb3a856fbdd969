/* SPDX-License-Identifier: MIT */
/* Between the files of serve. */
#ifndef ESPOTA_SERVE_INSIDE_H
#define ESPOTA_SERVE_INSIDE_H

#include <stdatomic.h>

#include "crypto/crypto.h"
#include "espota/serve.h"
#include "http/http.h"
#include "serve/decide.h"
#include "serve/registry.h"
#include "serve/store_folder.h"
#include "sys/sys.h"
#include "text/text.h"

enum {
    ESPOTA_SERVE_MANIFEST_MAX = 64 * 1024 * 1024,
    ESPOTA_SERVE_AUTH_MAX = 65536,
    ESPOTA_SERVE_ACCEL_MAX = 256,
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
    struct espota_crypto_openssl crypto;
    struct espota_http_server *server;
    struct espota_http_server *admin;
    struct espota_address address;
    struct espota_address admin_address;
    struct espota_registry *registry;
    struct espota_serve_counts counts;
    int64_t started;
    struct espota_timer minute; /* the state file and the history */
    struct espota_timer second; /* has the manifest changed? */

    /* replaced together by a reload */
    struct espota_manifest manifest;
    bool has_manifest;
    struct espota_store_folder *store;
    struct espota_file_key manifest_key;
    char *auth; /* lines, each terminated, an empty one last; NULL: open to all */
    size_t auth_size;

    struct espota_builder page;      /* of the admin request under way, likewise */
    struct espota_decision decision; /* of the request under way: its texts outlive the handler */

    atomic_int stopping; /* how often; set in a signal handler */
    volatile int reloading;
};

/* Loads manifest, store and credentials; what is there stays if that fails. */
enum espota_status espota_serve_load(struct espota_serve *serve,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_serve_unload(struct espota_serve *serve);
/* True if the manifest on disk, or the folder of images behind its path, is another one. */
bool espota_serve_has_changed(const struct espota_serve *serve);

/* Tells a notice, with the time put in. */
void espota_serve_tell(const struct espota_serve *serve, struct espota_serve_notice *notice);

/* The handlers of the two servers. */
void espota_serve_answer(void *context, struct espota_http_request *request, const char *method,
                         const char *path, struct espota_http_answer *answer);
void espota_serve_admin_answer(void *context, struct espota_http_request *request,
                               const char *method, const char *path,
                               struct espota_http_answer *answer);

#endif
