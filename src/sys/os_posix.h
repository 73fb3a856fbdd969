/* SPDX-License-Identifier: MIT */
/* "sys/os.h" where the system is POSIX: its headers of sockets and threads, and what the two
 * systems call differently. CMake picks the file. */
#ifndef ESPOTA_SYS_OS_H
#define ESPOTA_SYS_OS_H

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

typedef int espota_os_fd; /* a socket in struct pollfd */
typedef pthread_mutex_t espota_os_lock;

#endif
