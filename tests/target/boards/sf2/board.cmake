# A SmartFusion2 with a real SPI NOR chip: qemu-system-arm -M emcraft-sf2.
include(${CMAKE_CURRENT_LIST_DIR}/../cortexm/cortexm.cmake)
# Its large memory is no place to execute from, the small one has 64 KiB.
set(board_definitions CPU_HZ=142000000 CARD_IRQ=12 BOARD_CUT_AT=0xa3000000u LWIP_IPV6=0 LWIP_NOASSERT=1)
list(APPEND board_sources sf2/sf2.c)
set(board_loader_map 0 64K 0xa1000000 128K)
set(board_program_map 0x20000000 64K 0xa0000000 256K)
set(board_roads roads_none.c)
