/* SPDX-License-Identifier: MIT */
/*
 * See record.h for why it is done so. An area's pages: the first copy, then the steps in order, the
 * third copy as page 1, and as the last page the second copy: an erase that was cut leaves a part
 * of the area, and hardly ever both ends.
 */
#include "boot/record.h"

#include <string.h>

#define MAGIC UINT32_C(0x52426f45) /* "EoBR" */

enum {
    COPIES = 3,
    APPENDED_MAX = 64, /* steps in an area; more only make it slower to read */
    CHECKED = ESPOTA_BOOT_RECORD_SIZE - 4,
};

/* What a look at one area found. */
struct found_record {
    uint32_t epoch;
    unsigned copies; /* that can be read, from the first on; 0: there is no record */
    unsigned appended;
    bool doubtful; /* neither all copies nor none: what cannot be read now may be read later */
    struct espota_boot_record record; /* the newest */
};

void espota_boot_record_write(const struct espota_boot_record *record, uint32_t sequence,
                              uint8_t page[ESPOTA_PAGE_SIZE])
{
    struct espota_writer writer;

    memset(page, 0xff, ESPOTA_PAGE_SIZE);
    espota_writer_init(&writer, page, ESPOTA_BOOT_RECORD_SIZE);
    espota_write_u32le(&writer, MAGIC);
    espota_write_u32le(&writer, sequence);
    espota_write_u8(&writer, record->job);
    espota_write_u8(&writer, record->slot);
    espota_write_u8(&writer, record->trial ? 1 : 0);
    espota_write_u8(&writer, record->left);
    espota_write_u32le(&writer, record->step);
    espota_write_u32le(&writer, record->blocks);
    espota_write_u32le(&writer, record->floor);
    for (unsigned i = 0; i < 2; i++) {
        espota_write_u32le(&writer, record->program[i].size);
        espota_write_u32le(&writer, record->program[i].version);
        espota_write_bytes(&writer, record->program[i].sha256, ESPOTA_SHA256_SIZE);
    }
    espota_write_u32le(&writer, espota_crc32_mpeg2(ESPOTA_CRC32_START, page, CHECKED));
}

enum espota_status espota_boot_record_parse(const uint8_t page[ESPOTA_PAGE_SIZE],
                                            struct espota_boot_record *record, uint32_t *sequence)
{
    struct espota_reader reader;
    uint32_t magic;
    uint8_t trial;

    espota_reader_init(&reader, page, ESPOTA_BOOT_RECORD_SIZE);
    magic = espota_read_u32le(&reader);
    *sequence = espota_read_u32le(&reader);
    record->job = espota_read_u8(&reader);
    record->slot = espota_read_u8(&reader);
    trial = espota_read_u8(&reader);
    record->trial = trial == 1;
    record->left = espota_read_u8(&reader);
    record->step = espota_read_u32le(&reader);
    record->blocks = espota_read_u32le(&reader);
    record->floor = espota_read_u32le(&reader);
    for (unsigned i = 0; i < 2; i++) {
        record->program[i].size = espota_read_u32le(&reader);
        record->program[i].version = espota_read_u32le(&reader);
        memcpy(record->program[i].sha256, espota_read_bytes(&reader, ESPOTA_SHA256_SIZE),
               ESPOTA_SHA256_SIZE); /* a page is longer than a record */
    }
    if (magic != MAGIC || record->job > ESPOTA_BOOT_BACK || record->slot > 1 || trial > 1 ||
        espota_read_u32le(&reader) != espota_crc32_mpeg2(ESPOTA_CRC32_START, page, CHECKED))
        return ESPOTA_BAD;
    return ESPOTA_OK;
}

static uint8_t appended_room(const struct espota_boot_area *area)
{
    uint32_t pages = area->size / ESPOTA_PAGE_SIZE;

    if (pages < COPIES)
        return 0;
    return (uint8_t)(pages - COPIES < APPENDED_MAX ? pages - COPIES : APPENDED_MAX);
}

/* Where the nth record of an area lies, the copies first. */
static uint32_t place_of(const struct espota_boot_area *area, unsigned index, unsigned nth)
{
    uint32_t pages = area->size / ESPOTA_PAGE_SIZE;
    uint32_t page = nth == 0 ? 0 : nth == 1 ? pages - 1 : nth - 1;

    return area->at[index] + page * ESPOTA_PAGE_SIZE;
}

static uint32_t sequence_of(uint32_t epoch, unsigned nth)
{
    return epoch << 8 | nth;
}

/* A page that cannot be read, as one with a wrong ECC cannot, holds no record. */
static bool read_nth(const struct espota_boot_area *area, unsigned index, unsigned nth,
                     struct espota_boot_record *record, uint32_t *sequence,
                     uint8_t page[ESPOTA_PAGE_SIZE])
{
    memset(page, 0, ESPOTA_PAGE_SIZE);
    return area->flash->read(area->flash->context, place_of(area, index, nth), page,
                             ESPOTA_PAGE_SIZE) == ESPOTA_OK &&
           espota_boot_record_parse(page, record, sequence) == ESPOTA_OK &&
           (*sequence & 0xff) == nth;
}

static bool is_blank(const uint8_t page[ESPOTA_PAGE_SIZE])
{
    return page[0] == 0xff && memcmp(page, page + 1, ESPOTA_PAGE_SIZE - 1) == 0;
}

