/* SPDX-License-Identifier: MIT */
/*
 * One request by one device; which dialect it speaks decides where the image goes and what a name
 * means.
 */
#include "port/posix/node.h"

#include <stdio.h>
#include <string.h>

#include "http/http.h"
#include "sys/sys.h"
#include "wire/wire.h"

enum {
    READ_MAX = 1460, /* what the SDK's demo reads at a time */
    SECTOR = 4096,
    USER1_AT = 1 * SECTOR,
    RETRIES = 5,
    RETRY_MS = 1000,
};

struct pull {
    struct stub_node *node;
    const struct stub_options *options;
    struct espota_url url;
    struct espota_address server;
    struct stub_link link;
    struct espota_timer timer;
    struct espota_updater_config slot; /* of the RTOS SDK */
    uint32_t spare;                    /* a sector that nothing is in */
    struct espota_pull_client_config config;
    struct espota_pull_client client;
    char host[ESPOTA_URL_MAX];
    char authorization[ESPOTA_HTTP_BASIC_MAX];
    struct espota_error error;
};

/* --- the RTOS SDK's two slots (PROTOCOL 8.3) --- */

/* Where the second one begins, and how many sectors one has, for 512+512 and 1024+1024 maps. */
static void find_slot(struct pull *pull)
{
    uint32_t chip = pull->node->chip.size;
    uint32_t user2 = chip >= 2048 * 1024 ? 257 : chip >= 1024 * 1024 ? 129 : 65;
    uint32_t sectors = chip >= 2048 * 1024 ? 250 : chip >= 1024 * 1024 ? 122 : 58;

    pull->slot = pull->node->update;
    pull->slot.fs_start = pull->options->running == STUB_SLOT_USER1 ? user2 * SECTOR : USER1_AT;
    pull->slot.fs_end = pull->slot.fs_start + sectors * SECTOR;
    pull->spare = USER1_AT + sectors * SECTOR; /* every map has room between the slots */
    pull->slot.atomic_fs = false;
    pull->slot.verify = NULL; /* it has only its checksum */
}

static const char *slot_word(const struct pull *pull)
{
    if (pull->options->running == STUB_SLOT_NONE)
        return NULL;
    return pull->options->running == STUB_SLOT_USER1 ? "user2" : "user1";
}

/* Path and query, as they were written. */
static const char *target(const struct pull *pull)
{
    const char *path = strchr(pull->url.clean + strlen("http://"), '/');

    return path != NULL ? path : "/";
}

/* The name that the demo asks for, unless the URL names another. */
static const char *rtos_target(const struct pull *pull)
{
    const char *path = target(pull) + 1;

    if (path[0] != '\0')
        return path;
    return pull->options->running == STUB_SLOT_USER1 ? "user2.2048.new.5.bin"
                                                     : "user1.2048.new.5.bin";
}

/* --- the loop --- */

static uint64_t now_of(const struct pull *pull)
{
    return espota_loop_now(pull->node->settings->loop);
}

static bool is_over(const struct pull *pull)
{
    return (espota_pull_client_want(&pull->client) & (ESPOTA_WANT_DONE | ESPOTA_WANT_FAILED)) != 0;
}

static void pump_connect(struct pull *pull)
{
    enum espota_status status;

    if ((espota_pull_client_want(&pull->client) & ESPOTA_WANT_CONNECT) == 0)
        return;
    status = stub_link_connect(&pull->link, NULL, &pull->server);
    if (status == ESPOTA_OK)
        espota_pull_client_connected(&pull->client, now_of(pull));
    else if (status != ESPOTA_MORE)
        espota_pull_client_connect_failed(&pull->client);
}

static void pump_out(struct pull *pull)
{
    while ((espota_pull_client_want(&pull->client) & ESPOTA_WANT_STREAM_OUT) != 0) {
        size_t length;
        size_t sent = 0;
        const void *data = espota_pull_client_tx(&pull->client, &length);
        enum espota_status status = stub_link_send(&pull->link, data, length, &sent);

        if (status == ESPOTA_MORE)
            return;
        espota_pull_client_tx_ack(&pull->client, status == ESPOTA_OK ? sent : length, now_of(pull));
    }
}

