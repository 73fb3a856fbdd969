/* SPDX-License-Identifier: MIT */
/* What the device's page for updates says, as ESP8266HTTPUpdateServer says it (PROTOCOL 5.5). */
#include "core/web_updater.h"

#include "wire/wire.h"

static const char form[] =
    "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
    "<meta name='viewport' content='width=device-width,initial-scale=1'>\n"
    "<title>Update</title>\n</head>\n<body>\n"
    "<form method='POST' action='' enctype='multipart/form-data'>\n<p>Firmware:<br>\n"
    "<input type='file' accept='.bin,.bin.gz' name='firmware'>\n"
    "<input type='submit' value='Update Firmware'></p>\n</form>\n"
    "<form method='POST' action='' enctype='multipart/form-data'>\n<p>FileSystem:<br>\n"
    "<input type='file' accept='.bin,.bin.gz' name='filesystem'>\n"
    "<input type='submit' value='Update FileSystem'></p>\n</form>\n"
    "</body>\n</html>\n";

static const struct {
    const char *status;
    const char *type;
    const char *headers; /* of its own, each with its line end */
    const char *body;
} pages[ESPOTA_PAGE_COUNT] = {
    [ESPOTA_PAGE_FORM] = {"200 OK", "text/html", "", form},
    [ESPOTA_PAGE_SUCCESS] = {"200 OK", "text/html", "",
                             "<META http-equiv=\"refresh\" content=\"15;URL=/\">Update Success! "
                             "Rebooting..."},
    [ESPOTA_PAGE_FAILURE] = {"200 OK", "text/html", "", ""},
    [ESPOTA_PAGE_OPTIONS] = {"200 OK", "text/html",
                             "Access-Control-Allow-Headers: *\r\n"
                             "Access-Control-Allow-Origin: *\r\n",
                             "y"},
    [ESPOTA_PAGE_UNAUTHORIZED] = {"401 Unauthorized", "text/html",
                                  "WWW-Authenticate: Basic realm=\"Login Required\"\r\n", ""},
    [ESPOTA_PAGE_NOT_FOUND] = {"404 Not Found", "text/plain", "", "Not found\n"},
    [ESPOTA_PAGE_BAD_REQUEST] = {"400 Bad Request", "text/plain", "", "Bad request\n"},
    [ESPOTA_PAGE_LENGTH_REQUIRED] = {"411 Length Required", "text/plain", "",
                                     "Content-Length is missing\n"},
};

size_t espota_web_page(enum espota_web_page page, const char *words, char *head, size_t room,
                       const char **body, size_t *body_length)
{
    struct espota_writer writer;

    *body = page == ESPOTA_PAGE_FAILURE ? words : pages[page].body;
    *body_length = espota_text_length(*body, SIZE_MAX);
    espota_writer_init(&writer, head, room);
    espota_write_text(&writer, "HTTP/1.1 ");
    espota_write_text(&writer, pages[page].status);
    espota_write_text(&writer, "\r\nContent-Type: ");
    espota_write_text(&writer, pages[page].type);
    espota_write_text(&writer, "\r\n");
    espota_write_text(&writer, pages[page].headers);
    espota_write_text(&writer, "Content-Length: ");
    espota_write_decimal(&writer, (uint32_t)*body_length);
    espota_write_text(&writer, "\r\nConnection: close\r\n\r\n");
    return writer.used;
}
