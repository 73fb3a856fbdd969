/* SPDX-License-Identifier: MIT */
/*
 * Inside of send/web: one attempt, which two files see to. push.c sends requests and reads the
 * verdict; pages.c goes by what the pages in front of the image say.
 */
#ifndef ESPOTA_SEND_WEB_PUSH_H
#define ESPOTA_SEND_WEB_PUSH_H

#include "send/attempt.h"
#include "send/web/kinds.h"

enum espota_push_stage {
    ESPOTA_PUSH_PROBING,  /* whose page is it? */
    ESPOTA_PUSH_DOUBTING, /* or that of somebody alike? */
    ESPOTA_PUSH_ASKING,
    ESPOTA_PUSH_PASSWORD,  /* nothing is under way until it comes */
    ESPOTA_PUSH_UNLOCKING, /* with a PIN */
    ESPOTA_PUSH_STARTING,
    ESPOTA_PUSH_RESTING, /* until it is asked again whether it has restarted */
    ESPOTA_PUSH_SENDING,
    ESPOTA_PUSH_RESTARTING, /* it has the image and is told to start it */
};

struct espota_push {
    struct espota_attempt base;
    struct espota_http_session *session;
    const struct espota_web_row *row;
    enum espota_push_stage stage;
    bool found;      /* the row is what people mean by such a URL: its page may say otherwise */
    unsigned probe;  /* number of the page that is asked for */
    const char *own; /* the page that takes the image, where nobody wrote one; NULL */
    size_t prefix;   /* length of the URL's path in front of the kind's own pages */
    bool wants_pin;  /* and no password */
    bool tried_pin;
    char *unpacked;            /* room for a page that came compressed; NULL: none has */
    char *pin;                 /* as it is sent */
    char page[ESPOTA_URL_MAX]; /* of the request under way */
    char referer[ESPOTA_ADDRESS_TEXT + sizeof("http://[]/")];
    enum espota_http_auth auth;
    bool told_connected;
    uint64_t deadline; /* when nothing has moved for too long */
    uint64_t ready_by; /* 0: it is not restarting */
};

/* --- push.c --- */

void espota_push_tell(struct espota_push *push, enum espota_event_kind kind);
/* `reason`: of this machine or of the connection, in its own words; NULL: none is known. */
void espota_push_end(struct espota_push *push, enum espota_status status, const char *reason);
void espota_push_end_with(struct espota_push *push, enum espota_status status, const char *advice,
                          uint32_t ways);
/* The request of this stage; its answer comes to push.c, which gives it to who takes it. */
void espota_push_start(struct espota_push *push, enum espota_push_stage stage);
/* Nothing for so long, then STARTING again. */
void espota_push_rest(struct espota_push *push, uint32_t ms);
/* There was no answer, or it broke. */
void espota_push_fail(struct espota_push *push, const struct espota_http_session_result *result);
/* What the device said goes into the outcome. */
void espota_push_note(struct espota_push *push, const struct espota_http_session_result *result);
bool espota_push_sends_filesystem(const struct espota_push *push);

/* --- pages.c: each takes the answer of a stage --- */

/* Says whose page it is, if that is known, and sends the first request. */
void espota_push_begin_asking(struct espota_push *push);
void espota_push_take_probe(struct espota_push *push,
                            const struct espota_http_session_result *result);
void espota_push_take_doubt(struct espota_push *push,
                            const struct espota_http_session_result *result);
void espota_push_take_page(struct espota_push *push,
                           const struct espota_http_session_result *result);
void espota_push_take_start(struct espota_push *push,
                            const struct espota_http_session_result *result);
/* 401: with what it offers, once; a second 401 is a refusal. */
void espota_push_answer_challenge(struct espota_push *push,
                                  const struct espota_http_session_result *result);
/* It wants a PIN: with the password, once. */
void espota_push_answer_pin(struct espota_push *push);
/* The one that was waited for; the config has it, or none. */
void espota_push_take_password(struct espota_push *push);

#endif
