/* SPDX-License-Identifier: MIT */
/*
 * The loader is the portable one. What is added here is what a person wants to know afterwards:
 * what it started, and whether a real chip would have started it.
 */
#include "port/posix/boot.h"

#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "port/zlib/zlib.h"
#include "wire/wire.h"

enum {
    LENGTH_AT = 0x1010, /* the length of the whole program, where its build put it */
    IMAGE_MAGIC = 0xe9,
    SEGMENTS_MAX = 16,
    FLASH_MODE_MAX = 3,
};

static enum espota_status rtc_store(void *context, const uint8_t record[ESPOTA_EBOOT_SIZE])
{
    struct stub_rtc *rtc = context;

    if (stub_chip_sync(rtc->chip, NULL) != ESPOTA_OK)
        return ESPOTA_E_LOCAL;
    memcpy(rtc->record, record, ESPOTA_EBOOT_SIZE);
    if (rtc->disk.fd < 0)
        return ESPOTA_OK;
    if (espota_disk_write(&rtc->disk, 0, record, ESPOTA_EBOOT_SIZE) != ESPOTA_OK)
        return ESPOTA_E_LOCAL;
    return espota_disk_sync(&rtc->disk, NULL);
}

static enum espota_status rtc_load(void *context, uint8_t record[ESPOTA_EBOOT_SIZE])
{
    struct stub_rtc *rtc = context;

    if (rtc->disk.fd >= 0 &&
        espota_disk_read(&rtc->disk, 0, rtc->record, ESPOTA_EBOOT_SIZE) != ESPOTA_OK)
        return ESPOTA_E_LOCAL;
    memcpy(record, rtc->record, ESPOTA_EBOOT_SIZE);
    return ESPOTA_OK;
}

enum espota_status stub_rtc_init(struct stub_rtc *rtc, const char *path,
                                 const struct stub_chip *chip, struct espota_error *err)
{
    *rtc = (struct stub_rtc){
        .table = {.context = rtc, .store = rtc_store, .load = rtc_load},
        .chip = chip,
        .disk = ESPOTA_DISK_INIT,
    };
    if (path == NULL)
        return ESPOTA_OK;
    if (espota_disk_init(&rtc->disk, path, ESPOTA_EBOOT_SIZE, true, 0, err) != ESPOTA_OK)
        return espota_error_prefix(err, "the boot memory");
    return ESPOTA_OK;
}

void stub_rtc_deinit(struct stub_rtc *rtc)
{
    espota_disk_deinit(&rtc->disk);
}

/* Runs the loader, and once more after a reset: a command that failed is gone by then. */
static void run_loader(const struct espota_boot_ops *ops, uint8_t sector[ESPOTA_SECTOR_SIZE],
                       struct stub_boot *boot)
{
    enum espota_boot_next next = espota_boot_run(ops, sector, &boot->first);

    boot->loaded = boot->first;
    if (next == ESPOTA_BOOT_RESET && boot->first.command)
        next = espota_boot_run(ops, sector, &boot->loaded);
    /* The original jumps to whatever its header says; only this makes it a program. */
    boot->starts = next == ESPOTA_BOOT_START && boot->loaded.magic == IMAGE_MAGIC &&
                   boot->loaded.segments > 0 && boot->loaded.segments <= SEGMENTS_MAX;
}

static uint32_t copied_length(const struct stub_boot *boot)
{
    const struct espota_boot_report *report = &boot->first;
    const uint32_t *argument = report->what.argument;

    if (!report->command || report->what.action != ESPOTA_EBOOT_COPY_RAW ||
        report->copied != ESPOTA_EBOOT_DONE || argument[1] != 0)
        return 0;
    return boot->unpacked != 0 ? boot->unpacked : argument[2];
}

/*
 * Whether a loader that looked would unpack the `size` bytes at `source` to address 0: one whole
 * gzip member and nothing behind it, the length in its last four bytes true, the CRC good, and no
 * sector overwritten before it was read. What is no gzip is fine as well.
 */
static bool is_safe_gzip(const struct espota_flash *flash, uint32_t source, uint32_t size)
{
    struct espota_unpacked unpacked;
    uint8_t *bytes = size > 0 ? malloc(size) : NULL;
    bool safe = false;

    if (bytes == NULL || flash->read(flash->context, source, bytes, size) != ESPOTA_OK)
        goto done;
    safe = size < 2 || bytes[0] != 0x1f || bytes[1] != 0x8b;
    if (safe || espota_gzip_unpack(bytes, size, &unpacked, NULL) != ESPOTA_OK)
        goto done;
    safe = unpacked.whole && unpacked.consumed == size &&
           unpacked.length_stored == unpacked.length &&
           unpacked.crc_stored == unpacked.crc_computed && unpacked.least_staging <= source;
    espota_unpacked_free(&unpacked);
done:
    free(bytes);
    return safe;
}

/*
 * The original believes the last four bytes of a gzip, and unpacks what is damaged or too long.
 * This loader looks first, unless it plays the original: then the copy fails and the program that
 * was there starts.
 */
static bool would_spoil(const struct espota_boot_ops *ops)
{
    uint8_t record[ESPOTA_EBOOT_SIZE];
    struct espota_eboot command;

    return ops->memory->load(ops->memory->context, record) == ESPOTA_OK &&
           espota_eboot_parse(record, &command) == ESPOTA_OK &&
           command.action == ESPOTA_EBOOT_COPY_RAW &&
           !is_safe_gzip(ops->flash, command.argument[0], command.argument[2]);
}

