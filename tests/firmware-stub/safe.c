/* SPDX-License-Identifier: MIT */
/* The loader that survives, without cuts: what it does, refuses and remembers. tests/power cuts. */
#include "unit.h"

#include "boot/boot.h"
#include "crypto/crypto.h"
#include "life.h"
#include "wire/wire.h"

static struct espota_crypto_openssl openssl;
static struct tearing chip;
static struct life life;
static uint8_t sector[ESPOTA_SECTOR_SIZE];
static uint8_t page[ESPOTA_PAGE_SIZE];
static struct espota_boot_outcome outcome;

static void begin(enum espota_boot_kind kind)
{
    static const struct life_sizes sizes = {"", 3, 6};

    espota_crypto_openssl_init(&openssl);
    life_begin(&life, &chip, &tearing_models[0], kind, &sizes, &openssl.table, 1);
}

static void end(void)
{
    ck_assert(!chip.abused);
    espota_crypto_openssl_deinit(&openssl);
}

static enum espota_boot_verdict boot(void)
{
    return espota_boot_safe(&life.layout, sector, &outcome);
}

static bool starts(const struct life_image *image)
{
    return boot() == ESPOTA_BOOT_READY &&
           tearing_holds(&chip, outcome.start, image->bytes, image->size);
}

static enum espota_update_error upload_error(const struct life_image *image, uint32_t command)
{
    bool taken = life_upload(&life, image, command);

    ck_assert_int_eq(taken, life.error == ESPOTA_UPDATE_OK);
    return life.error;
}

/* A device that was never updated has no record, and writes none. */
START_TEST(test_no_record)
{
    begin(ESPOTA_BOOT_ONE_PLACE);
    ck_assert(starts(&life.old));
    ck_assert_uint_eq(chip.changes, 0);
    ck_assert_int_eq(outcome.event, ESPOTA_BOOT_NOTHING);
    ck_assert(life_confirm(&life)); /* there is nothing to confirm */
    ck_assert(!life_reject(&life));
    ck_assert_uint_eq(chip.changes, 0);
    end();
}
END_TEST

static void trial_runs_out(enum espota_boot_kind kind)
{
    begin(kind);
    ck_assert(life_upload(&life, &life.new, ESPOTA_COMMAND_FLASH));
    for (int i = 0; i < LIFE_STARTS; i++) {
        ck_assert(starts(&life.new));
        ck_assert(outcome.record.trial);
    }
    ck_assert(starts(&life.old));
    ck_assert_int_eq(outcome.event, ESPOTA_BOOT_WENT_BACK);
    ck_assert(starts(&life.old));
    ck_assert_uint_eq(outcome.record.floor, 0);
    end();
}

START_TEST(test_trial_runs_out)
{
    trial_runs_out(ESPOTA_BOOT_ONE_PLACE);
    trial_runs_out(ESPOTA_BOOT_TWO_SLOTS);
}
END_TEST

static void confirmed_stays(enum espota_boot_kind kind)
{
    begin(kind);
    ck_assert(life_upload(&life, &life.new, ESPOTA_COMMAND_FLASH));
    ck_assert(starts(&life.new));
    /* the only way back lies where an update would be staged */
    ck_assert_int_eq(upload_error(&life.third, ESPOTA_COMMAND_FLASH), ESPOTA_UPDATE_RUNNING);
    ck_assert(life_confirm(&life));
    tearing_power_up(&chip, 0, TEAR_BEFORE);
    for (int i = 0; i < 2 * LIFE_STARTS; i++)
        ck_assert(starts(&life.new));
    ck_assert_uint_eq(chip.changes, 0); /* a start costs nothing once it is settled */
    ck_assert_uint_eq(outcome.record.floor, life.new.version);
    ck_assert_int_eq(upload_error(&life.old, ESPOTA_COMMAND_FLASH), ESPOTA_UPDATE_SIGNATURE);
    ck_assert(starts(&life.new));
    ck_assert(life_upload(&life, &life.third, ESPOTA_COMMAND_FLASH));
    ck_assert(starts(&life.third));
    ck_assert(life_reject(&life));
    ck_assert(starts(&life.new));
    ck_assert_uint_eq(outcome.record.floor, life.new.version);
    end();
}

START_TEST(test_confirmed_stays)
{
    confirmed_stays(ESPOTA_BOOT_ONE_PLACE);
    confirmed_stays(ESPOTA_BOOT_TWO_SLOTS);
}
END_TEST

