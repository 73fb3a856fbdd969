/* SPDX-License-Identifier: MIT */
/* Arduino's tools can be told in three ways where their folders are, and each tool has its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arduino/install.h"
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
    size_t length;
    char value[1024];
    bool strange = false;
    enum espota_status status = espota_arduino_read(path, &text, &length, err);

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

static enum espota_status read_config_in(struct espota_arduino_places *places, const char *folder,
                                         const bool *wanted, const struct espota_log *log,
                                         struct espota_error *err)
{
    char path[ESPOTA_ARDUINO_PATH];

    if (!espota_path_join(path, sizeof(path), folder, "arduino-cli.yaml"))
        return ESPOTA_OK;
    return read_config(places, path, wanted, log, err);
}

/* arduino-cli's own and the IDE's. */
static enum espota_status read_configs(struct espota_arduino_places *places, const char *data,
                                       const bool *wanted, const struct espota_log *log,
                                       struct espota_error *err)
{
    static const enum espota_place kinds[] = {ESPOTA_PLACE_ARDUINO_DATA, ESPOTA_PLACE_ARDUINO_IDE};
    const char *named = getenv("ARDUINO_CONFIG_FILE");
    char folder[ESPOTA_ARDUINO_PATH];
    enum espota_status status = ESPOTA_OK;

    if (named != NULL)
        return read_config(places, named, wanted, log, err);
    if (data != NULL)
        return read_config_in(places, data, wanted, log, err);
    for (size_t i = 0; i < 2; i++)
        for (unsigned nth = 0;
             status == ESPOTA_OK && espota_place(kinds[i], nth, folder, sizeof(folder)); nth++)
            status = read_config_in(places, folder, wanted, log, err);
    return status;
}

static void add_defaults(struct espota_arduino_places *places, bool sketchbook)
{
    char path[ESPOTA_ARDUINO_PATH];

    for (unsigned nth = 0;
         espota_place(sketchbook ? ESPOTA_PLACE_ARDUINO_SKETCH : ESPOTA_PLACE_ARDUINO_DATA, nth,
                      path, sizeof(path));
         nth++)
        add(places, sketchbook, path);
}

enum espota_status espota_arduino_places(struct espota_arduino_places *places,
                                         const struct espota_log *log, struct espota_error *err)
{
    const char *data = variable("ARDUINO_DIRECTORIES_DATA", "ARDUINO_DATA_DIR");
    const char *user = variable("ARDUINO_DIRECTORIES_USER", "ARDUINO_SKETCHBOOK_DIR");
    const bool wanted[] = {data == NULL, user == NULL};
    enum espota_status status;

    places->count = 0;
    if (data != NULL)
        add(places, false, data);
    if (user != NULL)
        add(places, true, user);
    status = read_configs(places, data, wanted, log, err);
    for (int sketchbook = 0; sketchbook < 2; sketchbook++)
        if (!any(places, sketchbook))
            add_defaults(places, sketchbook);
    return status;
}
