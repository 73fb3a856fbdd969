/* SPDX-License-Identifier: MIT */
/*
 * `info`: the loader finds out what a file is; here it is told, each fact once, as a line for
 * people and as members of a JSON object. Members that have nothing to say are left out, and so are
 * lines.
 */
#include "espota/info.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "image/image.h"
#include "text/text.h"

enum {
    LINES_MAX = 64,
    TEXT_MAX = 200,
    PROBLEMS_MAX = 2 * ESPOTA_IMAGE_PROBLEMS_MAX,
};

struct espota_info {
    struct espota_json *object;
    bool failed; /* no memory for all of it */
    size_t line_count;
    struct {
        char label[20];
        char text[TEXT_MAX];
    } lines[LINES_MAX];
    size_t problem_count;
    char problems[PROBLEMS_MAX][ESPOTA_PROBLEM_TEXT_MAX + 16];
};

/* What is being told of: the file, or what is inside it. */
struct subject {
    struct espota_info *info;
    struct espota_json *object;
    const struct espota_image *image;
};

static void line(struct espota_info *info, const char *label, const char *format, ...)
    ESPOTA_PRINTF(3, 4);
static void line(struct espota_info *info, const char *label, const char *format, ...)
{
    va_list arguments;

    if (info->line_count == LINES_MAX)
        return;
    (void)snprintf(info->lines[info->line_count].label, sizeof(info->lines[0].label), "%s", label);
    va_start(arguments, format);
    (void)vsnprintf(info->lines[info->line_count].text, TEXT_MAX, format, arguments);
    va_end(arguments);
    info->line_count++;
}

static void keep(struct espota_info *info, bool fine)
{
    info->failed = info->failed || !fine;
}

/* A text of the image's own, which may hold anything, for people. */
static void hostile(struct espota_info *info, const char *label, const char *text)
{
    char shown[TEXT_MAX];

    (void)espota_text_printable(text, strlen(text), shown, sizeof(shown));
    line(info, label, "%s", shown);
}

static void number(const struct subject *of, const char *key, uint32_t value)
{
    if (value != 0)
        keep(of->info, espota_json_set_integer(of->object, key, value));
}

static bool set_hex(struct espota_json *object, const char *key, uint32_t value)
{
    char digits[16];

    (void)snprintf(digits, sizeof(digits), "0x%08" PRIx32, value);
    return value == 0 || espota_json_set_text(object, key, digits);
}

static void hex(const struct subject *of, const char *key, uint32_t value)
{
    keep(of->info, set_hex(of->object, key, value));
}

static void text(const struct subject *of, const char *key, const char *label, const char *value)
{
    if (value[0] == '\0')
        return;
    keep(of->info, espota_json_set_text(of->object, key, value));
    hostile(of->info, label, value);
}

/* Shown as it was typed: what would drive a terminal is escaped, but a backslash stands once. */
static void file_name(const struct subject *of, const char *path)
{
    char shown[TEXT_MAX];
    size_t used = 0;

    keep(of->info, espota_json_set_text(of->object, "file", path));
    (void)espota_text_printable(path, strlen(path), shown, sizeof(shown));
    for (const char *at = shown; *at != '\0'; at++) {
        at += at[0] == '\\' && at[1] == '\\';
        shown[used++] = *at;
    }
    shown[used] = '\0';
    line(of->info, "File", "%s", shown);
}

static void check(const struct subject *of, const char *key, const char *label,
                  enum espota_image_check result)
{
    if (result != ESPOTA_CHECK_NONE)
        text(of, key, label, result == ESPOTA_CHECK_GOOD ? "good" : "wrong");
}

static void revision(const struct subject *of)
{
    unsigned min = of->image->min_revision;
    unsigned max = of->image->max_revision;
    char words[2][16];

    if (!espota_chip_is_esp32(of->image->chip))
        return;
    (void)snprintf(words[0], sizeof(words[0]), "%u.%u", min / 100, min % 100);
    (void)snprintf(words[1], sizeof(words[1]), "%u.%u", max / 100, max % 100);
    keep(of->info, espota_json_set_text(of->object, "min_revision", words[0]));
    if (max == 0 || max == UINT16_MAX) {
        line(of->info, "Chip revision", "v%s or later", words[0]);
        return;
    }
    keep(of->info, espota_json_set_text(of->object, "max_revision", words[1]));
    line(of->info, "Chip revision", "v%s to v%s", words[0], words[1]);
}

