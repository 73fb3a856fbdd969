/* SPDX-License-Identifier: MIT */
/* `info`: the loader finds out what a file is; info_text.c and info_json.c say it. */
#include "image/info.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

/* Sentences, the inner ones of a gzip too. */
static void say_problems(struct espota_info *info, const struct espota_image *image,
                         const char *front)
{
    for (size_t i = 0; i < image->problem_count && info->problem_count < INFO_PROBLEMS_MAX; i++) {
        char *text = info->problems[info->problem_count++];
        size_t length = strlen(front);

        memcpy(text, front, length);
        espota_image_problem_text(&image->problems[i], text + length);
    }
}

static enum espota_status load(struct espota_info *info, struct espota_error *err)
{
    struct espota_image_input from = {.name = info->path};
    struct espota_crypto_openssl crypto;
    enum espota_status status;

    espota_crypto_openssl_init(&crypto);
    status = espota_image_load(&info->file, &from, false, &crypto.table, err);
    if (status != ESPOTA_OK && crypto.problem[0] != '\0')
        (void)espota_error_set(err, status, "%s", crypto.problem);
    espota_crypto_openssl_deinit(&crypto);
    return status;
}

enum espota_status espota_info_create(struct espota_info **out, const char *path,
                                      struct espota_error *err)
{
    struct espota_info *info = calloc(1, sizeof(*info));
    enum espota_status status;

    *out = NULL;
    if (info != NULL)
        info->path = strdup(path); /* _json names it, whenever that is called */
    if (info == NULL || info->path == NULL) {
        espota_info_destroy(info);
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to look at %s", path);
    }
    status = load(info, err);
    if (status != ESPOTA_OK) {
        espota_info_destroy(info);
        return status;
    }
    say_problems(info, &info->file.outer, "");
    if (info->file.packed)
        say_problems(info, &info->file.inner, "Inside gzip: ");
    espota_info_say(info);
    *out = info;
    return ESPOTA_OK;
}

void espota_info_destroy(struct espota_info *info)
{
    if (info == NULL)
        return;
    espota_image_free(&info->file);
    free(info->path);
    free(info);
}

bool espota_info_ok(const struct espota_info *info)
{
    return info->problem_count == 0;
}

bool espota_info_line(const struct espota_info *info, size_t index, const char **label,
                      const char **text)
{
    if (index >= info->line_count)
        return false;
    *label = info->lines[index].label;
    *text = info->lines[index].text;
    return true;
}

const char *espota_info_problem(const struct espota_info *info, size_t index)
{
    return index < info->problem_count ? info->problems[index] : NULL;
}
