/* SPDX-License-Identifier: MIT */
/*
 * What each system does its own way: platform_linux.c, platform_other.c (POSIX and no more).
 * Another system is another such file. Beside it what the files of sockets share.
 */
#ifndef ESPOTA_SYS_PLATFORM_H
#define ESPOTA_SYS_PLATFORM_H

#include <spawn.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "sys/file.h"
#include "sys/net.h"

/* Returns the length that the system calls want; 0 for an address of family 0. */
socklen_t espota_net_to_sockaddr(const struct espota_address *address,
                                 struct sockaddr_storage *out);

/* The folder that `path` is in, with its final slash; NULL without memory. */
char *espota_file_folder(const char *path);

/* The key in what stat() said. */
void espota_file_key_from(const struct stat *facts, struct espota_file_key *key);

/* Flags for every send: a dead peer must not kill the program by SIGPIPE. */
extern const int espota_net_send_flags;
/* For every new socket, to the same end where the flags cannot. */
void espota_net_prepare(int fd);

/* Before bind: others that do the same may have the port, too; false with errno. */
bool espota_multicast_share(int fd);
/* More than the system lets everybody have, where we may. */
void espota_multicast_force_room(int fd, int bytes);

/* A file in `folder` that has no name and goes away with its descriptor; -1 with errno. */
int espota_output_nameless(const char *folder);
/* Gives it one; -1 with errno, EEXIST if something has that name. */
int espota_output_name(int fd, const char *name);

/* open() below a folder; EXDEV or ELOOP for what leads out of it, ENOSYS if it cannot. -1 with
 * errno. */
int espota_open_beneath(int folder, const char *name, int flags);

/* Of the program to start, every descriptor from `first` on is closed; false with errno. */
bool espota_process_close_from(posix_spawn_file_actions_t *actions, int first);

#endif
