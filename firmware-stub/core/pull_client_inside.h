/* SPDX-License-Identifier: MIT */
/* What the dialects of the pull client do, each in a file of its own. */
#ifndef ESPOTA_STUB_CORE_PULL_CLIENT_INSIDE_H
#define ESPOTA_STUB_CORE_PULL_CLIENT_INSIDE_H

#include "core/pull_client.h"
#include "wire/wire.h"

struct espota_pull_dialect_table {
    void (*write_request)(const struct espota_pull_client *client, struct espota_writer *writer);
    /* The head is whole, its status `status`: begins the update, or ends the client. */
    void (*take_answer)(struct espota_pull_client *client, unsigned status);
    /* So many bytes of the image are looked at before it begins; 0: none. */
    size_t peeks;
    /* They are there: the error that they are, or 0. */
    int32_t (*look)(const struct espota_pull_client *client);
    /* The image is in flash and good to the updater: the error that it is, or 0. */
    int32_t (*check)(struct espota_pull_client *client);
    uint32_t command; /* for a sketch */
    bool whole_lines; /* a read must not end within a line of the head */
};

extern const struct espota_pull_dialect_table espota_pull_arduino;
extern const struct espota_pull_dialect_table espota_pull_rtos;

/* What the updater is asked for. */
uint32_t espota_pull_client_command(const struct espota_pull_client *client);
/* Ends the client. */
void espota_pull_client_end(struct espota_pull_client *client, enum espota_pull_result result,
                            int32_t error);
/* The head is fine: what is missing of `client->length` bytes of image follows. */
void espota_pull_client_begin(struct espota_pull_client *client);

/* --- pull_resume.c --- */

/* Looks for a bookmark of an earlier run. */
void espota_pull_resume_init(struct espota_pull_client *client);
/* The fields of a request that asks for the rest. */
void espota_pull_resume_write(const struct espota_pull_client *client,
                              struct espota_writer *writer);
/*
 * Which status the answer would have had if all had been asked for; `length` is made the whole
 * image's. 0: it is of no use, and the next request asks for all.
 */
unsigned espota_pull_resume_status(struct espota_pull_client *client);
/* The update has begun anew. */
void espota_pull_resume_begun(struct espota_pull_client *client);
/* Begins the update that the bookmark speaks of. False: it cannot go on. */
bool espota_pull_resume_begin(struct espota_pull_client *client);
/* More of the image has come. */
void espota_pull_resume_note(struct espota_pull_client *client);
/* The connection is over, `error` says how. True: the client waits for the next. */
bool espota_pull_resume_lost(struct espota_pull_client *client);
/* Nothing is to be kept of what has come. */
void espota_pull_resume_forget(struct espota_pull_client *client);

#endif
