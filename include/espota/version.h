/* SPDX-License-Identifier: MIT */
/* Which espota this is. */
#ifndef ESPOTA_VERSION_H
#define ESPOTA_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* "0.1.0" */
const char *espota_version(void);

/* The outside libraries it was built with: "OpenSSL 3.0.15, jansson 2.14, …". Touches none. */
const char *espota_version_libraries(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
