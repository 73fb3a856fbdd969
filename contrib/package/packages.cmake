# Packages: cpack -G DEB, RPM or TGZ in the build folder. With SOURCE_DATE_EPOCH set, the same
# source gives the same bytes. DEB and RPM make three packages: the program, the library, and what
# a program of somebody else's is built with.
set(CPACK_PACKAGE_NAME espota-c)
set(CPACK_PACKAGE_VENDOR "espota-c")
set(CPACK_PACKAGE_CONTACT "espota-c maintainers <maintainers@espota-c.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR TGZ)
set(CPACK_THREADS 1)
set(CPACK_COMPONENTS_ALL program library development)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/contrib/package/config.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/contrib/package/stage.cmake)
set(CPACK_ESPOTA_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)

set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
"espota-c sends firmware to boards that wait for it on the network, as the
Arduino cores' espota.py does, to one or to hundreds at a time. It also
serves the images that boards fetch by themselves, signs and verifies
images, finds the boards that announce themselves, and takes the place of
espota.py and signing.py in Arduino IDE, arduino-cli and PlatformIO.
.
espota-stub is such a board as a process, to try all of this without one.")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
"libespota is what espota-c is made of: uploads over the air, discovery,
the update server, signatures and a look into image files, for programs
that do this themselves.
.
This package contains the shared library.")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
"libespota is what espota-c is made of: uploads over the air, discovery,
the update server, signatures and a look into image files, for programs
that do this themselves.
.
This package contains the headers, the static library and what pkg-config
and CMake need to find them.")

# Libraries that are loaded when a command needs them stand in no header of the program, so the
# packages that they are in are asked for by name.
function(espota_package_of out)
    set(names "")
    foreach(path IN LISTS ARGN)
        get_filename_component(real "${path}" REALPATH)
        execute_process(COMMAND dpkg-query -S ${real} OUTPUT_VARIABLE owner ERROR_QUIET)
        if(owner MATCHES "^([^:]+):")
            list(APPEND names ${CMAKE_MATCH_1})
        endif()
    endforeach()
    list(REMOVE_DUPLICATES names)
    list(JOIN names ", " names)
    set(${out} "${names}" PARENT_SCOPE)
endfunction()

# The same for RPM, which knows libraries by the names that programs load.
function(espota_sonames_of out)
    set(names "")
    foreach(path IN LISTS ARGN)
        get_filename_component(real "${path}" REALPATH)
        get_filename_component(file "${real}" NAME)
        string(REGEX REPLACE "(\\.so\\.[0-9]+).*" "\\1" file "${file}")
        if(CMAKE_SIZEOF_VOID_P EQUAL 8)
            string(APPEND file "()(64bit)")
        endif()
        list(APPEND names "${file}")
    endforeach()
    list(JOIN names ", " names)
    set(${out} "${names}" PARENT_SCOPE)
endfunction()

# Depends are found by dpkg-shlibdeps; where it is missing, contrib/package/config.cmake refuses.
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
set(CPACK_ESPOTA_SHLIBDEPS ${DPKG_SHLIBDEPS})
set(CPACK_ESPOTA_LIBRARY ${PROJECT_BINARY_DIR}/src/libespota.so)
set(CPACK_ESPOTA_STRIP ${CMAKE_STRIP})
# A cross compiler does not say what Debian calls its target: contrib/linux/deb.sh does.
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE ${ESPOTA_DEBIAN_ARCH})
if(DPKG_SHLIBDEPS)
    list(APPEND CPACK_GENERATOR DEB)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME espota-c)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
espota_package_of(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS ${CURL_LIBRARIES} ${MHD_LINK_LIBRARIES})
get_directory_property(abi DIRECTORY src DEFINITION ESPOTA_ABI)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libespota${abi})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS OFF) # found by contrib/package/config.cmake
file(WRITE ${PROJECT_BINARY_DIR}/package/triggers "activate-noawait ldconfig\n")
file(WRITE ${PROJECT_BINARY_DIR}/package/shlibs
     "libespota ${abi} libespota${abi} (>= ${PROJECT_VERSION})\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/package/triggers
    ${PROJECT_BINARY_DIR}/package/shlibs)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libespota-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libespota${abi} (= ${PROJECT_VERSION}), libssl-dev, zlib1g-dev, libjansson-dev")

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${PROJECT_BINARY_DIR}/package/changelog "espota-c (${PROJECT_VERSION}) unstable; urgency=medium

  * What a user notices stands in /usr/share/doc/espota-c/CHANGES.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
