/* SPDX-License-Identifier: MIT */
/*
 * The one place that knows both what the library would have a person do and how the command line
 * calls it. The order of the table is that of the words where there are several.
 */
#include "cli/remedy.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/out.h"

struct words {
    uint32_t ways; /* all of them; what they say together stands first */
    const char *own;
    const char *other_tools; /* the lines of espota.py and signing.py; NULL: the same */
};

static const struct words table[] = {
    {ESPOTA_REMEDY_AS_FILESYSTEM, "; add --fs to send it as one", "; add -s to send it as one"},
    {ESPOTA_REMEDY_NAME_DECRYPTED,
     "; if it is encrypted for setupCrypt(), name what it decrypts to with --md5-of", NULL},
    {ESPOTA_REMEDY_NAME_PUBLICKEY, "; say with --publickey that the device verifies",
     "; espota-c upload --publickey says that the device verifies"},
    {ESPOTA_REMEDY_FORCE, " (--force sends it all the same)",
     " (ESPOTA_FORCE=1 sends it all the same)"},
    {ESPOTA_REMEDY_LEAVE_UNPACKED, ": leave out --gzip", NULL},
    {ESPOTA_REMEDY_GIVE_PASSWORD, "; use --password-file, or ESPOTA_PASSWORD in the environment",
     "; use --auth, or ESPOTA_PASSWORD in the environment"},
    {ESPOTA_REMEDY_OTHER_LOGIN, " (--user, --password-file)", NULL},
    {ESPOTA_REMEDY_AS_ESPHOME, ": try --host esphome://HOST",
     ": try espota-c upload --host esphome://HOST"},
    {ESPOTA_REMEDY_GIVE_KEY, "; use --key-file, or ESPOTA_KEY in the environment", NULL},
    {ESPOTA_REMEDY_ALLOW_CLEAR, " (--plaintext)", NULL},
    {ESPOTA_REMEDY_ANY_SCHEME, "; use --auth-method auto", NULL},
    {ESPOTA_REMEDY_TRUST_NETWORK,
     "; add --yes if you trust this network, or name the device with --host", NULL},
    {ESPOTA_REMEDY_NAME_UPDATER, " (--web)", NULL},
    {ESPOTA_REMEDY_NAME_CERTIFICATE, "; name its certificate with --cacert", NULL},
    {ESPOTA_REMEDY_ASK_DIRECTLY, "; --via query works without", NULL},
    {ESPOTA_REMEDY_SIGN_AGAIN, " with espota-c sign", NULL},
    {ESPOTA_REMEDY_SIGN_TWICE, " (--force signs it once more)",
     " (ESPOTA_FORCE=1 signs it once more)"},
    {ESPOTA_REMEDY_PACK_AND_SIGN, " (espota-c sign --gzip)", NULL},
    {ESPOTA_REMEDY_MAKE_KEY, "; make one with espota-c keygen", NULL},
    {ESPOTA_REMEDY_GIVE_PASSPHRASE,
     "; give its passphrase with --passphrase-file or "
     "ESPOTA_PASSPHRASE",
     "; give its passphrase with ESPOTA_PASSPHRASE"},
    {ESPOTA_REMEDY_GIVE_PIN,
     "; give it with --passphrase-file, ESPOTA_PASSPHRASE or pin-value in the URI",
     "; give it with ESPOTA_PASSPHRASE or pin-value in the URI"},
    {ESPOTA_REMEDY_NAME_CORE | ESPOTA_REMEDY_NAME_DATA_DIR,
     "; name its folder with --core PATH, or Arduino's with --data-dir", NULL},
    {ESPOTA_REMEDY_NAME_CORE, "; name its folder with --core PATH", NULL},
    {ESPOTA_REMEDY_NAME_DATA_DIR, ", or name Arduino's folder with --data-dir", NULL},
};

static bool of_other_tools;

void remedy_of_other_tools(void)
{
    of_other_tools = true;
}

static size_t add(char *out, size_t used, const char *text)
{
    size_t room = REMEDY_TEXT - used;
    int length = snprintf(out + used, room, "%s", text);

    return (size_t)length < room ? used + (size_t)length : REMEDY_TEXT - 1;
}

/* What depends on the message, and what has an address or a number in it. */
static size_t add_way(char *out, size_t used, const char *message,
                      const struct espota_remedy *remedy)
{
    const char *command = of_other_tools ? "espota-c upload " : "";
    size_t length = strlen(message);
    char text[256];

    /* a diagnosis may stand behind what needs longer */
    if (remedy->ways & ESPOTA_REMEDY_WAIT_LONGER)
        used = add(out, used,
                   length > 0 && message[length - 1] == '.' ? " A longer --timeout may help."
                                                            : " (--timeout)");
    if (remedy->ways & ESPOTA_REMEDY_FIX_PORT) {
        snprintf(text, sizeof(text),
                 " Upload with %s %u then, for otherwise the port is another one each time.",
                 of_other_tools ? "-P" : "--host-port", remedy->host_port);
        used = add(out, used, text);
    }
    if ((remedy->ways & ESPOTA_REMEDY_NAME_PEER) && remedy->peer[0] != '\0') {
        snprintf(text, sizeof(text), "; if so, give %s--peer %s", command, remedy->peer);
        used = add(out, used, text);
    } else if (remedy->ways & ESPOTA_REMEDY_NAME_PEER) {
        snprintf(text, sizeof(text),
                 " If this machine sees the device under another address, give that as %s--peer.",
                 command);
        used = add(out, used, text);
    }
    return used;
}

const char *remedy_text(const char *message, const struct espota_remedy *remedy,
                        char out[REMEDY_TEXT])
{
    uint32_t left = remedy->ways;
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        bool other = of_other_tools && table[i].other_tools != NULL;

        if ((left & table[i].ways) != table[i].ways)
            continue;
        left &= ~table[i].ways;
        used = add(out, used, other ? table[i].other_tools : table[i].own);
    }
    (void)add_way(out, used, message, remedy);
    return out;
}

void show_error(const struct espota_error *err)
{
    char words[REMEDY_TEXT];

    out_error("%s%s", err->message, remedy_text(err->message, &err->remedy, words));
}

int show_failure(const struct espota_error *err)
{
    show_error(err);
    return espota_status_exit_code(err->status);
}
