/* SPDX-License-Identifier: MIT */
/*
 * A device whose loader survives every cut: where things lie on its chip, and the loader's turn.
 * The first sector is the loader's own, and nothing ever writes there; the records lie in the last
 * sectors before the file system.
 */
#include "port/posix/boot.h"

#include <string.h>

#include "wire/wire.h"

enum { RECORDS = ESPOTA_BOOT_AREAS, FIRST = ESPOTA_SECTOR_SIZE, STARTS = 3 };

static enum espota_status version_of(void *context, uint32_t start, uint32_t size,
                                     uint32_t *version)
{
    const struct stub_chip *chip = context;

    return espota_boot_version_text(&chip->table, start, size, version);
}

void stub_safe_init(struct stub_safe *safe, enum espota_boot_kind kind, struct stub_chip *chip,
                    const struct espota_updater_config *where)
{
    struct espota_boot_layout *layout = &safe->layout;
    uint32_t records = where->fs_start - RECORDS * ESPOTA_SECTOR_SIZE; /* a chip has 128 KiB */
    uint32_t spare = kind == ESPOTA_BOOT_ONE_PLACE ? ESPOTA_SECTOR_SIZE : 0;

    *layout = (struct espota_boot_layout){
        .kind = kind,
        .flash = &chip->table,
        .block = ESPOTA_SECTOR_SIZE,
        .files = where->fs_start,
        .files_size = where->fs_end - where->fs_start, /* by the layout */
        .record = {&chip->table,
                   {records, records + ESPOTA_SECTOR_SIZE, records + 2 * ESPOTA_SECTOR_SIZE},
                   ESPOTA_SECTOR_SIZE},
        .crypto = where->crypto,
        .verify = where->verify,
        .starts = STARTS,
        .version = version_of,
        .context = chip,
    };
    layout->slot_size =
        (records - FIRST - spare) / 2 / ESPOTA_SECTOR_SIZE * ESPOTA_SECTOR_SIZE; /* see above */
    layout->slot[0] = FIRST;
    layout->slot[1] = FIRST + layout->slot_size;
    espota_boot_installer_init(&safe->installer, layout);
}

enum espota_status stub_safe_play(struct stub_safe *safe, struct stub_chip *chip,
                                  uint8_t sector[ESPOTA_SECTOR_SIZE], struct stub_boot *boot,
                                  struct espota_error *err)
{
    const struct espota_boot_layout *layout = &safe->layout;
    enum espota_boot_verdict verdict = espota_boot_safe(layout, sector, &boot->safe);
    const struct espota_boot_record *record = &boot->safe.record;
    const struct espota_boot_program *program = &record->program[record->slot];
    uint8_t magic;

    if (verdict == ESPOTA_BOOT_AGAIN ||
        chip->table.read(chip, boot->safe.start, &magic, 1) != ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_LOCAL, "the flash chip cannot be used: %s",
                                chip->problem);
    boot->is_safe = true;
    boot->blank = magic == 0xff && program->size == 0;
    boot->starts = verdict == ESPOTA_BOOT_READY && !boot->blank;
    boot->start = boot->loaded.entry = boot->safe.start;
    boot->flash_mode = ESPOTA_FLASH_MODE_KEEP;
    boot->length = boot->starts ? program->size : 0;
    return ESPOTA_OK;
}

enum espota_status stub_safe_confirm(struct stub_safe *safe, struct espota_error *err)
{
    if (espota_boot_confirm(&safe->layout, safe->installer.page) != ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "the program's confirmation cannot be written to the flash chip");
    return ESPOTA_OK;
}
