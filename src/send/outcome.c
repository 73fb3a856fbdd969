/* SPDX-License-Identifier: MIT */
/*
 * All words about an attempt, whatever its road: an attempt hands over facts, and only here they
 * become a sentence. What a device said is somebody else's text and is escaped before it is shown.
 */
#include "send/attempt.h"

#include <errno.h>
#include <string.h>

#include "text/text.h"
#include "wire/wire.h"

void espota_tell_words(struct espota_builder *to, const struct espota_outcome *o)
{
    char shown[4 * ESPOTA_OUTCOME_WORDS_MAX + 8];

    espota_text_printable(o->words, o->words_length, shown, sizeof(shown));
    espota_builder_add(to, "\"%s\"", shown);
}

void espota_tell_seconds(struct espota_builder *to, uint32_t ms)
{
    if (ms % 1000 == 0)
        espota_builder_add(to, "%u s", ms / 1000);
    else
        espota_builder_add(to, "%u.%03u s", ms / 1000, ms % 1000);
}

/* Who stands in front of the sentence already, by address, is not named again. */
const char *espota_tell_device(const struct espota_outcome *o, bool port,
                               char text[ESPOTA_ADDRESS_TEXT])
{
    return o->named ? espota_address_format(&o->device, port, text) : "it";
}

/* A device in the middle of an update: what is in its flash now. */
static void add_what_is_left(struct espota_builder *to, const struct espota_outcome *o)
{
    if (o->command == ESPOTA_COMMAND_FILESYSTEM && o->sent > 0)
        espota_builder_add(to, "; its file system is part old and part new now: upload it again");
    else
        espota_builder_add(to, "; the device keeps the program that it had");
}

/* Their ports are the same numbers. */
static void add_other_protocol(struct espota_builder *to, const struct espota_outcome *o,
                               struct espota_remedy *remedy)
{
    espota_builder_add(to,
                       "; TCP port %u answers there: it may run ESPHome, which has a protocol of "
                       "its own",
                       o->device.port);
    remedy->ways |= ESPOTA_REMEDY_AS_ESPHOME;
}

static void tell_unreachable(struct espota_builder *to, const struct espota_outcome *o,
                             struct espota_remedy *remedy)
{
    char device[ESPOTA_ADDRESS_TEXT], teller[ESPOTA_ADDRESS_TEXT];

    switch (o->unreachable) {
    case ESPOTA_UNREACHABLE_PORT:
        espota_builder_add(to, "%s is up, but nothing listens on its UDP port %u",
                           espota_tell_device(o, false, device), o->device.port);
        if (o->knock == ESPOTA_KNOCK_OPEN)
            add_other_protocol(to, o, remedy);
        else
            espota_builder_add(
                to, ": does its program call ArduinoOTA.begin() and handle(), and is the port "
                    "right (ESP8266: 8266, ESP32: 3232, RP2040: 2040)?");
        return;
    case ESPOTA_UNREACHABLE_HOST:
    case ESPOTA_UNREACHABLE_NETWORK:
        espota_builder_add(to, "%s cannot be reached", espota_tell_device(o, false, device));
        break;
    case ESPOTA_UNREACHABLE_FORBIDDEN:
        espota_builder_add(to, "a filter on the way to %s forbids the invitation",
                           espota_tell_device(o, false, device));
        break;
    }
    if (o->teller.family != 0)
        espota_builder_add(to, " (says %s)", espota_address_format(&o->teller, false, teller));
    espota_builder_add(to, ": is it switched on, in this network, and is the address right?");
}

/* Somebody did call back. */
static bool add_stranger(struct espota_builder *to, const struct espota_outcome *o,
                         struct espota_remedy *remedy)
{
    if (o->stranger.family == 0)
        return false;
    espota_builder_add(to,
                       "; but %s, which was not invited, connected meanwhile and was turned away, "
                       "and may be the device (NAT, two interfaces)",
                       espota_address_format(&o->stranger, false, remedy->peer));
    remedy->ways |= ESPOTA_REMEDY_NAME_PEER;
    return true;
}

/* Not a word to any invitation, from the device or from the network. */
static void tell_silence(struct espota_builder *to, const struct espota_outcome *o,
                         struct espota_remedy *remedy)
{
    char device[ESPOTA_ADDRESS_TEXT];

