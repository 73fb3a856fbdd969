# What a device's program is made of: the one list, for this project and for the packages in port/.
# A linker that drops unused sections keeps what is used. ESPOTA_ROOT: the folder above; the lists
# are of whole paths.
get_filename_component(ESPOTA_ROOT ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)
include(${ESPOTA_ROOT}/src/wire/sources.cmake)

set(ESPOTA_DEVICE
    core/eboot.c
    core/esphome_updater.c
    core/multipart.c
    core/pull_bookmark.c
    core/pull_client.c
    core/pull_client_arduino.c
    core/pull_client_rtos.c
    core/pull_resume.c
    core/receiver.c
    core/updater.c
    core/updater_message.c
    core/updater_resume.c
    core/web_page.c
    core/web_updater.c
    device.c
)
set(ESPOTA_BOOT boot/boot.c boot/layout.c boot/program.c boot/record.c boot/safe.c boot/sha256.c)
# For ports that take them.
set(ESPOTA_DIGEST port/digest/digest.c port/digest/md5.c)
set(ESPOTA_PACKAGE port/package/package.c)
set(ESPOTA_SOCKET port/socket/pump_socket.c)
set(ESPOTA_LWIP
    port/lwip/address_lwip.c
    port/lwip/pull_lwip.c
    port/lwip/pump_lwip.c
    port/lwip/stream_lwip.c
    port/lwip/timer_lwip.c
    port/lwip/web_lwip.c
)

list(TRANSFORM ESPOTA_WIRE PREPEND ${ESPOTA_ROOT}/src/wire/)
foreach(list IN ITEMS DEVICE BOOT DIGEST PACKAGE SOCKET LWIP)
    list(TRANSFORM ESPOTA_${list} PREPEND ${ESPOTA_ROOT}/firmware-stub/)
endforeach()

# How all of them are compiled: these folders are for "..." only.
set(ESPOTA_DEVICE_OPTIONS "SHELL:-iquote \"${ESPOTA_ROOT}/src\"" "SHELL:-iquote \"${ESPOTA_ROOT}/include\""
                          "SHELL:-iquote \"${ESPOTA_ROOT}/firmware-stub\"")
