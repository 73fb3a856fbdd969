/* SPDX-License-Identifier: MIT */
/* espota-c upload: its options, and whom they mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/devices.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "cli/run_upload.h"
#include "cli/secrets.h"

enum { FOUND_HOST = 128 }; /* "http://[address]:port/sketch" fits */

struct upload_args {
    struct run_upload run;
    struct upload_source *sources; /* room for all of argv, then for what was found as well */
    const char *image;
    const char *password_file;
    const char *key_file;
    bool password_stdin;
    int web;                  /* of web_kinds */
    struct find_devices find; /* --name, --all, --yes; room for all of argv */
    char (*found_hosts)[FOUND_HOST];
};

static enum espota_status add_source(struct upload_args *args, const char *host, bool is_file,
                                     struct espota_error *err)
{
    if (*host == '\0')
        return espota_error_set(err, ESPOTA_E_USAGE, "is empty");
    args->sources[args->run.source_count++] = (struct upload_source){
        .target = {.size = sizeof(struct espota_upload_target), .host = host}, .is_file = is_file};
    return ESPOTA_OK;
}

/* The password of "scheme://user:password@host"; NULL: it has none. */
static char *password_in(char *url, size_t *length)
{
    char *start = strstr(url, "://");
    char *end, *at = NULL, *colon;

    if (start == NULL)
        return NULL;
    start += 3;
    end = start + strcspn(start, "/?#");
    for (char *c = start; c < end; c++)
        at = *c == '@' ? c : at;
    colon = at != NULL ? memchr(start, ':', (size_t)(at - start)) : NULL;
    if (colon == NULL)
        return NULL;
    *length = (size_t)(at - colon) - 1; /* at stands behind colon */
    return colon + 1;
}

/* A password inside a URL is taken out of the process list, like every other. */
static enum espota_status add_host(void *context, char *value, struct espota_error *err)
{
    struct upload_args *args = context;
    size_t length;
    char *password = password_in(value, &length);
    struct espota_secret copy = ESPOTA_SECRET_INIT;
    enum espota_status status;

    if (password == NULL)
        return add_source(args, value, false, err);
    status = espota_secret_copy(&copy, value, strlen(value), err);
    memset(password, '*', length);
    if (status == ESPOTA_OK)
        status = add_source(args, copy.bytes, false, err);
    if (status == ESPOTA_OK)
        args->sources[args->run.source_count - 1].secret = copy;
    else
        espota_secret_wipe(&copy);
    return status;
}

static enum espota_status add_targets(void *context, char *value, struct espota_error *err)
{
    return add_source(context, value, true, err);
}

static enum espota_status add_name(void *context, char *value, struct espota_error *err)
{
    struct upload_args *args = context;

    if (*value == '\0')
        return espota_error_set(err, ESPOTA_E_USAGE, "is empty");
    args->find.names[args->find.name_count++] = value;
    return ESPOTA_OK;
}

/* In the order of the option's choices. */
static const char *const web_kinds[] = {NULL,      "arduino", "esphome",   "elegantota",
                                        "tasmota", "wled",    "openbeken", "espeasy"};

#define AT(member) OPT_AT(struct upload_args, run.options.member)
#define HERE(member) OPT_AT(struct upload_args, member)

