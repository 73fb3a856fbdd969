/* SPDX-License-Identifier: MIT */
/* What became of an attempt at Meshtastic's OTA loader, as sentences. */
#include <errno.h>
#include <string.h>

#include "send/attempt.h"
#include "send/meshtastic/session.h"
#include "text/text.h"

/* Its errors (src/ota_processor.cpp), what to do, and whether they may not come the next time. */
static const struct error {
    const char *part;
    bool passes;
    const char *advice;
} errors[] = {
    {"Hash Rejected", false,
     "its loader was started for another file: a node that is told to update is told the SHA-256 "
     "of the one image that it will take; let it be that of this file"},
    {"No Hash", false, "its loader was not started for an update: start it for this file"},
    {"Unknown Command", false, "this loader is of another version than is known here"},
    {"Invalid", false, "this loader is of another version than is known here"},
    {"No Partition", false, "its partition table has no place for a program"},
    {"Hash Mismatch", false,
     "what it wrote is not what was sent; it has no program now, and its loader waits for the same "
     "image again"},
    {"OTA End", false, "this is not a program for its chip; it has none now, and its loader waits"},
    {"Flash Write", true,
     "it could not write its flash; it has no program now, and its loader "
     "waits for the same image again"},
};

static const struct error *find_error(const struct espota_outcome *o)
{
    char words[ESPOTA_OUTCOME_WORDS_MAX + 1];

    memcpy(words, o->words, o->words_length);
    words[o->words_length] = '\0';
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (strstr(words, errors[i].part) != NULL)
            return &errors[i];
    return NULL;
}

bool espota_meshtastic_passes(const struct espota_outcome *o)
{
    const struct error *found = find_error(o);

    return found != NULL && found->passes;
}

static void tell_no_answer(struct espota_builder *to, const struct espota_outcome *o,
                           struct espota_remedy *remedy)
{
    char text[ESPOTA_ADDRESS_TEXT];
    const char *device = espota_tell_device(o, false, text);

    if (o->reason[0] != '\0') {
        espota_builder_add(to, "%s", o->reason);
    } else if (o->caller.family != 0) {
        espota_builder_add(to,
                           "%s took the connection to TCP port %u and %s: another uploader may be "
                           "at it, or it is no loader of Meshtastic's",
                           device, o->device.port,
                           o->ended ? "closed it without a word" : "said nothing");
    } else if (o->os_error == ECONNREFUSED) {
        espota_builder_add(to,
                           "%s is up, but nothing listens on its TCP port %u: a node takes an "
                           "image only while its OTA loader runs, which Meshtastic's own programs "
                           "start for one image",
                           device, o->device.port);
    } else if (o->os_error != 0) {
        espota_builder_add(to, "cannot connect to %s: %s; is it switched on, and in this network?",
                           device, espota_os_text(o->os_error));
    } else {
        espota_builder_add(to, "no answer%s%s at TCP port %u within ", o->named ? " from " : "",
                           o->named ? device : "", o->device.port);
        espota_tell_seconds(to, o->timeout_ms);
        espota_builder_add(to, ": it may be off, still restarting into its OTA loader, or in "
                               "another network");
        remedy->ways |= ESPOTA_REMEDY_WAIT_LONGER;
    }
}

static void tell_refused(struct espota_builder *to, const struct espota_outcome *o)
{
    const struct error *found = find_error(o);

    espota_builder_add(to, "the device refused: ");
    espota_tell_words(to, o);
    if (found != NULL)
        espota_builder_add(to, "; %s", found->advice);
}

/* The program is overwritten in place. */
static void add_what_is_left(struct espota_builder *to, const struct espota_outcome *o)
{
    espota_builder_add(
        to, o->phase >= ESPOTA_MESHTASTIC_ERASING
                ? "; it has no program now, and its loader waits for the same image again"
                : "; it keeps the program that it had");
}

static void tell_broken(struct espota_builder *to, const struct espota_outcome *o)
{
    if (o->os_error != 0)
        espota_builder_add(to, "the connection broke after %u of %u bytes: %s", o->acked, o->total,
                           espota_os_text(o->os_error));
    else
        espota_builder_add(to, "%s after %u of %u bytes",
                           o->ended ? "it closed the connection" : "it took nothing more", o->acked,
                           o->total);
    add_what_is_left(to, o);
}

void espota_meshtastic_tell(struct espota_builder *to, const struct espota_outcome *o,
                            struct espota_remedy *remedy)
{
    switch (o->status) {
    case ESPOTA_OK:
        espota_builder_add(to, "the device has taken the image");
        break;
    case ESPOTA_E_NO_ANSWER:
        tell_no_answer(to, o, remedy);
        break;
    case ESPOTA_E_REFUSED:
        tell_refused(to, o);
        break;
    case ESPOTA_E_BROKEN:
        tell_broken(to, o);
        break;
    case ESPOTA_E_UNKNOWN:
        espota_tell_unknown(to, o);
        break;
    case ESPOTA_E_INTERRUPTED:
        if (o->sent > 0 && o->sent < o->total)
            tell_broken(to, o);
        else
            espota_tell_interrupted(to, o);
        break;
    default:
        espota_builder_add(to, "%s",
                           o->reason[0] != '\0' ? o->reason : espota_status_text(o->status));
        break;
    }
}
