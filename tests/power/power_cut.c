/* SPDX-License-Identifier: MIT */
/*
 * Cuts the power, or resets the chip, during each single erase and write of an
 * update and of the loader's copy after it, starts the device again and looks
 * what it is left with. Prints the table of what it saw.
 */
#include "unit.h"

#include <stdio.h>

#include "boot/boot.h"
#include "chip.h"
#include "core/updater.h"
#include "crypto/crypto.h"

enum {
    FS_START = CHIP_FS_START,
    FS_END = CHIP_FS_END,
    PROGRAM = 9 * ESPOTA_SECTOR_SIZE + 3000,
    FILE_SYSTEM = 7 * ESPOTA_SECTOR_SIZE,
    /* larger than what lies below it when staged: the copy runs over its own source */
    HUGE_PROGRAM = 0x70000,
};

enum left { OLD, NEW, TORN, LEFT_COUNT };

struct kind {
    const char *name;
    uint32_t command;
    bool atomic_fs;
    uint32_t size;
    uint32_t target;
};

static const struct kind program = {"program", 0, false, PROGRAM, 0};
static const struct kind in_place = {"file system in place", 100, false, FILE_SYSTEM, FS_START};
static const struct kind staged = {"file system staged", 100, true, FILE_SYSTEM, FS_START};
static const struct kind huge = {"program over its source", 0, false, HUGE_PROGRAM, 0};

static struct chip chip;
static struct espota_crypto_openssl openssl;
static uint8_t old_bytes[HUGE_PROGRAM];
static uint8_t new_bytes[HUGE_PROGRAM];
static struct espota_updater updater;
static uint8_t sector[ESPOTA_SECTOR_SIZE];

/* A program as elf2bin makes it: the loader's sector, which hardly ever changes, and the rest. */
static void make(uint8_t *out, uint32_t seed)
{
    chip_pattern(out, HUGE_PROGRAM, seed);
    chip_pattern(out, ESPOTA_SECTOR_SIZE, 1);
    memcpy(out, "\xe9\x01\x02\x20", 4);
    memcpy(out + ESPOTA_SECTOR_SIZE, "\xe9\x00\x02\x20", 4); /* nothing to load */
}

static void setup(const struct kind *kind)
{
    chip_init(&chip);
    make(old_bytes, 2);
    make(new_bytes, 3);
    memcpy(chip.bytes, old_bytes, PROGRAM);
    memcpy(chip.bytes + kind->target, old_bytes, kind->size);
}

/* The whole update; what does not work because the power is gone is ignored, as the power is. */
static void update(const struct kind *kind)
{
    struct espota_updater_config config = chip_update(&chip, &openssl.table, PROGRAM);
    bool alive;

    config.flash_mode = 2;
    config.atomic_fs = kind->atomic_fs;
    espota_updater_init(&updater, &config);
    alive = espota_updater_begin(&updater, kind->size, kind->command, NULL) == ESPOTA_OK;
    ck_assert(alive);
    for (uint32_t at = 0; at < kind->size && alive; at += 1460) {
        uint32_t part = kind->size - at < 1460 ? kind->size - at : 1460;

        alive = espota_updater_write(&updater, new_bytes + at, part) == ESPOTA_OK;
    }
    if (alive)
        alive = espota_updater_end(&updater, false) == ESPOTA_OK;
    ck_assert_int_eq(alive, !chip.dead);
    espota_updater_abort(&updater);
}

static bool boot(void)
{
    const struct espota_boot_ops ops = {.flash = &chip.table, .memory = &chip.boot};
    struct espota_boot_report report;
    enum espota_boot_next next = espota_boot_run(&ops, sector, &report);

    return next == ESPOTA_BOOT_START && !chip.dead;
}

static enum left look(const struct kind *kind)
{
    ck_assert(!chip.abused);
    if (memcmp(chip.bytes + kind->target, new_bytes, kind->size) == 0)
        return NEW;
    return memcmp(chip.bytes + kind->target, old_bytes, kind->size) == 0 ? OLD : TORN;
}

/* What is left after the nth change was the last one of its life; false if there is no nth. */
static bool cut_update(const struct kind *kind, unsigned nth, void (*again)(struct chip *),
                       enum left *left)
{
    setup(kind);
    chip.cut_at = nth;
    update(kind);
    if (!chip.dead)
        return false;
    again(&chip);
    boot();
    *left = look(kind);
    return true;
}

/* The update is whole; the restart after it, and with it the copy, is not. */
static bool cut_copy(const struct kind *kind, unsigned nth, void (*again)(struct chip *),
                     enum left *left)
{
    bool started;

    setup(kind);
    update(kind);
    chip_reset(&chip);
    chip.cut_at = nth;
    boot();
    if (!chip.dead)
        return false;
    again(&chip);
    started = boot();
    *left = look(kind);
    ck_assert(started || *left == TORN);
    return true;
}

typedef bool cut_function(const struct kind *kind, unsigned nth, void (*again)(struct chip *),
                          enum left *left);