static const struct opt options[] = {
    {.kind = OPT_HEADING, .help = "Where to"},
    {OPT_CALL, 'i', "host", "HOST[:PORT]",
     "a device: a name or an address, IPv6 as [ADDRESS]:PORT; esphome://HOST[:PORT] for one that "
     "runs ESPHome, meshtastic://HOST[:PORT] for a node's OTA loader; or the http:// or https:// "
     "URL of a device's web updater. Repeat it for more",
     .call = add_host},
    {OPT_CALL, 0, "targets", "FILE",
     "a file with a target on each line (- is standard input): HOST[:PORT] or a URL and, behind "
     "it, "
     "any of file=IMAGE password-file=FILE key-file=FILE user=NAME port=N web=KIND fs. # begins a "
     "comment",
     .call = add_targets},
    {OPT_CALL, 0, "name", "GLOB",
     "the device that announces itself by this name on the network; repeat it for more",
     .call = add_name},
    {OPT_FLAG, 0, "all", NULL,
     "every device that announces itself, or with --name every one that matches; it shows them and "
     "asks",
     HERE(find.all)},
    {OPT_FLAG, 0, "yes", NULL,
     "do not ask; and trust the announcements: without this a password is not offered to a device "
     "that is known by its announcement alone, which anyone could forge",
     HERE(find.yes)},
    {OPT_INTEGER, 'p', "port", "N",
     "the devices' port. Default: as announced, else by the image's chip (ESP8266 8266, ESP32 "
     "3232, RP2040 2040), "
     "else 8266",
     AT(port), .min = 1, .max = 65535},
    {OPT_CHOICE, 0, "web", "auto|arduino|esphome|elegantota|tasmota|wled|openbeken|espeasy",
     "which updater stands behind an http:// or https:// URL. auto: what the pages of a URL "
     "without a path show; a path is that of an updater like Arduino's",
     HERE(web)},
    {.kind = OPT_HEADING, .help = "What"},
    {OPT_STRING, 'f', "file", "IMAGE", "the same as the argument", AT(file)},
    {OPT_FLAG, 0, "fs", NULL, "it is an image of a file system", AT(filesystem)},
    {OPT_FLAG, 0, "gzip", NULL,
     "compress on the way, for ESP8266 and RP2040 devices, which unpack at boot; not for an "
     "ESP8266's web updater",
     AT(gzip)},
    {OPT_STRING, 0, "publickey", "PUB",
     "send only what this key signed in the device's own format; it also says that the device "
     "verifies, without which a signed gzip destroys it",
     AT(publickey), .min = 1},
    {OPT_STRING, 0, "md5-of", "FILE",
     "the image is FILE, encrypted for a device with setupCrypt(): tell the device FILE's MD5, "
     "which "
     "is what it computes, and check FILE",
     AT(md5_of), .min = 1},
    {OPT_CHOICE, 0, "type", "app|partition-table|bootloader",
     "what the image is, for ESPHome's devices whose program allows it (allow_partition_access); "
     "the last two ask first",
     AT(type)},
    {OPT_FLAG, 0, "force", NULL, "skip the checks of the image, but not that of --publickey",
     AT(force)},
    {.kind = OPT_HEADING, .help = "Password"},
    {OPT_STRING, 0, "password-file", "FILE", "the first line of FILE (- is standard input)",
     HERE(password_file), .min = 1},
    {OPT_FLAG, 0, "password-stdin", NULL, "the first line of standard input", HERE(password_stdin)},
    {OPT_SECRET, 'a', "auth", "PASSWORD",
     "the password itself; it is taken out of the process list at once (on Windows it stays there, "
     "for your own programs and for administrators), but not out of the shell's history",
     AT(password)},
    {OPT_STRING, 0, "user", "NAME",
     "the user for web updaters (default admin; arduino for /sketch and /data)", AT(user),
     .min = 1},
    {OPT_STRING, 0, "key-file", "FILE",
     "the key of ESPHome's encryption (api: encryption: key:), the first line of FILE; also "
     "$ESPOTA_KEY",
     HERE(key_file), .min = 1},
    {OPT_FLAG, 0, "plaintext", NULL,
     "with a key: send in clear to an ESPHome device that offers no encryption, in place of a "
     "refusal",
     AT(plaintext)},
    {OPT_CHOICE, 0, "auth-method", "auto|md5|sha256",
     "which challenges to answer. auto follows the device; sha256 does not fall back on the form "
     "that old password hashes need",
     AT(auth)},
    {.kind = OPT_HEADING, .help = "Network"},
    {OPT_STRING, 0, "host-ip", "ADDRESS",
     "this machine's address: invitations leave from it, devices call back to it. Default: the "
     "route's own choice",
     AT(host_ip), .min = 1},
    {OPT_INTEGER, 0, "host-port", "N",
     "the TCP port that devices call back to, one for all. Default: any free one", AT(host_port),
     .min = 1, .max = 65535},
    {OPT_STRING, 0, "peer", "ADDRESS",
     "where the call-back comes from if not from the invited address (NAT, two interfaces)",
     AT(peer), .min = 1},
    {OPT_SECONDS, 't', "timeout", "SECONDS",
     "how long to wait for an answer, and for the call-back (default 10). The verdict after the "
     "last byte has 60 s, or this if it is longer",
     AT(timeout_ms), .min = 100, .max = 86400000},
    {OPT_INTEGER, 0, "retries", "N",
     "attempts after the first (default 2); none after the last byte was sent", AT(retries),
     .max = 1000},
    {OPT_SECONDS, 0, "wait-online", "SECONDS",
     "done means that the device went silent and came back within that time", AT(wait_online_ms),
     .min = 1000, .max = 86400000},
    {OPT_STRING, 0, "cacert", "FILE",
     "for https://: the certificates to trust in place of the system's", AT(ca_file), .min = 1},
    {OPT_FLAG, 0, "insecure", NULL, "for https://: trust whoever answers", AT(insecure)},
    {OPT_BYTES, 0, "limit-rate", "BYTES", "a second and device at most (64k, 1M)", AT(limit_rate),
     .min = 1},
    {.kind = OPT_HEADING, .help = "Many devices"},
    {OPT_INTEGER, 'j', "jobs", "N", "devices at a time (default 32)", AT(jobs), .min = 1,
     .max = 100000},
    {OPT_INTEGER, 0, "canary", "N", "the first N devices alone; go on only if all of them succeed",
     AT(canary), .max = 1000000},
    {OPT_INTEGER, 0, "max-failures", "N", "start no new device after so many failures",
     AT(max_failures), .min = 1, .max = 1000000},
    {OPT_STRING, 0, "state", "FILE",
     "remember there which devices are done; a second run goes on with the rest", AT(state_file),
     .min = 1},
    {OPT_FLAG, 'n', "dry-run", NULL, "check and resolve everything, send nothing", AT(dry_run)},
    {.kind = OPT_HEADING, .help = "Output"},
    {OPT_CHOICE, 0, "progress", "auto|bar|plain|none",
     "a bar, or a line now and then. auto: a bar on a terminal, lines elsewhere", HERE(run.style)},
    {OPT_FLAG, 0, "json", NULL, "events on standard output, one JSON object a line (see below)",
     HERE(run.json)},
    {OPT_STRING, 0, "report", "FILE",
     "write what became of each device to FILE: .md for people, .xml as JUnit",
     HERE(run.report_file), .min = 1},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt positionals[] = {
    {OPT_STRING, 0, NULL, "IMAGE", "the file to send, exactly as it is", HERE(image)},
    OPT_ROWS_END,
};

static const char notes[] =
    "Without a password option: $ESPOTA_PASSWORD, then the first line of\n"
    "$CREDENTIALS_DIRECTORY/espota-password, then, once a device wants one, what\n"
    "\"espota-c password\" keeps for it, then a question on the terminal.\n"
    "\n"
    "JSON events (--json): each has \"event\", all but start and summary \"target\" as it\n"
    "was typed; those of a web updater \"web\", once it is known which one it is. More\n"
    "members may be added.\n"
    "  start      targets, bytes (of the largest image), dry_run (only then)\n"
    "  invited    address, attempt\n"
    "  auth       scheme (md5, sha256; of web updaters basic, digest, pin)\n"
    "  connected  address\n"
    "  progress   bytes (acknowledged by the device's TCP), total\n"
    "  retry      code, reason, message, attempt\n"
    "  result     ok, code (the exit code it gives alone), reason (done, no-answer,\n"
    "             no-callback, auth, refused, broken, unknown, image, local,\n"
    "             interrupted, failed, dry-run), message, bytes, total, seconds,\n"
    "             attempts\n"
    "  skipped    done (by an earlier run), message\n"
    "  summary    targets, ok, failed, unknown, skipped, done_before (of these),\n"
    "             seconds; of a dry run also dry_run, ready (none of which is ok)\n"
    "\n"
    "Exit codes: 0 all done; 1 failed for different reasons; 2 bad usage; 3 no\n"
    "answer, or no call-back; 4 password wrong or missing; 5 refused by the device;\n"
    "6 broken off, or result unknown; 7 bad image; 8 a problem on this machine; 130\n"
    "and 143 stopped by a signal.";

static const struct opt_command command = {
    .program = "espota-c upload",
    .usage =
        "[options] --host HOST[:PORT] IMAGE\n[options] --name GLOB IMAGE\n[options] --targets FILE "
        "[IMAGE]",
    .summary = "Sends an image to one device or to hundreds.",
    .options = options,
    .positionals = positionals,
    .notes = notes,
};

static bool is_dash(const char *name)
{
    return name != NULL && strcmp(name, "-") == 0;
}

/* How often the options read standard input. */
static size_t readers_of_stdin(const struct upload_args *args)
{
    size_t count = args->password_stdin;

    count += is_dash(args->password_file);
    count += is_dash(args->key_file);
    for (size_t i = 0; i < args->run.source_count; i++)
        count += args->sources[i].is_file && is_dash(args->sources[i].target.host);
    return count;
}

static bool has_targets_file(const struct upload_args *args)
{
    for (size_t i = 0; i < args->run.source_count; i++)
        if (args->sources[i].is_file)
            return true;
    return false;
}

/* What the table cannot say: which options belong together. */
static enum espota_status check(struct upload_args *args, struct espota_error *err)
{
    struct espota_upload_options *to = &args->run.options;

    if (args->image != NULL && to->file != NULL)
        return espota_error_set(err, ESPOTA_E_USAGE, "the image was given twice: '%s' and '%s'",
                                to->file, args->image);
    if (args->image != NULL)
        to->file = args->image;
    if (args->run.source_count == 0 && args->find.name_count == 0 && !args->find.all)
        return espota_error_set(
            err, ESPOTA_E_USAGE,
            "a device is missing: --host HOST, --name GLOB, --all or --targets FILE");
    if (to->file == NULL &&
        (!has_targets_file(args) || args->find.name_count > 0 || args->find.all))
        return espota_error_set(err, ESPOTA_E_USAGE, "IMAGE is missing");
    if (to->gzip && to->md5_of != NULL)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "--md5-of does not go with --gzip: what is encrypted does not "
                                "compress");
    if (readers_of_stdin(args) > 1)
        return espota_error_set(err, ESPOTA_E_USAGE, "standard input can be read only once");
    to->web = web_kinds[args->web];
    if (to->insecure)
        out_warning("--insecure: anybody on the way can read the password and change the image");
    return ESPOTA_OK;
}

