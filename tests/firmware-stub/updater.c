/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "core/updater.h"

#include <stdio.h>

#include "chip.h"
#include "crypto/crypto.h"
#include "wire/wire.h"

enum {
    SKETCH = 300 * 1024 + 1, /* rounds up to 76 sectors */
    SKETCH_END = 76 * 4096,
    FS_START = CHIP_FS_START,
    FS_END = CHIP_FS_END,
    BIGGEST = FS_START - SKETCH_END,
};

static struct chip chip;
static struct espota_crypto_openssl openssl;
static struct espota_updater_config config;
static struct espota_updater updater;
static uint8_t image[BIGGEST];
static char md5[ESPOTA_MD5_HEX + 1];

static void digest_of(enum espota_digest_kind kind, const void *data, size_t length, uint8_t *out)
{
    struct espota_digest digest;

    ck_assert_int_eq(openssl.table.digest_start(openssl.table.context, kind, &digest), ESPOTA_OK);
    openssl.table.digest_add(openssl.table.context, &digest, data, length);
    ck_assert_int_eq(openssl.table.digest_finish(openssl.table.context, &digest, out), ESPOTA_OK);
}

static const char *md5_of(const void *data, size_t length)
{
    uint8_t raw[ESPOTA_MD5_SIZE];

    digest_of(ESPOTA_DIGEST_MD5, data, length, raw);
    espota_hex_encode(raw, sizeof(raw), md5);
    return md5;
}

static void setup(void)
{
    chip_init(&chip);
    espota_crypto_openssl_init(&openssl);
    config = chip_update(&chip, &openssl.table, SKETCH);
    config.flash_mode = 2;
    chip_pattern(image, sizeof(image), 1);
    memcpy(image, "\xe9\x01\x02\x20", 4); /* mode dio, 1 MiB */
    espota_updater_init(&updater, &config);
}

static void teardown(void)
{
    ck_assert(!chip.abused);
    espota_updater_abort(&updater);
    espota_crypto_openssl_deinit(&openssl);
}

/* The whole way in pieces of `step` bytes; stops at the first failure. */
static enum espota_status update(uint32_t command, const void *data, uint32_t size,
                                 const char *expected_md5, size_t step)
{
    const uint8_t *bytes = data;
    enum espota_status status = espota_updater_begin(&updater, size, command, expected_md5);

    for (uint32_t at = 0; at < size && status == ESPOTA_OK; at += (uint32_t)step)
        status = espota_updater_write(&updater, bytes + at, size - at < step ? size - at : step);
    return status == ESPOTA_OK ? espota_updater_end(&updater, false) : status;
}

static void assert_message(const char *expected)
{
    char message[ESPOTA_UPDATE_MESSAGE_MAX];
    size_t length = espota_updater_message(&updater, message);

    ck_assert_str_eq(message, expected);
    ck_assert_uint_eq(length, strlen(expected));
}

static void assert_refused(enum espota_status status, enum espota_update_error error)
{
    ck_assert_int_eq(status, ESPOTA_E_REFUSED);
    ck_assert_int_eq(updater.error, error);
    ck_assert(!updater.running);
    ck_assert_uint_eq(chip.stores, 0);
}

static void assert_record(uint32_t source, uint32_t target, uint32_t size)
{
    struct espota_eboot command;

    ck_assert_uint_eq(chip.stores, 1);
    ck_assert_int_eq(espota_eboot_parse(chip.record, &command), ESPOTA_OK);
    ck_assert_uint_eq(command.action, ESPOTA_EBOOT_COPY_RAW);
    ck_assert_uint_eq(command.argument[0], source);
    ck_assert_uint_eq(command.argument[1], target);
    ck_assert_uint_eq(command.argument[2], size);
}

