/* SPDX-License-Identifier: MIT */
/*
 * Connections to a device's page for updates. The first byte chooses its configuration and how the
 * bytes are cut, 0xff bytes end one connection and begin the next.
 */
#include "fuzz_chip.h"

#include "core/web_updater.h"

static struct espota_web_updater web;
static unsigned ends;

static const char *event(void *context, const struct espota_receiver_event *event)
{
    (void)context;
    if (event->kind == ESPOTA_RECEIVER_END)
        ends++;
    if (event->kind == ESPOTA_RECEIVER_ERROR)
        FUZZ_CHECK(event->text != NULL);
    return NULL;
}

/* Takes the answer in pieces of three bytes; it is HTTP. */
static void answer(uint64_t now)
{
    static const char start[] = "HTTP/1.1 ";
    size_t got = 0;

    while ((espota_web_updater_want(&web) & ESPOTA_WANT_STREAM_OUT) != 0) {
        size_t length;
        const char *data = espota_web_updater_tx(&web, &length);

        FUZZ_CHECK(data != NULL && length > 0);
        if (length > 3)
            length = 3;
        for (size_t i = 0; i < length; i++)
            FUZZ_CHECK(got + i >= sizeof(start) - 1 || data[i] == start[got + i]);
        got += length;
        espota_web_updater_tx_ack(&web, length, now);
    }
}

static void connection(const uint8_t *data, size_t size, size_t step, bool quirks)
{
    static const struct espota_peer peer = {{127, 0, 0, 1}, 1};
    unsigned before = ends;

    stores = 0;
    FUZZ_CHECK(espota_web_updater_want(&web) == ESPOTA_WANT_ACCEPT);
    espota_web_updater_connected(&web, &peer, 0);
    for (size_t at = 0; at < size; at += step) {
        espota_web_updater_rx(&web, data + at, size - at < step ? size - at : step, at);
        answer(at);
    }
    espota_web_updater_rx_end(&web, size);
    answer(size);
    if ((espota_web_updater_want(&web) & ESPOTA_WANT_DONE) != 0) {
        FUZZ_CHECK(ends == before + 1);
        FUZZ_CHECK(quirks || stores == 1 || web.command == ESPOTA_COMMAND_FILESYSTEM);
        espota_web_updater_again(&web);
    }
    FUZZ_CHECK(espota_web_updater_want(&web) == ESPOTA_WANT_ACCEPT);
    FUZZ_CHECK(!web.updater.running && open_digests == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[4] = {1, 7, 1460, SIZE_MAX / 2};
    struct espota_web_config config = {.update = &chip_update, .path = "/update", .event = event};
    size_t start = 1;

    if (size == 0)
        return 0;
    memset(chip, 0xff, sizeof(chip));
    config.quirks = (data[0] & 1) != 0;
    config.credentials = (data[0] & 2) != 0 ? "YTpi" : NULL;
    ends = 0;
    espota_web_updater_init(&web, &config);
    for (size_t at = 1; at <= size; at++)
        if (at == size || data[at] == 0xff) {
            connection(data + start, at - start, steps[data[0] >> 2 & 3], config.quirks);
            start = at + 1;
        }
    espota_web_updater_deinit(&web);
    FUZZ_CHECK(open_digests == 0);
    return 0;
}
