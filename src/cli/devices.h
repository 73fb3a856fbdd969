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
/* What a person types for it: "door.local:8267", "http://[fe80::1%eth0]:65280/sketch". */
void device_target(const struct espota_device *device, const char *host, unsigned port,
                   const char *path, char *out, size_t room);
/* By name, then address. */
void device_list_sort(struct device_list *list);

/* Asks the network until it is over or a signal comes, for which see espota_program_stop_signal. */
enum espota_status discover_devices(struct espota_discover_options *options,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

/* Whom upload's --name and --all mean, and who that is. */
struct find_devices {
    const char **names; /* each means one device, with `all` every one that matches */
    size_t name_count;
    bool all;
    bool yes; /* no question: it was answered on the command line */

    struct device_list found; /* free its devices in any case */
    bool trusted;             /* somebody vouches for them: they may be given a password */
};

/*
 * E_NO_ANSWER where a name matches nobody, E_USAGE where it matches several, or where a question
 * must be answered and there is no terminal; what was found is listed then.
 */
enum espota_status find_devices(struct find_devices *find,
                                struct espota_error *err) ESPOTA_MUST_CHECK;

/* Asks the person on the terminal; `asked`: there was one. */
bool asked_yes(const char *question, bool *asked);

/*
 * Writes $XDG_CACHE_HOME/espota-c/devices (else ~/.cache), from which shells complete names: for
 * each host name and each address what a person types for it, a tab, and the device's name. What
 * a shell would have to quote is left out. OK also where there is no home to write it to.
 */
enum espota_status completion_cache_write(const struct device_list *list,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
