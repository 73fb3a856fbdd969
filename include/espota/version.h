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

/* How: system and processor, C library, whether it needs libraries of the system ("dynamic") or
 * none ("static"), compiler: "Linux x86_64, glibc, dynamic, GNU 12.2.0". */
const char *espota_version_build(void);

/* Those libraries that are loaded when they are first needed; "" if all are part of it. */
const char *espota_version_loaded(void);

/* What some builds are without, as far as this one has it: "serve" (the server), "avahi", "dns_sd"
 * and "query" (ways to discover), "tokens" (keys that a pkcs11: URI names). */
const char *espota_version_features(void);

/* The rest of these; "" if there is none. */
const char *espota_version_left_out(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