static void flash(const struct subject *of)
{
    static const char *const modes[] = {"QIO", "QOUT", "DIO", "DOUT", "fast read", "slow read"};
    const struct espota_image *image = of->image;
    const char *mode = "unknown";
    char size[32] = "";
    char frequency[32] = "";

    if (image->flash_mode == ESPOTA_FLASH_NONE)
        return;
    if (image->flash_mode < sizeof(modes) / sizeof(modes[0]))
        mode = modes[image->flash_mode];
    keep(of->info, espota_json_set_text(of->object, "flash_mode", mode));
    number(of, "flash_kib", image->flash_kib);
    number(of, "flash_mhz", image->flash_mhz);
    if (image->flash_kib >= 1024)
        (void)snprintf(size, sizeof(size), ", %" PRIu32 " MiB", image->flash_kib / 1024);
    else if (image->flash_kib != 0)
        (void)snprintf(size, sizeof(size), ", %" PRIu32 " KiB", image->flash_kib);
    if (image->flash_mhz != 0)
        (void)snprintf(frequency, sizeof(frequency), ", %" PRIu32 " MHz", image->flash_mhz);
    line(of->info, "Flash", "%s%s%s", mode, size, frequency);
}

static void segments(const struct subject *of)
{
    struct espota_json *array;

    if (of->image->segment_count == 0)
        return;
    array = espota_json_array();
    for (size_t i = 0; i < of->image->segment_count; i++) {
        const struct espota_image_segment *segment = &of->image->segments[i];
        struct espota_json *member = espota_json_object();

        line(of->info, i == 0 ? "Segments" : "",
             "0x%08" PRIx32 ", %" PRIu32 " bytes, at 0x%" PRIx32 " of the file", segment->address,
             segment->length, segment->offset);
        keep(of->info, set_hex(member, "address", segment->address) &&
                           espota_json_set_integer(member, "length", segment->length) &&
                           espota_json_set_integer(member, "offset", segment->offset));
        keep(of->info, espota_json_append_own(array, member));
    }
    keep(of->info, espota_json_set_own(of->object, "segments", array));
}

/* The numbers that file systems, and UF2, have. */
static void places(const struct subject *of)
{
    const struct espota_image *image = of->image;

    hex(of, "fs_start", image->fs_start);
    hex(of, "fs_end", image->fs_end);
    if (image->fs_end != 0)
        line(of->info, "File system", "flash 0x%08" PRIx32 " to 0x%08" PRIx32, image->fs_start,
             image->fs_end);
    number(of, "block_size", image->block_size);
    number(of, "block_count", image->block_count);
    if (image->block_size != 0)
        line(of->info, "Blocks", "%" PRIu32 " of %" PRIu32 " bytes", image->block_count,
             image->block_size);
    hex(of, "uf2_family", image->uf2_family);
    number(of, "uf2_blocks", image->uf2_blocks);
    if (image->uf2_blocks != 0)
        line(of->info, "UF2", "%" PRIu32 " blocks, family 0x%08" PRIx32, image->uf2_blocks,
             image->uf2_family);
}

static void signature(const struct subject *of)
{
    static const struct {
        const char *word;
        const char *text;
    } kinds[] = {
        [ESPOTA_SIGNATURE_ESP8266] = {"esp8266", "ESP8266 format"},
        [ESPOTA_SIGNATURE_ESP32_RSA] = {"esp32-rsa", "ESP32 format, RSA"},
        [ESPOTA_SIGNATURE_ESP32_ECDSA] = {"esp32-ecdsa", "ESP32 format, ECDSA"},
        [ESPOTA_SIGNATURE_SECURE_BOOT] = {"secure-boot", "ESP32 secure boot v2, RSA"},
        [ESPOTA_SIGNATURE_SECURE_BOOT_ECDSA] = {"secure-boot-ecdsa", "ESP32 secure boot v2, ECDSA"},
        [ESPOTA_SIGNATURE_SECURE_BOOT_V1] = {"secure-boot-v1", "ESP32 secure boot v1, ECDSA"},
    };
    enum espota_image_signature kind = of->image->signature;
    uint32_t length = of->image->signature_length;
    struct subject member = *of;

    if (kind == ESPOTA_SIGNATURE_NONE)
        return;
    member.object = espota_json_object();
    keep(of->info, espota_json_set_text(member.object, "kind", kinds[kind].word));
    number(&member, "length", length);
    keep(of->info, espota_json_set_own(of->object, "signature", member.object));
    if (kind == ESPOTA_SIGNATURE_ESP8266)
        line(of->info, "Signature",
             "%s, %" PRIu32 " bytes (RSA-%" PRIu32
             "); whether it is good, and current or legacy, only the public key tells",
             kinds[kind].text, length, length * 8);
    else if (kind == ESPOTA_SIGNATURE_ESP32_RSA || kind == ESPOTA_SIGNATURE_ESP32_ECDSA)
        line(of->info, "Signature",
             "%s, %" PRIu32 " bytes; whether it is good, only the public key tells",
             kinds[kind].text, length);
    else
        line(of->info, "Signature", "%s", kinds[kind].text);
}

static void notes(const struct subject *of)
{
    struct espota_json *array;

    if (of->image->note_count == 0)
        return;
    array = espota_json_array();
    for (size_t i = 0; i < of->image->note_count; i++) {
        char sentence[ESPOTA_PROBLEM_TEXT_MAX];

        espota_image_problem_text(&of->image->notes[i], sentence);
        keep(of->info, espota_json_append_text(array, sentence));
        line(of->info, "Mind", "%s", sentence);
    }
    keep(of->info, espota_json_set_own(of->object, "notes", array));
}

