/* SPDX-License-Identifier: MIT */
/*
 * Sending images to devices: one or a thousand, in one thread. Create, add
 * targets, run, destroy. Everything that happens is told through `event`.
 */
#ifndef ESPOTA_UPLOAD_H
#define ESPOTA_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/discover.h"
#include "espota/error.h"
#include "espota/log.h"
#include "espota/options.h"
#include "espota/secret.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum espota_event_kind {
    ESPOTA_EVENT_START,     /* the run: targets, bytes of the image */
    ESPOTA_EVENT_INVITED,   /* the first invitation of an attempt left */
    ESPOTA_EVENT_AUTH,      /* the device asked for a password: scheme */
    ESPOTA_EVENT_CONNECTED, /* the device called back */
    ESPOTA_EVENT_PROGRESS,  /* bytes that the device's TCP has acknowledged */
    ESPOTA_EVENT_RETRY,     /* an attempt failed and another follows: status, message */
    ESPOTA_EVENT_RESULT,    /* a target is over: status, message, bytes, seconds, attempts */
    ESPOTA_EVENT_SKIPPED,   /* a target that is not begun: already, message */
    ESPOTA_EVENT_SUMMARY,   /* the run is over: counts */
};

struct espota_upload_event {
    enum espota_event_kind kind;
    const char *target; /* as the user wrote it; NULL for START and SUMMARY */
    size_t index;       /* of the target, in the order of adding */

    enum espota_status status; /* RETRY, RESULT, SUMMARY: what the run comes to */
    const char *message;       /* RETRY, RESULT, SKIPPED: one sentence, escaped; never NULL there */
    struct espota_remedy remedy; /* RETRY, RESULT: what can be done about it */
    const char *scheme;          /* AUTH: "md5" or "sha256" */
    const char *address;         /* INVITED, CONNECTED: address and port */
    uint64_t bytes;              /* acknowledged so far; START: the image's size (the largest) */
    uint64_t total;              /* PROGRESS, RESULT: bytes that this target gets */
    double seconds;
    unsigned attempts;

    bool already; /* SKIPPED: an earlier run has sent it what it would get */
    bool dry_run; /* START, RESULT, SUMMARY: nothing is sent, and OK means that it could be */

    /* START: targets; SUMMARY: all. Of those skipped so many are done, by an earlier run; `ready`:
     * that a dry run found nothing against, none of which is `ok`. */
    size_t targets, ok, failed, unknown, skipped, done_before, ready;

    const char *web; /* of a web updater, once it is known: which one; NULL otherwise */
};

enum espota_upload_auth {
    ESPOTA_UPLOAD_AUTH_AUTO,
    ESPOTA_UPLOAD_AUTH_MD5,
    ESPOTA_UPLOAD_AUTH_SHA256,
    ESPOTA_UPLOAD_AUTH_MD5_FIRST, /* espota.py's --md5-target */
};

/* What ESPHome calls the image; the others need `allow_partition_access` there. */
enum espota_upload_type {
    ESPOTA_UPLOAD_TYPE_APP,
    ESPOTA_UPLOAD_TYPE_PARTITION_TABLE,
    ESPOTA_UPLOAD_TYPE_BOOTLOADER,
};

/*
 * An image that is no file: bytes, or a callback that gives them one after the other. The bytes
 * are borrowed until destroy; the callback is called until it has given all, within
 * espota_upload_begin or espota_upload_run. Start from ESPOTA_UPLOAD_IMAGE_INIT.
 */
struct espota_upload_image {
    size_t size;
    const char *name; /* what messages call it; NULL: "image" */
    const void *bytes;
    size_t length;
    /* The next bytes, at most `room` of them; *length 0: there are no more. Any status but OK: it
     * cannot be had, and the upload fails with it. */
    enum espota_status (*read)(void *context, void *out, size_t room, size_t *length,
                               struct espota_error *err);
    void *context; /* targets with the same callback and context get one image, read once */
};
#define ESPOTA_UPLOAD_IMAGE_INIT ESPOTA_FIRST_VALUES(espota_upload_image)

/*
 * Start from ESPOTA_UPLOAD_OPTIONS_INIT. The struct is copied, and `image` with it; what their
 * pointers point to is borrowed until destroy.
 */
struct espota_upload_options {
    size_t size;
    const struct espota_upload_image *image; /* in place of `file` */
    const char *file;                        /* the image of every target that names none */
    bool filesystem;                         /* a file-system image */
    bool force;                              /* skip the checks of the image */
    bool gzip;             /* compress on the way, for devices that unpack at boot */
    const char *publickey; /* send only what this key signed; NULL: whatever it is */
    /* The file that the image decrypts to, for devices with setupCrypt(): what is checked, and
     * whose MD5 the device is told. Only with one image for all. NULL: the image itself. */
    const char *md5_of;
    bool legacy_tool; /* stand in for espota.py: FILE.signed, milder checks, its default port */
    uint16_t port;    /* 0: announced, else by the image's chip, else fallback_port */
    uint16_t fallback_port; /* 0: 8266 */
    const char *host_ip;    /* NULL: the route's own choice */
    uint16_t host_port;     /* 0: any free one */
    const char *peer;       /* NULL: the invited address */
    enum espota_upload_auth auth;
    struct espota_secret password; /* borrowed; bytes NULL: none */
    unsigned jobs;
    unsigned canary;       /* 0: none */
    unsigned max_failures; /* 0: no bound */
    const char *state_file;
    uint32_t timeout_ms;
    unsigned retries;
    uint32_t wait_online_ms; /* 0: do not wait */
    uint64_t limit_rate;     /* bytes a second for each target; 0: no limit */
    const char *user;        /* for web updaters; NULL: the usual one (admin, arduino) */
    const char *ca_file;     /* for https://; NULL: the system's certificates */
    bool insecure;           /* https:// without a look at the certificate */
    bool dry_run;

