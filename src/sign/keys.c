/* SPDX-License-Identifier: MIT */
/*
 * Keys for devices: a pair in two files, of which both appear or neither, and the C header that
 * carries the public half into a sketch.
 */
#include <stdlib.h>
#include <string.h>

#include "sign/sign.h"
#include "sys/sys.h"
#include "text/text.h"

enum { KEY_FILE_MAX = 65536, HEADER_MAX = 512 * 1024 };

/* What signing.py writes, byte for byte: sketches' builds compare it. */
static void write_esp8266(struct espota_builder *text, const uint8_t *key, size_t length)
{
    espota_builder_add(text, "#include <pgmspace.h>\n#define ARDUINO_SIGNING 1\n"
                             "static const char signing_pubkey[] PROGMEM = {\n");
    for (size_t i = 0; i < length; i++)
        espota_builder_add(text, i + 1 < length ? "0x%02x, \n" : "0x%02x", key[i]);
    espota_builder_add(text, "\n};\n");
}

/* With the terminating zero that mbedTLS asks for. */
static void write_esp32(struct espota_builder *text, const uint8_t *key, size_t length)
{
    espota_builder_add(text, "// Public key for verifying signed OTA updates\n\n"
                             "const uint8_t PUBLIC_KEY[] PROGMEM = {\n");
    for (size_t i = 0; i <= length; i++) {
        espota_builder_add(text, i % 16 == 0 ? "  " : " ");
        espota_builder_add(text, "0x%02x,", i < length ? key[i] : 0);
        if (i % 16 == 15 || i == length)
            espota_builder_add(text, "\n");
    }
    espota_builder_add(text, "};\nconst size_t PUBLIC_KEY_LEN = %zu;\n", length + 1);
}

/* The file's own text where it is PEM, so that it can be recognised in the sketch. */
static enum espota_status key_text(const struct espota_header_options *options,
                                   enum espota_sign_format *format, uint8_t **out, size_t *length,
                                   struct espota_error *err)
{
    struct espota_passphrase none = {ESPOTA_SECRET_INIT, NULL, NULL};
    struct espota_key *key = NULL;
    struct espota_secret pem = ESPOTA_SECRET_INIT;
    enum espota_status status = espota_key_public_load(&key, options->publickey, &none, err);

    if (status != ESPOTA_OK)
        return status;
    *format = options->format;
    if (*format == ESPOTA_SIGN_AUTO)
        *format = espota_key_family(key) == ESPOTA_KEY_EC ? ESPOTA_SIGN_ESP32 : ESPOTA_SIGN_ESP8266;
    status = espota_signature_key_fits(key, *format, ESPOTA_CHIP_UNKNOWN, err);
    if (status == ESPOTA_OK)
        status = espota_key_public_pem(key, &pem, err);
    espota_key_destroy(key);
    if (status != ESPOTA_OK)
        return status;
    *out = (uint8_t *)pem.bytes;
    *length = pem.length;
    if (*format == ESPOTA_SIGN_ESP8266 && !espota_key_is_uri(options->publickey)) {
        uint8_t *file = NULL;
        size_t file_length = 0;

        status = espota_file_read(options->publickey, KEY_FILE_MAX, &file, &file_length, NULL, err);
        if (status == ESPOTA_OK && file_length > 10 && memcmp(file, "-----BEGIN", 10) == 0) {
            *out = file;
            *length = file_length;
            file = (uint8_t *)pem.bytes;
        }
        free(file);
    }
    return status;
}

static bool is_there(const char *path, const struct espota_builder *text)
{
    uint8_t *old = NULL;
    size_t length = 0;
    bool same = espota_file_read(path, HEADER_MAX, &old, &length, NULL, NULL) == ESPOTA_OK &&
                length == text->length && memcmp(old, text->text, length) == 0;

    free(old);
    return same;
}

static enum espota_status put(const char *path, const struct espota_builder *text, bool *changed,
                              struct espota_error *err)
{
    *changed = strcmp(path, "-") == 0 || !is_there(path, text);
    if (!*changed)
        return ESPOTA_OK;
    return espota_file_write(path, 0666, text->text, text->length, err);
}

