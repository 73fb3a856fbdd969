/* SPDX-License-Identifier: MIT */
/* OpenSSL checks, against what Windows has in its store. */
#include "http/trust.h"
#include "lazy/curl.h"

void espota_curl_trust_system(void *easy)
{
    curl_easy_setopt(easy, CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_NATIVE_CA);
}
