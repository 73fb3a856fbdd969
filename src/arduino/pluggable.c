/* SPDX-License-Identifier: MIT */
/*
 * Arduino's pluggable discovery as the IDE's daemon drives it: words on standard input, JSON on
 * standard output. It has no I/O, so that tests play the daemon.
 */
#include "arduino/pluggable.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

enum {
    LINE_ROOM = 4096,
    GONE_MOST = 256, /* ports that are kept without a device: anybody can announce some */
};

struct listed_port {
    struct espota_device device;
    bool shown;       /* it is the port of its address */
    bool gone;        /* and is kept, although its device went, */
    uint64_t gone_at; /* until then */
    struct listed_port *next;
    size_t txt_length;
    uint8_t txt[];
};

struct espota_pluggable {
    struct espota_pluggable_hooks hooks;
    bool greeted, started, syncing;
    struct listed_port *ports; /* in the order of their coming */
    size_t gone;               /* how many of them are */
    char line[LINE_ROOM];
    size_t used;
    bool too_long;
};

enum espota_status espota_pluggable_create(const struct espota_pluggable_hooks *hooks,
                                           struct espota_pluggable **out, struct espota_error *err)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for Arduino's discovery");
    (*out)->hooks = *hooks;
    return ESPOTA_OK;
}

static void forget_all(struct espota_pluggable *p)
{
    while (p->ports != NULL) {
        struct listed_port *next = p->ports->next;

        free(p->ports);
        p->ports = next;
    }
    p->gone = 0;
}

void espota_pluggable_destroy(struct espota_pluggable *pluggable)
{
    if (pluggable != NULL)
        forget_all(pluggable);
    free(pluggable);
}

/* Takes `message` over. A message that cannot be made for want of memory is lost. */
static void write_own(struct espota_pluggable *p, struct espota_json *message, bool well)
{
    char *text = well ? espota_json_pretty(message) : NULL;

    if (text != NULL) {
        text[strlen(text) - 1] = '\0'; /* the last line end */
        p->hooks.write(p->hooks.context, text);
    }
    free(text);
    espota_json_free(message);
}

static struct espota_json *message_of(const char *event)
{
    struct espota_json *message = espota_json_object();

    if (espota_json_set_text(message, "eventType", event))
        return message;
    espota_json_free(message);
    return NULL;
}

static void say_ok(struct espota_pluggable *p, const char *event)
{
    struct espota_json *message = message_of(event);

    write_own(p, message, espota_json_set_text(message, "message", "OK"));
}

static void fail(struct espota_pluggable *p, const char *event, const char *format, ...)
    ESPOTA_PRINTF(3, 4);

static void fail(struct espota_pluggable *p, const char *event, const char *format, ...)
{
    struct espota_json *message = message_of(event);
    char text[LINE_ROOM + 64];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    write_own(p, message,
              espota_json_set_text(message, "message", text) &&
                  espota_json_set_bool(message, "error", true));
}

static struct espota_json *port_of(const struct listed_port *port)
{
    return espota_pluggable_port(&port->device, port->txt, port->txt_length);
}

static void tell_port(struct espota_pluggable *p, const char *event, const struct listed_port *port)
{
    struct espota_json *message = p->syncing ? message_of(event) : NULL;

    if (message != NULL)
        write_own(p, message, espota_json_set_own(message, "port", port_of(port)));
}

static struct listed_port *shown_at(struct espota_pluggable *p, const char *address)
{
    for (struct listed_port *port = p->ports; port != NULL; port = port->next)
        if (port->shown && strcmp(port->device.address, address) == 0)
            return port;
    return NULL;
}

static void show(struct espota_pluggable *p, struct listed_port *port)
{
    if (shown_at(p, port->device.address) != NULL)
        return;
    port->shown = true;
    tell_port(p, "add", port);
}

static void unlink_port(struct espota_pluggable *p, struct listed_port **at)
{
    struct listed_port *port = *at;

    *at = port->next;
    if (port->gone)
        p->gone--; /* it was counted when it went */
    free(port);
}

