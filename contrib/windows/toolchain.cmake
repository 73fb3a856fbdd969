# Windows x86-64 from Debian, as one program that brings all but the system's DLLs:
#
#   cmake --toolchain contrib/windows/toolchain.cmake -DESPOTA_PREFIX=PREFIX …
#
# with the PREFIX that contrib/dependencies.sh windows-x86_64 prints; contrib/windows/build.sh does
# all of it.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(host x86_64-w64-mingw32)
set(CMAKE_C_COMPILER ${host}-gcc)
set(CMAKE_RC_COMPILER ${host}-windres)

# Checks of the compiler read this file again, with nothing but what is named here.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ESPOTA_PREFIX)
if(NOT EXISTS "${ESPOTA_PREFIX}/libraries")
    message(FATAL_ERROR "-DESPOTA_PREFIX= is to say where the libraries for Windows are: "
            "what contrib/dependencies.sh windows-x86_64 prints")
endif()
set(CMAKE_FIND_ROOT_PATH ${ESPOTA_PREFIX} /usr/${host})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${ESPOTA_PREFIX}/lib/pkgconfig)
set(OPENSSL_USE_STATIC_LIBS ON)

# Windows 10 and later, its UTF-8 included; files of any size; printf as C says, not as msvcrt does;
# as many sockets in a set as the libraries were built for.
set(CMAKE_C_FLAGS_INIT "-D_WIN32_WINNT=0x0A00 -D__USE_MINGW_ANSI_STDIO=1 -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -DFD_SETSIZE=4096 -DCURL_STATICLIB")
# The compiler's own libraries as archives, too. No time in the program's head: the same source, the
# same bytes.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -fstack-protector-strong -Wl,--no-insert-timestamp")

set(ESPOTA_STATIC ON CACHE BOOL "")
set(ESPOTA_STUB OFF CACHE STRING "") # this system has no BearSSL
