/* SPDX-License-Identifier: MIT */
/* The contexts that a device needs, as symbols whose sizes the test reads. */
#include "device.h"

extern char size_of_receiver[sizeof(struct espota_receiver)];
extern char size_of_updater[sizeof(struct espota_updater)];
extern char size_of_device[sizeof(struct espota_pump)];

char size_of_receiver[sizeof(struct espota_receiver)];
char size_of_updater[sizeof(struct espota_updater)];
char size_of_device[sizeof(struct espota_pump)];
