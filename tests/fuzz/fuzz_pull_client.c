/* SPDX-License-Identifier: MIT */
/*
 * A server's answers to a device that pulls. The first byte chooses dialect, question, how the
 * bytes are cut, and whether the device asks again when a line breaks.
 */
#include "fuzz_chip.h"

#include "core/pull_client.h"

static struct espota_pull_client client;
static unsigned ends;
static unsigned errors;

static const char *event(void *context, const struct espota_receiver_event *event)
{
    (void)context;
    ends += event->kind == ESPOTA_RECEIVER_END;
    errors += event->kind == ESPOTA_RECEIVER_ERROR;
    return NULL;
}

static void check_result(const struct espota_pull_client_config *config)
{
    char words[ESPOTA_PULL_MESSAGE_MAX];
    enum espota_pull_result result = client.result;
    int32_t error = espota_pull_client_error(&client, words);

    FUZZ_CHECK(strlen(words) < sizeof(words));
    FUZZ_CHECK(result != ESPOTA_PULL_PENDING);
    FUZZ_CHECK(errors == (result == ESPOTA_PULL_FAILED));
    FUZZ_CHECK(ends == (result == ESPOTA_PULL_UPDATED));
    FUZZ_CHECK((error == 0) == (result != ESPOTA_PULL_FAILED));
    if (result == ESPOTA_PULL_UPDATED) {
        FUZZ_CHECK(client.status == 200 || (config->retries > 0 && client.status == 206));
        FUZZ_CHECK(stores ==
                   (config->dialect == ESPOTA_PULL_ARDUINO && config->mode == ESPOTA_PULL_SKETCH));
    } else {
        FUZZ_CHECK(stores == 0);
    }
    if (result == ESPOTA_PULL_VERSION_KNOWN)
        FUZZ_CHECK(client.version[0] != '\0');
}

/* Makes a connection and asks, if that is wanted or waited for. */
static void ask(void)
{
    uint64_t at = 0;
    size_t length;

    if (espota_pull_client_want(&client) == 0 && espota_pull_client_deadline(&client, &at))
        espota_pull_client_tick(&client, at);
    if (espota_pull_client_want(&client) != ESPOTA_WANT_CONNECT)
        return;
    espota_pull_client_connected(&client, at);
    while (espota_pull_client_tx(&client, &length) != NULL)
        espota_pull_client_tx_ack(&client, length, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[4] = {1, 7, 1460, SIZE_MAX / 2};
    struct espota_pull_client_config config = {
        .update = &chip_update,
        .host = "h",
        .target = "/",
        .sketch_md5 = "0",
        .sdk_version = "0",
        .event = event,
    };
    const unsigned over = ESPOTA_WANT_DONE | ESPOTA_WANT_FAILED;
    uint64_t at;
    size_t step;

    if (size == 0)
        return 0;
    memset(chip, 0xff, sizeof(chip));
    ends = errors = stores = 0;
    config.dialect = (data[0] & 1) != 0 ? ESPOTA_PULL_RTOS : ESPOTA_PULL_ARDUINO;
    config.mode = (enum espota_pull_mode)((data[0] >> 1 & 3) % ESPOTA_PULL_MODE_COUNT);
    step = steps[data[0] >> 3 & 3];
    if ((data[0] & 0x20) != 0) {
        config.retries = 3;
        config.bookmark_at = SKETCH;
    }
    FUZZ_CHECK(espota_pull_client_init(&client, &config, 0) == ESPOTA_OK);
    ask();
    for (size_t i = 1; i < size; i += step) {
        espota_pull_client_rx(&client, data + i, size - i < step ? size - i : step, 0);
        if ((data[0] & 0x40) != 0 && i % 512 < step)
            espota_pull_client_rx_end(&client);
        ask();
    }
    while ((espota_pull_client_want(&client) & over) == 0) {
        FUZZ_CHECK(espota_pull_client_deadline(&client, &at));
        if ((data[0] & 0x80) != 0)
            espota_pull_client_tick(&client, at);
        else
            espota_pull_client_rx_end(&client);
        ask();
    }
    check_result(&config);
    espota_pull_client_deinit(&client);
    FUZZ_CHECK(open_digests == 0);
    return 0;
}