static bool pump_in(struct pull *pull)
{
    uint8_t data[READ_MAX];
    size_t length;
    enum espota_status status;

    if ((espota_pull_client_want(&pull->client) & ESPOTA_WANT_STREAM_IN) == 0)
        return false;
    status = stub_link_receive(&pull->link, data, sizeof(data), &length);
    if (status == ESPOTA_MORE)
        return false;
    if (status == ESPOTA_OK && length > 0)
        espota_pull_client_rx(&pull->client, data, length, now_of(pull));
    else
        espota_pull_client_rx_end(&pull->client);
    return true;
}

static void step(void *context)
{
    struct pull *pull = context;
    struct espota_loop *loop = pull->node->settings->loop;
    uint64_t at;
    bool busy;

    espota_pull_client_tick(&pull->client, now_of(pull));
    pump_connect(pull);
    pump_out(pull);
    busy = pump_in(pull);
    if (espota_pull_client_want(&pull->client) == 0)
        stub_link_close(&pull->link); /* it waits for the next try */
    if (is_over(pull) || !espota_pull_client_deadline(&pull->client, &at)) {
        espota_loop_wake(loop);
        return;
    }
    if (stub_wait_until(loop, &pull->timer, busy ? now_of(pull) : at, &pull->error) != ESPOTA_OK ||
        stub_link_follow(&pull->link, espota_pull_client_want(&pull->client), &pull->error) !=
            ESPOTA_OK)
        espota_loop_wake(loop);
}

/* The core tells; who it is told to is the same as for an upload. */
static const char *event(void *context, const struct espota_receiver_event *event)
{
    struct pull *pull = context;

    if (event->kind != ESPOTA_RECEIVER_ERROR) /* the result says it with its number */
        stub_node_tell(pull->node, event, &pull->server);
    return NULL;
}

/* --- before and after --- */

static void identify(struct pull *pull)
{
    const struct stub_node *node = pull->node;
    uint32_t id = node->who.device + 1; /* the hostname has it too */
    const uint8_t mac[6] = {0x18, 0xfe, 0x34, (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};

    memcpy(pull->config.station_mac, mac, sizeof(mac));
    memcpy(pull->config.access_point_mac, mac, sizeof(mac));
    pull->config.access_point_mac[0] |= 2; /* locally administered, as the SDK makes it */
    pull->config.chip_id = id;
    pull->config.sketch_md5 = node->sketch_md5;
    pull->config.sdk_version = "2.2.2-dev(38a443e)";
}

static enum espota_status take_url(struct pull *pull, struct espota_error *err)
{
    struct espota_url *url = &pull->url;
    bool rtos = pull->options->running != STUB_SLOT_NONE;
    bool v6 = strchr(url->host, ':') != NULL;

    if (url->tls)
        return espota_error_set(err, ESPOTA_E_USAGE, "--pull speaks http:// only");
    /* both clients name the port, ESPhttpUpdate only if it is not the usual one */
    if (rtos)
        snprintf(pull->host, sizeof(pull->host), v6 ? "[%s]:%u" : "%s:%u", url->host, url->port);
    else
        snprintf(pull->host, sizeof(pull->host), "%s", url->authority);
    if (url->password.bytes != NULL && !rtos) {
        if (!espota_http_basic(url->user, url->password.bytes, url->password.length,
                               pull->authorization))
            return espota_error_set(err, ESPOTA_E_USAGE, "user and password are too long");
        pull->config.authorization = pull->authorization;
    } else if (!rtos) {
        pull->config.authorization = pull->node->settings->web_credentials;
    }
    return espota_address_resolve(url->host, url->port, &pull->server, err);
}

static enum espota_status prepare(struct pull *pull, struct espota_error *err)
{
    bool rtos = pull->options->running != STUB_SLOT_NONE;
    enum espota_status status = espota_url_parse(pull->options->pull, &pull->url, err);

    if (status == ESPOTA_OK)
        status = take_url(pull, err);
    if (status != ESPOTA_OK)
        return status;
    /* behind the program that runs, where images are staged; a large one leaves no room for it */
    pull->spare = (pull->node->update.sketch_size + SECTOR - 1) / SECTOR * SECTOR;
    if (pull->spare == 0)
        pull->spare = SECTOR; /* the loader's sector is never free */
    if (rtos)
        find_slot(pull);
    pull->config.dialect = rtos ? ESPOTA_PULL_RTOS : ESPOTA_PULL_ARDUINO;
    pull->config.update = rtos ? &pull->slot : &pull->node->update;
    if (rtos && pull->slot.fs_end > pull->node->chip.size)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "the flash chip is too small for two programs");
    pull->config.host = pull->host;
    pull->config.target = rtos ? rtos_target(pull) : target(pull);
    if (pull->options->pull_fs)
        pull->config.mode = ESPOTA_PULL_FILESYSTEM;
    if (pull->options->pull_asks)
        pull->config.mode = ESPOTA_PULL_VERSION;
    pull->config.version = pull->options->version;
    if (pull->options->resume) {
        pull->config.retries = RETRIES;
        pull->config.retry_ms = pull->options->fast ? 1 : RETRY_MS;
        pull->config.bookmark_at = pull->spare;
    }
    pull->config.context = pull;
    pull->config.event = event;
    identify(pull);
    if (espota_pull_client_init(&pull->client, &pull->config, now_of(pull)) != ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "URL and --version are too long for a request of %d bytes",
                                ESPOTA_PULL_REQUEST_MAX);
    return ESPOTA_OK;
}