static enum espota_status write_header(const struct espota_header_options *options, bool *changed,
                                       bool *enabled, struct espota_error *err)
{
    struct espota_builder text = {.text = NULL};
    enum espota_sign_format format = ESPOTA_SIGN_ESP8266;
    uint8_t *key = NULL;
    size_t length = 0;
    enum espota_status status = ESPOTA_OK;

    *enabled = !options->missing_is_fine ||
               (options->publickey != NULL && espota_key_exists(options->publickey));
    if (*enabled && !espota_key_is_uri(options->publickey) &&
        espota_file_is_same(options->file, options->publickey))
        status =
            espota_error_set(err, ESPOTA_E_USAGE,
                             "%s is the public key, which the header would replace", options->file);
    else if (*enabled)
        status = key_text(options, &format, &key, &length, err);
    if (status == ESPOTA_OK) {
        if (!*enabled)
            espota_builder_add(&text, "#define ARDUINO_SIGNING 0\n");
        else if (format == ESPOTA_SIGN_ESP32)
            write_esp32(&text, key, length);
        else
            write_esp8266(&text, key, length);
        if (text.failed)
            status = espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a header");
        else if (options->missing_is_fine)
            status = espota_folder_create_for(options->file, 0777, err);
    }
    if (status == ESPOTA_OK)
        status = put(options->file, &text, changed, err);
    free(key);
    espota_builder_deinit(&text);
    return status;
}

enum espota_status espota_header(const struct espota_header_options *options, bool *changed,
                                 bool *enabled, struct espota_error *err)
{
    struct espota_header_options own = ESPOTA_HEADER_OPTIONS_INIT;
    enum espota_status status = espota_sized_take(&own, options, err);

    *changed = false;
    *enabled = false;
    return status != ESPOTA_OK ? status : write_header(&own, changed, enabled, err);
}

/* Both places are taken before a key is made, and either both files appear or none. */
static enum espota_status write_pair(const struct espota_key *key, struct espota_output *private,
                                     struct espota_output *public,
                                     const struct espota_secret *passphrase,
                                     struct espota_error *err)
{
    struct espota_secret private_pem = ESPOTA_SECRET_INIT;
    struct espota_secret public_pem = ESPOTA_SECRET_INIT;
    enum espota_status status = espota_key_private_pem(key, passphrase, &private_pem, err);

    if (status == ESPOTA_OK)
        status = espota_key_public_pem(key, &public_pem, err);
    if (status == ESPOTA_OK)
        status = espota_output_write(private, private_pem.bytes, private_pem.length, err);
    if (status == ESPOTA_OK)
        status = espota_output_write(public, public_pem.bytes, public_pem.length, err);
    if (status == ESPOTA_OK)
        status = espota_output_prepare(public, err);
    if (status == ESPOTA_OK)
        status = espota_output_commit(private, err);
    if (status == ESPOTA_OK) {
        status = espota_output_commit(public, err);
        if (status != ESPOTA_OK)
            espota_output_revoke(private);
    }
    espota_secret_wipe(&private_pem);
    espota_secret_wipe(&public_pem);
    return status;
}

enum espota_status espota_keygen(enum espota_key_type type, const char *private_file,
                                 const char *public_file, const struct espota_secret *passphrase,
                                 struct espota_error *err)
{
    struct espota_output *private = NULL;
    struct espota_output *public = NULL;
    struct espota_key *key = NULL;
    enum espota_status status =
        espota_output_create(&private, private_file, ESPOTA_OUTPUT_NEW, 0600, err);

    if (status == ESPOTA_OK)
        status = espota_output_create(&public, public_file, ESPOTA_OUTPUT_NEW, 0666, err);
    if (status == ESPOTA_OK)
        status = espota_key_generate(&key, type, err);
    if (status == ESPOTA_OK)
        status = write_pair(key, private, public, passphrase, err);
    espota_key_destroy(key);
    espota_output_destroy(public);
    espota_output_destroy(private);
    return status;
}
