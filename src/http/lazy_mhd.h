/* SPDX-License-Identifier: MIT */
/*
 * Libmicrohttpd, the HTTP server, loaded when it is first needed: with all that hangs on it, it
 * takes longer to start than most commands to run. Include this in place of its own headers, and
 * call espota_lazy_mhd before anything of it.
 */
#ifndef ESPOTA_HTTP_LAZY_MHD_H
#define ESPOTA_HTTP_LAZY_MHD_H

#include <microhttpd.h>

#include "espota/error.h"

/* Every function that is used here. */
#define ESPOTA_LAZY_MHD(EACH)                                                                      \
    EACH(MHD_add_response_header)                                                                  \
    EACH(MHD_create_response_from_buffer)                                                          \
    EACH(MHD_create_response_from_buffer_with_free_callback_cls)                                   \
    EACH(MHD_destroy_response)                                                                     \
    EACH(MHD_get_connection_info)                                                                  \
    EACH(MHD_get_connection_values)                                                                \
    EACH(MHD_get_daemon_info)                                                                      \
    EACH(MHD_get_timeout)                                                                          \
    EACH(MHD_lookup_connection_value)                                                              \
    EACH(MHD_queue_response)                                                                       \
    EACH(MHD_quiesce_daemon)                                                                       \
    EACH(MHD_resume_connection)                                                                    \
    EACH(MHD_run)                                                                                  \
    EACH(MHD_start_daemon)                                                                         \
    EACH(MHD_stop_daemon)                                                                          \
    EACH(MHD_suspend_connection)

#define ESPOTA_LAZY_POINTER(name) __typeof__(&(name)) name;
struct espota_lazy_mhd {
    ESPOTA_LAZY_MHD(ESPOTA_LAZY_POINTER)
};
#undef ESPOTA_LAZY_POINTER

extern struct espota_lazy_mhd espota_lazy_mhd_table;

enum espota_status espota_lazy_mhd(struct espota_error *err) ESPOTA_MUST_CHECK;

#ifndef ESPOTA_LAZY_MHD_TABLE /* where the table itself is made the names are the library's */
#define MHD_add_response_header espota_lazy_mhd_table.MHD_add_response_header
#define MHD_create_response_from_buffer espota_lazy_mhd_table.MHD_create_response_from_buffer
#define MHD_create_response_from_buffer_with_free_callback_cls                                     \
    espota_lazy_mhd_table.MHD_create_response_from_buffer_with_free_callback_cls
#define MHD_destroy_response espota_lazy_mhd_table.MHD_destroy_response
#define MHD_get_connection_info espota_lazy_mhd_table.MHD_get_connection_info
#define MHD_get_connection_values espota_lazy_mhd_table.MHD_get_connection_values
#define MHD_get_daemon_info espota_lazy_mhd_table.MHD_get_daemon_info
#define MHD_get_timeout espota_lazy_mhd_table.MHD_get_timeout
#define MHD_lookup_connection_value espota_lazy_mhd_table.MHD_lookup_connection_value
#define MHD_queue_response espota_lazy_mhd_table.MHD_queue_response
#define MHD_quiesce_daemon espota_lazy_mhd_table.MHD_quiesce_daemon
#define MHD_resume_connection espota_lazy_mhd_table.MHD_resume_connection
#define MHD_run espota_lazy_mhd_table.MHD_run
#define MHD_start_daemon espota_lazy_mhd_table.MHD_start_daemon
#define MHD_stop_daemon espota_lazy_mhd_table.MHD_stop_daemon
#define MHD_suspend_connection espota_lazy_mhd_table.MHD_suspend_connection
#endif

#endif
