/* SPDX-License-Identifier: MIT */
/* How the library tells its program something beside a result: it never prints by itself. */
#ifndef ESPOTA_LOG_H
#define ESPOTA_LOG_H

enum espota_log_level {
    ESPOTA_LOG_WARNING, /* a person should know, the work goes on */
    ESPOTA_LOG_NOTE,    /* useful beside the result */
    ESPOTA_LOG_DETAIL,  /* for -v */
};

/* Within options; what `context` points to is borrowed as long as they are. `say` gets one line
 * without its end, with hostile bytes already escaped and no secret in it. */
struct espota_log {
    void (*say)(void *context, enum espota_log_level level, const char *line); /* NULL: silence */
    void *context;
};

#endif
