/* SPDX-License-Identifier: MIT */
/* What a device knows of itself and a test decides: a sector of its chip. boards.py writes it. */
#ifndef ESPOTA_BOARD_SETTINGS_H
#define ESPOTA_BOARD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SETTINGS_FAST = 1 << 0, /* without the waits that real devices make */
    SETTINGS_MDNS = 1 << 1,
    SETTINGS_PAGE = 1 << 2, /* a web page for updates on port 80 */
    SETTINGS_PULL = 1 << 3, /* asks a server, once */
    SETTINGS_ATOMIC_FS = 1 << 4,
    SETTINGS_FORGETS = 1 << 5, /* the host's hardware address, just before it answers */
    SETTINGS_DISCARD = 1 << 6, /* two listeners, to compare with */
    SETTINGS_UNSURE = 1 << 7,  /* never confirms a program */
};

struct settings {
    uint32_t flags;
    uint8_t nonce_digits;
    char password_hash[65]; /* "": none */
    char pull_host[32];
    uint16_t pull_port;
    uint16_t modulus_size; /* 0: images need no signature */
    uint8_t modulus[256];
    uint8_t exponent[3];
};

bool settings_load(struct settings *settings);

#endif
