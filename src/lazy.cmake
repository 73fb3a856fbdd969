# Libraries that few commands need and that bring dozens of others. Linked, they make each start of
# the program four times as long (44 libraries in place of 6), which builds that sign every sketch
# feel; so they are loaded when a command first needs them. NAME.symbols names each function once;
# from it come lazy/NAME.h, which stands in for the library's own headers, and the table behind it.
# With ESPOTA_LAZY=OFF the same header leaves the names alone and the library is linked: for static
# builds, and for systems that forbid loading.
option(ESPOTA_LAZY "Load optional libraries when they are first needed, in place of linking them" ON)

# espota_lazy(NAME TITLE HEADER_FOLDERS LIBRARY [WITH...]): NAME.symbols lies in the room that calls.
# WITH are libraries that hold some of the functions and come with the first when that is loaded.
# LIBRARY "" is a part of the system that every program has: the names are left alone there, too.
function(espota_lazy name title header_folders library)
    file(STRINGS ${name}.symbols lines REGEX "^[^#]")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${name}.symbols)
    foreach(line IN LISTS lines)
        if(line MATCHES "^<")
            string(APPEND includes "#include ${line}\n")
        else()
            string(APPEND members "    __typeof__(&(${line})) ${line};\n")
            string(APPEND names "        \"${line}\",\n")
            string(APPEND undefs "#undef ${line}\n")
            string(APPEND defines "#define ${line} espota_lazy_${name}_table.${line}\n")
        endif()
    endforeach()
    get_filename_component(real "${library}" REALPATH)
    get_filename_component(file "${real}" NAME)
    if(APPLE)
        set(file "${library}") # Homebrew's folder is not searched for a name
    endif()
    string(REGEX REPLACE "(\\.so\\.[0-9]+).*" "\\1" file "${file}")
    string(TOUPPER ${name} upper)
    set(lazy 0)
    if(ESPOTA_LAZY AND NOT library STREQUAL "")
        set(lazy 1)
    endif()
    set(folder ${PROJECT_BINARY_DIR}/src/lazy)
    configure_file(${PROJECT_SOURCE_DIR}/src/lazy.h.in ${folder}/${name}.h @ONLY)
    if(lazy)
        configure_file(${PROJECT_SOURCE_DIR}/src/lazy.c.in ${folder}/${name}.c @ONLY)
        target_sources(espota PRIVATE ${folder}/${name}.c)
        set_property(GLOBAL APPEND PROPERTY ESPOTA_LOADED ${file})
    elseif(library MATCHES "\\.a$")
        # an archive does not say what it needs: pkg-config does, down to what only archives need
        target_link_libraries(espota PRIVATE ${library})
        foreach(need IN LISTS ${upper}_STATIC_LIBRARIES)
            find_library(ESPOTA_NEED_${need} ${need})
            if(ESPOTA_NEED_${need} AND NOT library MATCHES "/lib${need}\\.a$")
                target_link_libraries(espota PRIVATE ${ESPOTA_NEED_${need}})
            endif()
        endforeach()
    else()
        target_link_libraries(espota PRIVATE ${library} ${ARGN})
    endif()
    target_include_directories(espota SYSTEM PRIVATE ${header_folders})
endfunction()