    espota_builder_add(
        to, "no answer%s%s to %u invitations to UDP port %u within ", o->named ? " from " : "",
        o->named ? espota_tell_device(o, false, device) : "", o->invitations, o->device.port);
    espota_tell_seconds(to, o->timeout_ms);
    if (add_stranger(to, o, remedy))
        return;
    switch (o->knock) {
    case ESPOTA_KNOCK_OPEN:
        add_other_protocol(to, o, remedy);
        return;
    case ESPOTA_KNOCK_REFUSED:
        espota_builder_add(
            to, ", but it is up (it answers by TCP): another uploader may be at it, its program "
                "may be too busy to call ArduinoOTA.handle(), or something on the way keeps UDP "
                "back; try again in a minute, or switch it off and on");
        return;
    case ESPOTA_KNOCK_NONE:
    case ESPOTA_KNOCK_SILENT:
        break;
    }
    espota_builder_add(
        to, ": it may be off, asleep, in another network, or listen on another port (ESP8266: "
            "8266, ESP32: 3232, RP2040: 2040); a device that sleeps needs longer");
    remedy->ways |= ESPOTA_REMEDY_WAIT_LONGER;
}

static void tell_no_answer(struct espota_builder *to, const struct espota_outcome *o,
                           struct espota_remedy *remedy)
{
    char device[ESPOTA_ADDRESS_TEXT];

    if (o->os_error != 0) {
        espota_builder_add(to, "cannot send to %s: %s; is the network up, and the address in it?",
                           espota_tell_device(o, true, device), espota_os_text(o->os_error));
        return;
    }
    if (o->challenge != 0) {
        espota_builder_add(to, "%s asked for the password but never reacted to the answer within ",
                           espota_tell_device(o, true, device));
        espota_tell_seconds(to, o->timeout_ms);
        espota_builder_add(
            to, "; its program may be too busy to call ArduinoOTA.handle(): try again, or give it "
                "longer");
        remedy->ways |= ESPOTA_REMEDY_WAIT_LONGER;
        return;
    }
    if (o->has_unreachable) {
        tell_unreachable(to, o, remedy);
        return;
    }
    tell_silence(to, o, remedy);
}

static const char *scheme_text(const struct espota_outcome *o)
{
    return o->challenge == ESPOTA_NONCE_MD5 ? "MD5 (ESP8266, RP2040, ESP32 core up to 3.3.0)"
                                            : "PBKDF2-HMAC-SHA256 (ESP32 core from 3.3.1 on)";
}

static void tell_auth(struct espota_builder *to, const struct espota_outcome *o,
                      struct espota_remedy *remedy)
{
    if (o->auth == ESPOTA_UPLOAD_AUTH_MD5 && o->challenge == ESPOTA_NONCE_SHA256) {
        espota_builder_add(to, "the device asks by %s, and only md5 is allowed", scheme_text(o));
        remedy->ways |= ESPOTA_REMEDY_ANY_SCHEME;
        return;
    }
    if (o->auth == ESPOTA_UPLOAD_AUTH_SHA256 && o->challenge == ESPOTA_NONCE_MD5) {
        espota_builder_add(to, "the device asks by %s, and only sha256 is allowed", scheme_text(o));
        remedy->ways |= ESPOTA_REMEDY_ANY_SCHEME;
        return;
    }
    if (!o->had_password) {
        espota_builder_add(to, "the device wants a password and none was given");
        remedy->ways |= ESPOTA_REMEDY_GIVE_PASSWORD;
        return;
    }
    if (o->empty_password) {
        espota_builder_add(
            to, "the device wants a password and none was given (the empty one is not it)");
        remedy->ways |= ESPOTA_REMEDY_GIVE_PASSWORD;
        return;
    }
    espota_builder_add(to,
                       "the device did not accept the password: check it, and that it is this "
                       "device's. The device asks by %s",
                       scheme_text(o));
    if (o->challenge == ESPOTA_NONCE_SHA256 && o->auth != ESPOTA_UPLOAD_AUTH_SHA256)
        espota_builder_add(
            to, ", and neither the SHA-256 form of the password nor the MD5 form was right");
    espota_builder_add(to, ". If it is right and the program calls setPasswordHash(): the hash "
                           "must be in lower case there");
    if (o->challenge == ESPOTA_NONCE_SHA256 && o->auth == ESPOTA_UPLOAD_AUTH_SHA256) {
        espota_builder_add(to, ", and the form for an MD5 hash was not tried");
        remedy->ways |= ESPOTA_REMEDY_ANY_SCHEME;
    }
}

