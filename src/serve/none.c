/* SPDX-License-Identifier: MIT */
/* Stands in for the server where it was left out of this build: the library keeps its names, and
 * the program its help. */
#include "espota/serve.h"

static enum espota_status none(struct espota_error *err)
{
    return espota_error_set(err, ESPOTA_E_LOCAL,
                            "this build has no server: it was made without libmicrohttpd");
}

enum espota_status espota_serve_create(const struct espota_serve_options *options,
                                       struct espota_serve **out, struct espota_error *err)
{
    (void)options;
    *out = NULL;
    return none(err);
}

enum espota_status espota_serve_run(struct espota_serve *serve, struct espota_error *err)
{
    (void)serve;
    return none(err);
}

void espota_serve_stop(struct espota_serve *serve)
{
    (void)serve;
}

void espota_serve_reload(struct espota_serve *serve)
{
    (void)serve;
}

void espota_serve_destroy(struct espota_serve *serve)
{
    (void)serve;
}

enum espota_status espota_serve_check(const struct espota_serve_options *options, size_t *rules,
                                      size_t *doubts, struct espota_error *err)
{
    (void)options;
    *rules = *doubts = 0;
    return none(err);
}

enum espota_status espota_serve_ask(const struct espota_serve_options *options,
                                    const struct espota_serve_device *device, void *context,
                                    void (*answer)(void *context,
                                                   const struct espota_serve_event *event),
                                    struct espota_error *err)
{
    (void)options, (void)device, (void)context, (void)answer;
    return none(err);
}
