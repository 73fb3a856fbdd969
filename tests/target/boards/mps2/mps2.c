/* SPDX-License-Identifier: MIT */
/* mps2-an385: a CMSDK UART, a LAN9118, and memory as the flash chip. */
#include <string.h>

#include "board.h"
#include "start.h"

#define UART(offset) BOARD_REGISTER(0x40004000u + (offset))

void board_print(const char *text)
{
    UART(0x10) = 16; /* the divider, and sending is on */
    UART(8) = 1;
    while (*text != '\0')
        UART(0) = (uint8_t)*text++;
}

/* --- the chip --- */

enum { SECTOR = 4096, PAGE = 256 };

#define CHIP ((volatile uint8_t *)0x21000000)

bool chip_read(uint32_t address, void *data, size_t length)
{
    memcpy(data, (const void *)(CHIP + address), length);
    return true;
}

bool chip_erase(uint32_t address)
{
    for (uint32_t i = 0; i < SECTOR; i++)
        CHIP[address + i] = 0xff;
    return true;
}

bool chip_write(uint32_t address, const void *page)
{
    for (size_t i = 0; i < PAGE; i++)
        CHIP[address + i] &= ((const uint8_t *)page)[i];
    return true;
}

/* --- the card --- */

enum {
    RX_DATA = 0,
    TX_DATA = 0x20,
    RX_STATUS = 0x40,
    TX_STATUS = 0x48,
    IRQ_CONFIG = 0x54,
    INTERRUPTS = 0x58,
    INTERRUPT_ENABLE = 0x5c,
    BYTE_TEST = 0x64,
    FIFO_LEVELS = 0x68,
    TX_CONFIG = 0x70,
    HW_CONFIG = 0x74,
    RX_FIFO = 0x7c,
    MAC_COMMAND = 0xa4,
    MAC_DATA = 0xa8,
    RX_INTERRUPT = 8,
    FIRST_AND_LAST = 0x3000,
    MAC_ON = 0x100000 | 1 << 19 | 8 | 4, /* full duplex, all groups, both ways */
};

#define CARD(offset) BOARD_REGISTER(0x40200000u + (offset))

static void mac_write(uint32_t which, uint32_t value)
{
    CARD(MAC_DATA) = value;
    CARD(MAC_COMMAND) = 0x80000000u | which;
}

bool card_start(const uint8_t mac[6])
{
    if (CARD(BYTE_TEST) != 0x87654321)
        return false;
    CARD(HW_CONFIG) = 1; /* reset */
    while ((CARD(HW_CONFIG) & 1) != 0) {
    }
    mac_write(3, (uint32_t)mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 |
                     (uint32_t)mac[3] << 24);
    mac_write(2, (uint32_t)mac[4] | (uint32_t)mac[5] << 8);
    CARD(TX_CONFIG) = 2;
    mac_write(1, MAC_ON);
    CARD(FIFO_LEVELS) = 0;
    CARD(INTERRUPT_ENABLE) = RX_INTERRUPT;
    CARD(IRQ_CONFIG) = 0x111;
    return true;
}

size_t card_receive(uint8_t *frame, size_t room)
{
    size_t length;

    CARD(INTERRUPTS) = RX_INTERRUPT;
    if ((CARD(RX_FIFO) >> 16 & 0xff) == 0)
        return 0;
    length = CARD(RX_STATUS) >> 16 & 0x3fff; /* with its CRC */
    for (size_t i = 0; i < length; i += 4) {
        uint32_t word = CARD(RX_DATA);

        if (i + 4 <= room)
            memcpy(frame + i, &word, 4);
    }
    return length - 4 <= room ? length - 4 : 0;
}

void card_send(const uint8_t *frame, size_t length)
{
    CARD(TX_DATA) = FIRST_AND_LAST | (uint32_t)length;
    CARD(TX_DATA) = (uint32_t)length;
    for (size_t i = 0; i < length; i += 4) {
        uint32_t word;

        memcpy(&word, frame + i, 4);
        CARD(TX_DATA) = word;
    }
    (void)CARD(TX_STATUS);
}
