/* SPDX-License-Identifier: MIT */
/*
 * A device takes much that it cannot start, and some of it destroys its boot loader. Refused is
 * only what is certain to fail; what is merely odd is told and sent. The device's own checks come
 * after these: they are no substitute, for most of them come after the erase.
 */
#include "send/preflight.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "image/image.h"
#include "sign/sign.h"
#include "sys/sys.h"

/* One check under way. */
struct check {
    const struct espota_preflight *request;
    const struct espota_image_file *file;
    const struct espota_image *image; /* what would run: inside gzip where there is one */
    struct espota_error *err;
};

/* Refuses: beside these remedies it can always be sent all the same. */
static enum espota_status refuse(const struct check *check, uint32_t ways, const char *format, ...)
    ESPOTA_PRINTF(3, 4);
static enum espota_status refuse(const struct check *check, uint32_t ways, const char *format, ...)
{
    char why[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    return espota_error_remedy(check->err, ESPOTA_E_IMAGE, ways | ESPOTA_REMEDY_FORCE,
                               "%s is not sent: %s", check->request->name, why);
}

/* A problem or a note as a clause: its sentence without the full stop. */
static void clause(const struct espota_image_problem *problem, char out[ESPOTA_PROBLEM_TEXT_MAX])
{
    espota_image_problem_text(problem, out);
    out[strlen(out) - 1] = '\0';        /* every sentence ends in one */
    if (out[1] >= 'a' && out[1] <= 'z') /* a word, no "UF2" */
        out[0] = (char)(out[0] | 0x20);
}

static enum espota_status check_problems(const struct check *check, const char *where,
                                         const struct espota_image *image)
{
    char text[ESPOTA_PROBLEM_TEXT_MAX];

    if (image->problem_count == 0)
        return ESPOTA_OK;
    clause(&image->problems[0], text);
    return refuse(check, 0, "%s%s", where, text);
}

static bool is_esp8266(enum espota_chip chip)
{
    return chip == ESPOTA_CHIP_ESP8266;
}

/* An image for one family on a device of another, as far as both are known. */
static enum espota_status check_chip(const struct check *check)
{
    enum espota_chip target = check->request->chip;
    enum espota_chip chip = check->image->chip;

    if (target == ESPOTA_CHIP_UNKNOWN || chip == ESPOTA_CHIP_UNKNOWN || target == chip)
        return ESPOTA_OK;
    return refuse(check, 0, "it is for %s, and the device is %s", espota_chip_name(chip),
                  espota_chip_name(target));
}

static enum espota_status check_unknown(const struct check *check)
{
    const struct espota_image *image = check->image;
    char text[ESPOTA_PROBLEM_TEXT_MAX];

    if (image->length == 0)
        return check_problems(check, "", image);
    if (!check->request->lenient) {
        clause(&image->problems[0], text);
        return refuse(
            check, check->request->road == ESPOTA_ROAD_ESPHOME ? 0 : ESPOTA_REMEDY_NAME_DECRYPTED,
            "%s", text);
    }
    clause(&image->problems[0], text);
    espota_log_say(check->request->log, ESPOTA_LOG_WARNING, "%s: %s; it is sent as it is",
                   check->request->name, text);
    return ESPOTA_OK;
}

/* ESPHome's devices take more: what LibreTiny builds, and a program for the host itself. */
static bool is_esphomes(const struct check *check)
{
    const struct espota_image *image = check->image;
    const uint8_t *bytes = check->file->bytes;

    if (check->request->road != ESPOTA_ROAD_ESPHOME)
        return false;
    return (image->kind == ESPOTA_IMAGE_UF2 && espota_chip_is_libretiny(image->chip) &&
            image->problem_count == 0) ||
           (image->kind == ESPOTA_IMAGE_UNKNOWN && check->file->length > 4 &&
            memcmp(bytes,
                   "\x7f"
                   "ELF",
                   4) == 0);
}

/* What is no program: the two that ESPHome can write as well. */
static enum espota_status check_type(const struct check *check)
{
    bool table = check->request->type == ESPOTA_UPLOAD_TYPE_PARTITION_TABLE;
    enum espota_image_kind kind = table ? ESPOTA_IMAGE_ESP32_PARTITION : ESPOTA_IMAGE_ESP32_LOADER;

