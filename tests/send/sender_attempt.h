/* SPDX-License-Identifier: MIT */
/* One attempt of the sender, by hand and with a clock of its own: what is said to it, and what is
 * expected of it then. */
#ifndef ESPOTA_TEST_SENDER_ATTEMPT_H
#define ESPOTA_TEST_SENDER_ATTEMPT_H

#include "send/espota/sender.h"

#include <stdbool.h>
#include <stdio.h>

#include "crypto/crypto.h"
#include "unit.h"

#define MD5 "f4b259b7e1866cfb6af2377bd86ae213"
#define N32 "25d55ad283aa400af464c76d713c07ad"
#define M32 "00000000000000000000000000000001"
#define N64 N32 N32
#define M64 M32 M32
#define INVITATION "0 43210 1000 " MD5 "\n"

enum { TIMEOUT = 10000, VERDICT = 60000, SIZE = 1000 };

/* One attempt with a clock of its own. It starts late, so that a zero somewhere is found. */
struct attempt {
    struct espota_sender s;
    struct espota_crypto_openssl crypto;
    uint64_t start;
    uint64_t now;
};

void attempt_init(struct attempt *a, const char *password, enum espota_upload_auth method);
void attempt_deinit(struct attempt *a);
bool wants(const struct attempt *a, unsigned flag);
void at(struct attempt *a, uint64_t ms);
void expect_next(const struct attempt *a, uint64_t ms);
void expect_end(const struct attempt *a, enum espota_status status, const char *words);
void hear(struct attempt *a, const char *text);
void expect_invitation(struct attempt *a);

/* The answer that is wanted out fits this nonce and this form of this password. */
void expect_answer(struct attempt *a, const char *nonce, enum espota_password_form form,
                   const char *password);
void expect_silence(const struct attempt *a);

#endif