static enum espota_status collect_secrets(struct upload_args *args, struct espota_error *err)
{
    struct espota_upload_options *to = &args->run.options;
    enum espota_status status = key_collect(&to->key, args->key_file, err);

    if (status == ESPOTA_OK)
        status = password_collect(&to->password, args->password_file, args->password_stdin, err);
    return status;
}

/* What a device cannot start with is gone once and for all. */
static enum espota_status confirm_type(const struct upload_args *args, struct espota_error *err)
{
    const char *what =
        args->run.options.type == ESPOTA_UPLOAD_TYPE_BOOTLOADER ? "boot loader" : "partition table";
    char question[128];
    bool asked;

    if (args->run.options.type == ESPOTA_UPLOAD_TYPE_APP || args->find.yes ||
        args->run.options.dry_run)
        return ESPOTA_OK;
    (void)snprintf(question, sizeof(question),
                   "A device that loses power meanwhile, or gets a wrong %s, starts no more. Write "
                   "it? [y/N] ",
                   what);
    if (asked_yes(question, &asked))
        return ESPOTA_OK;
    if (!asked)
        return espota_error_set(
            err, ESPOTA_E_USAGE, "--type %s asks on a terminal, and there is none; add --yes",
            args->run.options.type == ESPOTA_UPLOAD_TYPE_BOOTLOADER ? "bootloader"
                                                                    : "partition-table");
    return espota_error_set(err, ESPOTA_E_FAILED, "nothing was sent");
}

