/* SPDX-License-Identifier: MIT */
#include "sys/refused_windows.h"

#include "sys/sockets.h"

enum { SOCKETS = 8 }; /* one for IPv4 and one for IPv6, of a few runs side by side */

static struct entry {
    int fd; /* 0: free, which is no socket's */
    struct espota_address only;
    bool many, heard;
} entries[SOCKETS];

static espota_os_lock lock = SRWLOCK_INIT;

/* Under the lock; fd 0 finds a free one. */
static struct entry *find(int fd)
{
    for (size_t i = 0; i < SOCKETS; i++)
        if (entries[i].fd == fd)
            return &entries[i];
    return NULL;
}

void espota_refused_watch(int fd)
{
    struct entry *entry;

    espota_os_lock_take(&lock);
    entry = find(0);
    if (entry != NULL)
        *entry = (struct entry){.fd = fd};
    espota_os_lock_give(&lock);
}

void espota_refused_sent(int fd, const struct espota_address *to)
{
    struct entry *entry;

    espota_os_lock_take(&lock);
    entry = find(fd);
    if (entry != NULL && entry->only.family == 0)
        entry->only = *to;
    else if (entry != NULL &&
             (!espota_address_equal(&entry->only, to) || entry->only.port != to->port))
        entry->many = true;
    espota_os_lock_give(&lock);
}

void espota_refused_heard(int fd)
{
    struct entry *entry;

    espota_os_lock_take(&lock);
    entry = find(fd);
    if (entry != NULL)
        entry->heard = true;
    espota_os_lock_give(&lock);
}

void espota_refused_forget(int fd)
{
    struct entry *entry;

    espota_os_lock_take(&lock);
    entry = find(fd);
    if (entry != NULL)
        *entry = (struct entry){0};
    espota_os_lock_give(&lock);
}

bool espota_udp_unreachable(int fd, struct espota_address *target, struct espota_address *reporter,
                            enum espota_unreachable *why)
{
    struct entry *entry;
    bool told;

    espota_os_lock_take(&lock);
    entry = find(fd);
    told = entry != NULL && entry->heard && !entry->many && entry->only.family != 0;
    if (told) {
        *target = *reporter = entry->only;
        reporter->port = 0; /* the host itself says that of its ports */
        *why = ESPOTA_UNREACHABLE_PORT;
    }
    if (entry != NULL)
        entry->heard = false;
    espota_os_lock_give(&lock);
    return told;
}
