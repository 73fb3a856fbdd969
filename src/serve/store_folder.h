/* SPDX-License-Identifier: MIT */
/*
 * The store over a folder on disk. A file is read once into a private copy,
 * looked at and digested; as long as its key (device, inode, size, time) is the
 * same, nothing of it is read again.
 */
#ifndef ESPOTA_SERVE_STORE_FOLDER_H
#define ESPOTA_SERVE_STORE_FOLDER_H

#include "serve/store.h"
#include "sys/sys.h"
#include "wire/wire.h"

struct espota_store_folder;

enum {
    /* What is kept of all files together; a file that is larger than all is refused. Each is a
     * mapping, of which a process may have about 65,000. */
    ESPOTA_STORE_KEPT_MAX = 256 * 1024 * 1024,
    ESPOTA_STORE_KEPT_FILES = 16384,
    /* A file that was changed less long ago may be half written: it is looked at again then. */
    ESPOTA_STORE_SETTLE_MS = 1000,
};

enum espota_status espota_store_folder_create(const char *path, const struct espota_crypto *crypto,
                                              struct espota_store_folder **out,
                                              struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_store_folder_destroy(struct espota_store_folder *folder);

/* Which folder it is: its path may lead to another one by now. */
enum espota_status espota_store_folder_key(const struct espota_store_folder *folder,
                                           struct espota_file_key *key) ESPOTA_MUST_CHECK;

/* Files that were just changed are taken as they are: for who looks once. */
void espota_store_folder_trust(struct espota_store_folder *folder);

/* The table that decide() takes; valid until destroy. */
const struct espota_store *espota_store_folder_table(struct espota_store_folder *folder);

#endif
