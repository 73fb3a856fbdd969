/* SPDX-License-Identifier: MIT */
/*
 * A file of passwords: HOST and PASSWORD of an edit are the first two lines of the input, the file
 * is the rest. What is set is found, what is removed is gone, and nothing else changes.
 */
#include <string.h>

#include "cli/passwords.h"
#include "fuzz.h"

/* The next line of the input, terminated, in `out`. */
static void take_line(const char **at, const char *end, char *out, size_t room)
{
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    size_t length = (size_t)((stop != NULL ? stop : end) - *at);

    length = length < room ? length : room - 1;
    memcpy(out, *at, length);
    out[length] = '\0';
    *at = stop != NULL ? stop + 1 : end;
}

static size_t entries(const struct password_text *text)
{
    struct password_reader reader;
    struct password_line line;
    enum espota_status status;
    size_t count = 0;

    password_reader_init(&reader, text->bytes, text->length);
    while ((status = password_reader_next(&reader, &line, NULL)) == ESPOTA_OK)
        count += line.host[0] != '\0';
    FUZZ_CHECK(status == ESPOTA_MORE);
    return count;
}

static void check_found(const struct password_text *text, const char *host,
                        const struct espota_secret *secret)
{
    struct espota_host typed;
    struct password_names names;
    struct password_line line;

    FUZZ_CHECK(espota_host_parse(host, &typed, NULL) == ESPOTA_OK);
    password_names_init(&names, typed.name, typed.port, NULL);
    FUZZ_CHECK(password_find(text->bytes, text->length, &names, &line, NULL) == ESPOTA_OK);
    FUZZ_CHECK(strcmp(line.host, host) == 0);
    FUZZ_CHECK(line.length == secret->length &&
               memcmp(line.password, secret->bytes, secret->length) == 0);
}

static void check_edit(const struct password_text *old, const char *host,
                       const struct espota_secret *secret)
{
    struct password_text set, removed, again;
    size_t before, gone, none;

    if (password_edit(old, host, secret, &set, &before, NULL) != ESPOTA_OK)
        return; /* some line is bad, or the password */
    check_found(&set, host, secret);
    FUZZ_CHECK(entries(&set) == entries(old) - before + 1);
    FUZZ_CHECK(password_edit(&set, host, NULL, &removed, &gone, NULL) == ESPOTA_OK && gone == 1);
    FUZZ_CHECK(password_edit(old, host, NULL, &again, &none, NULL) == ESPOTA_OK);
    FUZZ_CHECK(none == before && removed.length >= again.length &&
               removed.length <= again.length + 1); /* the last line has an end now */
    FUZZ_CHECK(memcmp(removed.bytes, again.bytes, again.length) == 0);
    password_text_deinit(&set);
    password_text_deinit(&removed);
    password_text_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data, *end = at + size;
    char typed[300], password[1200];
    char host[PASSWORD_HOST_MAX + 1];
    struct espota_secret secret = ESPOTA_SECRET_INIT;
    struct password_text old = {0};

    if (size == 0)
        return 0;
    take_line(&at, end, typed, sizeof(typed));
    take_line(&at, end, password, sizeof(password));
    old.length = (size_t)(end - at);
    old.bytes = malloc(old.length + 1);
    if (old.bytes == NULL || password_host_take(typed, host, NULL) != ESPOTA_OK ||
        espota_secret_copy(&secret, password, strlen(password), NULL) != ESPOTA_OK) {
        free(old.bytes);
        return 0;
    }
    memcpy(old.bytes, at, old.length);
    check_edit(&old, host, &secret);
    password_text_deinit(&old);
    espota_secret_wipe(&secret);
    return 0;
}
