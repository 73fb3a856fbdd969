/* SPDX-License-Identifier: MIT */
#include "espota/serve.h"
#include "lib/json.h"

char *espota_serve_event_json(const struct espota_serve_event *event)
{
    struct espota_json *json = espota_json_object();
    char *line = NULL;
    bool good = espota_json_set_text(json, "event", "request") &&
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
