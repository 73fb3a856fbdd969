/* SPDX-License-Identifier: MIT */
/* The typed values of options. Nothing here depends on the locale. */
#include "cli/opt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "espota/secret.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits at *text; moves behind them. False: none (strtoull takes signs as well), or too many. */
static bool read_digits(const char **text, int base, uint64_t *number)
{
    char *end;

    if (!is_digit(**text))
        return false;
    errno = 0;
    *number = strtoull(*text, &end, base);
    *text = end;
    return errno == 0;
}

/* Decimal, or behind 0x hexadecimal. */
static bool read_based(const char **text, uint64_t *number)
{
    bool hexadecimal = (*text)[0] == '0' && ((*text)[1] == 'x' || (*text)[1] == 'X');

    return read_digits(text, hexadecimal ? 16 : 10, number);
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
    bool digits = read_digits(&text, 10, &whole);

    if (*text == '.') {
        text++;
        for (uint64_t worth = 100; is_digit(*text); worth /= 10, digits = true)
            part += worth * (uint64_t)(*text++ - '0');
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

/* The bound that is given, or what the member can hold. */
static uint64_t max_of(const struct opt *row)
{
    if (row->max != 0)
        return row->max;
    return row->size >= sizeof(uint64_t) ? UINT64_MAX : (UINT64_C(1) << (8 * row->size)) - 1;
}

static void put_number(const struct opt *row, void *args, uint64_t number)
{
    char *at = (char *)args + row->at;

    switch (row->size) {
    case sizeof(uint8_t):
        memcpy(at, &(uint8_t){(uint8_t)number}, sizeof(uint8_t));
        break;
    case sizeof(uint16_t):
        memcpy(at, &(uint16_t){(uint16_t)number}, sizeof(uint16_t));
        break;
    case sizeof(uint32_t):
        memcpy(at, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
        break;
    default:
        memcpy(at, &number, sizeof(number));
    }
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
    bool *flag;

    switch (row->kind) {
    case OPT_FLAG:
        flag = row->flag != NULL ? row->flag : (bool *)((char *)args + row->at);
        *flag = true;
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
