/* SPDX-License-Identifier: MIT */
#ifndef ESPOTA_TARGET_VECTORS_H
#define ESPOTA_TARGET_VECTORS_H

/* Puts the core through its paces; `line` gets what it did, a line at a time. */
void vectors_run(void (*line)(const char *text));

#endif
