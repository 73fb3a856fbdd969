/* SPDX-License-Identifier: MIT */
/* Where to listen, as a person types it. */
#ifndef ESPOTA_POSIX_ENDPOINT_H
#define ESPOTA_POSIX_ENDPOINT_H

#include "sys/sys.h"

/* ADDR:PORT or [IPv6]:PORT, in numbers; port 0: any free one. E_USAGE for what is none. */
enum espota_status stub_endpoint_parse(const char *text, struct espota_address *out,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
