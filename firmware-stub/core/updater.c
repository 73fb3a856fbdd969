/* SPDX-License-Identifier: MIT */
/*
 * A sector is gathered and written whole, the last one when all has come. The record for the
 * loader is the very last write of a program: cut anywhere before it, the old one starts.
 */
#include "core/updater.h"

#include <string.h>

#include "wire/wire.h"

enum {
    FLASH_MODE_AT = 2,
    FLASH_SIZE_AT = 3,
    IMAGE_MAGIC = 0xe9,
    GZIP_FIRST = 0x1f,
    GZIP_SECOND = 0x8b,
    LENGTH_FIELD = 4, /* behind a signature */
};

static uint64_t rounded(uint32_t size)
{
    return ((uint64_t)size + (ESPOTA_SECTOR_SIZE - 1)) & ~(uint64_t)(ESPOTA_SECTOR_SIZE - 1);
}

static bool read_flash(const struct espota_updater *updater, uint32_t address, void *data,
                       size_t length)
{
    const struct espota_flash *flash = updater->config->flash;

    return flash->read(flash->context, address, data, length) == ESPOTA_OK;
}

void espota_updater_init(struct espota_updater *updater, const struct espota_updater_config *config)
{
    memset(updater, 0, sizeof(*updater));
    updater->config = config;
}

void espota_updater_abort(struct espota_updater *updater)
{
    const struct espota_crypto *crypto = updater->config->crypto;

    if (updater->digesting)
        crypto->digest_drop(crypto->context, &updater->digest);
    updater->digesting = false;
    updater->running = false;
}

void espota_updater_fail(struct espota_updater *updater, enum espota_update_error error)
{
    espota_updater_abort(updater);
    updater->error = error;
}

static enum espota_status refuse(struct espota_updater *updater, enum espota_update_error error)
{
    espota_updater_fail(updater, error);
    return ESPOTA_E_REFUSED;
}

uint32_t espota_updater_space(const struct espota_updater_config *config, uint32_t command)
{
    uint64_t sketch = rounded(config->sketch_size);

    if (config->installer != NULL)
        return config->installer->space(config->installer->context, command);
    if (command == ESPOTA_COMMAND_FILESYSTEM)
        return config->fs_end - config->fs_start; /* by the config's contract */
    return config->fs_start > sketch ? (uint32_t)(config->fs_start - sketch) : 0;
}

/* Where an image of this size goes, between the running program and the file system. */
static bool stage(const struct espota_updater_config *config, uint64_t room, uint32_t *start)
{
    uint64_t end = config->slot_start != 0 ? config->slot_start + room : config->fs_start;

    if (end > config->fs_start || room > end || end - room < rounded(config->sketch_size))
        return false;
    *start = (uint32_t)(end - room); /* room <= end was checked above */
    return true;
}

static enum espota_update_error place(const struct espota_updater_config *config, uint32_t size,
                                      uint32_t command, uint32_t *start)
{
    uint64_t room = rounded(size);

    if (command != ESPOTA_COMMAND_FLASH && command != ESPOTA_COMMAND_FILESYSTEM)
        return ESPOTA_UPDATE_COMMAND;
    if (config->installer != NULL)
        return config->installer->begin(config->installer->context, command, size, start);
    if (command == ESPOTA_COMMAND_FILESYSTEM) {
        if (config->fs_start + room > config->fs_end)
            return ESPOTA_UPDATE_SPACE;
        *start = config->fs_start;
        if (!config->atomic_fs)
            return ESPOTA_UPDATE_OK;
    }
    return stage(config, room, start) ? ESPOTA_UPDATE_OK : ESPOTA_UPDATE_SPACE;
}

static enum espota_update_error start_digest(struct espota_updater *updater)
{
    const struct espota_crypto *crypto = updater->config->crypto;

    if (updater->config->verify != NULL)
        return ESPOTA_UPDATE_OK;
    if (crypto->digest_start(crypto->context, ESPOTA_DIGEST_MD5, &updater->digest) != ESPOTA_OK)
        return ESPOTA_UPDATE_MEMORY;
    updater->digesting = true;
    return ESPOTA_UPDATE_OK;
}

