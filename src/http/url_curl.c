/* SPDX-License-Identifier: MIT */
/*
 * curl takes URLs apart here as it does when it connects: two parsers that differ are how a request
 * goes to another host than the one that was checked.
 */
#include <stdio.h>
#include <string.h>

#include "http/http.h"
#include "lazy/curl.h"
#include "wire/wire.h"

/* Copies a part of the URL; "" where it has none. False: it does not fit. */
static bool take(CURLU *url, CURLUPart part, unsigned flags, char *out, size_t room)
{
    char *text = NULL;
    bool fits = true;

    out[0] = '\0';
    if (curl_url_get(url, part, &text, flags) == CURLUE_OK && text != NULL) {
        fits = strlen(text) < room;
        if (fits)
            memcpy(out, text, strlen(text) + 1);
    }
    curl_free(text);
    return fits;
}

static enum espota_status take_password(CURLU *url, struct espota_url *out,
                                        struct espota_error *err)
{
    char *text = NULL;
    enum espota_status status = ESPOTA_OK;

    if (curl_url_get(url, CURLUPART_PASSWORD, &text, CURLU_URLDECODE) == CURLUE_OK &&
        text != NULL) {
        status = espota_secret_copy(&out->password, text, strlen(text), err);
        espota_wipe(text, strlen(text));
    }
    curl_free(text);
    return status;
}

/* "[fe80::1]" is an address, the brackets are the URL's. */
static void strip_brackets(char *host)
{
    size_t length = strlen(host);

    if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    }
}

static enum espota_status take_parts(CURLU *url, struct espota_url *out, struct espota_error *err)
{
    char scheme[16];
    char port[8];
    char host[sizeof(out->host)];
    bool fits = take(url, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) &&
                take(url, CURLUPART_HOST, 0, host, sizeof(host)) &&
                take(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof(port)) &&
                take(url, CURLUPART_PATH, 0, out->path, sizeof(out->path)) &&
                take(url, CURLUPART_USER, CURLU_URLDECODE, out->user, sizeof(out->user));
    enum espota_status status = take_password(url, out, err);
    uint32_t number;

    if (status != ESPOTA_OK)
        return status;
    out->tls = strcmp(scheme, "https") == 0;
    if (!fits || host[0] == '\0' || (!out->tls && strcmp(scheme, "http") != 0) ||
        !espota_decimal_parse(port, strlen(port), 65535, &number) || number == 0)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "this is no http:// or https:// URL of a device");
    out->port = (uint16_t)number;
    snprintf(out->authority, sizeof(out->authority),
             number == (out->tls ? 443u : 80u) ? "%s" : "%s:%u", host, (unsigned)number);
    snprintf(out->host, sizeof(out->host), "%s", host);
    strip_brackets(out->host);
    /* what may be shown, and what curl gets: credentials come by other ways */
    (void)curl_url_set(url, CURLUPART_USER, NULL, 0);
    (void)curl_url_set(url, CURLUPART_PASSWORD, NULL, 0);
    (void)curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0);
    if (!take(url, CURLUPART_URL, 0, out->clean, sizeof(out->clean)))
        return espota_error_set(err, ESPOTA_E_USAGE, "the URL is too long");
    return ESPOTA_OK;
}

enum espota_status espota_url_parse(const char *text, struct espota_url *out,
                                    struct espota_error *err)
{
    CURLU *url;
    enum espota_status status = espota_lazy_curl(err);

    memset(out, 0, sizeof(*out));
    if (status != ESPOTA_OK)
        return status;
    url = curl_url();
    if (url == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a URL");
    if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK)
        status =
            espota_error_set(err, ESPOTA_E_USAGE, "this is no http:// or https:// URL of a device");
    else
        status = take_parts(url, out, err);
    curl_url_cleanup(url);
    if (status != ESPOTA_OK)
        espota_url_deinit(out);
    return status;
}

bool espota_url_at(const struct espota_url *url, const char *page, char out[ESPOTA_URL_MAX])
{
    CURLU *whole = curl_url();
    bool good = whole != NULL && curl_url_set(whole, CURLUPART_URL, url->clean, 0) == CURLUE_OK &&
                curl_url_set(whole, CURLUPART_URL, page, 0) == CURLUE_OK &&
                take(whole, CURLUPART_URL, 0, out, ESPOTA_URL_MAX);

    curl_url_cleanup(whole);
    return good;
}

void espota_url_deinit(struct espota_url *url)
{
    espota_secret_wipe(&url->password);
}
