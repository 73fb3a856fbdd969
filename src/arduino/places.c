/* SPDX-License-Identifier: MIT */
#include "arduino/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arduino/edit.h"
#include "sys/sys.h"

/* The same path once; so many places there are never. */
static void add(struct espota_arduino_places *places, bool sketchbook, const char *path)
{
    struct espota_arduino_place *place = &places->list[places->count];

    for (size_t i = 0; i < places->count; i++)
        if (places->list[i].sketchbook == sketchbook && strcmp(places->list[i].path, path) == 0)
            return;
    if (places->count == ESPOTA_ARDUINO_PLACES || strlen(path) >= sizeof(place->path))
        return;
    place->sketchbook = sketchbook;
    snprintf(place->path, sizeof(place->path), "%s", path);
    places->count++;
}

static bool any(const struct espota_arduino_places *places, bool sketchbook)
{
    for (size_t i = 0; i < places->count; i++)
        if (places->list[i].sketchbook == sketchbook)
            return true;
    return false;
}

/* An older name counts where the newer one is not set. */
static const char *variable(const char *name, const char *older)
{
    const char *value = getenv(name);

    return value != NULL ? value : getenv(older);
}

static enum espota_status read_config(struct espota_arduino_places *places, const char *path,
                                      const bool *wanted, const struct espota_log *log,
                                      struct espota_error *err)
{
    static const char *const keys[] = {"data", "user"};
    char *text;
    char value[1024];
    bool strange = false;
    enum espota_status status = espota_arduino_read(path, &text, err);

    for (int i = 0; text != NULL && i < 2; i++) {
        bool odd;

        if (espota_arduino_config(text, keys[i], value, sizeof(value), &odd) && wanted[i])
            add(places, i == 1, value);
        strange = strange || odd;
    }
    if (strange)
        espota_log_say(log, ESPOTA_LOG_WARNING,
                       "%s: its directories are written in a way that is not understood here",
                       path);
    free(text);
    return status;
}

static void add_below(struct espota_arduino_places *places, bool sketchbook, const char *home,
                      const char *name)
{
    char path[ESPOTA_ARDUINO_PATH];

    if (snprintf(path, sizeof(path), "%s/%s", home, name) < ESPOTA_ARDUINO_PATH)
        add(places, sketchbook, path);
}

/* arduino-cli's own, on Linux and macOS, and the IDE's. */
static enum espota_status read_configs(struct espota_arduino_places *places, const char *home,
                                       const char *data, const bool *wanted,
                                       const struct espota_log *log, struct espota_error *err)
{
    static const char *const below[] = {".arduino15", "Library/Arduino15", ".arduinoIDE"};
    const char *named = getenv("ARDUINO_CONFIG_FILE");
    char path[ESPOTA_ARDUINO_PATH];
    enum espota_status status = ESPOTA_OK;

    if (named != NULL)
        return read_config(places, named, wanted, log, err);
    if (data != NULL) {
        if (snprintf(path, sizeof(path), "%s/arduino-cli.yaml", data) >= ESPOTA_ARDUINO_PATH)
            return ESPOTA_OK;
        return read_config(places, path, wanted, log, err);
    }
    for (size_t i = 0; home != NULL && status == ESPOTA_OK && i < sizeof(below) / sizeof(below[0]);
         i++)
        if (snprintf(path, sizeof(path), "%s/%s/arduino-cli.yaml", home, below[i]) <
            ESPOTA_ARDUINO_PATH)
            status = read_config(places, path, wanted, log, err);
    return status;
}

enum espota_status espota_arduino_places(struct espota_arduino_places *places,
                                         const struct espota_log *log, struct espota_error *err)
{
    const char *home = getenv("HOME");
    const char *data = variable("ARDUINO_DIRECTORIES_DATA", "ARDUINO_DATA_DIR");
    const char *user = variable("ARDUINO_DIRECTORIES_USER", "ARDUINO_SKETCHBOOK_DIR");
    const bool wanted[] = {data == NULL, user == NULL};
    enum espota_status status;

    places->count = 0;
    if (data != NULL)
        add(places, false, data);
    if (user != NULL)
        add(places, true, user);
    status = read_configs(places, home, data, wanted, log, err);
    if (home != NULL && !any(places, false)) {
        add_below(places, false, home, ".arduino15");
        add_below(places, false, home, "Library/Arduino15");
    }
    if (home != NULL && !any(places, true)) {
        add_below(places, true, home, "Arduino");
        add_below(places, true, home, "Documents/Arduino");
    }
    return status;
}
