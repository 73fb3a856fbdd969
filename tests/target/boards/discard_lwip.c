/* SPDX-License-Identifier: MIT */
/* What TCP can do on this device and this air: a listener on port 9 that throws all away. */
#include <lwip/pbuf.h>
#include <lwip/tcp.h>

#include "network.h"

static err_t came(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    if (p == NULL)
        return tcp_close(pcb);
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    if (err == ERR_OK)
        tcp_recv(pcb, came);
    return ERR_OK;
}

void network_discard(void)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);

    if (pcb == NULL || tcp_bind(pcb, IP_ANY_TYPE, 9) != ERR_OK || (pcb = tcp_listen(pcb)) == NULL)
        return;
    tcp_accept(pcb, accepted);
}
