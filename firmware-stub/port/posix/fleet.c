/* SPDX-License-Identifier: MIT */
/*
 * Many devices in one process, on one loop: each has its address within 127.0.0.0/8 and the port
 * of a real device, so a host cannot tell them from a network.
 */
#include "port/posix/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "port/posix/announce.h"
#include "port/posix/crypto_bearssl.h"
#include "port/posix/endpoint.h"
#include "port/posix/node.h"
#include "port/posix/verify_bearssl.h"
#include "sys/sys.h"
#include "wire/wire.h"

enum {
    PER_NET = 250, /* devices that share their third number */
    SOCKETS_EACH = 2,
    SOCKETS_PAGE = 2,  /* the page's, and its client's */
    FILES_EACH = 2,    /* the chip and its boot memory */
    FILES_BESIDE = 32, /* the loop, the terminal */
    PORT_TRIES = 8,    /* a free port of one address need not be free on the others */
    PATH_ROOM = 4096,
};

struct fleet {
    const struct stub_options *options;
    struct espota_loop *loop;
    struct espota_crypto_bearssl crypto;
    struct stub_verifier verifier;
    struct stub_log tell;
    struct stub_settings settings;
    char password_hash[ESPOTA_NONCE_MAX + 1];
    char web_credentials[ESPOTA_HTTP_BASIC_MAX];
    struct espota_address web; /* family 0: no page */
    uint8_t sector[ESPOTA_SECTOR_SIZE];
    struct stub_node *nodes;
    struct stub_announce *announce; /* NULL: nobody is told */
    uint32_t count;                 /* of those that were made */
    uint32_t updates;
    struct espota_error error; /* why a device could not go on */
};

static void updated(void *context)
{
    struct fleet *fleet = context;

    fleet->updates++;
}

static void failed(void *context, const struct espota_error *error)
{
    struct fleet *fleet = context;

    if (fleet->error.status == ESPOTA_OK)
        fleet->error = *error;
}

/* The stored form of the password, as setPassword of either core makes it. */
static enum espota_status hash_password(struct fleet *fleet, struct espota_error *err)
{
    const struct espota_secret *password = &fleet->options->password;
    bool md5 = fleet->options->auth != STUB_AUTH_SHA256;

    fleet->settings.replies_to_answer = fleet->options->auth == STUB_AUTH_MD5_ESP32;
    fleet->settings.nonce_digits = md5 ? ESPOTA_NONCE_MD5 : ESPOTA_NONCE_SHA256;
    if (password->bytes == NULL)
        return ESPOTA_OK;
    if (espota_password_hash(&fleet->crypto.table, md5 ? ESPOTA_FORM_MD5 : ESPOTA_FORM_SHA256,
                             password->bytes, password->length, fleet->password_hash) != ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_FAILED, "the password cannot be hashed");
    fleet->settings.password_hash = fleet->password_hash;
    return ESPOTA_OK;
}

static enum espota_status prepare_page(struct fleet *fleet, struct espota_error *err)
{
    const struct stub_options *options = fleet->options;
    const char *user = options->user != NULL ? options->user : "admin";

    if (options->http == NULL && options->pull.url == NULL)
        return ESPOTA_OK;
    if (options->password.bytes != NULL) {
        if (!espota_http_basic(user, options->password.bytes, options->password.length,
                               fleet->web_credentials))
            return espota_error_set(err, ESPOTA_E_USAGE, "user and password are too long for HTTP");
        fleet->settings.web_credentials = fleet->web_credentials;
    }
    if (options->http == NULL)
        return ESPOTA_OK;
    fleet->settings.web = true;
    if (stub_endpoint_parse(options->http, &fleet->web, err) != ESPOTA_OK)
        return espota_error_prefix(err, "--http");
    if (options->count > 1 && fleet->web.port == 0)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "--http needs a port where --count makes a fleet");
    return ESPOTA_OK;
}

static enum espota_status fleet_init(struct fleet *fleet, const struct stub_options *options,
                                     struct espota_error *err)
{
    enum espota_status status;

    memset(fleet, 0, sizeof(*fleet));
    fleet->options = options;
    status = espota_loop_create(ESPOTA_LOOP_BEST, &fleet->loop, err);
    if (status == ESPOTA_OK)
        status = espota_crypto_bearssl_init(&fleet->crypto, err);
    if (status == ESPOTA_OK)
        status = hash_password(fleet, err);
    if (status == ESPOTA_OK && options->publickey != NULL) {
        status = stub_verifier_init(&fleet->verifier, options->publickey, err);
        fleet->settings.verify = &fleet->verifier.table;
    }
    if (status == ESPOTA_OK)
        status = prepare_page(fleet, err);
    if (status == ESPOTA_OK &&
        (fleet->nodes = calloc(options->count, sizeof(*fleet->nodes))) == NULL)
        status = espota_error_set(err, ESPOTA_E_MEMORY, "no memory for %lu devices",
                                  (unsigned long)options->count);
    if (status != ESPOTA_OK)
        return status;
    fleet->tell = (struct stub_log){.json = options->json, .fleet = options->count > 1};
    fleet->settings.loop = fleet->loop;
    fleet->settings.crypto = &fleet->crypto.table;
    fleet->settings.flash_size = (uint32_t)options->flash_size; /* the option's bound is 16 MiB */
    fleet->settings.fs_start = (uint32_t)options->fs_start;
    fleet->settings.atomic_fs = options->atomic_fs;
    fleet->settings.fast = options->fast;
    fleet->settings.quirks = options->quirks;
    fleet->settings.shape =
        (struct stub_link_shape){options->window, options->rate, options->delay_ms};
    fleet->settings.loop_delay_ms = options->loop_delay_ms;
    fleet->settings.auth_delay_ms = options->auth_delay_ms;
    fleet->settings.sector = fleet->sector;
    fleet->settings.context = fleet;
    fleet->settings.updated = updated;
    fleet->settings.failed = failed;
    return ESPOTA_OK;
}

