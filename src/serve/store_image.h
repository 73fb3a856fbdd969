/* SPDX-License-Identifier: MIT */
/* Looking at one file of the store: what it is, and what a device that runs it would report. */
#ifndef ESPOTA_SERVE_STORE_IMAGE_H
#define ESPOTA_SERVE_STORE_IMAGE_H

#include "serve/store.h"
#include "wire/wire.h"

/* Fills in all but name, content and size, which are set. */
enum espota_status espota_store_item_examine(struct espota_store_item *item,
                                             const struct espota_crypto *crypto,
                                             struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
