/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server that devices pull their updates from. Create, run, destroy;
 * each request is told through `event`.
 */
#ifndef ESPOTA_SERVE_H
#define ESPOTA_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/log.h"
#include "espota/options.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* A request and what its client was told. Texts are valid during the call and hold nothing hostile.
 */
struct espota_serve_event {
    const char *time; /* as espota_serve_time gives it */
    const char *address;
    const char *mac;     /* twelve digits, or "" */
    const char *chip;    /* "esp8266", "esp32", "pico", "plain" */
    const char *mode;    /* "sketch", "filesystem", "version" */
    const char *path;    /* as it was asked for, with its query */
    const char *version; /* what the device says it has; "" if it does not */
    const char *md5;     /* of what it runs; "" if it does not say */
    unsigned status;     /* of HTTP */
    const char *file;    /* given; "" if none */
    const char *why;
    size_t rule;    /* of the manifest, from 1; 0: none */
    uint64_t bytes; /* of the image that go out from here */
};

enum espota_serve_what {
    ESPOTA_SERVE_RELOADED,       /* manifest or folder were read again */
    ESPOTA_SERVE_RELOAD_REFUSED, /* what is there is not to be used; the old goes on */
    ESPOTA_SERVE_CUT,            /* a client did not get the whole of its image */
    ESPOTA_SERVE_ENDING,         /* it was told to stop, and finishes what is under way */
};

/* What happens between requests. Texts as above; what does not belong to it is NULL or 0. */
struct espota_serve_notice {
    enum espota_serve_what what;
    const char *time;
    const char *path; /* of the manifest or folder */
    const char *why;  /* it was refused */
    const char *address;
    const char *mac;
    const char *file;
    uint64_t bytes; /* of the file that the client has acknowledged */
    uint64_t size;
    size_t transfers; /* under way */
};

/*
 * Start from its _INIT. The struct is copied; what its pointers point to is borrowed until destroy,
 * by espota_serve_check and espota_serve_ask for the call alone. One of manifest and folder must be
 * set.
 */
struct espota_serve_options {
    size_t size;
    const char *manifest;
    const char *folder;
    const char *listen;    /* ADDR:PORT, [IPv6]:PORT or PORT; NULL: 8080 */
    bool inherited;        /* take the socket that systemd hands over instead, if there is one */
    const char *auth_file; /* lines of user:password; NULL: open to all */
    const char *state_file;
    /*
     * The prefix for X-Accel-Redirect; NULL: send the bytes. Where it is set, the server in front
     * is believed in X-Real-IP.
     */
    const char *accel;
    const char
        *admin; /* ADDR:PORT of the page and the metrics, a port alone on loopback; or NULL */
    /* A name by which people ask for the page; others than addresses, localhost and this machine's
     * own are refused, for a page elsewhere could make itself one of them. */
    const char *admin_host;

    struct espota_log log;
    void *context; /* for those below */
    void (*event)(void *context, const struct espota_serve_event *event);
    void (*notice)(void *context, const struct espota_serve_notice *notice);
    /* Once it listens. `admin` is NULL where there is none. */
    void (*ready)(void *context, const char *address, const char *admin);
};
#define ESPOTA_SERVE_OPTIONS_INIT ESPOTA_FIRST_VALUES(espota_serve_options)

struct espota_serve;

enum espota_status espota_serve_create(const struct espota_serve_options *options,
                                       struct espota_serve **out,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;
/* Until stop, and then until images that are under way are with their clients, for a minute at
 * most. The program must ignore SIGPIPE, as espota_program_begin does. */
enum espota_status espota_serve_run(struct espota_serve *serve,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;
/* Both may be called from a signal handler. A second stop ends it at once. */
void espota_serve_stop(struct espota_serve *serve);
void espota_serve_reload(struct espota_serve *serve);
void espota_serve_destroy(struct espota_serve *serve);

/*
 * Reads what a server with these options would answer from (manifest, folder, credentials) and
 * looks it through: what is wrong goes to `err`, and where it is more than one thing, each to the
 * log as a warning; what is doubtful (rules that never match or send devices up and down, files
 * that are missing, no images, or too large) to the log as warnings, counted in `*doubts`.
 */
enum espota_status espota_serve_check(const struct espota_serve_options *options, size_t *rules,
                                      size_t *doubts, struct espota_error *err) ESPOTA_MUST_CHECK;

/* A device to ask for; what is NULL it does not say. Start from its _INIT; borrowed for the call.
 */
struct espota_serve_device {
    size_t size;
    bool filesystem;
    const char *chip; /* "esp8266", "esp32", "pico": must be there */
    const char *mac;
    const char *version;
    const char *md5;  /* of the sketch that it runs */
    const char *path; /* NULL: "/" */
};
#define ESPOTA_SERVE_DEVICE_INIT ESPOTA_FIRST_VALUES(espota_serve_device)

/* What it would be told now by the manifest or folder of `options`; `answer` is called once if that
 * is known. */
enum espota_status espota_serve_ask(const struct espota_serve_options *options,
                                    const struct espota_serve_device *device, void *context,
                                    void (*answer)(void *context,
                                                   const struct espota_serve_event *event),
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

/* An event as one line of JSON without its end, to be freed; NULL without memory. */
char *espota_serve_event_json(const struct espota_serve_event *event);
char *espota_serve_notice_json(const struct espota_serve_notice *notice);

/* A time of the wall clock (seconds of the epoch) here, with its zone: "2026-11-28T19:42:19+07:00".
 */
enum { ESPOTA_SERVE_TIME_ROOM = 32 };
void espota_serve_time(int64_t seconds, char out[ESPOTA_SERVE_TIME_ROOM]);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
