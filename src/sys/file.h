/* SPDX-License-Identifier: MIT */
/*
 * Files to read from, in order or anywhere, and files to write that appear whole or not at all;
 * secrets in files, and files as locks and as disks. "-" is standard input or output.
 */
#ifndef ESPOTA_SYS_FILE_H
#define ESPOTA_SYS_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"

/* What tells one content of a file from another without reading it. */
struct espota_file_key {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    int64_t changed_ns; /* modification: the inode's own time moves when only its mode does */
};

bool espota_file_key_equal(const struct espota_file_key *a, const struct espota_file_key *b);
/* Of whatever a path leads to. */
enum espota_status espota_file_key_at(const char *path,
                                      struct espota_file_key *key) ESPOTA_MUST_CHECK;
enum espota_status espota_file_key_of(int file, struct espota_file_key *key) ESPOTA_MUST_CHECK;
/* Now, by the clock that these times are of. */
int64_t espota_file_clock_ns(void);

/* The caller's memory. */
struct espota_input {
    int fd; /* -1: none */
    bool standard;
    bool regular; /* it has a size and can be read anywhere */
    uint64_t size;
    struct espota_file_key key; /* as it was when it was opened */
    unsigned mode;              /* permission bits; 0: not a file of one's own */
    const char *name;           /* for messages: the path, borrowed, or "standard input" */
    const atomic_bool *stop;    /* set by a signal: reading ends with E_INTERRUPTED */
};