START_TEST(test_without_trial)
{
    begin(ESPOTA_BOOT_ONE_PLACE);
    life.layout.starts = 0;
    ck_assert(life_upload(&life, &life.new, ESPOTA_COMMAND_FLASH));
    ck_assert(starts(&life.new));
    ck_assert_int_eq(outcome.event, ESPOTA_BOOT_INSTALLED);
    ck_assert(!outcome.record.trial);
    ck_assert_uint_eq(outcome.record.floor, life.new.version);
    end();
}
END_TEST

START_TEST(test_files)
{
    begin(ESPOTA_BOOT_ONE_PLACE);
    ck_assert(life_upload(&life, &life.new_files, ESPOTA_COMMAND_FILESYSTEM));
    ck_assert(tearing_holds(&chip, life.layout.files, life.old_files.bytes, life.old_files.size));
    ck_assert(starts(&life.old));
    ck_assert(outcome.files);
    ck_assert_int_eq(outcome.event, ESPOTA_BOOT_INSTALLED);
    ck_assert(tearing_holds(&chip, life.layout.files, life.new_files.bytes, life.new_files.size));
    end();
}
END_TEST

/* What has no room is refused before anything is erased, and so is what could not be swapped. */
START_TEST(test_refused)
{
    struct life_image image;

    begin(ESPOTA_BOOT_ONE_PLACE);
    image = life.new;
    image.size = life.layout.slot_size + 1;
    ck_assert_int_eq(upload_error(&image, ESPOTA_COMMAND_FLASH), ESPOTA_UPDATE_SPACE);
    image.size = life.layout.files_size + 1;
    ck_assert_int_eq(upload_error(&image, ESPOTA_COMMAND_FILESYSTEM), ESPOTA_UPDATE_SPACE);
    ck_assert_uint_eq(chip.changes, 0);
    ck_assert_uint_eq(espota_updater_space(&life.config, ESPOTA_COMMAND_FLASH),
                      life.layout.slot_size);
    life.config.any_image = false;
    memcpy(image.bytes, "\x1f\x8b", 2);
    ck_assert_int_eq(upload_error(&life.new, ESPOTA_COMMAND_FLASH), ESPOTA_UPDATE_MAGIC);
    ck_assert(starts(&life.old));
    end();
}
END_TEST

/* An update that waits for the loader is withdrawn by the next one. */
START_TEST(test_withdrawn)
{
    struct life_image half;

    begin(ESPOTA_BOOT_ONE_PLACE);
    ck_assert(life_upload(&life, &life.new, ESPOTA_COMMAND_FLASH));
    half = life.third;
    life.config.any_image = false; /* so that its header is wrong */
    ck_assert_int_eq(upload_error(&half, ESPOTA_COMMAND_FLASH), ESPOTA_UPDATE_MAGIC);
    ck_assert(starts(&life.old));
    ck_assert_int_eq(outcome.event, ESPOTA_BOOT_NOTHING);
    end();
}
END_TEST

static void damage(uint32_t at)
{
    chip.bytes[at + 300] ^= 1;
}

START_TEST(test_damaged)
{
    begin(ESPOTA_BOOT_ONE_PLACE);
    ck_assert(life_upload(&life, &life.new, ESPOTA_COMMAND_FLASH));
    damage(life.layout.slot[1] + life.layout.block);
    ck_assert(starts(&life.old)); /* what was staged is not what the record says */
    ck_assert_int_eq(outcome.event, ESPOTA_BOOT_REFUSED);
    ck_assert(life_upload(&life, &life.new, ESPOTA_COMMAND_FLASH));
    ck_assert(starts(&life.new));
    damage(life.layout.slot[0]);
    ck_assert(starts(&life.old));
    ck_assert_int_eq(outcome.event, ESPOTA_BOOT_WENT_BACK);
    ck_assert(life_upload(&life, &life.new, ESPOTA_COMMAND_FLASH));
    ck_assert(starts(&life.new));
    ck_assert(life_confirm(&life));
    damage(life.layout.slot[0]);
    ck_assert_int_eq(boot(), ESPOTA_BOOT_DAMAGED); /* nothing is known of what was before it */
    ck_assert_int_eq(boot(), ESPOTA_BOOT_DAMAGED);
    end();
}
END_TEST

