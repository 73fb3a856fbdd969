/* SPDX-License-Identifier: MIT */
/*
 * A network has no list of its devices: it is put together from what is announced while we listen,
 * for discover as it is, for upload to choose from.
 */
#include "cli/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "sys/sys.h"

enum { TARGET_TEXT = 128 }; /* "esphome://[address]:port" fits */

void device_list_note(struct device_list *list, enum espota_device_event event,
                      const struct espota_device *device)
{
    size_t at = 0;

    while (at < list->count && list->devices[at].id != device->id)
        at++;
    if (event == ESPOTA_DEVICE_REMOVE) {
        if (at < list->count)
            list->devices[at] = list->devices[--list->count];
        return;
    }
    if (at == list->room) {
        size_t room = list->room == 0 ? 32 : 2 * list->room;
        struct espota_device *grown = realloc(list->devices, room * sizeof(*grown));

        if (grown == NULL) {
            list->no_memory = true;
            return;
        }
        list->devices = grown;
        list->room = room;
    }
    list->devices[at] = *device;
    list->count += at == list->count;
}

static int by_name(const void *a, const void *b)
{
    const struct espota_device *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    return order != 0 ? order : strcmp(left->address, right->address);
}

void device_target(const struct espota_device *device, const char *host, unsigned port,
                   const char *path, char *out, size_t room)
{
    bool web = device->kind == ESPOTA_KIND_ARDUINO;
    const char *scheme = web ? "http://" : device->kind == ESPOTA_KIND_ESPHOME ? "esphome://" : "";
    bool six = strchr(host, ':') != NULL && (port != 0 || scheme[0] != '\0');
    char number[16] = "";

    if (port != 0)
        (void)snprintf(number, sizeof(number), ":%u", port);
    (void)snprintf(out, room, "%s%s%s%s%s%s", scheme, six ? "[" : "", host, six ? "]" : "", number,
                   web ? path : "");
}

void device_list_sort(struct device_list *list)
{
    if (list->count > 1)
        qsort(list->devices, list->count, sizeof(*list->devices), by_name);
}

static void stop(void *context)
{
    espota_discover_stop(context);
}

enum espota_status discover_devices(struct espota_discover_options *options,
                                    struct espota_error *err)
{
    struct espota_discover *discover;
    enum espota_status status;

    options->log = out_log();
    status = espota_discover_create(options, &discover, err);
    if (status != ESPOTA_OK)
        return status;
    espota_program_on_stop(stop, discover);
    status = espota_discover_run(discover, err);
    espota_program_on_stop(NULL, NULL);
    espota_discover_destroy(discover);
    return status;
}

/* A name without * and ? can be one device's only, unless its kind does not probe for names. */
static bool is_certain(const struct device_list *list, const char *name)
{
    if (strpbrk(name, "*?") != NULL)
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (espota_name_matches(name, list->devices[i].name) &&
            list->devices[i].kind != ESPOTA_KIND_ARDUINO)
            return true;
    return false;
}

static bool told(void *context, enum espota_device_event event, const struct espota_device *device)
{
    struct find_devices *find = context;
    bool certain = !find->all;

    device_list_note(&find->found, event, device);
    for (size_t i = 0; i < find->name_count && certain; i++)
        certain = is_certain(&find->found, find->names[i]);
    return !certain && !find->found.no_memory;
}

/* Lists everybody. */
static enum espota_status look(struct find_devices *find, struct espota_error *err)
{
    struct espota_discover_options options = ESPOTA_DISCOVER_OPTIONS_INIT;
    enum espota_status status;

    options.timeout_ms = 5000; /* it ends by itself once nothing new comes */
    options.any = true;
    options.context = find;
    options.event = told;
    status = discover_devices(&options, err);
    if (status == ESPOTA_OK && espota_program_stop_signal() != 0)
        status = espota_error_set(err, ESPOTA_E_INTERRUPTED, "interrupted");
    if (status == ESPOTA_OK && find->found.no_memory)
        status = espota_error_set(err, ESPOTA_E_MEMORY, "no memory to list the devices");
    return status;
}

