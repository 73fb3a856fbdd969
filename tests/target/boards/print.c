/* SPDX-License-Identifier: MIT */
#include "board.h"
#include "wire/wire.h"

void board_print_number(const char *word, uint32_t number)
{
    char text[16];
    struct espota_writer writer;

    espota_writer_init(&writer, text, sizeof(text) - 1);
    espota_write_decimal(&writer, number);
    text[writer.used] = '\0';
    board_print(word);
    board_print(text);
}
