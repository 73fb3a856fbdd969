/* SPDX-License-Identifier: MIT */
/*
 * A board that is a Linux process: its card a pair of datagram sockets, as qemu's -netdev dgram is,
 * its chip a file. For what is about TCP and not about a processor; and FLASH_ERASE_US,
 * FLASH_PAGE_US give it a slow chip.
 *
 *   program CHIP SOCKET PEER
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "flash.h"
#include "hand_over.h"

enum { IDLE_MS = 2, PAGE = 256, SECTOR = 4096 };

static char **arguments;
static int card = -1;
static int chip = -1;
static uint64_t began_us;

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint32_t number(const char *name)
{
    const char *value = getenv(name);

    return value != NULL ? (uint32_t)strtoul(value, NULL, 10) : 0;
}

void board_clock_start(void)
{
    began_us = now_us();
}

uint32_t board_ms(void)
{
    return (uint32_t)((now_us() - began_us) / 1000);
}

void board_print(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}

uint32_t board_random(void)
{
    uint32_t word;

    if (getrandom(&word, sizeof(word), 0) != sizeof(word))
        board_die("no random bytes");
    return word;
}

void board_reset(void)
{
    execv("/proc/self/exe", arguments); /* which closes card and chip */
    board_die("no restart");
}

void board_off(void)
{
    _exit(0);
}

void board_die(const char *why)
{
    printf("died: %s\n", why);
    exit(1);
}

uint32_t board_stack_used(void)
{
    return 0;
}

uint32_t board_cut(enum board_cut which)
{
    static const char *const names[] = {"CUT_PROGRAM", "CUT_LOADER", "CUT_TEAR"};

    return number(names[which]);
}

void board_idle(void)
{
    struct pollfd fd = {card, POLLIN, 0};

    (void)poll(&fd, 1, IDLE_MS);
}

/* --- the card --- */

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        board_die("the socket's path is too long");
    strcpy(address.sun_path, path);
    return address;
}

bool card_start(const uint8_t mac[6])
{
    struct sockaddr_un address = address_of(arguments[2]);

    (void)mac;
    (void)unlink(arguments[2]);
    card = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return card >= 0 && bind(card, (struct sockaddr *)&address, sizeof(address)) == 0;
}

size_t card_receive(uint8_t *frame, size_t room)
{
    ssize_t length = recv(card, frame, room, MSG_DONTWAIT);

    return length > 0 ? (size_t)length : 0;
}

/* What nobody takes is lost, as on a real wire. */
void card_send(const uint8_t *frame, size_t length)
{
    struct sockaddr_un to = address_of(arguments[3]);

    (void)sendto(card, frame, length, 0, (struct sockaddr *)&to, sizeof(to));
}

/* --- the chip --- */

static void takes(const char *name)
{
    uint32_t us = number(name);
    struct timespec time = {us / 1000000, (long)(us % 1000000) * 1000};

    if (us > 0)
        (void)nanosleep(&time, NULL);
}

bool chip_read(uint32_t address, void *data, size_t length)
{
    return pread(chip, data, length, address) == (ssize_t)length;
}

bool chip_erase(uint32_t address)
{
    uint8_t blank[SECTOR];

    memset(blank, 0xff, sizeof(blank));
    takes("FLASH_ERASE_US");
    return pwrite(chip, blank, sizeof(blank), address) == sizeof(blank);
}

bool chip_write(uint32_t address, const void *page)
{
    uint8_t there[PAGE];

    if (!chip_read(address, there, sizeof(there)))
        return false;
    for (size_t i = 0; i < sizeof(there); i++)
        there[i] &= ((const uint8_t *)page)[i];
    takes("FLASH_PAGE_US");
    return pwrite(chip, there, sizeof(there), address) == sizeof(there);
}

/* --- the loader, which is part of this program: what it copies is not what runs --- */

static void say(void *context, const char *line)
{
    (void)context;
    printf("loader: %s\n", line);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const struct espota_boot_ops ops = {.flash = &board_flash, .log = say};
    static uint8_t sector[ESPOTA_SECTOR_SIZE];
    struct espota_boot_report report;

    if (argc != 4)
        return 2;
    arguments = argv;
    chip = open(argv[1], O_RDWR | O_CLOEXEC);
    if (chip < 0)
        board_die(strerror(errno));
    if (!hand_over_take(&ops, sector, &report))
        board_die("nothing to start");
    board_main();
    return 0;
}
