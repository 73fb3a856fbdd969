/* SPDX-License-Identifier: MIT */
/* Whether image and device are for each other, by what is known before anything is sent. */
#include <stdio.h>
#include <string.h>

#include "fleet/fleet.h"

/* A port stands for a family: that of its library's default. 0: of none. */
static const char *family_text(uint16_t port)
{
    switch (port) {
    case 8266:
        return "an ESP8266";
    case 3232:
        return "an ESP32";
    case 2040:
        return "a Raspberry Pi Pico";
    default:
        return NULL;
    }
}

static uint16_t announced_family(enum espota_device_kind kind)
{
    if (kind == ESPOTA_KIND_ESP8266)
        return 8266;
    if (kind == ESPOTA_KIND_ESP32)
        return 3232;
    return kind == ESPOTA_KIND_PICO ? 2040 : 0;
}

/* "esp32c3" is the ESP32-C3: letters and digits of the chip's name, and nothing behind them. */
static bool is_variant(const char *board, enum espota_chip chip)
{
    for (const char *name = espota_chip_name(chip); *name != '\0'; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name | 0x20) : *name;

        if (c != '-' && c != *board++)
            return false;
    }
    return *board == '\0';
}

/* Boards announce the name of their variant; only those that belong to one chip alone count. */
static enum espota_chip chip_of_board(const char *board)
{
    if (strcmp(board, "rpipico") == 0 || strcmp(board, "rpipicow") == 0)
        return ESPOTA_CHIP_RP2040;
    if (strcmp(board, "rpipico2") == 0 || strcmp(board, "rpipico2w") == 0)
        return ESPOTA_CHIP_RP2350;
    for (enum espota_chip chip = ESPOTA_CHIP_ESP32; chip < ESPOTA_CHIP_ESP32_OTHER; chip++)
        if (is_variant(board, chip))
            return chip;
    return ESPOTA_CHIP_UNKNOWN;
}

/* What the device says of itself; `says` is its family. */
static bool announcement_contradicts(const struct espota_job *job, uint16_t says,
                                     char why[ESPOTA_GUARD_MAX])
{
    enum espota_chip chip = job->source->chip;
    enum espota_chip board = job->board != NULL ? chip_of_board(job->board) : ESPOTA_CHIP_UNKNOWN;

    if (says == espota_chip_port(chip) && (board == ESPOTA_CHIP_UNKNOWN || board == chip))
        return false;
    snprintf(why, ESPOTA_GUARD_MAX, "the device announces itself as %s, and the image is for %s",
             board != ESPOTA_CHIP_UNKNOWN ? espota_chip_name(board) : family_text(says),
             espota_chip_name(chip));
    return true;
}

bool espota_fleet_contradicts(const struct espota_job *job, char why[ESPOTA_GUARD_MAX])
{
    const struct espota_upload_options *options = &job->upload->options;
    uint16_t given = job->port != 0 ? job->port : options->port;
    uint16_t says = announced_family(job->kind);
    uint16_t own = espota_chip_port(job->source->chip);

    if (options->force || job->command != ESPOTA_COMMAND_FLASH || own == 0)
        return false;
    if (says != 0)
        return announcement_contradicts(job, says, why);
    if (job->url != NULL || given == own || family_text(given) == NULL)
        return false;
    snprintf(why, ESPOTA_GUARD_MAX, "port %u is that of %s, and the image is for %s", given,
             family_text(given), espota_chip_name(job->source->chip));
    return true;
}
