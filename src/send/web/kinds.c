/* SPDX-License-Identifier: MIT */
/*
 * The kinds of web updaters, a row each, as their own sources have them. Where a source has nothing
 * to go by, there is nothing here: what a page says in a language of its own is shown and not
 * understood.
 */
#include "send/web/kinds.h"

#include <string.h>

#define MEANS_YES ESPOTA_OK, NULL, 0, false
#define ALONE_YES ESPOTA_OK, NULL, 0, true /* nothing else stands there */
#define MEANS_NO ESPOTA_E_REFUSED, NULL, 0, false
#define LAST                                                                                       \
    {                                                                                              \
        0, NULL, MEANS_YES                                                                         \
    }

/*
 * The cores' HTTPUpdateServer, and pages that people wrote after it.
 *   esp8266/Arduino libraries/ESP8266HTTPUpdateServer/src/ESP8266HTTPUpdateServer-impl.h
 *   espressif/arduino-esp32 libraries/HTTPUpdateServer/src/HTTPUpdateServer.h
 *   earlephilhower/arduino-pico libraries/HTTPUpdateServer/src/HTTPUpdateServer-impl.h
 * A failure has the status 200 as well. Without credentials 401 comes behind the whole body.
 */
static const struct espota_web_answer arduino_verdicts[] = {
    {0, "Update error", MEANS_NO},
    {0, "Update Error", MEANS_NO},
    {0, "Update Failed", MEANS_NO},
    {0, "Update failed", MEANS_NO},
    {0, "ERROR[", MEANS_NO},
    {200, "Update Success", MEANS_YES},
    LAST,
};

/* ESPHome's, where the page says which of both it was and no more.
 *   esphome/esphome esphome/components/web_server/ota/ota_web_server.cpp (canHandle, handleRequest)
 *   and web_server_base/web_server_base.h: the password is asked before any page, so "/" is asked;
 *   what nobody handles is closed without an answer by web_server_idf/web_server_idf.cpp. */
static const struct espota_web_answer esphome_verdicts[] = {
    {0, "Update Failed", ESPOTA_E_REFUSED, "the reason stands in the device's log", 0, false},
    {200, "Update Success", MEANS_YES},
    {404, NULL, ESPOTA_E_REFUSED,
     "its configuration takes no image by its web page (ota: with platform: web_server)", 0, false},
    LAST,
};

/*
 * ElegantOTA 3: the start names the MD5, which the device compares at the end, so that its OK is
 * one of these very bytes.
 *   ayushsharma82/ElegantOTA src/ElegantOTA.cpp (begin)
 */
static const struct espota_web_answer elegant_verdicts[] = {
    {200, "OK", ALONE_YES},
    LAST,
};

/*
 * Tasmota: "/up" makes the next upload one of a program. Who does not name the device's own address
 * as Referer gets no answer at all. The words are in the device's language, the marks around them
 * are not: behind them stands a division in a success, the reason in a failure.
 *   arendst/Tasmota tasmota/tasmota_xdrv_driver/xdrv_01_9_webserver.ino
 * (HttpCheckPriviledgedAccess, HandleUpgradeFirmware, HandleUploadLoop, HandleUploadDone,
 * HandleSwitchBootPartition) and tasmota/html_uncompressed/HTTP_HEAD_LAST_SCRIPT32.h (fct: ESP32s
 * with one partition for programs take an image only in their "safeboot" program)
 */
static const struct espota_web_answer tasmota_verdicts[] = {
    {200, "</font></b><br><br><div", MEANS_YES},
    {200, "Not enough space", ESPOTA_E_REFUSED,
     "on a board with 1 MiB of flash send tasmota-minimal.bin.gz first and then this image, "
     "compressed (.bin.gz) if there is one",
     0, false},
    {200, "</font></b><br><br>", MEANS_NO},
    LAST,
};

/*
 * WLED: its 401s are words, not a question for a password. Its PIN opens the device for everybody
 * for a while; the JSON interface takes it without a change of any setting.
 *   wled/WLED wled00/wled_server.cpp ("/update", serveSettings, "/json"), wled00/ota_update.cpp,
 *   wled00/util.cpp (checkSettingsPIN)
 */
#define WLED_PAGES                                                                                 \
    {401, "PIN code", ESPOTA_MORE, NULL, 0, false},                                                \
        {401,                                                                                      \
         "subnet",                                                                                 \
         ESPOTA_E_REFUSED,                                                                         \
         "it takes images from its own network only: send from a computer there, or change that "  \
         "in its security settings",                                                               \
         0,                                                                                        \
         false},                                                                                   \
        {0,                                                                                        \
         "unlock OTA",                                                                             \
         ESPOTA_E_REFUSED,                                                                         \
         "updates are locked in its security settings: unlock them there",                         \
         0,                                                                                        \
         false},                                                                                   \
    {                                                                                              \
        501, NULL, ESPOTA_E_REFUSED, "it was built without updates by its web page", 0, false      \
    }
