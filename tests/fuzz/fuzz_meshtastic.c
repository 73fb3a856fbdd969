/* SPDX-License-Identifier: MIT */
/*
 * What Meshtastic's OTA loader says. The first byte chooses how the bytes are cut; 0xff bytes stand
 * for a piece of the image that leaves, if it is wanted.
 */
#include <string.h>

#include "fuzz.h"
#include "send/meshtastic/session.h"

enum { SIZE = 100 };

static struct espota_meshtastic_session session;
static bool said_ok_at_the_end;

static void image_leaves(uint64_t now)
{
    uint32_t left = SIZE - session.taken;

    if ((espota_meshtastic_session_want(&session) & ESPOTA_WANT_IMAGE_OUT) == 0)
        return;
    FUZZ_CHECK(left > 0);
    espota_meshtastic_session_sent(&session, left < 30 ? left : 30, now);
}

static void hear(const uint8_t *data, size_t size, uint64_t now)
{
    espota_meshtastic_session_rx(&session, data, size, now);
    FUZZ_CHECK(session.length < sizeof(session.line) && session.line[session.length] == '\0');
    FUZZ_CHECK(strlen(session.line) == session.length);
    /* nobody gets an image who has not said that he wants it, and nobody is believed before */
    FUZZ_CHECK(session.phase >= ESPOTA_MESHTASTIC_STREAMING || session.taken == 0);
    if (session.phase == ESPOTA_MESHTASTIC_OVER && session.status == ESPOTA_OK) {
        FUZZ_CHECK(session.taken == SIZE);
        said_ok_at_the_end = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[4] = {1, 3, 7, 200};
    struct espota_meshtastic_config config = {.size = SIZE, .answer_ms = 10, .work_ms = 1000};
    size_t step, length;

    if (size == 0)
        return 0;
    step = steps[data[0] & 3];
    memset(config.sha256, 'a', ESPOTA_SHA256_HEX);
    said_ok_at_the_end = false;
    espota_meshtastic_session_init(&session, &config, 0);
    FUZZ_CHECK(espota_meshtastic_session_tx(&session, &length) != NULL);
    if ((data[0] & 4) == 0)
        espota_meshtastic_session_sent(&session, length, 0);
    for (size_t at = 1; at < size;) {
        size_t piece = 0;

        while (at + piece < size && piece < step && data[at + piece] != 0xff)
            piece++;
        if (piece == 0) {
            image_leaves(at++);
            continue;
        }
        hear(data + at, piece, at);
        at += piece;
    }
    espota_meshtastic_session_end(&session, (data[0] & 8) != 0);
    FUZZ_CHECK(session.phase == ESPOTA_MESHTASTIC_OVER);
    FUZZ_CHECK((session.status == ESPOTA_OK) == said_ok_at_the_end);
    return 0;
}
