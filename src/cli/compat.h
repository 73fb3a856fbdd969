/* SPDX-License-Identifier: MIT */
/*
 * The command lines of the tools that espota-c stands in for: espota.py's (and signing.py's), as
 * the cores, the IDE and PlatformIO call them, and that of Arduino's mdns-discovery.
 */
#ifndef ESPOTA_CLI_COMPAT_H
#define ESPOTA_CLI_COMPAT_H

#include <stdbool.h>

#include "espota/error.h"
#include "espota/upload.h"

enum compat_tool { COMPAT_NONE, COMPAT_ESPOTA_PY, COMPAT_SIGNING_PY, COMPAT_MDNS_DISCOVERY };
/*
 * Whose line this is: the program was started under the name of a tool, or the first argument
 * begins with "-" and is neither --help nor --version.
 */
enum compat_tool compat_tool_of(int argc, char **argv);

/* An espota.py line, read as Python's optparse reads it. Wipe options.password. */
struct compat_espota {
    struct espota_upload_options options; /* host_ip NULL: the route's own choice (0.0.0.0 there);
                                           * port 0: not given, or the IDE's placeholder */
    const char *ip;
    bool spiffs_long; /* --spiffs: how the esp32 core and its PlatformIO build say it */
    bool md5_target;
    bool debug;
    bool progress;
};

enum espota_status compat_espota_parse(struct compat_espota *line, int argc, char **argv,
                                       bool *help, struct espota_error *err) ESPOTA_MUST_CHECK;
/* The tool itself; the result is the exit code. signing.py's is among the commands. */
int compat_espota(int argc, char **argv);

/*
 * An integer as optparse's type "int" takes it: 0x is hexadecimal, 0b binary, any other leading 0
 * octal; a sign, blanks around and single underscores between digits are allowed.
 */
bool compat_python_int(const char *text, long *value) ESPOTA_MUST_CHECK;

/* ESPOTA_FORCE=1 is in the environment, for these lines have no option for it. */
bool compat_forced(void);

#endif
