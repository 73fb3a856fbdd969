/* SPDX-License-Identifier: MIT */
/*
 * A port's table of functions, filled: start reading here to port the device elsewhere. The update
 * runs in the pump; what is around it is the life of a board, that boots, is up, and goes down.
 */
#include "port/posix/node.h"

#include <stdio.h>
#include <string.h>

enum {
    DOWN_MS = 1000,
    DOWN_FAST_MS = 150, /* as short as still can be seen from outside */
    PROGRESS_STEPS = 100,
    RTC_PATH_MAX = 4096
};

/* --- the device's table --- */

static uint64_t node_now(void *context)
{
    struct stub_node *node = context;

    return espota_loop_now(node->settings->loop);
}

static enum espota_status udp_receive(void *context, void *data, size_t room, size_t *length,
                                      struct espota_peer *from)
{
    struct stub_node *node = context;
    struct espota_address address;
    int os_error;
    uint64_t now = node_now(node);
    enum espota_status status = stub_slow_give(&node->slow, data, room, length, from, now);

    if (status != ESPOTA_E_FAILED)
        return status;
    status = espota_socket_receive_from(node->udp.fd, data, room, length, &address, &os_error);
    if (status != ESPOTA_OK)
        return status;
    *from = stub_peer(&address);
    return stub_slow_take(&node->slow, &node->device.receiver, data, *length, from, now);
}

static enum espota_status udp_send(void *context, const void *data, size_t length,
                                   const struct espota_peer *to)
{
    struct stub_node *node = context;
    struct espota_address address = stub_peer_address(to, node->who.address.family);
    int os_error;

    return espota_socket_send_to(node->udp.fd, data, length, &address, &os_error);
}

static bool is_any(const struct espota_address *address)
{
    static const uint8_t zeros[16];

    return memcmp(address->bytes, zeros, sizeof(zeros)) == 0;
}

static enum espota_status tcp_connect(void *context, const struct espota_peer *to)
{
    struct stub_node *node = context;
    struct espota_address peer = stub_peer_address(to, node->who.address.family);
    struct espota_address local = node->who.address;

    local.port = 0;
    return stub_link_connect(&node->link, is_any(&local) ? NULL : &local, &peer);
}

static enum espota_status tcp_receive(void *context, void *data, size_t room, size_t *length)
{
    struct stub_node *node = context;

    return stub_link_receive(&node->link, data, room, length);
}

static enum espota_status tcp_send(void *context, const void *data, size_t length, size_t *sent)
{
    struct stub_node *node = context;

    return stub_link_send(&node->link, data, length, sent);
}

static void tcp_close(void *context)
{
    struct stub_node *node = context;

    stub_link_close(&node->link);
}

/* Done when the pump that calls this has returned. */
static void reboot(void *context)
{
    struct stub_node *node = context;

    node->restarts = true;
}

static void serial(void *context, const char *line)
{
    struct stub_node *node = context;

    stub_log_serial(&node->who, line);
}

static const char busy[] = "ERROR[15]: Update already running\n";

void stub_node_tell(struct stub_node *node, const struct espota_receiver_event *event,
                    const struct espota_address *peer)
{
    if (event->kind == ESPOTA_RECEIVER_PROGRESS) {
        uint32_t step = event->size / PROGRESS_STEPS;

        if (event->done != 0 && event->done != event->size && event->done - node->told < step)
            return; /* told is of this update and never more than done */
        node->told = event->done;
    }
    stub_log_event(&node->who, event, peer, &node->chip);
}

static void tell(struct stub_node *node, const struct espota_receiver_event *event, uint8_t family)
{
    struct espota_address peer = stub_peer_address(event->peer, family);

    stub_node_tell(node, event, &peer);
}

static const char *event(void *context, const struct espota_receiver_event *event)
{
    struct stub_node *node = context;

    if (event->kind == ESPOTA_RECEIVER_START && node->web.engine.page.updater.running)
        return busy;
    tell(node, event, node->who.address.family);
    return NULL;
}

static const char *web_event(void *context, const struct espota_receiver_event *event)
{
    struct stub_node *node = context;

    if (event->kind == ESPOTA_RECEIVER_START &&
        (node->device.receiver.updater.running || node->native.engine.esphome.updater.running))
        return busy;
    tell(node, event, node->who.web.family);
    return NULL;
}

/* --- up and down --- */

void stub_node_fail(struct stub_node *node, const struct espota_error *error)
{
    node->settings->failed(node->settings->context, error);
}

/* `at` UINT64_MAX: only the network can bring something. */
static void wait_until(struct stub_node *node, uint64_t at)
{
    struct espota_error error = ESPOTA_ERROR_INIT;

    if (stub_wait_until(node->settings->loop, &node->timer, at, &error) != ESPOTA_OK)
        stub_node_fail(node, &error);
}

