/* SPDX-License-Identifier: MIT */
/* The numbers of a key come from its file by the host's own reader, the arithmetic is BearSSL's. */
#include "port/posix/verifier.h"

#include "sign/sign.h"

enum espota_status stub_verifier_init(struct espota_verifier_bearssl *verifier,
                                      const char *publickey, struct espota_error *err)
{
    struct espota_passphrase none = {ESPOTA_SECRET_INIT, NULL, NULL};
    struct espota_key *key = NULL;
    uint8_t modulus[ESPOTA_MODULUS_MAX];
    uint8_t exponent[ESPOTA_EXPONENT_MAX];
    size_t modulus_size = 0;
    size_t exponent_size = 0;
    enum espota_status status = espota_key_public_load(&key, publickey, &none, err);

    if (status == ESPOTA_OK)
        status = espota_signature_key_fits(key, ESPOTA_SIGN_ESP8266, ESPOTA_CHIP_ESP8266, err);
    if (status == ESPOTA_OK)
        status = espota_key_rsa_number(key, "n", modulus, sizeof(modulus), &modulus_size, err);
    if (status == ESPOTA_OK)
        status = espota_key_rsa_number(key, "e", exponent, sizeof(exponent), &exponent_size, err);
    espota_key_destroy(key);
    if (status == ESPOTA_OK &&
        !espota_verifier_bearssl_init(verifier, modulus, modulus_size, exponent, exponent_size))
        status = espota_error_set(err, ESPOTA_E_LOCAL, "%s: no device can verify with this key",
                                  publickey);
    return status;
}
