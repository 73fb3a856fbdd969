# Packages: cpack -G DEB, RPM or TGZ in the build folder. With SOURCE_DATE_EPOCH set, the same
# source gives the same bytes.
set(CPACK_PACKAGE_NAME espota-c)
set(CPACK_PACKAGE_VENDOR "espota-c")
set(CPACK_PACKAGE_CONTACT "espota-c maintainers <maintainers@espota-c.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR TGZ)
set(CPACK_THREADS 1)

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

find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
if(DPKG_SHLIBDEPS)
    list(APPEND CPACK_GENERATOR DEB)
    set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
    set(CPACK_DEBIAN_PACKAGE_SECTION net)
    set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
    espota_package_of(CPACK_DEBIAN_PACKAGE_DEPENDS ${CURL_LIBRARIES} ${MHD_LINK_LIBRARIES})
    set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
endif()

find_program(RPMBUILD rpmbuild)
if(RPMBUILD)
    list(APPEND CPACK_GENERATOR RPM)
    set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
    set(CPACK_RPM_PACKAGE_LICENSE MIT)
    set(CPACK_RPM_PACKAGE_REQUIRES "libcurl, libmicrohttpd")
    set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
        /usr/lib/systemd /usr/lib/systemd/system /usr/share/man /usr/share/man/man1
        /usr/share/man/man3 /usr/share/man/man5 /usr/share/man/man7 /usr/share/zsh
        /usr/share/zsh/site-functions /usr/share/fish /usr/share/fish/vendor_completions.d
        /usr/share/bash-completion /usr/share/bash-completion/completions)
endif()

include(CPack)

# What the program is made of, for those who look after what they run: SPDX 2.3.
function(espota_bill out)
    set(packages "")
    set(links "")
    string(REGEX MATCHALL "[^,]+" parts "${ESPOTA_LIBRARIES}")
    foreach(part IN LISTS parts)
        string(STRIP "${part}" part)
        separate_arguments(words UNIX_COMMAND "${part} NOASSERTION")
        list(GET words 0 name)
        list(GET words 1 version)
        string(REGEX REPLACE "[^A-Za-z0-9.]" "-" id "${name}")
        string(APPEND packages ",
    { \"SPDXID\": \"SPDXRef-${id}\", \"name\": \"${name}\", \"versionInfo\": \"${version}\",
      \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false }")
        string(APPEND links ",
    { \"spdxElementId\": \"SPDXRef-espota-c\", \"relationshipType\": \"DYNAMIC_LINK\",
      \"relatedSpdxElement\": \"SPDXRef-${id}\" }")
    endforeach()
    string(TIMESTAMP created "%Y-%m-%dT%H:%M:%SZ" UTC)
    string(UUID id NAMESPACE 6ba7b811-9dad-11d1-80b4-00c04fd430c8
           NAME "espota-c ${PROJECT_VERSION} ${ESPOTA_LIBRARIES}" TYPE SHA1)
    set(${out} "{
  \"spdxVersion\": \"SPDX-2.3\",
  \"dataLicense\": \"CC0-1.0\",
  \"SPDXID\": \"SPDXRef-DOCUMENT\",
  \"name\": \"espota-c-${PROJECT_VERSION}\",
  \"documentNamespace\": \"urn:uuid:${id}\",
  \"creationInfo\": { \"created\": \"${created}\", \"creators\": [\"Tool: espota-c's build\"] },
  \"packages\": [
    { \"SPDXID\": \"SPDXRef-espota-c\", \"name\": \"espota-c\", \"versionInfo\": \"${PROJECT_VERSION}\",
      \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false,
      \"licenseConcluded\": \"MIT\", \"licenseDeclared\": \"MIT\" }${packages}
  ],
  \"relationships\": [
    { \"spdxElementId\": \"SPDXRef-DOCUMENT\", \"relationshipType\": \"DESCRIBES\",
      \"relatedSpdxElement\": \"SPDXRef-espota-c\" }${links}
  ]
}
" PARENT_SCOPE)
endfunction()
get_directory_property(ESPOTA_LIBRARIES DIRECTORY src/lib DEFINITION ESPOTA_LIBRARIES)
espota_bill(bill)
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/espota-c.spdx.json CONTENT "${bill}")
install(FILES ${PROJECT_BINARY_DIR}/espota-c.spdx.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/espota-c)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/espota-c RENAME copyright)
install(FILES README.md CHANGES DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/espota-c)
