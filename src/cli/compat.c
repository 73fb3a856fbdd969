/* SPDX-License-Identifier: MIT */
#include "cli/compat.h"

#include <string.h>

#include "cli/commands.h"
#include "cli/remedy.h"

/* One row for each tool that espota-c stands in for. */
struct tool {
    const char *names[3]; /* under which it may be started; NULL: no more */
    /* Whether a line that begins with an option is this tool's; NULL: it takes what is left. */
    bool (*speaks)(int argc, char **argv);
    int (*run)(int argc, char **argv);
};

/* --mode tells signing.py's line; -m is a flag of espota.py's, unless one of the modes follows. */
static bool is_signing_line(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i - 1], "-a") == 0 || strcmp(argv[i - 1], "--auth") == 0)
            continue; /* an odd password of espota.py's */
        if (strcmp(argv[i], "--mode") == 0 || strncmp(argv[i], "--mode=", 7) == 0 ||
            strcmp(argv[i], "-msign") == 0 || strcmp(argv[i], "-mheader") == 0)
            return true;
        if (strcmp(argv[i], "-m") == 0 &&
            (strcmp(next, "sign") == 0 || strcmp(next, "header") == 0))
            return true;
    }
    return false;
}

static const struct tool tools[] = {
    {{"signing.py", NULL}, is_signing_line, cmd_signing_py},
    {{"espota.py", "espota", NULL}, NULL, compat_espota},
};
enum { TOOL_COUNT = sizeof(tools) / sizeof(tools[0]) };

static bool has_name(const struct tool *tool, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;

    for (size_t i = 0; tool->names[i] != NULL; i++) {
        if (strcmp(tool->names[i], name) == 0)
            return true;
    }
    return false;
}

static const struct tool *tool_of_name(const char *path)
{
    for (size_t i = 0; path != NULL && i < TOOL_COUNT; i++) {
        if (has_name(&tools[i], path))
            return &tools[i];
    }
    return NULL;
}

static const struct tool *tool_of_line(int argc, char **argv)
{
    for (size_t i = 0; i + 1 < TOOL_COUNT; i++) {
        if (tools[i].speaks(argc, argv))
            return &tools[i];
    }
    return &tools[TOOL_COUNT - 1];
}

bool compat_wanted(int argc, char **argv)
{
    if (argc > 0 && tool_of_name(argv[0]) != NULL)
        return true;
    return argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--help") != 0 &&
           strcmp(argv[1], "--version") != 0;
}

int compat_run(int argc, char **argv)
{
    const struct tool *tool = tool_of_name(argv[0]);

    remedy_of_other_tools();
    if (tool == NULL)
        tool = tool_of_line(argc, argv);
    return tool->run(argc, argv);
}
