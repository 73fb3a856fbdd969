/* SPDX-License-Identifier: MIT */
/*
 * Avahi's client library, loaded when it is first needed: with all that hangs on it, it takes
 * longer to start than most commands to run. Include this in place of its own headers, and call
 * espota_lazy_avahi before anything of it.
 */
#ifndef ESPOTA_MDNS_LAZY_AVAHI_H
#define ESPOTA_MDNS_LAZY_AVAHI_H

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <avahi-common/strlst.h>
#include <avahi-common/timeval.h>
#include <avahi-common/watch.h>

#include "espota/error.h"

/* Every function that is used here. */
#define ESPOTA_LAZY_AVAHI(EACH)                                                                    \
    EACH(avahi_age)                                                                                \
    EACH(avahi_alternative_service_name)                                                           \
    EACH(avahi_client_errno)                                                                       \
    EACH(avahi_client_free)                                                                        \
    EACH(avahi_client_new)                                                                         \
    EACH(avahi_entry_group_add_address)                                                            \
    EACH(avahi_entry_group_add_service_strlst)                                                     \
    EACH(avahi_entry_group_commit)                                                                 \
    EACH(avahi_entry_group_new)                                                                    \
    EACH(avahi_entry_group_reset)                                                                  \
    EACH(avahi_free)                                                                               \
    EACH(avahi_service_browser_new)                                                                \
    EACH(avahi_service_resolver_free)                                                              \
    EACH(avahi_service_resolver_new)                                                               \
    EACH(avahi_strerror)                                                                           \
    EACH(avahi_string_list_add_arbitrary)                                                          \
    EACH(avahi_string_list_free)                                                                   \
    EACH(avahi_string_list_get_next)                                                               \
    EACH(avahi_string_list_get_size)                                                               \
    EACH(avahi_string_list_get_text)

#define ESPOTA_LAZY_POINTER(name) __typeof__(&(name)) name;
struct espota_lazy_avahi {
    ESPOTA_LAZY_AVAHI(ESPOTA_LAZY_POINTER)
};
#undef ESPOTA_LAZY_POINTER

extern struct espota_lazy_avahi espota_lazy_avahi_table;

enum espota_status espota_lazy_avahi(struct espota_error *err) ESPOTA_MUST_CHECK;

#ifndef ESPOTA_LAZY_AVAHI_TABLE /* where the table itself is made the names are the library's */
#define avahi_age espota_lazy_avahi_table.avahi_age
#define avahi_alternative_service_name espota_lazy_avahi_table.avahi_alternative_service_name
#define avahi_client_errno espota_lazy_avahi_table.avahi_client_errno
#define avahi_client_free espota_lazy_avahi_table.avahi_client_free
#define avahi_client_new espota_lazy_avahi_table.avahi_client_new
#define avahi_entry_group_add_address espota_lazy_avahi_table.avahi_entry_group_add_address
#define avahi_entry_group_add_service_strlst                                                       \
    espota_lazy_avahi_table.avahi_entry_group_add_service_strlst
#define avahi_entry_group_commit espota_lazy_avahi_table.avahi_entry_group_commit
#define avahi_entry_group_new espota_lazy_avahi_table.avahi_entry_group_new
#define avahi_entry_group_reset espota_lazy_avahi_table.avahi_entry_group_reset
#define avahi_free espota_lazy_avahi_table.avahi_free
#define avahi_service_browser_new espota_lazy_avahi_table.avahi_service_browser_new
#define avahi_service_resolver_free espota_lazy_avahi_table.avahi_service_resolver_free
#define avahi_service_resolver_new espota_lazy_avahi_table.avahi_service_resolver_new
#define avahi_strerror espota_lazy_avahi_table.avahi_strerror
#define avahi_string_list_add_arbitrary espota_lazy_avahi_table.avahi_string_list_add_arbitrary
#define avahi_string_list_free espota_lazy_avahi_table.avahi_string_list_free
#define avahi_string_list_get_next espota_lazy_avahi_table.avahi_string_list_get_next
#define avahi_string_list_get_size espota_lazy_avahi_table.avahi_string_list_get_size
#define avahi_string_list_get_text espota_lazy_avahi_table.avahi_string_list_get_text
#endif

#endif
