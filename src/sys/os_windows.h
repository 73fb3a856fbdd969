/* SPDX-License-Identifier: MIT */
/*
 * "sys/os.h" on Windows: its headers of sockets and threads, and what the two systems call
 * differently. CMake picks the file. A socket is an int for all of us: Windows says that the values
 * of handles fit into 32 bits, and its small ones index the loop's table as POSIX's do.
 */
#ifndef ESPOTA_SYS_OS_H
#define ESPOTA_SYS_OS_H

/* The first goes before all others of Windows. */
/* clang-format off */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <iphlpapi.h>
#include <mswsock.h>
#include <mstcpip.h>
/* clang-format on */
#undef interface

typedef SOCKET espota_os_fd; /* a socket in struct pollfd */
typedef SRWLOCK espota_os_lock;

#endif
