/* SPDX-License-Identifier: MIT */
/* What the files of `info` share. */
#ifndef ESPOTA_IMAGE_INFO_H
#define ESPOTA_IMAGE_INFO_H

#include "espota/info.h"
#include "image/image.h"

enum {
    INFO_LINES_MAX = 64,
    INFO_TEXT_MAX = 200,
    INFO_PROBLEMS_MAX = 2 * ESPOTA_IMAGE_PROBLEMS_MAX,
};

struct espota_info {
    char *path;                    /* its own copy */
    struct espota_image_file file; /* without its bytes */
    size_t line_count;
    struct {
        char label[20];
        char text[INFO_TEXT_MAX];
    } lines[INFO_LINES_MAX];
    size_t problem_count;
    char problems[INFO_PROBLEMS_MAX][ESPOTA_PROBLEM_TEXT_MAX + 16];
};

/* Fills the lines. */
void espota_info_say(struct espota_info *info);

const char *espota_info_flash_mode(const struct espota_image *image); /* "DIO"; NULL: none */
const char *espota_info_check(enum espota_image_check check);         /* "good"; NULL: none */
const char *espota_info_signature(const struct espota_image *image);  /* "esp8266"; NULL: none */

#endif