static const struct espota_web_answer wled_pages[] = {
    WLED_PAGES,
    LAST,
};
static const struct espota_web_answer wled_verdicts[] = {
    WLED_PAGES,
    {0, "Ignore firmware validation", ESPOTA_E_REFUSED, NULL, ESPOTA_REMEDY_FORCE, false},
    {500, NULL, MEANS_NO},
    {503, NULL, ESPOTA_E_REFUSED, "another update of it is under way", 0, false},
    {200, "Update successful!", MEANS_YES},
    LAST,
};

/*
 * OpenBeken: the bytes alone; it tells how many it wrote, and starts them when it is told to. A
 * refusal has a status below zero, which is no HTTP, or no answer at all (ESP32, ESP8266).
 *   openshwprojects/OpenBK7231T_App src/httpserver/rest_interface.c (http_rest_post,
 *   http_rest_error, http_rest_post_reboot), src/hal/<platform>/hal_ota_<platform>.c
 *   (http_rest_post_flash), src/httpserver/http_basic_auth.c, src/httpserver/http_fns.c (htmlOTA)
 */
static const struct espota_web_answer openbeken_verdicts[] = {
    {200, "{\"size\":{size}}", ALONE_YES},
    {200, "{\"size\":", ESPOTA_E_REFUSED, "it wrote another number of bytes than were sent", 0,
     false},
    {0, "\"error\":", MEANS_NO},
    LAST,
};

/*
 * ESPEasy: the cores' HTTPUpdateServer, without a password, where its flash has room for it.
 *   letscontrolit/ESPEasy src/src/WebServer/ESPEasy_WebServer.cpp (WebServerInit), JSON.cpp
 *   (handle_json), 404.cpp, lib/ESP32HTTPUpdateServer/ESP32HTTPUpdateServer.cpp
 */
static const struct espota_web_answer espeasy_pages[] = {
    {404, NULL, ESPOTA_E_REFUSED,
     "it offers no update: its flash has no room for a second program, or it was built without", 0,
     false},
    LAST,
};

static const struct espota_web_row rows[] = {
    {
        .kind = ESPOTA_WEB_ARDUINO,
        .name = "arduino",
        .title = "Arduino's HTTPUpdateServer",
        .user = "admin",
        .own_page = true,
        .packed_behind = true,
        .page = "/update",
        .body = ESPOTA_HTTP_BODY_FORM,
        .upload = "/update",
        .program = "firmware",
        .filesystem = "filesystem",
        .verdicts = arduino_verdicts,
    },
    {
        .kind = ESPOTA_WEB_ESPHOME,
        .name = "esphome",
        .title = "ESPHome",
        .user = "admin",
        .packed_behind = true,
        .page = "/",
        .body = ESPOTA_HTTP_BODY_FORM,
        .upload = "/update",
        .program = "update",
        .verdicts = esphome_verdicts,
    },
    {
        .kind = ESPOTA_WEB_ELEGANTOTA,
        .name = "elegantota",
        .title = "ElegantOTA",
        .user = "admin",
        .packed_behind = true,
        .page = "/update",
        .start = "/ota/start?mode={mode}&hash={md5}",
        .started = "OK",
        .body = ESPOTA_HTTP_BODY_FORM,
        .upload = "/ota/upload",
        .program = "firmware",
        .filesystem = "filesystem",
        .verdicts = elegant_verdicts,
    },
    {
        .kind = ESPOTA_WEB_TASMOTA,
        .name = "tasmota",
        .title = "Tasmota",
        .user = "admin",
        .referer = true,
        .page = "/up",
        .form = "name='u2'",
        .no_form = "its page for updates is not there: its web server only shows (the command "
                   "\"WebServer 2\" changes that)",
        .silent = "Tasmota answers only who names its own address: behind NAT or a proxy that "
                  "needs the command \"SetOption128 1\"",
        .start = "/u4?u4=fct&api=",
        .started = "true",
        .start_if = "return upl(this)",
        .body = ESPOTA_HTTP_BODY_FORM,
        .upload = "/u2?fsz={size}",
        .program = "u2",
        .verdicts = tasmota_verdicts,
        .words_from = "<font color='#",
        .words_until = "<form",
    },
    {
        .kind = ESPOTA_WEB_WLED,
        .name = "wled",
        .title = "WLED",
        .user = "admin",
        .page = "/update",
        .pages = wled_pages,
        .unlock = "/json/state",
        .body = ESPOTA_HTTP_BODY_FORM,
        .upload = "/update",
        .program = "update",
        .unchecked = "skipValidation",
        .verdicts = wled_verdicts,
        .words_from = "<h2>",
        .words_until = "<button",
    },
    {
        .kind = ESPOTA_WEB_OPENBEKEN,
        .name = "openbeken",
        .title = "OpenBeken",
        .user = "admin",
        .page = "/api/info",
        .body = ESPOTA_HTTP_BODY_RAW,
        .upload = "/api/ota",
        .verdicts = openbeken_verdicts,
        .unknown = "it was not told to restart and still runs the program that it had",
        .restart = "/index?restart=1",
    },
    {
        .kind = ESPOTA_WEB_ESPEASY,
        .name = "espeasy",
        .title = "ESPEasy",
        .user = "admin",
        .own_page = true,
        .packed_behind = true,
        .page = "/update",
        .pages = espeasy_pages,
        .body = ESPOTA_HTTP_BODY_FORM,
        .upload = "/update",
        .program = "firmware",
        .filesystem = "filesystem",
        .verdicts = arduino_verdicts,
    },
};

