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
#include "wire/want.h"

#endif
