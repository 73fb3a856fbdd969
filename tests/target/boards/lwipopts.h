/* SPDX-License-Identifier: MIT */
/* What an ESP8266 has: the raw API, one thread, a window of four segments; and IPv6 and mDNS. Or,
 * with NO_SYS 0, lwIP in a thread of its own. */
#ifndef ESPOTA_BOARD_LWIPOPTS_H
#define ESPOTA_BOARD_LWIPOPTS_H

#ifndef NO_SYS
#define NO_SYS 1
#endif
#define SYS_LIGHTWEIGHT_PROT !NO_SYS
#if !NO_SYS
#define TCPIP_MBOX_SIZE 32
#define LWIP_ASSERT_CORE_LOCKED() sys_check_core_locking()
void sys_check_core_locking(void);
#endif
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_IPV4 1
#ifndef LWIP_IPV6
#define LWIP_IPV6 1
#endif
#define LWIP_RAW 0
#define LWIP_DHCP 0
#define LWIP_DNS 0
#define LWIP_STATS 0
#define LWIP_IGMP 1
#define LWIP_IPV6_MLD LWIP_IPV6
#define LWIP_MDNS_RESPONDER 1
#define LWIP_NUM_NETIF_CLIENT_DATA 1
#define LWIP_NETIF_TX_SINGLE_PBUF 1
#define LWIP_SINGLE_NETIF 1
#define MEM_ALIGNMENT 8
#define MEM_SIZE 8192
#ifndef TCP_MSS
#define TCP_MSS 1460 /* ESP8266: 536, or 1460 with "higher bandwidth" */
#endif
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_OVERSIZE TCP_MSS
#define MEMP_NUM_UDP_PCB 3
#define MEMP_NUM_TCP_SEG 16
#define MEMP_NUM_SYS_TIMEOUT 16
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define LWIP_IPV6_REASS 0
#define LWIP_IPV6_FRAG 0
#define LWIP_CHKSUM_ALGORITHM 3

#include "port/lwip/lwipopts_espota.h"

#endif