/* On trial with nothing good to go back to it goes on. */
START_TEST(test_nothing_to_go_back_to)
{
    begin(ESPOTA_BOOT_TWO_SLOTS);
    ck_assert(life_upload(&life, &life.new, ESPOTA_COMMAND_FLASH));
    ck_assert(starts(&life.new));
    ck_assert(life_confirm(&life));
    ck_assert(life_upload(&life, &life.third, ESPOTA_COMMAND_FLASH));
    ck_assert(starts(&life.third));
    damage(life.layout.slot[1]);
    for (int i = 0; i < 2 * LIFE_STARTS; i++)
        ck_assert(starts(&life.third));
    end();
}
END_TEST

/* --- a signature --- */

enum { SIGNATURE = 128 };

static unsigned verified;

static enum espota_status verify(void *context, const uint8_t hash[ESPOTA_SHA256_SIZE],
                                 const uint8_t *signature, size_t length)
{
    (void)context;
    verified++;
    return length == SIGNATURE && memcmp(signature, hash, ESPOTA_SHA256_SIZE) == 0 ? ESPOTA_OK
                                                                                   : ESPOTA_E_IMAGE;
}

/* Payload, its hash as the signature, the length of that. */
static struct life_image signed_image(const struct life_image *payload)
{
    static uint8_t bytes[LIFE_PROGRAM_MAX];
    struct life_image image = {bytes, payload->size + SIGNATURE + 4, payload->version};
    struct espota_digest digest;

    memcpy(bytes, payload->bytes, payload->size);
    memset(bytes + payload->size, 0, SIGNATURE + 4);
    ck_assert_int_eq(
        openssl.table.digest_start(openssl.table.context, ESPOTA_DIGEST_SHA256, &digest),
        ESPOTA_OK);
    openssl.table.digest_add(openssl.table.context, &digest, bytes, payload->size);
    ck_assert_int_eq(
        openssl.table.digest_finish(openssl.table.context, &digest, bytes + payload->size),
        ESPOTA_OK);
    bytes[payload->size + SIGNATURE] = SIGNATURE;
    return image;
}

START_TEST(test_signature)
{
    static const struct espota_verifier verifier = {NULL, SIGNATURE, verify};
    struct life_image image;

    begin(ESPOTA_BOOT_ONE_PLACE);
    life.config.verify = life.layout.verify = &verifier;
    life.new.size = 4 * ESPOTA_SECTOR_SIZE - 50; /* its signature lies in the next block, too */
    image = signed_image(&life.new);
    verified = 0;
    ck_assert(life_upload(&life, &image, ESPOTA_COMMAND_FLASH));
    ck_assert_uint_eq(verified, 1);
    ck_assert(starts(&life.new));
    ck_assert_uint_eq(verified, 3); /* before it is moved, and before it starts */
    ck_assert(tearing_holds(&chip, 0x1000, image.bytes, image.size - 4));
    ck_assert(life_confirm(&life));
    chip.bytes[0x1000 + life.new.size] ^= 1;
    ck_assert_int_eq(boot(), ESPOTA_BOOT_DAMAGED); /* of the one before nobody knows anything */
    end();
}
END_TEST

/* --- the version in a program --- */

static uint32_t version_of(const char *text, uint32_t at)
{
    uint32_t version = 99;

    begin(ESPOTA_BOOT_ONE_PLACE);
    tearing_place(&chip, at, text, (uint32_t)strlen(text));
    ck_assert_int_eq(espota_boot_version_text(&chip.table, 0x8000,
                                              at - 0x8000 + (uint32_t)strlen(text), &version),
                     ESPOTA_OK);
    end();
    return version;
}

START_TEST(test_version_text)
{
    for (uint32_t at = 0x8000; at < 0x8100; at++)
        ck_assert_uint_eq(version_of("espota-version-floor=123456789", at), 123456789);
    ck_assert_uint_eq(version_of("espota-version-floor=7;", 0x8000), 7);
    ck_assert_uint_eq(version_of("espota-version-floor=0", 0x8001), 0);
    ck_assert_uint_eq(version_of("espota-version-floor=%u espota-version-floor=5", 0x8001), 5);
    ck_assert_uint_eq(version_of("espota-version-floor=", 0x8001), 0);
    ck_assert_uint_eq(version_of("eespota-version-floor=1234567890", 0x8077), 123456789);
}
END_TEST

/* --- the small SHA-256 against OpenSSL's --- */

static void digest_with(const struct espota_crypto *crypto, size_t length, uint8_t *out)
{
    struct espota_digest digest;

    ck_assert_int_eq(crypto->digest_start(crypto->context, ESPOTA_DIGEST_SHA256, &digest),
                     ESPOTA_OK);
    crypto->digest_add(crypto->context, &digest, life.new.bytes, length / 3);
    crypto->digest_add(crypto->context, &digest, life.new.bytes + length / 3, length - length / 3);
    ck_assert_int_eq(crypto->digest_finish(crypto->context, &digest, out), ESPOTA_OK);
}

