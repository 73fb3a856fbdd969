/* SPDX-License-Identifier: MIT */
/*
 * Many devices in one process, on one loop: each has its address within 127.0.0.0/8 and the port
 * of a real device, so a host cannot tell them from a network.
 */
#include "port/posix/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "port/posix/announce.h"
#include "port/posix/node.h"
#include "port/posix/verifier.h"
#include "sys/sys.h"
#include "text/text.h"
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
    struct espota_noise_bearssl noise;
    uint8_t key[ESPOTA_NOISE_KEY_SIZE];
    struct espota_verifier_bearssl verifier;
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
    enum espota_password_form form =
        fleet->options->auth == STUB_AUTH_SHA256 ? ESPOTA_FORM_SHA256 : ESPOTA_FORM_MD5;

    if (password->bytes == NULL)
        return ESPOTA_OK;
    if (espota_password_hash(&fleet->crypto.table, form, password->bytes, password->length,
                             fleet->password_hash) != ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_FAILED, "the password cannot be hashed");
    fleet->settings.password_hash = fleet->password_hash;
    return ESPOTA_OK;
}

static enum espota_status read_key(struct fleet *fleet, struct espota_error *err)
{
    struct espota_secret text = ESPOTA_SECRET_INIT;
    struct espota_log log = out_log();
    const char *file = fleet->options->key_file;
    size_t length = 0;
    enum espota_status status;

    if (file == NULL)
        return ESPOTA_OK;
    status = espota_secret_read(&text, file, "key file", &log, err);
    if (status == ESPOTA_OK && (espota_base64_read(text.bytes, text.length, fleet->key,
                                                   sizeof(fleet->key), &length) != ESPOTA_OK ||
                                length != sizeof(fleet->key)))
        status = espota_error_set(err, ESPOTA_E_USAGE,
                                  "%s holds no key: that is base64 of 32 bytes", file);
    espota_secret_wipe(&text);
    fleet->settings.key = fleet->key;
    return status;
}

static enum espota_status prepare_page(struct fleet *fleet, struct espota_error *err)
{
    const struct stub_options *options = fleet->options;
    const char *user = options->user != NULL ? options->user : "admin";
    enum espota_status status;

    if (options->http == NULL && options->pull == NULL)
        return ESPOTA_OK;
    if (options->password.bytes != NULL) {
        if (!espota_http_basic(user, options->password.bytes, options->password.length,
                               fleet->web_credentials))
            return espota_error_set(err, ESPOTA_E_USAGE, "user and password are too long for HTTP");
        fleet->settings.web_credentials = fleet->web_credentials;
    }
    if (options->http == NULL)
        return ESPOTA_OK;
    status = espota_endpoint_parse(options->http, &fleet->web, err);
    if (status == ESPOTA_BAD)
        return espota_error_set(err, ESPOTA_E_USAGE, "--http: '%s' must be ADDRESS:PORT in numbers",
                                options->http);
    if (status != ESPOTA_OK)
        return espota_error_prefix(err, "--http");
    if (options->count > 1 && fleet->web.port == 0)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "--http needs a port where --count makes a fleet");
    return ESPOTA_OK;
}

static enum espota_status crypto_init(struct fleet *fleet, struct espota_error *err)
{
    if (espota_crypto_bearssl_init(&fleet->crypto) == ESPOTA_OK)
        return ESPOTA_OK;
    return espota_error_set(err, ESPOTA_E_LOCAL,
                            "this system gives no random bytes, without which every challenge "
                            "could be foretold; look at /dev/urandom");
}

static enum espota_status fleet_init(struct fleet *fleet, const struct stub_options *options,
                                     struct espota_error *err)
{
    enum espota_status status;

    memset(fleet, 0, sizeof(*fleet));
    fleet->options = options;
    status = espota_loop_create(ESPOTA_LOOP_BEST, &fleet->loop, err);
    fleet->settings = (struct stub_settings){
        .options = options,
        .loop = fleet->loop,
        .crypto = &fleet->crypto.table,
        .sector = fleet->sector,
        .context = fleet,
        .updated = updated,
        .failed = failed,
    };
    if (status == ESPOTA_OK)
        status = crypto_init(fleet, err);
    espota_noise_bearssl_init(&fleet->noise, &fleet->crypto.table);
    fleet->settings.noise = &fleet->noise.table;
    if (status == ESPOTA_OK)
        status = read_key(fleet, err);
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
    return status;
}