enum espota_status espota_updater_begin(struct espota_updater *updater, uint32_t size,
                                        uint32_t command, const char *md5)
{
    const struct espota_updater_config *config = updater->config;
    enum espota_update_error error = ESPOTA_UPDATE_OK;

    if (updater->running) { /* the other update goes on */
        updater->error = ESPOTA_UPDATE_RUNNING;
        return ESPOTA_E_REFUSED;
    }
    if (config->bootstrap)
        error = ESPOTA_UPDATE_BOOTSTRAP;
    else if (size == 0)
        error = ESPOTA_UPDATE_SIZE;
    else if (config->configured_size > config->chip_size)
        error = ESPOTA_UPDATE_FLASH_CONFIG;
    if (error == ESPOTA_UPDATE_OK)
        error = place(config, size, command, &updater->start);
    if (error == ESPOTA_UPDATE_OK)
        error = start_digest(updater);
    if (error != ESPOTA_UPDATE_OK)
        return refuse(updater, error);
    updater->command = command;
    updater->size = size;
    updater->flashed = 0;
    updater->filled = 0;
    updater->error = ESPOTA_UPDATE_OK;
    updater->md5_given = md5 != NULL;
    memset(updater->md5, 0, sizeof(updater->md5));
    for (size_t i = 0; md5 != NULL && i < ESPOTA_MD5_HEX && md5[i] != '\0'; i++)
        updater->md5[i] = md5[i];
    memset(updater->calculated, 0, sizeof(updater->calculated));
    updater->running = true;
    return ESPOTA_OK;
}

/*
 * The first sector of a program gets the running program's flash mode. Returns
 * what the digest shall see in its place: the byte that came, or FF if that is
 * no mode. So does the original, whose MD5 then never matches.
 */
static uint8_t patch_flash_mode(struct espota_updater *updater)
{
    uint8_t *byte = &updater->sector[FLASH_MODE_AT];
    uint8_t mode = updater->config->flash_mode;
    uint8_t came = *byte;

    if (updater->flashed > 0 || updater->filled <= FLASH_MODE_AT ||
        updater->command != ESPOTA_COMMAND_FLASH || updater->sector[0] == GZIP_FIRST ||
        mode == ESPOTA_FLASH_MODE_KEEP || came == mode)
        return came;
    *byte = mode;
    return came > 3 ? 0xff : came;
}

static enum espota_status flush_sector(struct espota_updater *updater)
{
    const struct espota_flash *flash = updater->config->flash;
    const struct espota_crypto *crypto = updater->config->crypto;
    uint32_t address = updater->start + updater->flashed; /* only the last sector is not full */
    uint32_t pages = (updater->filled + ESPOTA_PAGE_SIZE - 1) / ESPOTA_PAGE_SIZE * ESPOTA_PAGE_SIZE;
    uint8_t mode;

    if (flash->erase(flash->context, address) != ESPOTA_OK)
        return refuse(updater, ESPOTA_UPDATE_ERASE);
    mode = patch_flash_mode(updater);
    memset(updater->sector + updater->filled, 0xff, pages - updater->filled); /* rounded up */
    if (flash->write(flash->context, address, updater->sector, pages) != ESPOTA_OK)
        return refuse(updater, ESPOTA_UPDATE_WRITE);
    if (updater->filled > FLASH_MODE_AT)
        updater->sector[FLASH_MODE_AT] = mode;
    if (updater->flashed == 0)
        updater->flash_mode = mode;
    if (updater->digesting)
        crypto->digest_add(crypto->context, &updater->digest, updater->sector, updater->filled);
    updater->flashed += updater->filled;
    updater->filled = 0;
    return ESPOTA_OK;
}

uint8_t *espota_updater_room(struct espota_updater *updater, size_t *room)
{
    uint32_t left = espota_updater_remaining(updater);

    *room = 0;
    if (!updater->running || left == 0)
        return NULL;
    *room = ESPOTA_SECTOR_SIZE - updater->filled; /* a full sector is flushed at once */
    if (*room > left)
        *room = left;
    return updater->sector + updater->filled;
}

enum espota_status espota_updater_filled(struct espota_updater *updater, size_t length)
{
    size_t room;

    if (length == 0)
        return ESPOTA_OK;
    if (espota_updater_room(updater, &room) == NULL || length > room)
        return updater->running ? refuse(updater, ESPOTA_UPDATE_SPACE) : ESPOTA_E_REFUSED;
    updater->filled += (uint32_t)length;
    if (updater->filled == ESPOTA_SECTOR_SIZE || espota_updater_remaining(updater) == 0)
        return flush_sector(updater);
    return ESPOTA_OK;
}