static void remove_nodes(struct fleet *fleet)
{
    while (fleet->count > 0)
        stub_node_deinit(&fleet->nodes[--fleet->count]);
}

static void fleet_deinit(struct fleet *fleet)
{
    espota_program_on_stop(NULL, NULL);
    stub_announce_destroy(fleet->announce);
    remove_nodes(fleet);
    free(fleet->nodes);
    espota_crypto_bearssl_deinit(&fleet->crypto);
    espota_wipe(fleet->password_hash, sizeof(fleet->password_hash));
    espota_wipe(fleet->web_credentials, sizeof(fleet->web_credentials));
    espota_loop_destroy(fleet->loop);
}

/* --- who is where --- */

static struct espota_address address_of(const struct stub_options *options,
                                        const struct espota_address *bound, uint32_t device)
{
    struct espota_address address = *bound;

    if (options->count == 1)
        return address;
    return (struct espota_address){
        .family = 4,
        .bytes = {127, 1, (uint8_t)(device / PER_NET), (uint8_t)(1 + device % PER_NET)},
        .port = bound->port,
    };
}

static struct stub_who who_is(const struct fleet *fleet, const struct espota_address *bound,
                              uint32_t device)
{
    const struct stub_options *options = fleet->options;
    struct stub_who who = {
        .log = &fleet->tell, .device = device, .address = address_of(options, bound, device)};

    if (fleet->web.family != 0) {
        who.web = address_of(options, &fleet->web, device);
        who.web.port = fleet->web.port;
    }
    if (options->hostname == NULL)
        snprintf(who.hostname, sizeof(who.hostname), "esp8266-%06lx", (unsigned long)device + 1);
    else if (options->count == 1)
        snprintf(who.hostname, sizeof(who.hostname), "%s", options->hostname);
    else
        snprintf(who.hostname, sizeof(who.hostname), "%s-%lu", options->hostname,
                 (unsigned long)device);
    return who;
}

static enum espota_status bound_address(const struct stub_options *options,
                                        struct espota_address *bound, struct espota_error *err)
{
    if (!espota_address_parse(options->bind != NULL ? options->bind : "0.0.0.0", bound))
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s' is no address of a machine",
                                options->bind);
    bound->port = options->port;
    return ESPOTA_OK;
}

/* --- up --- */

static enum espota_status make_node(struct fleet *fleet, const struct espota_address *bound,
                                    struct espota_error *err)
{
    const struct stub_options *options = fleet->options;
    struct stub_who who = who_is(fleet, bound, fleet->count);
    char path[PATH_ROOM];
    const char *flash = options->flash;

    if (flash != NULL && options->count > 1) {
        if ((size_t)snprintf(path, sizeof(path), "%s.%lu", flash, (unsigned long)fleet->count) >=
            sizeof(path))
            return espota_error_set(err, ESPOTA_E_LOCAL, "the name of the flash file is too long");
        flash = path;
    }
    return stub_node_init(&fleet->nodes[fleet->count], &fleet->settings, &who, flash, err);
}

static enum espota_status make_nodes(struct fleet *fleet, const struct espota_address *bound,
                                     struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    while (status == ESPOTA_OK && fleet->count < fleet->options->count) {
        status = make_node(fleet, bound, err);
        if (status == ESPOTA_OK)
            fleet->count++;
    }
    return status;
}

/* All on one port; which one is free the first device finds out. */
static enum espota_status listen_once(struct fleet *fleet, struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    for (uint32_t i = 0; i < fleet->count && status == ESPOTA_OK; i++) {
        fleet->nodes[i].who.address.port =
            i == 0 ? fleet->options->port : fleet->nodes[0].who.address.port;
        status = stub_node_listen(&fleet->nodes[i], err);
    }
    return status;
}

static enum espota_status listen_all(struct fleet *fleet, struct espota_error *err)
{
    int tries = fleet->options->port == 0 && fleet->count > 1 ? PORT_TRIES : 1;
    enum espota_status status = ESPOTA_E_FAILED;

    for (int i = 0; i < tries && status != ESPOTA_OK; i++) {
        status = listen_once(fleet, err);
        for (uint32_t k = 0; k < fleet->count && status != ESPOTA_OK; k++)
            stub_node_silence(&fleet->nodes[k]);
    }
    return status;
}