static void look(const struct espota_boot_area *area, unsigned index, struct found_record *found,
                 uint8_t page[ESPOTA_PAGE_SIZE])
{
    unsigned end = COPIES + appended_room(area);
    struct espota_boot_record record;
    uint32_t sequence;

    memset(found, 0, sizeof(*found));
    if (!read_nth(area, index, 0, &record, &sequence, page)) {
        found->doubtful = !is_blank(page);
        return;
    }
    found->record = record;
    found->epoch = sequence >> 8;
    found->copies = 1;
    for (unsigned nth = 1; nth < end; nth++) {
        if (!read_nth(area, index, nth, &record, &sequence, page) ||
            sequence != sequence_of(found->epoch, nth))
            continue;
        if (nth < COPIES) {
            found->copies += found->copies == nth;
        } else {
            found->appended = nth - COPIES + 1;
            found->record = record;
        }
    }
    found->doubtful = found->copies != COPIES;
}

static enum espota_status write_nth(const struct espota_boot_journal *journal, unsigned nth,
                                    const struct espota_boot_record *record,
                                    uint8_t page[ESPOTA_PAGE_SIZE])
{
    const struct espota_flash *flash = journal->area->flash;

    espota_boot_record_write(record, sequence_of(journal->epoch, nth), page);
    return flash->write(flash->context, place_of(journal->area, journal->active, nth), page,
                        ESPOTA_PAGE_SIZE);
}

/* Without a division, which small processors have only as a large function. */
static uint8_t next_of(uint8_t area)
{
    return area + 1 == ESPOTA_BOOT_AREAS ? 0 : (uint8_t)(area + 1);
}

static enum espota_status commit_to(struct espota_boot_journal *journal, uint8_t index,
                                    const struct espota_boot_record *record,
                                    uint8_t page[ESPOTA_PAGE_SIZE])
{
    const struct espota_flash *flash = journal->area->flash;
    enum espota_status status = flash->erase(flash->context, journal->area->at[index]);

    journal->active = index;
    journal->epoch++;
    for (unsigned nth = 0; nth < COPIES && status == ESPOTA_OK; nth++)
        status = write_nth(journal, nth, record, page);
    journal->appended = status == ESPOTA_OK ? 0 : appended_room(journal->area);
    return status;
}

/* Whether `a` is newer; a torn record may have the number of one that was written after it. */
static bool is_newer(const struct found_record *a, const struct found_record *b)
{
    return a->copies > 0 && (b->copies == 0 || a->epoch > b->epoch ||
                             (a->epoch == b->epoch && a->copies > b->copies));
}

static uint8_t find_newest(const struct found_record found[ESPOTA_BOOT_AREAS])
{
    unsigned newest = 0;

    for (unsigned i = 1; i < ESPOTA_BOOT_AREAS; i++)
        if (is_newer(&found[i], &found[newest]))
            newest = i;
    return (uint8_t)newest;
}

static uint8_t find_oldest(const struct found_record found[ESPOTA_BOOT_AREAS], uint8_t active)
{
    uint8_t one = next_of(active);
    uint8_t other = next_of(one);

    return is_newer(&found[one], &found[other]) ? other : one;
}

/*
 * Writes a record again that is not settled, and then over all that could be read as another one
 * later. See record.h for which area goes first.
 */
static enum espota_status settle(struct espota_boot_journal *journal,
                                 const struct found_record found[ESPOTA_BOOT_AREAS],
                                 const struct espota_boot_record *record,
                                 uint8_t page[ESPOTA_PAGE_SIZE])
{
    uint8_t active = journal->active;
    uint8_t first = found[active].copies == 1 ? active : find_oldest(found, active);
    enum espota_status status = commit_to(journal, first, record, page);

    for (unsigned i = 0; i < ESPOTA_BOOT_AREAS && status == ESPOTA_OK; i++)
        if (i != first && found[i].doubtful)
            status = commit_to(journal, (uint8_t)i, record, page);
    return status;
}

enum espota_status espota_boot_journal_open(struct espota_boot_journal *journal,
                                            const struct espota_boot_area *area,
                                            struct espota_boot_record *record,
                                            uint8_t page[ESPOTA_PAGE_SIZE])
{
    struct found_record found[ESPOTA_BOOT_AREAS];
    const struct found_record *newest;
    bool doubtful = false;

    for (unsigned i = 0; i < ESPOTA_BOOT_AREAS; i++) {
        look(area, i, &found[i], page);
        doubtful = doubtful || found[i].doubtful;
    }
    /* what this run has not erased is not written to */
    *journal = (struct espota_boot_journal){
        .area = area, .active = find_newest(found), .appended = appended_room(area)};
    newest = &found[journal->active];
    *record = newest->record;
    journal->epoch = newest->epoch;
    if (!doubtful && newest->appended == 0 && newest->record.job == ESPOTA_BOOT_NO_JOB)
        return ESPOTA_OK;
    return settle(journal, found, record, page);
}

enum espota_status espota_boot_journal_commit(struct espota_boot_journal *journal,
                                              const struct espota_boot_record *record,
                                              uint8_t page[ESPOTA_PAGE_SIZE])
{
    return commit_to(journal, next_of(journal->active), record, page);
}

enum espota_status espota_boot_journal_append(struct espota_boot_journal *journal,
                                              const struct espota_boot_record *record,
                                              uint8_t page[ESPOTA_PAGE_SIZE])
{
    if (journal->appended == appended_room(journal->area))
        return espota_boot_journal_commit(journal, record, page);
    return write_nth(journal, COPIES + journal->appended++, record, page);
}