enum espota_status espota_updater_write(struct espota_updater *updater, const void *data,
                                        size_t length)
{
    const uint8_t *bytes = data;
    enum espota_status status = ESPOTA_OK;

    if (!updater->running)
        return ESPOTA_E_REFUSED;
    if (length > espota_updater_remaining(updater))
        return refuse(updater, ESPOTA_UPDATE_SPACE);
    while (length > 0 && status == ESPOTA_OK) {
        size_t part;
        uint8_t *room = espota_updater_room(updater, &part);

        if (part > length)
            part = length;
        memcpy(room, bytes, part);
        status = espota_updater_filled(updater, part);
        bytes += part;
        length -= part; /* part <= length was made so above */
    }
    return status;
}

static enum espota_update_error check_md5(struct espota_updater *updater)
{
    const struct espota_crypto *crypto = updater->config->crypto;
    char hex[ESPOTA_MD5_HEX + 1];

    updater->digesting = false;
    if (crypto->digest_finish(crypto->context, &updater->digest, updater->calculated) != ESPOTA_OK)
        return ESPOTA_UPDATE_MEMORY;
    if (!updater->md5_given)
        return ESPOTA_UPDATE_OK;
    espota_hex_encode(updater->calculated, sizeof(updater->calculated), hex);
    for (size_t i = 0; i < ESPOTA_MD5_HEX; i++)
        if (espota_ascii_lower((uint8_t)updater->md5[i]) != (uint8_t)hex[i])
            return ESPOTA_UPDATE_MD5;
    return ESPOTA_UPDATE_OK;
}

/* The SHA-256 of the payload as it is in flash, a sector at a time through the free buffer. */
static enum espota_update_error hash_flash(struct espota_updater *updater, uint32_t length)
{
    const struct espota_crypto *crypto = updater->config->crypto;

    if (crypto->digest_start(crypto->context, ESPOTA_DIGEST_SHA256, &updater->digest) != ESPOTA_OK)
        return ESPOTA_UPDATE_MEMORY;
    for (uint32_t done = 0; done < length; done += ESPOTA_SECTOR_SIZE) {
        uint32_t part = length - done; /* done < length */

        if (part > ESPOTA_SECTOR_SIZE)
            part = ESPOTA_SECTOR_SIZE;
        if (!read_flash(updater, updater->start + done, updater->sector, part)) {
            crypto->digest_drop(crypto->context, &updater->digest);
            return ESPOTA_UPDATE_READ;
        }
        crypto->digest_add(crypto->context, &updater->digest, updater->sector, part);
    }
    return crypto->digest_finish(crypto->context, &updater->digest, updater->sha256) == ESPOTA_OK
               ? ESPOTA_UPDATE_OK
               : ESPOTA_UPDATE_MEMORY;
}

/* Checks the trailer and takes it off the image's size. */
static enum espota_update_error check_signature(struct espota_updater *updater)
{
    const struct espota_verifier *verify = updater->config->verify;
    uint32_t length = verify->signature_size;
    uint8_t field[LENGTH_FIELD];
    struct espota_reader reader;
    uint32_t payload;
    enum espota_update_error error;

    if (length > ESPOTA_SECTOR_SIZE || updater->size <= length + LENGTH_FIELD)
        return ESPOTA_UPDATE_SIGNATURE;
    payload = updater->size - length - LENGTH_FIELD; /* size is greater, see above */
    if (!read_flash(updater, updater->start + updater->size - LENGTH_FIELD, field, sizeof(field)))
        return ESPOTA_UPDATE_READ;
    espota_reader_init(&reader, field, sizeof(field));
    if (espota_read_u32le(&reader) != length)
        return ESPOTA_UPDATE_SIGNATURE;
    error = hash_flash(updater, payload);
    if (error != ESPOTA_UPDATE_OK)
        return error;
    if (!read_flash(updater, updater->start + payload, updater->sector, length))
        return ESPOTA_UPDATE_READ;
    if (verify->verify(verify->context, updater->sha256, updater->sector, length) != ESPOTA_OK)
        return ESPOTA_UPDATE_SIGNATURE;
    updater->size = payload;
    return ESPOTA_UPDATE_OK;
}

uint32_t espota_updater_claimed_chip(uint8_t byte)
{
    static const uint8_t quarters_of_a_mebibyte[16] = {2, 1, 4, 8, 16, 0, 0, 0, 32, 64};

    return (uint32_t)quarters_of_a_mebibyte[byte >> 4] << 18;
}

