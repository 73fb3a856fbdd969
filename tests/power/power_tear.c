/* SPDX-License-Identifier: MIT */
/*
 * Cuts the power in every way in which a chip can tear, at every change of the flash in everything
 * that the loader that survives does, and again while it recovers. Nothing but the old or the new
 * may be there afterwards, whole, and what was there once stays.
 *
 * Then it takes something out of the loader's writes, and must see what comes of that: a simulator
 * that finds nothing in a broken loader finds nothing in a good one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
#include "crypto/crypto.h"
#include "life.h"
#include "wire/wire.h"

enum {
    DEPTH = 4, /* cuts in a row, and what a person does between them */
    FAULTS_SHOWN = 5,
    COMMAND_FILES = ESPOTA_COMMAND_FILESYSTEM,
    COMMAND_PROGRAM = ESPOTA_COMMAND_FLASH,
};

/* `before` without a cut, `what` with one. */
struct scenario {
    const char *name;
    void (*before)(struct life *life);
    bool (*what)(struct life *life);
    unsigned may_be; /* programs that may run after a cut */
};

struct tally {
    unsigned long cuts, lives, torn;
};

static struct espota_crypto_openssl openssl;
static struct tearing chip;
static struct tearing before;
static struct life life;
static unsigned nested = 2; /* lives beside the plain one, for each cut */
static unsigned faults_shown;

/* --- what happens --- */

static bool upload_new(struct life *it)
{
    it->programs |= LIFE_NEW;
    return life_upload(it, &it->new, COMMAND_PROGRAM);
}

static bool upload_files(struct life *it)
{
    it->files |= LIFE_NEW;
    return life_upload(it, &it->new_files, COMMAND_FILES);
}

/* Its version is below the floor once the new one is confirmed. */
static bool upload_old(struct life *it)
{
    if (life_upload(it, &it->old, COMMAND_PROGRAM))
        it->fault = "a version below the floor was taken";
    return false;
}

static void nothing(struct life *it)
{
    (void)it;
}

static void staged(struct life *it)
{
    upload_new(it);
}

static void staged_files(struct life *it)
{
    upload_files(it);
}

static void on_trial(struct life *it)
{
    upload_new(it);
    life_boot(it);
}

static void rejected(struct life *it)
{
    on_trial(it);
    life_reject(it);
}

static void confirmed(struct life *it)
{
    on_trial(it);
    life_confirm(it);
    life_boot(it);
}

/* A bit of the program on trial has turned. */
static void damaged(struct life *it)
{
    on_trial(it);
    it->chip->bytes[it->layout.slot[it->layout.kind == ESPOTA_BOOT_TWO_SLOTS] + 99] ^= 4;
}

static const struct scenario scenarios[] = {
    {"program staged", nothing, upload_new, LIFE_OLD | LIFE_NEW},
    {"file system staged", nothing, upload_files, LIFE_OLD},
    {"swap", staged, life_boot, LIFE_OLD | LIFE_NEW},
    {"copy of a file system", staged_files, life_boot, LIFE_OLD},
    {"confirm", on_trial, life_confirm, LIFE_OLD | LIFE_NEW},
    {"reject", on_trial, life_reject, LIFE_OLD | LIFE_NEW},
    {"rollback", rejected, life_boot, LIFE_OLD},
    {"damaged, back", damaged, life_boot, LIFE_OLD},
    {"floor", confirmed, upload_old, LIFE_NEW},
};
enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };

static const struct life_sizes sizes[] = {
    {"smaller, larger", 2, 7}, {"larger, smaller", 7, 1}, {"the whole slot, both", 8, 8}};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

/* --- a life after the first cut --- */

static unsigned any_cut(void)
{
    return 1 + tearing_random(&chip, tearing_random(&chip, 3) == 0 ? 60 : 9);
}

static enum tear any_tear(void)
{
    return (enum tear)tearing_random(&chip, TEAR_COUNT);
}

