/* SPDX-License-Identifier: MIT */
/*
 * What TCP can do on this device and this air: a listener on port 9 that throws all away, and one
 * on port 10 that puts it into flash as an update is, with its digest, and then gives it up.
 */
#include <lwip/pbuf.h>
#include <lwip/tcp.h>

#include "core/core.h"
#include "network.h"

static struct espota_updater updater;

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

/* The window opens first, so that the next bytes come while these are written. */
static err_t came_for_flash(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    enum espota_status status = ESPOTA_OK;

    if (p == NULL) {
        espota_updater_abort(&updater);
        return came(arg, pcb, p, err);
    }
    tcp_recved(pcb, p->tot_len);
    for (const struct pbuf *part = p; part != NULL && status == ESPOTA_OK; part = part->next)
        status = espota_updater_write(&updater, part->payload, part->len);
    pbuf_free(p);
    if (status == ESPOTA_OK)
        return ERR_OK;
    tcp_abort(pcb);
    return ERR_ABRT;
}

static err_t accepted_for_flash(void *arg, struct tcp_pcb *pcb, err_t err)
{
    const struct espota_updater_config *update = arg;
    uint32_t room = espota_updater_space(update, ESPOTA_COMMAND_FLASH);

    if (err != ERR_OK)
        return ERR_OK;
    espota_updater_init(&updater, update);
    if (espota_updater_begin(&updater, room, ESPOTA_COMMAND_FLASH, NULL) != ESPOTA_OK) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    tcp_recv(pcb, came_for_flash);
    return ERR_OK;
}

static void listen_on(uint16_t port, tcp_accept_fn accept,
                      const struct espota_updater_config *update)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);

    if (pcb == NULL || tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK ||
        (pcb = tcp_listen(pcb)) == NULL)
        return;
    tcp_arg(pcb, (void *)(uintptr_t)update); /* which is not changed */
    tcp_accept(pcb, accept);
}

void network_discard(const struct espota_updater_config *update)
{
    listen_on(9, accepted, NULL);
    listen_on(10, accepted_for_flash, update);
}
