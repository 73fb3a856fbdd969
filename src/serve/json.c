/* SPDX-License-Identifier: MIT */
/*
 * Events as lines of JSON, also in builds without the server: the names of the library stay. The
 * manual page tells each member, and a test compares.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "espota/serve.h"
#include "text/text.h"

char *espota_serve_event_json(const struct espota_serve_event *event)
{
    struct espota_json *json = espota_json_object();
    char *line = NULL;
    bool good = espota_json_set_text(json, "event", "request") &&
                espota_json_set_text(json, "time", event->time) &&
                espota_json_set_text(json, "address", event->address) &&
                espota_json_set_text(json, "mac", event->mac) &&
                espota_json_set_text(json, "chip", event->chip) &&
                espota_json_set_text(json, "mode", event->mode) &&
                espota_json_set_text(json, "path", event->path) &&
                espota_json_set_text(json, "version", event->version) &&
                espota_json_set_text(json, "md5", event->md5) &&
                espota_json_set_integer(json, "status", event->status) &&
                espota_json_set_text(json, "file", event->file) &&
                espota_json_set_integer(json, "bytes", (int64_t)event->bytes) &&
                espota_json_set_integer(json, "rule", (int64_t)event->rule) &&
                espota_json_set_text(json, "why", event->why);

    if (good)
        line = espota_json_line(json);
    espota_json_free(json);
    return line;
}

static bool set_reload(struct espota_json *json, const struct espota_serve_notice *notice)
{
    return espota_json_set_bool(json, "taken", notice->what == ESPOTA_SERVE_RELOADED) &&
           espota_json_set_text(json, "path", notice->path) &&
           espota_json_set_text(json, "why", notice->why);
}

static bool set_cut(struct espota_json *json, const struct espota_serve_notice *notice)
{
    return espota_json_set_text(json, "address", notice->address) &&
           espota_json_set_text(json, "mac", notice->mac) &&
           espota_json_set_text(json, "file", notice->file) &&
           espota_json_set_integer(json, "bytes", (int64_t)notice->bytes) &&
           espota_json_set_integer(json, "size", (int64_t)notice->size);
}

char *espota_serve_notice_json(const struct espota_serve_notice *notice)
{
    static const char *const names[] = {
        [ESPOTA_SERVE_RELOADED] = "reload",
        [ESPOTA_SERVE_RELOAD_REFUSED] = "reload",
        [ESPOTA_SERVE_CUT] = "cut",
        [ESPOTA_SERVE_ENDING] = "ending",
    };
    struct espota_json *json = espota_json_object();
    char *line = NULL;
    bool good = espota_json_set_text(json, "event", names[notice->what]) &&
                espota_json_set_text(json, "time", notice->time);

    if (notice->what == ESPOTA_SERVE_CUT)
        good = good && set_cut(json, notice);
    else if (notice->what == ESPOTA_SERVE_ENDING)
        good = good && espota_json_set_integer(json, "transfers", (int64_t)notice->transfers);
    else
        good = good && set_reload(json, notice);
    if (good)
        line = espota_json_line(json);
    espota_json_free(json);
    return line;
}

/* Minutes east of UTC. Not every system's strftime tells a zone in figures. */
static int zone_of(const struct tm *here, const struct tm *utc)
{
    int days =
        here->tm_year != utc->tm_year ? here->tm_year - utc->tm_year : here->tm_yday - utc->tm_yday;

    return (days * 24 + here->tm_hour - utc->tm_hour) * 60 + here->tm_min - utc->tm_min;
}

void espota_serve_time(int64_t seconds, char out[ESPOTA_SERVE_TIME_ROOM])
{
    time_t time = (time_t)seconds;
    struct tm here, utc;
    int zone;

    out[0] = '\0';
    if (localtime_r(&time, &here) == NULL || gmtime_r(&time, &utc) == NULL ||
        strftime(out, ESPOTA_SERVE_TIME_ROOM, "%Y-%m-%dT%H:%M:%S", &here) == 0)
        return;
    zone = zone_of(&here, &utc);
    snprintf(out + strlen(out), ESPOTA_SERVE_TIME_ROOM - strlen(out), "%c%02d:%02d",
             zone < 0 ? '-' : '+', abs(zone) / 60 % 100, abs(zone) % 60);
}
