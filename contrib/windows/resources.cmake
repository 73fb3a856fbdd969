# What Windows reads of espota-c.exe without running it: its version, and that it speaks UTF-8 and
# knows long paths.
enable_language(RC)
foreach(file IN ITEMS espota-c.rc espota-c.manifest)
    configure_file(${CMAKE_CURRENT_LIST_DIR}/${file}.in ${PROJECT_BINARY_DIR}/windows/${file} @ONLY)
endforeach()
target_sources(espota-c PRIVATE ${PROJECT_BINARY_DIR}/windows/espota-c.rc)
set_source_files_properties(${PROJECT_BINARY_DIR}/windows/espota-c.rc TARGET_DIRECTORY espota-c PROPERTIES
    OBJECT_DEPENDS ${PROJECT_BINARY_DIR}/windows/espota-c.manifest
    INCLUDE_DIRECTORIES ${PROJECT_BINARY_DIR}/windows)