/* What may follow a good start; the power goes in the middle of most of it. */
static void live_on(struct life *it)
{
    unsigned what = tearing_random(&chip, 4);

    tearing_power_up(&chip, any_cut(), any_tear());
    if (it->trial && what == 0) {
        if (life_confirm(it))
            it->programs = it->runs;
    } else if (it->trial && what == 1) {
        if (life_reject(it))
            it->programs = it->kept;
    } else if (!it->trial && what < 3) {
        it->programs |= LIFE_THIRD;
        (void)life_upload(it, &it->third, COMMAND_PROGRAM);
    }
}

/* A new program on trial may be replaced by what ran before it, whichever that is. */
static void recover(struct life *it, bool more_cuts)
{
    unsigned depth = more_cuts ? 1 + tearing_random(&chip, DEPTH) : 0;

    for (unsigned i = 0; i < depth && it->fault == NULL; i++) {
        tearing_power_up(&chip, any_cut(), any_tear());
        if (life_boot(it) && it->fault == NULL)
            live_on(it);
    }
    for (unsigned i = 0; i < LIFE_STARTS && it->fault == NULL; i++) {
        tearing_power_up(&chip, 0, TEAR_BEFORE);
        life_boot(it);
    }
}

/* The device is still one that takes an update. */
static void update_once_more(struct life *it)
{
    tearing_power_up(&chip, 0, TEAR_BEFORE);
    if (it->trial && !life_confirm(it))
        it->fault = "it cannot be confirmed";
    it->programs = LIFE_THIRD;
    if (it->fault == NULL && !life_upload(it, &it->third, COMMAND_PROGRAM))
        it->fault = "it takes no update any more";
    if (it->fault == NULL)
        life_boot(it);
}

static void show_fault(const struct scenario *scenario, unsigned nth, enum tear tear)
{
    if (faults_shown++ < FAULTS_SHOWN)
        printf("  %s: %s, cut at change %u as %d: %s\n", chip.model->name, scenario->name, nth,
               tear, life.fault);
}

/* One life with the nth change of `what` cut; false: there is no nth change. */
static bool live(const struct scenario *scenario, const struct life *at_first, unsigned nth,
                 enum tear tear, bool more_cuts, struct tally *tally)
{
    unsigned cuts = chip.cuts;

    life = *at_first;
    tearing_copy(&chip, &before);
    espota_boot_installer_init(&life.installer, &life.layout);
    life.config.installer = &life.installer.table;
    tearing_power_up(&chip, nth, tear);
    (void)scenario->what(&life);
    if (!chip.dead)
        return false;
    life.programs |= scenario->may_be;
    if (scenario->what == life_confirm)
        life.programs = LIFE_OLD | LIFE_NEW; /* it came to an end, or it did not */
    recover(&life, more_cuts);
    if (life.fault == NULL && tearing_random(&chip, 8) == 0)
        update_once_more(&life);
    if (life.fault != NULL) {
        show_fault(scenario, nth, tear);
        tally->torn++;
    }
    tally->lives++;
    tally->cuts += chip.cuts - cuts;
    return true;
}

static void each_cut(const struct scenario *scenario, const struct life *at_first,
                     struct tally *tally)
{
    bool there = true;

    for (unsigned nth = 1; there; nth++)
        for (unsigned tear = 0; tear < TEAR_COUNT && there; tear++)
            for (unsigned i = 0; i <= nested && there; i++)
                there = live(scenario, at_first, nth, (enum tear)tear, i > 0, tally);
}

/* An old program that is known to the record ran through it itself. */
static void prepare(const struct scenario *scenario, const struct tearing_model *model,
                    enum espota_boot_kind kind, const struct life_sizes *size, uint32_t seed)
{
    unsigned cuts = chip.cuts;

    life_begin(&life, &chip, model, kind, size, &openssl.table, seed);
    tearing_power_up(&chip, 0, TEAR_BEFORE);
    if (seed % 2 == 0 && kind == ESPOTA_BOOT_ONE_PLACE) {
        life_upload(&life, &life.old, COMMAND_PROGRAM);
        life_boot(&life);
        life_confirm(&life);
    }
    scenario->before(&life);
    if (life.fault != NULL || life.chip->abused) {
        printf("%s: %s before any cut\n", scenario->name, life.fault);
        exit(EXIT_FAILURE);
    }
    before.size = chip.size;
    tearing_copy(&before, &chip);
    chip.cuts = cuts;
}