    if (check->request->road != ESPOTA_ROAD_ESPHOME)
        return refuse(check, 0, "only ESPHome's devices take a boot loader or a partition table");
    if (check->file->outer.kind != kind)
        return refuse(check, 0, "it is %s, and no %s",
                      espota_image_kind_text(check->file->outer.kind),
                      table ? "partition table" : "boot loader of the ESP32 family");
    return ESPOTA_OK;
}

/* Who does not is not told to send one as such. */
static bool takes_filesystems(const struct check *check)
{
    return check->request->road == ESPOTA_ROAD_CALLBACK || check->request->road == ESPOTA_ROAD_WEB;
}

/* What may go to command 0, by its kind alone. */
static enum espota_status check_kind(const struct check *check)
{
    const struct espota_image *image = check->image;

    if (is_esphomes(check))
        return ESPOTA_OK;
    switch (image->kind) {
    case ESPOTA_IMAGE_ESP8266:
    case ESPOTA_IMAGE_ESP32:
    case ESPOTA_IMAGE_PICO:
        return check_problems(check, "", image);
    case ESPOTA_IMAGE_UNKNOWN:
        return check_unknown(check);
    case ESPOTA_IMAGE_ESP8266_USER:
    case ESPOTA_IMAGE_ESP8266_RTOS:
        return refuse(check, 0, "it is %s, which no Arduino device can start",
                      espota_image_kind_text(image->kind));
    case ESPOTA_IMAGE_LITTLEFS:
    case ESPOTA_IMAGE_SPIFFS:
    case ESPOTA_IMAGE_FAT:
        return refuse(check, takes_filesystems(check) ? ESPOTA_REMEDY_AS_FILESYSTEM : 0, "it is %s",
                      espota_image_kind_text(image->kind));
    case ESPOTA_IMAGE_UF2:
        if (image->problem_count == 0)
            return refuse(check, 0,
                          "it is a UF2 file, and no device takes that over the air this "
                          "way");
        return check_problems(check, "", image);
    default: /* each has a problem that says what it is */
        return check_problems(check, "", image);
    }
}

/* --- where the file system of an ESP8266 begins --- */

/* Flash and file system in KiB. */
static const struct {
    uint16_t flash;
    uint16_t fs;
} layouts[] = {
    {512, 0},       {512, 32},      {512, 64},    {512, 128},   {1024, 0},    {1024, 64},
    {1024, 128},    {1024, 144},    {1024, 160},  {1024, 192},  {1024, 256},  {1024, 512},
    {2048, 0},      {2048, 64},     {2048, 128},  {2048, 256},  {2048, 512},  {2048, 1024},
    {4096, 0},      {4096, 1024},   {4096, 2048}, {4096, 3072}, {8192, 6144}, {8192, 7168},
    {16384, 14336}, {16384, 15360},
};

/* 20 KiB at the end are the SDK's and the EEPROM's; up to 1 MiB they come off the sketch. */
enum { RESERVED = 20, BESIDE = 4112, MAPPED = 1024 * 1024 };

static uint32_t start_of(size_t i)
{
    uint32_t flash = layouts[i].flash;
    uint32_t fs = layouts[i].fs;

    if (flash <= 1024 || fs == 0)
        return (flash - RESERVED - fs) * 1024; /* no layout's parts exceed its flash */
    return (flash - fs) * 1024;
}

static uint32_t largest_sketch(size_t i)
{
    uint32_t flash = layouts[i].flash;

    if (flash > 1024)
        return MAPPED - BESIDE;
    return (flash - layouts[i].fs - RESERVED) * 1024 - BESIDE; /* as above */
}

bool espota_layout_least(uint32_t flash_kib, uint32_t sketch, uint32_t *fs_start)
{
    bool found = false;

    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        if ((flash_kib != 0 && layouts[i].flash != flash_kib) || sketch > largest_sketch(i))
            continue;
        if (!found || start_of(i) < *fs_start)
            *fs_start = start_of(i);
        found = true;
    }
    return found;
}

/* --- what may go to a device --- */

/* Whether the loader can unpack it without running over what it has yet to read. */
static enum espota_status check_overrun(const struct check *check)
{
    uint32_t fs_start;
    uint32_t unpacked = check->image->payload;
    uint32_t packed = check->file->outer.payload;
    int64_t staging;

    if (!espota_layout_least(check->image->flash_kib, unpacked, &fs_start))
        return refuse(check, 0,
                      "unpacked it has %u bytes, more than any flash layout of its size has room "
                      "for",
                      (unsigned)unpacked);
    staging = (int64_t)fs_start -
              ((int64_t)packed + ESPOTA_GZIP_SECTOR - 1) / ESPOTA_GZIP_SECTOR * ESPOTA_GZIP_SECTOR;
    if (check->file->least_staging > staging)
        return refuse(check, 0,
                      "unpacking would run over its own source: with a file system at 0x%x the "
                      "boot loader would destroy the sketch; send it uncompressed",
                      (unsigned)fs_start);
    return ESPOTA_OK;
}

