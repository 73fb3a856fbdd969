/* SPDX-License-Identifier: MIT */
/* What was found, as one object: members that have nothing to say are left out. */
#include <stdio.h>
#include <stdlib.h>

#include "image/info.h"
#include "text/text.h"

/* Members that are there only if there is something to say. */
static bool text(struct espota_json *object, const char *key, const char *value)
{
    return value == NULL || value[0] == '\0' || espota_json_set_text(object, key, value);
}

static bool number(struct espota_json *object, const char *key, uint32_t value)
{
    return value == 0 || espota_json_set_integer(object, key, value);
}

static bool hex(struct espota_json *object, const char *key, uint32_t value)
{
    char digits[16];

    (void)snprintf(digits, sizeof(digits), "0x%08x", (unsigned)value);
    return value == 0 || espota_json_set_text(object, key, digits);
}

static bool segments(struct espota_json *object, const struct espota_image *image)
{
    struct espota_json *array = espota_json_array();
    bool fine = array != NULL;

    for (size_t i = 0; i < image->segment_count && fine; i++) {
        struct espota_json *segment = espota_json_object();

        fine = hex(segment, "address", image->segments[i].address) &&
               espota_json_set_integer(segment, "length", image->segments[i].length) &&
               espota_json_set_integer(segment, "offset", image->segments[i].offset);
        fine = espota_json_append_own(array, segment) && fine;
    }
    if (image->segment_count > 0)
        return espota_json_set_own(object, "segments", array) && fine;
    espota_json_free(array);
    return fine;
}

static bool revision(struct espota_json *object, const struct espota_image *image)
{
    char words[2][16];

    if (!espota_chip_is_esp32(image->chip))
        return true;
    (void)snprintf(words[0], sizeof(words[0]), "%u.%u", image->min_revision / 100,
                   image->min_revision % 100);
    (void)snprintf(words[1], sizeof(words[1]), "%u.%u", image->max_revision / 100,
                   image->max_revision % 100);
    return espota_json_set_text(object, "min_revision", words[0]) &&
           (image->max_revision == 0 || image->max_revision == UINT16_MAX ||
            espota_json_set_text(object, "max_revision", words[1]));
}

static bool signature(struct espota_json *object, const struct espota_image *image)
{
    struct espota_json *member;

    if (image->signature == ESPOTA_SIGNATURE_NONE)
        return true;
    member = espota_json_object();
    if (!espota_json_set_text(member, "kind", espota_info_signature(image)) ||
        !number(member, "length", image->signature_length)) {
        espota_json_free(member);
        return false;
    }
    return espota_json_set_own(object, "signature", member);
}

static bool notes(struct espota_json *object, const struct espota_image *image)
{
    struct espota_json *array;
    bool fine = true;

    if (image->note_count == 0)
        return true;
    array = espota_json_array();
    for (size_t i = 0; i < image->note_count && fine; i++) {
        char text[ESPOTA_PROBLEM_TEXT_MAX];

        espota_image_problem_text(&image->notes[i], text);
        fine = espota_json_append_text(array, text);
    }
    return espota_json_set_own(object, "notes", array) && fine;
}

static bool describe(struct espota_json *object, const struct espota_image *image)
{
    return espota_json_set_integer(object, "bytes", image->length) &&
           espota_json_set_integer(object, "payload", image->payload) &&
           (image->chip == ESPOTA_CHIP_UNKNOWN ||
            espota_json_set_text(object, "chip", espota_chip_name(image->chip))) &&
           revision(object, image) && text(object, "project", image->project) &&
           text(object, "version", image->version) && text(object, "built", image->built) &&
           text(object, "sdk", image->sdk) && number(object, "user", image->user) &&
           text(object, "flash_mode", espota_info_flash_mode(image)) &&
           number(object, "flash_kib", image->flash_kib) &&
           number(object, "flash_mhz", image->flash_mhz) && hex(object, "entry", image->entry) &&
           segments(object, image) && hex(object, "fs_start", image->fs_start) &&
           hex(object, "fs_end", image->fs_end) &&
           number(object, "block_size", image->block_size) &&
           number(object, "block_count", image->block_count) &&
           hex(object, "uf2_family", image->uf2_family) &&
           number(object, "uf2_blocks", image->uf2_blocks) &&
           text(object, "checksum", espota_info_check(image->checksum)) &&
           text(object, "crc", espota_info_check(image->crc)) &&
           text(object, "hash", espota_info_check(image->hash)) && signature(object, image) &&
           notes(object, image);
}

static bool inside(struct espota_json *object, const struct espota_info *info)
{
    struct espota_json *member;
    bool fine;

    if (!info->file.packed)
        return true;
    member = espota_json_object();
    fine = espota_json_set_text(member, "kind", espota_image_kind_word(info->file.inner.kind)) &&
           describe(member, &info->file.inner);
    return espota_json_set_own(object, "inside", member) && fine;
}

static bool problems(struct espota_json *object, const struct espota_info *info)
{
    struct espota_json *array = espota_json_array();
    bool fine = array != NULL;

    for (size_t i = 0; i < info->problem_count && fine; i++)
        fine = espota_json_append_text(array, info->problems[i]);
    return espota_json_set_own(object, "problems", array) && fine;
}

char *espota_info_json(const struct espota_info *info)
{
    struct espota_json *object = espota_json_object();
    char *line = NULL;

    if (espota_json_set_text(object, "file", info->path) &&
        espota_json_set_text(object, "kind", espota_image_kind_word(info->file.outer.kind)) &&
        espota_json_set_bool(object, "ok", info->problem_count == 0) && problems(object, info) &&
        describe(object, &info->file.outer) && inside(object, info) &&
        espota_json_set_text(object, "md5", info->file.md5) &&
        espota_json_set_text(object, "sha256", info->file.sha256))
        line = espota_json_line(object);
    espota_json_free(object);
    return line;
}