/* The ROM starts the loader from sector 0, so nothing starts without it. */
static enum espota_status check_loader(struct stub_chip *chip, struct stub_boot *boot)
{
    struct espota_image_source source = {chip, ESPOTA_SECTOR_SIZE, chip->table.read};
    struct espota_image image;
    uint8_t magic;

    if (chip->table.read(chip, 0, &magic, 1) != ESPOTA_OK ||
        espota_image_inspect(&source, NULL, &image) != ESPOTA_OK)
        return ESPOTA_E_LOCAL;
    boot->loader_lost = magic == IMAGE_MAGIC && image.checksum != ESPOTA_CHECK_GOOD;
    boot->starts = boot->starts && !boot->loader_lost;
    return ESPOTA_OK;
}

/* From the flash itself where the build says so, else what was just copied to the beginning. */
static enum espota_status find_program(struct stub_chip *chip, uint32_t limit,
                                       struct stub_boot *boot)
{
    uint8_t head[8];
    uint8_t word[4];
    struct espota_reader reader;
    const struct espota_flash *flash = &chip->table;

    if (flash->read(chip, 0, head, sizeof(head)) != ESPOTA_OK ||
        flash->read(chip, LENGTH_AT, word, sizeof(word)) != ESPOTA_OK)
        return ESPOTA_E_LOCAL;
    /* a program that runs knows its flash mode; with none there is nothing to be true to */
    boot->flash_mode = boot->starts && head[2] <= FLASH_MODE_MAX ? head[2] : ESPOTA_FLASH_MODE_KEEP;
    boot->blank = head[0] == 0xff && memcmp(head, head + 1, sizeof(head) - 1) == 0;
    espota_reader_init(&reader, word, sizeof(word));
    boot->length = espota_read_u32le(&reader);
    if (!boot->starts || head[0] != IMAGE_MAGIC || boot->length <= LENGTH_AT ||
        boot->length > limit)
        boot->length = copied_length(boot);
    return ESPOTA_OK;
}

static enum espota_status fingerprint(struct stub_chip *chip, const struct espota_crypto *crypto,
                                      uint8_t sector[ESPOTA_SECTOR_SIZE], struct stub_boot *boot)
{
    struct espota_digest digest;
    enum espota_status status = crypto->digest_start(crypto->context, ESPOTA_DIGEST_MD5, &digest);

    if (status != ESPOTA_OK)
        return status;
    for (uint32_t at = 0; at < boot->length; at += ESPOTA_SECTOR_SIZE) {
        uint32_t left = boot->length - at; /* at < length */
        uint32_t piece = left < ESPOTA_SECTOR_SIZE ? left : ESPOTA_SECTOR_SIZE;

        status = chip->table.read(chip, boot->start + at, sector, piece);
        if (status != ESPOTA_OK) {
            crypto->digest_drop(crypto->context, &digest);
            return status;
        }
        crypto->digest_add(crypto->context, &digest, sector, piece);
    }
    return espota_digest_finish_hex(crypto, &digest, boot->md5);
}

/* The ESP8266's loader, and what it started. */
static enum espota_status play_eboot(struct stub_chip *chip, struct stub_rtc *rtc, uint32_t limit,
                                     bool quirks, uint8_t sector[ESPOTA_SECTOR_SIZE],
                                     void (*serial)(void *context, const char *line), void *context,
                                     struct stub_boot *boot)
{
    struct espota_gunzip_zlib *gunzip = malloc(sizeof(*gunzip));
    struct espota_boot_ops ops = {
        .context = context, .flash = &chip->table, .memory = &rtc->table, .log = serial};
    enum espota_status status;

    if (gunzip == NULL)
        return ESPOTA_E_MEMORY;
    espota_gunzip_zlib_init(gunzip);
    boot->refused = !quirks && would_spoil(&ops);
    if (!boot->refused)
        ops.gunzip = &gunzip->table;
    run_loader(&ops, sector, boot);
    boot->unpacked = gunzip->unpacked;
    free(gunzip);
    status = check_loader(chip, boot);
    return status == ESPOTA_OK ? find_program(chip, limit, boot) : status;
}

/* A program as the image room reads it, wherever it lies. */
struct program_place {
    struct stub_chip *chip;
    uint32_t start;
};

static enum espota_status read_place(void *context, uint32_t offset, void *data, size_t length)
{
    const struct program_place *place = context;

    return place->chip->table.read(place->chip, place->start + offset, data, length);
}

enum espota_status stub_boot_play(struct stub_chip *chip, struct stub_rtc *rtc,
                                  struct stub_safe *safe, const struct espota_crypto *crypto,
                                  uint32_t limit, bool quirks, uint8_t sector[ESPOTA_SECTOR_SIZE],
                                  void (*serial)(void *context, const char *line), void *context,
                                  struct stub_boot *boot, struct espota_error *err)
{
    struct program_place place = {.chip = chip};
    struct espota_image_source source = {.context = &place, .read = read_place};
    enum espota_status status;

    memset(boot, 0, sizeof(*boot));
    if (safe != NULL) {
        status = stub_safe_play(safe, chip, sector, boot, err);
        if (status != ESPOTA_OK)
            return status;
    } else {
        status = play_eboot(chip, rtc, limit, quirks, sector, serial, context, boot);
    }
    if (status == ESPOTA_OK && boot->length > 0)
        status = fingerprint(chip, crypto, sector, boot);
    place.start = boot->start;
    source.length = boot->length;
    if (status == ESPOTA_OK && boot->length > 0)
        status = espota_image_inspect(&source, crypto, &boot->image);
    if (status != ESPOTA_OK)
        return espota_error_set(err, status, "the flash chip cannot be read: %s", chip->problem);
    return ESPOTA_OK;
}