START_TEST(test_program_is_staged_below_the_file_system)
{
    static const uint32_t sizes[] = {4, 255, 256, 257, 4095, 4096, 4097, 10000, BIGGEST};
    static const size_t steps[] = {1, 7, 4096, 5000, BIGGEST};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
            uint32_t start = FS_START - (sizes[i] + 4095) / 4096 * 4096;

            setup();
            ck_assert_int_eq(
                update(ESPOTA_COMMAND_FLASH, image, sizes[i], md5_of(image, sizes[i]), steps[j]),
                ESPOTA_OK);
            ck_assert_int_eq(updater.error, ESPOTA_UPDATE_OK);
            ck_assert_mem_eq(chip.bytes + start, image, sizes[i]);
            for (uint32_t at = start + sizes[i]; at < FS_START; at++)
                ck_assert_uint_eq(chip.bytes[at], 0xff);
            assert_record(start, 0, sizes[i]);
            ck_assert_uint_eq(chip.erases, (sizes[i] + 4095) / 4096);
            teardown();
        }
}
END_TEST

START_TEST(test_file_system_in_place_and_staged)
{
    setup();
    memset(image, 0x42, 3); /* no magic is asked for, and no byte is changed */
    ck_assert_int_eq(update(ESPOTA_COMMAND_FILESYSTEM, image, 10000, md5_of(image, 10000), 999),
                     ESPOTA_OK);
    ck_assert_mem_eq(chip.bytes + FS_START, image, 10000);
    ck_assert_uint_eq(chip.stores, 0);
    teardown();

    setup();
    config.atomic_fs = true;
    ck_assert_int_eq(update(ESPOTA_COMMAND_FILESYSTEM, image, 10000, md5_of(image, 10000), 999),
                     ESPOTA_OK);
    ck_assert_mem_eq(chip.bytes + FS_START - 3 * 4096, image, 10000);
    ck_assert_uint_eq(chip.bytes[FS_START], 0xff);
    assert_record(FS_START - 3 * 4096, FS_START, 10000);
    teardown();
}
END_TEST

START_TEST(test_begin_refuses_in_the_known_order)
{
    setup();
    config.bootstrap = true;
    config.configured_size = CHIP_SIZE + 1;
    assert_refused(espota_updater_begin(&updater, 0, 1, NULL), ESPOTA_UPDATE_BOOTSTRAP);
    assert_message("ERROR[11]: Invalid bootstrapping state, reset ESP8266 before updating\n");
    config.bootstrap = false;
    assert_refused(espota_updater_begin(&updater, 0, 1, NULL), ESPOTA_UPDATE_SIZE);
    assert_message("ERROR[5]: Bad Size Given\n");
    assert_refused(espota_updater_begin(&updater, 10, 1, NULL), ESPOTA_UPDATE_FLASH_CONFIG);
    assert_message("ERROR[8]: Flash config wrong: real: 1048576, SDK: 1048577\n");
    config.configured_size = 1024; /* less than is there does no harm */
    assert_refused(espota_updater_begin(&updater, 10, 1, NULL), ESPOTA_UPDATE_COMMAND);
    assert_message("ERROR[16]: Unknown update command\n");
    assert_refused(espota_updater_begin(&updater, UINT32_MAX, 0, NULL), ESPOTA_UPDATE_SPACE);
    assert_message("ERROR[4]: Not Enough Space\n");
    ck_assert_int_eq(espota_updater_begin(&updater, 10, 0, NULL), ESPOTA_OK);
    ck_assert_int_eq(updater.error, ESPOTA_UPDATE_OK);
    ck_assert_uint_eq(chip.erases, 0);
    teardown();
}
END_TEST

START_TEST(test_begin_measures_the_space)
{
    static const struct {
        uint32_t command;
        bool atomic;
        uint32_t most;
    } cases[] = {{0, false, BIGGEST}, {100, false, FS_END - FS_START}, {100, true, 0x40000}};

    for (size_t i = 0; i < 3; i++) {
        setup();
        config.atomic_fs = cases[i].atomic;
        ck_assert_int_eq(espota_updater_begin(&updater, cases[i].most, cases[i].command, NULL),
                         ESPOTA_OK);
        espota_updater_abort(&updater);
        assert_refused(espota_updater_begin(&updater, cases[i].most + 1, cases[i].command, NULL),
                       ESPOTA_UPDATE_SPACE);
        /* 2^32 - 1 rounds up to 2^32 */
        assert_refused(espota_updater_begin(&updater, UINT32_MAX, cases[i].command, NULL),
                       ESPOTA_UPDATE_SPACE);
        teardown();
    }
    setup(); /* staged, a file system must fit below itself as well */
    config.atomic_fs = true;
    config.sketch_size = FS_START - 0x3f000;
    ck_assert_int_eq(espota_updater_begin(&updater, 0x3f000, 100, NULL), ESPOTA_OK);
    espota_updater_abort(&updater);
    assert_refused(espota_updater_begin(&updater, 0x40000, 100, NULL), ESPOTA_UPDATE_SPACE);
    config.sketch_size = 0; /* even an empty chip has an end */
    assert_refused(espota_updater_begin(&updater, FS_START + 1, 0, NULL), ESPOTA_UPDATE_SPACE);
    ck_assert_int_eq(espota_updater_begin(&updater, FS_START, 0, NULL), ESPOTA_OK);
    teardown();
}
END_TEST