void stub_node_go_down(struct stub_node *node)
{
    node->restarts = true;
    stub_node_silence(node);
    wait_until(node, node_now(node) + (node->settings->options->fast ? DOWN_FAST_MS : DOWN_MS));
}

/* Whether a slow device does anything now; if not, it is looked at again when it will. */
static bool acts(struct stub_node *node)
{
    uint64_t at;
    bool acts = stub_slow_acts(&node->slow, node->device.receiver.phase, node_now(node), &at);

    espota_loop_rewatch(node->settings->loop, &node->udp, acts ? ESPOTA_READABLE : 0);
    if (!acts)
        wait_until(node, at);
    return acts;
}

/* Everything that can be done now; then waits for what the device wants. */
static void step(void *context)
{
    struct stub_node *node = context;
    struct espota_error error = ESPOTA_ERROR_INIT;
    int32_t again;

    /* down: only the old connection's last words are still leaving */
    if (!node->up || node->udp.fd < 0 || !acts(node))
        return;
    again = espota_pump_run(&node->device);
    if (node->restarts) {
        stub_node_go_down(node);
        return;
    }
    if (node->slow.held > 0)
        again = 0; /* until it is computed */
    wait_until(node, again == ESPOTA_PUMP_FOREVER ? UINT64_MAX : node_now(node) + (uint64_t)again);
    if (stub_link_follow(&node->link, espota_pump_want(&node->device), &error) != ESPOTA_OK)
        stub_node_fail(node, &error);
}

static void readable(void *context, unsigned events)
{
    (void)events;
    step(context);
}

static const char md5_of_nothing[] = "d41d8cd98f00b204e9800998ecf8427e";

static enum espota_status boot(struct stub_node *node, struct stub_boot *result,
                               struct espota_error *err)
{
    enum espota_status status = stub_boot_play(
        &node->chip, &node->rtc, node->update.installer != NULL ? &node->safe : NULL,
        node->settings->crypto, node->update.fs_start, node->settings->options->quirks,
        node->settings->sector, serial, node, result, err);

    if (status != ESPOTA_OK)
        return status;
    node->starts = result->starts;
    node->update.sketch_size = result->length;
    snprintf(node->sketch_md5, sizeof(node->sketch_md5), "%s",
             result->length > 0 ? result->md5 : md5_of_nothing);
    node->update.flash_mode = result->flash_mode;
    return ESPOTA_OK;
}

/* The boot is told when it is over: whoever reads of it can invite the device again. */
static void come_up(struct stub_node *node)
{
    struct espota_error error = ESPOTA_ERROR_INIT;
    struct stub_boot result;

    node->restarts = false;
    if (boot(node, &result, &error) != ESPOTA_OK || stub_node_listen(node, &error) != ESPOTA_OK) {
        stub_node_fail(node, &error);
        return;
    }
    stub_log_boot(&node->who, &result);
    node->settings->updated(node->settings->context);
}

enum espota_status stub_node_restart(struct stub_node *node, struct espota_error *err)
{
    struct stub_boot result;
    enum espota_status status = boot(node, &result, err);

    if (status == ESPOTA_OK)
        stub_log_boot(&node->who, &result);
    return status;
}

static void expired(void *context)
{
    struct stub_node *node = context;

    if (node->restarts)
        come_up(node);
    else
        step(node);
}

static enum espota_status open_flash(struct stub_node *node, const char *flash,
                                     struct espota_error *err)
{
    const struct stub_options *options = node->settings->options;
    char path[RTC_PATH_MAX];
    /* the options' bound is 16 MiB */
    enum espota_status status =
        stub_chip_init(&node->chip, flash, (uint32_t)options->flash_size, err);

    if (status == ESPOTA_OK)
        status = stub_layout_find(node->chip.size, (uint32_t)options->fs_start, &node->update, err);
    if (status != ESPOTA_OK)
        return status;
    if (flash != NULL && (size_t)snprintf(path, sizeof(path), "%s.rtc", flash) >= sizeof(path))
        return espota_error_set(err, ESPOTA_E_LOCAL, "the name of the flash file is too long");
    return stub_rtc_init(&node->rtc, flash != NULL ? path : NULL, &node->chip, err);
}