    struct espota_log log;
    void *context; /* for the two below */
    void (*event)(void *context, const struct espota_upload_event *event);
    /*
     * A device wants a password and none was given. Fill `out` (the library wipes it) and
     * return OK; any other status: there is none. Called while no transfer is under way.
     * NULL: never asked.
     */
    enum espota_status (*ask_password)(void *context, const char *target, struct espota_secret *out,
                                       struct espota_error *err);
    /*
     * The same, but for this one device, and before that: `target` as events call it, its host
     * without the port, and the port that it is invited at. Fill `out` (the library wipes it) and
     * return OK; OK without a password: there is none for it alone; any other status is the
     * target's result. Called while others are being sent to. Never for a web updater, which is
     * sent the password itself, and never for a target with no_password. NULL: never asked.
     */
    enum espota_status (*find_password)(void *context, const char *target, const char *host,
                                        uint16_t port, struct espota_secret *out,
                                        struct espota_error *err);
    /* Which updater stands behind the http:// and https:// targets that do not say: "arduino",
     * "esphome", "elegantota", "tasmota", "wled", "openbeken" or "espeasy". NULL or "auto": what
     * their pages show. */
    const char *web;

    /* for esphome:// */
    bool plaintext; /* with a key: to a device that offers no encryption in clear */
    enum espota_upload_type type;
    struct espota_secret key; /* of its encryption, as ESPHome writes it; borrowed; NULL: none */
};

#ifdef __cplusplus
static inline espota_upload_options espota_upload_options_init()
{
    espota_upload_options options = espota_first_values<espota_upload_options>();

    options.jobs = 32;
    options.timeout_ms = 10000;
    options.retries = 2;
    return options;
}
#define ESPOTA_UPLOAD_OPTIONS_INIT espota_upload_options_init()
#else
#define ESPOTA_UPLOAD_OPTIONS_INIT                                                                 \
    {                                                                                              \
        .size = sizeof(struct espota_upload_options), .jobs = 32, .timeout_ms = 10000,             \
        .retries = 2                                                                               \
    }
#endif

/*
 * One device. Start from ESPOTA_UPLOAD_TARGET_INIT. Only `host` is needed. Strings are copied, and
 * `image` with its name; its bytes are borrowed until destroy.
 */
struct espota_upload_target {
    size_t size;
    const char *host; /* HOST, HOST:PORT, [IPv6]:PORT: what the user wrote; the same behind
                       * esphome:// or meshtastic://; or the http:// or https:// URL of a web
                       * updater */
    const char *file; /* NULL: the options' */
    const struct espota_upload_image *image; /* in place of `file` */
    const char *password_file;               /* NULL: the options' password */
    const char *user;                        /* NULL: the options' */
    const char *label;                       /* what events call it; NULL: host */
    enum espota_device_kind kind;            /* as it announced itself; UNKNOWN: it did not */
    uint16_t port;                           /* 0: the options' rule */
    /* It was found by its announcement, which anyone can forge, and nobody vouches for it: it gets
     * no password, and none is asked for. */
    bool no_password;
    bool filesystem;      /* or'ed with the options' */
    const char *board;    /* as it announced itself; NULL or empty: it did not */
    const char *web;      /* as in the options; NULL: the options' */
    const char *key_file; /* NULL: the options' key */
    const char *platform; /* as an ESPHome device announced it; NULL or empty: it did not */
};
#define ESPOTA_UPLOAD_TARGET_INIT ESPOTA_FIRST_VALUES(espota_upload_target)

struct espota_upload;

enum espota_status espota_upload_create(const struct espota_upload_options *options,
                                        struct espota_upload **out,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
/* Before the run begins; E_USAGE afterwards. */
enum espota_status espota_upload_add(struct espota_upload *upload,
                                     const struct espota_upload_target *target,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
/* A targets file ("-": standard input); a bad line fails with its number. */
enum espota_status espota_upload_add_file(struct espota_upload *upload, const char *path,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * Runs to the end. OK: every target succeeded. Otherwise the status that all failures share, or
 * E_FAILED if they differ; `err` says why only when nothing could be started at all (the
 * targets' own failures are told by events).
 */
enum espota_status espota_upload_run(struct espota_upload *upload,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * The same in a loop of the program's own: begin, which reads the images, and then pump whenever
 * the descriptor is readable or so many milliseconds have passed, until pump returns something
 * else than ESPOTA_MORE: that is what run would have returned. None of them waits, but begin where
 * a target is called NAME.local: for two seconds at the most. Callbacks are called within them,
 * and must call none of them nor destroy. A run that is not over ends hard with destroy, in order
 * with stop and further pumps.
 */
enum espota_status espota_upload_begin(struct espota_upload *upload,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;
/* To be polled for reading, the same from create to destroy. -1: this system has none (Linux
 * does); pump every 10 ms then. */
int espota_upload_fd(const struct espota_upload *upload);
/* How long until the next pump is due though the descriptor is silent: 0 now, -1 never. Another
 * one after each pump. */
int espota_upload_wait_ms(const struct espota_upload *upload);
enum espota_status espota_upload_pump(struct espota_upload *upload,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/* Ends the run early and in order; may be called from a signal handler. */
void espota_upload_stop(struct espota_upload *upload);

void espota_upload_destroy(struct espota_upload *upload);

/*
 * An event as one line of JSON without its end, to be freed; NULL without memory. `message` stands
 * there in place of the event's, with the program's words for the remedy; NULL: the event's own.
 * `signal`: which one ended the run, where the one who called espota_upload_stop knows; 0: SIGINT.
 */
char *espota_upload_event_json(const struct espota_upload_event *event, const char *message,
                               int signal);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
