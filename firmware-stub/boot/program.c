/* SPDX-License-Identifier: MIT */
/*
 * The program's side of the record: it asks for an update and confirms itself. What is staged while
 * a program is on trial would lie over the one to go back to, so until then there is no update.
 */
#include "boot/safe.h"

#include <string.h>

#include "boot/inside.h"

enum espota_status espota_boot_look(const struct espota_boot_layout *layout,
                                    struct espota_boot_record *record,
                                    uint8_t page[ESPOTA_PAGE_SIZE])
{
    struct espota_boot_journal journal;

    return espota_boot_open(layout, &journal, record, page);
}

enum espota_status espota_boot_confirm(const struct espota_boot_layout *layout,
                                       uint8_t page[ESPOTA_PAGE_SIZE])
{
    struct espota_boot_journal journal;
    struct espota_boot_record record;
    enum espota_status status = espota_boot_open(layout, &journal, &record, page);

    if (status != ESPOTA_OK || !record.trial)
        return status;
    espota_boot_keep(&record);
    return espota_boot_journal_commit(&journal, &record, page);
}

enum espota_status espota_boot_reject(const struct espota_boot_layout *layout,
                                      uint8_t page[ESPOTA_PAGE_SIZE])
{
    struct espota_boot_journal journal;
    struct espota_boot_record record;
    enum espota_status status = espota_boot_open(layout, &journal, &record, page);

    if (status == ESPOTA_OK && !record.trial)
        status = ESPOTA_E_REFUSED;
    if (status != ESPOTA_OK)
        return status;
    record.left = 0;
    return espota_boot_journal_commit(&journal, &record, page);
}

static uint32_t space(void *context, uint32_t command)
{
    const struct espota_boot_installer *installer = context;

    return espota_boot_room(installer->layout, command == ESPOTA_COMMAND_FILESYSTEM);
}

static enum espota_update_error result_of(enum espota_status status)
{
    return status == ESPOTA_OK ? ESPOTA_UPDATE_OK : ESPOTA_UPDATE_WRITE;
}

/* What lay there is of no worth from now on, nor is an update that waits for the loader. */
static enum espota_update_error begin(void *context, uint32_t command, uint32_t size,
                                      uint32_t *start)
{
    struct espota_boot_installer *installer = context;
    const struct espota_boot_layout *layout = installer->layout;
    struct espota_boot_journal journal;
    struct espota_boot_record record;
    enum espota_status status = espota_boot_open(layout, &journal, &record, installer->page);
    struct espota_boot_program *idle;

    if (status != ESPOTA_OK)
        return ESPOTA_UPDATE_WRITE;
    if (size > space(installer, command))
        return ESPOTA_UPDATE_SPACE;
    if (record.trial)
        return ESPOTA_UPDATE_RUNNING;
    *start = espota_boot_staging(layout, &record);
    idle = &record.program[espota_boot_idle(&record)];
    if (record.job == ESPOTA_BOOT_NO_JOB && idle->size == 0)
        return ESPOTA_UPDATE_OK;
    record.job = ESPOTA_BOOT_NO_JOB;
    idle->size = 0;
    return result_of(espota_boot_journal_commit(&journal, &record, installer->page));
}

/* What the record is to say of a program that waits in the idle slot. */
static enum espota_update_error ask_for_program(const struct espota_boot_layout *layout,
                                                struct espota_boot_record *record,
                                                const struct espota_staged *image)
{
    struct espota_boot_program *program = &record->program[espota_boot_idle(record)];

    if (layout->version != NULL &&
        layout->version(layout->context, image->start, image->size, &program->version) != ESPOTA_OK)
        return ESPOTA_UPDATE_READ;
    if (program->version < record->floor)
        return ESPOTA_UPDATE_SIGNATURE;
    if (layout->kind == ESPOTA_BOOT_ONE_PLACE) {
        record->job = ESPOTA_BOOT_SWAP;
        return ESPOTA_UPDATE_OK;
    }
    record->slot ^= 1;
    espota_boot_try(layout, record);
    return ESPOTA_UPDATE_OK;
}

static enum espota_update_error install(void *context, const struct espota_staged *image)
{
    struct espota_boot_installer *installer = context;
    const struct espota_boot_layout *layout = installer->layout;
    enum espota_update_error error = ESPOTA_UPDATE_OK;
    struct espota_boot_journal journal;
    struct espota_boot_record record;
    struct espota_boot_program *program;

    if (espota_boot_open(layout, &journal, &record, installer->page) != ESPOTA_OK)
        return ESPOTA_UPDATE_WRITE;
    program = &record.program[espota_boot_idle(&record)];
    program->size = image->size;
    program->version = 0;
    memcpy(program->sha256, image->sha256, ESPOTA_SHA256_SIZE);
    record.step = 0;
    if (image->command == ESPOTA_COMMAND_FILESYSTEM)
        record.job = ESPOTA_BOOT_COPY;
    else
        error = ask_for_program(layout, &record, image);
    record.blocks = espota_boot_blocks(layout, program);
    /* a swap moves as much as the larger of the two has */
    if (record.job == ESPOTA_BOOT_SWAP &&
        espota_boot_blocks(layout, &record.program[0]) > record.blocks)
        record.blocks = espota_boot_blocks(layout, &record.program[0]);
    return error != ESPOTA_UPDATE_OK
               ? error
               : result_of(espota_boot_journal_commit(&journal, &record, installer->page));
}

void espota_boot_installer_init(struct espota_boot_installer *installer,
                                const struct espota_boot_layout *layout)
{
    *installer = (struct espota_boot_installer){
        .table = {.context = installer, .space = space, .begin = begin, .install = install},
        .layout = layout};
}

/* The number behind a mark; false: there is none, as where a program looks for the mark itself. */
static bool read_number(const char *text, const char *end, uint32_t *number)
{
    const char *at = text;

    for (*number = 0; at < end && *at >= '0' && *at <= '9'; at++)
        *number = *number * 10 + (uint32_t)(*at - '0'); /* DIGITS of them are below 2^32 */
    return at > text;
}

enum espota_status espota_boot_version_text(const struct espota_flash *flash, uint32_t start,
                                            uint32_t size, uint32_t *version)
{
    static const char mark[] = "espota-version-floor=";
    enum { LENGTH = sizeof(mark) - 1, DIGITS = 9, WHOLE = LENGTH + DIGITS };
    char window[4 * WHOLE];
    size_t kept = 0;

    /* the window moves over the program; what may be the beginning of a mark stays in it */
    for (uint32_t done = 0; done < size;) {
        uint32_t part = size - done; /* done < size */
        size_t at = 0;

        if (part > sizeof(window) - kept)
            part = (uint32_t)(sizeof(window) - kept); /* kept < WHOLE */
        if (flash->read(flash->context, start + done, window + kept, part) != ESPOTA_OK)
            return ESPOTA_E_FAILED;
        done += part;
        kept += part;
        for (; at + WHOLE <= kept || (done == size && at + LENGTH < kept); at++) {
            size_t end = at + WHOLE < kept ? at + WHOLE : kept;

            if (window[at] == mark[0] && memcmp(window + at, mark, LENGTH) == 0 &&
                read_number(window + at + LENGTH, window + end, version))
                return ESPOTA_OK;
        }
        kept -= at < kept ? at : kept;
        memmove(window, window + at, kept);
    }
    *version = 0;
    return ESPOTA_OK;
}
