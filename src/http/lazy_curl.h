/* SPDX-License-Identifier: MIT */
/*
 * Libcurl, the HTTP client, loaded when it is first needed: with all that hangs on it, it takes
 * longer to start than most commands to run. Include this in place of its own headers, and call
 * espota_lazy_curl before anything of it.
 */
#ifndef ESPOTA_HTTP_LAZY_CURL_H
#define ESPOTA_HTTP_LAZY_CURL_H

#define CURL_DISABLE_TYPECHECK /* its checks would hide the functions behind macros */
#include <curl/curl.h>

/* Some are macros that only count their arguments. */
#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt

#include "espota/error.h"

/* Every function that is used here. */
#define ESPOTA_LAZY_CURL(EACH)                                                                     \
    EACH(curl_easy_cleanup)                                                                        \
    EACH(curl_easy_getinfo)                                                                        \
    EACH(curl_easy_init)                                                                           \
    EACH(curl_easy_setopt)                                                                         \
    EACH(curl_easy_strerror)                                                                       \
    EACH(curl_free)                                                                                \
    EACH(curl_global_cleanup)                                                                      \
    EACH(curl_global_init)                                                                         \
    EACH(curl_mime_addpart)                                                                        \
    EACH(curl_mime_data_cb)                                                                        \
    EACH(curl_mime_filename)                                                                       \
    EACH(curl_mime_free)                                                                           \
    EACH(curl_mime_init)                                                                           \
    EACH(curl_mime_name)                                                                           \
    EACH(curl_mime_type)                                                                           \
    EACH(curl_multi_add_handle)                                                                    \
    EACH(curl_multi_assign)                                                                        \
    EACH(curl_multi_cleanup)                                                                       \
    EACH(curl_multi_info_read)                                                                     \
    EACH(curl_multi_init)                                                                          \
    EACH(curl_multi_remove_handle)                                                                 \
    EACH(curl_multi_setopt)                                                                        \
    EACH(curl_multi_socket_action)                                                                 \
    EACH(curl_slist_append)                                                                        \
    EACH(curl_slist_free_all)                                                                      \
    EACH(curl_url)                                                                                 \
    EACH(curl_url_cleanup)                                                                         \
    EACH(curl_url_get)                                                                             \
    EACH(curl_url_set)

#define ESPOTA_LAZY_POINTER(name) __typeof__(&(name)) name;
struct espota_lazy_curl {
    ESPOTA_LAZY_CURL(ESPOTA_LAZY_POINTER)
};
#undef ESPOTA_LAZY_POINTER

extern struct espota_lazy_curl espota_lazy_curl_table;

enum espota_status espota_lazy_curl(struct espota_error *err) ESPOTA_MUST_CHECK;

#ifndef ESPOTA_LAZY_CURL_TABLE /* where the table itself is made the names are the library's */
#define curl_easy_cleanup espota_lazy_curl_table.curl_easy_cleanup
#define curl_easy_getinfo espota_lazy_curl_table.curl_easy_getinfo
#define curl_easy_init espota_lazy_curl_table.curl_easy_init
#define curl_easy_setopt espota_lazy_curl_table.curl_easy_setopt
#define curl_easy_strerror espota_lazy_curl_table.curl_easy_strerror
#define curl_free espota_lazy_curl_table.curl_free
#define curl_global_cleanup espota_lazy_curl_table.curl_global_cleanup
#define curl_global_init espota_lazy_curl_table.curl_global_init
#define curl_mime_addpart espota_lazy_curl_table.curl_mime_addpart
#define curl_mime_data_cb espota_lazy_curl_table.curl_mime_data_cb
#define curl_mime_filename espota_lazy_curl_table.curl_mime_filename
#define curl_mime_free espota_lazy_curl_table.curl_mime_free
#define curl_mime_init espota_lazy_curl_table.curl_mime_init
#define curl_mime_name espota_lazy_curl_table.curl_mime_name
#define curl_mime_type espota_lazy_curl_table.curl_mime_type
#define curl_multi_add_handle espota_lazy_curl_table.curl_multi_add_handle
#define curl_multi_assign espota_lazy_curl_table.curl_multi_assign
#define curl_multi_cleanup espota_lazy_curl_table.curl_multi_cleanup
#define curl_multi_info_read espota_lazy_curl_table.curl_multi_info_read
#define curl_multi_init espota_lazy_curl_table.curl_multi_init
#define curl_multi_remove_handle espota_lazy_curl_table.curl_multi_remove_handle
#define curl_multi_setopt espota_lazy_curl_table.curl_multi_setopt
#define curl_multi_socket_action espota_lazy_curl_table.curl_multi_socket_action
#define curl_slist_append espota_lazy_curl_table.curl_slist_append
#define curl_slist_free_all espota_lazy_curl_table.curl_slist_free_all
#define curl_url espota_lazy_curl_table.curl_url
#define curl_url_cleanup espota_lazy_curl_table.curl_url_cleanup
#define curl_url_get espota_lazy_curl_table.curl_url_get
#define curl_url_set espota_lazy_curl_table.curl_url_set
#endif

#endif
