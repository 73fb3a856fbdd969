/* SPDX-License-Identifier: MIT */
/*
 * Devices write the bytes that they have taken as bare numbers and their OK right behind the last
 * of them, so nothing separates a count from a verdict but the kind of its bytes.
 */
#include "send/espota/sender.h"

#include <string.h>

void espota_verdict_say(struct espota_verdict *verdict, const void *words, size_t length)
{
    size_t room = sizeof(verdict->words) - verdict->length; /* length never exceeds the array */

    if (length > room)
        length = room;
    if (length > 0)
        memcpy(verdict->words + verdict->length, words, length);
    verdict->length += length;
}

static void take_word(struct espota_verdict *verdict, uint8_t byte)
{
    verdict->state = ESPOTA_VERDICT_WORDS;
    espota_verdict_say(verdict, &byte, 1);
    if (byte == '\n' || verdict->length == sizeof(verdict->words))
        verdict->state = ESPOTA_VERDICT_SAID;
}

static bool is_filler(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void take_first(struct espota_verdict *verdict, uint8_t byte)
{
    bool after_o = verdict->saw_o;

    verdict->saw_o = byte == 'O' && !after_o;
    if (after_o && byte == 'K') {
        verdict->state = ESPOTA_VERDICT_OK;
    } else if (after_o) {
        take_word(verdict, 'O');
        take_word(verdict, byte);
    } else if (!verdict->saw_o && !is_filler(byte)) {
        take_word(verdict, byte);
    }
}

enum espota_verdict_state espota_verdict_take(struct espota_verdict *verdict, uint8_t byte)
{
    if (verdict->state == ESPOTA_VERDICT_NONE)
        take_first(verdict, byte);
    else if (verdict->state == ESPOTA_VERDICT_WORDS)
        take_word(verdict, byte);
    return verdict->state;
}
