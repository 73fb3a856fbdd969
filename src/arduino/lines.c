/* SPDX-License-Identifier: MIT */
/*
 * What is written into a core's platform.local.txt, between two marks, and the scripts that stand
 * in for tools: each core calls its uploader by other keys.
 */
#include "arduino/install.h"

#include <string.h>

static const char begin_mark[] = "# >>> espota-c arduino install >>>";
static const char end_mark[] = "# <<< espota-c arduino install <<<";
/* The second line of our scripts begins so; this string is also what tells espota-c itself. */
static const char shim_mark[] = "# Written by: espota-c arduino install --";

/*
 * @ stands for the program. The ESP8266 core has no pluggable_* key and must not get one: a single
 * one would switch its network ports off.
 */
static const char *const lines[ESPOTA_CORE_COUNT] = {
    [ESPOTA_CORE_ESP8266] =
        "tools.esptool.upload.network_pattern=\"@\" -i \"{serial.port}\" -p \"{network.port}\" "
        "\"--auth={network.password}\" -f \"{build.path}/{build.project_name}.bin\"\n"
        "recipe.hooks.sketch.prebuild.pattern=\"@\" --mode header --publickey "
        "\"{build.source.path}/public.key\" --out \"{build.path}/core/Updater_Signing.h\"\n"
        "recipe.objcopy.hex.2.pattern=\"@\" --mode sign --privatekey "
        "\"{build.source.path}/private.key\" --bin \"{build.path}/{build.project_name}.bin\" "
        "--out \"{build.path}/{build.project_name}.bin.signed\" "
        "--legacy \"{build.path}/{build.project_name}.bin.legacy_sig\"\n",
    [ESPOTA_CORE_ESP32] = "tools.esp_ota.cmd=\"@\" -r\n"
                          "tools.esp_ota.cmd.windows=\"@\" -r\n"
                          "tools.esptool_py.network_cmd=\"@\" -r\n" /* IDE 1.8 */
                          "tools.esptool_py.network_cmd.windows=\"@\" -r\n",
    [ESPOTA_CORE_RP2040] =
        "tools.uf2conv-network.upload.pattern=\"@\" -i \"{upload.port.address}\" "
        "-p \"{upload.port.properties.port}\" \"--auth={upload.field.password}\" "
        "-f \"{build.path}/{build.project_name}.bin\"\n"
        "tools.uf2conv-network.upload.field.password.secret=true\n"
        "tools.uf2conv.upload.network_pattern=\"@\" -i \"{serial.port}\" -p \"{network.port}\" "
        "\"--auth={network.password}\" -f \"{build.path}/{build.project_name}.bin\"\n"
        "recipe.hooks.sketch.prebuild.pattern=\"@\" --mode header --publickey "
        "\"{build.source.path}/public.key\" --out \"{build.path}/core/Updater_Signing.h\"\n"
        "recipe.objcopy.bin.2.pattern=\"@\" --mode sign --privatekey "
        "\"{build.source.path}/private.key\" --bin \"{build.path}/{build.project_name}.bin\" "
        "--out \"{build.path}/{build.project_name}.bin.signed\"\n",
};

const char *espota_core_name(enum espota_core core)
{
    static const char *const names[ESPOTA_CORE_COUNT] = {"esp8266", "esp32", "rp2040"};

    return names[core];
}

void espota_arduino_block(struct espota_builder *to, enum espota_core core, const char *program)
{
    espota_builder_add(to, "%s\n# 'espota-c arduino install --remove' takes these lines away.\n",
                       begin_mark);
    for (const char *at = lines[core]; *at != '\0'; at++)
        espota_builder_add(to, *at == '@' ? "%s" : "%.1s", *at == '@' ? program : at);
    espota_builder_add(to, "%s\n", end_mark);
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return line + (*line == '\n');
}

static bool is_line(const char *line, const char *mark)
{
    size_t length = strlen(mark);

    return strncmp(line, mark, length) == 0 &&
           (line[length] == '\0' || line[length] == '\n' || line[length] == '\r');
}

/* Behind the end marker of the block that starts at `line`; without one, the line itself. */
static const char *behind_block(const char *line)
{
    const char *at = line;

    while (*at != '\0' && !is_line(at, end_mark))
        at = next_line(at);
    return *at != '\0' ? next_line(at) : line;
}

bool espota_arduino_has_block(const char *text)
{
    for (const char *line = text; *line != '\0'; line = next_line(line))
        if (is_line(line, begin_mark))
            return true;
    return false;
}

static void add_lines(struct espota_builder *to, const char *text, bool carriage_returns)
{
    for (const char *next; *text != '\0'; text = next) {
        next = next_line(text);
        espota_builder_add(to, "%.*s%s", (int)strcspn(text, "\n"), text,
                           carriage_returns ? "\r\n" : "\n");
    }
}

void espota_arduino_edit(struct espota_builder *to, const char *old, const char *block)
{
    const char *line = old != NULL ? old : "";

    while (*line != '\0') {
        const char *next = is_line(line, begin_mark) ? behind_block(line) : line;

        if (next == line) {
            next = next_line(line);
            espota_builder_add(to, "%.*s", (int)(next - line), line);
        }
        line = next;
    }
    if (block == NULL)
        return;
    if (to->length > 0 && to->text[to->length - 1] != '\n')
        espota_builder_add(to, "\n");
    add_lines(to, block, old != NULL && strstr(old, "\r\n") != NULL);
}

/* A path between Python's quotes. */
static void add_quoted(struct espota_builder *to, const char *text)
{
    espota_builder_add(to, "\"");
    for (; *text != '\0'; text++)
        espota_builder_add(to, *text == '\\' || *text == '"' ? "\\%c" : "%c", *text);
    espota_builder_add(to, "\"");
}

void espota_arduino_shim(struct espota_builder *to, const char *tool, const char *program)
{
    espota_builder_add(to,
                       "#!/usr/bin/env python3\n%sshim\n"
                       "# The original stands beside it, as %s.orig.\n"
                       "import os\nimport sys\n\nprogram = ",
                       shim_mark, tool);
    add_quoted(to, program);
    espota_builder_add(to,
                       "\nline = [\"%s\"] + sys.argv[1:]\n"
                       "if os.name == \"nt\":  # what was exec'ed there has no exit code\n"
                       "    import signal\n"
                       "    import subprocess\n\n"
                       "    signal.signal(signal.SIGINT, signal.SIG_IGN)  # told by the program\n"
                       "    sys.exit(subprocess.call(line, executable=program))\n"
                       "os.execv(program, line)\n",
                       tool);
}

void espota_arduino_discovery_script(struct espota_builder *to, const char *program)
{
    espota_builder_add(to,
                       "#!/bin/sh\n%sdiscovery\n"
                       "# The original stands beside it, as mdns-discovery.orig.\nexec '",
                       shim_mark);
    for (; *program != '\0'; program++)
        espota_builder_add(to, *program == '\'' ? "'\\''" : "%c", *program);
    espota_builder_add(to, "' arduino discovery\n");
}

bool espota_arduino_is_ours(const char *bytes, size_t length)
{
    const size_t mark = strlen(shim_mark);
    const char *at = bytes;

    while (length >= mark && (size_t)(at - bytes) <= length - mark &&
           (at = memchr(at, shim_mark[0], length - mark + 1 - (size_t)(at - bytes))) != NULL) {
        if (memcmp(at, shim_mark, mark) == 0)
            return true;
        at++;
    }
    return false;
}
