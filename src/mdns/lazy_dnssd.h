/* SPDX-License-Identifier: MIT */
/*
 * dns_sd (Bonjour; on Linux Avahi's imitation of it), loaded when it is first needed: with all
 * that hangs on it, it takes longer to start than most commands to run. Include this in place of
 * its own header, and call espota_lazy_dnssd before anything of it.
 */
#ifndef ESPOTA_MDNS_LAZY_DNSSD_H
#define ESPOTA_MDNS_LAZY_DNSSD_H

#include <dns_sd.h>

#include "espota/error.h"

/* Every function that is used here. */
#define ESPOTA_LAZY_DNSSD(EACH)                                                                    \
    EACH(DNSServiceBrowse)                                                                         \
    EACH(DNSServiceProcessResult)                                                                  \
    EACH(DNSServiceQueryRecord)                                                                    \
    EACH(DNSServiceRefDeallocate)                                                                  \
    EACH(DNSServiceRefSockFD)                                                                      \
    EACH(DNSServiceResolve)

#define ESPOTA_LAZY_POINTER(name) __typeof__(&(name)) name;
struct espota_lazy_dnssd {
    ESPOTA_LAZY_DNSSD(ESPOTA_LAZY_POINTER)
};
#undef ESPOTA_LAZY_POINTER

extern struct espota_lazy_dnssd espota_lazy_dnssd_table;

enum espota_status espota_lazy_dnssd(struct espota_error *err) ESPOTA_MUST_CHECK;

#ifndef ESPOTA_LAZY_DNSSD_TABLE /* where the table itself is made the names are the library's */
#define DNSServiceBrowse espota_lazy_dnssd_table.DNSServiceBrowse
#define DNSServiceProcessResult espota_lazy_dnssd_table.DNSServiceProcessResult
#define DNSServiceQueryRecord espota_lazy_dnssd_table.DNSServiceQueryRecord
#define DNSServiceRefDeallocate espota_lazy_dnssd_table.DNSServiceRefDeallocate
#define DNSServiceRefSockFD espota_lazy_dnssd_table.DNSServiceRefSockFD
#define DNSServiceResolve espota_lazy_dnssd_table.DNSServiceResolve
#endif

#endif
