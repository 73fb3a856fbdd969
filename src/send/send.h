/* SPDX-License-Identifier: MIT */
/*
 * The door of `send`: one device, one attempt, whatever the road.
 */
#ifndef ESPOTA_SEND_SEND_H
#define ESPOTA_SEND_SEND_H

#include "send/attempt.h"
#include "send/diagnose.h"
#include "send/espota/address_map.h"
#include "send/espota/ports.h"
#include "send/firewall.h"
#include "send/outcome.h"
#include "send/preflight.h"
#include "send/source.h"
#include "send/web/verdict.h"

#endif
