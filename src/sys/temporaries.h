/* SPDX-License-Identifier: MIT */
/* Files that must not outlive the program, for the signal handler that ends it. */
#ifndef ESPOTA_SYS_TEMPORARIES_H
#define ESPOTA_SYS_TEMPORARIES_H

/* Part of what owns the file. The path stays as it is until it is struck off. */
struct espota_temporary {
    const char *path; /* borrowed */
    struct espota_temporary *volatile next;
};

/* Before the file is made: a signal that comes first finds nothing to remove. */
void espota_temporaries_add(struct espota_temporary *temporary, const char *path);
/* After the file is gone or has its final name. Harmless if it is not there. */
void espota_temporaries_strike(struct espota_temporary *temporary);
/* Removes every file that is on the list; may be called from a signal handler. */
void espota_temporaries_remove(void);

#endif
