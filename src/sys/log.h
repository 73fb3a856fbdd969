/* SPDX-License-Identifier: MIT */
/* Telling a program's log something (espota/log.h). */
#ifndef ESPOTA_SYS_LOG_H
#define ESPOTA_SYS_LOG_H

#include "espota/error.h"
#include "espota/log.h"

/* One line, cut if it is very long; to nobody where `log` or its `say` is NULL. */
void espota_log_say(const struct espota_log *log, enum espota_log_level level, const char *format,
                    ...) ESPOTA_PRINTF(3, 4);

#endif
