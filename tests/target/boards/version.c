/* SPDX-License-Identifier: MIT */
/* The one difference between two programs. */
extern const char program_version[];

const char program_version[] = BOARD_PROGRAM_VERSION;