static void fill_tables(struct stub_node *node)
{
    const struct stub_settings *settings = node->settings;
    const struct stub_options *options = settings->options;

    node->ops = (struct espota_pump_ops){
        .context = node,
        .udp_receive = udp_receive,
        .udp_send = udp_send,
        .tcp_connect = tcp_connect,
        .tcp_receive = tcp_receive,
        .tcp_send = tcp_send,
        .tcp_close = tcp_close,
        .now = node_now,
        .reboot = reboot,
        .log = serial,
    };
    node->update.flash = &node->chip.table;
    node->update.crypto = settings->crypto;
    node->update.verify = settings->verify;
    node->update.boot = &node->rtc.table;
    node->update.atomic_fs = options->atomic_fs;
    if (options->layout != STUB_LAYOUT_EBOOT) {
        stub_safe_init(&node->safe,
                       options->layout == STUB_LAYOUT_SWAP ? ESPOTA_BOOT_ONE_PLACE
                                                           : ESPOTA_BOOT_TWO_SLOTS,
                       &node->chip, &node->update);
        node->update.installer = &node->safe.installer.table;
    }
    node->receiver = (struct espota_receiver_config){
        .update = &node->update,
        .password_hash = settings->password_hash,
        .nonce_digits = options->auth == STUB_AUTH_SHA256 ? ESPOTA_NONCE_SHA256 : ESPOTA_NONCE_MD5,
        .replies_to_answer = options->auth == STUB_AUTH_MD5_ESP32,
        .fast = options->fast,
        .quirks = options->quirks,
        .context = node,
        .event = event,
    };
    espota_inflate_zlib_init(&node->inflate);
    node->esphome = (struct espota_esphome_device){
        .update = &node->update,
        .password = options->password.bytes,
        .md5 = options->auth != STUB_AUTH_SHA256,
        .version = ESPOTA_ESPHOME_VERSION_MAX,
        .gzip = !options->deflate && !options->plain,
        .inflate = options->deflate ? &node->inflate.table : NULL,
        .noise = settings->noise,
        .key = settings->key,
        .encrypted = options->encrypted,
        .space_error = options->deflate ? ESPOTA_ESPHOME_E_SPACE_32 : ESPOTA_ESPHOME_E_SPACE_8266,
        .context = node,
        .event = event,
    };
    node->page = (struct espota_web_config){
        .update = &node->update,
        .path = "/update",
        .credentials = settings->web_credentials,
        .fast = options->fast,
        .quirks = options->quirks,
        .context = node,
        .event = web_event,
    };
}

enum espota_status stub_node_init(struct stub_node *node, const struct stub_settings *settings,
                                  const struct stub_who *who, const char *flash,
                                  struct espota_error *err)
{
    struct stub_boot result;
    enum espota_status status;

    memset(node, 0, sizeof(*node));
    node->settings = settings;
    node->who = *who;
    node->rtc.disk.fd = node->udp.fd = -1;
    node->udp.ready = readable;
    node->timer.expired = expired;
    node->udp.context = node->timer.context = node;
    stub_link_init(&node->link, settings->loop, &settings->options->shape, step, node);
    stub_served_page_init(&node->web, node);
    stub_served_esphome_init(&node->native, node);
    status = open_flash(node, flash, err);
    if (status == ESPOTA_OK) {
        fill_tables(node);
        status = boot(node, &result, err);
    }
    if (status != ESPOTA_OK)
        stub_node_deinit(node);
    else if (flash != NULL)
        stub_log_boot(&node->who, &result);
    return status;
}

void stub_node_deinit(struct stub_node *node)
{
    if (node->settings == NULL)
        return;
    stub_node_silence(node);
    stub_link_deinit(&node->web.link);
    stub_link_deinit(&node->native.link);
    stub_link_deinit(&node->link);
    stub_rtc_deinit(&node->rtc);
    stub_chip_deinit(&node->chip);
    node->settings = NULL;
}

static enum espota_status listen_for_invitations(struct stub_node *node, struct espota_error *err)
{
    enum espota_status status = espota_udp_open(&node->who.address, &node->udp.fd, err);

    if (status == ESPOTA_OK)
        status = stub_socket_watch(node->settings->loop, &node->udp, &node->who.address, err);
    return status;
}

enum espota_status stub_node_listen(struct stub_node *node, struct espota_error *err)
{
    const struct stub_settings *settings = node->settings;
    enum espota_status status = settings->options->esphome ? stub_served_listen(&node->native, err)
                                                           : listen_for_invitations(node, err);

    if (status != ESPOTA_OK)
        return status;
    node->up = true;
    node->slow = (struct stub_slow){.loop_ms = settings->options->loop_delay_ms,
                                    .auth_ms = settings->options->auth_delay_ms,
                                    .turn = espota_loop_now(settings->loop)};
    espota_pump_init(&node->device, &node->ops, &node->receiver);
    if (settings->options->http != NULL)
        status = stub_served_listen(&node->web, err);
    if (status == ESPOTA_OK && node->update.installer != NULL)
        status = stub_safe_confirm(&node->safe, err);
    if (status != ESPOTA_OK)
        stub_node_silence(node);
    return status;
}

void stub_node_silence(struct stub_node *node)
{
    if (!node->up)
        return;
    node->up = false;
    if (node->udp.fd >= 0)
        stub_socket_unwatch(node->settings->loop, &node->udp);
    espota_loop_disarm(node->settings->loop, &node->timer);
    espota_pump_deinit(&node->device);
    stub_served_silence(&node->web);
    stub_served_silence(&node->native);
}

bool stub_node_speaks(const struct stub_node *node)
{
    return node->link.closing || node->web.link.closing || node->native.link.closing;
}
