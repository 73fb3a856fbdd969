/* SPDX-License-Identifier: MIT */
/*
 * What the device wants of lwIP's options, and why. Include it at the end of your lwipopts.h: it
 * sets what that leaves open, and reads as a list to compare with where the options are given (the
 * ESP8266 core's and the Pico SDK's are good as they are, but for what says so).
 */
#ifndef ESPOTA_LWIPOPTS_H
#define ESPOTA_LWIPOPTS_H

/*
 * The device is asked after a restart, answers OK, and connects 0.1 s later. If the host's hardware
 * address is not known yet, lwIP keeps one packet while it asks for it, and the connection's first
 * packet then takes the place of the OK: the host never hears it and tries again. lwIP's default is
 * 0; the ESP8266 core has 1, the Pico SDK leaves the default. IPv6's queue is on by default.
 */
#ifndef ARP_QUEUEING
#define ARP_QUEUEING 1
#endif
#ifndef ARP_QUEUE_LEN
#define ARP_QUEUE_LEN 3
#endif

/* One timer beside lwIP's own, for espota_lwip_start. */
#ifndef MEMP_NUM_SYS_TIMEOUT
#define MEMP_NUM_SYS_TIMEOUT (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 1)
#endif

/* One connection, and one that still leaves; add a listener and one connection for the web page. */
#ifndef MEMP_NUM_TCP_PCB
#define MEMP_NUM_TCP_PCB 4
#endif
#ifndef MEMP_NUM_UDP_PCB
#define MEMP_NUM_UDP_PCB 2
#endif

/*
 * The window is what a stream may have under way while flash is erased: four segments are enough to
 * be as fast as the flash. Packets behind a lost one are kept, or each loss costs the whole window.
 */
#ifndef TCP_WND
#define TCP_WND (4 * TCP_MSS)
#endif
#ifndef TCP_QUEUE_OOSEQ
#define TCP_QUEUE_OOSEQ 1
#endif

/*
 * A count that is lost on its way to the host holds up the verdict behind it. lwIP does not learn
 * of it from duplicate acknowledgements, for the host's next bytes come between them; it sends
 * again after six times this, at the earliest. With lwIP's 250 (the ESP8266 core, the Pico SDK)
 * that are 1.5 s.
 */
#ifndef TCP_TMR_INTERVAL
#define TCP_TMR_INTERVAL 20
#endif

/* Room for a whole window that waits to be written, and for what comes beside it. */
#ifndef PBUF_POOL_SIZE
#define PBUF_POOL_SIZE 10
#endif

#endif
