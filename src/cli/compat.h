/* SPDX-License-Identifier: MIT */
/*
 * The command lines of the tools that espota-c stands in for: espota.py's (and signing.py's), as
 * the cores, the IDE and PlatformIO call them.
 */
#ifndef ESPOTA_CLI_COMPAT_H
#define ESPOTA_CLI_COMPAT_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/opt.h"
#include "espota/error.h"
#include "espota/secret.h"

/*
 * Whether this is such a line: the program was started under the name of a tool, or the first
 * argument begins with "-" and is neither --help nor --version.
 */
bool compat_wanted(int argc, char **argv);
/* Runs it; the result is the exit code. */
int compat_run(int argc, char **argv);

/* An espota.py line, read as Python's optparse reads it. */
struct compat_espota {
    const char *ip;
    const char *host_ip; /* NULL: the route's own choice (0.0.0.0 there) */
    const char *file;
    uint16_t port; /* 0: not given, or the IDE's placeholder */
    uint16_t host_port;
    uint32_t timeout_ms; /* 0: not given */
    struct espota_secret auth;
    bool spiffs;      /* either form */
    bool spiffs_long; /* --spiffs: how the esp32 core and its PlatformIO build say it */
    bool md5_target;
    bool debug;
    bool progress;
};

extern const struct opt_command compat_espota_command;

enum espota_status compat_espota_parse(struct compat_espota *line, int argc, char **argv,
                                       bool *help, struct espota_error *err) ESPOTA_MUST_CHECK;
void compat_espota_deinit(struct compat_espota *line);
/* The tool itself, once its line was recognised. */
int compat_espota(int argc, char **argv);

/*
 * An integer as optparse's type "int" takes it: 0x is hexadecimal, 0b binary, any other leading 0
 * octal; a sign, blanks around and single underscores between digits are allowed.
 */
bool compat_python_int(const char *text, long *value) ESPOTA_MUST_CHECK;

#endif
