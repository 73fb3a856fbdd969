/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdlib.h>

#include "sys/sockets.h"

struct start {
    void (*work)(void *context);
    void *context;
};

static void *run(void *given)
{
    struct start start = *(struct start *)given;

    free(given);
    start.work(start.context);
    return NULL;
}

/* Signals are the main thread's. */
bool espota_os_thread(void (*work)(void *context), void *context)
{
    struct start *start = malloc(sizeof(*start));
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    bool started;

    if (start == NULL)
        return false;
    *start = (struct start){work, context};
    started = pthread_attr_init(&attributes) == 0;
    if (started) {
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                  pthread_create(&thread, &attributes, run, start) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
    }
    if (!started)
        free(start);
    return started;
}

bool espota_os_lock_init(espota_os_lock *lock)
{
    return pthread_mutex_init(lock, NULL) == 0;
}

void espota_os_lock_deinit(espota_os_lock *lock)
{
    pthread_mutex_destroy(lock);
}

void espota_os_lock_take(espota_os_lock *lock)
{
    pthread_mutex_lock(lock);
}

void espota_os_lock_give(espota_os_lock *lock)
{
    pthread_mutex_unlock(lock);
}
