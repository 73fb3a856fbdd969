# SPDX-License-Identifier: MIT
# A build for POSIX and no more (ESPOTA_SYSTEM=POSIX) is what systems get that nobody has ported to,
# and most of what macOS gets: poll in place of epoll, and a system that tells less. These tests
# stand on what differs; the target posix_tests builds for them and nothing else. cli_serve_service,
# cli_upload, cli_web and fleet_upload_ends want what only Linux tells of a connection.
set(ESPOTA_ONLY_TESTS
    unit_sys_address unit_sys_disk unit_sys_file unit_sys_file_lock unit_sys_folder unit_sys_loop
    unit_sys_loop_turns unit_sys_memory unit_sys_multicast unit_sys_net unit_sys_process
    unit_sys_program unit_sys_resolver
    unit_http_server unit_serve_registry unit_serve_serve unit_serve_store_listing
    unit_mdns_catalog unit_fleet_api unit_fleet_upload
    cli_run cli_serve_hostile cli_serve_manifest)
add_custom_target(posix_tests DEPENDS espota-c espota-stub test_images)
foreach(test IN LISTS ESPOTA_ONLY_TESTS)
    if(test MATCHES "^unit_")
        add_dependencies(posix_tests ${test})
    endif()
endforeach()