static enum espota_update_error check_header(const struct espota_updater *updater)
{
    uint8_t header[4];

    if (updater->command != ESPOTA_COMMAND_FLASH || updater->config->any_image)
        return ESPOTA_UPDATE_OK;
    if (!read_flash(updater, updater->start, header, sizeof(header)))
        return ESPOTA_UPDATE_READ;
    if (header[0] == GZIP_FIRST && header[1] == GZIP_SECOND && updater->config->installer == NULL)
        return ESPOTA_UPDATE_OK;
    if (header[0] != IMAGE_MAGIC)
        return ESPOTA_UPDATE_MAGIC;
    if (espota_updater_claimed_chip(header[FLASH_SIZE_AT]) > updater->config->chip_size)
        return ESPOTA_UPDATE_NEW_FLASH_CONFIG;
    return ESPOTA_UPDATE_OK;
}

static enum espota_update_error tell_installer(struct espota_updater *updater)
{
    const struct espota_installer *installer = updater->config->installer;
    struct espota_staged image = {updater->command, updater->start, updater->size, {0}};
    enum espota_update_error error = ESPOTA_UPDATE_OK;

    if (updater->config->verify == NULL && !installer->looks_itself)
        error = hash_flash(updater, updater->size);
    memcpy(image.sha256, updater->sha256, sizeof(image.sha256));
    return error == ESPOTA_UPDATE_OK ? installer->install(installer->context, &image) : error;
}

/* Tells the loader; a file system in place needs none. */
static enum espota_update_error leave_record(const struct espota_updater *updater)
{
    const struct espota_updater_config *config = updater->config;
    struct espota_eboot command = {.action = ESPOTA_EBOOT_COPY_RAW};
    uint8_t record[ESPOTA_EBOOT_SIZE];

    if (updater->command == ESPOTA_COMMAND_FILESYSTEM && !config->atomic_fs)
        return ESPOTA_UPDATE_OK;
    command.argument[0] = updater->start;
    command.argument[1] = updater->command == ESPOTA_COMMAND_FLASH ? 0 : config->fs_start;
    command.argument[2] = updater->size;
    espota_eboot_write(&command, record);
    return config->boot->store(config->boot->context, record) == ESPOTA_OK ? ESPOTA_UPDATE_OK
                                                                           : ESPOTA_UPDATE_WRITE;
}

/* E_BROKEN unless everything that shall be checked is in flash. */
static enum espota_status complete(struct espota_updater *updater, bool as_is)
{
    if (!updater->running)
        return updater->error == ESPOTA_UPDATE_OK ? ESPOTA_E_BROKEN : ESPOTA_E_REFUSED;
    if (as_is && updater->filled > 0 && flush_sector(updater) != ESPOTA_OK)
        return ESPOTA_E_REFUSED;
    if (as_is)
        updater->size = updater->flashed;
    if (updater->flashed > 0 && espota_updater_remaining(updater) == 0)
        return ESPOTA_OK;
    espota_updater_fail(updater, updater->flashed == 0 ? ESPOTA_UPDATE_NO_DATA : ESPOTA_UPDATE_OK);
    return ESPOTA_E_BROKEN;
}

enum espota_status espota_updater_end(struct espota_updater *updater, bool as_is)
{
    enum espota_status status = complete(updater, as_is);
    enum espota_update_error error;

    if (status != ESPOTA_OK)
        return status;
    error = updater->config->verify != NULL ? check_signature(updater) : check_md5(updater);
    if (error == ESPOTA_UPDATE_OK)
        error = check_header(updater);
    if (error == ESPOTA_UPDATE_OK)
        error =
            updater->config->installer != NULL ? tell_installer(updater) : leave_record(updater);
    espota_updater_fail(updater, error); /* over, whatever the error is */
    return error == ESPOTA_UPDATE_OK ? ESPOTA_OK : ESPOTA_E_REFUSED;
}

bool espota_updater_magic(uint32_t command, uint8_t first)
{
    return command != ESPOTA_COMMAND_FLASH || first == IMAGE_MAGIC || first == GZIP_FIRST;
}

uint32_t espota_updater_received(const struct espota_updater *updater)
{
    return updater->flashed + updater->filled;
}

uint32_t espota_updater_remaining(const struct espota_updater *updater)
{
    /* while it runs, no more than `size` was ever taken */
    return updater->running ? updater->size - updater->flashed - updater->filled : 0;
}
