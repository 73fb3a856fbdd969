/* SPDX-License-Identifier: MIT */
#include "sys/log.h"

#include <stdarg.h>
#include <stdio.h>

void espota_log_say(const struct espota_log *log, enum espota_log_level level, const char *format,
                    ...)
{
    char line[2048];
    va_list args;

    if (log == NULL || log->say == NULL)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    log->say(log->context, level, line);
}
