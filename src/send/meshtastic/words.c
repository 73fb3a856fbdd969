/* SPDX-License-Identifier: MIT */
/* What became of an attempt at Meshtastic's OTA loader, as sentences. */
#include "send/attempt.h"
#include "send/meshtastic/session.h"
#include "text/text.h"

/* Its errors (src/ota_processor.cpp), what to do, and whether they may not come the next time. */
static const struct espota_refusal errors[] = {
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
    {NULL, false, NULL},
};

bool espota_meshtastic_passes(const struct espota_outcome *o)
{
    const struct espota_refusal *found = espota_find_refusal(errors, o);

    return found != NULL && found->passes;
}

static void tell_no_answer(struct espota_builder *to, const struct espota_outcome *o,
                           struct espota_remedy *remedy)
{
    char text[ESPOTA_ADDRESS_TEXT];

    if (o->caller.family == 0)
        espota_tell_unconnected(
            to, o,
            "a node takes an image only while its OTA loader runs, which Meshtastic's own programs "
            "start for one image",
            "it may be off, still restarting into its OTA loader, or in another network", remedy);
    else
        espota_builder_add(to,
                           "%s took the connection to TCP port %u and %s: another uploader may be "
                           "at it, or it is no loader of Meshtastic's",
                           espota_tell_device(o, false, text), o->device.port,
                           o->ended ? "closed it without a word" : "said nothing");
}

static void tell_refused(struct espota_builder *to, const struct espota_outcome *o)
{
    const struct espota_refusal *found = espota_find_refusal(errors, o);

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
    case ESPOTA_E_NO_ANSWER:
        tell_no_answer(to, o, remedy);
        break;
    case ESPOTA_E_REFUSED:
        tell_refused(to, o);
        break;
    case ESPOTA_E_BROKEN:
        tell_broken(to, o);
        break;
    case ESPOTA_E_INTERRUPTED:
        if (o->sent > 0 && o->sent < o->total)
            tell_broken(to, o);
        else
            espota_tell_end(to, o);
        break;
    default:
        espota_tell_end(to, o);
        break;
    }
}
