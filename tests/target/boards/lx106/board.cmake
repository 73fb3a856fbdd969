# The ESP8266's core: qemu-system-xtensa -M lx60-nommu -cpu lx106. Code where the machine has memory.
set(CMAKE_C_COMPILER xtensa-lx106-elf-gcc)
set(board_options -mtext-section-literals -mlongcalls -specs=/usr/lib/xtensa-lx106-elf/picolibc.specs)
# Without IPv6 and lwIP's own checks, as its core has it unless one asks for more.
set(board_definitions CPU_HZ=40000000 BOARD_CUT_AT=0x3ffffff0u LWIP_IPV6=0 LWIP_NOASSERT=1)
set(board_sources start.c lx106/start.S lx106/lx106.c lx106/chip.c lx106/divide.c file_chip.c)
set(board_libraries c gcc)
set(board_link -nostartfiles -specs=/usr/lib/xtensa-lx106-elf/picolibc.specs)
set(board_stack 8192)
set(board_loader_map 0x60100000 64K 0x60200000 128K)
set(board_program_map 0x60000000 256K 0x3ffe8000 80K)
set(board_roads roads_none.c)
