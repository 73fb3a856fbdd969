/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sys/file_platform.h"
#include "sys/platform.h"

void espota_file_key_from(const struct stat *facts, struct espota_file_key *key)
{
    key->device = (uint64_t)facts->st_dev;
    key->inode = (uint64_t)facts->st_ino;
    key->size = (uint64_t)facts->st_size;
    key->changed_ns = (int64_t)facts->st_mtim.tv_sec * 1000000000 + facts->st_mtim.tv_nsec;
}

static void facts_from(const struct stat *info, struct espota_file_facts *facts)
{
    mode_t type = info->st_mode;

    facts->kind = S_ISREG(type)   ? ESPOTA_FILE_REGULAR
                  : S_ISDIR(type) ? ESPOTA_FILE_FOLDER
                  : S_ISCHR(type) ? ESPOTA_FILE_DEVICE
                  : S_ISBLK(type) ? ESPOTA_FILE_DISK
                                  : ESPOTA_FILE_PIPE;
    facts->mode = info->st_mode & 07777;
    espota_file_key_from(info, &facts->key);
}

bool espota_file_facts_at(const char *path, struct espota_file_facts *facts)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return false;
    facts_from(&info, facts);
    return true;
}

bool espota_file_facts_of(int fd, struct espota_file_facts *facts)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return false;
    facts_from(&info, facts);
    return true;
}

int64_t espota_file_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool espota_file_is_shared(int fd)
{
    struct stat facts;

    return fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) &&
           (facts.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

/* A path as a shell takes it: what is more than letters and the like stands between quotes, and a
 * quote in it outside of them. */
const char *espota_file_private_command(const char *path, char *out, size_t room)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.,:@%+=_-";
    const char *quote = path[strspn(path, plain)] == '\0' ? "" : "'";
    size_t used = 0;

    used += (size_t)snprintf(out, room, "chmod 600 %s", quote);
    for (const char *at = path; *at != '\0' && used < room; at++)
        used += (size_t)snprintf(out + used, room - used, *at == '\'' ? "'\\''" : "%c", *at);
    if (used < room)
        (void)snprintf(out + used, room - used, "%s", quote);
    return out;
}

int espota_file_open(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

bool espota_file_unlink(const char *path)
{
    return unlink(path) == 0;
}

bool espota_folder_make(const char *path, unsigned mode)
{
    return mkdir(path, (mode_t)mode) == 0;
}