/* Takes the port out; another device of its address takes its place. */
static void remove_port(struct espota_pluggable *p, struct listed_port **at)
{
    struct listed_port *port = *at;
    char address[sizeof(port->device.address)];
    bool shown = port->shown;

    memcpy(address, port->device.address, sizeof(address));
    if (shown)
        tell_port(p, "remove", port);
    unlink_port(p, at);
    for (port = p->ports; shown && port != NULL; port = port->next)
        if (strcmp(port->device.address, address) == 0)
            show(p, port);
}

/* What went is kept for a while, unless there is another device for its port. */
static void let_go(struct espota_pluggable *p, struct listed_port **at, uint64_t now)
{
    struct listed_port *gone = *at;
    bool keep = gone->shown && p->gone < GONE_MOST;

    for (const struct listed_port *port = p->ports; keep && port != NULL; port = port->next)
        keep = port == gone || strcmp(port->device.address, gone->device.address) != 0;
    if (!keep) {
        remove_port(p, at);
        return;
    }
    gone->gone = true;
    gone->gone_at = now + ESPOTA_PLUGGABLE_KEPT_MS;
    p->gone++;
}

static bool same_port(const struct listed_port *one, const struct espota_catalog_event *event)
{
    return one->device.port == event->device.port &&
           strcmp(one->device.hostname, event->device.hostname) == 0 &&
           one->txt_length == event->txt_length &&
           (one->txt_length == 0 || memcmp(one->txt, event->txt, one->txt_length) == 0);
}

/*
 * A device comes where the port of one that went is still kept: true if that is the same port,
 * which goes over to it without a word.
 */
static bool take_over(struct espota_pluggable *p, const struct espota_catalog_event *event)
{
    struct listed_port **at = &p->ports;
    bool same;

    while (*at != NULL &&
           !((*at)->gone && strcmp((*at)->device.address, event->device.address) == 0))
        at = &(*at)->next;
    if (*at == NULL)
        return false;
    same = same_port(*at, event);
    if (same)
        unlink_port(p, at);
    else
        remove_port(p, at);
    return same;
}

static void add_port(struct espota_pluggable *p, const struct espota_catalog_event *event)
{
    struct listed_port *port = calloc(1, sizeof(*port) + event->txt_length);
    struct listed_port **at = &p->ports;

    if (port == NULL)
        return; /* without memory it is not seen */
    port->device = event->device;
    port->txt_length = event->txt_length;
    if (event->txt_length > 0)
        memcpy(port->txt, event->txt, event->txt_length);
    port->shown = take_over(p, event);
    while (*at != NULL)
        at = &(*at)->next;
    *at = port;
    if (!port->shown)
        show(p, port);
}

void espota_pluggable_event(struct espota_pluggable *pluggable,
                            const struct espota_catalog_event *event, uint64_t now)
{
    struct listed_port **at = &pluggable->ports;

    while (*at != NULL && ((*at)->gone || (*at)->device.id != event->device.id))
        at = &(*at)->next;
    if (event->event == ESPOTA_DEVICE_REMOVE) {
        if (*at != NULL)
            let_go(pluggable, at, now);
        return;
    }
    if (*at != NULL)
        remove_port(pluggable, at);
    add_port(pluggable, event);
}

void espota_pluggable_tick(struct espota_pluggable *pluggable, uint64_t now)
{
    struct listed_port **at = &pluggable->ports;

    while (*at != NULL)
        if ((*at)->gone && (*at)->gone_at <= now)
            remove_port(pluggable, at);
        else
            at = &(*at)->next;
}

uint64_t espota_pluggable_deadline(const struct espota_pluggable *pluggable)
{
    uint64_t first = UINT64_MAX;

    for (const struct listed_port *port = pluggable->ports; port != NULL; port = port->next)
        if (port->gone && port->gone_at < first)
            first = port->gone_at;
    return first;
}

/* 1 "agent/version" */
static void hello(struct espota_pluggable *p, const char *rest)
{
    struct espota_json *message;
    size_t digits = strspn(rest, "0123456789");
    const char *agent = rest + digits;
    size_t length = strlen(agent);

    if (p->greeted) {
        fail(p, "hello", "HELLO already called");
        return;
    }
    if (digits == 0 || length < 4 || agent[0] != ' ' || agent[1] != '"' ||
        agent[length - 1] != '"' || strcspn(agent + 2, "\"") != length - 3) { /* length >= 4 */
        fail(p, "hello", "Invalid HELLO command");
        return;
    }
    if (digits > 18) { /* more than 64 bits hold */
        fail(p, "hello", "Invalid protocol version: %.*s", (int)digits, rest);
        return;
    }
    p->greeted = true;
    message = message_of("hello");
    write_own(p, message,
              espota_json_set_text(message, "message", "OK") &&
                  espota_json_set_integer(message, "protocolVersion", 1));
}

