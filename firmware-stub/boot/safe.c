/* SPDX-License-Identifier: MIT */
/*
 * Each step of a job moves one block to where nothing of worth lies, and its source stays until the
 * step after it; the record between the two says which of them comes next. So a step that was cut
 * is done again from its beginning, as often as it takes.
 */
#include "boot/safe.h"

#include <string.h>

#include "boot/inside.h"

struct run {
    const struct espota_boot_layout *layout;
    uint8_t *sector;
    struct espota_boot_journal journal;
    struct espota_boot_record *record;
    struct espota_boot_outcome *outcome;
};

static bool read_sector(const struct run *run, uint32_t at, uint32_t length)
{
    const struct espota_flash *flash = run->layout->flash;

    return flash->read(flash->context, at, run->sector, length) == ESPOTA_OK;
}

/* --- is it what it should be --- */

static bool hash(const struct run *run, uint32_t at, uint32_t size, uint8_t out[ESPOTA_SHA256_SIZE])
{
    const struct espota_crypto *crypto = run->layout->crypto;
    struct espota_digest digest;
    bool whole = true;

    if (crypto->digest_start(crypto->context, ESPOTA_DIGEST_SHA256, &digest) != ESPOTA_OK)
        return false;
    for (uint32_t done = 0; done < size && whole; done += ESPOTA_SECTOR_SIZE) {
        uint32_t part = size - done; /* done < size */

        if (part > ESPOTA_SECTOR_SIZE)
            part = ESPOTA_SECTOR_SIZE;
        whole = read_sector(run, at + done, part);
        if (whole)
            crypto->digest_add(crypto->context, &digest, run->sector, part);
    }
    return crypto->digest_finish(crypto->context, &digest, out) == ESPOTA_OK && whole;
}

/* What lies at `at` is this, and may start. Of what nothing is known nothing can be said. */
static bool is_good(const struct run *run, const struct espota_boot_program *program, uint32_t at)
{
    const struct espota_boot_layout *layout = run->layout;
    const struct espota_verifier *verify = layout->verify;
    uint8_t sha256[ESPOTA_SHA256_SIZE];
    uint32_t version = program->version;

    if (program->size == 0)
        return true;
    if (!hash(run, at, program->size, sha256) ||
        memcmp(sha256, program->sha256, sizeof(sha256)) != 0)
        return false;
    if (verify != NULL &&
        (!read_sector(run, at + program->size, verify->signature_size) ||
         verify->verify(verify->context, sha256, run->sector, verify->signature_size) != ESPOTA_OK))
        return false;
    if (run->record->job == ESPOTA_BOOT_COPY) /* files have no version */
        return true;
    if (layout->version != NULL &&
        layout->version(layout->context, at, program->size, &version) != ESPOTA_OK)
        return false;
    return version >= run->record->floor;
}

/* --- jobs --- */

/*
 * Whence and where to a step moves. False: there is nothing to move, since what lies there is
 * shorter; and what an older cut has left behind it may not even be readable.
 */
static bool find_step(const struct run *run, uint32_t *from, uint32_t *to)
{
    const struct espota_boot_layout *layout = run->layout;
    const struct espota_boot_record *record = run->record;
    uint32_t step = record->step;
    uint32_t place;
    uint32_t beside;
    bool away;

    if (record->job == ESPOTA_BOOT_COPY) {
        *from = espota_boot_staging(layout, record) + step * layout->block;
        *to = layout->files + step * layout->block;
        return true;
    }
    /* back are the same moves the other way round, the last one first */
    if (record->job == ESPOTA_BOOT_BACK)
        step = 2 * record->blocks - 1 - step; /* step < 2 * blocks */
    place = layout->slot[0] + step / 2 * layout->block;
    beside = layout->slot[1] + (step / 2 + step % 2) * layout->block;
    away = (step % 2 == 0) == (record->job == ESPOTA_BOOT_SWAP);
    *from = away ? place : beside;
    *to = away ? beside : place;
    return step / 2 < espota_boot_blocks(layout, &record->program[away ? 0 : 1]);
}

static enum espota_status move_block(const struct run *run, uint32_t from, uint32_t to)
{
    const struct espota_boot_layout *layout = run->layout;
    const struct espota_flash *flash = layout->flash;
    enum espota_status status = flash->erase(flash->context, to);

    for (uint32_t done = 0; done < layout->block && status == ESPOTA_OK;
         done += ESPOTA_SECTOR_SIZE) {
        status = flash->read(flash->context, from + done, run->sector, ESPOTA_SECTOR_SIZE);
        if (status == ESPOTA_OK)
            status = flash->write(flash->context, to + done, run->sector, ESPOTA_SECTOR_SIZE);
    }
    return status;
}

static void exchange(struct espota_boot_record *record)
{
    struct espota_boot_program program = record->program[0];

    record->program[0] = record->program[1];
    record->program[1] = program;
}

