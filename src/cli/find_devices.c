/* SPDX-License-Identifier: MIT */
#include "cli/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "sys/sys.h"

struct search {
    const struct find_devices *wish;
    struct device_list all; /* everybody, ESPHome's left out */
};

/* A name without * and ? can be one device's only, unless its kind does not probe for names. */
static bool is_certain(const struct search *search, const char *name)
{
    if (strpbrk(name, "*?") != NULL)
        return false;
    for (size_t i = 0; i < search->all.count; i++)
        if (espota_name_matches(name, search->all.devices[i].name) &&
            search->all.devices[i].kind != ESPOTA_KIND_ARDUINO)
            return true;
    return false;
}

static bool told(void *context, enum espota_device_event event, const struct espota_device *device)
{
    struct search *search = context;
    bool certain = !search->wish->all;

    device_list_note(&search->all, event, device);
    for (size_t i = 0; i < search->wish->name_count && certain; i++)
        certain = is_certain(search, search->wish->names[i]);
    return !certain && !search->all.no_memory;
}

static enum espota_status look(struct search *search, struct espota_error *err)
{
    struct espota_discover_options options = ESPOTA_DISCOVER_OPTIONS_INIT;
    enum espota_status status;

    options.via = search->wish->via;
    options.timeout_ms = 5000; /* it ends by itself once nothing new comes */
    options.context = search;
    options.event = told;
    status = discover_devices(&options, err);
    if (status == ESPOTA_OK && espota_program_stop_signal() != 0)
        status = espota_error_set(err, ESPOTA_E_INTERRUPTED, "interrupted");
    if (status == ESPOTA_OK && search->all.no_memory)
        status = espota_error_set(err, ESPOTA_E_MEMORY, "no memory to list the devices");
    return status;
}

static void show(const struct espota_device *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out_hint("  %-24s %s:%u  %s", list[i].name, list[i].address, (unsigned)list[i].port,
                 list[i].board[0] != '\0' ? list[i].board : espota_device_kind_word(list[i].kind));
}

/* Those that match move to the front of what is not taken yet; how many. */
static size_t take_matches(struct search *search, size_t taken, const char *name)
{
    size_t count = 0;

    for (size_t i = taken; i < search->all.count; i++) {
        struct espota_device match = search->all.devices[i];

        if (!espota_name_matches(name, match.name))
            continue;
        memmove(&search->all.devices[taken + count + 1], &search->all.devices[taken + count],
                (i - taken - count) * sizeof(match)); /* i >= taken + count */
        search->all.devices[taken + count] = match;
        count++;
    }
    return count;
}

static enum espota_status choose(struct search *search, size_t *taken, struct espota_error *err)
{
    const struct find_devices *wish = search->wish;

    *taken = wish->name_count == 0 ? search->all.count : 0;
    for (size_t i = 0; i < wish->name_count; i++) {
        const char *name = wish->names[i];
        size_t matches = take_matches(search, *taken, name);

        if (matches == 0 && !wish->all) {
            show(search->all.devices, search->all.count);
            return espota_error_set(
                err, ESPOTA_E_NO_ANSWER, "no device answers to the name '%s'%s", name,
                search->all.count > 0 ? "; those above announce themselves" : "");
        }
        if (matches > 1 && !wish->all) {
            show(search->all.devices + *taken, matches);
            return espota_error_set(err, ESPOTA_E_USAGE,
                                    "'%s' is the name of %zu devices; be more exact, or add --all",
                                    name, matches);
        }
        *taken += matches;
    }
    if (*taken == 0)
        return espota_error_set(err, ESPOTA_E_NO_ANSWER, "no device announces itself");
    return ESPOTA_OK;
}

static bool asked_yes(const char *question, bool *asked)
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
static bool offer_password(const struct found_devices *found)
{
    bool asked, wanted = false;

    for (size_t i = 0; i < found->count; i++)
        wanted |= found->list[i].auth != ESPOTA_DEVICE_AUTH_NO;
    if (!wanted)
        return false;
    if (!espota_program_is_terminal(ESPOTA_PROGRAM_STDERR))
        return false;
    show(found->list, found->count);
    return asked_yes("Anyone on this network could announce that. Give it the password? [y/N] ",
                     &asked);
}

enum espota_status find_devices(const struct find_devices *wish, struct found_devices *found,
                                struct espota_error *err)
{
    struct search search = {.wish = wish};
    enum espota_status status = look(&search, err);

    *found = (struct found_devices){.trusted = wish->yes};
    if (status == ESPOTA_OK) {
        device_list_sort(&search.all);
        status = choose(&search, &found->count, err);
    }
    found->list = search.all.devices;
    if (status != ESPOTA_OK)
        return status;
    if (wish->all && !wish->yes) {
        show(found->list, found->count);
        return confirm_all(found->count, &found->trusted, err);
    }
    if (!wish->yes && wish->may_offer_password)
        found->trusted = offer_password(found);
    return ESPOTA_OK;
}
