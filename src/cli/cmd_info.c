/* SPDX-License-Identifier: MIT */
/* espota-c info: what an image file is, and what is wrong with it. */
#include "cli/commands.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "espota/info.h"

struct info_args {
    const char *image;
    bool json;
};

#define AT(member) OPT_AT(struct info_args, member)

static const struct opt options[] = {
    {OPT_FLAG, 0, "json", NULL,
     "print one object: file, kind, ok, problems, bytes, payload, md5, sha256 and whatever the "
     "kind has of chip, min_revision, max_revision, project, version, built, sdk, user, "
     "flash_mode, flash_kib, flash_mhz, entry, segments, fs_start, fs_end, block_size, "
     "block_count, uf2_family, uf2_blocks, checksum, crc, hash, signature, inside",
     AT(json)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt positionals[] = {
    {OPT_STRING, 0, NULL, "IMAGE", "the file (- is standard input)", AT(image), .min = 1},
    OPT_ROWS_END,
};

static const struct opt_command command = {
    .program = "espota-c info",
    .usage = "[options] IMAGE",
    .summary = "Explains an image file: what it is, what it is for, and what is wrong with it. "
               "Exit code 0: a good image; 7: not.",
    .options = options,
    .positionals = positionals,
};

/* The exit code tells the rest. */
static void print_problems(const struct espota_info *info, const char *image)
{
    const char *problem;

    for (size_t i = 0; (problem = espota_info_problem(info, i)) != NULL; i++)
        out_error("%s: %s", image, problem);
}

static void print(const struct espota_info *info)
{
    const char *label;
    const char *text;
    const char *problem;

    for (size_t i = 0; espota_info_line(info, i, &label, &text); i++)
        out_data("%-17s %s\n", label, text);
    for (size_t i = 0; (problem = espota_info_problem(info, i)) != NULL; i++)
        out_data("%-17s %s\n", i == 0 ? "Problems" : "", problem);
    if (espota_info_ok(info))
        out_data("%-17s %s\n", "Problems", "none");
}

int cmd_info(int argc, char **argv)
{
    struct info_args args = {0};
    struct espota_info *info;
    struct espota_error err = ESPOTA_ERROR_INIT;
    bool good;
    int code;

    if (!opt_read(&command, argc, argv, &args, &code))
        return code;
    if (espota_info_create(&info, args.image, &err) != ESPOTA_OK)
        return show_failure(&err);
    if (args.json && !out_json(espota_info_json(info)))
        out_event("{}");
    else if (!args.json && out_quiet)
        print_problems(info, args.image);
    else if (!args.json)
        print(info);
    good = espota_info_ok(info);
    espota_info_destroy(info);
    return espota_status_exit_code(good ? ESPOTA_OK : ESPOTA_E_IMAGE);
}
