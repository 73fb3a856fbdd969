/* SPDX-License-Identifier: MIT */
/*
 * The devices that have asked `serve`, what each runs and was told, and how many run which version
 * over time. Bounded; survives a restart as JSON.
 */
#ifndef ESPOTA_SERVE_REGISTRY_H
#define ESPOTA_SERVE_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "text/text.h"
#include "wire/wire.h"

enum {
    ESPOTA_REGISTRY_MAX = 65536,    /* devices; beyond that those silent for longest go */
    ESPOTA_REGISTRY_DROPPED = 4096, /* so many at once */
    /* That have one address: beyond that those of them go that were silent for longest, so that
     * nobody can invent so many that others are forgotten. */
    ESPOTA_REGISTRY_OF_ADDRESS = 8192,
    ESPOTA_REGISTRY_OF_ADDRESS_DROPPED = 512,
    ESPOTA_REGISTRY_REPEAT_S = 300,    /* what was given to a device so short a time ago it has */
    ESPOTA_REGISTRY_PRESENT_S = 86400, /* who was silent for longer is not counted as present */
    ESPOTA_HISTORY_SAMPLES = 1024,     /* the oldest goes */
    ESPOTA_HISTORY_SAMPLE_S = 600,     /* between two samples */
    ESPOTA_HISTORY_LABELS = 24,        /* versions that it tells apart; the last is "other" */
};

struct espota_record {
    char mac[ESPOTA_MAC_DIGITS + 1];
    enum espota_pull_family family;
    char version[ESPOTA_PULL_VERSION_MAX]; /* as the device says; "": it does not */
    char sketch_md5[33];
    char address[48];
    int64_t first_seen; /* seconds of the epoch */
    int64_t last_seen;
    uint64_t requests;
    unsigned status; /* what it was told last, and why */
    char why[160];
    /* The MD5 of the file that it has taken whole, as a sketch and as a file system, and when it
     * last asked for it; not kept over a restart. */
    char given_md5[2][33];
    int64_t given_at[2];
    bool dropped; /* while room is made */
};

struct espota_sample {
    int64_t at;
    uint32_t counts[ESPOTA_HISTORY_LABELS];
};

/* How many devices ran which version. */
struct espota_history {
    struct espota_sample samples[ESPOTA_HISTORY_SAMPLES]; /* a ring */
    size_t first;
    size_t count;
    char labels[ESPOTA_HISTORY_LABELS][ESPOTA_PULL_VERSION_MAX]; /* "": the column is free */
};

/* In the order of what they say: nothing that a client invents makes these slower, as it could a
 * table by hash. Of the arrays the system gives only what is used. */
struct espota_registry {
    struct espota_record *by_mac[ESPOTA_REGISTRY_MAX];
    struct espota_record *by_address[ESPOTA_REGISTRY_MAX]; /* and MAC */
    size_t count;
    struct espota_history history;
    bool dirty; /* something has changed since it was saved or read */
};

struct espota_registry *espota_registry_create(void); /* NULL without memory */
void espota_registry_destroy(struct espota_registry *registry);

/* A device was told something. Requests without a MAC are not devices: they change nothing. */
void espota_registry_note(struct espota_registry *registry,
                          const struct espota_pull_request *request, const char *address,
                          unsigned status, const char *why, int64_t now);

/* A device has taken a file whole. */
void espota_registry_given(struct espota_registry *registry, const char *mac, bool filesystem,
                           const char *md5, int64_t now);
/* Whether it has taken just this one within minutes. With `asks` the minutes begin anew. */
bool espota_registry_has_it(struct espota_registry *registry, const char *mac, bool filesystem,
                            const char *md5, bool asks, int64_t now);

/* Takes a sample for the history if one is due. */
void espota_registry_sample(struct espota_registry *registry, int64_t now);

/* What the device is counted under: its version, else the head of its digest, else "unknown". */
void espota_record_label(const struct espota_record *record, char out[ESPOTA_PULL_VERSION_MAX]);

/* The whole as JSON text, to be freed; NULL without memory. */
char *espota_registry_write(const struct espota_registry *registry);
/* Into an empty registry. E_LOCAL: not a state file of ours. */
enum espota_status espota_registry_read(struct espota_registry *registry, const char *text,
                                        size_t length, struct espota_error *err) ESPOTA_MUST_CHECK;

/* 0: the oldest. */
const struct espota_sample *espota_history_at(const struct espota_history *history, size_t index);
/* One sample more. */
struct espota_sample *espota_history_add(struct espota_history *history, int64_t at);
/* So many devices more under a label. */
void espota_history_count(struct espota_history *history, struct espota_sample *sample,
                          const char *label, uint32_t devices);
struct espota_json *espota_history_json(const struct espota_history *history);
/* Into an empty one; false: it is none. */
bool espota_history_read(struct espota_history *history, const struct espota_json *json);
/* As SVG inside a page. */
void espota_history_chart(const struct espota_history *history, struct espota_builder *page,
                          int64_t now);

#endif
