/* SPDX-License-Identifier: MIT */
/*
 * The door of the device's core: engines without I/O, clock or allocation. Take those that your
 * device has a use for; each header names the files behind it.
 */
#ifndef ESPOTA_CORE_CORE_H
#define ESPOTA_CORE_CORE_H

#include "core/eboot.h"
#include "core/flash.h"
#include "core/multipart.h"
#include "core/pull_client.h"
#include "core/receiver.h"
#include "core/updater.h"
#include "core/web_page.h"
#include "core/web_updater.h"

#endif
