/* SPDX-License-Identifier: MIT */
/*
 * A device as the packages make it, on this machine: port/package and port/socket on a chip in
 * memory. Takes a UDP port, "md5" or "pbkdf2", a password and a file; says "ready", what it hears,
 * and writes to the file what was installed. Ends where a device would restart.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "port/package/package.h"
#include "port/socket/socket.h"

enum { CHIP = 1 << 20 };

static uint8_t chip[CHIP];
static const char *path;

static enum espota_status chip_read(void *context, uint32_t address, void *data, size_t length)
{
    (void)context;
    memcpy(data, chip + address, length);
    return ESPOTA_OK;
}

static enum espota_status chip_erase(void *context, uint32_t address)
{
    (void)context;
    memset(chip + address, 0xff, ESPOTA_SECTOR_SIZE);
    return ESPOTA_OK;
}

static enum espota_status chip_write(void *context, uint32_t address, const void *data,
                                     size_t length)
{
    (void)context;
    memcpy(chip + address, data, length);
    return ESPOTA_OK;
}

static const struct espota_flash flash = {
    .read = chip_read, .erase = chip_erase, .write = chip_write};

static uint32_t space(void *context, uint32_t command)
{
    (void)context;
    (void)command;
    return CHIP;
}

static enum espota_update_error begin(void *context, uint32_t command, uint32_t size,
                                      uint32_t *start)
{
    *start = 0;
    return size <= space(context, command) ? ESPOTA_UPDATE_OK : ESPOTA_UPDATE_SPACE;
}

static enum espota_update_error install(void *context, const struct espota_staged *image)
{
    FILE *file = fopen(path, "wb");
    bool written = file != NULL && fwrite(chip, 1, image->size, file) == image->size;

    (void)context;
    return file != NULL && fclose(file) == 0 && written ? ESPOTA_UPDATE_OK : ESPOTA_UPDATE_WRITE;
}

static const struct espota_installer installer = {
    .looks_itself = true, .space = space, .begin = begin, .install = install};

static enum espota_status random_bytes(void *context, void *out, size_t length)
{
    (void)context;
    return getentropy(out, length) == 0 ? ESPOTA_OK : ESPOTA_E_FAILED;
}

static void failed(void)
{
    puts("given up");
}

static const struct espota_package_board parts = {
    .flash = &flash, .installer = &installer, .random = random_bytes, .failed = failed};

static const char *told(void *context, const struct espota_device_news *news)
{
    (void)context;
    if (news->event == ESPOTA_DEVICE_START)
        printf("start %u%s\n", (unsigned)news->size, news->files ? " files" : "");
    if (news->event == ESPOTA_DEVICE_START && news->files)
        return "no files here";
    if (news->event == ESPOTA_DEVICE_END)
        puts("end");
    return NULL;
}

static uint64_t now(void *context)
{
    struct timespec time;

    (void)context;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void restart(void *context)
{
    (void)context;
    puts("restart");
    exit(0);
}

static void say(void *context, const char *line)
{
    (void)context;
    puts(line);
}

int main(int argc, char **argv)
{
    static const struct espota_socket_board board = {.now = now, .reboot = restart, .log = say};
    static struct espota_package package;
    static struct espota_socket device;
    struct espota_device_options options = {.event = told};

    if (argc != 5)
        return 2;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    options.port = (uint16_t)strtoul(argv[1], NULL, 10);
    options.pbkdf2 = strcmp(argv[2], "pbkdf2") == 0;
    options.password = argv[3];
    path = argv[4];
    if (espota_package_init(&package, &options, &parts) != ESPOTA_OK ||
        espota_socket_init(&device, &board, &package.receiver, espota_package_port(&package)) !=
            ESPOTA_OK)
        return 3; /* the port may be taken */
    puts("ready");
    for (;;)
        espota_socket_run(&device, ESPOTA_PUMP_FOREVER);
}
