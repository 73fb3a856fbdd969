/* SPDX-License-Identifier: MIT */
/* What became of an attempt by ESPHome's protocol, as sentences. */
#include "send/attempt.h"
#include "send/esphome/session.h"
#include "text/text.h"

/* What a device's error byte means, what to do, and whether it may go otherwise the next time. */
static const struct error_byte {
    uint8_t byte;
    bool passes;
    const char *text;
} error_bytes[] = {
    {ESPOTA_ESPHOME_E_MAGIC, false, "this is not a program for this chip"},
    {ESPOTA_ESPHOME_E_PREPARE, true,
     "it could not prepare for an update: another one may be under way, or its memory is short"},
    {ESPOTA_ESPHOME_E_WRITE, true, "it could not write its flash"},
    {ESPOTA_ESPHOME_E_END, false,
     "it does not accept what it has written: the image is not for this board, or damaged"},
    {ESPOTA_ESPHOME_E_BOOTSTRAP, false,
     "the board was last started by its serial loader: press reset or switch it off and on once"},
    {ESPOTA_ESPHOME_E_FLASH_CONFIG, false, "the running program was built for another flash size"},
    {ESPOTA_ESPHOME_E_NEW_FLASH_CONFIG, false,
     "the image was built for another flash size than this board has"},
    {ESPOTA_ESPHOME_E_SPACE_8266, false,
     "the image does not fit beside the running program: make it smaller, or update by way of a "
     "minimal one"},
    {ESPOTA_ESPHOME_E_SPACE_32, false, "the image is larger than the partition that it is for"},
    {ESPOTA_ESPHOME_E_NO_PARTITION, false,
     "its partition table has no place for an update: write one that has by cable"},
    {ESPOTA_ESPHOME_E_MD5, true, "the bytes changed on the way"},
    {ESPOTA_ESPHOME_E_SPACE_PICO, false,
     "the image does not fit beside the running program: make it smaller"},
    {ESPOTA_ESPHOME_E_SIGNATURE, false,
     "the image is not signed with a key that it trusts (secure boot)"},
    {ESPOTA_ESPHOME_E_TYPE, false, "it takes no such image"},
    {0x8f, false, "it found the partition table wrong and has not written it"},
    {0x90, false,
     "it could not write the partition table: do not switch it off, and write one by cable"},
    {0x91, false, "it found the boot loader wrong and has not written it"},
    {0x92, false,
     "it could not write the boot loader: do not switch it off, and write one by cable"},
    {ESPOTA_ESPHOME_E_DOWNGRADE, false, "the image is older than it allows"},
    {ESPOTA_ESPHOME_E_OTHER, true, "something failed there that it has no number for; see its log"},
};

static const struct error_byte *find_byte(unsigned byte)
{
    for (size_t i = 0; i < sizeof(error_bytes) / sizeof(error_bytes[0]); i++)
        if (error_bytes[i].byte == byte)
            return &error_bytes[i];
    return NULL;
}

bool espota_esphome_passes(const struct espota_outcome *o)
{
    const struct error_byte *found = find_byte(o->refusal);

    return o->esphome == ESPOTA_ESPHOME_NO_REASON && found != NULL && found->passes;
}

static void tell_no_answer(struct espota_builder *to, const struct espota_outcome *o,
                           struct espota_remedy *remedy)
{
    char text[ESPOTA_ADDRESS_TEXT];

    if (o->caller.family == 0) {
        espota_tell_unconnected(
            to, o,
            "does its configuration have \"ota: - platform: esphome\", and is the port right "
            "(ESP8266: 8266, ESP32: 3232, RP2040: 2040, BK72xx and RTL87xx: 8892, LN882x: 8820)?",
            "it may be off, asleep, or in another network; a device that sleeps needs longer",
            remedy);
        return;
    }
    espota_builder_add(to, "%s took the connection to TCP port %u and ",
                       espota_tell_device(o, false, text), o->device.port);
    if (o->ended) {
        espota_builder_add(to, "closed it without a word");
    } else {
        espota_builder_add(to, "said nothing within ");
        espota_tell_seconds(to, o->timeout_ms);
    }
    espota_builder_add(to, ": another uploader may be at it, or it is no device of ESPHome's");
}

