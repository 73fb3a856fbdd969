# What the program is made of, for those who look after what they run: SPDX 2.3.

# One library: appended to the lists packages and links. What is not known is "-".
function(espota_bill_library relation name version licence source sha256)
    string(REGEX REPLACE "[^A-Za-z0-9.]" "-" id "${name}")
    set(facts "")
    if(NOT licence STREQUAL "-")
        string(APPEND facts ",
      \"licenseConcluded\": \"${licence}\", \"licenseDeclared\": \"${licence}\"")
    endif()
    if(NOT sha256 STREQUAL "-")
        string(APPEND facts ",
      \"sourceInfo\": \"built from ${source} of Debian's source package\",
      \"packageFileName\": \"${source}\",
      \"checksums\": [{ \"algorithm\": \"SHA256\", \"checksumValue\": \"${sha256}\" }]")
    endif()
    set(packages "${packages},
    { \"SPDXID\": \"SPDXRef-${id}\", \"name\": \"${name}\", \"versionInfo\": \"${version}\",
      \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false${facts} }" PARENT_SCOPE)
    set(links "${links},
    { \"spdxElementId\": \"SPDXRef-espota-c\", \"relationshipType\": \"${relation}\",
      \"relatedSpdxElement\": \"SPDXRef-${id}\" }" PARENT_SCOPE)
endfunction()

function(espota_bill out)
    set(packages "")
    set(links "")
    if(ESPOTA_PREFIX) # archives, which contrib/dependencies.sh has a table of
        file(STRINGS ${ESPOTA_PREFIX}/libraries lines)
        foreach(line IN LISTS lines)
            string(REPLACE "\t" ";" fields "${line}")
            espota_bill_library(STATIC_LINK ${fields})
        endforeach()
    else()
        string(REGEX MATCHALL "[^,]+" parts "${ESPOTA_LIBRARIES}")
        foreach(part IN LISTS parts)
            string(STRIP "${part}" part)
            separate_arguments(words UNIX_COMMAND "${part} NOASSERTION")
            list(GET words 0 1 words)
            espota_bill_library(DYNAMIC_LINK ${words} - - -)
        endforeach()
    endif()
    string(TIMESTAMP created "%Y-%m-%dT%H:%M:%SZ" UTC)
    string(UUID id NAMESPACE 6ba7b811-9dad-11d1-80b4-00c04fd430c8
           NAME "espota-c ${PROJECT_VERSION} ${packages}" TYPE SHA1)
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
get_directory_property(ESPOTA_LIBRARIES DIRECTORY src DEFINITION ESPOTA_LIBRARIES)
espota_bill(bill)
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/espota-c.spdx.json CONTENT "${bill}")
install(FILES ${PROJECT_BINARY_DIR}/espota-c.spdx.json
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/espota-c)
