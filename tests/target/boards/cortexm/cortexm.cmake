# Cortex-M3: Debian's compiler and newlib-nano.
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(board_options -mcpu=cortex-m3 -mthumb --specs=nano.specs)
set(board_sources start.c cortexm/cortexm.c)
set(board_libraries c gcc nosys)
set(board_link -nostartfiles -mcpu=cortex-m3 -mthumb --specs=nano.specs)
set(board_stack 8192)