set(CPACK_ESPOTA_CHANGELOG ${PROJECT_BINARY_DIR}/package/changelog)

find_program(RPMBUILD rpmbuild)
if(RPMBUILD)
    list(APPEND CPACK_GENERATOR RPM)
endif()
set(CPACK_RPM_COMPONENT_INSTALL ON)
set(CPACK_RPM_MAIN_COMPONENT program)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_LICENSE MIT)
set(CPACK_RPM_PACKAGE_URL https://github.com/espota-c/espota-c)
set(CPACK_RPM_PACKAGE_SUMMARY "${PROJECT_DESCRIPTION}")
list(GET MHD_LINK_LIBRARIES 0 mhd_library)
espota_sonames_of(CPACK_RPM_PROGRAM_PACKAGE_REQUIRES ${CURL_LIBRARIES} ${mhd_library})
set(CPACK_RPM_PROGRAM_PACKAGE_GROUP Applications/Internet)
set(CPACK_RPM_SPEC_MORE_DEFINE "%define packager ${CPACK_PACKAGE_CONTACT}")
set(CPACK_RPM_LIBRARY_PACKAGE_NAME libespota${abi})
set(CPACK_RPM_LIBRARY_PACKAGE_GROUP System/Libraries)
set(CPACK_RPM_LIBRARY_PACKAGE_REQUIRES "${CPACK_RPM_PROGRAM_PACKAGE_REQUIRES}")
set(CPACK_RPM_DEVELOPMENT_PACKAGE_NAME libespota-devel)
set(CPACK_RPM_DEVELOPMENT_PACKAGE_GROUP Development/Libraries)
set(CPACK_RPM_DEVELOPMENT_PACKAGE_REQUIRES "libespota${abi} = ${PROJECT_VERSION}")
foreach(part IN ITEMS PROGRAM LIBRARY DEVELOPMENT)
    set(text "${CPACK_COMPONENT_${part}_DESCRIPTION}")
    string(REPLACE "\n.\n" "\n\n" CPACK_RPM_${part}_PACKAGE_DESCRIPTION "${text}")
endforeach()
file(WRITE ${PROJECT_BINARY_DIR}/package/ldconfig "/sbin/ldconfig || :\n")
set(CPACK_RPM_LIBRARY_POST_INSTALL_SCRIPT_FILE ${PROJECT_BINARY_DIR}/package/ldconfig)
set(CPACK_RPM_LIBRARY_POST_UNINSTALL_SCRIPT_FILE ${PROJECT_BINARY_DIR}/package/ldconfig)
string(TIMESTAMP date "%a %b %d %Y" UTC)
file(WRITE ${PROJECT_BINARY_DIR}/package/rpm-changelog
     "* ${date} ${CPACK_PACKAGE_CONTACT} - ${PROJECT_VERSION}-1
- What a user notices stands in /usr/share/doc/espota-c/CHANGES.
")
set(CPACK_RPM_CHANGELOG_FILE ${PROJECT_BINARY_DIR}/package/rpm-changelog)
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
    /usr/lib/systemd /usr/lib/systemd/system /usr/share/man /usr/share/man/man1
    /usr/share/man/man3 /usr/share/man/man5 /usr/share/man/man7 /usr/share/zsh
    /usr/share/zsh/site-functions /usr/share/fish /usr/share/fish/vendor_completions.d
    /usr/share/bash-completion /usr/share/bash-completion/completions)

include(CPack)

include(${PROJECT_SOURCE_DIR}/contrib/package/bill.cmake)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/espota-c RENAME copyright)
install(FILES README.md README.vi.md CHANGES DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/espota-c)