void espota_tell_broken(struct espota_builder *to, const struct espota_outcome *o)
{
    if (o->words_length > 0) {
        espota_builder_add(to, "the device said ");
        espota_tell_words(to, o);
        espota_builder_add(to, " when it had %u of %u bytes: that is no success", o->acked,
                           o->total);
        return;
    }
    if (!o->ended) {
        espota_builder_add(to, "the transfer stood still for ");
        espota_tell_seconds(to, o->timeout_ms);
        espota_builder_add(to, " after %u of %u bytes", o->acked, o->total);
    } else if (o->os_error != 0) {
        espota_builder_add(to, "the connection broke after %u of %u bytes: %s", o->acked, o->total,
                           espota_os_text(o->os_error));
    } else {
        espota_builder_add(to,
                           "the device closed the connection after %u of %u bytes, without a word",
                           o->acked, o->total);
    }
    add_what_is_left(to, o);
}

static void tell_unknown(struct espota_builder *to, const struct espota_outcome *o)
{
    espota_builder_add(to, "the whole image was sent, but ");
    if (o->ended && o->os_error != 0)
        espota_builder_add(to, "the connection broke (%s) before the device said OK",
                           espota_os_text(o->os_error));
    else if (o->ended)
        espota_builder_add(to, "the device closed the connection without saying OK");
    else if (o->acked < o->total)
        espota_builder_add(to, "the device took only %u of %u bytes of it in time", o->acked,
                           o->total);
    else
        espota_builder_add(to, "the device did not say OK in time");
    espota_builder_add(
        to, ": it may or may not have taken it; look at the device before sending again");
}

static void tell_interrupted(struct espota_builder *to, const struct espota_outcome *o)
{
    if (o->caller.family == 0) {
        espota_builder_add(to, "stopped before anything was sent; the device keeps what it has");
        return;
    }
    if (o->sent == o->total) {
        espota_builder_add(
            to, "stopped after the last byte was sent and before the device said OK: it may or "
                "may not have taken the image; look at it before sending again");
        return;
    }
    espota_builder_add(to, "stopped after %u of %u bytes", o->acked, o->total);
    add_what_is_left(to, o);
}

static void tell_no_callback(struct espota_builder *to, const struct espota_outcome *o,
                             struct espota_remedy *remedy)
{
    espota_builder_add(to, "the device said OK but did not connect to TCP port %u here within ",
                       o->host_port);
    espota_tell_seconds(to, o->timeout_ms);
    (void)add_stranger(to, o, remedy);
}

/* A refusal's words: which of them say what to do, and whether the same will be said again. */
static const struct espota_refusal refusals[] = {
    {"Not Enough Space", false,
     "the image does not fit beside the running program: make it smaller, compress it where the "
     "device can unpack, or choose a flash layout with more room"},
    {"Bad Size Given", false, "the image is larger than the partition that it is for"},
    {"Magic byte", false, "this is not a program for this chip"},
    {"Wrong Magic Byte", false, "this is not a program for this chip"},
    {"Decryption error", false,
     "this is not a program for this chip (an ESP32 without setupCrypt() takes every other first "
     "byte "
     "for encryption), or it is encrypted with another key"},
    {"Flash config wrong", false, "the running program was built for another flash size"},
    {"new Flash config", false, "the image was built for another flash size than this board has"},
    {"Invalid bootstrapping", false,
     "the board was last started by its serial loader: press reset or switch it off and on once"},
    {"ignature", false, "sign the image with the key that the running program trusts"},
    {"Unknown update command", false, "this device takes no such image"},
    {"MD5", true, "the bytes changed on the way"},
    {"Flash Write Failed", true, NULL},
    {"Flash Erase Failed", true, NULL},
    {"Flash Read Failed", true, NULL},
    {"Stream Read Timeout", true, "the link is too slow or too bad"},
    {"Out of memory", true, "the device has too little free memory now"},
    {"already running", true, "another upload to it is under way"},
    {NULL, false, NULL},
};

