/* SPDX-License-Identifier: MIT */
#include "sys/waiting_windows.h"

#include "sys/wide_windows.h"

enum { TRIES = 50, BETWEEN_MS = 10 };

/* Held while a read is ended, so that it is no later call of the thread that ends. */
static SRWLOCK lock = SRWLOCK_INIT;
static HANDLE waiting; /* the thread, or NULL */

void espota_waiting_begin(void)
{
    HANDLE thread = OpenThread(THREAD_TERMINATE, FALSE, GetCurrentThreadId());

    AcquireSRWLockExclusive(&lock);
    if (waiting != NULL)
        CloseHandle(waiting);
    waiting = thread;
    ReleaseSRWLockExclusive(&lock);
    SetLastError(NO_ERROR);
}

void espota_waiting_end(void)
{
    DWORD error = GetLastError();

    AcquireSRWLockExclusive(&lock);
    if (waiting != NULL)
        CloseHandle(waiting);
    waiting = NULL;
    ReleaseSRWLockExclusive(&lock);
    SetLastError(error);
}

/* The thread may have looked whether it is to stop, and not be in its read yet. */
void espota_waiting_interrupt(void)
{
    bool ended = false;

    for (int i = 0; i < TRIES && !ended; i++) {
        if (i > 0)
            Sleep(BETWEEN_MS);
        AcquireSRWLockExclusive(&lock);
        ended = waiting != NULL && CancelSynchronousIo(waiting);
        ReleaseSRWLockExclusive(&lock);
    }
}