/* START and START_SYNC, of which one at a time can be on. */
static void start(struct espota_pluggable *p, const char *event, const char *word, bool *on)
{
    struct espota_error err = ESPOTA_ERROR_INIT;

    if (*on)
        fail(p, event, "Discovery already %sed", word);
    else if (p->started || p->syncing)
        fail(p, event, "Discovery already %sed, cannot %s", p->started ? "START" : "START_SYNC",
             word);
    else if (p->hooks.start(p->hooks.context, &err) != ESPOTA_OK)
        fail(p, event, "Cannot %s: %s", word, err.message);
    else {
        *on = true;
        say_ok(p, event);
    }
}

static void list(struct espota_pluggable *p)
{
    struct espota_json *message, *ports;
    bool well = true;

    if (!p->started) {
        fail(p, "list", "Discovery not STARTed");
        return;
    }
    message = message_of("list");
    ports = espota_json_array();
    for (const struct listed_port *port = p->ports; well && port != NULL; port = port->next)
        if (port->shown)
            well = espota_json_append_own(ports, port_of(port));
    well = espota_json_set_own(message, "ports", ports) && well;
    write_own(p, message, well);
}

static void end(struct espota_pluggable *p)
{
    if (p->started || p->syncing)
        p->hooks.stop(p->hooks.context);
    p->started = p->syncing = false;
    forget_all(p);
}

static void stop(struct espota_pluggable *p)
{
    if (!p->started && !p->syncing) {
        fail(p, "stop", "Discovery already STOPped");
        return;
    }
    end(p);
    say_ok(p, "stop");
}

static char *trimmed(char *line)
{
    static const char blanks[] = " \t\r\n\v\f";
    size_t length;

    line += strspn(line, blanks);
    length = strlen(line);
    while (length > 0 && strchr(blanks, line[length - 1]) != NULL)
        line[--length] = '\0';
    return line;
}

/* One command; false after QUIT. */
static bool obey(struct espota_pluggable *p, char *line)
{
    char *verb = trimmed(line);
    char *rest = verb + strcspn(verb, " ");

    if (*rest != '\0')
        *rest++ = '\0';
    for (char *c = verb; *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    if (strcmp(verb, "QUIT") == 0) {
        end(p);
        say_ok(p, "quit");
        return false;
    }
    if (strcmp(verb, "HELLO") == 0)
        hello(p, rest);
    else if (!p->greeted)
        fail(p, "command_error", "First command must be HELLO, but got '%s'", verb);
    else if (strcmp(verb, "START") == 0)
        start(p, "start", "START", &p->started);
    else if (strcmp(verb, "START_SYNC") == 0)
        start(p, "start_sync", "START_SYNC", &p->syncing);
    else if (strcmp(verb, "LIST") == 0)
        list(p);
    else if (strcmp(verb, "STOP") == 0)
        stop(p);
    else
        fail(p, "command_error", "Command %s not supported", verb);
    return true;
}

static bool line_over(struct espota_pluggable *p)
{
    bool too_long = p->too_long;

    p->line[p->used] = '\0';
    p->used = 0;
    p->too_long = false;
    if (!too_long)
        return obey(p, p->line);
    fail(p, "command_error", "the line is longer than %d bytes", LINE_ROOM - 1);
    return true;
}

bool espota_pluggable_read(struct espota_pluggable *pluggable, const void *data, size_t length)
{
    const char *bytes = data;

    if (length == 0) {
        end(pluggable);
        fail(pluggable, "command_error", "EOF");
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            if (!line_over(pluggable))
                return false;
        } else if (pluggable->used < LINE_ROOM - 1) {
            pluggable->line[pluggable->used++] = bytes[i];
        } else {
            pluggable->too_long = true;
        }
    }
    return true;
}