static void show(const struct espota_device *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char target[TARGET_TEXT];

        device_target(&list[i], list[i].address, list[i].port, "", target, sizeof(target));
        out_hint("  %-24s %s  %s", list[i].name, target,
                 list[i].board[0] != '\0' ? list[i].board : espota_device_kind_word(list[i].kind));
    }
}

/* Those that match move to the front of what is not taken yet; how many. */
static size_t take_matches(struct device_list *list, size_t taken, const char *name)
{
    size_t end = taken;

    for (size_t i = taken; i < list->count; i++) {
        struct espota_device match = list->devices[i];

        if (!espota_name_matches(name, match.name))
            continue;
        memmove(&list->devices[end + 1], &list->devices[end],
                (i - end) * sizeof(match)); /* i >= end */
        list->devices[end++] = match;
    }
    return end - taken;
}

static enum espota_status choose(struct find_devices *find, struct espota_error *err)
{
    struct device_list *list = &find->found;
    size_t taken = find->name_count == 0 ? list->count : 0;

    device_list_sort(list);
    for (size_t i = 0; i < find->name_count; i++) {
        const char *name = find->names[i];
        size_t matches = take_matches(list, taken, name);

        if (matches == 0 && !find->all) {
            show(list->devices, list->count);
            return espota_error_set(err, ESPOTA_E_NO_ANSWER, "no device answers to the name '%s'%s",
                                    name,
                                    list->count > 0 ? "; those above announce themselves" : "");
        }
        if (matches > 1 && !find->all) {
            show(list->devices + taken, matches);
            return espota_error_set(err, ESPOTA_E_USAGE,
                                    "'%s' is the name of %zu devices; be more exact, or add --all",
                                    name, matches);
        }
        taken += matches;
    }
    list->count = taken;
    if (taken == 0)
        return espota_error_set(err, ESPOTA_E_NO_ANSWER, "no device announces itself");
    return ESPOTA_OK;
}

bool asked_yes(const char *question, bool *asked)
{
    char answer[16];

    *asked = espota_program_ask(question, false, answer, sizeof(answer), NULL) == ESPOTA_OK;
    return *asked && (answer[0] == 'y' || answer[0] == 'Y');
}

static enum espota_status confirm_all(size_t count, bool *trusted, struct espota_error *err)
{
    char question[64];
    bool asked;

    (void)snprintf(question, sizeof(question), "Upload to %s%zu device%s? [y/N] ",
                   count == 1 ? "this " : "these ", count, count == 1 ? "" : "s");
    *trusted = asked_yes(question, &asked);
    if (!asked)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "--all asks on a terminal, and there is none; add --yes");
    if (!*trusted)
        return espota_error_set(err, ESPOTA_E_FAILED, "nothing was sent");
    return ESPOTA_OK;
}

/* A name can be claimed by anyone, to hear an answer to a challenge. */
static bool offer_password(const struct device_list *found)
{
    bool asked, wanted = false;

    for (size_t i = 0; i < found->count; i++)
        wanted |= found->devices[i].auth != ESPOTA_DEVICE_AUTH_NO;
    if (!wanted || !espota_program_is_terminal(ESPOTA_PROGRAM_STDERR))
        return false;
    show(found->devices, found->count);
    return asked_yes("Anyone on this network could announce that. Give it the password? [y/N] ",
                     &asked);
}

enum espota_status find_devices(struct find_devices *find, struct espota_error *err)
{
    enum espota_status status = look(find, err);

    if (status == ESPOTA_OK)
        status = choose(find, err);
    find->trusted = find->yes;
    if (status != ESPOTA_OK || find->yes)
        return status;
    if (find->all) {
        show(find->found.devices, find->found.count);
        return confirm_all(find->found.count, &find->trusted, err);
    }
    find->trusted = offer_password(&find->found);
    return ESPOTA_OK;
}
