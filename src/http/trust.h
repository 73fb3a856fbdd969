/* SPDX-License-Identifier: MIT */
/* Whom a TLS connection believes: trust_curl.c, trust_windows_curl.c. */
#ifndef ESPOTA_HTTP_TRUST_H
#define ESPOTA_HTTP_TRUST_H

/* The certificates that the system trusts; of libcurl's handle. */
void espota_curl_trust_system(void *easy);

#endif
