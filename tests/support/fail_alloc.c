/* SPDX-License-Identifier: MIT */
/*
 * Loaded in front of a program (LD_PRELOAD), makes one of its allocations fail: the one whose
 * number is in ESPOTA_FAIL_NTH. With ESPOTA_FAIL_COUNT, the name of a file, it writes there at the
 * end how many there were. It sees what libraries allocate, too, which the wrappers of alloc.c,
 * linked into a test, do not.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* glibc's own, beneath those that are put in front of it */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

#define IN_FRONT __attribute__((visibility("default")))

static unsigned long nth; /* of programs of one thread */
static unsigned long seen;

static int fails(void)
{
    if (++seen != nth)
        return 0;
    errno = ENOMEM;
    return 1;
}

IN_FRONT void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

IN_FRONT void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

IN_FRONT void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}

/* What the loader allocated before is not counted. */
__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("ESPOTA_FAIL_NTH");

    nth = text != NULL ? strtoul(text, NULL, 10) : 0;
    seen = 0;
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("ESPOTA_FAIL_COUNT");
    unsigned long count = seen;
    FILE *file = path != NULL ? fopen(path, "w") : NULL;

    if (file == NULL)
        return;
    (void)fprintf(file, "%lu\n", count);
    (void)fclose(file);
}