static enum espota_status allow_files(uint32_t count, size_t each, struct espota_error *err)
{
    size_t wanted = (size_t)count * each + FILES_BESIDE;
    size_t limit = espota_open_files_limit(wanted);

    return limit >= wanted
               ? ESPOTA_OK
               : espota_error_set(err, ESPOTA_E_LOCAL,
                                  "%lu devices need %zu open files and this process may have %zu; "
                                  "raise the hard limit (ulimit -Hn) or take fewer",
                                  (unsigned long)count, wanted, limit);
}

/* The network is told of all of them (--mdns). */
static enum espota_status announce(struct fleet *fleet, struct espota_error *err)
{
    struct stub_announced *list;
    enum espota_status status;

    if (!fleet->options->mdns)
        return ESPOTA_OK;
    list = calloc(fleet->count, sizeof(*list));
    if (list == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to announce the devices");
    for (uint32_t i = 0; i < fleet->count; i++) {
        list[i].name = fleet->nodes[i].who.hostname;
        list[i].address = fleet->nodes[i].who.address;
        list[i].auth = fleet->settings.password_hash != NULL;
    }
    status = stub_announce_create(fleet->loop, list, fleet->count, &fleet->announce, err);
    free(list);
    if (status == ESPOTA_OK)
        out_detail("announced by %s", strcmp(stub_announce_by(fleet->announce), "avahi") == 0
                                          ? "the Avahi daemon"
                                          : "this process itself");
    return status;
}

/* --- the run --- */

static void stop(void *context)
{
    espota_loop_wake(context);
}

/* Enough uploads came, and every host has heard what it was to hear. */
static bool finished(const struct fleet *fleet)
{
    bool busy = false;

    if (fleet->options->uploads == 0 || fleet->updates < fleet->options->uploads)
        return false;
    for (uint32_t i = 0; i < fleet->count && !busy; i++)
        busy = stub_node_speaks(&fleet->nodes[i]);
    return !busy;
}

static enum espota_status turn(struct fleet *fleet, struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    while (status == ESPOTA_OK && espota_program_stop_signal() == 0 && !finished(fleet)) {
        status = espota_loop_turn(fleet->loop, -1, err);
        if (status == ESPOTA_OK && fleet->error.status != ESPOTA_OK) {
            *err = fleet->error;
            status = err->status;
        }
    }
    return status;
}

static enum espota_status sync_all(const struct fleet *fleet, struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    for (uint32_t i = 0; i < fleet->count && status == ESPOTA_OK; i++)
        status = stub_chip_sync(&fleet->nodes[i].chip, err);
    return status;
}

enum espota_status stub_fleet_run(const struct stub_options *options, struct espota_error *err)
{
    struct fleet fleet;
    struct espota_address bound;
    enum espota_status status = fleet_init(&fleet, options, err);

    if (status == ESPOTA_OK)
        status = bound_address(options, &bound, err);
    if (status == ESPOTA_OK)
        status = allow_files(options->count,
                             SOCKETS_EACH + (options->flash != NULL ? FILES_EACH : 0u) +
                                 (options->http != NULL ? SOCKETS_PAGE : 0u),
                             err);
    if (status != ESPOTA_OK)
        goto done;
    espota_program_on_stop(stop, fleet.loop);
    status = make_nodes(&fleet, &bound, err);
    if (status == ESPOTA_OK)
        status = listen_all(&fleet, err);
    if (status == ESPOTA_OK)
        status = announce(&fleet, err);
    if (status != ESPOTA_OK)
        goto done;
    stub_log_ready(&fleet.nodes[0].who, fleet.count);
    status = turn(&fleet, err);
    if (status == ESPOTA_OK)
        status = sync_all(&fleet, err);
done:
    fleet_deinit(&fleet);
    return status;
}

enum espota_status stub_fleet_boot(const struct stub_options *options, struct espota_error *err)
{
    static const struct espota_address nowhere = {.family = 4};
    struct fleet fleet;
    enum espota_status status = fleet_init(&fleet, options, err);

    if (status == ESPOTA_OK)
        status = make_nodes(&fleet, &nowhere, err);
    if (status == ESPOTA_OK)
        status = sync_all(&fleet, err);
    for (uint32_t i = 0; i < fleet.count && status == ESPOTA_OK; i++) {
        if (!fleet.nodes[i].starts)
            status = espota_error_set(
                err, ESPOTA_E_IMAGE, "the flash holds no program that the boot loader could start");
    }
    fleet_deinit(&fleet);
    return status;
}

enum espota_status stub_fleet_pull(const struct stub_options *options, struct espota_error *err)
{
    static const struct espota_address nowhere = {.family = 4};
    struct fleet fleet;
    enum espota_status status = fleet_init(&fleet, options, err);

    if (status == ESPOTA_OK) {
        espota_program_on_stop(stop, fleet.loop);
        status = make_nodes(&fleet, &nowhere, err);
    }
    if (status == ESPOTA_OK)
        status = stub_pull(&fleet.nodes[0], &options->pull, err);
    if (status == ESPOTA_OK)
        status = sync_all(&fleet, err);
    fleet_deinit(&fleet);
    return status;
}