static enum espota_status turn(struct pull *pull, struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    step(pull);
    while (status == ESPOTA_OK && !is_over(pull) && pull->error.status == ESPOTA_OK) {
        if (espota_program_stop_signal() != 0)
            return espota_error_set(err, ESPOTA_E_INTERRUPTED, "stopped");
        status = espota_loop_turn(pull->node->settings->loop, -1, err);
    }
    if (status == ESPOTA_OK && pull->error.status != ESPOTA_OK)
        *err = pull->error;
    return status == ESPOTA_OK ? pull->error.status : status;
}

static enum espota_status status_of(int32_t error)
{
    switch (error) {
    case ESPOTA_PULL_CONNECT:
    case ESPOTA_PULL_TIMEOUT:
    case ESPOTA_PULL_NO_SERVER:
        return ESPOTA_E_NO_ANSWER;
    case ESPOTA_PULL_UNAUTHORIZED:
        return ESPOTA_E_AUTH;
    case ESPOTA_PULL_LOST:
    case ESPOTA_UPDATE_STREAM:
        return ESPOTA_E_BROKEN;
    case ESPOTA_PULL_BAD_MD5:
    case ESPOTA_PULL_BAD_HEADER:
    case ESPOTA_PULL_WRONG_FLASH:
    case ESPOTA_PULL_TOO_SMALL:
    case ESPOTA_PULL_BAD_CRC:
        return ESPOTA_E_IMAGE;
    default: /* the updater's are about the image, the others the server's answer */
        return error > 0 ? ESPOTA_E_IMAGE : ESPOTA_E_REFUSED;
    }
}

static enum espota_status conclude(struct pull *pull, struct espota_error *err)
{
    char words[ESPOTA_PULL_MESSAGE_MAX];
    char shown[4 * ESPOTA_PULL_MESSAGE_MAX];
    int32_t error = espota_pull_client_error(&pull->client, words);

    espota_text_printable(words, strlen(words), shown, sizeof(shown));
    stub_log_pull(&pull->node->who, &pull->client, shown, slot_word(pull));
    if (pull->client.result == ESPOTA_PULL_FAILED)
        return espota_error_set(err, status_of(error), "%s: %s (%ld)", pull->url.clean, shown,
                                (long)error);
    if (pull->client.result == ESPOTA_PULL_UPDATED && pull->options->running == STUB_SLOT_NONE)
        return stub_node_restart(pull->node, err);
    return ESPOTA_OK;
}

enum espota_status stub_node_pull(struct stub_node *node, struct espota_error *err)
{
    struct espota_loop *loop = node->settings->loop;
    struct pull pull = {.node = node, .options = node->settings->options};
    enum espota_status status;

    pull.timer.expired = step;
    pull.timer.context = &pull;
    stub_link_init(&pull.link, loop, &pull.options->shape, step, &pull);
    status = prepare(&pull, err);
    if (status == ESPOTA_OK)
        status = turn(&pull, err);
    stub_link_deinit(&pull.link);
    espota_loop_disarm(loop, &pull.timer);
    if (status == ESPOTA_OK)
        status = conclude(&pull, err);
    espota_pull_client_deinit(&pull.client);
    espota_url_deinit(&pull.url);
    espota_wipe(&pull, sizeof(pull));
    return status;
}
