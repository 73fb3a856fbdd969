/* SPDX-License-Identifier: MIT */
#include "send/meshtastic/session.h"

#include <stdio.h>
#include <string.h>

void espota_meshtastic_session_init(struct espota_meshtastic_session *s,
                                    const struct espota_meshtastic_config *config, uint64_t now)
{
    int length;

    *s = (struct espota_meshtastic_session){.config = *config, .deadline = now + config->answer_ms};
    length =
        snprintf(s->out, sizeof(s->out), "OTA %u %s\n", (unsigned)config->size, config->sha256);
    s->out_length = (size_t)length; /* 4 + 10 + 1 + 64 + 1 at the most: it fits */
}

static void finish(struct espota_meshtastic_session *s, enum espota_status status)
{
    s->ended_in = s->phase;
    s->phase = ESPOTA_MESHTASTIC_OVER;
    s->status = status;
}

unsigned espota_meshtastic_session_want(const struct espota_meshtastic_session *s)
{
    unsigned wants = ESPOTA_WANT_STREAM_IN;

    if (s->phase == ESPOTA_MESHTASTIC_OVER)
        return s->status == ESPOTA_OK ? ESPOTA_WANT_DONE : ESPOTA_WANT_FAILED;
    if (s->out_at < s->out_length)
        wants |= ESPOTA_WANT_STREAM_OUT;
    if (s->phase == ESPOTA_MESHTASTIC_STREAMING)
        wants |= ESPOTA_WANT_IMAGE_OUT;
    return wants;
}

const char *espota_meshtastic_session_tx(const struct espota_meshtastic_session *s, size_t *length)
{
    *length = s->out_length - s->out_at; /* out_at never goes beyond */
    return *length > 0 ? s->out + s->out_at : NULL;
}

void espota_meshtastic_session_sent(struct espota_meshtastic_session *s, size_t length,
                                    uint64_t now)
{
    if (s->out_at < s->out_length) {
        s->out_at += length;
        return;
    }
    s->taken += (uint32_t)length; /* at most what was left of the image */
    s->deadline = now + s->config.work_ms;
    if (s->taken == s->config.size && s->phase == ESPOTA_MESHTASTIC_STREAMING)
        s->phase = ESPOTA_MESHTASTIC_CHECKING;
}

void espota_meshtastic_session_acked(struct espota_meshtastic_session *s, uint64_t now)
{
    if (s->phase >= ESPOTA_MESHTASTIC_STREAMING)
        s->deadline = now + s->config.work_ms;
}

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

/* Its OK. One while the image is still leaving is for something else, and no verdict. */
static void take_ok(struct espota_meshtastic_session *s, uint64_t now)
{
    if (s->phase == ESPOTA_MESHTASTIC_CHECKING) {
        finish(s, ESPOTA_OK);
    } else if (s->phase == ESPOTA_MESHTASTIC_STREAMING) {
        finish(s, ESPOTA_E_BROKEN);
    } else if (s->out_at < s->out_length) { /* nobody has asked it yet */
        finish(s, ESPOTA_E_REFUSED);
    } else {
        s->phase = ESPOTA_MESHTASTIC_STREAMING;
        s->deadline = now + s->config.work_ms;
    }
}

/* A line without its end; the words that announce something may stand in front of its answer. */
static void take_line(struct espota_meshtastic_session *s, uint64_t now)
{
    static const char erasing[] = "ERASING";
    const char *text = s->line;

    if (begins(text, erasing)) {
        text += sizeof(erasing) - 1;
        if (s->phase == ESPOTA_MESHTASTIC_ASKING)
            s->phase = ESPOTA_MESHTASTIC_ERASING;
        s->deadline = now + s->config.work_ms;
    }
    if (strcmp(text, "OK") == 0)
        take_ok(s, now);
    else if (begins(text, "ERR"))
        finish(s, ESPOTA_E_REFUSED); /* anything else its own client passes over, too */
}

/* It waits for the flash with the word alone, and only later comes the rest of the line. */
static void look_ahead(struct espota_meshtastic_session *s, uint64_t now)
{
    if (s->phase == ESPOTA_MESHTASTIC_ASKING && strcmp(s->line, "ERASING") == 0) {
        s->phase = ESPOTA_MESHTASTIC_ERASING;
        s->deadline = now + s->config.work_ms;
    }
}

void espota_meshtastic_session_rx(struct espota_meshtastic_session *s, const void *data,
                                  size_t length, uint64_t now)
{
    const char *bytes = data;

    for (size_t i = 0; i < length && s->phase != ESPOTA_MESHTASTIC_OVER; i++) {
        char c = bytes[i];

        if (c == '\n') {
            take_line(s, now);
            if (s->phase != ESPOTA_MESHTASTIC_OVER)
                s->length = 0;
        } else if (c != '\r' && s->length + 1 < sizeof(s->line)) {
            s->line[s->length++] = c != '\0' ? c : '?';
        } else if (c != '\r') { /* longer than any of its lines */
            finish(s, s->phase == ESPOTA_MESHTASTIC_CHECKING ? ESPOTA_E_UNKNOWN : ESPOTA_E_REFUSED);
        }
        s->line[s->length] = '\0';
    }
    look_ahead(s, now);
}

/* It closed, or said nothing for too long. */
static void give_up(struct espota_meshtastic_session *s, bool all_left)
{
    if (s->phase == ESPOTA_MESHTASTIC_OVER)
        return;
    if (s->phase == ESPOTA_MESHTASTIC_ASKING)
        finish(s, ESPOTA_E_NO_ANSWER);
    else if (s->phase == ESPOTA_MESHTASTIC_CHECKING && all_left)
        finish(s, ESPOTA_E_UNKNOWN);
    else
        finish(s, ESPOTA_E_BROKEN);
}

void espota_meshtastic_session_end(struct espota_meshtastic_session *s, bool all_left)
{
    give_up(s, all_left);
}

void espota_meshtastic_session_tick(struct espota_meshtastic_session *s, bool all_left,
                                    uint64_t now)
{
    if (now >= s->deadline)
        give_up(s, all_left);
}
