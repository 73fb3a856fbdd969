/* SPDX-License-Identifier: MIT */
/* espota-c password: the passwords that are kept for devices. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/passwords.h"
#include "cli/remedy.h"
#include "cli/secrets.h"
#include "sys/sys.h"
#include "text/text.h"

struct password_args {
    char host[PASSWORD_HOST_MAX + 1]; /* of set; "": not given */
    const char *known;                /* the same of remove, as it was typed */
    const char *password_file;
    bool password_stdin;
    bool json;
};

/* A password that was typed behind the host has been seen by others and by the shell's history; it
 * shall not be on the screen as well. */
static enum espota_status take_host(void *context, char *value, struct espota_error *err)
{
    struct password_args *args = context;

    if (args->host[0] == '\0')
        return password_host_take(value, args->host, err);
    espota_sys_wipe(value, strlen(value));
    return espota_error_set(err, ESPOTA_E_USAGE,
                            "one host is enough. A password is asked for, or read with "
                            "--password-file or --password-stdin; on the command line others "
                            "could see it");
}

#define AT(member) OPT_AT(struct password_args, member)

static const struct opt positionals[] = {
    {OPT_CALL, 0, NULL, "HOST",
     "the device: a name, an address or HOST:PORT; * and ? stand for "
     "many",
     .call = take_host, .min = 1},
    OPT_ROWS_END,
};

