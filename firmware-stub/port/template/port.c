/* SPDX-License-Identifier: MIT */
/*
 * A port to copy. It compiles as it stands and describes a board with no
 * network, no flash and no clock: each function says so in the way that the
 * core understands, and each comment says what belongs there. Fill them in
 * from the top; README.md tells how to try each step, and for which systems
 * somebody has done it.
 */
#include "port.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "device.h"

/* Parameters that nothing uses yet are what is left to do. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
/* NOLINTBEGIN(misc-unused-parameters) */

/* Everything that the functions below share. One board needs one. */
struct port {
    struct espota_pump device;
    /* lwIP: struct udp_pcb *udp; struct tcp_pcb *tcp; and two pbuf chains.
     * Zephyr: int udp; int tcp; two non-blocking sockets. */
};

static struct port port;

/* --- network --- */

/*
 * The next datagram on UDP port 8266 (or what you announce). Fill `from`
 * whole: bytes of the address that you do not use are 0, or two datagrams of
 * one host look like two hosts.
 */
static enum espota_status udp_receive(void *context, void *data, size_t room, size_t *length,
                                      struct espota_peer *from)
{
    *length = 0;
    memset(from, 0, sizeof(*from));
    return ESPOTA_MORE;
}

/* From the same UDP port; a host listens to nothing else. */
static enum espota_status udp_send(void *context, const void *data, size_t length,
                                   const struct espota_peer *to)
{
    return ESPOTA_E_FAILED;
}

/* Called again until it does not return MORE; the first call starts. */
static enum espota_status tcp_connect(void *context, const struct espota_peer *to)
{
    return ESPOTA_E_FAILED;
}

/* Bytes of the connection; OK with 0 bytes is the host's end, E_BROKEN a reset. Only what is taken
 * here opens the window again: so a slow flash slows the host down instead of losing bytes. */
static enum espota_status tcp_receive(void *context, void *data, size_t room, size_t *length)
{
    *length = 0;
    return ESPOTA_E_BROKEN;
}

/* As much as there is room for, from here on yours; MORE without any. */
static enum espota_status tcp_send(void *context, const void *data, size_t length, size_t *sent)
{
    *sent = 0;
    return ESPOTA_E_BROKEN;
}

/* What was received is of no use any more; what was sent must still arrive. */
static void tcp_close(void *context)
{
}

/* --- the board --- */

/* lwIP: sys_now, extended to 64 bits if the board runs longer than 49 days. Zephyr:
 * k_uptime_get. */
static uint64_t now(void *context)
{
    return 0;
}

/* ESP8266: system_restart. Cortex-M: NVIC_SystemReset. Zephyr: sys_reboot. */
static void reboot(void *context)
{
}

static const struct espota_pump_ops ops = {
    .context = &port,
    .udp_receive = udp_receive,
    .udp_send = udp_send,
    .tcp_connect = tcp_connect,
    .tcp_receive = tcp_receive,
    .tcp_send = tcp_send,
    .tcp_close = tcp_close,
    .now = now,
    .reboot = reboot,
    .log = NULL, /* one line for your serial console, if you have one */
};

/* --- flash --- */

/* ESP8266: spi_flash_read wants aligned words. Zephyr: flash_read. */
static enum espota_status flash_read(void *context, uint32_t address, void *data, size_t length)
{
    return ESPOTA_E_FAILED;
}

/*
 * 4096 bytes. A flash that erases only larger blocks is for two slots (slot_start, MCUboot) or for
 * the loader that survives (boot/safe.h, `block`): a block is erased when its first sector is asked
 * for, since addresses only grow within an update. eboot's copy leaves sector 0 alone if it would
 * not change, and block 0 would never be erased.
 */
static enum espota_status flash_erase(void *context, uint32_t address)
{
    return ESPOTA_E_FAILED;
}

/* Whole pages of 256 bytes, already filled up with FF. Code that runs from this flash stands
 * still meanwhile: keep the watchdog fed. */
static enum espota_status flash_write(void *context, uint32_t address, const void *data,
                                      size_t length)
{
    return ESPOTA_E_FAILED;
}

static const struct espota_flash flash = {
    .context = &port,
    .read = flash_read,
    .erase = flash_erase,
    .write = flash_write,
};

/*
 * The command for the loader. ESP8266: 32 words at 0x60001200, copied as they
 * are. Elsewhere: parse the record with espota_eboot_parse and tell your own
 * loader (MCUboot: boot_request_upgrade once the image lies in slot 1).
 */
static enum espota_status boot_store(void *context, const uint8_t record[ESPOTA_EBOOT_SIZE])
{
    return ESPOTA_E_FAILED;
}

static const struct espota_boot_memory boot_memory = {
    .context = &port,
    .store = boot_store,
    .load = NULL, /* only a loader needs it: see firmware-stub/boot */
};

/* --- digests and random bytes --- */

/*
 * BearSSL's br_md5_context and br_sha256_context fit into digest->state.words;
 * mbedTLS has contexts of its own, which go behind digest->state.pointer.
 */
static enum espota_status digest_start(void *context, enum espota_digest_kind kind,
                                       struct espota_digest *digest)
{
    digest->kind = kind;
    return ESPOTA_E_FAILED;
}

static void digest_add(void *context, struct espota_digest *digest, const void *data, size_t length)
{
}

static enum espota_status digest_finish(void *context, struct espota_digest *digest, uint8_t *out)
{
    return ESPOTA_E_FAILED;
}

static void digest_drop(void *context, struct espota_digest *digest)
{
}

/* The hardware's generator, after the radio is on where it feeds on that. A counter or the time
 * will not do: whoever can guess the nonce can prepare the answer. */
static enum espota_status random_bytes(void *context, void *out, size_t length)
{
    return ESPOTA_E_FAILED;
}

static const struct espota_crypto crypto = {
    .context = &port,
    .digest_start = digest_start,
    .digest_add = digest_add,
    .digest_finish = digest_finish,
    .digest_drop = digest_drop,
    .pbkdf2_sha256 = NULL, /* without it the device can ask the MD5 challenge only */
    .random = random_bytes,
};

/* --- what the board is --- */

static const struct espota_updater_config update = {
    .flash = &flash,
    .crypto = &crypto,
    .verify = NULL, /* your public key: see README.md */
    .boot = &boot_memory,
    .sketch_size = 512 * 1024,    /* of the running program, from your linker script */
    .fs_start = 0x200000,         /* where the file system begins */
    .fs_end = 0x3fa000,           /* where it ends */
    .chip_size = 4 * 1024 * 1024, /* what the flash chip says of itself */
    .configured_size = 4 * 1024 * 1024,
    .flash_mode = ESPOTA_FLASH_MODE_KEEP, /* ESP8266: byte 2 of flash */
};

/*
 * What the application hears. Put the pump or the door into a safe state on
 * START, or return words why not now; they are shown to who uploads.
 */
static const char *event(void *context, const struct espota_receiver_event *what)
{
    if (what->kind == ESPOTA_RECEIVER_START)
        return "this port is a template";
    return NULL;
}

static const struct espota_receiver_config receiver = {
    .update = &update,
    /* what `printf %s 'your password' | md5sum` prints; NULL lets everyone in */
    .password_hash = NULL,
    .nonce_digits = ESPOTA_NONCE_MD5,
    .context = &port,
    .event = event,
};

void port_init(void)
{
    espota_pump_init(&port.device, &ops, &receiver);
}

int32_t port_poll(void)
{
    return espota_pump_run(&port.device);
}

/* NOLINTEND(misc-unused-parameters) */
