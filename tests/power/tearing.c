/* SPDX-License-Identifier: MIT */
#include "tearing.h"

#include <string.h>

enum { FEW = 6 };

const struct tearing_model tearing_models[] = {
    {"SPI NOR, 4 KiB sectors", 4096, 1, false},
    {"NOR, 64 KiB blocks", 65536, 1, false},
    {"8-byte units with ECC", 4096, 8, true},
    {"256-byte pages, XIP", 4096, 256, false},
};
const size_t tearing_model_count = sizeof(tearing_models) / sizeof(tearing_models[0]);

uint32_t tearing_random(struct tearing *chip, uint32_t below)
{
    chip->random ^= chip->random << 13;
    chip->random ^= chip->random >> 17;
    chip->random ^= chip->random << 5;
    return (uint32_t)((uint64_t)chip->random * below >> 32);
}

static bool within(const struct tearing *chip, uint32_t address, size_t length)
{
    return address <= chip->size && length <= chip->size - address;
}

static bool is_unstable(const struct tearing *chip, uint32_t address, size_t length)
{
    for (size_t at = address / ESPOTA_SECTOR_SIZE; at * ESPOTA_SECTOR_SIZE < address + length; at++)
        if (chip->unstable[at])
            return true;
    return false;
}

static enum espota_status tearing_read(void *context, uint32_t address, void *data, size_t length)
{
    struct tearing *chip = context;
    uint8_t *out = data;
    bool torn = false;

    if (chip->dead || !within(chip, address, length))
        return ESPOTA_E_FAILED;
    memcpy(data, chip->bytes + address, length);
    if (!is_unstable(chip, address, length))
        return ESPOTA_OK;
    for (size_t i = 0; i < length; i++) {
        uint8_t wild = chip->wild[address + i];

        if (wild != 0)
            out[i] = (uint8_t)((out[i] & ~wild) | (tearing_random(chip, 256) & wild));
        torn |= wild != 0;
    }
    return torn && chip->model->ecc && tearing_random(chip, 2) == 0 ? ESPOTA_E_FAILED : ESPOTA_OK;
}

static void set_wild(struct tearing *chip, uint32_t at, uint8_t bits)
{
    chip->wild[at] = bits;
    if (bits != 0)
        chip->unstable[at / ESPOTA_SECTOR_SIZE] = true;
}

/* One byte, from `was` to `will` be, as far as this way of tearing gets with it. */
static void tear_byte(struct tearing *chip, uint32_t at, uint8_t was, uint8_t will, enum tear tear)
{
    uint8_t moving = was ^ will;

    switch (tear) {
    case TEAR_BITS:
        chip->bytes[at] = (uint8_t)(was ^ (moving & tearing_random(chip, 256)));
        break;
    case TEAR_UNSTABLE:
        chip->bytes[at] = was;
        set_wild(chip, at, moving);
        break;
    default: /* not done */
        chip->bytes[at] = was;
    }
}

/* `will` NULL: FF. What is torn is not clean, whatever it looks like. */
static void tear_range(struct tearing *chip, uint32_t address, const uint8_t *will, uint32_t length)
{
    enum tear tear = chip->tear;
    uint32_t units = length / chip->model->unit;
    uint32_t prefix = tearing_random(chip, units + 1) * chip->model->unit;
    bool backwards = tear == TEAR_SEEMS || (will == NULL && tearing_random(chip, 2) == 0);
    uint32_t page = will == NULL ? length : ESPOTA_PAGE_SIZE; /* how far a torn one reaches */
    uint32_t end = prefix / page * page + page;

    if (tearing_random(chip, 4) == 0) /* the ends are where mistakes are */
        prefix = tearing_random(chip, 2) == 0 ? 0 : length - chip->model->unit;
    if (tear == TEAR_FEW)
        prefix = length;
    if (tear == TEAR_UNDONE)
        prefix = 0;
    if (prefix < length && prefix / page * page + page < end)
        end = prefix / page * page + page;
    for (uint32_t i = 0; i < length; i++) {
        uint32_t at = address + i;
        uint8_t was = chip->bytes[at];
        uint8_t to = will == NULL ? 0xff : will[i];
        bool done = backwards ? i >= length - prefix : i < prefix;

        if (done) {
            chip->bytes[at] = to;
            chip->wild[at] = 0;
            chip->clean[at] = false;
        } else if (will == NULL || backwards || tear == TEAR_UNDONE || i < end) {
            tear_byte(chip, at, was, to, tear);
            chip->clean[at] = false;
        }
    }
    for (int i = 0; tear == TEAR_FEW && i < FEW; i++)
        set_wild(chip, address + tearing_random(chip, length),
                 (uint8_t)(1u << tearing_random(chip, 8)));
}

