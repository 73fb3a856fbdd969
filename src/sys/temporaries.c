/* SPDX-License-Identifier: MIT */
#include "sys/temporaries.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

/* Each change is the store of one pointer, so that a signal finds the list whole at any moment. */
static struct espota_temporary *volatile first;

void espota_temporaries_add(struct espota_temporary *temporary, const char *path)
{
    temporary->path = path;
    temporary->next = first;
    first = temporary;
}

void espota_temporaries_strike(struct espota_temporary *temporary)
{
    struct espota_temporary *volatile *at = &first;

    while (*at != NULL && *at != temporary)
        at = &(*at)->next;
    if (*at != NULL)
        *at = temporary->next;
}

void espota_temporaries_remove(void)
{
    int saved = errno;

    for (const struct espota_temporary *t = first; t != NULL; t = t->next)
        (void)unlink(t->path);
    errno = saved;
}
