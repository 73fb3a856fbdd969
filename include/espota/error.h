/* SPDX-License-Identifier: MIT */
/*
 * What travels beside a status in hosted code: one message that says what failed, on what, and
 * what to do about it. No message ever holds a secret.
 *
 * A message does not say how to do it, which differs from program to program (an option, a
 * button): what a program can offer stands beside it as a remedy, which may be left out.
 */
#ifndef ESPOTA_ERROR_H
#define ESPOTA_ERROR_H

#include <stdint.h>

#include "espota/status.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* What a person can do; in words of options, the member that does it. */
enum espota_remedy_way {
    /* espota_upload_options, or the target's */
    ESPOTA_REMEDY_FORCE = 1 << 0,            /* send it all the same: `force` */
    ESPOTA_REMEDY_AS_FILESYSTEM = 1 << 1,    /* send it as what it is: `filesystem` */
    ESPOTA_REMEDY_NAME_DECRYPTED = 1 << 2,   /* name the file that it decrypts to: `md5_of` */
    ESPOTA_REMEDY_NAME_PUBLICKEY = 1 << 3,   /* say what key the device verifies: `publickey` */
    ESPOTA_REMEDY_LEAVE_UNPACKED = 1 << 4,   /* as it is: no `gzip` (espota_signer_options, too) */
    ESPOTA_REMEDY_GIVE_PASSWORD = 1 << 5,    /* `password` */
    ESPOTA_REMEDY_OTHER_LOGIN = 1 << 6,      /* another `user` or `password` */
    ESPOTA_REMEDY_ANY_SCHEME = 1 << 7,       /* let the device choose how: `auth` AUTO */
    ESPOTA_REMEDY_TRUST_NETWORK = 1 << 8,    /* vouch for what was found: no `no_password` */
    ESPOTA_REMEDY_NAME_CERTIFICATE = 1 << 9, /* `ca_file` */
    ESPOTA_REMEDY_NAME_PEER = 1 << 10,       /* say where it connects from: `peer` */
    ESPOTA_REMEDY_FIX_PORT = 1 << 11,        /* have it connect to one port always: `host_port` */
    ESPOTA_REMEDY_WAIT_LONGER = 1 << 12,     /* `timeout_ms` */

    ESPOTA_REMEDY_ASK_DIRECTLY = 1 << 13, /* without a daemon: `via` QUERY */

    /* espota_signer_options, espota_keygen, and other users of keys */
    ESPOTA_REMEDY_SIGN_AGAIN = 1 << 14,      /* in the format that the device takes */
    ESPOTA_REMEDY_SIGN_TWICE = 1 << 15,      /* `force` */
    ESPOTA_REMEDY_PACK_AND_SIGN = 1 << 16,   /* both at once: `gzip` of the signer */
    ESPOTA_REMEDY_MAKE_KEY = 1 << 17,        /* of another kind */
    ESPOTA_REMEDY_GIVE_PASSPHRASE = 1 << 18, /* `passphrase` */
    ESPOTA_REMEDY_GIVE_PIN = 1 << 19,        /* the same, of a token */

    /* espota_arduino_install_options */
    ESPOTA_REMEDY_NAME_CORE = 1 << 20,     /* `core` */
    ESPOTA_REMEDY_NAME_DATA_DIR = 1 << 21, /* `data_dir` */

    /* espota_upload_options, or the target's */
    ESPOTA_REMEDY_NAME_UPDATER = 1 << 22, /* say which one a URL's is: `web` */
    ESPOTA_REMEDY_AS_ESPHOME = 1 << 23,   /* the host behind esphome:// */
    ESPOTA_REMEDY_GIVE_KEY = 1 << 24,     /* `key` */
    ESPOTA_REMEDY_ALLOW_CLEAR = 1 << 25,  /* `plaintext` */
};

struct espota_remedy {
    uint32_t ways;      /* of those above, or'ed: each of them may help; later ones may be added */
    uint16_t host_port; /* FIX_PORT: this one */
    char peer[80];      /* NAME_PEER: this address, "" if it is not known; terminated */
};

struct espota_error {
    enum espota_status status;
    struct espota_remedy remedy;
    char message[1024]; /* cut with "..." when longer; always terminated */
};

#define ESPOTA_ERROR_INIT                                                                          \
    {                                                                                              \
        ESPOTA_OK, {0, 0, ""}, ""                                                                  \
    }

/*
 * Sets the error and returns `status`, so that a caller can write
 * `return espota_error_set(err, ESPOTA_E_LOCAL, "...")`. `err` may be NULL.
 */
enum espota_status espota_error_set(struct espota_error *err, enum espota_status status,
                                    const char *format, ...) ESPOTA_PRINTF(3, 4);

/* The same, with what can be done about it; the others say that nothing is known. */
enum espota_status espota_error_remedy(struct espota_error *err, enum espota_status status,
                                       uint32_t ways, const char *format, ...) ESPOTA_PRINTF(4, 5);

/* Another error as it is, but for its status. */
enum espota_status espota_error_copy(struct espota_error *err, enum espota_status status,
                                     const struct espota_error *from);

/* The first, with ": " and the text of `os_errno` behind the message. */
enum espota_status espota_error_errno(struct espota_error *err, enum espota_status status,
                                      int os_errno, const char *format, ...) ESPOTA_PRINTF(4, 5);

/* Puts context and ": " in front of the message: each layer does so once at the most. The remedy
 * stays. */
enum espota_status espota_error_prefix(struct espota_error *err, const char *format, ...)
    ESPOTA_PRINTF(2, 3);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
