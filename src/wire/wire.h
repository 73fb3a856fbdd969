/* SPDX-License-Identifier: MIT */
/*
 * The door of `wire`: what both ends of a wire share. Freestanding, so that a device compiles it as
 * it is: no libc beyond mem*, no operating system, no allocation.
 */
#ifndef ESPOTA_WIRE_WIRE_H
#define ESPOTA_WIRE_WIRE_H

#include "wire/auth.h"
#include "wire/crc.h"
#include "wire/cursor.h"
#include "wire/digest.h"
#include "wire/http.h"
#include "wire/invitation.h"
#include "wire/pull.h"
#include "wire/text.h"

/* What an engine wants of its caller, the same flags on both ends. */
enum espota_want {
    ESPOTA_WANT_DATAGRAM_OUT = 1 << 0, /* send what tx gives, then tx_ack */
    ESPOTA_WANT_DATAGRAM_IN = 1 << 1,  /* bring datagrams of the peer */
    ESPOTA_WANT_ACCEPT = 1 << 2,       /* take the peer's connection, then call connected */
    ESPOTA_WANT_IMAGE_OUT = 1 << 3,    /* send image bytes from offset `sent` on, then sent() */
    ESPOTA_WANT_STREAM_IN = 1 << 4,    /* bring bytes of the connection */
    ESPOTA_WANT_PASSWORD = 1 << 5,     /* the device asked and none was given: call password */
    ESPOTA_WANT_CONNECT = 1 << 6,      /* a receiver: connect to the inviter, then call connected */
    ESPOTA_WANT_STREAM_OUT = 1 << 7,   /* a receiver: send what tx gives on the connection */
    ESPOTA_WANT_DONE = 1 << 8,         /* finished, and well */
    ESPOTA_WANT_FAILED = 1 << 9,       /* finished, see status and text */
};

#endif