/*
 * JAndrassy/ArduinoOTA src/WiFiOTA.cpp (pollServer): raw bytes for one user, who must be named
 * at once, and no page; but any answer shows that it listens. For a second after an image it does
 * not: what connects then is dropped with its restart, and had the image gone there, nobody would
 * know whether it was taken. Its verdict is the status.
 */
static const struct espota_web_answer raw_verdicts[] = {
    {200, NULL, MEANS_YES},
    LAST,
};
const struct espota_web_row espota_web_raw_row = {
    .kind = ESPOTA_WEB_ARDUINO,
    .name = "arduino",
    .title = "the ArduinoOTA library",
    .user = "arduino",
    .own_page = true,
    .basic_first = true,
    .body = ESPOTA_HTTP_BODY_RAW,
    .filesystem = "",
    .verdicts = raw_verdicts,
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct espota_web_row *espota_web_row(enum espota_web_kind kind)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].kind == kind)
            return &rows[i];
    return NULL;
}

const char *espota_web_kind_name(enum espota_web_kind kind)
{
    const struct espota_web_row *row = espota_web_row(kind);

    return row != NULL ? row->name : NULL;
}

enum espota_status espota_web_kind_find(const char *name, enum espota_web_kind *out,
                                        struct espota_error *err)
{
    *out = ESPOTA_WEB_AUTO;
    if (name == NULL || strcmp(name, "auto") == 0)
        return ESPOTA_OK;
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            *out = rows[i].kind;
            return ESPOTA_OK;
        }
    }
    return espota_error_set(err, ESPOTA_E_USAGE,
                            "'%.40s' is no web updater that is known: auto, arduino, esphome, "
                            "elegantota, tasmota, wled, openbeken and espeasy are",
                            name);
}

bool espota_web_path_is_raw(const char *path)
{
    return strcmp(path, "/sketch") == 0 || strcmp(path, "/data") == 0;
}

/* --- what answers --- */

const char *espota_web_probe(unsigned number)
{
    static const char *const pages[] = {"/update", "/"};

    return number < sizeof(pages) / sizeof(pages[0]) ? pages[number] : NULL;
}

const char *espota_web_doubt(enum espota_web_kind kind)
{
    return kind == ESPOTA_WEB_ARDUINO ? "/json" : NULL;
}

/* What only these say, in every language of theirs. Sources: see the rows; of the pages of
 * ElegantOTA src/elop.cpp, of ESPHome web_server/__init__.py and web_server_v1.cpp, of OpenBeken
 * src/httpserver/new_http.c (htmlFooterInfo). */
static const struct {
    const char *part;
    enum espota_web_kind kind;
} signs[] = {
    {"ElegantOTA", ESPOTA_WEB_ELEGANTOTA},      {"<title>WLED", ESPOTA_WEB_WLED},
    {"settings PIN code", ESPOTA_WEB_WLED},     {"Theo Arends", ESPOTA_WEB_TASMOTA},
    {"openshwprojects", ESPOTA_WEB_OPENBEKEN},  {"<esp-app", ESPOTA_WEB_ESPHOME},
    {"esphome.io/web-api", ESPOTA_WEB_ESPHOME}, {"ESP Easy", ESPOTA_WEB_ESPEASY},
    {"\"Git Build\"", ESPOTA_WEB_ESPEASY},      {"name='firmware'", ESPOTA_WEB_ARDUINO},
};

enum espota_web_kind espota_web_recognize(const char *body, size_t length)
{
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (espota_web_holds(body, length, signs[i].part))
            return signs[i].kind;
    return ESPOTA_WEB_AUTO;
}