static void describe(const struct subject *of)
{
    const struct espota_image *image = of->image;

    keep(of->info, espota_json_set_integer(of->object, "bytes", image->length) &&
                       espota_json_set_integer(of->object, "payload", image->payload));
    if (image->chip != ESPOTA_CHIP_UNKNOWN)
        text(of, "chip", "Chip", espota_chip_name(image->chip));
    revision(of);
    text(of, "project", "Project", image->project);
    text(of, "version", "Version", image->version);
    text(of, "built", "Built", image->built);
    text(of, "sdk", "SDK", image->sdk);
    number(of, "user", image->user);
    if (image->user != 0)
        line(of->info, "User image", "%u", image->user);
    flash(of);
    hex(of, "entry", image->entry);
    if (image->entry != 0)
        line(of->info, "Entry", "0x%08" PRIx32, image->entry);
    segments(of);
    places(of);
    check(of, "checksum", "Checksum", image->checksum);
    check(of, "crc", "CRC", image->crc);
    check(of, "hash", "Appended SHA-256", image->hash);
    signature(of);
    notes(of);
}

static void inside(const struct subject *outer, const struct espota_image *image)
{
    struct subject of = {outer->info, espota_json_object(), image};

    if (outer->image->signature != ESPOTA_SIGNATURE_NONE)
        line(of.info, "Mind",
             "a device that does not verify signatures destroys its boot loader with a signed "
             "gzip");
    line(of.info, "Unpacked", "%" PRIu32 " bytes", image->length);
    keep(of.info, espota_json_set_text(of.object, "kind", espota_image_kind_word(image->kind)));
    describe(&of);
    keep(of.info, espota_json_set_own(outer->object, "inside", of.object));
}

/* Sentences, the inner ones of a gzip too. */
static void problems(struct espota_info *info, const struct espota_image *image, const char *front,
                     struct espota_json *array)
{
    for (size_t i = 0; i < image->problem_count && info->problem_count < PROBLEMS_MAX; i++) {
        char *sentence = info->problems[info->problem_count++];
        size_t length = strlen(front);

        memcpy(sentence, front, length);
        espota_image_problem_text(&image->problems[i], sentence + length);
        keep(info, espota_json_append_text(array, sentence));
    }
}

static void tell(struct espota_info *info, const char *path, const struct espota_image_file *file)
{
    struct subject of = {info, info->object, &file->outer};
    struct espota_json *array = espota_json_array();
    enum espota_image_kind kind = file->outer.kind;

    problems(info, &file->outer, "", array);
    if (file->packed)
        problems(info, &file->inner, "Inside gzip: ", array);
    file_name(&of, path);
    keep(info, espota_json_set_text(info->object, "kind", espota_image_kind_word(kind)));
    keep(info, espota_json_set_bool(info->object, "ok", info->problem_count == 0));
    keep(info, espota_json_set_own(info->object, "problems", array));
    line(info, "Size", "%" PRIu32 " bytes", file->outer.length);
    line(info, "What", "%s%s%s", espota_image_kind_text(kind), file->packed ? ", inside it " : "",
         file->packed ? espota_image_kind_text(file->inner.kind) : "");
    describe(&of);
    if (file->packed)
        inside(&of, &file->inner);
    text(&of, "md5", "MD5", file->md5);
    text(&of, "sha256", "SHA-256", file->sha256);
}

enum espota_status espota_info_create(struct espota_info **out, const char *path,
                                      struct espota_error *err)
{
    struct espota_info *info = calloc(1, sizeof(*info));
    struct espota_image_input from = {.name = path};
    struct espota_crypto_openssl crypto;
    struct espota_image_file file;
    enum espota_status status;

    *out = NULL;
    if (info == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to look at %s", path);
    espota_crypto_openssl_init(&crypto);
    status = espota_image_load(&file, &from, false, &crypto.table, err);
    if (status != ESPOTA_OK && crypto.problem[0] != '\0')
        (void)espota_error_set(err, status, "%s", crypto.problem);
    espota_crypto_openssl_deinit(&crypto);
    if (status != ESPOTA_OK) {
        free(info);
        return status;
    }
    info->object = espota_json_object();
    tell(info, path, &file);
    espota_image_free(&file);
    *out = info;
    return ESPOTA_OK;
}

void espota_info_destroy(struct espota_info *info)
{
    if (info == NULL)
        return;
    espota_json_free(info->object);
    free(info);
}

bool espota_info_ok(const struct espota_info *info)
{
    return info->problem_count == 0;
}

bool espota_info_line(const struct espota_info *info, size_t index, const char **label,
                      const char **sentence)
{
    if (index >= info->line_count)
        return false;
    *label = info->lines[index].label;
    *sentence = info->lines[index].text;
    return true;
}

const char *espota_info_problem(const struct espota_info *info, size_t index)
{
    return index < info->problem_count ? info->problems[index] : NULL;
}

char *espota_info_json(const struct espota_info *info)
{
    return info->failed ? NULL : espota_json_line(info->object);
}
