/* SPDX-License-Identifier: MIT */
/* Where a password, the passphrase of a key or the PIN of a token comes from, in the order in which
 * a user would expect it. */
#ifndef ESPOTA_CLI_SECRETS_H
#define ESPOTA_CLI_SECRETS_H

#include <stdbool.h>

#include "espota/error.h"
#include "espota/secret.h"
#include "espota/sign.h"

/*
 * What was given in so many words: `secret` as the options filled it (--auth), the first line of
 * `file` (NULL: not given), standard input. More than one of them is E_USAGE. Without any: the
 * environment variable ESPOTA_PASSWORD, then espota-password among systemd's credentials; none of
 * these either leaves `secret` empty. The variable leaves the environment in any case, so that no
 * program that is run inherits it.
 */
enum espota_status password_collect(struct espota_secret *secret, const char *file, bool from_stdin,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

/* The key of ESPHome's encryption: the file's first line, else ESPOTA_KEY, which leaves the
 * environment as well. None of these leaves `secret` empty. */
enum espota_status key_collect(struct espota_secret *secret, const char *file,
                               struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * A file's first line ("-": standard input), else ESPOTA_PASSPHRASE, else a question on the
 * terminal when one is needed. Wipe passphrase->given afterwards.
 */
enum espota_status passphrase_collect(struct espota_passphrase *passphrase, const char *file,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/* For a key that is being made: the file, or the variable; never a question. */
enum espota_status passphrase_for_new(struct espota_secret *secret, const char *file,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
