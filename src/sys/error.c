/* SPDX-License-Identifier: MIT */
#include "espota/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sys/os_error.h"

/* Prints behind the first `used` bytes; what does not fit ends in "...". */
static void append(struct espota_error *err, size_t used, const char *format, va_list args)
{
    size_t room = sizeof(err->message) - used; /* used < sizeof: it is a strlen in the array */
    int wanted = vsnprintf(err->message + used, room, format, args);

    if (wanted >= 0 && (size_t)wanted >= room)
        memcpy(err->message + sizeof(err->message) - 4, "...", 4);
}

static void set(struct espota_error *err, enum espota_status status, uint32_t ways,
                const char *format, va_list args)
{
    err->status = status;
    err->remedy = (struct espota_remedy){.ways = ways};
    append(err, 0, format, args);
}

enum espota_status espota_error_set(struct espota_error *err, enum espota_status status,
                                    const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return status;
    va_start(args, format);
    set(err, status, 0, format, args);
    va_end(args);
    return status;
}

enum espota_status espota_error_remedy(struct espota_error *err, enum espota_status status,
                                       uint32_t ways, const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return status;
    va_start(args, format);
    set(err, status, ways, format, args);
    va_end(args);
    return status;
}

enum espota_status espota_error_copy(struct espota_error *err, enum espota_status status,
                                     const struct espota_error *from)
{
    if (err == NULL)
        return status;
    *err = *from;
    err->status = status;
    return status;
}

static void append_text(struct espota_error *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    append(err, strlen(err->message), format, args);
    va_end(args);
}

enum espota_status espota_error_errno(struct espota_error *err, enum espota_status status,
                                      int os_errno, const char *format, ...)
{
    va_list args;

    if (err == NULL)
        return status;
    va_start(args, format);
    set(err, status, 0, format, args);
    va_end(args);
    append_text(err, ": %s", espota_os_text(os_errno));
    return status;
}

enum espota_status espota_error_prefix(struct espota_error *err, const char *format, ...)
{
    char old[sizeof(err->message)];
    va_list args;

    if (err == NULL)
        return ESPOTA_E_FAILED;
    memcpy(old, err->message, sizeof(old));
    va_start(args, format);
    append(err, 0, format, args);
    va_end(args);
    append_text(err, ": %s", old);
    return err->status;
}
