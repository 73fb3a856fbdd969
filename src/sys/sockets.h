/* SPDX-License-Identifier: MIT */
/*
 * The system's calls for sockets and threads, alike everywhere: a failed one leaves POSIX's errno,
 * none is interrupted by a signal, and every new socket is non-blocking, not inherited by other
 * programs, and cannot raise SIGPIPE. Only the files of src/sys that do sockets include it.
 */
#ifndef ESPOTA_SYS_SOCKETS_H
#define ESPOTA_SYS_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/net.h"
#include "sys/os.h"

/* Returns the length that the system calls want; 0 for an address of family 0. */
socklen_t espota_net_to_sockaddr(const struct espota_address *address,
                                 struct sockaddr_storage *out);

int espota_os_socket(int family, int type); /* -1 with errno */
/* Before bind: the port is this program's alone, and not refused because of what lingers from its
 * last run. */
bool espota_os_own_port(int fd, int type);
bool espota_os_bind(int fd, const struct espota_address *local);
bool espota_os_listen(int fd, int backlog);
bool espota_os_connect(int fd, const struct espota_address *peer); /* true: done, or under way */
int espota_os_accept(int listener, struct espota_address *peer);   /* -1 with errno */
bool espota_os_set(int fd, int level, int option, const void *value, size_t length);
bool espota_os_get(int fd, int level, int option, int *value);
bool espota_os_local(int fd, struct espota_address *out);
void espota_os_shutdown(int fd);

/* Bytes, or -1 with errno. A datagram beyond `room` is cut. */
long espota_os_send(int fd, const void *data, size_t length);
long espota_os_receive(int fd, void *data, size_t room);
long espota_os_send_to(int fd, const void *data, size_t length, const struct espota_address *to);
long espota_os_receive_from(int fd, void *data, size_t room, struct espota_address *from);

/*
 * What such a call came to: OK with *done, MORE if it would block, E_BROKEN; *os_error is errno,
 * or 0.
 */
enum espota_status espota_os_outcome(long result, size_t *done, int *os_error);

/* Windows: -1, with errno for what the last call of Winsock failed with. */
long espota_os_failed(void);

/* How many of them have something to report; -1 with errno. */
int espota_os_poll(struct pollfd *items, size_t count, int timeout_ms);

/* 0: *list is to be freed. EAGAIN: no name server answered; ENOENT: there is no such; an errno. */
int espota_os_look_up(const char *host, const struct addrinfo *hints, struct addrinfo **list);
/* What stands behind "%" for an interface, and back (0: there is none of that name). */
void espota_os_scope_name(uint32_t index, char *out, size_t room);
uint32_t espota_os_scope_index(const char *name);

/* What comes in says on which interface; false with errno. */
bool espota_multicast_tell(int fd, uint8_t family);
/* Becomes a member on one interface; false with errno. */
bool espota_multicast_enter(int fd, const struct espota_address *group, uint32_t interface);

/* A bell between threads: *heard is readable once *rung was rung. False with errno. */
bool espota_wake_open(int *heard, int *rung);
void espota_wake_ring(int rung); /* from any thread or signal handler; keeps errno */
void espota_wake_clear(int heard);
void espota_wake_close(int *end); /* either; -1 is fine; sets -1 */

/* Runs beside the others, without signals, and nobody waits for its end. */
bool espota_os_thread(void (*work)(void *context), void *context);
bool espota_os_lock_init(espota_os_lock *lock);
void espota_os_lock_deinit(espota_os_lock *lock);
void espota_os_lock_take(espota_os_lock *lock);
void espota_os_lock_give(espota_os_lock *lock);

#endif