static void fleet_deinit(struct fleet *fleet)
{
    espota_program_on_stop(NULL, NULL);
    stub_announce_destroy(fleet->announce);
    while (fleet->count > 0)
        stub_node_deinit(&fleet->nodes[--fleet->count]);
    free(fleet->nodes);
    espota_crypto_bearssl_deinit(&fleet->crypto);
    espota_wipe(fleet->key, sizeof(fleet->key));
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
        .options = options, .device = device, .address = address_of(options, bound, device)};

    if (fleet->web.family != 0)
        who.web = address_of(options, &fleet->web, device);
    if (options->hostname == NULL)
        snprintf(who.hostname, sizeof(who.hostname), "esp8266-%06lx", (unsigned long)device + 1);
    else if (options->count == 1)
        snprintf(who.hostname, sizeof(who.hostname), "%s", options->hostname);
    else
        snprintf(who.hostname, sizeof(who.hostname), "%s-%lu", options->hostname,
                 (unsigned long)device);
    return who;
}

static bool listens(const struct stub_options *options)
{
    return !options->boot && options->pull == NULL;
}

static enum espota_status bound_address(const struct stub_options *options,
                                        struct espota_address *bound, struct espota_error *err)
{
    *bound = (struct espota_address){.family = 4};
    if (!listens(options))
        return ESPOTA_OK;
    if (options->bind != NULL && !espota_address_parse(options->bind, bound))
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

static enum espota_status make_nodes(struct fleet *fleet, struct espota_error *err)
{
    struct espota_address bound;
    enum espota_status status = bound_address(fleet->options, &bound, err);

    while (status == ESPOTA_OK && fleet->count < fleet->options->count) {
        status = make_node(fleet, &bound, err);
        fleet->count += status == ESPOTA_OK;
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

static enum espota_status allow_files(const struct stub_options *options, struct espota_error *err)
{
    size_t each = SOCKETS_EACH + (options->flash != NULL ? FILES_EACH : 0u) +
                  (options->http != NULL ? SOCKETS_PAGE : 0u);
    size_t wanted = (size_t)options->count * each + FILES_BESIDE;
    size_t limit = espota_open_files_limit(wanted);

    return limit >= wanted
               ? ESPOTA_OK
               : espota_error_set(err, ESPOTA_E_LOCAL,
                                  "%lu devices need %zu open files and this process may have %zu; "
                                  "raise the hard limit (ulimit -Hn) or take fewer",
                                  (unsigned long)options->count, wanted, limit);
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

/* The devices listen until the run is over. */
static enum espota_status serve(struct fleet *fleet, struct espota_error *err)
{
    enum espota_status status = listen_all(fleet, err);

    if (status == ESPOTA_OK && fleet->options->mdns)
        status =
            stub_announce_create(fleet->loop, fleet->nodes, fleet->count, &fleet->announce, err);
    if (status != ESPOTA_OK)
        return status;
    stub_log_ready(&fleet->nodes[0].who, fleet->count);
    return turn(fleet, err);
}

/* What the chips hold is on disk, and of a played loader that it starts something. */
static enum espota_status conclude(const struct fleet *fleet, struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    for (uint32_t i = 0; i < fleet->count && status == ESPOTA_OK; i++)
        status = stub_chip_sync(&fleet->nodes[i].chip, err);
    for (uint32_t i = 0; i < fleet->count && status == ESPOTA_OK && fleet->options->boot; i++)
        if (!fleet->nodes[i].starts)
            status = espota_error_set(
                err, ESPOTA_E_IMAGE, "the flash holds no program that the boot loader could start");
    return status;
}

enum espota_status stub_run(const struct stub_options *options, struct espota_error *err)
{
    struct fleet fleet;
    enum espota_status status = fleet_init(&fleet, options, err);

    if (status == ESPOTA_OK && listens(options))
        status = allow_files(options, err);
    if (status == ESPOTA_OK) {
        espota_program_on_stop(stop, fleet.loop);
        status = make_nodes(&fleet, err);
    }
    if (status == ESPOTA_OK && listens(options))
        status = serve(&fleet, err);
    if (status == ESPOTA_OK && options->pull != NULL)
        status = stub_node_pull(&fleet.nodes[0], err);
    if (status == ESPOTA_OK)
        status = conclude(&fleet, err);
    fleet_deinit(&fleet);
    return status;
}