#define ESPOTA_INPUT_INIT                                                                          \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Directories and devices are refused. */
enum espota_status espota_input_init(struct espota_input *input, const char *path,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
/* The next bytes; fewer than `room` only at the end. There a file that changed meanwhile is told.
 */
enum espota_status espota_input_read(struct espota_input *input, void *out, size_t room,
                                     size_t *length, struct espota_error *err) ESPOTA_MUST_CHECK;
/* Exactly `length` bytes from `offset` of a regular file. */
enum espota_status espota_input_at(struct espota_input *input, uint64_t offset, void *out,
                                   size_t length, struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_input_deinit(struct espota_input *input); /* harmless on ESPOTA_INPUT_INIT */

enum espota_status espota_file_remove(const char *path, struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * All of a file or of standard input, at most `most` bytes, in memory that no stdio buffer saw.
 * Wipe and free it. *shared: whether others than the owner may read it; it may be NULL.
 */
enum espota_status espota_file_read(const char *path, size_t most, uint8_t **out, size_t *length,
                                    bool *shared, struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * The command that takes a file away from all but its owner, for a person to type; cut where `out`
 * has no room. Returns `out`.
 */
const char *espota_file_private_command(const char *path, char *out, size_t room);

/*
 * Whether both names lead to one regular file: by links, by another way to its folder. Of two that
 * are not there yet, whether they would. "-" is no file.
 */
bool espota_file_is_same(const char *a, const char *b);
/* Whether there is anything by this name, or what keeps us from knowing. */
bool espota_file_exists(const char *path);
/* Makes the folders in which `path` will stand, where they are missing. `mode`: as for a file that
 * is made (see below). */
enum espota_status espota_folder_create_for(const char *path, unsigned mode,
                                            struct espota_error *err) ESPOTA_MUST_CHECK;

/* The first line of a file that holds a secret. */
struct espota_secret_line {
    size_t length;
    bool missing; /* after E_LOCAL: there is no such file */
    bool shared;  /* others than its owner may read the file */
};

/*
 * Reads from `path` ("-": standard input, of which nothing behind the line is taken) to `line`,
 * without the line's end (LF or CRLF), terminated. E_LOCAL: cannot be read, is empty, the line
 * does not fit or has a NUL in it. What is in `line` after a failure is the caller's to wipe.
 */
enum espota_status espota_secret_file_read(const char *path, char *line, size_t room,
                                           struct espota_secret_line *out,
                                           struct espota_error *err) ESPOTA_MUST_CHECK;

/* Forgetting: memory is overwritten even where a compiler could prove that nobody looks again. */
void espota_sys_wipe(void *memory, size_t length);

/* One process at a time: a file beside the one that is guarded, which may be replaced meanwhile. */
struct espota_file_lock {
    int fd; /* -1: not held */
    char *path;
};

#define ESPOTA_FILE_LOCK_INIT                                                                      \
    {                                                                                              \
        -1, NULL                                                                                   \
    }

/* Holds PATH.lock. E_LOCAL at once if another process does. It ends with the process, too. */
enum espota_status espota_file_lock_take(struct espota_file_lock *lock, const char *path,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;
/* Lets go and removes PATH.lock. Harmless when not held. */
void espota_file_lock_release(struct espota_file_lock *lock);

struct espota_output;

enum espota_output_kind {
    ESPOTA_OUTPUT_REPLACE, /* takes the place of what is there */
    ESPOTA_OUTPUT_EARLY,   /* the same, long before the commit: a pipe that nobody reads from is
                              refused, not waited for */
    ESPOTA_OUTPUT_NEW,     /* nothing may be there, now or at the commit */
};

/*
 * Begins a file that will stand at `path` at the commit; until then what is there stays as it is,
 * and a run that ends in between leaves nothing. What is no regular file ("-", a pipe, a device)
 * gets the bytes at the commit. A link or a pipe that another user left in a folder for all is
 * refused. `mode`: permissions of a file that is not there yet (the process's umask applies); one
 * that is there keeps its own.
 */
enum espota_status espota_output_create(struct espota_output **out, const char *path,
                                        enum espota_output_kind kind, unsigned mode,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
/* Bytes to work with that nobody sees: never committed. */
enum espota_status espota_output_create_scratch(struct espota_output **out,
                                                struct espota_error *err) ESPOTA_MUST_CHECK;
enum espota_status espota_output_write(struct espota_output *output, const void *data,
                                       size_t length, struct espota_error *err) ESPOTA_MUST_CHECK;
/* Bytes that were written; *length is less than `room` at the end only. */
enum espota_status espota_output_at(struct espota_output *output, uint64_t offset, void *out,
                                    size_t room, size_t *length,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;
/*
 * The commit copies the bytes into what is no regular file: it may break in the middle. Where
 * several outputs belong together, such a one is committed first.
 */
bool espota_output_is_stream(const struct espota_output *output);
/* What of a commit may fail for want of memory or room; the rest is one call of the system. Where
 * several outputs belong together, all are prepared before the first is committed. */
enum espota_status espota_output_prepare(struct espota_output *output,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;
/* Puts it in place: all bytes are on the disk before it has its name. */
enum espota_status espota_output_commit(struct espota_output *output,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
/* Takes a committed new file away again. */
void espota_output_revoke(struct espota_output *output);
/* Whatever was not committed is gone; NULL is fine. */
void espota_output_destroy(struct espota_output *output);
/* All of that for bytes that are at hand. */
enum espota_status espota_file_write(const char *path, unsigned mode, const void *data,
                                     size_t length, struct espota_error *err) ESPOTA_MUST_CHECK;

/* A file used as a disk is: of a fixed size, read and written anywhere, by one process at a time.
 */

/* The caller's memory. */
struct espota_disk {
    int fd; /* -1: none */
    uint64_t size;
};

#define ESPOTA_DISK_INIT                                                                           \
    {                                                                                              \
        -1, 0                                                                                      \
    }

/*
 * Opens `path` and keeps other processes out of it until deinit. A file that does not exist, or
 * is empty, is made, 0600, of `size` bytes `fill`. One that exists keeps its own size, which must
 * be `size` if `exact`.
 */
enum espota_status espota_disk_init(struct espota_disk *disk, const char *path, uint64_t size,
                                    bool exact, uint8_t fill,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;
/* Closes; what was written stays. Harmless on ESPOTA_DISK_INIT. */
void espota_disk_deinit(struct espota_disk *disk);

/* All of it or E_LOCAL; reaching beyond the end is E_USAGE and touches nothing. */
enum espota_status espota_disk_read(const struct espota_disk *disk, uint64_t at, void *data,
                                    size_t length) ESPOTA_MUST_CHECK;
enum espota_status espota_disk_write(const struct espota_disk *disk, uint64_t at, const void *data,
                                     size_t length) ESPOTA_MUST_CHECK;

/* What was written survives a loss of power from here on. */
enum espota_status espota_disk_sync(const struct espota_disk *disk,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
