/* SPDX-License-Identifier: MIT */
/* What a program of this house needs of its process and its terminal. The library never does. */
#ifndef ESPOTA_PROGRAM_H
#define ESPOTA_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum espota_program_stream {
    ESPOTA_PROGRAM_STDIN,
    ESPOTA_PROGRAM_STDOUT,
    ESPOTA_PROGRAM_STDERR,
};

/*
 * First thing in main: writing to a closed pipe becomes an error instead of a signal, and none of
 * the three standard descriptors can be taken by a socket: one that is closed stays an error to
 * use.
 */
void espota_program_begin(void);

bool espota_program_is_terminal(enum espota_program_stream stream);

/* Columns of a terminal; 80 where they cannot be told. */
size_t espota_program_width(enum espota_program_stream stream);

#ifdef __cplusplus
}
#endif

#endif
