/* SPDX-License-Identifier: MIT */
/*
 * The door of `sys`: the operating system. One header for each thing that it is asked for, one file
 * for each system behind it; nobody else includes a header of the system.
 */
#ifndef ESPOTA_SYS_SYS_H
#define ESPOTA_SYS_SYS_H

#include "sys/descriptor.h" /* close-on-exec, non-blocking, closed once */
#include "sys/file.h"     /* reading, and output that appears whole or not at all; secrets, locks */
#include "sys/firewall.h" /* one that goes by programs */
#include "sys/folder.h"   /* files below a folder that a stranger names */
#include "sys/log.h"      /* telling the program's log */
#include "sys/loop.h"     /* descriptors and deadlines in one thread; the clocks */
#include "sys/multicast.h" /* interfaces and groups */
#include "sys/net.h"       /* addresses and sockets, and names to addresses beside the loop */
#include "sys/os_error.h"  /* the words for errno */
#include "sys/place.h"     /* paths, and the folders of a user */
#include "sys/process.h"   /* other programs, run for what they print, and libraries, when needed */
#include "sys/program.h"   /* this one: signals, the terminal, questions */
#include "sys/sized.h"     /* structs of a program that may be older or newer */
#include "sys/stream.h"    /* standard input as it comes, a socket from systemd */

#endif
