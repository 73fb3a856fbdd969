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
 * A copy of `size` bytes in pages of their own, to look at: they go back to the system at once
 * with `unmap`. E_BROKEN: the file has another length.
 */
enum espota_status espota_file_map_copy(int file, size_t size, const void **bytes,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_file_unmap(const void *bytes, size_t size);

#endif
