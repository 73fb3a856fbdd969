/* SPDX-License-Identifier: MIT */
#include "sys/waiting_windows.h"

#include "sys/wide_windows.h"

enum { TRIES = 50, BETWEEN_MS = 10 };

/* Held while a read is ended, so that it is no later call of the thread that ends. */
static SRWLOCK lock = SRWLOCK_INIT;
static DWORD waiting; /* the thread's number, which no other has while it reads; or 0 */

static void set_waiting(DWORD thread)
{
    AcquireSRWLockExclusive(&lock);
    waiting = thread;
    ReleaseSRWLockExclusive(&lock);
}

void espota_waiting_begin(void)
{
    set_waiting(GetCurrentThreadId());
    SetLastError(NO_ERROR);
}

void espota_waiting_end(void)
{
    DWORD error = GetLastError();

    set_waiting(0);
    SetLastError(error);
}

static bool end_read(void)
{
    HANDLE thread = waiting != 0 ? OpenThread(THREAD_TERMINATE, FALSE, waiting) : NULL;
    bool ended = thread != NULL && CancelSynchronousIo(thread);

    if (thread != NULL)
        CloseHandle(thread);
    return ended;
}

/* The thread may have looked whether it is to stop, and not be in its read yet. */
void espota_waiting_interrupt(void)
{
    bool ended = false;

    for (int i = 0; i < TRIES && !ended; i++) {
        if (i > 0)
            Sleep(BETWEEN_MS);
        AcquireSRWLockExclusive(&lock);
        ended = end_read();
        ReleaseSRWLockExclusive(&lock);
    }
}
