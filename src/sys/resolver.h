/* SPDX-License-Identifier: MIT */
/*
 * Names, looked up by the system's resolver. It blocks, for seconds where a name server is slow
 * or dead, so that a few threads do it side by side; what they find is told on the loop.
 */
#ifndef ESPOTA_SYS_RESOLVER_H
#define ESPOTA_SYS_RESOLVER_H

#include "espota/error.h"
#include "sys/loop.h"
#include "sys/net.h"

enum { ESPOTA_RESOLVER_THREADS = 32 }; /* at the most; none while nothing is asked */

struct espota_resolver;

struct espota_resolver_hooks {
    void *context;
    /* Once for each question, in a callback of the loop. `address` is NULL if there is none. */
    void (*found)(void *context, const char *name, const struct espota_address *address,
                  const struct espota_error *why);
};

/* The hooks are copied. */
enum espota_status espota_resolver_create(struct espota_loop *loop,
                                          const struct espota_resolver_hooks *hooks,
                                          struct espota_resolver **out,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;
/* At once: a thread that waits for a name server ends later, and nobody hears of it. */
void espota_resolver_destroy(struct espota_resolver *resolver);

/* As espota_address_resolve; the answer has port 0. In the order of asking, so many at a time. */
enum espota_status espota_resolver_ask(struct espota_resolver *resolver, const char *name,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
