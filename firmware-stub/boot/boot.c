/* SPDX-License-Identifier: MIT */
/* A boot loader of 4 KiB: no checks beyond the original's, no buffer of its own, one pass. */
#include "boot/boot.h"

#include <string.h>

#include "wire/wire.h"

enum { HEADER_SIZE = 8 };

static void say(const struct espota_boot_ops *ops, const char *line)
{
    if (ops->log != NULL)
        ops->log(ops->context, line);
}

static void say_number(const struct espota_boot_ops *ops, const char *word, uint32_t number)
{
    char line[24];
    struct espota_writer writer;

    espota_writer_init(&writer, line, sizeof(line) - 1); /* one for the terminator */
    espota_write_text(&writer, word);
    espota_write_decimal(&writer, number);
    line[writer.used] = '\0';
    say(ops, line);
}

static bool read_flash(const struct espota_boot_ops *ops, uint32_t address, void *data,
                       size_t length)
{
    return ops->flash->read(ops->flash->context, address, data, length) == ESPOTA_OK;
}

/* Code that runs from mapped flash stays where it is. */
static bool goes_to_memory(uint32_t address)
{
    return address < 0x40000000 || (address >= 0x40100000 && address < 0x4010c000) ||
           address >= 0x60000000;
}

static bool load_segment(const struct espota_boot_ops *ops, uint32_t at, uint32_t address,
                         uint32_t size, uint8_t sector[ESPOTA_SECTOR_SIZE])
{
    if (ops->load != NULL)
        return ops->load(ops->context, at, address, size) == ESPOTA_OK;
    for (uint32_t done = 0; done < size;) {
        uint32_t part = size - done; /* done < size */

        if (part > ESPOTA_SECTOR_SIZE)
            part = ESPOTA_SECTOR_SIZE;
        if (!read_flash(ops, at + done, sector, part))
            return false;
        done += part;
    }
    return true;
}

static int load_segments(const struct espota_boot_ops *ops, uint32_t at, unsigned count,
                         uint8_t sector[ESPOTA_SECTOR_SIZE])
{
    uint8_t header[HEADER_SIZE];

    for (unsigned i = 0; i < count; i++) {
        struct espota_reader reader;
        uint32_t address;
        uint32_t size;

        if (!read_flash(ops, at, header, sizeof(header)))
            return 2;
        at += HEADER_SIZE;
        espota_reader_init(&reader, header, sizeof(header));
        address = espota_read_u32le(&reader);
        size = espota_read_u32le(&reader);
        if (goes_to_memory(address) && !load_segment(ops, at, address, size, sector))
            return 3;
        at += size; /* may wrap around, as the original's does; the next read then decides */
    }
    return 0;
}

bool espota_boot_load(const struct espota_boot_ops *ops, uint32_t from,
                      uint8_t sector[ESPOTA_SECTOR_SIZE], struct espota_boot_report *report)
{
    uint32_t at = from + ESPOTA_BOOT_APP_OFFSET;
    uint8_t header[HEADER_SIZE];
    struct espota_reader reader;

    report->from = from;
    report->loaded = 1;
    if (!read_flash(ops, at, header, sizeof(header)))
        return false;
    espota_reader_init(&reader, header, sizeof(header));
    report->magic = espota_read_u8(&reader);
    report->segments = espota_read_u8(&reader);
    espota_read_u16le(&reader); /* flash mode, size and frequency */
    report->entry = espota_read_u32le(&reader);
    report->loaded = load_segments(ops, at + HEADER_SIZE, report->segments, sector);
    return report->loaded == 0;
}

/* After the copy and before the program starts: a reset in between repeats the copy. */
static void clear_command(const struct espota_boot_ops *ops, uint8_t record[ESPOTA_EBOOT_SIZE])
{
    espota_eboot_clear(record);
    if (ops->memory->store(ops->memory->context, record) != ESPOTA_OK)
        say(ops, "the command could not be cleared");
}

/* Carries out a command; true if a program is to be loaded from report->from. */
static bool obey(const struct espota_boot_ops *ops, struct espota_boot_report *report,
                 uint8_t sector[ESPOTA_SECTOR_SIZE])
{
    const uint32_t *argument = report->what.argument;

    if (report->what.action == ESPOTA_EBOOT_COPY_RAW) {
        report->copied = espota_eboot_copy(ops->flash, ops->gunzip, argument[0], argument[1],
                                           argument[2], sector, &report->kept_first);
        report->from = argument[1];
        say_number(ops, "cp:", (uint32_t)report->copied);
        return report->copied == ESPOTA_EBOOT_DONE;
    }
    report->from = argument[0];
    return report->what.action == ESPOTA_EBOOT_LOAD_APP;
}

enum espota_boot_next espota_boot_run(const struct espota_boot_ops *ops,
                                      uint8_t sector[ESPOTA_SECTOR_SIZE],
                                      struct espota_boot_report *report)
{
    uint8_t record[ESPOTA_EBOOT_SIZE];
    bool start = true;

    memset(report, 0, sizeof(*report));
    report->command = ops->memory->load(ops->memory->context, record) == ESPOTA_OK &&
                      espota_eboot_parse(record, &report->what) == ESPOTA_OK;
    say(ops, report->command ? "@" : "~");
    if (report->command) {
        start = obey(ops, report, sector);
        clear_command(ops, record);
    } else {
        report->what = (struct espota_eboot){.action = ESPOTA_EBOOT_LOAD_APP};
    }
    if (!start)
        return ESPOTA_BOOT_RESET;
    say(ops, "ld");
    if (espota_boot_load(ops, report->from, sector, report))
        return ESPOTA_BOOT_START;
    say_number(ops, "e:", (uint32_t)report->loaded);
    return ESPOTA_BOOT_RESET;
}
