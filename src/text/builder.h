/* SPDX-License-Identifier: MIT */
/* Text that grows while it is written, and what stands in HTML safely. */
#ifndef ESPOTA_TEXT_BUILDER_H
#define ESPOTA_TEXT_BUILDER_H

#include <stdbool.h>
#include <stddef.h>

#include "espota/status.h"

struct espota_page {
    char *text; /* terminated; NULL: nothing yet */
    size_t length;
    size_t room;
    bool failed; /* out of memory: the rest is dropped */
};

void espota_page_add(struct espota_page *page, const char *format, ...) ESPOTA_PRINTF(2, 3);
/* With &, <, > and quotes as entities. */
void espota_page_add_escaped(struct espota_page *page, const char *text);
void espota_page_deinit(struct espota_page *page);

#endif
