/* SPDX-License-Identifier: MIT */
/* The SmartFusion2's UART, its Ethernet MAC, and an S25SL12801 on its first SPI. */
#include <string.h>

#include "board.h"
#include "start.h"

#define UART BOARD_REGISTER(0x40000000)

void board_print(const char *text)
{
    while (*text != '\0')
        *(volatile uint8_t *)&UART = (uint8_t)*text++;
}

/* --- the chip --- */

enum {
    SPI_CONTROL = 0,
    SPI_FRAME_SIZE = 4,
    SPI_RX = 0x10,
    SPI_TX = 0x14,
    SPI_ENABLE = 1 | 2 | 1 << 26, /* as the master; the chip is selected for all frames */
    SPI_BIG_FIFO = 1 << 29,
    READ_MAX = 32768, /* frames are counted with 16 bits */
    PAGE = 256,
};

enum {
    CHIP_PROGRAM = 2,
    CHIP_READ = 3,
    CHIP_STATUS = 5,
    CHIP_WRITE_ENABLE = 6,
    CHIP_ERASE_4K = 0x20
};

#define SPI(offset) BOARD_REGISTER(0x40001000u + (offset))

static void spi_begin(uint32_t frames)
{
    SPI(SPI_CONTROL) = 0;
    SPI(SPI_FRAME_SIZE) = 8;
    SPI(SPI_CONTROL) = SPI_ENABLE | SPI_BIG_FIFO | frames << 8;
}

static uint8_t spi(uint8_t out)
{
    SPI(SPI_TX) = out;
    return (uint8_t)SPI(SPI_RX);
}

static void spi_address(uint8_t command, uint32_t address, uint32_t more)
{
    spi_begin(4 + more);
    (void)spi(command);
    (void)spi((uint8_t)(address >> 16));
    (void)spi((uint8_t)(address >> 8));
    (void)spi((uint8_t)address);
}

static void enable_write(void)
{
    spi_begin(1);
    (void)spi(CHIP_WRITE_ENABLE);
}

static void wait_until_done(void)
{
    uint8_t status;

    do {
        spi_begin(2);
        (void)spi(CHIP_STATUS);
        status = spi(0);
    } while ((status & 1) != 0);
}

bool chip_read(uint32_t address, void *data, size_t length)
{
    uint8_t *to = data;

    while (length > 0) {
        size_t part = length < READ_MAX ? length : READ_MAX;

        spi_address(CHIP_READ, address, (uint32_t)part);
        for (size_t i = 0; i < part; i++)
            *to++ = spi(0);
        address += (uint32_t)part;
        length -= part; /* part <= length */
    }
    return true;
}

bool chip_erase(uint32_t address)
{
    enable_write();
    spi_address(CHIP_ERASE_4K, address, 0);
    wait_until_done();
    return true;
}

bool chip_write(uint32_t address, const void *page)
{
    const uint8_t *from = page;

    enable_write();
    spi_address(CHIP_PROGRAM, address, PAGE);
    for (size_t i = 0; i < PAGE; i++)
        (void)spi(from[i]);
    wait_until_done();
    return true;
}

/* --- the card --- */

enum {
    RECEIVERS = 16,
    EMPTY = (int)0x80000000,
    LENGTH = 0x7ff,
    TX_CONTROL = 0x180,
    TX_DESCRIPTOR = 0x184,
    TX_STATUS = 0x188,
    RX_CONTROL = 0x18c,
    RX_DESCRIPTOR = 0x190,
    RX_STATUS = 0x194,
    INTERRUPTS = 0x198,
};

#define CARD(offset) BOARD_REGISTER(0x40041000u + (offset))

struct descriptor {
    volatile uint32_t address;
    volatile uint32_t size;
    volatile uint32_t next;
};

static struct descriptor rx[RECEIVERS];
static struct descriptor tx[2];
static uint8_t buffers[RECEIVERS][BOARD_FRAME_MAX] __attribute__((aligned(4)));
static unsigned at;

bool card_start(const uint8_t mac[6])
{
    CARD(0) = 0; /* out of reset */
    CARD(0x40) = (uint32_t)mac[0] << 24 | (uint32_t)mac[1] << 16 | (uint32_t)mac[2] << 8 | mac[3];
    CARD(0x44) = (uint32_t)mac[4] << 24 | (uint32_t)mac[5] << 16;
    CARD(0x48) = 0x1f00;
    for (unsigned i = 0; i < RECEIVERS; i++) {
        rx[i].address = (uint32_t)buffers[i];
        rx[i].size = (uint32_t)EMPTY;
        rx[i].next = (uint32_t)&rx[(i + 1) % RECEIVERS];
    }
    tx[1].size = (uint32_t)EMPTY;
    tx[1].next = (uint32_t)&tx[0];
    at = 0;
    CARD(0) = 5; /* both ways */
    CARD(RX_DESCRIPTOR) = (uint32_t)&rx[0];
    CARD(INTERRUPTS) = 1 << 4; /* a frame */
    CARD(RX_CONTROL) = 1;
    return true;
}

/* It stops where it finds no empty buffer. */
static void go_on(void)
{
    if ((CARD(RX_CONTROL) & 1) != 0)
        return;
    CARD(RX_STATUS) = 4;
    CARD(RX_DESCRIPTOR) = (uint32_t)&rx[at];
    CARD(RX_CONTROL) = 1;
}

size_t card_receive(uint8_t *frame, size_t room)
{
    size_t length;

    if ((rx[at].size & (uint32_t)EMPTY) != 0) {
        go_on();
        return 0;
    }
    length = rx[at].size & LENGTH;
    if (length > room)
        length = room;
    memcpy(frame, buffers[at], length);
    rx[at].size = (uint32_t)EMPTY;
    at = (at + 1) % RECEIVERS;
    CARD(RX_STATUS) = 1;
    return length;
}

void card_send(const uint8_t *frame, size_t length)
{
    tx[0].address = (uint32_t)frame;
    tx[0].size = (uint32_t)length;
    tx[0].next = (uint32_t)&tx[1];
    CARD(TX_DESCRIPTOR) = (uint32_t)&tx[0];
    CARD(TX_CONTROL) = 1; /* the model sends at once */
    CARD(TX_STATUS) = 1;
    CARD(TX_STATUS) = 2;
}
