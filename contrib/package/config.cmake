# Read by cpack once for each kind of package.
if(CPACK_GENERATOR STREQUAL "DEB")
    if(NOT CPACK_ESPOTA_SHLIBDEPS)
        message(FATAL_ERROR "A Debian package needs dpkg-shlibdeps (of the package dpkg-dev): "
                "without it nothing would say what it depends on. Install it and run cmake again.")
    endif()
    # cpack would have ldconfig called by scripts, which Debian's policy leaves to a trigger; so it
    # does not look at the library, and what that depends on is found here.
    set(place ${CPACK_PACKAGE_DIRECTORY}/_CPack_Packages/shlibdeps)
    file(MAKE_DIRECTORY ${place}/debian)
    file(WRITE ${place}/debian/control "Source: ${CPACK_PACKAGE_NAME}\n")
    set(private ${CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS})
    list(TRANSFORM private PREPEND -l)
    execute_process(COMMAND ${CPACK_ESPOTA_SHLIBDEPS} -O ${private} -e${CPACK_ESPOTA_LIBRARY}
                    WORKING_DIRECTORY ${place} OUTPUT_VARIABLE told ERROR_VARIABLE why
                    RESULT_VARIABLE code)
    if(NOT code EQUAL 0 OR NOT told MATCHES "shlibs:Depends=([^\n]+)")
        message(FATAL_ERROR "dpkg-shlibdeps does not say what libespota depends on: ${why}")
    endif()
    set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS
        "${CMAKE_MATCH_1}, ${CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS}")
endif()