START_TEST(test_slots_and_images_of_other_devices)
{
    setup();
    config.slot_start = 0x80000;
    config.any_image = true;
    config.flash_mode = ESPOTA_FLASH_MODE_KEEP;
    memcpy(image, "\x3d\xb8\xf3\x96", 4);
    ck_assert_int_eq(update(0, image, 10000, md5_of(image, 10000), 1000), ESPOTA_OK);
    assert_record(0x80000, 0, 10000);
    ck_assert_mem_eq(chip.bytes + 0x80000, image, 10000);
    chip.stores = 0;
    ck_assert_int_eq(espota_updater_begin(&updater, FS_START - 0x80000, 0, NULL), ESPOTA_OK);
    espota_updater_abort(&updater);
    assert_refused(espota_updater_begin(&updater, FS_START - 0x80000 + 1, 0, NULL),
                   ESPOTA_UPDATE_SPACE);
    assert_refused(espota_updater_begin(&updater, UINT32_MAX, 0, NULL), ESPOTA_UPDATE_SPACE);
    config.slot_start = SKETCH_END; /* right behind the running program */
    ck_assert_int_eq(espota_updater_begin(&updater, 10, 0, NULL), ESPOTA_OK);
    espota_updater_abort(&updater);
    config.slot_start -= ESPOTA_SECTOR_SIZE;
    assert_refused(espota_updater_begin(&updater, 10, 0, NULL), ESPOTA_UPDATE_SPACE);
    teardown();
}
END_TEST

START_TEST(test_a_second_begin_leaves_the_first_alone)
{
    setup();
    ck_assert_int_eq(espota_updater_begin(&updater, 5000, 0, md5_of(image, 5000)), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_write(&updater, image, 4500), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_begin(&updater, 10, 100, NULL), ESPOTA_E_REFUSED);
    assert_message("ERROR[15]: Update already running\n");
    ck_assert(updater.running);
    ck_assert_uint_eq(espota_updater_received(&updater), 4500);
    ck_assert_uint_eq(espota_updater_remaining(&updater), 500);
    ck_assert_int_eq(espota_updater_write(&updater, image + 4500, 500), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_end(&updater, false), ESPOTA_OK);
    assert_message("ERROR[0]: No Error\n");
    teardown();
}
END_TEST

