/* SPDX-License-Identifier: MIT */
/* The library says what is wrong and what can be done about it; how it is done is the program's. */
#ifndef ESPOTA_CLI_REMEDY_H
#define ESPOTA_CLI_REMEDY_H

#include <stddef.h>

#include "espota/error.h"

enum { REMEDY_TEXT = 512 };

/* The line is one of the tools that we stand in for, and their words are meant from now on. */
void remedy_of_other_tools(void);

/* What stands behind the message, with its own punctuation in front; "" where nothing is known. */
const char *remedy_text(const char *message, const struct espota_remedy *remedy,
                        char out[REMEDY_TEXT]);

/* An error of the library: its message and the remedy. */
void show_error(const struct espota_error *err);
/* The same for the error that ends a command; returns the exit code that tells it. */
int show_failure(const struct espota_error *err);

#endif
