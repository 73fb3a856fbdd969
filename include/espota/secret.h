/* SPDX-License-Identifier: MIT */
/* Passwords and passphrases: where they come from, and that they go away. */
#ifndef ESPOTA_SECRET_H
#define ESPOTA_SECRET_H

#include <stddef.h>

#include "espota/error.h"
#include "espota/log.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct espota_secret {
    char *bytes; /* terminated; NULL: none (an empty password is not none) */
    size_t length;
};

#define ESPOTA_SECRET_INIT                                                                         \
    {                                                                                              \
        NULL, 0                                                                                    \
    }
enum { ESPOTA_SECRET_MAX = 1024 };

/* A copy of `length` bytes; what the secret held before is wiped. E_USAGE: longer than MAX. */
enum espota_status espota_secret_copy(struct espota_secret *secret, const char *bytes,
                                      size_t length, struct espota_error *err) ESPOTA_MUST_CHECK;

/* A copy of the terminated `text`, whose bytes are then overwritten where they stand (in argv). */
enum espota_status espota_secret_take(struct espota_secret *secret, char *text,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * The first line of a file ("-": standard input), its line end taken off. Warns if others may
 * read the file. `what` names it in messages ("password file").
 */
enum espota_status espota_secret_read(struct espota_secret *secret, const char *path,
                                      const char *what, const struct espota_log *log,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * The value of an environment variable, which is overwritten and removed, so that nothing that
 * this process starts inherits it. Not set: OK, and the secret stays as it was.
 */
enum espota_status espota_secret_from_environment(struct espota_secret *secret,
                                                  const char *variable,
                                                  struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * The first line of $CREDENTIALS_DIRECTORY/NAME (systemd's LoadCredential=). No such directory or
 * file: OK, and the secret stays as it was.
 */
enum espota_status espota_secret_from_credentials(struct espota_secret *secret, const char *name,
                                                  struct espota_error *err) ESPOTA_MUST_CHECK;

/* Overwrites and frees; harmless on an empty one. */
void espota_secret_wipe(struct espota_secret *secret);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
