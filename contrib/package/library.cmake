# libespota for other programs: static and shared of the same objects, headers, a .pc, a package
# for find_package. Programs of this house use the static one, and need nothing of this: a build
# whose libraries are archives, which seldom fit into a shared one, goes without.
option(ESPOTA_LIBRARY "Also libespota for other programs: shared and static, headers, .pc" ON)
if(NOT ESPOTA_LIBRARY)
    return()
endif()
add_library(espota_shared SHARED
    $<TARGET_OBJECTS:espota>
    $<TARGET_OBJECTS:espota_sys>
)
get_target_property(libraries espota LINK_LIBRARIES)
list(REMOVE_ITEM libraries "$<BUILD_INTERFACE:espota_build>")
target_link_libraries(espota_shared PRIVATE ${libraries} $<BUILD_INTERFACE:espota_build>)
# Raised by hand when what was there breaks, whatever the version: it names Debian's package, too.
set(ESPOTA_ABI 0)
set_target_properties(espota_shared PROPERTIES
    LINKER_LANGUAGE C
    OUTPUT_NAME espota
    EXPORT_NAME espota
    VERSION ${PROJECT_VERSION}
    SOVERSION ${ESPOTA_ABI}
)
if(NOT APPLE AND NOT ESPOTA_SANITIZE)
    target_link_options(espota_shared PRIVATE -Wl,--no-undefined -Wl,--as-needed)
endif()
set_target_properties(espota PROPERTIES EXPORT_NAME espota-static)
foreach(library IN ITEMS espota espota_shared)
    target_include_directories(${library} INTERFACE
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endforeach()

install(TARGETS espota_shared EXPORT espotaTargets
        LIBRARY COMPONENT library NAMELINK_COMPONENT development)
install(TARGETS espota EXPORT espotaStaticTargets ARCHIVE COMPONENT development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/espota DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT development FILES_MATCHING PATTERN "*.h")

# The prefix is found from where the file lies, so that the tree can be moved.
file(RELATIVE_PATH ESPOTA_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
foreach(name IN ITEMS espota espota-libdir)
    configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${name}.pc @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc
            DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endforeach()
# Where pkg-config --static finds the one library and not the other.
set(link ${CMAKE_CURRENT_BINARY_DIR}/static/libespota.a)
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/static)
file(CREATE_LINK ../libespota.a ${link} SYMBOLIC)
install(FILES ${link} DESTINATION ${CMAKE_INSTALL_LIBDIR}/espota COMPONENT development)

include(CMakePackageConfigHelpers)
set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/espota)
configure_file(${CMAKE_CURRENT_LIST_DIR}/espotaConfig.cmake.in espotaConfig.cmake @ONLY)
write_basic_package_version_file(espotaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/espotaConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/espotaConfigVersion.cmake
        DESTINATION ${folder} COMPONENT development)
install(EXPORT espotaTargets NAMESPACE espota:: DESTINATION ${folder} COMPONENT development)
install(EXPORT espotaStaticTargets NAMESPACE espota:: DESTINATION ${folder} COMPONENT development)
