/* SPDX-License-Identifier: MIT */
#include <process.h>
#include <stdlib.h>

#include "sys/sockets.h"

struct start {
    void (*work)(void *context);
    void *context;
};

static unsigned __stdcall run(void *given)
{
    struct start start = *(struct start *)given;

    free(given);
    start.work(start.context);
    return 0;
}

/* _beginthreadex, since threads of CreateThread must not use the C library's state. */
bool espota_os_thread(void (*work)(void *context), void *context)
{
    struct start *start = malloc(sizeof(*start));
    uintptr_t thread = 0;

    if (start == NULL)
        return false;
    *start = (struct start){work, context};
    thread = _beginthreadex(NULL, 0, run, start, 0, NULL);
    if (thread == 0) {
        free(start);
        return false;
    }
    CloseHandle((HANDLE)thread);
    return true;
}

bool espota_os_lock_init(espota_os_lock *lock)
{
    InitializeSRWLock(lock);
    return true;
}

void espota_os_lock_deinit(espota_os_lock *lock)
{
    (void)lock; /* it holds nothing */
}

void espota_os_lock_take(espota_os_lock *lock)
{
    AcquireSRWLockExclusive(lock);
}

void espota_os_lock_give(espota_os_lock *lock)
{
    ReleaseSRWLockExclusive(lock);
}
