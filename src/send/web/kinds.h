/* SPDX-License-Identifier: MIT */
/*
 * Inside of send/web: what is known of each kind of web updater. One row a kind; push.c walks it
 * and knows none by name. Pure.
 */
#ifndef ESPOTA_SEND_WEB_KINDS_H
#define ESPOTA_SEND_WEB_KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "send/send.h"

/* What an answer means: the first that fits. A list ends with a row of zeros. */
struct espota_web_answer {
    unsigned http;             /* 0: any */
    const char *holds;         /* in the body; {size} is the image's. NULL: whatever it is */
    enum espota_status status; /* OK: taken, or for a page: go on; MORE: it wants a PIN */
    const char *advice;        /* NULL: none */
    uint32_t ways;             /* of remedy, beside it */
    bool alone;                /* nothing else stands there but blanks */
};

/*
 * A kind: its requests in their order. A page is "/path?query", in which {size}, {md5} and {mode}
 * are filled in; NULL: it has none.
 */
struct espota_web_row {
    enum espota_web_kind kind;
    const char *name;   /* as people write it */
    const char *title;  /* in messages */
    const char *user;   /* the usual one */
    bool own_page;      /* its page is wherever the URL says, and takes the image, too */
    bool referer;       /* it answers only who names its own address */
    bool packed_behind; /* an ESP8266 of this kind unpacks gzip from right behind its program */
    bool basic_first;   /* it wants its password with the first request, and has no page */

    const char *page; /* asked first: does it listen, and to whom */
    const char *form; /* stands in that page, where it is ready for an image; NULL: any page is */
    const char *no_form;                   /* what is wrong if not */
    const struct espota_web_answer *pages; /* what other answers to it mean; NULL: nothing more */
    const char *silent;                    /* why it may close without an answer */
    const char *unlock;                    /* takes its PIN as JSON */

    const char *start;    /* then: an update begins */
    const char *started;  /* all that its page says if it has */
    const char *start_if; /* only if this stands in the page: it restarts into another program that
                           * takes images, and is asked until it says so */

    enum espota_http_body body;
    const char *upload;     /* where the image goes */
    const char *program;    /* the form's field for one */
    const char *filesystem; /* and for a file system; NULL: it takes none */
    const char *unchecked;  /* a field that makes it skip its own checks */
    const struct espota_web_answer *verdicts;
    const char *words_from, *words_until; /* where its words stand in that answer; NULL: anywhere */

    const char *unknown; /* what is known where no verdict came; NULL: nothing */
    const char *restart; /* asked for when it has the image: it does not start it by itself */
};

const struct espota_web_row *espota_web_row(enum espota_web_kind kind);
/* JAndrassy's library, for its paths, which take raw bytes. */
bool espota_web_path_is_raw(const char *path);
extern const struct espota_web_row espota_web_raw_row;

/*
 * What is asked where nobody said what is there, in this order; NULL behind the last. The first
 * page that is known decides.
 */
const char *espota_web_probe(unsigned number);
/* Asked once more of a kind that another one looks like; NULL: there is none. */
const char *espota_web_doubt(enum espota_web_kind kind);
/* Whose page this is; AUTO: nobody's that is known. */
enum espota_web_kind espota_web_recognize(const char *body, size_t length);

/* A template filled in. False: it does not fit. */
bool espota_web_fill(const char *template, const struct espota_source *source, bool filesystem,
                     char *out, size_t room) ESPOTA_MUST_CHECK;

/* The first that fits; NULL: none does. */
const struct espota_web_answer *espota_web_find_answer(const struct espota_web_answer *list,
                                                       unsigned http, const char *body,
                                                       size_t length,
                                                       const struct espota_source *source);
/* Nothing else stands there but blanks. */
bool espota_web_is(const char *body, size_t length, const char *word);
bool espota_web_holds(const char *body, size_t length, const char *word);

enum { ESPOTA_WEB_WORDS = 256 };
/* What a page says: without tags, scripts and styles, fit to be shown. */
void espota_web_words(const struct espota_web_row *row, const char *body, size_t length,
                      char words[ESPOTA_WEB_WORDS]);
/*
 * What the device means by its answer to the image: OK, E_AUTH, E_REFUSED, or E_UNKNOWN for one
 * that says neither. `answer` may be NULL; it is the row's that decided, or NULL.
 */
enum espota_status espota_web_verdict(const struct espota_web_row *row, unsigned http,
                                      const char *body, size_t length,
                                      const struct espota_source *source,
                                      const struct espota_web_answer **answer);

#endif
