/* SPDX-License-Identifier: MIT */
/* For platforms without epoll, in place of loop_epoll.c. */
#include "sys/loop_backend.h"

const struct espota_loop_backend_ops *const espota_loop_epoll = NULL;
