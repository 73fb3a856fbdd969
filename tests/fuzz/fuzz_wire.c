/* SPDX-License-Identifier: MIT */
/* Any datagram at each of the parsers; what one accepts must survive being written again. */
#include "fuzz.h"

#include <string.h>

#include "wire/wire.h"

static void invitation(const uint8_t *data, size_t size)
{
    struct espota_invitation first;
    struct espota_invitation second;
    uint8_t out[ESPOTA_DATAGRAM_MAX];
    size_t length;

    if (espota_invitation_parse(data, size, &first) != ESPOTA_OK)
        return;
    FUZZ_CHECK(first.command == ESPOTA_COMMAND_FLASH || first.command == ESPOTA_COMMAND_FILESYSTEM);
    FUZZ_CHECK(strlen(first.md5) == ESPOTA_MD5_HEX);
    FUZZ_CHECK(first.size <= INT32_MAX);
    length = espota_invitation_write(&first, out, sizeof(out));
    FUZZ_CHECK(length > 0);
    FUZZ_CHECK(espota_invitation_parse(out, length, &second) == ESPOTA_OK);
    FUZZ_CHECK(second.command == first.command && second.port == first.port);
    FUZZ_CHECK(second.size == first.size && strcmp(second.md5, first.md5) == 0);
}

static void reply(const uint8_t *data, size_t size)
{
    struct espota_reply out;

    if (espota_reply_parse(data, size, &out) != ESPOTA_OK)
        return;
    FUZZ_CHECK(out.text >= data && out.length <= size);
    FUZZ_CHECK(out.text + out.length <= data + size);
    if (out.kind != ESPOTA_REPLY_CHALLENGE)
        return;
    FUZZ_CHECK(out.length == ESPOTA_NONCE_MD5 || out.length == ESPOTA_NONCE_SHA256);
    FUZZ_CHECK(espota_hex_is((const char *)out.text, out.length));
}

static void answer(const uint8_t *data, size_t size, size_t digits)
{
    struct espota_answer first;
    struct espota_answer second;
    uint8_t out[ESPOTA_DATAGRAM_MAX];
    size_t length;

    if (espota_answer_parse(data, size, digits, &first) != ESPOTA_OK)
        return;
    FUZZ_CHECK(strlen(first.cnonce) == digits && strlen(first.response) == digits);
    FUZZ_CHECK(strchr(first.cnonce, ' ') == NULL && strchr(first.response, '\n') == NULL);
    length = espota_answer_write(&first, out, sizeof(out));
    FUZZ_CHECK(length == 4 + digits + 1 + digits + 1);
    FUZZ_CHECK(espota_answer_parse(out, length, digits, &second) == ESPOTA_OK);
    FUZZ_CHECK(strcmp(first.cnonce, second.cnonce) == 0);
    FUZZ_CHECK(strcmp(first.response, second.response) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    invitation(data, size);
    reply(data, size);
    answer(data, size, ESPOTA_NONCE_MD5);
    answer(data, size, ESPOTA_NONCE_SHA256);
    return 0;
}