static void run_model(const struct tearing_model *model, struct tally *tally)
{
    static struct life at_first;

    for (unsigned i = 0; i < 2 * SCENARIOS; i++) {
        const struct scenario *scenario = &scenarios[i / 2];
        enum espota_boot_kind kind = i % 2 == 0 ? ESPOTA_BOOT_ONE_PLACE : ESPOTA_BOOT_TWO_SLOTS;
        struct tally here = {0};

        for (uint32_t seed = 0; seed < 2 * SIZES; seed++) {
            prepare(scenario, model, kind, &sizes[seed / 2], seed);
            at_first = life;
            each_cut(scenario, &at_first, &here);
        }
        printf("%-24s %-22s %-10s %7lu cuts in %7lu lives: %lu torn\n", model->name, scenario->name,
               kind == ESPOTA_BOOT_ONE_PLACE ? "one place" : "two slots", here.cuts, here.lives,
               here.torn);
        tally->cuts += here.cuts;
        tally->lives += here.lives;
        tally->torn += here.torn;
    }
}

/* --- broken loaders --- */

static uint32_t page_in_record(uint32_t address)
{
    const struct espota_boot_area *area = &life.layout.record;

    for (unsigned i = 0; i < ESPOTA_BOOT_AREAS; i++)
        if (address >= area->at[i] && address < area->at[i] + area->size)
            return (address - area->at[i]) / ESPOTA_PAGE_SIZE;
    return UINT32_MAX;
}

/* The steps of a job are not written down. */
static bool drops_steps(uint32_t address, bool erase)
{
    uint32_t at = page_in_record(address);

    return !erase && at != UINT32_MAX && at > 1 &&
           at != life.layout.record.size / ESPOTA_PAGE_SIZE - 1;
}

/* What is moved lands on what was there. */
static bool drops_erases(uint32_t address, bool erase)
{
    return erase && address < life.layout.slot[1];
}

/* The other areas are never used: a record is written where the only other one was. */
static bool drops_other_areas(uint32_t address, bool erase)
{
    (void)erase;
    return address >= life.layout.record.at[1] && page_in_record(address) != UINT32_MAX;
}

static bool finds(const char *what, bool (*drops)(uint32_t, bool))
{
    struct tally tally = {0};

    faults_shown = FAULTS_SHOWN;
    for (unsigned i = 0; i < SCENARIOS; i++) {
        static struct life at_first;

        chip.drops = NULL;
        prepare(&scenarios[i], &tearing_models[0], ESPOTA_BOOT_ONE_PLACE, &sizes[0], 0);
        at_first = life;
        chip.drops = drops;
        each_cut(&scenarios[i], &at_first, &tally);
    }
    chip.drops = NULL;
    printf("a loader that %s: %lu torn after %lu cuts\n", what, tally.torn, tally.cuts);
    return tally.torn > 0;
}

int main(int argc, char **argv)
{
    struct tally tally = {0};
    size_t models = argc > 2 ? strtoul(argv[2], NULL, 10) : tearing_model_count;
    bool seen;

    if (argc > 1)
        nested = (unsigned)strtoul(argv[1], NULL, 10);
    espota_crypto_openssl_init(&openssl);
    for (size_t i = 0; i < models && i < tearing_model_count; i++)
        run_model(&tearing_models[i], &tally);
    printf("%lu cuts in %lu lives: %lu ended in anything but old or new, whole\n", tally.cuts,
           tally.lives, tally.torn);
    nested = nested > 8 ? 8 : nested;
    seen = finds("writes down no steps", drops_steps);
    seen = finds("does not erase before it writes", drops_erases) && seen;
    seen = finds("has one area for it", drops_other_areas) && seen;
    espota_crypto_openssl_deinit(&openssl);
    return tally.torn == 0 && (tally.cuts >= 100000 || argc > 2) && seen ? EXIT_SUCCESS
                                                                         : EXIT_FAILURE;
}
