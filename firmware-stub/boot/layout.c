/* SPDX-License-Identifier: MIT */
/* What loader and program both know of the device. */
#include "boot/inside.h"

#include <string.h>

/* Counted, not divided: that would cost a small processor's loader a function more. */
static uint32_t count_blocks(const struct espota_boot_layout *layout, uint32_t size)
{
    uint32_t blocks = 0;

    for (; size > layout->block; size -= layout->block) /* size is greater */
        blocks++;
    return size > 0 ? blocks + 1 : blocks;
}

uint32_t espota_boot_blocks(const struct espota_boot_layout *layout,
                            const struct espota_boot_program *program)
{
    uint32_t size = program->size != 0 ? program->size : layout->slot_size;
    const struct espota_verifier *verify = layout->verify;

    if (verify != NULL && verify->signature_size < layout->slot_size - size)
        size += verify->signature_size; /* size <= slot_size, as the record was checked */
    else if (verify != NULL)
        size = layout->slot_size;
    return count_blocks(layout, size);
}

uint32_t espota_boot_running(const struct espota_boot_layout *layout,
                             const struct espota_boot_record *record)
{
    return layout->slot[record->slot];
}

/* One block behind the beginning of the only slot for it, so that there is a free one to move. */
uint32_t espota_boot_staging(const struct espota_boot_layout *layout,
                             const struct espota_boot_record *record)
{
    return layout->slot[espota_boot_idle(record)] +
           (layout->kind == ESPOTA_BOOT_ONE_PLACE ? layout->block : 0);
}

uint32_t espota_boot_room(const struct espota_boot_layout *layout, bool files)
{
    return files && layout->files_size < layout->slot_size ? layout->files_size : layout->slot_size;
}

/* A job that the layout has no room for is none of ours: nothing must be moved for it. */
static bool fits(const struct espota_boot_layout *layout, const struct espota_boot_record *record)
{
    uint32_t room = espota_boot_room(layout, record->job == ESPOTA_BOOT_COPY);
    uint32_t moves = record->job == ESPOTA_BOOT_COPY ? 1 : 2;

    if (record->program[0].size > layout->slot_size || record->program[1].size > layout->slot_size)
        return false;
    if (layout->kind == ESPOTA_BOOT_ONE_PLACE && record->slot != 0)
        return false;
    if (layout->kind == ESPOTA_BOOT_TWO_SLOTS && record->job > ESPOTA_BOOT_COPY)
        return false;
    return record->blocks <= count_blocks(layout, room) &&
           (record->job == ESPOTA_BOOT_NO_JOB || record->step <= moves * record->blocks);
}

enum espota_status espota_boot_open(const struct espota_boot_layout *layout,
                                    struct espota_boot_journal *journal,
                                    struct espota_boot_record *record,
                                    uint8_t page[ESPOTA_PAGE_SIZE])
{
    enum espota_status status = espota_boot_journal_open(journal, &layout->record, record, page);

    if (status == ESPOTA_OK && !fits(layout, record))
        *record = (struct espota_boot_record){.floor = record->floor};
    return status;
}

void espota_boot_keep(struct espota_boot_record *record)
{
    uint32_t version = record->program[record->slot].version;

    record->trial = false;
    record->left = 0;
    if (version > record->floor)
        record->floor = version;
}

void espota_boot_try(const struct espota_boot_layout *layout, struct espota_boot_record *record)
{
    record->trial = layout->starts > 0;
    record->left = layout->starts;
    if (!record->trial)
        espota_boot_keep(record);
}
