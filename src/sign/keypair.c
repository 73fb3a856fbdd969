/* SPDX-License-Identifier: MIT */
/* `keygen`: a pair of keys in two files, or neither. */
#include "crypto/crypto.h"
#include "sys/sys.h"

/* Both places are taken before a key is made, and either both files appear or none. */
static enum espota_status write_pair(const struct espota_key *key, struct espota_output *private,
                                     struct espota_output *public,
                                     const struct espota_secret *passphrase,
                                     struct espota_error *err)
{
    struct espota_secret private_pem = ESPOTA_SECRET_INIT;
    struct espota_secret public_pem = ESPOTA_SECRET_INIT;
    enum espota_status status = espota_key_private_pem(key, passphrase, &private_pem, err);

    if (status == ESPOTA_OK)
        status = espota_key_public_pem(key, &public_pem, err);
    if (status == ESPOTA_OK)
        status = espota_output_write(private, private_pem.bytes, private_pem.length, err);
    if (status == ESPOTA_OK)
        status = espota_output_write(public, public_pem.bytes, public_pem.length, err);
    if (status == ESPOTA_OK)
        status = espota_output_commit(private, err);
    if (status == ESPOTA_OK) {
        status = espota_output_commit(public, err);
        if (status != ESPOTA_OK)
            espota_output_revoke(private);
    }
    espota_secret_wipe(&private_pem);
    espota_secret_wipe(&public_pem);
    return status;
}

enum espota_status espota_keygen(enum espota_key_type type, const char *private_file,
                                 const char *public_file, const struct espota_secret *passphrase,
                                 struct espota_error *err)
{
    struct espota_output *private = NULL;
    struct espota_output *public = NULL;
    struct espota_key *key = NULL;
    enum espota_status status =
        espota_output_create(&private, private_file, ESPOTA_OUTPUT_NEW, 0600, err);

    if (status == ESPOTA_OK)
        status = espota_output_create(&public, public_file, ESPOTA_OUTPUT_NEW, 0666, err);
    if (status == ESPOTA_OK)
        status = espota_key_generate(&key, type, err);
    if (status == ESPOTA_OK)
        status = write_pair(key, private, public, passphrase, err);
    espota_key_destroy(key);
    espota_output_destroy(public);
    espota_output_destroy(private);
    return status;
}
