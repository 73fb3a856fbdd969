/* SPDX-License-Identifier: MIT */
/* The typed values of options. Nothing here depends on the locale. */
#include "cli/opt.h"

#include <string.h>

#include "espota/secret.h"

static int digit_of(char c, unsigned base)
{
    int digit = -1;

    if (c >= '0' && c <= '9')
        digit = c - '0';
    else if (c >= 'a' && c <= 'f')
        digit = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
        digit = c - 'A' + 10;
    return digit >= 0 && (unsigned)digit < base ? digit : -1;
}

/* Digits at *text; moves behind them. False: none, or more than 64 bits. */
static bool read_digits(const char **text, unsigned base, uint64_t *number)
{
    const char *start = *text;
    uint64_t sum = 0;

    for (; digit_of(**text, base) >= 0; (*text)++) {
        uint64_t digit = (uint64_t)digit_of(**text, base);

        if (sum > (UINT64_MAX - digit) / base)
            return false;
        sum = sum * base + digit;
    }
    *number = sum;
    return *text > start;
}

/* Decimal, or behind 0x hexadecimal. */
static bool read_based(const char **text, uint64_t *number)
{
    const char *start = *text;

    if (start[0] != '0' || (start[1] != 'x' && start[1] != 'X'))
        return read_digits(text, 10, number);
    *text += 2;
    return read_digits(text, 16, number);
}

static bool read_integer(const char *text, uint64_t *number)
{
    return read_based(&text, number) && *text == '\0';
}

/* "12", "0.25", ".5": thousandths; what is finer is cut off. */
static bool read_milliseconds(const char *text, uint64_t *number)
{
    uint64_t whole = 0;
    uint64_t part = 0;
    bool digits = *text != '.' && read_digits(&text, 10, &whole);

    if (!digits && *text != '.')
        return false;
    if (*text == '.') {
        text++;
        for (uint64_t worth = 100; digit_of(*text, 10) >= 0; worth /= 10, digits = true)
            part += worth * (uint64_t)digit_of(*text++, 10);
    }
    if (!digits || *text != '\0' || whole > UINT32_MAX)
        return false;
    *number = whole * 1000 + part;
    return true;
}

static bool read_bytes(const char *text, uint64_t *number)
{
    static const char suffixes[] = "kMG";
    const char *suffix;
    unsigned shift = 0;

    if (!read_based(&text, number))
        return false;
    if (*text != '\0') {
        suffix = strchr(suffixes, *text == 'K' ? 'k' : *text);
        if (suffix == NULL || text[1] != '\0')
            return false;
        shift = 10 * (unsigned)(suffix - suffixes + 1);
    }
    if (*number > UINT64_MAX >> shift)
        return false;
    *number <<= shift;
    return true;
}

/* The place of a whole word among "one|two|three". */
static bool find_word(const char *words, const char *value, uint64_t *place)
{
    size_t length = strlen(value);

    for (uint64_t i = 0;; i++) {
        size_t next = strcspn(words, "|");

        if (next == length && memcmp(words, value, length) == 0) {
            *place = i;
            return true;
        }
        if (words[next] == '\0')
            return false;
        words += next + 1;
    }
}

/* What a member of `size` bytes can hold. */
static uint64_t room_of(size_t size)
{
    return size >= sizeof(uint64_t) ? UINT64_MAX : (UINT64_C(1) << (8 * size)) - 1;
}

static void put_number(const struct opt *row, void *args, uint64_t number)
{
    char *at = (char *)args + row->at;
    uint8_t u8 = (uint8_t)number;
    uint16_t u16 = (uint16_t)number;
    uint32_t u32 = (uint32_t)number;

    if (row->size == sizeof(u8))
        memcpy(at, &u8, sizeof(u8));
    else if (row->size == sizeof(u16))
        memcpy(at, &u16, sizeof(u16));
    else if (row->size == sizeof(u32))
        memcpy(at, &u32, sizeof(u32));
    else
        memcpy(at, &number, sizeof(number));
}

static uint64_t max_of(const struct opt *row)
{
    return row->max != 0 ? row->max : room_of(row->size);
}

static enum espota_status bad_number(const struct opt *row, const char *value,
                                     struct espota_error *err)
{
    unsigned long long min = row->min;
    unsigned long long max = max_of(row);

    if (row->kind == OPT_SECONDS && row->max == 0)
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s' is not a number of seconds%s", value,
                                min > 0 ? " above 0" : "");
    if (row->kind == OPT_SECONDS)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "'%s' is not a number of seconds from %g to %g", value,
                                (double)min / 1000, (double)max / 1000);
    if (row->kind == OPT_BYTES && row->max == 0)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "'%s' is not a number of bytes (such as 4096, 64k or 4M)%s", value,
                                min > 0 ? " above 0" : "");
    return espota_error_set(err, ESPOTA_E_USAGE, "'%s' is not a number from %llu to %llu", value,
                            min, max);
}

static enum espota_status store_number(const struct opt *row, const char *value, void *args,
                                       bool (*read)(const char *, uint64_t *),
                                       struct espota_error *err)
{
    uint64_t number = 0;

    if (!read(value, &number) || number < row->min || number > max_of(row))
        return bad_number(row, value, err);
    put_number(row, args, number);
    return ESPOTA_OK;
}

static enum espota_status store_choice(const struct opt *row, const char *value, void *args,
                                       struct espota_error *err)
{
    uint64_t place = 0;

    if (!find_word(row->value, value, &place))
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s' is none of %s", value, row->value);
    put_number(row, args, place);
    return ESPOTA_OK;
}

static enum espota_status store_string(const struct opt *row, const char *value, void *args,
                                       struct espota_error *err)
{
    if (*value == '\0' && row->min > 0)
        return espota_error_set(err, ESPOTA_E_USAGE, "needs a value: %s", row->value);
    memcpy((char *)args + row->at, &value, sizeof(value));
    return ESPOTA_OK;
}

enum espota_status opt_store(const struct opt *row, char *value, void *args,
                             struct espota_error *err)
{
    bool yes = true;

    switch (row->kind) {
    case OPT_FLAG:
        memcpy((char *)args + row->at, &yes, sizeof(yes));
        return ESPOTA_OK;
    case OPT_STRING:
        return store_string(row, value, args, err);
    case OPT_INTEGER:
        return store_number(row, value, args, read_integer, err);
    case OPT_SECONDS:
        return store_number(row, value, args, read_milliseconds, err);
    case OPT_BYTES:
        return store_number(row, value, args, read_bytes, err);
    case OPT_CHOICE:
        return store_choice(row, value, args, err);
    case OPT_SECRET:
        return espota_secret_take((struct espota_secret *)(void *)((char *)args + row->at), value,
                                  err);
    case OPT_CALL:
        return row->call(args, value, err);
    case OPT_END:
    case OPT_HEADING:
        break;
    }
    return ESPOTA_OK;
}