/* Every nth; counts what was left. Returns how many changes there are. */
static unsigned each_nth(const struct kind *kind, const char *when, cut_function *cut,
                         const char *how, void (*again)(struct chip *), unsigned seen[LEFT_COUNT])
{
    enum left left;
    unsigned nth = 1;

    memset(seen, 0, LEFT_COUNT * sizeof(seen[0]));
    for (; cut(kind, nth, again, &left); nth++)
        seen[left]++;
    printf("%-24s %-11s %-13s %4u changes: old %4u, new %4u, torn %4u\n", kind->name, when, how,
           nth - 1, seen[OLD], seen[NEW], seen[TORN]);
    return nth - 1;
}

START_TEST(test_uncut)
{
    const struct kind *kinds[] = {&program, &in_place, &staged, &huge};

    for (size_t i = 0; i < 4; i++) {
        setup(kinds[i]);
        update(kinds[i]);
        chip_reset(&chip);
        ck_assert(boot());
        ck_assert_int_eq(look(kinds[i]), NEW);
        ck_assert(boot());
        ck_assert_uint_eq(chip.stores, kinds[i] == &in_place ? 0 : 1); /* the command, cleared */
    }
}
END_TEST

/* Whatever happens during the upload, the old program is there and starts. */
START_TEST(test_program_upload)
{
    unsigned seen[LEFT_COUNT];
    unsigned count = each_nth(&program, "upload", cut_update, "loss of power", chip_power_up, seen);

    ck_assert_uint_eq(count, 20);
    ck_assert_uint_eq(seen[OLD], count);
    count = each_nth(&program, "upload", cut_update, "reset", chip_reset, seen);
    ck_assert_uint_eq(count, 20);
    ck_assert_uint_eq(seen[OLD], count);
}
END_TEST

/* The loader's command survives a reset, which repeats the copy, but not a loss of power. */
START_TEST(test_program_copy)
{
    unsigned seen[LEFT_COUNT];
    unsigned count = each_nth(&program, "copy", cut_copy, "reset", chip_reset, seen);

    ck_assert_uint_eq(count, 18); /* the loader's own sector does not change */
    ck_assert_uint_eq(seen[NEW], count);
    count = each_nth(&program, "copy", cut_copy, "loss of power", chip_power_up, seen);
    ck_assert_uint_eq(seen[TORN], count);
}
END_TEST

/* The reason for atomic_fs: in place, the first byte of an upload already costs the old files. */
START_TEST(test_file_system_upload)
{
    unsigned seen[LEFT_COUNT];
    unsigned count =
        each_nth(&in_place, "upload", cut_update, "loss of power", chip_power_up, seen);

    ck_assert_uint_eq(count, 14);
    ck_assert_uint_eq(seen[TORN], count);
    count = each_nth(&staged, "upload", cut_update, "loss of power", chip_power_up, seen);
    ck_assert_uint_eq(count, 14);
    ck_assert_uint_eq(seen[OLD], count);
    count = each_nth(&staged, "upload", cut_update, "reset", chip_reset, seen);
    ck_assert_uint_eq(seen[OLD], count);
}
END_TEST

/* Staged, what remains is the copy, and of that only a loss of power. */
START_TEST(test_file_system_copy)
{
    unsigned seen[LEFT_COUNT];
    unsigned count = each_nth(&staged, "copy", cut_copy, "reset", chip_reset, seen);

    ck_assert_uint_eq(count, 14);
    ck_assert_uint_eq(seen[NEW], count);
    count = each_nth(&staged, "copy", cut_copy, "loss of power", chip_power_up, seen);
    ck_assert_uint_eq(seen[TORN], count);
    count = each_nth(&in_place, "copy", cut_copy, "loss of power", chip_power_up, seen);
    ck_assert_uint_eq(count, 0); /* there is none */
}
END_TEST

/* A copy that has run over its own source cannot be repeated: a weakness of the original. */
START_TEST(test_copy_over_its_own_source)
{
    const uint32_t source = FS_START - HUGE_PROGRAM;
    unsigned seen[LEFT_COUNT];
    unsigned count = each_nth(&huge, "copy", cut_copy, "reset", chip_reset, seen);

    ck_assert_uint_eq(count, 2 * (HUGE_PROGRAM / ESPOTA_SECTOR_SIZE - 1));
    ck_assert_uint_eq(seen[OLD], 0);
    /* until the target reaches the source; then what comes first is lost */
    ck_assert_uint_eq(seen[NEW], 2 * (source / ESPOTA_SECTOR_SIZE - 1));
    ck_assert_uint_gt(seen[TORN], 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("power/cut");
    TCase *cases = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    espota_crypto_openssl_init(&openssl);
    tcase_set_timeout(cases, 0); /* ctest has its own */
    tcase_add_test(cases, test_uncut);
    tcase_add_test(cases, test_program_upload);
    tcase_add_test(cases, test_program_copy);
    tcase_add_test(cases, test_file_system_upload);
    tcase_add_test(cases, test_file_system_copy);
    tcase_add_test(cases, test_copy_over_its_own_source);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    espota_crypto_openssl_deinit(&openssl);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
