/* SPDX-License-Identifier: MIT */
/*
 * The core's table of digests, key stretching and random bytes, filled from
 * OpenSSL 3. It runs in a library context of its own, so that no setting of the
 * system (a FIPS policy, a default property) takes MD5 away: the protocol of
 * the devices has no other checksum.
 */
#ifndef ESPOTA_CRYPTO_DIGESTS_OPENSSL_H
#define ESPOTA_CRYPTO_DIGESTS_OPENSSL_H

#include "wire/digest.h"

/* The caller's memory; its content is this module's. */
struct espota_crypto_openssl {
    struct espota_crypto table; /* hand out &crypto.table; valid until deinit */
    void *library;              /* the rest appears when it is first used */
    void *provider;
    void *md5;
    void *sha256;
    void *pbkdf2;
    char problem[256];
};

/* Costs nothing and cannot fail: OpenSSL is touched by the first digest. */
void espota_crypto_openssl_init(struct espota_crypto_openssl *crypto);
/* No digest may be under way. */
void espota_crypto_openssl_deinit(struct espota_crypto_openssl *crypto);

/*
 * What to tell the user after a function of the table failed (with E_LOCAL or
 * E_MEMORY): what failed, OpenSSL's reason, what to do. "" if nothing did.
 */
const char *espota_crypto_openssl_problem(const struct espota_crypto_openssl *crypto);

#endif
