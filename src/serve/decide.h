/* SPDX-License-Identifier: MIT */
/*
 * What a client that asks for an update is told, and why: a pure function of
 * its request, the rules, the store and the time.
 */
#ifndef ESPOTA_SERVE_DECIDE_H
#define ESPOTA_SERVE_DECIDE_H

#include "serve/manifest.h"
#include "serve/store.h"

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

#endif
