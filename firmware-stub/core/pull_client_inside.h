/* SPDX-License-Identifier: MIT */
/* What the dialects of the pull client do, each in a file of its own. */
#ifndef ESPOTA_STUB_CORE_PULL_CLIENT_INSIDE_H
#define ESPOTA_STUB_CORE_PULL_CLIENT_INSIDE_H

#include "core/pull_client.h"
#include "wire/wire.h"

struct espota_pull_dialect_table {
    void (*write_request)(const struct espota_pull_client_config *config,
                          struct espota_writer *writer);
    /* The head is whole: begins the update, or ends the client. */
    void (*take_answer)(struct espota_pull_client *client);
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
/* The head is fine: `client->length` bytes of image follow. */
void espota_pull_client_begin(struct espota_pull_client *client);

#endif