const struct espota_refusal *espota_find_refusal(const struct espota_refusal *list,
                                                 const struct espota_outcome *o)
{
    char words[ESPOTA_OUTCOME_WORDS_MAX + 1];

    memcpy(words, o->words, o->words_length);
    words[o->words_length] = '\0';
    for (; list->part != NULL; list++)
        if (strstr(words, list->part) != NULL)
            return list;
    return NULL;
}

/* What the image is may say more than the device's words alone. */
static const char *advice_of(const struct espota_refusal *refusal, const struct espota_outcome *o)
{
    bool room = strcmp(refusal->part, "Not Enough Space") == 0 ||
                strcmp(refusal->part, "Bad Size Given") == 0;

    if (room && o->command == ESPOTA_COMMAND_FILESYSTEM)
        return "the image is larger than the device's file system: make it for the flash layout "
               "that the running program was built with";
    if (strcmp(refusal->part, "MD5") == 0 && o->odd_flash_mode)
        return "the image names a flash mode that no ESP8266 has, so the device computes another "
               "MD5 than is right: build it for the board's flash mode";
    return refusal->advice;
}

static void tell_refused(struct espota_builder *to, const struct espota_outcome *o)
{
    const struct espota_refusal *refusal = espota_find_refusal(refusals, o);

    espota_builder_add(to, "the device refused: ");
    espota_tell_words(to, o);
    if (refusal != NULL && refusal->advice != NULL)
        espota_builder_add(to, "; %s", advice_of(refusal, o));
}

/* --- a web updater --- */

static void tell_web_auth(struct espota_builder *to, const struct espota_outcome *o,
                          struct espota_remedy *remedy)
{
    if (o->advice != NULL) {
        espota_builder_add(to, "%s", o->advice);
        return;
    }
    if (o->had_password)
        espota_builder_add(to, "it refused the user '%s' with this password", o->user);
    else
        espota_builder_add(to, "it wants a password, and none was given");
    remedy->ways |= o->had_password ? ESPOTA_REMEDY_OTHER_LOGIN : ESPOTA_REMEDY_GIVE_PASSWORD;
}

/* What the page says, or what there is to say where it says nothing. */
static void add_page(struct espota_builder *to, const struct espota_outcome *o, const char *else_)
{
    if (o->words_length > 0)
        espota_builder_add(to, "%.*s", (int)o->words_length, (const char *)o->words);
    else
        espota_builder_add(to, "%s", else_);
}

static void add_advice(struct espota_builder *to, const struct espota_outcome *o)
{
    const struct espota_refusal *refusal =
        espota_find_refusal(refusals, o); /* the cores' own words, whatever the road */
    const char *advice = o->advice;

    if (advice == NULL && refusal != NULL && o->web != ESPOTA_WEB_TASMOTA)
        advice = advice_of(refusal, o);
    if (advice != NULL)
        espota_builder_add(to, "; %s", advice);
}

static void tell_web_refused(struct espota_builder *to, const struct espota_outcome *o)
{
    if (o->http == 0) { /* not by the device */
        espota_builder_add(to, "%s", o->advice);
        return;
    }
    if (!o->sending && o->http >= 300 && o->http < 400) {
        espota_builder_add(to, "it redirects elsewhere (HTTP %u); name the updater itself",
                           o->http);
        return;
    }
    espota_builder_add(to, "the device said (HTTP %u): ", o->http);
    add_page(to, o, "nothing more");
    add_advice(to, o);
}

static void tell_web_broken(struct espota_builder *to, const struct espota_outcome *o)
{
    if (o->reason[0] != '\0') {
        espota_builder_add(to, "broke off after %u of %u bytes: %s", o->acked, o->total, o->reason);
        return;
    }
    espota_builder_add(to, "it took nothing more for ");
    espota_tell_seconds(to, o->timeout_ms);
    espota_builder_add(to, ", after %u of %u bytes", o->acked, o->total);
}

