/* SPDX-License-Identifier: MIT */
/*
 * The server's life: built, run on one loop, reloaded, ended. Every second it looks whether the
 * rules on disk are others; that costs two calls of stat, works on every file system and in every
 * container, and sees a link that was turned, which no watch of a file tells.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/inside.h"
#include "sys/sys.h"
#include "text/text.h"

enum {
    MINUTE_MS = 60000,
    SECOND_MS = 1000,
    FINISH_MS = 60000, /* for what is under way when it is told to stop; systemd waits for 90 s */
    STATE_MAX = 256 * 1024 * 1024,
};

/* ADDR:PORT, [IPv6]:PORT, or a port alone, which is on `where`; port 0: any free one. */
static enum espota_status listen_at(const char *text, const char *member, const char *where,
                                    int *fd, struct espota_error *err)
{
    bool only_port = text[strspn(text, "0123456789")] == '\0';
    struct espota_address address;
    char full[ESPOTA_HOST_MAX];
    enum espota_status status;

    (void)snprintf(full, sizeof(full), "%s%s%s", only_port ? where : "", only_port ? ":" : "",
                   text);
    status = espota_endpoint_parse(full, &address, err);
    if (status == ESPOTA_BAD)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "%s: '%s' must be ADDRESS:PORT in numbers, or a port", member,
                                text);
    if (status != ESPOTA_OK)
        return espota_error_prefix(err, "%s", member);
    return espota_tcp_listen(&address, fd, err);
}

/* `listener` is taken over. */
static enum espota_status start_server(struct espota_serve *serve, int listener,
                                       espota_http_handler handler, struct espota_address *address,
                                       struct espota_http_server **out, struct espota_error *err)
{
    if (espota_socket_local(listener, address) != ESPOTA_OK) {
        espota_socket_close(&listener);
        return espota_error_set(err, ESPOTA_E_LOCAL, "the socket to listen on is none of TCP");
    }
    return espota_http_server_create(serve->loop, listener, handler, serve, out, err);
}

static enum espota_status open_servers(struct espota_serve *serve, struct espota_error *err)
{
    const struct espota_serve_options *options = &serve->options;
    int listener = -1;
    enum espota_status status = ESPOTA_OK;

    if (!options->inherited || !espota_inherited_listener(&listener))
        status = listen_at(options->listen != NULL ? options->listen : "8080", "listen", "0.0.0.0",
                           &listener, err);
    if (status == ESPOTA_OK)
        status = start_server(serve, listener, espota_serve_answer, &serve->address, &serve->server,
                              err);
    if (status != ESPOTA_OK || options->admin == NULL)
        return status;
    status = listen_at(options->admin, "admin", "127.0.0.1", &listener, err);
    if (status == ESPOTA_OK)
        status = start_server(serve, listener, espota_serve_admin_answer, &serve->admin_address,
                              &serve->admin, err);
    return status;
}

static enum espota_status load_state(struct espota_serve *serve, struct espota_error *err)
{
    const char *path = serve->options.state_file;
    struct espota_file_key key;
    uint8_t *text = NULL;
    size_t length;
    enum espota_status status;

    if (path == NULL || espota_file_key_at(path, &key) != ESPOTA_OK || key.size == 0)
        return ESPOTA_OK; /* the first run */
    status = espota_file_read(path, STATE_MAX, &text, &length, NULL, err);
    if (status == ESPOTA_OK)
        status = espota_registry_read(serve->registry, (const char *)text, length, err);
    free(text);
    return status == ESPOTA_OK ? status : espota_error_prefix(err, "%s", path);
}

static enum espota_status save_state(struct espota_serve *serve, struct espota_error *err)
{
    char *text;
    enum espota_status status;

