# A Cortex-M3 whose chip is memory that a file backs: qemu-system-arm -M mps2-an385. Fast power cuts.
include(${CMAKE_CURRENT_LIST_DIR}/../cortexm/cortexm.cmake)
set(board_definitions CPU_HZ=25000000 CARD_IRQ=13 BOARD_CUT_AT=0x21800000u)
list(APPEND board_sources mps2/mps2.c)
set(board_loader_map 0 64K 0x203e0000 128K)
set(board_program_map 0x20000000 256K 0x20100000 256K)
