/* SPDX-License-Identifier: MIT */
/* The program that is updated and updates itself: the device on lwIP, as a firmware has it. */
#include <string.h>

#include "board.h"
#include "flash.h"
#include "hand_over.h"
#include "network.h"
#include "port/bearssl/bearssl.h"
#include "port/lwip/lwip.h"
#include "roads.h"
#include "settings.h"

enum { UDP_PORT = 8266 };

/* Programs differ in it alone. */
extern const char program_version[];

const enum board_cut flash_cut_word = BOARD_CUT_PROGRAM;

static struct settings settings;
static struct espota_crypto_bearssl crypto;
static struct espota_verifier_bearssl verifier;
static struct espota_updater_config update;
static struct espota_receiver_config receiver;
static struct espota_lwip port;
static uint32_t began_ms;
static uint32_t began_changes;

static void print_end(void)
{
    board_print_number("program: end, ms ", board_ms() - began_ms);
    board_print_number(", changes ", flash_changes() - began_changes);
    board_print_number(", stack ", board_stack_used());
    board_print("\n");
}

static const char *event(void *context, const struct espota_receiver_event *what)
{
    (void)context;
    switch (what->kind) {
    case ESPOTA_RECEIVER_INVITED:
        if ((settings.flags & SETTINGS_FORGETS) != 0)
            network_forget();
        break;
    case ESPOTA_RECEIVER_START:
        began_ms = board_ms();
        began_changes = flash_changes();
        board_print("program: update\n");
        break;
    case ESPOTA_RECEIVER_END:
        print_end();
        break;
    case ESPOTA_RECEIVER_ERROR:
        board_print("program: error: ");
        board_print(what->text != NULL ? what->text : "-\n");
        break;
    default:
        break;
    }
    return NULL;
}

static void reboot(void *context)
{
    (void)context;
    board_print("program: restart\n");
    board_reset();
}

static void log_line(void *context, const char *line)
{
    (void)context;
    board_print("program: ");
    board_print(line);
    board_print("\n");
}

static void configure(void)
{
    update = (struct espota_updater_config){
        .flash = &board_flash,
        .crypto = &crypto.table,
        .sketch_size = PROGRAM_MAX,
        .fs_start = FS_START,
        .fs_end = FS_END,
        .chip_size = CHIP_SIZE,
        .configured_size = CHIP_SIZE,
        .flash_mode = ESPOTA_FLASH_MODE_KEEP,
        .atomic_fs = (settings.flags & SETTINGS_ATOMIC_FS) != 0,
    };
    hand_over_configure(&update);
    if (settings.modulus_size > 0 &&
        espota_verifier_bearssl_init(&verifier, settings.modulus, settings.modulus_size,
                                     settings.exponent, sizeof(settings.exponent)))
        update.verify = &verifier.table;
    receiver = (struct espota_receiver_config){
        .update = &update,
        .password_hash = settings.password_hash[0] != '\0' ? settings.password_hash : NULL,
        .nonce_digits = settings.nonce_digits,
        .fast = (settings.flags & SETTINGS_FAST) != 0,
        .event = event,
    };
}

static void begin(void *context)
{
    static const struct espota_lwip_board board = {.reboot = reboot, .log = log_line};

    (void)context;
    network_up((settings.flags & SETTINGS_MDNS) != 0, UDP_PORT);
    if ((settings.flags & SETTINGS_DISCARD) != 0)
        network_discard(&update);
    if (espota_lwip_init(&port, &board, &receiver, UDP_PORT) != ESPOTA_OK)
        board_die("no device");
    espota_lwip_start(&port);
    roads_start(&settings, &update, &board, event);
    if ((settings.flags & SETTINGS_UNSURE) == 0)
        hand_over_confirm();
    board_print("program: version ");
    board_print(program_version);
    board_print(" up\n");
}

void board_main(void)
{
    board_clock_start();
    if (!settings_load(&settings))
        board_die("no settings");
    if (espota_crypto_bearssl_init(&crypto) != ESPOTA_OK)
        board_die("no random bytes");
    configure();
    network_run(begin);
}
