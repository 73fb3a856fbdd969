/* SPDX-License-Identifier: MIT */
/*
 * The device as an application sees it, the same with ESP-IDF, Zephyr and the Pico SDK: start it
 * once, and it is updated by ArduinoOTA's protocol from then on. The program confirms itself when
 * it has seen that it works; one that does not is replaced by the one before.
 */
#ifndef ESPOTA_DEVICE_H
#define ESPOTA_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum espota_device_news_kind {
    ESPOTA_DEVICE_START,    /* may refuse */
    ESPOTA_DEVICE_PROGRESS, /* `done` of `size` bytes have come; 0 first */
    ESPOTA_DEVICE_END,      /* installed; a restart follows */
    ESPOTA_DEVICE_ERROR,    /* it is over, nothing is installed */
};

struct espota_device_news {
    enum espota_device_news_kind event;
    bool files; /* a file system and not a program */
    uint32_t size;
    uint32_t done;
    /* What the host is told of an error, terminated, or NULL. May hold bytes that the host chose:
     * escape them before you show them. */
    const char *text;
};

struct espota_device_options {
    const char *password; /* NULL or empty: everyone may update. Not needed afterwards */
    /* Asks the PBKDF2 challenge, which keeps a guesser busy, in place of the MD5 one. It takes
     * this processor 20,000 blocks of SHA-256 each time. */
    bool pbkdf2;
    uint16_t port; /* UDP; 0: 8266 */
    void *context; /* handed to event */
    /*
     * NULL: the application need not know. On START put the pump or the door into a safe state, or
     * return words why not now: they are shown to who uploads. NULL lets it begin; for other
     * events the result is ignored. Called where the device runs.
     */
    const char *(*event)(void *context, const struct espota_device_news *news);
};

/* Once, when the network is up. False: no memory or no port left; nothing is to be undone. */
bool espota_device_start(const struct espota_device_options *options);

/* This program works: it stays. Without a trial nothing happens. False: it could not be recorded.
 */
bool espota_device_confirm(void);

#ifdef __cplusplus
}
#endif

#endif
