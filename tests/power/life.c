/* SPDX-License-Identifier: MIT */
#include "life.h"

#include <stdio.h>
#include <string.h>

enum { BEFORE = 1, SLOT_SECTORS = 6, SLOT_BLOCKS_MIN = 2, FILES_SECTORS = 3 };

static uint8_t bytes[5][LIFE_PROGRAM_MAX];
static struct espota_updater updater;
static uint8_t sector[ESPOTA_SECTOR_SIZE];
static uint8_t page[ESPOTA_PAGE_SIZE];

/* Bytes of no pattern, with the version where nobody would look for it. */
static struct life_image make_image(unsigned which, uint32_t size, uint32_t version, bool for_slot)
{
    struct life_image image = {bytes[which], size, version};
    uint32_t state = 2 * which + 1 + (for_slot ? 64 : 0);
    char text[40];
    int length = snprintf(text, sizeof(text), "espota-version-floor=%u;", (unsigned)version);

    for (uint32_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        image.bytes[i] = (uint8_t)(state >> 24);
    }
    if (version != 0)
        memcpy(image.bytes + size / 3, text, (size_t)length);
    return image;
}

static enum espota_status version_of(void *context, uint32_t start, uint32_t size,
                                     uint32_t *version)
{
    const struct life *life = context;

    return espota_boot_version_text(&life->chip->table, start, size, version);
}

/* One block in front that belongs to nobody, then slots, files and records. */
static uint32_t lay_out(struct life *life, enum espota_boot_kind kind,
                        const struct espota_crypto *crypto)
{
    struct espota_boot_layout *layout = &life->layout;
    uint32_t block = life->chip->model->block;
    uint32_t slot = block > ESPOTA_SECTOR_SIZE ? SLOT_BLOCKS_MIN : SLOT_SECTORS;
    uint32_t files = block > ESPOTA_SECTOR_SIZE ? 1 : FILES_SECTORS;
    uint32_t at = BEFORE;

    *layout = (struct espota_boot_layout){.kind = kind,
                                          .flash = &life->chip->table,
                                          .block = block,
                                          .slot_size = slot * block,
                                          .files_size = files * block,
                                          .crypto = crypto,
                                          .starts = LIFE_STARTS,
                                          .version = version_of,
                                          .context = life};
    layout->slot[0] = at * block;
    at += slot;
    layout->slot[1] = at * block;
    at += slot + 1;
    layout->files = at * block;
    at += files;
    layout->record =
        (struct espota_boot_area){.flash = &life->chip->table,
                                  .at = {at * block, (at + 1) * block, (at + 2) * block},
                                  .size = block};
    return (at + ESPOTA_BOOT_AREAS) * block;
}

static uint32_t part_of(uint32_t whole, uint32_t eighths)
{
    return eighths >= 8 ? whole : whole / 8 * eighths + 37;
}

void life_begin(struct life *life, struct tearing *chip, const struct tearing_model *model,
                enum espota_boot_kind kind, const struct life_sizes *sizes,
                const struct espota_crypto *crypto, uint32_t seed)
{
    uint32_t slot;

    memset(life, 0, sizeof(*life));
    life->chip = chip;
    chip->model = model;
    tearing_init(chip, model, lay_out(life, kind, crypto), seed);
    slot = life->layout.slot_size;
    life->old = make_image(0, part_of(slot, sizes->old_part), 3, false);
    life->new = make_image(1, part_of(slot, sizes->new_part), 5, kind == ESPOTA_BOOT_TWO_SLOTS);
    life->third = make_image(2, part_of(slot, 4), 7, false);
    life->old_files = make_image(3, life->layout.files_size, 0, false);
    life->new_files = make_image(4, part_of(life->layout.files_size, 6), 0, false);
    memcpy(life->old_files.bytes, "old files", 9);
    espota_boot_installer_init(&life->installer, &life->layout);
    life->config = (struct espota_updater_config){.flash = &chip->table,
                                                  .crypto = crypto,
                                                  .installer = &life->installer.table,
                                                  .chip_size = chip->size,
                                                  .flash_mode = ESPOTA_FLASH_MODE_KEEP,
                                                  .any_image = true};
    tearing_place(chip, life->layout.slot[0], life->old.bytes, life->old.size);
    tearing_place(chip, life->layout.files, life->old_files.bytes, life->old_files.size);
    life->programs = life->files = life->kept = LIFE_OLD;
}

bool life_upload(struct life *life, const struct life_image *image, uint32_t command)
{
    enum espota_status status;

    espota_updater_init(&updater, &life->config);
    status = espota_updater_begin(&updater, image->size, command, NULL);
    if (status == ESPOTA_OK)
        status = espota_updater_write(&updater, image->bytes, image->size);
    if (status == ESPOTA_OK)
        status = espota_updater_end(&updater, false);
    espota_updater_abort(&updater);
    life->error = updater.error;
    return status == ESPOTA_OK;
}

bool life_confirm(struct life *life)
{
    return espota_boot_confirm(&life->layout, page) == ESPOTA_OK;
}

bool life_reject(struct life *life)
{
    return espota_boot_reject(&life->layout, page) == ESPOTA_OK;
}

static enum life_what look_at(const struct life *life, uint32_t at)
{
    const struct life_image *images[] = {&life->old, &life->new, &life->third};

    for (unsigned i = 0; i < 3; i++)
        if (tearing_holds(life->chip, at, images[i]->bytes, images[i]->size))
            return (enum life_what)(1u << i);
    return LIFE_TORN;
}

static enum life_what look_at_files(const struct life *life)
{
    const struct tearing *chip = life->chip;
    uint32_t at = life->layout.files;

    if (tearing_holds(chip, at, life->old_files.bytes, life->old_files.size))
        return LIFE_OLD;
    return tearing_holds(chip, at, life->new_files.bytes, life->new_files.size) ? LIFE_NEW
                                                                                : LIFE_TORN;
}

/* What has been started is decided: it must be the same from now on, until somebody changes it. */
static void judge(struct life *life, const struct espota_boot_outcome *outcome)
{
    enum life_what program = look_at(life, outcome->start);
    enum life_what files = look_at_files(life);

    if ((program & life->programs) == 0)
        life->fault = program == LIFE_TORN ? "torn" : "a program that should not run";
    else if ((files & life->files) == 0)
        life->fault = files == LIFE_TORN ? "torn files" : "files that were decided otherwise";
    else if (outcome->record.floor < life->floor)
        life->fault = "the floor has sunk";
    life->floor = outcome->record.floor;
    life->files = files;
    life->trial = outcome->record.trial;
    life->runs = program;
    if (!life->trial)
        life->kept = program;
    life->programs = program | life->kept;
}

bool life_boot(struct life *life)
{
    struct espota_boot_outcome outcome;
    enum espota_boot_verdict verdict = espota_boot_safe(&life->layout, sector, &outcome);

    if (life->chip->dead)
        return false;
    if (life->chip->abused)
        life->fault = "a write to what no erase had cleaned";
    if (verdict == ESPOTA_BOOT_READY)
        judge(life, &outcome);
    else
        life->fault = "torn: nothing starts";
    return true;
}
