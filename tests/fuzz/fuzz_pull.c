/* SPDX-License-Identifier: MIT */
/* What a client says: the first line is the path, the others are headers "name: value". */
#include <string.h>

#include "fuzz.h"
#include "wire/pull.h"

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

static bool is_hex(const char *text, size_t digits)
{
    return text[0] == '\0' ||
           (strlen(text) == digits && strspn(text, "0123456789abcdef") == digits);
}

/* No component leads up or is hidden from the one who looks at the name. */
static void check_path(const char *path)
{
    FUZZ_CHECK(strlen(path) < ESPOTA_PULL_PATH_MAX);
    FUZZ_CHECK(path[0] != '/');
    FUZZ_CHECK(strstr(path, "//") == NULL && strchr(path, '\\') == NULL);
    for (const char *at = path; at != NULL && *at != '\0';) {
        const char *slash = strchr(at, '/');
        size_t length = slash != NULL ? (size_t)(slash - at) : strlen(at);

        FUZZ_CHECK(!(length == 1 && at[0] == '.'));
        FUZZ_CHECK(!(length == 2 && at[0] == '.' && at[1] == '.'));
        at = slash != NULL ? slash + 1 : NULL;
    }
    for (; *path != '\0'; path++)
        FUZZ_CHECK((unsigned char)*path >= 0x20 && *path != 0x7f);
}

static void check_request(const struct espota_pull_request *request)
{
    FUZZ_CHECK(request->family < ESPOTA_PULL_FAMILY_COUNT);
    FUZZ_CHECK(request->mode < ESPOTA_PULL_MODE_COUNT);
    FUZZ_CHECK(strlen(request->version) < ESPOTA_PULL_VERSION_MAX);
    FUZZ_CHECK(is_printable(request->version));
    FUZZ_CHECK(is_hex(request->mac, ESPOTA_MAC_DIGITS));
    FUZZ_CHECK(is_hex(request->sketch_md5, 32));
    FUZZ_CHECK(is_hex(request->sketch_sha256, 64));
}

/* The line up to `end`, split at its colon; both parts terminated in memory of exactly their size.
 */
static void take_header(struct espota_pull_request *request, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length);
    size_t name_length = colon != NULL ? (size_t)(colon - line) : length;
    size_t skipped = colon != NULL ? name_length + 1 : length;
    char *name = calloc(1, name_length + 1);
    char *value = calloc(1, length - skipped + 1); /* skipped <= length */

    FUZZ_CHECK(name != NULL && value != NULL);
    memcpy(name, line, name_length);
    memcpy(value, line + skipped, length - skipped);
    espota_pull_request_header(request, name, value + strspn(value, " "));
    free(name);
    free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    const char *end = at + size;
    struct espota_pull_request request;
    bool first = true;

    espota_pull_request_init(&request);
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line_end != NULL ? line_end : end) - at);

        if (!first)
            take_header(&request, at, length);
        else if (espota_pull_request_path(&request, at, length) == ESPOTA_OK)
            check_path(request.path);
        else
            FUZZ_CHECK(request.path[0] == '\0');
        first = false;
        check_request(&request);
        at += length + (line_end != NULL);
    }
    return 0;
}
