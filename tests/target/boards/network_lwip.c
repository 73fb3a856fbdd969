/* SPDX-License-Identifier: MIT */
/* The card as lwIP sees it: frames in, frames out, one address of each kind. */
#include <lwip/apps/mdns.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h> /* its version */
#include <lwip/netif.h>
#include <string.h>

#include "board.h"
#include "network.h"

enum { SHORTEST = 60 };

static struct netif card;

static err_t frame_out(struct netif *netif, struct pbuf *p)
{
    static uint8_t frame[BOARD_FRAME_MAX] __attribute__((aligned(4)));
    u16_t length = pbuf_copy_partial(p, frame, sizeof(frame), 0);

    (void)netif;
    if (length < SHORTEST) {
        memset(frame + length, 0, (size_t)(SHORTEST - length)); /* length < SHORTEST */
        length = SHORTEST;
    }
    card_send(frame, length);
    return ERR_OK;
}

/* All groups pass the card's filter, where it has one. */
static err_t card_init(struct netif *netif)
{
    static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->output = etharp_output;
#if LWIP_IPV6
    netif->output_ip6 = ethip6_output;
#endif
    netif->linkoutput = frame_out;
    netif->mtu = 1500;
    netif->hwaddr_len = sizeof(mac);
    memcpy(netif->hwaddr, mac, sizeof(mac));
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                   NETIF_FLAG_LINK_UP | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    return card_start(mac) ? ERR_OK : ERR_IF;
}

static void txt(struct mdns_service *service, void *context)
{
    static const char *const records[] = {"tcp_check=no", "ssh_upload=no", "board=emulated",
                                          "auth_upload=no"};

    (void)context;
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
        (void)mdns_resp_add_service_txtitem(service, records[i], (u8_t)strlen(records[i]));
}

static void announce(uint16_t port)
{
    mdns_resp_init();
#if LWIP_VERSION_MAJOR == 2 && LWIP_VERSION_MINOR < 2
    (void)mdns_resp_add_netif(&card, "emulated", 60);
    (void)mdns_resp_add_service(&card, "emulated", "_arduino", DNSSD_PROTO_TCP, port, 60, txt,
                                NULL);
#else
    (void)mdns_resp_add_netif(&card, "emulated");
    (void)mdns_resp_add_service(&card, "emulated", "_arduino", DNSSD_PROTO_TCP, port, txt, NULL);
#endif
}

void network_up(bool mdns, uint16_t port)
{
    ip4_addr_t address;
    ip4_addr_t mask;
    ip4_addr_t gateway;

    IP4_ADDR(&address, 10, 78, 0, BOARD_ADDRESS);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 78, 0, 1);
    if (netif_add(&card, &address, &mask, &gateway, NULL, card_init, network_input) == NULL)
        board_die("no network card");
    netif_set_default(&card);
#if LWIP_IPV6
    netif_create_ip6_linklocal_address(&card, 1);
#endif
    netif_set_up(&card);
    if (mdns)
        announce(port);
}

bool network_frame(void)
{
    static uint8_t frame[BOARD_FRAME_MAX] __attribute__((aligned(4)));
    size_t length = card_receive(frame, sizeof(frame));
    struct pbuf *p;

    if (length == 0)
        return false;
    p = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_POOL);
    if (p == NULL)
        return true; /* no room: lost, as on the air */
    (void)pbuf_take(p, frame, (u16_t)length);
    if (card.input(p, &card) != ERR_OK)
        pbuf_free(p);
    return true;
}

void network_forget(void)
{
    etharp_cleanup_netif(&card);
}
