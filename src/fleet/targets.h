/* SPDX-License-Identifier: MIT */
/*
 * How targets are written: HOST[:PORT], and the lines of a targets file:
 *
 *     # a comment; blank lines count for nothing
 *     192.168.1.50
 *     [fe80::1%eth0]:8266     file=door.bin password-file="my keys/door"
 *     kitchen.lan port=3232   fs   # a comment behind
 *
 * Words stand between blanks. Quotes ('…' as it is, "…" where \" and \\ mean " and \) hold blanks
 * and # together, anywhere in a word.
 */
#ifndef ESPOTA_FLEET_TARGETS_H
#define ESPOTA_FLEET_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "espota/upload.h"

enum { ESPOTA_TARGET_LINE_MAX = 4096 };

struct espota_target_line {
    struct espota_upload_target target; /* host NULL: the line is blank */
    char *memory;                       /* behind the strings */
};

/* One line without its end. After OK, deinit. E_USAGE, E_MEMORY. */
enum espota_status espota_target_line_parse(const char *data, size_t length,
                                            struct espota_target_line *out,
                                            struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_target_line_deinit(struct espota_target_line *line);

/*
 * Every line of a file: `each` for those that are not blank; it stops at the first error. `name`
 * and the line's number stand in front of the message.
 */
typedef enum espota_status espota_target_visit(void *context, const struct espota_target_line *line,
                                               struct espota_error *err);
enum espota_status espota_targets_parse(const char *data, size_t length, const char *name,
                                        espota_target_visit *each, void *context,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
