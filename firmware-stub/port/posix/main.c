/* SPDX-License-Identifier: MIT */
/* espota-stub: a device in a process. */
#include <string.h>

#include "cli/opt.h"
#include "cli/out.h"
#include "espota/version.h"
#include "port/posix/chip.h"
#include "port/posix/options.h"
#include "sys/sys.h"

#define MEMBER(member) OPT_AT(struct stub_options, member)

static const struct opt options[] = {
    {.kind = OPT_HEADING, .help = "Where it listens"},
    {OPT_INTEGER, 'p', "port", "N", "UDP port, 8266 if not given; 0: any free one, which is told.",
     MEMBER(port), .max = 65535},
    {OPT_STRING, 0, "bind", "ADDR", "One address of this machine instead of all, IPv4 or IPv6.",
     MEMBER(bind)},
    {OPT_INTEGER, 0, "count", "N",
     "A fleet: device k, from 0, has the address 127.1.(k/250).(1 + k mod 250) and the flash file "
     "FILE.k.",
     MEMBER(count), .min = 1, .max = STUB_COUNT_MAX},
    {OPT_STRING, 0, "hostname", "NAME", "What it calls itself.", MEMBER(hostname)},
    {OPT_FLAG, 0, "mdns", NULL,
     "Announce itself on the network: through Avahi where that runs, else by itself.",
     MEMBER(mdns)},

    {.kind = OPT_HEADING, .help = "Password"},
    {OPT_STRING, 0, "password-file", "FILE", "Ask for the password in the first line of FILE.",
     MEMBER(password_file)},
    {OPT_SECRET, 0, "password", "TEXT", "Ask for this password.", MEMBER(password)},
    {OPT_CHOICE, 0, "auth-method", "md5|sha256|md5-esp32",
     "How to ask: as an ESP8266 (the default), as an ESP32, or as an ESP32 with a core before "
     "3.3.1, which replies to where the answer came from.",
     MEMBER(auth)},

    {OPT_STRING, 0, "publickey", "PUB",
     "Take only what this RSA key signed in the ESP8266's format, and do not look at the MD5.",
     MEMBER(publickey), .min = 1},

    {.kind = OPT_HEADING, .help = "The other roads"},
    {OPT_FLAG, 0, "esphome", NULL,
     "Be a device of ESPHome's: its protocol, by TCP at the same port, in place of invitations. "
     "--auth-method sha256 asks for the password as since 2026.1.",
     MEMBER(esphome)},
    {OPT_FLAG, 0, "deflate", NULL,
     "There: unpack the image as it comes, as an ESP32; without it gzip is kept for the next "
     "start, as on an ESP8266.",
     MEMBER(deflate)},
    {OPT_FLAG, 0, "plain", NULL, "There: unpack nothing, so that images come as they are.",
     MEMBER(plain)},
    {OPT_STRING, 0, "key-file", "FILE",
     "There: offer encryption, with the key (base64 of 32 bytes) in the first line of FILE.",
     MEMBER(key_file), .min = 1},
    {OPT_FLAG, 0, "encrypted", NULL, "There: refuse who comes without.", MEMBER(encrypted)},
    {OPT_STRING, 0, "http", "ADDR:PORT",
     "Also be a page for updates, http://ADDR:PORT/update, as ESP8266HTTPUpdateServer is; port 0: "
     "any free one, which is told. In a fleet each device has it on its own address. The password "
     "is that of the device.",
     MEMBER(http)},
    {OPT_STRING, 0, "user", "NAME", "Who the password belongs to there, admin if not given.",
     MEMBER(user)},
    {OPT_STRING, 0, "pull", "URL",
     "Do not listen, but ask this server for an update as ESPhttpUpdate does, once, and end. "
     "Success is an update or that there is none. A password is sent to the server.",
     MEMBER(pull)},
    {OPT_STRING, 0, "version", "TEXT", "The version that runs, to tell the server.",
     MEMBER(version)},
    {OPT_FLAG, 0, "fs", NULL, "Ask for a file-system image.", MEMBER(pull_fs)},
    {OPT_FLAG, 0, "ask-version", NULL, "Ask only which version the server has.", MEMBER(pull_asks)},
    {OPT_CHOICE, 0, "rtos", "no|user1|user2",
     "Ask as the demo of the RTOS SDK does: the program of this slot runs, the other slot is "
     "written. A URL without a path gets the name that the demo asks for.",
     MEMBER(running)},

    {OPT_FLAG, 0, "resume", NULL,
     "Go on where a connection that was lost, or the end of this process, stopped an earlier "
     "--pull "
     "of the same URL: ask for the rest (Range, If-Range), and connect again up to five times "
     "without a byte more.",
     MEMBER(resume)},

    {.kind = OPT_HEADING, .help = "Flash"},
    {OPT_STRING, 0, "flash", "FILE",
     "The flash chip, byte for byte; made if it is missing. Without it the flash is in memory.",
     MEMBER(flash)},
    {OPT_BYTES, 0, "flash-size", "SIZE", "4M if not given and FILE is new.", MEMBER(flash_size),
     .min = STUB_FLASH_MIN, .max = STUB_FLASH_MAX},
    {OPT_BYTES, 0, "fs-start", "OFFSET", "Where the file system begins, and programs must end.",
     MEMBER(fs_start), .min = 4096, .max = STUB_FLASH_MAX},
    {OPT_FLAG, 0, "atomic-fs", NULL,
     "Stage a file system and let the boot loader copy it, instead of writing in place.",
     MEMBER(atomic_fs)},
    {OPT_CHOICE, 0, "layout", "eboot|swap|slots",
     "Which loader the device has: the ESP8266's (the default), or one that no cut can break, with "
     "programs that change places or that run from two slots. A new program is on trial: it is "
     "confirmed once the device listens, and with --boot it has three starts.",
     MEMBER(layout)},
    {OPT_FLAG, 0, "boot", NULL, "Play the boot loader on the flash file, say what it starts, end.",
     MEMBER(boot)},

    {.kind = OPT_HEADING, .help = "Behaviour"},
    {OPT_INTEGER, 0, "uploads", "N", "End after N successful uploads; failed ones do not count.",
     MEMBER(uploads), .min = 1},
    {OPT_BYTES, 0, "rate", "BYTES/S", "Take the image no faster than that.", MEMBER(shape.rate),
     .min = 1},
    {OPT_BYTES, 0, "tcp-window", "BYTES",
     "Let no more be under way towards the device: 5840 is what lwIP has.", MEMBER(shape.window),
     .min = 1460, .max = 1 << 20},
    {OPT_INTEGER, 0, "ack-delay", "MS", "What the device says over TCP leaves that much later.",
     MEMBER(shape.delay_ms), .max = 60000},
    {OPT_INTEGER, 0, "loop-delay", "MS",
     "Read one datagram every MS milliseconds, as a sketch does whose loop takes that long.",
     MEMBER(loop_delay_ms), .max = 60000},
    {OPT_INTEGER, 0, "auth-delay", "MS",
     "Take that long to check the answer to a sha256 challenge: an ESP32-C3 at 80 MHz needs 4000.",
     MEMBER(auth_delay_ms), .max = 60000},
    {OPT_FLAG, 0, "fast", NULL, "Leave out the seconds that real devices wait.", MEMBER(fast)},
    {OPT_FLAG, 0, "quirks", NULL,
     "Be as unsafe as the original: a nonce from the clock, a challenge that never expires, an "
     "answer from anyone, no limit for a silent host; and a boot loader that unpacks any gzip, "
     "whatever it overwrites.",
     MEMBER(quirks)},

    {.kind = OPT_HEADING, .help = "Output"},
    {OPT_FLAG, 0, "json", NULL, "Tell what happens as JSON, one object a line, on standard output.",
     MEMBER(json)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt_command command = {
    .program = "espota-stub",
    .usage = "[options]",
    .summary = "A device that takes updates over the air, in a process: for trying and for tests.",
    .options = options,
    .notes = "FILE.rtc beside a flash file is the memory that survives a reset, in which an\n"
             "update waits for the boot loader. The end of the process is a reset; for a loss\n"
             "of power remove that file. --pull ends with 3 (no server), 4 (the server wants a\n"
             "password), 5 (the server says no), 6 (the transfer broke off) or 7 (the image is\n"
             "not good), and says the number and the words that the device would. SIGINT and\n"
             "SIGTERM end the process with exit code 0.",
};

/* What the rows cannot say. NULL: all is well. */
static const char *contradiction(const struct stub_options *typed)
{
    if (typed->password.bytes != NULL && typed->password_file != NULL)
        return "--password and --password-file exclude each other";
    if (typed->count > 1 && typed->bind != NULL)
        return "--bind and --count exclude each other: the devices of a fleet have their own "
               "addresses";
    if (typed->layout != STUB_LAYOUT_EBOOT &&
        (typed->quirks || typed->atomic_fs || typed->running != STUB_SLOT_NONE || typed->resume))
        return "--layout excludes --quirks, --atomic-fs, --rtos and --resume";
    if (!typed->esphome && (typed->deflate || typed->plain || typed->key_file != NULL))
        return "--deflate, --plain and --key-file are for --esphome";
    if (typed->deflate && typed->plain)
        return "--deflate and --plain exclude each other";
    if (typed->encrypted && typed->key_file == NULL)
        return "--encrypted needs --key-file";
    if (typed->boot && typed->flash == NULL)
        return "--boot needs --flash";
    if (typed->user != NULL && typed->http == NULL && typed->pull == NULL)
        return "--user is for --http and --pull";
    if (typed->user != NULL && strchr(typed->user, ':') != NULL)
        return "--user: a user's name has no colon";
    if (typed->pull == NULL) {
        if (typed->version != NULL || typed->pull_fs || typed->pull_asks ||
            typed->running != STUB_SLOT_NONE || typed->resume)
            return "--version, --fs, --ask-version, --rtos and --resume are for --pull";
    } else if (typed->count > 1 || typed->http != NULL || typed->boot || typed->uploads > 0) {
        return "--pull excludes --count, --http, --boot and --uploads";
    } else if ((typed->pull_fs ? 1 : 0) + (typed->pull_asks ? 1 : 0) +
                   (typed->running != STUB_SLOT_NONE ? 1 : 0) >
               1) {
        return "--fs, --ask-version and --rtos exclude each other";
    }
    if (typed->hostname != NULL && typed->hostname[0] == '\0')
        return "--hostname must not be empty";
    if (typed->boot && typed->mdns)
        return "--boot and --mdns exclude each other: nothing listens while the loader runs";
    return NULL;
}

static enum espota_status run(struct stub_options *typed, struct espota_error *err)
{
    struct espota_log log = out_log();

    if (!typed->boot && typed->password_file != NULL &&
        espota_secret_read(&typed->password, typed->password_file, "password file", &log, err) !=
            ESPOTA_OK)
        return err->status;
    return stub_run(typed, err);
}

static int stub(int argc, char **argv)
{
    struct stub_options typed = {.port = 8266, .count = 1, .password = ESPOTA_SECRET_INIT};
    struct espota_error error = ESPOTA_ERROR_INIT;
    enum espota_status status = ESPOTA_OK;
    const char *fault;
    int code = 0;

    if (opt_read(&command, argc, argv, &typed, &code)) {
        fault = contradiction(&typed);
        if (fault != NULL) {
            code = opt_usage_error(&command, "%s", fault);
        } else if ((status = run(&typed, &error)) != ESPOTA_OK) {
            out_error("%s", error.message);
            code = espota_status_exit_code(status);
        }
    }
    espota_secret_wipe(&typed.password);
    return code;
}

int main(int argc, char **argv)
{
    espota_program_begin();
    out_init("espota-stub");
    return out_finish(stub(argc, argv));
}