static void tell_auth(struct espota_builder *to, const struct espota_outcome *o,
                      struct espota_remedy *remedy)
{
    if (o->esphome == ESPOTA_ESPHOME_NO_NOISE) {
        espota_builder_add(to,
                           "the device offers no encryption, and there is a key for it: nothing "
                           "was sent, for somebody on the way may have taken the offer out to "
                           "read the image. If its program is older than ESPHome 2026.9, or "
                           "has no key, it must be updated in clear once");
        remedy->ways |= ESPOTA_REMEDY_ALLOW_CLEAR;
    } else if (o->esphome == ESPOTA_ESPHOME_WRONG_KEY) {
        espota_builder_add(to,
                           "the key is not the device's: it is the one under \"api: encryption: "
                           "key:\" of the program that runs there now");
    } else if (o->esphome == ESPOTA_ESPHOME_TAMPERED && o->words_length > 0) {
        espota_builder_add(to, "the device refused the encryption: ");
        espota_tell_words(to, o);
    } else if (o->esphome == ESPOTA_ESPHOME_TAMPERED) {
        espota_builder_add(to, "the encryption could not begin: the key is not the device's, or "
                               "somebody changes on the way what is said");
    } else if (o->refusal == ESPOTA_ESPHOME_E_CLEAR) {
        espota_builder_add(to, "the device takes updates only encrypted, and no key was given");
        remedy->ways |= ESPOTA_REMEDY_GIVE_KEY;
    } else if (!o->had_password) {
        espota_builder_add(to, "the device wants a password and none was given");
        remedy->ways |= ESPOTA_REMEDY_GIVE_PASSWORD;
    } else {
        espota_builder_add(to, "the device did not accept the password: check it, and that it is "
                               "this device's (\"ota: password:\" of the program that runs there "
                               "now)");
    }
}

static void tell_refused(struct espota_builder *to, const struct espota_outcome *o)
{
    const struct error_byte *found = find_byte(o->refusal);

    if (o->esphome == ESPOTA_ESPHOME_NO_PARTITIONS)
        espota_builder_add(to, "the program that runs there takes nothing but programs: it was "
                               "built without \"allow_partition_access: true\", or is too old");
    else if (o->esphome == ESPOTA_ESPHOME_NOT_ITS_PROTOCOL)
        espota_builder_add(to,
                           "what answers at TCP port %u does not speak ESPHome's update "
                           "protocol, or a version of it that is not known here",
                           o->device.port);
    else if (found != NULL)
        espota_builder_add(to, "the device refused (0x%02x): %s", o->refusal, found->text);
    else
        espota_builder_add(to, "the device refused, by an error that is not known here: 0x%02x",
                           o->refusal);
}

static void tell_broken(struct espota_builder *to, const struct espota_outcome *o)
{
    if (o->esphome == ESPOTA_ESPHOME_TAMPERED) {
        espota_builder_add(to,
                           "after %u of %u bytes something came that the device's key did not "
                           "make: somebody may be changing on the way what is said",
                           o->acked, o->total);
    } else if (o->phase < ESPOTA_ESPHOME_STREAMING && !o->ended) {
        espota_builder_add(to, "it said nothing more for ");
        espota_tell_seconds(to, o->timeout_ms);
        espota_builder_add(to, "%s; the device keeps the program that it had",
                           o->phase >= ESPOTA_ESPHOME_PREPARING
                               ? ", while it should have made room for the image"
                               : ", before the image was announced");
    } else {
        espota_tell_broken(to, o);
    }
}

void espota_esphome_tell(struct espota_builder *to, const struct espota_outcome *o,
                         struct espota_remedy *remedy)
{
    switch (o->status) {
    case ESPOTA_E_NO_ANSWER:
        tell_no_answer(to, o, remedy);
        break;
    case ESPOTA_E_AUTH:
        tell_auth(to, o, remedy);
        break;
    case ESPOTA_E_REFUSED:
    case ESPOTA_E_IMAGE:
        tell_refused(to, o);
        break;
    case ESPOTA_E_BROKEN:
        tell_broken(to, o);
        break;
    default:
        espota_tell_end(to, o);
        break;
    }
}
