/* SPDX-License-Identifier: MIT */
/* A virtio network card behind the old registers: two queues, no offloads. */
#include <string.h>

#include "board.h"
#include "start.h"

enum {
    QUEUE = 16,
    HEAD = 10, /* before each frame */
    PAGE = 4096,
    FIRST_CARD = 0x10001000,
    LAST_CARD = 0x10008000,
    CARD_STEP = 0x1000,
    MAGIC = 0x74726976,
    NETWORK = 1,
    DEVICE_WRITES = 2,
};

struct descriptor {
    uint32_t address;
    uint32_t address_high;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct queue {
    struct descriptor descriptors[QUEUE];
    struct {
        uint16_t flags;
        uint16_t index;
        uint16_t ring[QUEUE];
        uint16_t event;
    } available;
    uint8_t pad[PAGE - QUEUE * 16 - 6 - 2 * QUEUE];
    struct {
        volatile uint16_t flags;
        volatile uint16_t index;
        struct {
            volatile uint32_t id;
            volatile uint32_t length;
        } ring[QUEUE];
    } used;
} __attribute__((aligned(4096)));

static struct queue rx;
static struct queue tx;
static uint8_t buffers[QUEUE][BOARD_FRAME_MAX] __attribute__((aligned(4)));
static uint8_t out[BOARD_FRAME_MAX + HEAD];
static uint16_t rx_seen;
static uint16_t tx_seen;
static uint32_t base;

#define CARD(offset) BOARD_REGISTER(base + (offset))
#define PLIC_ENABLE BOARD_REGISTER(0x0c002000)
#define PLIC_CLAIM BOARD_REGISTER(0x0c200004)

static bool queue_up(uint32_t which, struct queue *queue)
{
    CARD(0x30) = which;
    if (CARD(0x34) < QUEUE)
        return false;
    CARD(0x38) = QUEUE;
    CARD(0x3c) = PAGE;
    CARD(0x40) = (uint32_t)(uintptr_t)queue / PAGE;
    return true;
}

static bool find(void)
{
    for (base = FIRST_CARD; base <= LAST_CARD; base += CARD_STEP)
        if (CARD(0) == MAGIC && CARD(8) == NETWORK)
            return CARD(4) == 1; /* the old registers */
    return false;
}

bool card_start(const uint8_t mac[6])
{
    uint32_t interrupt;

    (void)mac; /* it has the same from the emulator */
    if (!find())
        return false;
    CARD(0x70) = 0;
    CARD(0x70) = 1 | 2;
    CARD(0x24) = 0;
    CARD(0x20) = 0; /* no features */
    CARD(0x28) = PAGE;
    if (!queue_up(0, &rx) || !queue_up(1, &tx))
        return false;
    for (uint16_t i = 0; i < QUEUE; i++) {
        rx.descriptors[i] = (struct descriptor){(uint32_t)(uintptr_t)buffers[i], 0,
                                                sizeof(buffers[i]), DEVICE_WRITES, 0};
        rx.available.ring[i] = i;
    }
    __sync_synchronize();
    rx.available.index = QUEUE;
    CARD(0x70) = 1 | 2 | 4;
    CARD(0x50) = 0;
    interrupt = (base - 0x10000000) / CARD_STEP; /* base >= FIRST_CARD */
    BOARD_REGISTER(0x0c000000 + 4 * interrupt) = 1;
    PLIC_ENABLE = 1u << interrupt;
    return true;
}

static void acknowledge(void)
{
    uint32_t interrupt = PLIC_CLAIM;

    if (interrupt != 0)
        PLIC_CLAIM = interrupt;
}

size_t card_receive(uint8_t *frame, size_t room)
{
    uint32_t id;
    size_t length;

    CARD(0x64) = CARD(0x60);
    if (rx.used.index == rx_seen) {
        acknowledge();
        return 0;
    }
    __sync_synchronize();
    id = rx.used.ring[rx_seen % QUEUE].id;
    length = rx.used.ring[rx_seen % QUEUE].length - HEAD; /* each has one */
    rx_seen++;
    if (length > room)
        length = 0;
    memcpy(frame, buffers[id] + HEAD, length);
    rx.available.ring[rx.available.index % QUEUE] = (uint16_t)id;
    __sync_synchronize();
    rx.available.index++;
    CARD(0x50) = 0;
    return length;
}

void card_send(const uint8_t *frame, size_t length)
{
    memcpy(out + HEAD, frame, length); /* the head stays 0 */
    tx.descriptors[0] =
        (struct descriptor){(uint32_t)(uintptr_t)out, 0, (uint32_t)length + HEAD, 0, 0};
    tx.available.ring[tx.available.index % QUEUE] = 0;
    __sync_synchronize();
    tx.available.index++;
    CARD(0x50) = 1;
    while (tx.used.index == tx_seen)
        __sync_synchronize();
    tx_seen = tx.used.index;
}
