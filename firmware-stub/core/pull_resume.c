/* SPDX-License-Identifier: MIT */
/*
 * A pull that goes on. What vouches for the rest being of the same image is the ETag, asked for
 * (If-Range) and looked at again when the answer comes; the digest of the whole says at the end
 * whether it was true. A server without ETags, or with weak ones, is asked for all of it again.
 */
#include "core/pull_client_inside.h"

#include <string.h>

enum { HTTP_OK = 200, HTTP_PARTIAL = 206, HTTP_NO_SUCH_RANGE = 416 };

static bool keeps_bookmark(const struct espota_pull_client *client)
{
    return client->config->mode != ESPOTA_PULL_VERSION && client->config->bookmark_at != 0;
}

static void add_text(uint32_t *sum, const char *text)
{
    *sum = espota_crc32_zlib(*sum, text, espota_text_length(text, SIZE_MAX) + 1);
}

void espota_pull_resume_init(struct espota_pull_client *client)
{
    const struct espota_pull_client_config *config = client->config;
    struct espota_pull_bookmark *bookmark = &client->bookmark;
    uint32_t asked = ESPOTA_CRC32_START;

    add_text(&asked, config->host);
    add_text(&asked, config->target);
    if (keeps_bookmark(client) &&
        espota_pull_bookmark_find(bookmark, config->update->flash, config->bookmark_at, asked,
                                  espota_pull_client_command(client)) == ESPOTA_OK) {
        client->from = bookmark->done;
        client->best = bookmark->done;
        client->noting = true;
        return;
    }
    memset(bookmark, 0, sizeof(*bookmark));
    bookmark->asked = asked;
}

void espota_pull_resume_write(const struct espota_pull_client *client, struct espota_writer *writer)
{
    if (client->from == 0)
        return;
    espota_write_text(writer, "\r\nRange: bytes=");
    espota_write_decimal(writer, client->from);
    espota_write_text(writer, "-\r\nIf-Range: ");
    espota_write_text(writer, client->bookmark.etag);
}

void espota_pull_resume_forget(struct espota_pull_client *client)
{
    const struct espota_flash *flash = client->config->update->flash;

    /* what cannot be erased is still judged by the digest of the whole */
    client->noting =
        client->noting && flash->erase(flash->context, client->config->bookmark_at) != ESPOTA_OK;
    client->from = 0;
    client->skip = 0;
    client->told = 0;
    client->first_bytes = 0;
    espota_updater_abort(&client->updater);
}

/* Whether the answer is of the image whose beginning is here. */
static bool is_the_same(const struct espota_pull_client *client)
{
    const struct espota_pull_bookmark *bookmark = &client->bookmark;
    const char *rest = espota_text_behind(client->etag, bookmark->etag);

    return rest != NULL && *rest == '\0' &&
           (!client->has_md5 || !bookmark->has_md5 || espota_http_same(client->md5, bookmark->md5));
}

unsigned espota_pull_resume_status(struct espota_pull_client *client)
{
    const struct espota_http_content_range *range = &client->range;
    uint32_t size = client->bookmark.size;

    client->skip = 0;
    client->resumed = 0;
    if (client->from == 0)
        return client->status;
    if (client->status == HTTP_PARTIAL && client->has_range && range->first == client->from &&
        range->last == size - 1 && range->whole == size && is_the_same(client)) {
        client->length = size;
        client->resumed = client->from;
        return client->has_length && !client->chunked ? HTTP_OK : HTTP_PARTIAL;
    }
    if (client->status == HTTP_OK && client->length == size && is_the_same(client)) {
        client->skip = client->resumed = client->from;
        return HTTP_OK;
    }
    if (client->status == HTTP_OK || client->status == HTTP_PARTIAL ||
        client->status == HTTP_NO_SUCH_RANGE)
        espota_pull_resume_forget(client); /* it is another image now */
    return client->status == HTTP_PARTIAL || client->status == HTTP_NO_SUCH_RANGE ? 0
                                                                                  : client->status;
}

/* A bookmark lies where the image does not. */
static bool has_place(const struct espota_pull_client *client)
{
    uint32_t at = client->config->bookmark_at;
    const struct espota_updater *updater = &client->updater;

    return at >= (uint64_t)updater->start + updater->size ||
           at + (uint64_t)ESPOTA_SECTOR_SIZE <= updater->start;
}

void espota_pull_resume_begun(struct espota_pull_client *client)
{
    struct espota_pull_bookmark *bookmark = &client->bookmark;

    bookmark->command = client->updater.command;
    bookmark->start = client->updater.start;
    bookmark->size = client->length;
    bookmark->has_md5 = client->has_md5;
    espota_text_copy(client->has_md5 ? client->md5 : "", bookmark->md5, sizeof(bookmark->md5));
    /* a weak one is of images that are as good as each other, not the same */
    espota_text_copy(espota_http_behind(client->etag, "W/") == NULL ? client->etag : "",
                     bookmark->etag, sizeof(bookmark->etag));
    client->noting = keeps_bookmark(client) && bookmark->etag[0] != '\0' && has_place(client) &&
                     espota_pull_bookmark_begin(bookmark, client->config->update->flash,
                                                client->config->bookmark_at) == ESPOTA_OK;
}

bool espota_pull_resume_begin(struct espota_pull_client *client)
{
    const struct espota_pull_bookmark *bookmark = &client->bookmark;

    return espota_updater_resume(&client->updater, bookmark->size, bookmark->command,
                                 bookmark->has_md5 ? bookmark->md5 : NULL, bookmark->start,
                                 bookmark->done, bookmark->flash_mode) == ESPOTA_OK;
}

/* Notes that the bookmark has pages for are made at equal distances, of whole sectors. */
static uint32_t distance(uint32_t size)
{
    const uint32_t stride = ESPOTA_PULL_NOTES * ESPOTA_SECTOR_SIZE;

    return (size / stride + 1) * ESPOTA_SECTOR_SIZE;
}

void espota_pull_resume_note(struct espota_pull_client *client)
{
    struct espota_pull_bookmark *bookmark = &client->bookmark;
    uint32_t done = client->updater.flashed;

    if (espota_updater_received(&client->updater) > client->best) {
        client->best = espota_updater_received(&client->updater);
        client->lost = 0;
    }
    if (!client->noting || done >= bookmark->size ||
        done - bookmark->done < distance(bookmark->size))
        return;
    bookmark->flash_mode = client->updater.flash_mode;
    if (espota_pull_bookmark_note(bookmark, client->config->update->flash,
                                  client->config->bookmark_at, done) != ESPOTA_OK)
        client->noting = false; /* the last one that was made is good */
}

bool espota_pull_resume_lost(struct espota_pull_client *client)
{
    uint64_t wait = client->config->retry_ms;

    if (client->lost >= client->config->retries)
        return false;
    for (unsigned i = 0; i < client->lost && wait < ESPOTA_PULL_RETRY_MAX_MS; i++)
        wait *= 2;
    client->lost++;
    if (client->updater.running)
        client->from =
            client->bookmark.etag[0] != '\0' ? espota_updater_received(&client->updater) : 0;
    if (client->from == 0)
        espota_pull_resume_forget(client);
    client->phase = ESPOTA_PULL_WAITING;
    client->deadline = client->now + wait;
    return true;
}