/* True if the power went with this change, which is done as far as it will ever be. */
static bool cut(struct tearing *chip, uint32_t address, const uint8_t *will, uint32_t length)
{
    if (++chip->changes != chip->cut_at)
        return false;
    chip->dead = true;
    chip->cuts++;
    if (chip->tear == TEAR_AFTER)
        return false;
    if (will == NULL && chip->tear == TEAR_SEEMS) {
        memset(chip->bytes + address, 0xff, length);
        memset(chip->wild + address, 0, length);
        memset(chip->clean + address, false, length);
    } else if (chip->tear != TEAR_BEFORE) {
        tear_range(chip, address, will, length);
    }
    return true;
}

static enum espota_status tearing_erase(void *context, uint32_t address)
{
    struct tearing *chip = context;
    uint32_t block = chip->model->block;

    if (chip->dead)
        return ESPOTA_E_FAILED;
    if (address % ESPOTA_SECTOR_SIZE != 0 || !within(chip, address, ESPOTA_SECTOR_SIZE)) {
        chip->abused = true;
        return ESPOTA_E_FAILED;
    }
    if (address % block != 0) /* it went with its block's first sector */
        return ESPOTA_OK;
    if (chip->drops != NULL && chip->drops(address, true))
        return ESPOTA_OK;
    if (cut(chip, address, NULL, block))
        return ESPOTA_E_FAILED;
    memset(chip->bytes + address, 0xff, block);
    memset(chip->wild + address, 0, block);
    memset(chip->clean + address, true, block);
    memset(chip->unstable + address / ESPOTA_SECTOR_SIZE, false, block / ESPOTA_SECTOR_SIZE);
    return chip->dead ? ESPOTA_E_FAILED : ESPOTA_OK;
}

static enum espota_status tearing_write(void *context, uint32_t address, const void *data,
                                        size_t length)
{
    struct tearing *chip = context;

    if (chip->dead)
        return ESPOTA_E_FAILED;
    if (address % ESPOTA_PAGE_SIZE != 0 || length % ESPOTA_PAGE_SIZE != 0 || length == 0 ||
        address % ESPOTA_SECTOR_SIZE + length > ESPOTA_SECTOR_SIZE ||
        !within(chip, address, length)) {
        chip->abused = true;
        return ESPOTA_E_FAILED;
    }
    if (chip->drops != NULL && chip->drops(address, false))
        return ESPOTA_OK;
    chip->abused |= memchr(chip->clean + address, false, length) != NULL;
    if (cut(chip, address, data, (uint32_t)length))
        return ESPOTA_E_FAILED;
    memcpy(chip->bytes + address, data, length);
    memset(chip->clean + address, false, length);
    return chip->dead ? ESPOTA_E_FAILED : ESPOTA_OK;
}

void tearing_init(struct tearing *chip, const struct tearing_model *model, uint32_t size,
                  uint32_t seed)
{
    memset(chip, 0, sizeof(*chip));
    chip->table = (struct espota_flash){chip, tearing_read, tearing_erase, tearing_write};
    chip->model = model;
    chip->size = size;
    chip->random = seed * 2654435761u | 1;
    memset(chip->bytes, 0xff, size);
    memset(chip->clean, true, size);
}

void tearing_power_up(struct tearing *chip, unsigned cut_at, enum tear tear)
{
    chip->dead = false;
    chip->changes = 0;
    chip->cut_at = cut_at;
    chip->tear = tear;
}

void tearing_place(struct tearing *chip, uint32_t address, const void *data, uint32_t length)
{
    memcpy(chip->bytes + address, data, length);
    memset(chip->clean + address, false, length);
}

bool tearing_holds(const struct tearing *chip, uint32_t address, const void *data, uint32_t length)
{
    if (memcmp(chip->bytes + address, data, length) != 0)
        return false;
    if (!is_unstable(chip, address, length))
        return true;
    for (uint32_t i = 0; i < length; i++)
        if (chip->wild[address + i] != 0)
            return false;
    return true;
}

void tearing_copy(struct tearing *to, const struct tearing *from)
{
    memcpy(to->bytes, from->bytes, from->size);
    memcpy(to->wild, from->wild, from->size);
    memcpy(to->clean, from->clean, from->size);
    memcpy(to->unstable, from->unstable, sizeof(from->unstable));
    to->abused = false;
    to->dead = false;
}
