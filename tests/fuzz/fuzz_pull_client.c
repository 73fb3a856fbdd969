/* SPDX-License-Identifier: MIT */
/*
 * A server's answer to a device that pulls. The first byte chooses dialect, question and how the
 * bytes are cut.
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
        FUZZ_CHECK(client.status == 200);
        FUZZ_CHECK(stores ==
                   (config->dialect == ESPOTA_PULL_ARDUINO && config->mode == ESPOTA_PULL_SKETCH));
    } else {
        FUZZ_CHECK(stores == 0);
    }
    if (result == ESPOTA_PULL_VERSION_KNOWN)
        FUZZ_CHECK(client.version[0] != '\0');
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
    size_t step;
    size_t length;

    if (size == 0)
        return 0;
    memset(chip, 0xff, sizeof(chip));
    ends = errors = stores = 0;
    config.dialect = (data[0] & 1) != 0 ? ESPOTA_PULL_RTOS : ESPOTA_PULL_ARDUINO;
    config.mode = (enum espota_pull_mode)((data[0] >> 1 & 3) % ESPOTA_PULL_MODE_COUNT);
    step = steps[data[0] >> 3 & 3];
    FUZZ_CHECK(espota_pull_client_init(&client, &config, 0) == ESPOTA_OK);
    espota_pull_client_connected(&client, 0);
    while (espota_pull_client_tx(&client, &length) != NULL)
        espota_pull_client_tx_ack(&client, length, 0);
    for (size_t at = 1; at < size; at += step)
        espota_pull_client_rx(&client, data + at, size - at < step ? size - at : step, at);
    if ((data[0] & 0x80) != 0)
        espota_pull_client_tick(&client, 1000000);
    else
        espota_pull_client_rx_end(&client);
    check_result(&config);
    espota_pull_client_deinit(&client);
    FUZZ_CHECK(open_digests == 0);
    return 0;
}
