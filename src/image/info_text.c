/* SPDX-License-Identifier: MIT */
/* What was found, in lines for people. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "image/info.h"
#include "wire/wire.h"

static void line(struct espota_info *info, const char *label, const char *format, ...)
    ESPOTA_PRINTF(3, 4);
static void line(struct espota_info *info, const char *label, const char *format, ...)
{
    va_list arguments;

    if (info->line_count == INFO_LINES_MAX)
        return;
    (void)snprintf(info->lines[info->line_count].label, sizeof(info->lines[0].label), "%s", label);
    va_start(arguments, format);
    (void)vsnprintf(info->lines[info->line_count].text, INFO_TEXT_MAX, format, arguments);
    va_end(arguments);
    info->line_count++;
}

/* A text of the image's own, which may hold anything. */
static void hostile(struct espota_info *info, const char *label, const char *text)
{
    char shown[INFO_TEXT_MAX];
    size_t length = 0;

    while (text[length] != '\0')
        length++;
    if (length == 0)
        return;
    (void)espota_text_printable(text, length, shown, sizeof(shown));
    line(info, label, "%s", shown);
}

const char *espota_info_flash_mode(const struct espota_image *image)
{
    static const char *const modes[] = {"QIO", "QOUT", "DIO", "DOUT", "fast read", "slow read"};

    if (image->flash_mode == ESPOTA_FLASH_NONE)
        return NULL;
    return image->flash_mode < sizeof(modes) / sizeof(modes[0]) ? modes[image->flash_mode]
                                                                : "unknown";
}

const char *espota_info_check(enum espota_image_check check)
{
    return check == ESPOTA_CHECK_NONE ? NULL : check == ESPOTA_CHECK_GOOD ? "good" : "wrong";
}

const char *espota_info_signature(const struct espota_image *image)
{
    switch (image->signature) {
    case ESPOTA_SIGNATURE_ESP8266:
        return "esp8266";
    case ESPOTA_SIGNATURE_ESP32_RSA:
        return "esp32-rsa";
    case ESPOTA_SIGNATURE_ESP32_ECDSA:
        return "esp32-ecdsa";
    case ESPOTA_SIGNATURE_SECURE_BOOT:
        return "secure-boot";
    case ESPOTA_SIGNATURE_SECURE_BOOT_ECDSA:
        return "secure-boot-ecdsa";
    case ESPOTA_SIGNATURE_SECURE_BOOT_V1:
        return "secure-boot-v1";
    case ESPOTA_SIGNATURE_NONE:
        break;
    }
    return NULL;
}

static void say_flash(struct espota_info *info, const struct espota_image *image)
{
    char size[32] = "";
    char frequency[32] = "";

    if (image->flash_mode == ESPOTA_FLASH_NONE)
        return;
    if (image->flash_kib >= 1024)
        (void)snprintf(size, sizeof(size), ", %" PRIu32 " MiB", image->flash_kib / 1024);
    else if (image->flash_kib != 0)
        (void)snprintf(size, sizeof(size), ", %" PRIu32 " KiB", image->flash_kib);
    if (image->flash_mhz != 0)
        (void)snprintf(frequency, sizeof(frequency), ", %" PRIu32 " MHz", image->flash_mhz);
    line(info, "Flash", "%s%s%s", espota_info_flash_mode(image), size, frequency);
}

static void say_revision(struct espota_info *info, const struct espota_image *image)
{
    if (!espota_chip_is_esp32(image->chip))
        return;
    if (image->max_revision == 0 || image->max_revision == UINT16_MAX)
        line(info, "Chip revision", "v%u.%u or later", image->min_revision / 100,
             image->min_revision % 100);
    else
        line(info, "Chip revision", "v%u.%u to v%u.%u", image->min_revision / 100,
             image->min_revision % 100, image->max_revision / 100, image->max_revision % 100);
}

static void say_segments(struct espota_info *info, const struct espota_image *image)
{
    for (size_t i = 0; i < image->segment_count; i++)
        line(info, i == 0 ? "Segments" : "",
             "0x%08" PRIx32 ", %" PRIu32 " bytes, at 0x%" PRIx32 " of the file",
             image->segments[i].address, image->segments[i].length, image->segments[i].offset);
}

