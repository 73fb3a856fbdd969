/* SPDX-License-Identifier: MIT */
/*
 * Files below one folder that a stranger names: nothing outside the folder is
 * ever opened, whatever the name or a link in it says.
 */
#ifndef ESPOTA_SYS_FOLDER_H
#define ESPOTA_SYS_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "sys/file.h"

/* A folder, to be closed with espota_descriptor_close. */
enum espota_status espota_folder_open(const char *path, int *folder,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * A regular file below the folder, for reading. `name` is relative. E_NO_ANSWER: there is none
 * (a folder of that name is none); E_LOCAL: it may not be read, or leads out of the folder.
 */
enum espota_status espota_folder_open_file(int folder, const char *name, int *file,
                                           struct espota_file_key *key,
                                           struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * Calls `each` with every name in a folder below the folder ("" for itself), until it returns
 * false. E_NO_ANSWER: no such folder.
 */
enum espota_status espota_folder_list(int folder, const char *below,
                                      bool (*each)(void *context, const char *name), void *context,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * A private copy of `size` bytes that nobody else can change: in memory that is not counted as
 * the program's own where the platform has it, else in a file without a name. E_BROKEN: the file
 * has another length.
 */
enum espota_status espota_file_private_copy(int file, uint64_t size, int *copy,
                                            struct espota_error *err) ESPOTA_MUST_CHECK;

/* The bytes of a private copy, to look at; NULL (and errno) if it cannot be mapped. */
const void *espota_file_map(int copy, size_t size);
void espota_file_unmap(const void *bytes, size_t size);

#endif
