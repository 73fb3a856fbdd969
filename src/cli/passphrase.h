/* SPDX-License-Identifier: MIT */
/* Where the passphrase of a key, or the PIN of a token, comes from. */
#ifndef ESPOTA_CLI_PASSPHRASE_H
#define ESPOTA_CLI_PASSPHRASE_H

#include <stdbool.h>

#include "espota/sign.h"

/*
 * A file's first line ("-": standard input), else ESPOTA_PASSPHRASE, else, where `ask` is true, a
 * question on the terminal when one is needed. Wipe passphrase->given afterwards.
 */
enum espota_status passphrase_collect(struct espota_passphrase *passphrase, const char *file,
                                      bool ask, struct espota_error *err) ESPOTA_MUST_CHECK;

/* For a key that is being made: the file, or the variable; never a question. */
enum espota_status passphrase_for_new(struct espota_secret *secret, const char *file,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