static void tell_web_unknown(struct espota_builder *to, const struct espota_outcome *o)
{
    if (o->advice != NULL) {
        espota_builder_add(to, "the whole image was sent, and no verdict came: %s", o->advice);
    } else if (o->reason[0] != '\0') {
        espota_builder_add(to, "it closed the connection without a verdict after the whole image; "
                               "look at the device before you send it again");
    } else if (o->http != 0 && o->sending) {
        espota_builder_add(to, "its page says neither success nor failure: ");
        add_page(to, o, "it is empty");
    } else if (o->acked == o->total) {
        espota_builder_add(to, "the device has the whole image and says nothing; look at it "
                               "before you send it again");
    } else {
        tell_unknown(to, o);
    }
}

static void tell_web_interrupted(struct espota_builder *to, const struct espota_outcome *o)
{
    if (o->sent == o->total) {
        espota_builder_add(
            to, "stopped after the last byte and before the verdict: the device may or may not "
                "have taken the image; look at it before you send it again");
        return;
    }
    espota_builder_add(to, "stopped after %u of %u bytes", o->acked, o->total);
    add_what_is_left(to, o);
}

static void tell_web(struct espota_builder *to, const struct espota_outcome *o,
                     struct espota_remedy *remedy)
{
    remedy->ways |= o->ways;
    switch (o->status) {
    case ESPOTA_OK:
        add_page(to, o, "done");
        break;
    case ESPOTA_E_AUTH:
        tell_web_auth(to, o, remedy);
        break;
    case ESPOTA_E_REFUSED:
        tell_web_refused(to, o);
        break;
    case ESPOTA_E_BROKEN:
        tell_web_broken(to, o);
        break;
    case ESPOTA_E_UNKNOWN:
        tell_web_unknown(to, o);
        break;
    case ESPOTA_E_INTERRUPTED:
        tell_web_interrupted(to, o);
        break;
    case ESPOTA_E_LOCAL:
        espota_builder_add(to, "%s", o->reason);
        remedy->ways |= ESPOTA_REMEDY_NAME_CERTIFICATE;
        break;
    case ESPOTA_E_IMAGE:
        espota_builder_add(to, "%s", o->advice);
        break;
    default:
        espota_builder_add(to, "%s", o->reason[0] != '\0' ? o->reason : "no answer within ");
        if (o->reason[0] == '\0')
            espota_tell_seconds(to, o->timeout_ms);
        if (o->advice != NULL)
            espota_builder_add(to, " (%s)", o->advice);
        break;
    }
}

/* --- the wait afterwards --- */

static void tell_wait(struct espota_builder *to, const struct espota_outcome *o)
{
    double seconds = (double)o->waited_ms / 1000;

    espota_builder_add(to, "the device has taken the image");
    switch (o->status) {
    case ESPOTA_OK:
        espota_builder_add(to, " and is back online after %.1f s", seconds);
        break;
    case ESPOTA_E_NO_ANSWER:
        espota_builder_add(to,
                           " and went silent, but was not back online within %.0f s: look at it "
                           "before sending again",
                           seconds);
        break;
    case ESPOTA_E_INTERRUPTED:
        espota_builder_add(to, "; stopped before it was seen back online");
        break;
    default:
        espota_builder_add(to,
                           ", but in %.0f s nothing showed that it restarted: look at it before "
                           "sending again",
                           seconds);
        break;
    }
}

/* --- all of them --- */

void espota_tell_unconnected(struct espota_builder *to, const struct espota_outcome *o,
                             const char *nobody_listens, const char *silent,
                             struct espota_remedy *remedy)
{
    char text[ESPOTA_ADDRESS_TEXT];
    const char *device = espota_tell_device(o, false, text);

    if (o->reason[0] != '\0') {
        espota_builder_add(to, "%s", o->reason);
    } else if (o->os_error == ECONNREFUSED) {
        espota_builder_add(to, "%s is up, but nothing listens on its TCP port %u: %s", device,
                           o->device.port, nobody_listens);
    } else if (o->os_error != 0) {
        espota_builder_add(to, "cannot connect to %s: %s; is it switched on, and in this network?",
                           device, espota_os_text(o->os_error));
    } else {
        espota_builder_add(to, "no answer%s%s at TCP port %u within ", o->named ? " from " : "",
                           o->named ? device : "", o->device.port);
        espota_tell_seconds(to, o->timeout_ms);
        espota_builder_add(to, ": %s", silent);
        remedy->ways |= ESPOTA_REMEDY_WAIT_LONGER;
    }
}

