/* SPDX-License-Identifier: MIT */
/* A receiver on a chip in memory: what comes in, and what is expected of it then. */
#ifndef ESPOTA_TEST_RECEIVER_WORLD_H
#define ESPOTA_TEST_RECEIVER_WORLD_H

#include "core/receiver.h"

#include <stdio.h>

#include "chip.h"
#include "crypto/crypto.h"
#include "unit.h"
#include "wire/wire.h"

enum { SIZE = 10000, START = CHIP_FS_START - 3 * 4096 };

struct seen {
    enum espota_receiver_event_kind kind;
    enum espota_receiver_failure failure;
    enum espota_update_error error;
    uint32_t command;
    uint32_t size;
    uint32_t done;
    char text[160];
};

extern struct chip chip;
extern struct espota_crypto_openssl openssl;
extern struct espota_crypto crypto;
extern struct espota_updater_config update;
extern struct espota_receiver_config config;
extern struct espota_receiver receiver;
extern uint8_t image[SIZE];
extern char md5[ESPOTA_MD5_HEX + 1];
extern char hash[ESPOTA_NONCE_MAX + 1];
extern uint64_t now;
extern struct seen seen[512];
extern size_t seen_count;
extern const char *refusal;
extern const struct espota_peer host;
extern const struct espota_peer stranger;

void assert_last(enum espota_receiver_event_kind kind);
void assert_last_error(enum espota_receiver_failure failure, enum espota_update_error error,
                       const char *text);
const char *md5_of(const void *data, size_t length);
void setup(void);
void teardown(void);
void rx(const char *text, const struct espota_peer *from);
void invite_with(uint32_t command, uint32_t size, const char *sum);
void invite(void);
bool wants(unsigned flag);

/* Takes what is wanted out and compares; NULL: nothing is. */
void assert_out(unsigned flag, const char *expected);

#define ASSERT_REPLY(expected) assert_out(ESPOTA_WANT_DATAGRAM_OUT, expected)
#define ASSERT_STREAM(expected) assert_out(ESPOTA_WANT_STREAM_OUT, expected)

/* Nothing happens a millisecond before `wait`; then it is due. */
void pass_time(uint64_t wait);
void assert_idle(void);
void connect_back(void);
void stream(size_t from, size_t to);

/* Everything after the last count, as a host sees it. */
void see_success(void);

#endif