START_TEST(test_more_than_announced)
{
    setup();
    ck_assert_int_eq(espota_updater_begin(&updater, 100, 0, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_write(&updater, image, 60), ESPOTA_OK);
    assert_refused(espota_updater_write(&updater, image, 41), ESPOTA_UPDATE_SPACE);
    ck_assert_int_eq(espota_updater_write(&updater, image, 1), ESPOTA_E_REFUSED);
    ck_assert_int_eq(espota_updater_filled(&updater, 1), ESPOTA_E_REFUSED);
    assert_refused(espota_updater_end(&updater, false), ESPOTA_UPDATE_SPACE);
    ck_assert_uint_eq(chip.writes, 0);
    teardown();
}
END_TEST

START_TEST(test_room_is_never_more_than_is_left)
{
    size_t room;
    uint8_t *at;

    setup();
    ck_assert_ptr_null(espota_updater_room(&updater, &room));
    ck_assert_int_eq(espota_updater_begin(&updater, 4096 + 100, 0, md5_of(image, 4196)), ESPOTA_OK);
    at = espota_updater_room(&updater, &room);
    ck_assert_uint_eq(room, 4096);
    memcpy(at, image, 4000);
    ck_assert_int_eq(espota_updater_filled(&updater, 4000), ESPOTA_OK);
    at = espota_updater_room(&updater, &room);
    ck_assert_uint_eq(room, 96);
    memcpy(at, image + 4000, 96);
    ck_assert_int_eq(espota_updater_filled(&updater, 96), ESPOTA_OK);
    ck_assert_uint_eq(chip.writes, 1);
    at = espota_updater_room(&updater, &room);
    ck_assert_uint_eq(room, 100);
    memcpy(at, image + 4096, 100);
    ck_assert_int_eq(espota_updater_filled(&updater, 0), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_filled(&updater, 100), ESPOTA_OK);
    ck_assert_ptr_null(espota_updater_room(&updater, &room));
    ck_assert_uint_eq(room, 0);
    ck_assert_int_eq(espota_updater_end(&updater, false), ESPOTA_OK);
    /* claiming more than there was room for ends the update instead of the buffer */
    ck_assert_int_eq(espota_updater_begin(&updater, 100, 0, NULL), ESPOTA_OK);
    chip.stores = 0;
    assert_refused(espota_updater_filled(&updater, 101), ESPOTA_UPDATE_SPACE);
    teardown();
}
END_TEST

START_TEST(test_incomplete)
{
    setup();
    ck_assert_int_eq(espota_updater_end(&updater, false), ESPOTA_E_BROKEN); /* nothing began */
    assert_message("ERROR[0]: No Error\n");
    ck_assert_int_eq(espota_updater_begin(&updater, 10000, 0, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_end(&updater, false), ESPOTA_E_BROKEN);
    assert_message("ERROR[13]: No data supplied\n");
    /* the original counts what is in flash: less than a sector is nothing */
    ck_assert_int_eq(espota_updater_begin(&updater, 10000, 0, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_write(&updater, image, 4095), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_end(&updater, false), ESPOTA_E_BROKEN);
    ck_assert_int_eq(updater.error, ESPOTA_UPDATE_NO_DATA);
    ck_assert_int_eq(espota_updater_begin(&updater, 10000, 0, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_write(&updater, image, 9999), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_end(&updater, false), ESPOTA_E_BROKEN);
    assert_message("ERROR[0]: No Error\n");
    ck_assert(!updater.running);
    ck_assert_uint_eq(chip.stores, 0);
    teardown();
}
END_TEST

START_TEST(test_as_is)
{
    setup();
    ck_assert_int_eq(espota_updater_begin(&updater, BIGGEST, 0, md5_of(image, 5000)), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_write(&updater, image, 5000), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_end(&updater, true), ESPOTA_OK);
    assert_record(FS_START - BIGGEST, 0, 5000);
    ck_assert_mem_eq(chip.bytes + FS_START - BIGGEST, image, 5000);
    ck_assert_int_eq(espota_updater_begin(&updater, BIGGEST, 0, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_end(&updater, true), ESPOTA_E_BROKEN);
    ck_assert_int_eq(updater.error, ESPOTA_UPDATE_NO_DATA);
    ck_assert_int_eq(espota_updater_begin(&updater, BIGGEST, 0, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_updater_write(&updater, image, 50), ESPOTA_OK);
    chip.fail_write = chip.writes + 1;
    ck_assert_int_eq(espota_updater_end(&updater, true), ESPOTA_E_REFUSED);
    assert_message("ERROR[1]: Flash Write Failed\n");
    teardown();
}
END_TEST

START_TEST(test_md5)
{
    char expected[ESPOTA_UPDATE_MESSAGE_MAX];
    char upper[ESPOTA_MD5_HEX + 1];

    setup();
    md5_of(image, 5000);
    for (size_t i = 0; i <= ESPOTA_MD5_HEX; i++)
        upper[i] = (char)(md5[i] >= 'a' ? md5[i] - 'a' + 'A' : md5[i]);
    ck_assert_int_eq(update(0, image, 5000, upper, 100), ESPOTA_OK);
    ck_assert_int_eq(update(0, image, 5000, NULL, 100), ESPOTA_OK);
    chip.stores = 0;
    assert_refused(update(0, image, 5000, "0123456789ABCDEFghijklmnopqrst\n\\", 100),
                   ESPOTA_UPDATE_MD5);
    snprintf(expected, sizeof(expected),
             "ERROR[7]: MD5 verification failed: expected: 0123456789ABCDEFghijklmnopqrst\n\\, "
             "calculated: %s\n",
             md5);
    assert_message(expected);
    for (size_t i = 0; i < ESPOTA_MD5_HEX; i++) {
        char wrong[ESPOTA_MD5_HEX + 1];

        memcpy(wrong, md5, sizeof(wrong));
        wrong[i] ^= 1;
        assert_refused(update(0, image, 5000, wrong, 5000), ESPOTA_UPDATE_MD5);
    }
    for (size_t i = 1; i < ESPOTA_MD5_HEX;
         i++) { /* cut short, it is not filled up by the last one */
        char part[ESPOTA_MD5_HEX + 1] = "";

        assert_refused(update(0, image, 5000, "0123", 5000), ESPOTA_UPDATE_MD5);
        chip.stores = 0;
        ck_assert_int_eq(update(0, image, 5000, md5, 5000), ESPOTA_OK);
        chip.stores = 0;
        memcpy(part, md5, i);
        assert_refused(update(0, image, 5000, part, 5000), ESPOTA_UPDATE_MD5);
    }
    teardown();
}
END_TEST

START_TEST(test_flash_mode_of_the_device_wins)
{
    for (unsigned mode = 0; mode < 256; mode++) {
        enum espota_status status;
        bool is_mode = mode <= 3;

        setup();
        image[2] = (uint8_t)mode;
        status = update(0, image, 5000, md5_of(image, 5000), 1000);
        ck_assert_uint_eq(chip.bytes[FS_START - 2 * 4096 + 2], 2);
        if (is_mode) {
            ck_assert_int_eq(status, ESPOTA_OK);
        } else {
            image[2] = 0xff; /* what the original digests in its place */
            ck_assert_int_eq(status, mode == 0xff ? ESPOTA_OK : ESPOTA_E_REFUSED);
            ck_assert_int_eq(updater.error, mode == 0xff ? ESPOTA_UPDATE_OK : ESPOTA_UPDATE_MD5);
            ck_assert_mem_eq(
                updater.calculated,
                (digest_of(ESPOTA_DIGEST_MD5, image, 5000, updater.sector), updater.sector),
                ESPOTA_MD5_SIZE);
        }
        teardown();
    }
}
END_TEST

START_TEST(test_flash_mode_is_left_alone)
{
    setup(); /* in a file system */
    image[2] = 0;
    ck_assert_int_eq(update(100, image, 5000, md5_of(image, 5000), 1000), ESPOTA_OK);
    ck_assert_mem_eq(chip.bytes + FS_START, image, 5000);
    teardown();
    setup(); /* in a gzip, and behind its first sector */
    memcpy(image, "\x1f\x8b\x00", 3);
    image[4096 + 2] = 0;
    image[4096] = 0xe9;
    ck_assert_int_eq(update(0, image, 5000, md5_of(image, 5000), 1000), ESPOTA_OK);
    ck_assert_mem_eq(chip.bytes + FS_START - 8192, image, 5000);
    teardown();
    setup(); /* on a device that has none */
    config.flash_mode = ESPOTA_FLASH_MODE_KEEP;
    image[2] = 0x77;
    ck_assert_int_eq(update(0, image, 5000, md5_of(image, 5000), 1000), ESPOTA_OK);
    ck_assert_mem_eq(chip.bytes + FS_START - 8192, image, 5000);
    teardown();
    setup(); /* where there is no such byte */
    ck_assert_int_eq(update(100, image, 2, md5_of(image, 2), 1), ESPOTA_OK);
    assert_refused(update(0, "\x55\x66", 2, md5_of("\x55\x66", 2), 1), ESPOTA_UPDATE_MAGIC);
    ck_assert_mem_eq(chip.bytes + FS_START - 4096, "\x55\x66\xff\xff", 4);
    teardown();
}
END_TEST

START_TEST(test_magic)
{
    for (unsigned first = 0; first < 256; first++) {
        bool gzip = first == 0x1f;

        ck_assert_int_eq(espota_updater_magic(0, (uint8_t)first), first == 0xe9 || gzip);
        ck_assert(espota_updater_magic(100, (uint8_t)first));
        if (first == 0xe9)
            continue;
        setup();
        image[0] = (uint8_t)first;
        image[1] = 0x8a; /* not yet a gzip */
        assert_refused(update(0, image, 5000, md5_of(image, 5000), 5000), ESPOTA_UPDATE_MAGIC);
        assert_message("ERROR[10]: Magic byte is not 0xE9\n");
        teardown();
    }
}
END_TEST

START_TEST(test_flash_size_in_the_header)
{
    for (unsigned nibble = 0; nibble < 16; nibble++) {
        static const bool too_large[16] = {[3] = true, [4] = true, [8] = true, [9] = true};

        setup();
        image[3] = (uint8_t)(nibble << 4 | 0x0f);
        if (too_large[nibble]) {
            assert_refused(update(0, image, 5000, NULL, 5000), ESPOTA_UPDATE_NEW_FLASH_CONFIG);
            assert_message("ERROR[9]: new Flash config wrong, real size: 1048576\n");
        } else {
            ck_assert_int_eq(update(0, image, 5000, NULL, 5000), ESPOTA_OK);
        }
        teardown();
    }
}
END_TEST

START_TEST(test_each_nth_flash_operation_fails)
{
    struct {
        unsigned *which;
        enum espota_update_error error;
        unsigned count;
        const char *text;
    } cases[] = {{&chip.fail_read, ESPOTA_UPDATE_READ, 1, "ERROR[3]: Flash Read Failed\n"},
                 {&chip.fail_erase, ESPOTA_UPDATE_ERASE, 5, "ERROR[2]: Flash Erase Failed\n"},
                 {&chip.fail_write, ESPOTA_UPDATE_WRITE, 5, "ERROR[1]: Flash Write Failed\n"}};

    for (size_t i = 0; i < 3; i++)
        for (unsigned nth = 1; nth <= cases[i].count + 1; nth++) {
            enum espota_status status;

            setup();
            *cases[i].which = nth;
            status = update(0, image, 20000, md5_of(image, 20000), 777);
            if (nth > cases[i].count) {
                ck_assert_int_eq(status, ESPOTA_OK);
            } else {
                assert_refused(status, cases[i].error);
                assert_message(cases[i].text);
                chip_reset(&chip); /* and the next one is as good as the first */
                ck_assert_int_eq(update(0, image, 20000, md5_of(image, 20000), 777), ESPOTA_OK);
            }
            teardown();
        }
    setup();
    chip.fail_store = true;
    assert_refused(update(0, image, 5000, NULL, 777), ESPOTA_UPDATE_WRITE);
    teardown();
}
END_TEST

/* A table over OpenSSL's that counts what is asked for, and can refuse. */
struct counting_crypto {
    struct espota_crypto table;
    unsigned md5;
    unsigned sha256;
    unsigned dropped;
    unsigned fail_start;
    bool fail_finish;
};

static enum espota_status count_start(void *context, enum espota_digest_kind kind,
                                      struct espota_digest *digest)
{
    struct counting_crypto *counting = context;

    if (counting->fail_start > 0 && --counting->fail_start == 0)
        return ESPOTA_E_MEMORY;
    *(kind == ESPOTA_DIGEST_MD5 ? &counting->md5 : &counting->sha256) += 1;
    return openssl.table.digest_start(openssl.table.context, kind, digest);
}

static void count_add(void *context, struct espota_digest *digest, const void *data, size_t length)
{
    (void)context;
    openssl.table.digest_add(openssl.table.context, digest, data, length);
}

static enum espota_status count_finish(void *context, struct espota_digest *digest, uint8_t *out)
{
    struct counting_crypto *counting = context;
    enum espota_status status = openssl.table.digest_finish(openssl.table.context, digest, out);

    return counting->fail_finish ? ESPOTA_E_FAILED : status;
}

static void count_drop(void *context, struct espota_digest *digest)
{
    struct counting_crypto *counting = context;

    counting->dropped++;
    openssl.table.digest_drop(openssl.table.context, digest);
}

static void count_crypto(struct counting_crypto *counting)
{
    memset(counting, 0, sizeof(*counting));
    counting->table.context = counting;
    counting->table.digest_start = count_start;
    counting->table.digest_add = count_add;
    counting->table.digest_finish = count_finish;
    counting->table.digest_drop = count_drop;
    config.crypto = &counting->table;
}

START_TEST(test_digest_failures_and_drops)
{
    struct counting_crypto counting;

    setup();
    count_crypto(&counting);
    counting.fail_start = 1;
    assert_refused(espota_updater_begin(&updater, 10, 0, NULL), ESPOTA_UPDATE_MEMORY);
    assert_message("ERROR[14]: Out of memory\n");
    counting.fail_finish = true;
    assert_refused(update(0, image, 5000, NULL, 5000), ESPOTA_UPDATE_MEMORY);
    ck_assert_uint_eq(counting.dropped, 0);
    ck_assert_int_eq(espota_updater_begin(&updater, 10, 0, NULL), ESPOTA_OK);
    espota_updater_fail(&updater, ESPOTA_UPDATE_STREAM);
    assert_message("ERROR[6]: Stream Read Timeout\n");
    espota_updater_abort(&updater);
    ck_assert_uint_eq(counting.dropped, 1);
    ck_assert_int_eq(espota_updater_begin(&updater, 10, 0, NULL), ESPOTA_OK);
    teardown();
    ck_assert_uint_eq(counting.dropped, 2);
}
END_TEST

/* A "signature" that is the payload's hash, twice. */
enum { SIGNATURE = 64 };

struct fake_verifier {
    struct espota_verifier table;
    unsigned calls;
};

static enum espota_status fake_verify(void *context, const uint8_t hash[ESPOTA_SHA256_SIZE],
                                      const uint8_t *signature, size_t length)
{
    struct fake_verifier *fake = context;

    fake->calls++;
    ck_assert_uint_eq(length, SIGNATURE);
    if (memcmp(signature, hash, ESPOTA_SHA256_SIZE) != 0 ||
        memcmp(signature + ESPOTA_SHA256_SIZE, hash, ESPOTA_SHA256_SIZE) != 0)
        return ESPOTA_BAD;
    return ESPOTA_OK;
}

static void setup_signed(struct fake_verifier *fake, struct counting_crypto *counting)
{
    setup();
    *fake = (struct fake_verifier){{fake, SIGNATURE, fake_verify}, 0};
    config.verify = &fake->table;
    count_crypto(counting);
}

/* Signs the first `payload` bytes of `image`; returns the size with the trailer. */
static uint32_t sign(uint32_t payload)
{
    digest_of(ESPOTA_DIGEST_SHA256, image, payload, image + payload);
    memcpy(image + payload + ESPOTA_SHA256_SIZE, image + payload, ESPOTA_SHA256_SIZE);
    memcpy(image + payload + SIGNATURE, "\x40\0\0\0", 4);
    return payload + SIGNATURE + 4;
}

START_TEST(test_signed)
{
    static const uint32_t payloads[] = {4, 4028, 4060, 4096, 5000, 12288, 100000};

    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
        for (int atomic = 0; atomic < 2; atomic++) {
            struct fake_verifier fake;
            struct counting_crypto counting;
            uint32_t size;

            setup_signed(&fake, &counting);
            config.atomic_fs = atomic == 1;
            size = sign(payloads[i]);
            /* the MD5 is wrong, and nobody looks */
            ck_assert_int_eq(update(0, image, size, "00000000000000000000000000000000", 1460),
                             ESPOTA_OK);
            assert_record(FS_START - (size + 4095) / 4096 * 4096, 0, payloads[i]);
            chip.stores = 0;
            ck_assert_int_eq(update(100, image, size, NULL, 1460), ESPOTA_OK);
            ck_assert_uint_eq(chip.stores, (unsigned)atomic);
            ck_assert_uint_eq(counting.md5, 0);
            ck_assert_uint_eq(counting.sha256, 2);
            ck_assert_uint_eq(fake.calls, 2);
            ck_assert_uint_eq(counting.dropped, 0);
            teardown();
        }
}
END_TEST

START_TEST(test_signature_is_refused)
{
    struct fake_verifier fake;
    struct counting_crypto counting;
    uint32_t size;

    setup_signed(&fake, &counting);
    assert_refused(update(0, image, 5000, NULL, 1460), ESPOTA_UPDATE_SIGNATURE); /* unsigned */
    assert_message("ERROR[12]: Signature verification failed\n");
    size = sign(5000);
    for (uint32_t cut = 1; cut <= SIGNATURE + 4; cut++) /* cut short */
        assert_refused(update(0, image, size - cut, NULL, 1460), ESPOTA_UPDATE_SIGNATURE);
    ck_assert_uint_eq(fake.calls, 0);
    for (uint32_t at = 4; at < size; at += at < 5000 ? 97 : 1) {
        image[at] ^= 0x10;
        assert_refused(update(0, image, size, NULL, 1460), ESPOTA_UPDATE_SIGNATURE);
        image[at] ^= 0x10;
    }
    for (uint32_t tiny = 1; tiny <= SIGNATURE + 4; tiny++) { /* no payload at all */
        sign(0);
        assert_refused(update(100, image + SIGNATURE + 4 - tiny, tiny, NULL, 1460),
                       ESPOTA_UPDATE_SIGNATURE);
    }
    fake.table.signature_size = ESPOTA_SECTOR_SIZE + 1;
    assert_refused(update(0, image, 10000, NULL, 1460), ESPOTA_UPDATE_SIGNATURE);
    teardown();
}
END_TEST

/* The hash is of what is in flash: where the mode was patched, the signature does not fit. */
START_TEST(test_signature_and_flash_mode)
{
    struct fake_verifier fake;
    struct counting_crypto counting;

    setup_signed(&fake, &counting);
    image[2] = 0;
    assert_refused(update(0, image, sign(5000), NULL, 1460), ESPOTA_UPDATE_SIGNATURE);
    memcpy(image, "\x1f\x8b\x00", 3);
    ck_assert_int_eq(update(0, image, sign(5000), NULL, 1460), ESPOTA_OK);
    teardown();
}
END_TEST

START_TEST(test_signature_and_failures)
{
    struct fake_verifier fake;
    struct counting_crypto counting;
    uint32_t size;

    setup_signed(&fake, &counting);
    size = sign(5000);
    for (unsigned nth = 1; nth <= 5; nth++) { /* length, two sectors, signature, header */
        chip_reset(&chip);
        chip.fail_read = nth;
        assert_refused(update(0, image, size, NULL, 5000), ESPOTA_UPDATE_READ);
    }
    ck_assert_uint_eq(counting.dropped, 2);
    chip_reset(&chip);
    chip.fail_read = 6;
    ck_assert_int_eq(update(0, image, size, NULL, 5000), ESPOTA_OK);
    chip_reset(&chip);
    counting.fail_start = 1;
    assert_refused(update(0, image, size, NULL, 5000), ESPOTA_UPDATE_MEMORY);
    counting.fail_finish = true;
    assert_refused(update(0, image, size, NULL, 5000), ESPOTA_UPDATE_MEMORY);
    teardown();
}
END_TEST

START_TEST(test_messages_never_overrun)
{
    setup();
    for (unsigned error = 0; error < 256; error++) {
        char message[ESPOTA_UPDATE_MESSAGE_MAX];
        char number[16];
        size_t length;

        updater.error = (uint8_t)error;
        config.chip_size = config.configured_size = UINT32_MAX;
        length = espota_updater_message(&updater, message);
        ck_assert_int_eq(message[length], '\0');
        ck_assert_int_eq(message[length - 1], '\n');
        snprintf(number, sizeof(number), "ERROR[%u]: ", error);
        ck_assert_int_eq(strncmp(message, number, strlen(number)), 0);
        if (error > ESPOTA_UPDATE_COMMAND)
            ck_assert_str_eq(message + strlen(number), "UNKNOWN\n");
    }
    teardown();
}
END_TEST

UNIT_MAIN("firmware-stub/updater", test_program_is_staged_below_the_file_system,
          test_file_system_in_place_and_staged, test_begin_refuses_in_the_known_order,
          test_begin_measures_the_space, test_slots_and_images_of_other_devices,
          test_a_second_begin_leaves_the_first_alone, test_more_than_announced,
          test_room_is_never_more_than_is_left, test_incomplete, test_as_is, test_md5,
          test_flash_mode_of_the_device_wins, test_flash_mode_is_left_alone, test_magic,
          test_flash_size_in_the_header, test_each_nth_flash_operation_fails,
          test_digest_failures_and_drops, test_signed, test_signature_is_refused,
          test_signature_and_flash_mode, test_signature_and_failures, test_messages_never_overrun)
