/* SPDX-License-Identifier: MIT */
/*
 * The commands of espota-c. A new one is a file cmd_<name>.c, its line here, and its row in the
 * table of main.c. argv[0] is the command's name; the result is the exit code.
 */
#ifndef ESPOTA_CLI_COMMANDS_H
#define ESPOTA_CLI_COMMANDS_H

int cmd_mdns_discovery(int argc, char **argv);
int cmd_arduino(int argc, char **argv);
int cmd_discover(int argc, char **argv);
int cmd_upload(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_header(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_keygen(int argc, char **argv);
int cmd_password(int argc, char **argv);
int cmd_sign(int argc, char **argv);
int cmd_verify(int argc, char **argv);

/* signing.py's command line; argv[0] is the program's name. */
int cmd_signing_py(int argc, char **argv);

#endif
