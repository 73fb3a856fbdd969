/* SPDX-License-Identifier: MIT */
/*
 * A read that waits for a pipe or for a person. A signal of other systems ends one; here Ctrl-C is
 * told in a thread of its own, which has to end what the other thread waits for.
 */
#ifndef ESPOTA_SYS_WAITING_WINDOWS_H
#define ESPOTA_SYS_WAITING_WINDOWS_H

/* Around the read, of which GetLastError() stays. One thread at a time is known: the latest. */
void espota_waiting_begin(void);
void espota_waiting_end(void);

/* The read fails with ERROR_OPERATION_ABORTED; also one that begins a moment later. */
void espota_waiting_interrupt(void);

#endif
