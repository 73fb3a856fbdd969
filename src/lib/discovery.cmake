# Discovery. The ways to ask are built where their libraries are found (AUTO); where one is not, a
# stand-in says so.
set(ESPOTA_AVAHI AUTO CACHE STRING "Discovery by the Avahi daemon: AUTO, ON or OFF")
set(ESPOTA_DNSSD AUTO CACHE STRING "Discovery by dns_sd (macOS, Bonjour): AUTO, ON or OFF")

target_sources(espota PRIVATE
    announced.c
    arduino_discovery.c
    catalog.c
    catalog_devices.c
    catalog_room.c
    device.c
    discover.c
    discover_query.c
    discovery.c
    local_names.c
    mdns.c
    pluggable.c
    pluggable_port.c
    recent.c
)

if(ESPOTA_AVAHI STREQUAL "AUTO")
    pkg_check_modules(AVAHI IMPORTED_TARGET GLOBAL avahi-client)
elseif(ESPOTA_AVAHI)
    pkg_check_modules(AVAHI REQUIRED IMPORTED_TARGET GLOBAL avahi-client)
endif()
if(ESPOTA_AVAHI AND AVAHI_FOUND)
    target_sources(espota PRIVATE discover_avahi.c poll_avahi.c)
    set(avahi_client ${AVAHI_LINK_LIBRARIES})
    list(FILTER avahi_client INCLUDE REGEX "avahi-client")
    espota_lazy(avahi "${AVAHI_INCLUDE_DIRS}" "${avahi_client}")
    string(APPEND ESPOTA_LIBRARIES ", Avahi ${AVAHI_VERSION}")
else()
    target_sources(espota PRIVATE discover_noavahi.c)
endif()

if(ESPOTA_DNSSD AND APPLE)
    set(DNSSD_FOUND ON) # part of the system
elseif(ESPOTA_DNSSD STREQUAL "AUTO")
    pkg_check_modules(DNSSD IMPORTED_TARGET avahi-compat-libdns_sd)
elseif(ESPOTA_DNSSD)
    pkg_check_modules(DNSSD REQUIRED IMPORTED_TARGET avahi-compat-libdns_sd)
endif()
if(ESPOTA_DNSSD AND DNSSD_FOUND)
    target_sources(espota PRIVATE discover_dnssd.c)
    if(APPLE)
        espota_lazy(dnssd "" /usr/lib/libSystem.B.dylib)
    else()
        list(FILTER DNSSD_LINK_LIBRARIES INCLUDE REGEX "dns_sd")
        espota_lazy(dnssd "${DNSSD_INCLUDE_DIRS}" "${DNSSD_LINK_LIBRARIES}")
    endif()
    string(APPEND ESPOTA_LIBRARIES ", dns_sd")
else()
    target_sources(espota PRIVATE discover_nodnssd.c)
endif()
