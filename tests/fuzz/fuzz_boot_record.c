/* SPDX-License-Identifier: MIT */
/*
 * Any bytes where the records of the loader that survives are: as they lie in flash, and as the
 * fields of records whose checksums are right. Whatever they say, the loader ends, moves nothing
 * beyond slots and files, and knows afterwards what it decided.
 */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "boot/boot.h"

enum {
    SECTOR = ESPOTA_SECTOR_SIZE,
    SLOT_0 = 1 * SECTOR,
    SLOT_1 = 3 * SECTOR,
    FILES = 6 * SECTOR,
    RECORD_0 = 7 * SECTOR,
    RECORD_1 = 8 * SECTOR,
    RECORD_2 = 9 * SECTOR,
    CHIP = 11 * SECTOR, /* the first sector and the last belong to nobody */
    AREA = 2048,
};

static uint8_t chip[CHIP];

static enum espota_status chip_read(void *context, uint32_t address, void *data, size_t length)
{
    (void)context;
    FUZZ_CHECK(length <= SECTOR);
    if (address > CHIP || length > CHIP - address)
        return ESPOTA_E_FAILED;
    memcpy(data, chip + address, length);
    return ESPOTA_OK;
}

static enum espota_status chip_erase(void *context, uint32_t address)
{
    (void)context;
    FUZZ_CHECK(address % SECTOR == 0 && address >= SLOT_0 && address <= RECORD_2);
    memset(chip + address, 0xff, SECTOR);
    return ESPOTA_OK;
}

static enum espota_status chip_write(void *context, uint32_t address, const void *data,
                                     size_t length)
{
    const uint8_t *bytes = data;

    (void)context;
    FUZZ_CHECK(address % ESPOTA_PAGE_SIZE == 0 && length % ESPOTA_PAGE_SIZE == 0);
    FUZZ_CHECK(address >= SLOT_0 && address + length <= RECORD_2 + SECTOR);
    for (size_t i = 0; i < length; i++) {
        FUZZ_CHECK(chip[address + i] == 0xff);
        chip[address + i] = bytes[i];
    }
    return ESPOTA_OK;
}

/* A digest that is none, but can be right: as many programs are good as a fuzzer can guess. */
static enum espota_status digest_start(void *context, enum espota_digest_kind kind,
                                       struct espota_digest *digest)
{
    (void)context;
    digest->kind = kind;
    digest->state.words[0] = 0;
    return ESPOTA_OK;
}

static void digest_add(void *context, struct espota_digest *digest, const void *data, size_t length)
{
    (void)context;
    (void)data;
    digest->state.words[0] += length;
}

static enum espota_status digest_finish(void *context, struct espota_digest *digest, uint8_t *out)
{
    (void)context;
    memset(out, (int)(digest->state.words[0] & 1), ESPOTA_SHA256_SIZE);
    return ESPOTA_OK;
}

static const struct espota_flash flash = {NULL, chip_read, chip_erase, chip_write};
static const struct espota_crypto crypto = {
    .digest_start = digest_start, .digest_add = digest_add, .digest_finish = digest_finish};

/* Fields as they come; sequence and checksum are right often enough to be believed. */
static void place_records(const uint8_t *data, size_t size)
{
    enum { FIELDS = ESPOTA_BOOT_RECORD_SIZE - 8 };
    uint8_t page[ESPOTA_PAGE_SIZE];

    for (; size > 2; data += 2, size -= 2) {
        size_t length = size - 2 < FIELDS - 4 ? size - 2 : FIELDS - 4;
        unsigned area = RECORD_0 + ((data[0] & 1u) + (data[0] >> 4 & 1u)) * SECTOR;
        unsigned at = area + data[0] / 2u % 8 * ESPOTA_PAGE_SIZE;
        struct espota_boot_record record;
        uint32_t sequence;

        memset(page, 0, sizeof(page));
        memcpy(page + 8, data + 2, length);
        if (espota_boot_record_parse(page, &record, &sequence) == ESPOTA_OK)
            return; /* without a magic number it cannot be */
        record.job %= ESPOTA_BOOT_BACK + 1;
        record.slot %= 2;
        espota_boot_record_write(&record, (uint32_t)(data[1] / 16) << 8 | data[1] % 16, chip + at);
        data += length;
        size -= length; /* length <= size - 2 */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct espota_boot_layout layout = {.flash = &flash,
                                        .block = SECTOR,
                                        .slot = {SLOT_0, SLOT_1},
                                        .slot_size = 2 * SECTOR,
                                        .files = FILES,
                                        .files_size = SECTOR,
                                        .record = {&flash, {RECORD_0, RECORD_1, RECORD_2}, AREA},
                                        .crypto = &crypto,
                                        .starts = 2};
    static uint8_t sector[SECTOR];
    struct espota_boot_outcome outcome;
    struct espota_boot_record record;
    enum espota_boot_verdict verdict;

    if (size == 0)
        return 0;
    memset(chip, 0xff, sizeof(chip));
    layout.kind = (data[0] & 1) != 0 ? ESPOTA_BOOT_TWO_SLOTS : ESPOTA_BOOT_ONE_PLACE;
    if ((data[0] & 2) != 0)
        place_records(data + 1, size - 1);
    else
        memcpy(chip + RECORD_0, data + 1, size - 1 < 3 * SECTOR ? size - 1 : 3 * SECTOR);
    verdict = espota_boot_safe(&layout, sector, &outcome);
    FUZZ_CHECK(verdict != ESPOTA_BOOT_AGAIN); /* the flash works */
    FUZZ_CHECK(outcome.start == SLOT_0 || outcome.start == SLOT_1);
    FUZZ_CHECK(espota_boot_look(&layout, &record, sector) == ESPOTA_OK);
    FUZZ_CHECK(verdict != ESPOTA_BOOT_READY || record.job == ESPOTA_BOOT_NO_JOB);
    FUZZ_CHECK(record.trial == outcome.record.trial && record.floor == outcome.record.floor);
    FUZZ_CHECK(espota_boot_running(&layout, &record) == outcome.start);
    return 0;
}
