/* SPDX-License-Identifier: MIT */
/*
 * Any sequence of datagrams, stream bytes, ends and moments at a receiver. The
 * first byte chooses its configuration; then come steps: a letter, a length,
 * as many bytes. The digests are all zeros, so that a fuzzer can get past them.
 */
#include "fuzz_chip.h"

#include <stdlib.h>

#include "core/receiver.h"

static struct espota_receiver receiver;
static bool started; /* the application was asked */

static enum espota_status erase_when_asked(void *context, uint32_t address)
{
    (void)context;
    FUZZ_CHECK(started);
    FUZZ_CHECK(address % ESPOTA_SECTOR_SIZE == 0 && address < CHIP);
    FUZZ_CHECK(address >= 4 * ESPOTA_SECTOR_SIZE); /* the running program */
    memset(chip + address, 0xff, ESPOTA_SECTOR_SIZE);
    return ESPOTA_OK;
}

static enum espota_status write_anywhere(void *context, uint32_t address, const void *data,
                                         size_t length)
{
    (void)context;
    FUZZ_CHECK(address % ESPOTA_SECTOR_SIZE == 0 && length % ESPOTA_PAGE_SIZE == 0);
    FUZZ_CHECK(length > 0 && length <= ESPOTA_SECTOR_SIZE && address < CHIP);
    for (size_t i = 0; i < length; i++)
        FUZZ_CHECK(chip[address + i] == 0xff);
    memcpy(chip + address, data, length);
    return ESPOTA_OK;
}

static enum espota_status store(void *context, const uint8_t record[ESPOTA_EBOOT_SIZE])
{
    struct espota_eboot command;

    (void)context;
    FUZZ_CHECK(espota_eboot_parse(record, &command) == ESPOTA_OK);
    FUZZ_CHECK(espota_updater_received(&receiver.updater) == receiver.invitation.size);
    return ESPOTA_OK;
}

static enum espota_status pbkdf2(void *context, const void *password, size_t password_length,
                                 const void *salt, size_t salt_length, uint32_t rounds,
                                 uint8_t out[ESPOTA_SHA256_SIZE])
{
    (void)context;
    (void)password;
    (void)password_length;
    (void)salt;
    (void)salt_length;
    (void)rounds;
    memset(out, 0, ESPOTA_SHA256_SIZE);
    return ESPOTA_OK;
}

static enum espota_status random_bytes(void *context, void *out, size_t length)
{
    (void)context;
    memset(out, 0, length);
    return ESPOTA_OK;
}

static const char *event(void *context, const struct espota_receiver_event *what)
{
    (void)context;
    FUZZ_CHECK(what->done <= what->size || what->size == 0 ||
               what->kind != ESPOTA_RECEIVER_PROGRESS);
    if (what->kind == ESPOTA_RECEIVER_START)
        started = true;
    return NULL;
}

static void check_wants(void)
{
    unsigned want = espota_receiver_want(&receiver);
    unsigned out = want & (ESPOTA_WANT_DATAGRAM_OUT | ESPOTA_WANT_STREAM_OUT);
    size_t length;
    const uint8_t *tx = espota_receiver_tx(&receiver, &length);
    size_t room;

    FUZZ_CHECK(length <= ESPOTA_RECEIVER_TX_MAX);
    FUZZ_CHECK(out == 0 || (tx != NULL && length > 0));
    FUZZ_CHECK(out != (ESPOTA_WANT_DATAGRAM_OUT | ESPOTA_WANT_STREAM_OUT));
    if ((want & ESPOTA_WANT_STREAM_IN) != 0)
        FUZZ_CHECK(espota_receiver_room(&receiver, &room) != NULL && room > 0 &&
                   room <= ESPOTA_SECTOR_SIZE);
}

static void fill(const uint8_t *data, size_t length, uint64_t now)
{
    size_t room;
    uint8_t *into;

    if ((espota_receiver_want(&receiver) & ESPOTA_WANT_STREAM_IN) == 0)
        return;
    into = espota_receiver_room(&receiver, &room);
    length = length < room ? length : room;
    if (length > 0)
        memcpy(into, data, length);
    espota_receiver_rx_filled(&receiver, length, now);
}

/* Takes one step; `data` is a copy of its own, so that a read beyond it is seen. */
static void step(uint8_t what, uint8_t *data, size_t length, uint64_t *now)
{
    const struct espota_peer from = {{10, 0, 0, (uint8_t)(what == 'D' ? 1 : 2)}, 7};

    switch (what) {
    case 'd':
    case 'D':
        espota_receiver_rx_datagram(&receiver, data, length, &from, *now);
        break;
    case 's':
        espota_receiver_rx_stream(&receiver, data, length, *now);
        break;
    case 'f':
        fill(data, length, *now);
        break;
    case 'a':
        espota_receiver_tx_ack(&receiver, length, *now);
        break;
    case 'c':
        espota_receiver_connected(&receiver, *now);
        break;
    case 'x':
        espota_receiver_connect_failed(&receiver, *now);
        break;
    case 'e':
        espota_receiver_rx_end(&receiver, *now);
        break;
    case 'g':
        if (espota_receiver_want(&receiver) == ESPOTA_WANT_DONE)
            espota_receiver_again(&receiver);
        break;
    default:
        *now += (uint64_t)what << (length % 8);
        espota_receiver_tick(&receiver, *now);
        break;
    }
}

static void run(const struct espota_receiver_config *config, const uint8_t *data, size_t size)
{
    uint64_t now = 0;

    espota_receiver_init(&receiver, config);
    while (size >= 2) {
        size_t length = data[1] < size - 2 ? data[1] : size - 2; /* size >= 2 */
        uint8_t *copy = malloc(length > 0 ? length : 1);

        FUZZ_CHECK(copy != NULL);
        memcpy(copy, data + 2, length);
        step(data[0], copy, length, &now);
        free(copy);
        check_wants();
        data += 2 + length;
        size -= 2 + length;
    }
    espota_receiver_deinit(&receiver);
    FUZZ_CHECK(open_digests == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct espota_flash flash = {NULL, chip_read, erase_when_asked, write_anywhere};
    static const struct espota_boot_memory boot = {NULL, store, NULL};
    static const struct espota_crypto crypto = {
        NULL, digest_start, digest_add, digest_finish, digest_drop, pbkdf2, random_bytes};
    struct espota_updater_config update = {.flash = &flash,
                                           .crypto = &crypto,
                                           .boot = &boot,
                                           .sketch_size = 4 * ESPOTA_SECTOR_SIZE,
                                           .fs_start = FS_START,
                                           .fs_end = CHIP,
                                           .chip_size = 1 << 20};
    struct espota_receiver_config config = {.update = &update, .event = event};

    if (size == 0)
        return 0;
    config.quirks = (data[0] & 1) != 0;
    config.fast = (data[0] & 2) != 0;
    update.atomic_fs = (data[0] & 4) != 0;
    config.nonce_digits = (data[0] & 8) != 0 ? ESPOTA_NONCE_SHA256 : ESPOTA_NONCE_MD5;
    if ((data[0] & 16) != 0)
        config.password_hash = "00000000000000000000000000000000";
    started = false;
    open_digests = 0;
    run(&config, data + 1, size - 1);
    return 0;
}