static const struct opt set_options[] = {
    {OPT_STRING, 0, "password-file", "FILE", "the first line of FILE (- is standard input)",
     AT(password_file), .min = 1},
    {OPT_FLAG, 0, "password-stdin", NULL, "the first line of standard input", AT(password_stdin)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const char notes[] =
    "Passwords are kept in $XDG_CONFIG_HOME/espota-c/passwords (~/.config where that\n"
    "is not set; on Windows %APPDATA%\\espota-c\\passwords), which only its owner may\n"
    "read. \"upload\" and the command line of espota.py use them for devices that want\n"
    "a password and were given none. The first HOST that fits a device counts; set\n"
    "puts a new one in front of those that fit it.\n"
    "\n"
    "Exit codes: 0 done; 1 nothing is kept for that HOST, or the two answers differ;\n"
    "2 bad usage; 8 a problem on this machine: others can read the file, it is no\n"
    "such file, or another run changes it.";

static const struct opt_command set_command = {
    .program = "espota-c password set",
    .usage = "[options] HOST",
    .summary = "Keeps a password for a device, or for all that a pattern fits, in place of the one "
               "that was kept for that very HOST. Asks for it, twice, without showing it.",
    .options = set_options,
    .positionals = positionals,
    .notes = notes,
};

static const struct opt list_options[] = {
    {OPT_FLAG, 0, "json", NULL, "print one object: file, hosts", AT(json)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt_command list_command = {
    .program = "espota-c password list",
    .usage = "[options]",
    .summary = "Prints for which devices passwords are kept, in the order in which they are looked "
               "at. The passwords are not shown.",
    .options = list_options,
    .notes = notes,
};

static const struct opt remove_positionals[] = {
    {OPT_STRING, 0, NULL, "HOST", "as list prints it", AT(known), .min = 1},
    OPT_ROWS_END,
};

static const struct opt remove_options[] = {
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt_command remove_command = {
    .program = "espota-c password remove",
    .usage = "[options] HOST",
    .summary = "Forgets the password that is kept for HOST.",
    .options = remove_options,
    .positionals = remove_positionals,
    .notes = notes,
};

static enum espota_status ask_once(const char *question, char answer[ESPOTA_SECRET_MAX + 1],
                                   struct espota_error *err)
{
    struct espota_error why = ESPOTA_ERROR_INIT;
    enum espota_status status =
        espota_program_ask(question, true, answer, ESPOTA_SECRET_MAX + 1, &why);

    if (status == ESPOTA_E_LOCAL)
        return espota_error_set(err, status,
                                "%s; --password-file and --password-stdin read the password "
                                "without a question",
                                why.message);
    return status == ESPOTA_OK ? status : espota_error_copy(err, status, &why);
}

static enum espota_status ask(const char *host, struct espota_secret *secret,
                              struct espota_error *err)
{
    char question[PASSWORD_HOST_MAX + 32];
    char first[ESPOTA_SECRET_MAX + 1] = "";
    char second[ESPOTA_SECRET_MAX + 1] = "";
    enum espota_status status;

    (void)snprintf(question, sizeof(question), "Password for %s: ", host);
    status = ask_once(question, first, err);
    if (status == ESPOTA_OK)
        status = ask_once("The same again: ", second, err);
    if (status == ESPOTA_OK && strcmp(first, second) != 0)
        status = espota_error_set(err, ESPOTA_E_FAILED,
                                  "these are two different passwords; nothing was changed");
    if (status == ESPOTA_OK)
        status = espota_secret_take(secret, first, err);
    espota_sys_wipe(first, sizeof(first));
    espota_sys_wipe(second, sizeof(second));
    return status;
}

static enum espota_status take_password(const struct password_args *args,
                                        struct espota_secret *secret, struct espota_error *err)
{
    struct espota_log log = out_log();

    if (args->password_stdin || args->password_file != NULL)
        return espota_secret_read(secret, args->password_stdin ? "-" : args->password_file,
                                  "password file", &log, err);
    return ask(args->host, secret, err);
}

static int cmd_set(int argc, char **argv)
{
    struct password_args args = {.host = ""};
    struct espota_secret secret = ESPOTA_SECRET_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;
    char path[PASSWORD_PATH];
    enum espota_status status;
    size_t before;
    int code;

    if (!opt_read(&set_command, argc, argv, &args, &code))
        return code;
    if (args.password_stdin && args.password_file != NULL)
        return opt_usage_error(&set_command,
                               "--password-file and --password-stdin exclude each other");
    status = password_file_path(path, &err);
    if (status == ESPOTA_OK)
        status = take_password(&args, &secret, &err);
    if (status == ESPOTA_OK)
        status = password_file_edit(path, args.host, &secret, &before, &err);
    if (status == ESPOTA_OK)
        out_note("The %spassword of %s is %s in %s.", secret.length > 0 ? "" : "empty ", args.host,
                 before > 0 ? "changed" : "kept", path);
    espota_secret_wipe(&secret);
    return status == ESPOTA_OK ? 0 : show_failure(&err);
}

/* Their hosts as a list; a line that is wrong fails before anything is printed. */
static enum espota_status list_hosts(const struct password_text *text, const char *path,
                                     struct espota_json *hosts, struct espota_error *err)
{
    struct password_reader reader;
    struct password_line line;
    enum espota_status status;

    password_reader_init(&reader, text->length > 0 ? text->bytes : "", text->length);
    while ((status = password_reader_next(&reader, &line, err)) == ESPOTA_OK)
        if (line.host[0] != '\0' && !espota_json_append_text(hosts, line.host))
            return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for the list");
    return status == ESPOTA_MORE ? ESPOTA_OK : espota_error_prefix(err, "%s", path);
}

/* What list prints, and {"file": …, "hosts": […]} of it; NULL after an error. */
static struct espota_json *read_list(char path[PASSWORD_PATH], struct espota_error *err)
{
    struct espota_json *object = espota_json_object();
    struct espota_json *hosts = espota_json_array();
    struct password_text text = {0};
    enum espota_status status;
    bool made;

    path[0] = '\0';
    status = password_file_path(path, err);
    made = espota_json_set_text(object, "file", path);
    made = espota_json_set_own(object, "hosts", hosts) && made; /* takes them in any case */
    if (status == ESPOTA_OK && !made)
        status = espota_error_set(err, ESPOTA_E_MEMORY, "no memory for the list");
    if (status == ESPOTA_OK)
        status = password_file_read(path, &text, err);
    if (status == ESPOTA_OK)
        status = list_hosts(&text, path, hosts, err);
    password_text_deinit(&text);
    if (status == ESPOTA_OK)
        return object;
    espota_json_free(object);
    return NULL;
}

static int cmd_list(int argc, char **argv)
{
    struct password_args args = {.host = ""};
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_json *list;
    const struct espota_json *hosts;
    char path[PASSWORD_PATH];
    int code;

    if (!opt_read(&list_command, argc, argv, &args, &code))
        return code;
    list = read_list(path, &err);
    if (list == NULL)
        return show_failure(&err);
    hosts = espota_json_member(list, "hosts");
    for (size_t i = 0; i < espota_json_count(hosts) && !args.json; i++)
        out_data("%s\n", espota_json_text(espota_json_at(hosts, i)));
    if (!args.json && espota_json_count(hosts) == 0)
        out_note("No passwords are kept in %s.", path);
    if (args.json && !out_json(espota_json_line(list)))
        out_event("{}");
    espota_json_free(list);
    return 0;
}

/* What was meant may be there under a name that is nearly the same. */
static void no_such_host(const char *host, const char *path)
{
    struct similar near = {.typed = host, .length = strlen(host)};
    char same[PASSWORD_PATH];
    struct espota_json *list = read_list(same, NULL);
    const struct espota_json *hosts = espota_json_member(list, "hosts");

    for (size_t i = 0; i < espota_json_count(hosts); i++)
        similar_offer(&near, espota_json_text(espota_json_at(hosts, i)));
    if (near.best != NULL)
        out_error("no password is kept for %s in %s; did you mean %s?", host, path, near.best);
    else
        out_error("no password is kept for %s in %s", host, path);
    espota_json_free(list);
}

/* As it stands in the file, or else as set would write it. */
static enum espota_status forget(const char *path, const char *typed, size_t *before,
                                 struct espota_error *err)
{
    char host[PASSWORD_HOST_MAX + 1];
    enum espota_status status = password_file_edit(path, typed, NULL, before, err);

    if (status == ESPOTA_OK && *before == 0 && password_host_take(typed, host, NULL) == ESPOTA_OK)
        status = password_file_edit(path, host, NULL, before, err);
    return status;
}

static int cmd_remove(int argc, char **argv)
{
    struct password_args args = {.known = NULL};
    struct espota_error err = ESPOTA_ERROR_INIT;
    char path[PASSWORD_PATH];
    enum espota_status status;
    size_t before = 0;
    int code;

    if (!opt_read(&remove_command, argc, argv, &args, &code))
        return code;
    status = password_file_path(path, &err);
    if (status == ESPOTA_OK)
        status = forget(path, args.known, &before, &err);
    if (status != ESPOTA_OK)
        return show_failure(&err);
    if (before == 0) {
        no_such_host(args.known, path);
        return espota_status_exit_code(ESPOTA_E_FAILED);
    }
    out_note("The password of %s is forgotten.", args.known);
    return 0;
}

static const struct opt_command password_command = {
    .program = "espota-c password",
};

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const struct opt_command *command;
} verbs[] = {
    {"set", cmd_set, &set_command},
    {"list", cmd_list, &list_command},
    {"remove", cmd_remove, &remove_command},
};
enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

/* All with their options, and what they have in common once. */
static int print_help(void)
{
    for (size_t i = 0; i < VERBS; i++) {
        struct opt_command command = *verbs[i].command;

        command.notes = i + 1 < VERBS ? NULL : command.notes;
        opt_help(&command);
        if (i + 1 < VERBS)
            out_data("\n");
    }
    return 0;
}

int cmd_password(int argc, char **argv)
{
    for (size_t i = 0; i < VERBS && argc >= 2; i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 1, argv + 1);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return print_help();
    if (argc < 2)
        return opt_usage_error(&password_command, "what to do is missing: set, list or remove");
    return opt_usage_error(&password_command,
                           "'%s' is nothing that password can do; try set, list or remove",
                           argv[1]);
}