/* A boot loader takes the trailer for the unpacked length unless the device takes it off first. */
static enum espota_status check_signed_gzip(const struct check *check)
{
    if (check->file->outer.signature == ESPOTA_SIGNATURE_NONE || check->request->publickey != NULL)
        return ESPOTA_OK;
    return refuse(check, ESPOTA_REMEDY_NAME_PUBLICKEY,
                  "it is compressed and signed: a device that does not verify signatures takes it, "
                  "says OK, and destroys its boot loader at the next start");
}

static enum espota_status check_gzip(const struct check *check)
{
    const struct espota_image *image = check->image;
    enum espota_status status;

    if (espota_chip_is_esp32(check->request->chip))
        return refuse(check, 0, "it is compressed, and an ESP32 cannot unpack it");
    if (check->file->outer.problem_count > 0)
        return check_problems(check, "", &check->file->outer);
    if (espota_image_is_filesystem(image->kind))
        return refuse(check, 0, "it is %s in gzip, and no device unpacks one",
                      espota_image_kind_text(image->kind));
    status = image->kind == ESPOTA_IMAGE_UNKNOWN && check->request->lenient
                 ? check_unknown(check)
                 : check_problems(check, "inside gzip: ", image);
    if (status == ESPOTA_OK)
        status = check_kind(check);
    if (status == ESPOTA_OK)
        status = check_chip(check);
    if (status == ESPOTA_OK)
        status = check_signed_gzip(check);
    if (status == ESPOTA_OK && is_esp8266(image->chip))
        status = check_overrun(check);
    return status;
}

/* Data may begin as a program or a gzip does: only what is one to its end is certain to be one. */
static bool is_surely(const struct check *check)
{
    const struct espota_image *image = &check->file->outer;

    if (image->kind == ESPOTA_IMAGE_GZIP)
        return check->file->packed;
    return image->kind == ESPOTA_IMAGE_UF2 || image->kind == ESPOTA_IMAGE_PICO ||
           image->kind == ESPOTA_IMAGE_ESP32_PARTITION ||
           image->kind == ESPOTA_IMAGE_ESP32_MERGED || image->checksum == ESPOTA_CHECK_GOOD;
}

static enum espota_status check_filesystem(const struct check *check)
{
    const struct espota_image *image = &check->file->outer;

    if (check->request->road == ESPOTA_ROAD_ESPHOME)
        return espota_error_set(check->err, ESPOTA_E_USAGE,
                                "%s is not sent: ESPHome's devices take no image of a file system",
                                check->request->name);
    if (espota_image_is_filesystem(image->kind) || image->length == 0)
        return check_problems(check, "", image);
    if (image->kind == ESPOTA_IMAGE_UNKNOWN)
        return ESPOTA_OK;
    if (!is_surely(check)) {
        espota_log_say(
            check->request->log, ESPOTA_LOG_WARNING,
            "%s begins as %s does, and is none that is whole: it is sent as the data of a file "
            "system",
            check->request->name, espota_image_kind_text(image->kind));
        return ESPOTA_OK;
    }
    if (image->kind == ESPOTA_IMAGE_GZIP)
        return refuse(check, 0, "it is compressed, and a device writes a file system as it comes");
    return refuse(check, 0, "it is %s, not a file system", espota_image_kind_text(image->kind));
}

/* What is no reason to refuse. */
static void tell_notes(const struct check *check)
{
    char text[ESPOTA_PROBLEM_TEXT_MAX];

    for (size_t i = 0; i < check->image->note_count; i++) {
        clause(&check->image->notes[i], text);
        espota_log_say(check->request->log, ESPOTA_LOG_WARNING, "%s: %s", check->request->name,
                       text);
    }
}

static enum espota_status check_program(const struct check *check)
{
    enum espota_status status;

    if (check->request->type != ESPOTA_UPLOAD_TYPE_APP)
        return check_type(check);
    if (check->file->outer.kind == ESPOTA_IMAGE_GZIP)
        status = check_gzip(check);
    else
        status = check_kind(check);
    if (status == ESPOTA_OK && check->file->outer.kind != ESPOTA_IMAGE_GZIP)
        status = check_chip(check);
    if (status == ESPOTA_OK)
        tell_notes(check);
    return status;
}

static enum espota_status judge(const struct check *check, enum espota_sign_format format,
                                struct espota_verified *verdict)
{
    const struct espota_image_input from = {
        .name = check->request->name, .data = check->file->bytes, .length = check->file->length};

    return espota_signature_judge_image(&from, check->request->publickey, format, verdict,
                                        check->err);
}

