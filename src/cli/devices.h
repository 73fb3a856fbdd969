/* SPDX-License-Identifier: MIT */
/* The devices that announce themselves: what discover lists and upload --name chooses from. */
#ifndef ESPOTA_CLI_DEVICES_H
#define ESPOTA_CLI_DEVICES_H

#include <stdbool.h>
#include <stddef.h>

#include "espota/discover.h"

/* Those that are there; free `devices`. */
struct device_list {
    struct espota_device *devices;
    size_t count, room;
    bool no_memory; /* it is not whole */
};

void device_list_note(struct device_list *list, enum espota_device_event event,
                      const struct espota_device *device);
/* By name, then address. */
void device_list_sort(struct device_list *list);

/* Asks the network until it is over or a signal comes, for which see espota_program_stop_signal. */
enum espota_status discover_devices(struct espota_discover_options *options,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

struct find_devices {
    const char *const *names; /* --name; each means one device, with `all` every one that matches */
    size_t name_count;
    bool all;
    bool yes; /* no question: it was answered on the command line */
    bool may_offer_password;
    enum espota_via via;
};

struct found_devices {
    struct espota_device *list;
    size_t count;
    bool trusted; /* somebody vouches for them: they may be given a password */
};

/*
 * E_NO_ANSWER where a name matches nobody, E_USAGE where it matches several, or where a question
 * must be answered and there is no terminal; what was found is listed then. Free the list in any
 * case.
 */
enum espota_status find_devices(const struct find_devices *wish, struct found_devices *found,
                                struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
