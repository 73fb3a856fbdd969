/* SPDX-License-Identifier: MIT */
/*
 * The door of `sys`: the operating system. One header for each thing that it is asked for, one file
 * for each system behind it; nobody else includes a header of the system.
 */
#ifndef ESPOTA_SYS_SYS_H
#define ESPOTA_SYS_SYS_H

#include "sys/clock.h"
#include "sys/descriptor.h"
#include "sys/disk.h"
#include "sys/file.h"
#include "sys/file_lock.h"
#include "sys/folder.h"
#include "sys/inherited.h"
#include "sys/loop.h"
#include "sys/module.h"
#include "sys/multicast.h"
#include "sys/net.h"
#include "sys/process.h"
#include "sys/program.h"
#include "sys/resolver.h"
#include "sys/secret_file.h"
#include "sys/stream.h"
#include "sys/wipe.h"

#endif