static void found_host(const struct espota_device *device, const struct upload_args *args,
                       char out[FOUND_HOST])
{
    unsigned port = args->run.options.port != 0 ? args->run.options.port : device->port;

    device_target(device, device->address, port, args->run.options.filesystem ? "/data" : "/sketch",
                  out, FOUND_HOST);
}

/* What --name and --all come to joins the other targets. */
static enum espota_status add_found(struct upload_args *args, struct espota_error *err)
{
    const struct device_list *found = &args->find.found;
    struct upload_source *grown;
    enum espota_status status = find_devices(&args->find, err);

    if (status != ESPOTA_OK)
        return status;
    grown = realloc(args->sources, (args->run.source_count + found->count) * sizeof(*grown));
    args->sources = grown != NULL ? grown : args->sources;
    args->found_hosts = calloc(found->count, sizeof(*args->found_hosts));
    if (grown == NULL || args->found_hosts == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for the targets");
    for (size_t i = 0; i < found->count; i++) {
        const struct espota_device *device = &found->devices[i];

        found_host(device, args, args->found_hosts[i]);
        args->sources[args->run.source_count++] = (struct upload_source){
            .target = {
                .size = sizeof(struct espota_upload_target),
                .host = args->found_hosts[i],
                .kind = device->kind,
                .board = device->board,
                .platform = device->platform,
                .no_password = !args->find.trusted,
                /* names of boards that answer by HTTP are not theirs alone: their URLs are */
                .label = device->kind == ESPOTA_KIND_ARDUINO ? NULL : device->name,
            }};
    }
    return ESPOTA_OK;
}

static int run(struct upload_args *args)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    enum espota_status status = check(args, &err);