START_TEST(test_small_sha256)
{
    struct espota_digest digest;

    begin(ESPOTA_BOOT_ONE_PLACE);
    for (size_t length = 0; length <= life.new.size; length += length < 300 ? 1 : 1237) {
        uint8_t ours[ESPOTA_SHA256_SIZE];
        uint8_t theirs[ESPOTA_SHA256_SIZE];

        digest_with(&espota_boot_crypto, length, ours);
        digest_with(&openssl.table, length, theirs);
        ck_assert_mem_eq(ours, theirs, sizeof(ours));
    }
    ck_assert_int_ne(espota_boot_crypto.digest_start(NULL, ESPOTA_DIGEST_MD5, &digest), ESPOTA_OK);
    life.layout.crypto = &espota_boot_crypto;
    ck_assert(life_upload(&life, &life.new, ESPOTA_COMMAND_FLASH));
    ck_assert(starts(&life.new));
    end();
}
END_TEST

/* --- the record --- */

START_TEST(test_record)
{
    const struct espota_boot_record record = {.job = ESPOTA_BOOT_SWAP,
                                              .slot = 1,
                                              .trial = true,
                                              .left = 2,
                                              .step = 3,
                                              .blocks = 4,
                                              .floor = 5,
                                              .program = {{6, 7, {8}}, {9, 10, {11}}}};
    struct espota_boot_record back;
    uint32_t sequence;

    espota_boot_record_write(&record, 0x12345600, page);
    ck_assert_int_eq(espota_boot_record_parse(page, &back, &sequence), ESPOTA_OK);
    ck_assert_uint_eq(sequence, 0x12345600);
    ck_assert_uint_eq(back.job, ESPOTA_BOOT_SWAP);
    ck_assert_uint_eq(back.step + back.blocks * 10 + back.floor * 100, 543);
    ck_assert_uint_eq(back.program[1].version, 10);
    ck_assert_uint_eq(back.program[1].sha256[0], 11);
    for (unsigned bit = 0; bit < 8 * ESPOTA_BOOT_RECORD_SIZE; bit++) {
        page[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(espota_boot_record_parse(page, &back, &sequence), ESPOTA_BAD);
        page[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
END_TEST

/* A record with good checksums that asks for what the device has no room for moves nothing. */
START_TEST(test_hostile_record)
{
    static const struct espota_boot_record records[] = {
        {.job = ESPOTA_BOOT_SWAP, .blocks = 7},
        {.job = ESPOTA_BOOT_SWAP, .blocks = UINT32_MAX, .step = 9},
        {.job = ESPOTA_BOOT_BACK, .blocks = 3, .step = 7},
        {.job = ESPOTA_BOOT_COPY, .blocks = 4},
        {.job = ESPOTA_BOOT_COPY, .blocks = 1, .step = UINT32_MAX},
        {.slot = 1},
        {.program = {{.size = UINT32_MAX}}},
    };

    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        struct espota_boot_journal journal;
        struct espota_boot_record record;

        begin(ESPOTA_BOOT_ONE_PLACE);
        ck_assert_int_eq(espota_boot_journal_open(&journal, &life.layout.record, &record, page),
                         ESPOTA_OK);
        record = records[i];
        record.floor = 3;
        ck_assert_int_eq(espota_boot_journal_commit(&journal, &record, page), ESPOTA_OK);
        ck_assert(starts(&life.old));
        ck_assert_uint_eq(outcome.record.floor, 3);
        end();
    }
}
END_TEST

/* Any memory will do for the records: three areas of three pages, where no step is appended. */
START_TEST(test_small_record)
{
    begin(ESPOTA_BOOT_ONE_PLACE);
    life.layout.record.size = ESPOTA_BOOT_AREA_MIN;
    ck_assert(life_upload(&life, &life.new, ESPOTA_COMMAND_FLASH));
    ck_assert(starts(&life.new));
    ck_assert(life_reject(&life));
    ck_assert(starts(&life.old));
    end();
}
END_TEST

UNIT_MAIN("firmware-stub/safe", test_no_record, test_trial_runs_out, test_confirmed_stays,
          test_without_trial, test_files, test_refused, test_withdrawn, test_damaged,
          test_nothing_to_go_back_to, test_signature, test_version_text, test_small_sha256,
          test_record, test_hostile_record, test_small_record)
