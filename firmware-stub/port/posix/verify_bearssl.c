/* SPDX-License-Identifier: MIT */
#include "port/posix/verify_bearssl.h"

#include <bearssl.h>
#include <string.h>

#include "crypto/crypto.h"
#include "sign/sign.h"

static enum espota_status verify(void *context, const uint8_t hash[ESPOTA_SHA256_SIZE],
                                 const uint8_t *signature, size_t length)
{
    struct stub_verifier *verifier = context;
    uint8_t modulus[STUB_MODULUS_MAX];
    uint8_t exponent[STUB_EXPONENT_MAX];
    /* BearSSL takes the numbers as not const */
    br_rsa_public_key key = {modulus, verifier->modulus_size, exponent, verifier->exponent_size};
    uint8_t found[ESPOTA_SHA256_SIZE];

    memcpy(modulus, verifier->modulus, verifier->modulus_size);
    memcpy(exponent, verifier->exponent, verifier->exponent_size);
    if (br_rsa_pkcs1_vrfy_get_default()(signature, length, BR_HASH_OID_SHA256, sizeof(found), &key,
                                        found) != 1)
        return ESPOTA_E_IMAGE;
    return memcmp(found, hash, sizeof(found)) == 0 ? ESPOTA_OK : ESPOTA_E_IMAGE;
}

enum espota_status stub_verifier_init(struct stub_verifier *verifier, const char *publickey,
                                      struct espota_error *err)
{
    struct espota_passphrase none = {ESPOTA_SECRET_INIT, NULL, NULL};
    struct espota_key *key = NULL;
    enum espota_status status = espota_key_public_load(&key, publickey, &none, err);

    memset(verifier, 0, sizeof(*verifier));
    if (status == ESPOTA_OK)
        status = espota_signature_key_fits(key, ESPOTA_SIGN_ESP8266, ESPOTA_CHIP_ESP8266, err);
    if (status == ESPOTA_OK)
        status = espota_key_rsa_numbers(key, verifier->modulus, sizeof(verifier->modulus),
                                        &verifier->modulus_size, verifier->exponent,
                                        sizeof(verifier->exponent), &verifier->exponent_size, err);
    espota_key_destroy(key);
    verifier->table = (struct espota_verifier){
        .context = verifier,
        .signature_size = (uint32_t)verifier->modulus_size, /* at most STUB_MODULUS_MAX */
        .verify = verify,
    };
    return status;
}