    if (serve->options.state_file == NULL || !serve->registry->dirty)
        return ESPOTA_OK;
    text = espota_registry_write(serve->registry);
    if (text == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    status = espota_file_write(serve->options.state_file, 0600, text, strlen(text), err);
    free(text);
    if (status == ESPOTA_OK)
        serve->registry->dirty = false;
    return status;
}

static void arm(struct espota_serve *serve, struct espota_timer *timer, uint64_t in_ms)
{
    if (espota_loop_arm(serve->loop, timer, espota_loop_now(serve->loop) + in_ms) != ESPOTA_OK)
        espota_log_say(&serve->options.log, ESPOTA_LOG_WARNING, "out of memory for a timer");
}

static void minute_over(void *context)
{
    struct espota_serve *serve = context;
    struct espota_error err = ESPOTA_ERROR_INIT;

    espota_registry_sample(serve->registry, espota_clock_wall());
    if (save_state(serve, &err) != ESPOTA_OK)
        espota_log_say(&serve->options.log, ESPOTA_LOG_WARNING, "the state is not saved: %s",
                       err.message);
    arm(serve, &serve->minute, MINUTE_MS);
}

static void log_notice(const struct espota_log *log, const struct espota_serve_notice *notice)
{
    switch (notice->what) {
    case ESPOTA_SERVE_RELOADED:
        espota_log_say(log, ESPOTA_LOG_NOTE, "read again: %s", notice->path);
        break;
    case ESPOTA_SERVE_RELOAD_REFUSED:
        espota_log_say(log, ESPOTA_LOG_WARNING, "%s; the old rules go on", notice->why);
        break;
    case ESPOTA_SERVE_CUT:
        espota_log_say(log, ESPOTA_LOG_WARNING, "%s%s%s: %s was cut off after %llu of %llu bytes",
                       notice->address, notice->mac[0] != '\0' ? " " : "", notice->mac,
                       notice->file, (unsigned long long)notice->bytes,
                       (unsigned long long)notice->size);
        break;
    case ESPOTA_SERVE_ENDING:
        espota_log_say(log, ESPOTA_LOG_NOTE, "%zu download%s to finish, for %d s at most",
                       notice->transfers, notice->transfers == 1 ? "" : "s", FINISH_MS / 1000);
        break;
    }
}

void espota_serve_tell(const struct espota_serve *serve, struct espota_serve_notice *notice)
{
    char time[ESPOTA_SERVE_TIME_ROOM];

    if (serve->options.notice != NULL) {
        espota_serve_time(espota_clock_wall(), time);
        notice->time = time;
        serve->options.notice(serve->options.context, notice);
    }
    log_notice(&serve->options.log, notice);
}

/* What is not there just now is as it was: an editor may be about to put it in place. */
static struct espota_serve_sources sources_of(const struct espota_serve *serve)
{
    struct espota_serve_sources now = serve->tried;
    struct espota_file_key key;

    if (serve->options.manifest != NULL &&
        espota_file_key_at(serve->options.manifest, &key) == ESPOTA_OK)
        now.manifest = key;
    if (serve->options.auth_file != NULL &&
        espota_file_key_at(serve->options.auth_file, &key) == ESPOTA_OK)
        now.auth = key;
    if (serve->rules != NULL && espota_file_key_at(serve->rules->images, &key) == ESPOTA_OK)
        now.images = key;
    return now;
}

/* Also if the images' path leads to another folder: a link was turned, or the folder replaced. */
static bool has_changed(const struct espota_serve *serve)
{
    struct espota_serve_sources now = sources_of(serve);

    return !espota_file_key_equal(&now.manifest, &serve->tried.manifest) ||
           !espota_file_key_equal(&now.auth, &serve->tried.auth) ||
           now.images.device != serve->tried.images.device ||
           now.images.inode != serve->tried.images.inode;
}

/* The sources are looked at first: what changes while they are read is seen as a change later. */
static enum espota_status load(struct espota_serve *serve, struct espota_error *err)
{
    struct espota_manifest_faults faults = {.tell = NULL};
    struct espota_serve_rules *fresh;
    enum espota_status status;

    serve->tried = sources_of(serve);
    status = espota_serve_rules_create(&serve->options, &faults, &fresh, err);
    serve->unfinished = status != ESPOTA_OK && faults.count == 0;
    if (status != ESPOTA_OK)
        return status;
    espota_serve_rules_destroy(serve->rules);
    serve->rules = fresh;
    (void)!espota_file_key_of(fresh->store->folder, &serve->tried.images);
    return ESPOTA_OK;
}

/* The same complaint is made twice only where something has happened in between. */
static void reload(struct espota_serve *serve, bool something_happened)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_serve_notice notice = {
        .path = serve->options.manifest != NULL ? serve->options.manifest : serve->options.folder,
        .why = ""};

    if (load(serve, &err) == ESPOTA_OK) {
        serve->counts.reloads++;
        serve->complaint[0] = '\0';
        notice.what = ESPOTA_SERVE_RELOADED;
        espota_serve_tell(serve, &notice);
        return;
    }
    if (!something_happened && strcmp(serve->complaint, err.message) == 0)
        return;
    snprintf(serve->complaint, sizeof(serve->complaint), "%s", err.message);
    serve->counts.refused_reloads++;
    notice.what = ESPOTA_SERVE_RELOAD_REFUSED;
    notice.why = err.message;
    espota_serve_tell(serve, &notice);
}

static void second_over(void *context)
{
    struct espota_serve *serve = context;

    bool changed = has_changed(serve);

    /* credentials or a folder that could not be read may be there by now */
    if (changed || serve->unfinished)
        reload(serve, changed);
    arm(serve, &serve->second, SECOND_MS);
}

