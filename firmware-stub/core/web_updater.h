/* SPDX-License-Identifier: MIT */
/*
 * The device's page for updates, as ESP8266HTTPUpdateServer has it (PROTOCOL 5.5): a form for a
 * browser, and the upload of one image by such a form. No I/O, no clock, no allocation: the
 * caller brings connections, bytes and the time, and does what `want` says. One connection at a
 * time; it is open exactly as long as `want` holds STREAM_IN or STREAM_OUT: when neither is left,
 * the caller closes it.
 *
 * Where the original is unsafe this one is safe, unless `quirks` is set:
 *
 *                            safe                       quirks
 *   whether the password     is asked of each request   is kept from the last upload: a POST
 *   was right                                           without a file can restart the device
 *   a form of another site   is refused, by its Origin  is taken
 *   a body that stands       ends the update, error 6   waits for ever
 */
#ifndef ESPOTA_STUB_CORE_WEB_UPDATER_H
#define ESPOTA_STUB_CORE_WEB_UPDATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/multipart.h"
#include "core/receiver.h"
#include "core/updater.h"
#include "espota/status.h"
#include "wire/wire.h"

struct espota_web_config {
    const struct espota_updater_config *update;
    const char *path; /* where it is: "/update" */
    /* As espota_http_basic makes it of user and password, borrowed. NULL: everyone may update. */
    const char *credentials;
    bool fast; /* leaves out the waits that real devices make */
    bool quirks;
    void *context; /* handed to event */
    /*
     * Tells the application, as the receiver's hook does, of AUTH, START, PROGRESS, END and
     * ERROR; START may refuse with words. `peer` is the one that connected was given; `size` is 0
     * until END, since a form does not say how long a file is.
     */
    const char *(*event)(void *context, const struct espota_receiver_event *event);
};

enum espota_web_phase {
    ESPOTA_WEB_IDLE,   /* no connection */
    ESPOTA_WEB_HEAD,   /* of a request */
    ESPOTA_WEB_BODY,   /* of a POST */
    ESPOTA_WEB_ANSWER, /* is going out */
    ESPOTA_WEB_LINGER, /* until the client has it, or closes */
    ESPOTA_WEB_DONE,
};

enum {
    ESPOTA_WEB_HEAD_MS = 5000,   /* how long a request may take until its body */
    ESPOTA_WEB_IDLE_MS = 30000,  /* how long a body or an answer may stand still */
    ESPOTA_WEB_LINGER_MS = 1000, /* how long the client may take to close */
    ESPOTA_WEB_HOST_MAX = 128,
    ESPOTA_WEB_ANSWER_MAX = 320, /* the head of an answer */
    ESPOTA_WEB_WORDS_MAX = ESPOTA_UPDATE_MESSAGE_MAX + 16,
};

/* The caller's memory; its content is the engine's. */
struct espota_web_updater {
    const struct espota_web_config *config;
    struct espota_updater updater; /* while it is `running`, another update must not begin */
    enum espota_web_phase phase;
    uint64_t deadline; /* when the phase ends by itself; UINT64_MAX: never */
    struct espota_peer peer;

    union { /* the head is over where the form begins */
        struct espota_http_reader head;
        struct espota_multipart form;
    } parse;
    unsigned method;
    bool right_path;
    bool may;           /* there is no password, or it was right */
    bool authenticated; /* the same when a file began; with quirks kept between requests */
    bool has_length;    /* Content-Length came */
    bool broken_head;   /* to be answered with 400 */
    bool has_form;      /* `boundary` came */
    bool form_broken;
    bool took_file; /* a file has begun */
    bool taking;    /* bytes of the file are the image's */
    bool installed;
    bool ended; /* the client has sent all that it will */
    uint32_t body_left;
    uint32_t command;
    uint32_t told; /* bytes of the last progress event */
    char boundary[ESPOTA_BOUNDARY_MAX + 1];
    char host[ESPOTA_WEB_HOST_MAX];
    char origin[ESPOTA_WEB_HOST_MAX];

    bool restarts;                      /* behind the answer */
    char words[ESPOTA_WEB_WORDS_MAX];   /* the page about a failure; "": there was none */
    char answer[ESPOTA_WEB_ANSWER_MAX]; /* its head, */
    size_t answer_length;
    const char *body; /* and its body */
    size_t body_length;
    size_t sent; /* of both */
};

/* `config` is borrowed for as long as the engine lives. */
void espota_web_updater_init(struct espota_web_updater *web,
                             const struct espota_web_config *config);
/* Gives up what runs, and wipes. */
void espota_web_updater_deinit(struct espota_web_updater *web);

/* ACCEPT (a connection may be taken), STREAM_IN, STREAM_OUT, DONE (restart now). */
unsigned espota_web_updater_want(const struct espota_web_updater *web);

/* A client has connected, which only ACCEPT allows. */
void espota_web_updater_connected(struct espota_web_updater *web, const struct espota_peer *peer,
                                  uint64_t now);

/* Bytes of the connection, as many as came. Only while STREAM_IN is wanted. */
void espota_web_updater_rx(struct espota_web_updater *web, const uint8_t *data, size_t length,
                           uint64_t now);
/* The connection ended, by the client's FIN or by an error. */
void espota_web_updater_rx_end(struct espota_web_updater *web, uint64_t now);

/* What STREAM_OUT wants sent, borrowed until the next call; NULL if it does not. */
const void *espota_web_updater_tx(const struct espota_web_updater *web, size_t *length);
/* That many bytes of it left; all, if the connection takes nothing any more. */
void espota_web_updater_tx_ack(struct espota_web_updater *web, size_t length, uint64_t now);

/* Lets time pass. */
void espota_web_updater_tick(struct espota_web_updater *web, uint64_t now);
/* When tick is due next; false if only the network can move the engine on. */
bool espota_web_updater_deadline(const struct espota_web_updater *web, uint64_t *at);

/* After DONE, for a device that does not restart: idle again. */
void espota_web_updater_again(struct espota_web_updater *web);

/* What its pages say, apart from it (web_page.c). */
enum espota_web_page {
    ESPOTA_PAGE_FORM,
    ESPOTA_PAGE_SUCCESS,
    ESPOTA_PAGE_FAILURE, /* the words are the page */
    ESPOTA_PAGE_OPTIONS,
    ESPOTA_PAGE_UNAUTHORIZED,
    ESPOTA_PAGE_NOT_FOUND,
    ESPOTA_PAGE_BAD_REQUEST,
    ESPOTA_PAGE_LENGTH_REQUIRED,
    ESPOTA_PAGE_COUNT
};

/*
 * Writes the head of the answer, at most `room` bytes, and returns its length; *body is the page
 * or `words`, *body_length its length.
 */
size_t espota_web_page(enum espota_web_page page, const char *words, char *head, size_t room,
                       const char **body, size_t *body_length);

#endif