/* A signature that is good in another format deserves to be told so. */
static enum espota_status refuse_signature(const struct check *check,
                                           enum espota_sign_format format, const char *reason)
{
    static const char *const texts[] = {
        [ESPOTA_SIGN_AUTO] = "an unknown format",
        [ESPOTA_SIGN_ESP8266] = "the ESP8266 format",
        [ESPOTA_SIGN_ESP8266_LEGACY] = "the legacy ESP8266 format of cores up to 2.5.2",
        [ESPOTA_SIGN_ESP32] = "the ESP32 format",
    };
    const struct espota_preflight *request = check->request;
    struct espota_verified other;
    enum espota_status status = judge(check, ESPOTA_SIGN_AUTO, &other);

    if (status != ESPOTA_OK)
        return status;
    if (other.good)
        return espota_error_remedy(check->err, ESPOTA_E_IMAGE, ESPOTA_REMEDY_SIGN_AGAIN,
                                   "%s is not sent: it is signed by this key in %s, and the device "
                                   "takes %s: sign it again",
                                   request->name, texts[other.format], texts[format]);
    return espota_error_set(check->err, ESPOTA_E_IMAGE,
                            "%s is not sent: its signature is not good: %s", request->name, reason);
}

/* The device's own format: another one does not count, and neither does the legacy one. */
static enum espota_status check_signature(const struct check *check)
{
    const struct espota_preflight *request = check->request;
    enum espota_chip chip =
        request->chip != ESPOTA_CHIP_UNKNOWN ? request->chip : check->image->chip;
    enum espota_sign_format format =
        espota_chip_is_esp32(chip) ? ESPOTA_SIGN_ESP32 : ESPOTA_SIGN_ESP8266;
    struct espota_verified verdict;
    enum espota_status status =
        espota_signature_key_fits(request->publickey, format, chip, check->err);

    if (status == ESPOTA_OK)
        status = judge(check, format, &verdict);
    if (status != ESPOTA_OK || verdict.good)
        return status;
    return refuse_signature(check, format, verdict.reason);
}

enum espota_status espota_preflight(const struct espota_preflight *request,
                                    struct espota_preflight_result *result,
                                    struct espota_error *err)
{
    const struct espota_image_file *file = request->file;
    struct check check = {request, file, file->packed ? &file->inner : &file->outer, err};
    enum espota_status status = ESPOTA_OK;

    *result = (struct espota_preflight_result){
        .chip = check.image->chip,
        .gzip = file->outer.kind == ESPOTA_IMAGE_GZIP,
        .odd_flash_mode = file->outer.kind == ESPOTA_IMAGE_ESP8266 &&
                          file->outer.flash_mode > ESPOTA_FLASH_MODE_MAX,
    };
    if (!request->force)
        status = request->filesystem ? check_filesystem(&check) : check_program(&check);
    if (status == ESPOTA_OK && request->publickey != NULL)
        status = check_signature(&check);
    return status;
}

enum espota_status espota_preflight_pack(const struct espota_preflight *request, void **packed,
                                         size_t *packed_length, struct espota_error *err)
{
    const struct espota_image *image = &request->file->outer;
    enum espota_status status;

    *packed = NULL;
    *packed_length = 0;
    if (request->filesystem)
        return espota_error_remedy(
            err, ESPOTA_E_USAGE, ESPOTA_REMEDY_LEAVE_UNPACKED,
            "a file system cannot be compressed on the way, for a device writes it as it comes");
    if (image->kind == ESPOTA_IMAGE_GZIP)
        return espota_error_remedy(err, ESPOTA_E_IMAGE, ESPOTA_REMEDY_LEAVE_UNPACKED,
                                   "%s is compressed already", request->name);
    if (espota_chip_is_esp32(image->chip) || espota_chip_is_esp32(request->chip))
        return espota_error_remedy(err, ESPOTA_E_IMAGE, ESPOTA_REMEDY_LEAVE_UNPACKED,
                                   "an ESP32 cannot unpack, and %s is for one", request->name);
    if (image->signature != ESPOTA_SIGNATURE_NONE)
        return espota_error_remedy(
            err, ESPOTA_E_IMAGE, ESPOTA_REMEDY_PACK_AND_SIGN,
            "%s is signed, and compressing it would bury the signature: compress first",
            request->name);
    status =
        espota_gzip_pack(request->file->bytes, request->file->length, packed, packed_length, err);
    if (status == ESPOTA_OK && is_esp8266(image->chip))
        espota_log_say(
            request->log, ESPOTA_LOG_NOTE,
            "%s keeps the flash mode that it was built for: a device adapts that byte of an image "
            "only where it is not compressed",
            request->name);
    return status;
}