    if (status == ESPOTA_OK)
        status = collect_secrets(args, &err);
    if (status == ESPOTA_OK)
        status = confirm_type(args, &err);
    if (status == ESPOTA_E_USAGE)
        return opt_usage_error(&command, "%s", err.message);
    if (status == ESPOTA_OK && (args->find.name_count > 0 || args->find.all))
        status = add_found(args, &err);
    if (status != ESPOTA_OK)
        return show_failure(&err);
    args->run.sources = args->sources;
    return run_upload(&args->run, NULL);
}

int cmd_upload(int argc, char **argv)
{
    struct upload_args args = {.run = {.options = ESPOTA_UPLOAD_OPTIONS_INIT, .may_ask = true},
                               .sources = calloc((size_t)argc, sizeof(*args.sources)),
                               .find.names = calloc((size_t)argc, sizeof(*args.find.names))};
    struct espota_error err = ESPOTA_ERROR_INIT;
    int exit_code;

    if (args.sources == NULL || args.find.names == NULL) {
        (void)espota_error_set(&err, ESPOTA_E_MEMORY, "no memory for the targets");
        exit_code = show_failure(&err);
    } else if (opt_read(&command, argc, argv, &args, &exit_code)) {
        exit_code = run(&args);
    }
    espota_secret_wipe(&args.run.options.password);
    espota_secret_wipe(&args.run.options.key);
    for (size_t i = 0; i < args.run.source_count; i++)
        espota_secret_wipe(&args.sources[i].secret);
    free(args.sources);
    free(args.find.names);
    free(args.find.found.devices);
    free(args.found_hosts);
    return exit_code;
}