/* Everything has been moved. */
static void conclude(struct run *run)
{
    struct espota_boot_record *record = run->record;

    run->outcome->event = ESPOTA_BOOT_INSTALLED;
    if (record->job == ESPOTA_BOOT_COPY) {
        run->outcome->files = true;
        record->program[espota_boot_idle(record)].size = 0;
    } else if (record->job == ESPOTA_BOOT_BACK) {
        exchange(record);
        record->trial = false;
        run->outcome->event = ESPOTA_BOOT_WENT_BACK;
    } else {
        exchange(record);
        espota_boot_try(run->layout, record);
    }
    record->job = ESPOTA_BOOT_NO_JOB;
    record->step = 0;
}

/* What is to be put in place lies where its job begins. */
static bool source_is_good(const struct run *run)
{
    const struct espota_boot_layout *layout = run->layout;
    unsigned idle = espota_boot_idle(run->record);

    return is_good(run, &run->record->program[idle],
                   run->record->job == ESPOTA_BOOT_BACK ? layout->slot[1]
                                                        : espota_boot_staging(layout, run->record));
}

static void drop(struct run *run)
{
    struct espota_boot_record *record = run->record;

    if (record->job != ESPOTA_BOOT_BACK) {
        run->outcome->event = ESPOTA_BOOT_REFUSED;
        run->outcome->files = record->job == ESPOTA_BOOT_COPY;
    }
    record->program[espota_boot_idle(record)].size = 0;
    record->trial = false; /* there is nothing to go back to */
    record->job = ESPOTA_BOOT_NO_JOB;
}

static enum espota_status work(struct run *run)
{
    struct espota_boot_record *record = run->record;
    uint32_t steps = record->job == ESPOTA_BOOT_COPY ? record->blocks : 2 * record->blocks;
    enum espota_status status = ESPOTA_OK;
    uint32_t from;
    uint32_t to;

    if (record->step == 0 && !source_is_good(run)) {
        drop(run);
        return espota_boot_journal_commit(&run->journal, record, run->sector);
    }
    while (record->step < steps && status == ESPOTA_OK) {
        bool moves = find_step(run, &from, &to);

        if (moves)
            status = move_block(run, from, to);
        record->step++;
        if (moves && status == ESPOTA_OK && record->step < steps)
            status = espota_boot_journal_append(&run->journal, record, run->sector);
    }
    if (status != ESPOTA_OK)
        return status;
    conclude(run);
    return espota_boot_journal_commit(&run->journal, record, run->sector);
}

/* --- which program starts --- */

/*
 * To the program that ran before. Where that is not good, one on trial may go on without an end;
 * false: neither can start.
 */
static bool turn_back(struct run *run)
{
    struct espota_boot_record *record = run->record;
    unsigned idle = espota_boot_idle(record);
    bool known = record->trial || record->program[idle].size != 0;

    if (!known || !is_good(run, &record->program[idle], run->layout->slot[idle])) {
        known = record->trial;
        record->trial = false;
        record->program[idle].size = 0;
        return known;
    }
    if (run->layout->kind == ESPOTA_BOOT_ONE_PLACE) {
        record->job = ESPOTA_BOOT_BACK;
        record->step = 0;
    } else {
        record->slot = (uint8_t)idle;
        record->trial = false;
        run->outcome->event = ESPOTA_BOOT_WENT_BACK;
    }
    return true;
}

/* A start of a program on trial is counted before it happens. */
static enum espota_status count_start(struct run *run)
{
    struct espota_boot_record *record = run->record;

    if (!record->trial)
        return ESPOTA_OK;
    record->left--; /* greater than 0, or it would have been turned back */
    return espota_boot_journal_commit(&run->journal, record, run->sector);
}

static enum espota_boot_verdict choose(struct run *run)
{
    const struct espota_boot_layout *layout = run->layout;
    struct espota_boot_record *record = run->record;

    /* an update, back from it, and back from a damaged one: there is no fourth turn */
    for (int turn = 0; turn < 4; turn++) {
        if (record->job != ESPOTA_BOOT_NO_JOB && work(run) != ESPOTA_OK)
            return ESPOTA_BOOT_AGAIN;
        run->outcome->start = espota_boot_running(layout, record);
        if (!(record->trial && record->left == 0) &&
            is_good(run, &record->program[record->slot], run->outcome->start))
            return count_start(run) == ESPOTA_OK ? ESPOTA_BOOT_READY : ESPOTA_BOOT_AGAIN;
        if (!turn_back(run))
            return ESPOTA_BOOT_DAMAGED;
        if (espota_boot_journal_commit(&run->journal, record, run->sector) != ESPOTA_OK)
            return ESPOTA_BOOT_AGAIN;
    }
    return ESPOTA_BOOT_DAMAGED;
}

enum espota_boot_verdict espota_boot_safe(const struct espota_boot_layout *layout,
                                          uint8_t sector[ESPOTA_SECTOR_SIZE],
                                          struct espota_boot_outcome *outcome)
{
    struct run run = {
        .layout = layout, .sector = sector, .record = &outcome->record, .outcome = outcome};

    memset(outcome, 0, sizeof(*outcome));
    if (espota_boot_open(layout, &run.journal, run.record, sector) != ESPOTA_OK)
        return ESPOTA_BOOT_AGAIN;
    return choose(&run);
}
