/* SPDX-License-Identifier: MIT */
/*
 * The device on lwIP 2's raw API, IPv4 and IPv6, with or without an operating system. Everything
 * here is called where lwIP's own functions may be called: in the one loop there is (NO_SYS), in
 * the tcpip thread, or with its core locked. README.md tells how it begins on an ESP8266, a Pico
 * and an STM32; lwipopts_espota.h which options it wants and why.
 */
#ifndef ESPOTA_PORT_LWIP_H
#define ESPOTA_PORT_LWIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device.h"

struct pbuf;
struct tcp_pcb;
struct udp_pcb;

enum espota_lwip_state {
    ESPOTA_LWIP_CLOSED,
    ESPOTA_LWIP_OPENING,
    ESPOTA_LWIP_OPEN,
    ESPOTA_LWIP_ENDED, /* the other side has sent all that it will */
    ESPOTA_LWIP_LOST,
};

/* --- address_lwip.c: addresses as lwIP has them and as the core hands them back --- */

/* `address` and `from` are an ip_addr_t, which is another type with each of lwIP's options. */
void espota_lwip_address(const struct espota_peer *peer, void *address);
void espota_lwip_peer(const void *from, uint16_t port, struct espota_peer *out);

/* --- stream_lwip.c: one TCP connection that is asked, where lwIP calls --- */

/* Zeros are one that is closed; `ready` and `context` are the owner's. */
struct espota_lwip_stream {
    void (*ready)(void *context); /* something can be done now; NULL: you look often enough */
    void *context;

    enum espota_lwip_state state;
    struct tcp_pcb *pcb;     /* NULL: none, or lwIP has taken it back */
    struct tcp_pcb *leaving; /* closed, but not all of what it said has arrived */
    struct pbuf *received;   /* a chain */
    uint16_t taken;          /* out of it, while the window is not open again for them */
};

/* As struct espota_pump_ops has them, for an owner of a stream. */
enum espota_status espota_lwip_stream_connect(struct espota_lwip_stream *stream,
                                              const struct espota_peer *to) ESPOTA_MUST_CHECK;
enum espota_status espota_lwip_stream_receive(struct espota_lwip_stream *stream, void *data,
                                              size_t room, size_t *length) ESPOTA_MUST_CHECK;
enum espota_status espota_lwip_stream_send(struct espota_lwip_stream *stream, const void *data,
                                           size_t length, size_t *sent) ESPOTA_MUST_CHECK;
void espota_lwip_stream_close(struct espota_lwip_stream *stream);
/* Closes, and does not look after what still leaves. */
void espota_lwip_stream_deinit(struct espota_lwip_stream *stream);
/* Takes a connection that a listener was given. */
void espota_lwip_stream_adopt(struct espota_lwip_stream *stream, struct tcp_pcb *pcb);

/* --- timer_lwip.c: what makes an engine run --- */

/* Zeros are one that stands still; then only the clock is of use. */
struct espota_lwip_timer {
    int32_t (*run)(void *context); /* does what can be done now; the next time as espota_lwip_run */
    void *context;
    uint32_t clock_low; /* of sys_now, to make 64 bits of it */
    uint32_t clock_high;
    bool woken;
};

uint64_t espota_lwip_now(struct espota_lwip_timer *timer);
void espota_lwip_timer_start(struct espota_lwip_timer *timer, int32_t (*run)(void *context),
                             void *context);
void espota_lwip_timer_stop(struct espota_lwip_timer *timer);
/* `timer` is one: something has come. */
void espota_lwip_wake(void *timer);

/* --- pump_lwip.c: the device --- */

/* What lwIP does not have. Borrowed. */
struct espota_lwip_board {
    void *context;                                /* handed to both */
    void (*reboot)(void *context);                /* NULL: the device goes on. May return */
    void (*log)(void *context, const char *line); /* NULL: silent */
};

/* The caller's memory; its content is this module's, and `pump` may be read. */
struct espota_lwip {
    struct espota_pump pump;

    const struct espota_lwip_board *board;
    struct espota_pump_ops ops;
    struct espota_lwip_stream stream;
    struct udp_pcb *udp;
    struct pbuf *datagram; /* one is enough: a host waits for its answer */
    struct espota_peer from;
    struct espota_lwip_timer timer;
    uint64_t restart_at; /* at the latest; 0: no restart is due */
};

/*
 * Opens the UDP port (8266, or what you announce). E_MEMORY or E_LOCAL: lwIP has no pcb left, or
 * the port is taken; nothing is to be undone. The configuration is borrowed.
 */
enum espota_status espota_lwip_init(struct espota_lwip *port, const struct espota_lwip_board *board,
                                    const struct espota_receiver_config *config,
                                    uint16_t udp_port) ESPOTA_MUST_CHECK;

/*
 * One of the two makes it run. `start`: lwIP's timers do, from now on; there is nothing more to
 * call. `run`: you do, from your loop, after each packet and no later than the milliseconds that
 * it returns (0: at once, ESPOTA_PUMP_FOREVER: only a packet matters).
 */
void espota_lwip_start(struct espota_lwip *port);
int32_t espota_lwip_run(struct espota_lwip *port);

/* Gives up what runs, closes and wipes. */
void espota_lwip_deinit(struct espota_lwip *port);

/* --- web_lwip.c and pull_lwip.c: the other two roads, each on its own and run by lwIP's timers ---
 */

/* The caller's memory; its content is the module's. One update at a time: see the `event` hooks. */
struct espota_lwip_web {
    struct espota_web_updater engine;
    const struct espota_lwip_board *board;
    struct espota_lwip_stream stream;
    struct espota_lwip_timer timer;
    struct tcp_pcb *listener;
    uint64_t restart_at;
};

/* E_MEMORY or E_LOCAL as above. Everything is borrowed. */
enum espota_status espota_lwip_web_start(struct espota_lwip_web *web,
                                         const struct espota_lwip_board *board,
                                         const struct espota_web_config *config,
                                         uint16_t tcp_port) ESPOTA_MUST_CHECK;
void espota_lwip_web_stop(struct espota_lwip_web *web);

/* The same. After `done` nothing runs any more and it may be used again. */
struct espota_lwip_pull {
    struct espota_pull_client client;
    struct espota_peer server;
    struct espota_lwip_stream stream;
    struct espota_lwip_timer timer;
    void (*done)(void *context, const struct espota_pull_client *client);
    void *context;
};

/* E_USAGE as espota_pull_client_init. `server` is where config->host is, with its port. */
enum espota_status
espota_lwip_pull_start(struct espota_lwip_pull *pull, const struct espota_peer *server,
                       const struct espota_pull_client_config *config,
                       void (*done)(void *context, const struct espota_pull_client *client),
                       void *context) ESPOTA_MUST_CHECK;

#endif