static void say_checks(struct espota_info *info, const struct espota_image *image)
{
    if (image->checksum != ESPOTA_CHECK_NONE)
        line(info, "Checksum", "%s", espota_info_check(image->checksum));
    if (image->crc != ESPOTA_CHECK_NONE)
        line(info, "CRC", "%s", espota_info_check(image->crc));
    if (image->hash != ESPOTA_CHECK_NONE)
        line(info, "Appended SHA-256", "%s", espota_info_check(image->hash));
}

static void say_signature(struct espota_info *info, const struct espota_image *image)
{
    switch (image->signature) {
    case ESPOTA_SIGNATURE_ESP8266:
        line(info, "Signature",
             "ESP8266 format, %" PRIu32 " bytes (RSA-%" PRIu32
             "); whether it is good, and current or legacy, the public key tells: espota-c verify",
             image->signature_length, image->signature_length * 8);
        break;
    case ESPOTA_SIGNATURE_ESP32_RSA:
    case ESPOTA_SIGNATURE_ESP32_ECDSA:
        line(info, "Signature",
             "ESP32 format, %s, %" PRIu32 " bytes; whether it is good, the public key tells: "
             "espota-c verify",
             image->signature == ESPOTA_SIGNATURE_ESP32_RSA ? "RSA" : "ECDSA",
             image->signature_length);
        break;
    case ESPOTA_SIGNATURE_SECURE_BOOT:
        line(info, "Signature", "ESP32 secure boot v2, RSA");
        break;
    case ESPOTA_SIGNATURE_SECURE_BOOT_ECDSA:
        line(info, "Signature", "ESP32 secure boot v2, ECDSA");
        break;
    case ESPOTA_SIGNATURE_SECURE_BOOT_V1:
        line(info, "Signature", "ESP32 secure boot v1, ECDSA");
        break;
    case ESPOTA_SIGNATURE_NONE:
        break;
    }
}

static void say_image(struct espota_info *info, const struct espota_image *image)
{
    if (image->chip != ESPOTA_CHIP_UNKNOWN)
        line(info, "Chip", "%s", espota_chip_name(image->chip));
    say_revision(info, image);
    hostile(info, "Project", image->project);
    hostile(info, "Version", image->version);
    hostile(info, "Built", image->built);
    hostile(info, "SDK", image->sdk);
    if (image->user != 0)
        line(info, "User image", "%u", image->user);
    say_flash(info, image);
    if (image->entry != 0)
        line(info, "Entry", "0x%08" PRIx32, image->entry);
    say_segments(info, image);
    if (image->fs_end != 0)
        line(info, "File system", "flash 0x%08" PRIx32 " to 0x%08" PRIx32, image->fs_start,
             image->fs_end);
    if (image->block_size != 0)
        line(info, "Blocks", "%" PRIu32 " of %" PRIu32 " bytes", image->block_count,
             image->block_size);
    if (image->uf2_blocks != 0)
        line(info, "UF2", "%" PRIu32 " blocks, family 0x%08" PRIx32, image->uf2_blocks,
             image->uf2_family);
    say_checks(info, image);
    say_signature(info, image);
    for (size_t i = 0; i < image->note_count; i++) {
        char text[ESPOTA_PROBLEM_TEXT_MAX];

        espota_image_problem_text(&image->notes[i], text);
        line(info, "Mind", "%s", text);
    }
}

void espota_info_say(struct espota_info *info)
{
    const struct espota_image *outer = &info->file.outer;
    const struct espota_image *inner = &info->file.inner;

    hostile(info, "File", info->path);
    line(info, "Size", "%" PRIu32 " bytes", outer->length);
    if (info->file.packed) {
        line(info, "What", "%s, inside it %s", espota_image_kind_text(outer->kind),
             espota_image_kind_text(inner->kind));
        say_signature(info, outer);
        if (outer->signature != ESPOTA_SIGNATURE_NONE)
            line(info, "Mind",
                 "a device that does not verify signatures destroys its boot loader "
                 "with a signed gzip");
        line(info, "Unpacked", "%" PRIu32 " bytes", inner->length);
        say_image(info, inner);
    } else {
        line(info, "What", "%s", espota_image_kind_text(outer->kind));
        say_image(info, outer);
    }
    line(info, "MD5", "%s", info->file.md5);
    line(info, "SHA-256", "%s", info->file.sha256);
}
