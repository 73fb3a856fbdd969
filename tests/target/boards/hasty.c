/* SPDX-License-Identifier: MIT */
/* A loader that must be found out: with its first step it writes down that all is done. */
#include "boot/record.h"

enum espota_status __real_espota_boot_journal_append(struct espota_boot_journal *journal,
                                                     const struct espota_boot_record *record,
                                                     uint8_t page[ESPOTA_PAGE_SIZE]);
enum espota_status __wrap_espota_boot_journal_append(struct espota_boot_journal *journal,
                                                     const struct espota_boot_record *record,
                                                     uint8_t page[ESPOTA_PAGE_SIZE]);

enum espota_status __wrap_espota_boot_journal_append(struct espota_boot_journal *journal,
                                                     const struct espota_boot_record *record,
                                                     uint8_t page[ESPOTA_PAGE_SIZE])
{
    struct espota_boot_record done = *record;

    done.job = ESPOTA_BOOT_NO_JOB;
    return __real_espota_boot_journal_append(journal, &done, page);
}