void espota_tell_end(struct espota_builder *to, const struct espota_outcome *o)
{
    switch (o->status) {
    case ESPOTA_OK:
        espota_builder_add(to, "the device has taken the image");
        break;
    case ESPOTA_E_BROKEN:
        espota_tell_broken(to, o);
        break;
    case ESPOTA_E_UNKNOWN:
        tell_unknown(to, o);
        break;
    case ESPOTA_E_INTERRUPTED:
        tell_interrupted(to, o);
        break;
    default:
        espota_builder_add(to, "%s",
                           o->reason[0] != '\0' ? o->reason : espota_status_text(o->status));
        break;
    }
}

static void tell_callback(struct espota_builder *to, const struct espota_outcome *o,
                          struct espota_remedy *remedy)
{
    char device[ESPOTA_ADDRESS_TEXT];

    switch (o->status) {
    case ESPOTA_E_NO_ANSWER:
        tell_no_answer(to, o, remedy);
        break;
    case ESPOTA_E_NO_CALLBACK:
        tell_no_callback(to, o, remedy);
        break;
    case ESPOTA_E_AUTH:
        tell_auth(to, o, remedy);
        break;
    case ESPOTA_E_REFUSED:
        tell_refused(to, o);
        break;
    case ESPOTA_E_LOCAL:
    case ESPOTA_E_MEMORY:
        if (o->os_error != 0)
            espota_builder_add(to,
                               "cannot send to %s: %s; does a firewall of this machine forbid it?",
                               espota_tell_device(o, true, device), espota_os_text(o->os_error));
        else
            espota_tell_end(to, o);
        break;
    default:
        espota_tell_end(to, o);
        break;
    }
}

void espota_outcome_text(const struct espota_outcome *o, char *out, size_t room,
                         struct espota_remedy *remedy)
{
    struct espota_builder to;

    *remedy = (struct espota_remedy){0};
    espota_builder_init(&to, out, room);
    switch (o->road) {
    case ESPOTA_ROAD_CALLBACK:
        tell_callback(&to, o, remedy);
        break;
    case ESPOTA_ROAD_WEB:
        tell_web(&to, o, remedy);
        break;
    case ESPOTA_ROAD_ESPHOME:
        espota_esphome_tell(&to, o, remedy);
        break;
    case ESPOTA_ROAD_MESHTASTIC:
        espota_meshtastic_tell(&to, o, remedy);
        break;
    case ESPOTA_ROAD_WAIT:
        tell_wait(&to, o);
        break;
    }
}

enum espota_doubt espota_outcome_doubt(const struct espota_outcome *o)
{
    bool silent = o->status == ESPOTA_E_NO_ANSWER && o->challenge == 0 && !o->has_unreachable &&
                  o->os_error == 0 && o->knock != ESPOTA_KNOCK_OPEN;

    /* whoever connected got through every firewall */
    if (o->road != ESPOTA_ROAD_CALLBACK || o->stranger.family != 0)
        return ESPOTA_DOUBT_NONE;
    if (o->status == ESPOTA_E_NO_CALLBACK)
        return ESPOTA_DOUBT_CALLBACK;
    return silent ? ESPOTA_DOUBT_ROUTE : ESPOTA_DOUBT_NONE;
}

bool espota_outcome_again(const struct espota_outcome *o)
{
    const struct espota_refusal *refusal;

    if (o->total > 0 && o->sent == o->total)
        return false;
    switch (o->status) {
    case ESPOTA_E_NO_ANSWER:
        /* the device says to the end that nobody listens there: the attempt has asked for long
         * enough; one that says it once may have been restarting */
        return o->challenge != 0 || !o->has_unreachable || o->silent_since ||
               o->unreachable != ESPOTA_UNREACHABLE_PORT;
    case ESPOTA_E_NO_CALLBACK:
    case ESPOTA_E_BROKEN:
        return true;
    case ESPOTA_E_REFUSED:
        if (o->road == ESPOTA_ROAD_ESPHOME)
            return espota_esphome_passes(o);
        if (o->road == ESPOTA_ROAD_MESHTASTIC)
            return espota_meshtastic_passes(o);
        if (o->road != ESPOTA_ROAD_CALLBACK)
            return false;
        refusal = espota_find_refusal(refusals, o);
        return refusal != NULL && refusal->passes;
    default:
        return false;
    }
}
