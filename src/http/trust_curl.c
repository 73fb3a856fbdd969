/* SPDX-License-Identifier: MIT */
/*
 * A libcurl that came with the system knows where its certificates are. One that is part of the
 * program asks OpenSSL, which looks below /etc/ssl and where SSL_CERT_FILE and SSL_CERT_DIR say:
 * right in most places, so these are looked for in the others.
 */
#include "http/trust.h"
#include "lazy/curl.h"

#include <stdlib.h>

#include "sys/sys.h"

static const char *const places[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Arch, OpenWrt */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* older ones of these */
    "/etc/ssl/ca-bundle.pem",                            /* openSUSE */
    "/etc/ssl/cert.pem",                                 /* Alpine */
};

void espota_curl_trust_system(void *easy)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    bool knows = curl->age >= CURLVERSION_SEVENTH && (curl->cainfo != NULL || curl->capath != NULL);

    if (knows || getenv("SSL_CERT_FILE") != NULL || getenv("SSL_CERT_DIR") != NULL)
        return;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (espota_file_exists(places[i])) {
            curl_easy_setopt(easy, CURLOPT_CAINFO, places[i]);
            return;
        }
    }
}