/* It stands in a header as it is. */
static bool accel_good(const char *prefix)
{
    size_t length = strlen(prefix);

    for (size_t i = 0; i < length; i++)
        if (prefix[i] <= ' ' || prefix[i] > '~')
            return false;
    return prefix[0] == '/' && length < ESPOTA_SERVE_ACCEL_MAX;
}

enum espota_status espota_serve_create(const struct espota_serve_options *options,
                                       struct espota_serve **out, struct espota_error *err)
{
    struct espota_serve_options own = ESPOTA_SERVE_OPTIONS_INIT;
    struct espota_serve *serve;
    enum espota_status status = espota_sized_take(&own, options, err);

    *out = NULL;
    if (status != ESPOTA_OK)
        return status;
    if (own.accel != NULL && !accel_good(own.accel))
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "accel: must be a location of nginx like /images/");
    serve = calloc(1, sizeof(*serve));
    if (serve == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    serve->options = own;
    serve->started = espota_clock_wall();
    serve->minute = (struct espota_timer){.expired = minute_over, .context = serve};
    serve->second = (struct espota_timer){.expired = second_over, .context = serve};
    serve->registry = espota_registry_create();
    status = serve->registry != NULL ? espota_loop_create(ESPOTA_LOOP_BEST, &serve->loop, err)
                                     : espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    if (status == ESPOTA_OK)
        status = load(serve, err);
    if (status == ESPOTA_OK)
        status = load_state(serve, err);
    if (status == ESPOTA_OK)
        status = open_servers(serve, err);
    if (status == ESPOTA_OK)
        *out = serve;
    else
        espota_serve_destroy(serve);
    return status;
}

static void tell_ready(const struct espota_serve *serve)
{
    char address[ESPOTA_ADDRESS_TEXT];
    char admin[ESPOTA_ADDRESS_TEXT];

    if (serve->options.ready == NULL)
        return;
    espota_address_format(&serve->address, true, address);
    espota_address_format(&serve->admin_address, true, admin);
    serve->options.ready(serve->options.context, address, serve->admin != NULL ? admin : NULL);
}

/* One turn of the loop, at most until `most_ms` are over. */
static enum espota_status turn(struct espota_serve *serve, int most_ms, struct espota_error *err)
{
    if (serve->reloading) {
        serve->reloading = 0;
        reload(serve, true);
    }
    return espota_loop_turn(serve->loop, most_ms, err);
}

/*
 * A device whose download is cut hangs for more than a minute before it gives up: what is under way
 * goes on, for so long, and nobody new is let in.
 */
static enum espota_status finish(struct espota_serve *serve, struct espota_error *err)
{
    struct espota_serve_notice notice = {.what = ESPOTA_SERVE_ENDING,
                                         .transfers = espota_http_server_busy(serve->server)};
    uint64_t end = espota_loop_now(serve->loop) + FINISH_MS;
    enum espota_status status = ESPOTA_OK;

    espota_http_server_close(serve->server);
    if (notice.transfers == 0)
        return ESPOTA_OK;
    espota_serve_tell(serve, &notice);
    while (status == ESPOTA_OK && serve->stopping == 1 &&
           espota_http_server_busy(serve->server) > 0 && espota_loop_now(serve->loop) < end)
        status = turn(serve, SECOND_MS, err);
    return status;
}

enum espota_status espota_serve_run(struct espota_serve *serve, struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    arm(serve, &serve->minute, MINUTE_MS);
    arm(serve, &serve->second, SECOND_MS);
    tell_ready(serve);
    while (status == ESPOTA_OK && serve->stopping == 0)
        status = turn(serve, -1, err);
    if (status == ESPOTA_OK)
        status = finish(serve, err);
    if (status == ESPOTA_OK)
        espota_registry_sample(serve->registry, espota_clock_wall());
    return status == ESPOTA_OK ? save_state(serve, err) : status;
}

void espota_serve_stop(struct espota_serve *serve)
{
    serve->stopping++;
    espota_loop_wake(serve->loop);
}

void espota_serve_reload(struct espota_serve *serve)
{
    serve->reloading = 1;
    espota_loop_wake(serve->loop);
}

void espota_serve_destroy(struct espota_serve *serve)
{
    if (serve == NULL)
        return;
    espota_http_server_destroy(serve->server);
    espota_http_server_destroy(serve->admin);
    if (serve->loop != NULL) {
        espota_loop_disarm(serve->loop, &serve->minute);
        espota_loop_disarm(serve->loop, &serve->second);
    }
    espota_serve_rules_destroy(serve->rules);
    espota_builder_deinit(&serve->page);
    espota_registry_destroy(serve->registry);
    espota_loop_destroy(serve->loop);
    free(serve);
}
