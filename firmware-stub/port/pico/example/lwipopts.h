/* SPDX-License-Identifier: MIT */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define MEM_LIBC_MALLOC 0
#define MEM_ALIGNMENT 4
#define MEM_SIZE 4000
#define LWIP_DHCP 1
#define TCP_MSS 1460
#define LWIP_NETIF_HOSTNAME 1

#include "port/lwip/lwipopts_espota.h"

#endif
