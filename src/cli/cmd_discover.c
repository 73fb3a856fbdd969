/* SPDX-License-Identifier: MIT */
/* espota-c discover: who announces itself on the network. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/devices.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "sys/sys.h"

enum { DEFAULT_TIMEOUT_MS = 3000 };

struct args {
    struct espota_discover_options how;
    bool json;
    struct device_list list;
    size_t told;
};

static const struct opt options[] = {
    {OPT_STRING, 0, "name", "GLOB", "only devices whose name matches (*, ?)",
     OPT_AT(struct args, how.name)},
    {OPT_FLAG, 0, "any", NULL,
     "ESPHome's devices, too, with their version; AUTH is \"key\" where they have one for "
     "encryption",
     OPT_AT(struct args, how.any)},
    {OPT_SECONDS, 0, "timeout", "SECONDS",
     "how long to listen at most (default 3; with --watch: for ever)",
     OPT_AT(struct args, how.timeout_ms), .min = 1, .max = 86400000},
    {OPT_FLAG, 0, "watch", NULL, "go on, and tell what comes, changes and goes",
     OPT_AT(struct args, how.watch)},
    {OPT_FLAG, 0, "json", NULL, "one JSON object a line", OPT_AT(struct args, json)},
    {OPT_CHOICE, 0, "via", "auto|avahi|dnssd|query",
     "how to ask: the Avahi daemon, dns_sd, or questions of our own", OPT_AT(struct args, how.via)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt_command command = {
    .program = "espota-c discover",
    .usage = "[options]",
    .summary = "List the devices that announce themselves on the network.",
    .options = options,
    .notes = "The list ends early once nothing new has come for a second after the last\n"
             "question. Exit code 3: nobody answered.",
};

enum { COLUMNS = 7, VERSION = 5 };
static const char *const titles[COLUMNS] = {"NAME", "ADDRESS", "PORT",    "BOARD",
                                            "AUTH", "VERSION", "HOSTNAME"};

struct row {
    char port[8];
    const char *cells[COLUMNS];
};

/* `any`: with the column that only ESPHome's devices fill. */
static void row_of(const struct espota_device *device, bool any, struct row *row)
{
    (void)snprintf(row->port, sizeof(row->port), device->port != 0 ? "%u" : "-",
                   (unsigned)device->port);
    row->cells[0] = device->name;
    row->cells[1] = device->address;
    row->cells[2] = row->port;
    row->cells[3] = device->board[0] != '\0' ? device->board : "-";
    row->cells[4] = device->encrypted ? "key" : espota_device_auth_word(device->auth);
    row->cells[VERSION] = !any ? NULL : device->version[0] != '\0' ? device->version : "-";
    row->cells[6] = device->hostname;
}

static size_t shown_width(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80; /* not the rest of a UTF-8 character */
    return width;
}

/* A cell that is NULL is no column of this table. */
static void print_row(const char *const cells[COLUMNS], const size_t widths[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++) {
        size_t width;

        if (cells[i] == NULL)
            continue;
        width = shown_width(cells[i]);
        if (i == COLUMNS - 1)
            out_data("%s\n", cells[i]);
        else
            out_data("%s%*s", cells[i], (int)(widths[i] > width ? widths[i] - width : 0) + 2, "");
    }
}

static void print_table(struct device_list *list, bool any)
{
    const char *heads[COLUMNS];
    size_t widths[COLUMNS] = {0};
    struct row row;

    for (int i = 0; i < COLUMNS; i++) {
        heads[i] = i == VERSION && !any ? NULL : titles[i];
        widths[i] = strlen(titles[i]);
    }
    for (size_t k = 0; k < list->count; k++) {
        row_of(&list->devices[k], any, &row);
        for (int i = 0; i < COLUMNS; i++)
            if (row.cells[i] != NULL && shown_width(row.cells[i]) > widths[i])
                widths[i] = shown_width(row.cells[i]);
    }
    device_list_sort(list);
    print_row(heads, widths);
    for (size_t k = 0; k < list->count; k++) {
        row_of(&list->devices[k], any, &row);
        print_row(row.cells, widths);
    }
}

static void print_event(enum espota_device_event event, const struct espota_device *device,
                        bool any)
{
    static const char *const words[] = {"add", "change", "remove"};
    static const size_t widths[COLUMNS] = {24, 15, 5, 12, 7, 10, 0};
    struct row row;

    row_of(device, any, &row);
    out_data("%-6s  ", words[event]);
    print_row(row.cells, widths);
}

static bool told(void *context, enum espota_device_event event, const struct espota_device *device)
{
    struct args *args = context;

    args->told++;
    device_list_note(&args->list, event, device);
    if (args->json)
        args->list.no_memory |= !out_json(espota_discover_event_json(event, device));
    else if (args->how.watch)
        print_event(event, device, args->how.any);
    return !args->list.no_memory && !out_lost();
}

/* For the completions of the shells; a list that is not whole would hide devices there. */
static void remember(const struct args *args)
{
    struct espota_error err = ESPOTA_ERROR_INIT;

    if (args->list.count > 0 && args->how.name == NULL &&
        completion_cache_write(&args->list, &err) != ESPOTA_OK)
        out_detail("%s", err.message);
}

static int result_of(struct args *args)
{
    const char *name = args->how.name;
    int signal = espota_program_stop_signal();

    remember(args);
    if (!args->json && !args->how.watch && args->list.count > 0)
        print_table(&args->list, args->how.any);
    if (args->list.no_memory) {
        out_error("no memory to list the devices");
        return espota_status_exit_code(ESPOTA_E_MEMORY);
    }
    if (signal != 0)
        return 128 + signal;
    if (args->told > 0)
        return 0;
    out_error("no device answered%s%s%s", name != NULL ? " to the name '" : "",
              name != NULL ? name : "", name != NULL ? "'" : "");
    out_hint("Is it on this network, and does its program call ArduinoOTA.begin()? "
             "A firewall must let UDP port 5353 in.");
    return espota_status_exit_code(ESPOTA_E_NO_ANSWER);
}

int cmd_discover(int argc, char **argv)
{
    struct args args = {
        .how = {.size = sizeof(args.how), .context = &args, .event = told},
    };
    struct espota_error err = ESPOTA_ERROR_INIT;
    int code;

    if (!opt_read(&command, argc, argv, &args, &code))
        return code;
    if (args.how.timeout_ms == 0 && !args.how.watch)
        args.how.timeout_ms = DEFAULT_TIMEOUT_MS;
    code = discover_devices(&args.how, &err) == ESPOTA_OK ? result_of(&args) : show_failure(&err);
    free(args.list.devices);
    return code;
}
