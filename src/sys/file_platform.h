/* SPDX-License-Identifier: MIT */
/*
 * What each system does with files its own way, for the files of src/sys that are every system's:
 * file_posix.c and output_posix.c, file_windows.c and output_windows.c. What fails says false or
 * -1, with errno.
 */
#ifndef ESPOTA_SYS_FILE_PLATFORM_H
#define ESPOTA_SYS_FILE_PLATFORM_H

#include <stdbool.h>

#include "sys/file.h"

/* Between a folder and what is in it, as it is written; as it is read: whether one is at `at`. */
extern const char *const espota_path_separator;
bool espota_path_separates(const char *path, const char *at);
/* Whether two names in one folder are one. */
bool espota_path_is_same_name(const char *a, const char *b);
/* The folder that `path` is in, with its final separator; NULL without memory. */
char *espota_file_folder(const char *path);

enum espota_file_kind {
    ESPOTA_FILE_REGULAR,
    ESPOTA_FILE_FOLDER,
    ESPOTA_FILE_DEVICE, /* a terminal, /dev/null */
    ESPOTA_FILE_DISK,
    ESPOTA_FILE_PIPE, /* or a socket, or what else there may be */
};

struct espota_file_facts {
    enum espota_file_kind kind;
    unsigned mode; /* permission bits; 0 where a system has others */
    struct espota_file_key key;
};

/* Of what a path leads to, or of what is open. */
bool espota_file_facts_at(const char *path, struct espota_file_facts *facts);
bool espota_file_facts_of(int fd, struct espota_file_facts *facts);
/* Whether others than its owner may read a regular file; false where the system does not tell. */
bool espota_file_is_shared(int fd);
/* For reading. */
int espota_file_open(const char *path);
bool espota_file_unlink(const char *path);
/* `mode`: where the system has such permissions. */
bool espota_folder_make(const char *path, unsigned mode);

/* Whether something has this name, be it a link that leads nowhere. */
bool espota_output_is_named(const char *path);
/* Where a link leads, or a copy of the path; NULL without memory. */
char *espota_output_real(const char *path);
/* Refuses what another user may have put there to be written through. */
enum espota_status espota_output_refuse_planted(const char *path,
                                                struct espota_error *err) ESPOTA_MUST_CHECK;
/* Whether a file that is there may be written to: to replace it, a system may not ask. */
bool espota_output_may_write(const char *path);
/* For writing, what is no regular file; without `wait` a pipe that nobody reads from is ENXIO. */
int espota_output_open_special(const char *path, bool wait);
/* A file for reading and writing that is gone with its descriptor. */
int espota_output_scratch(void);
/* A file in `folder` that has no name and goes away with its descriptor; EOPNOTSUPP: there are
 * none. */
int espota_output_nameless(const char *folder);
/* Gives it one; EEXIST if something has that name. */
int espota_output_name(int fd, const char *name);
/*
 * A new file that nobody else may read unless `mode` allows it, or who may read the one that is at
 * `place`; EEXIST if something has that name.
 */
int espota_output_create_named(const char *name, const char *place, unsigned mode);
/* What of `mode` a new file gets. */
unsigned espota_output_new_mode(unsigned mode);
/* Makes it belong to whom the file at `place` does, and returns the mode that it is to have. */
unsigned espota_output_keep_owner(int fd, const char *place);
/* Its mode is set, its bytes are on the disk. */
bool espota_output_settle(int fd, unsigned mode);
/* The file that is called `temporary` has that name instead, whatever had it before. */
bool espota_output_rename(int fd, const char *temporary, const char *path);
/* The same unless something has it: EEXIST. It may keep the other name, too. */
bool espota_output_rename_new(int fd, const char *temporary, const char *path);
/* The names in the folder of `path` are on the disk, where a system can say so. */
void espota_output_sync_folder(const char *path);

#endif
