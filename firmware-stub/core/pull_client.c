/* SPDX-License-Identifier: MIT */
/*
 * What both dialects share: the request goes out, a head comes in, an image follows. What they ask
 * and how they judge the answer is in a table each, because nothing of it is the same.
 */
#include "core/pull_client.h"

#include <string.h>

#include "core/pull_client_inside.h"
#include "wire/wire.h"

static const struct espota_pull_dialect_table *dialect(const struct espota_pull_client *client)
{
    return client->config->dialect == ESPOTA_PULL_RTOS ? &espota_pull_rtos : &espota_pull_arduino;
}

uint32_t espota_pull_client_command(const struct espota_pull_client *client)
{
    return client->config->mode == ESPOTA_PULL_FILESYSTEM ? ESPOTA_COMMAND_FILESYSTEM
                                                          : dialect(client)->command;
}

/* For a connection that is to be made; false: the request is too long. */
static bool prepare(struct espota_pull_client *client, uint64_t now)
{
    struct espota_writer writer;

    espota_writer_init(&writer, client->request, sizeof(client->request));
    dialect(client)->write_request(client, &writer);
    client->request_length = writer.used;
    client->sent = 0;
    espota_http_reader_init(&client->head, true);
    client->has_length = client->chunked = client->encoded = false;
    client->has_md5 = client->has_type = client->has_range = false;
    client->etag[0] = client->version[0] = '\0';
    client->status = 0;
    client->phase = ESPOTA_PULL_CONNECTING;
    client->deadline = now + ESPOTA_PULL_CONNECT_MS;
    return !writer.overrun;
}

enum espota_status espota_pull_client_init(struct espota_pull_client *client,
                                           const struct espota_pull_client_config *config,
                                           uint64_t now)
{
    memset(client, 0, sizeof(*client));
    client->config = config;
    client->now = now;
    espota_updater_init(&client->updater, config->update);
    espota_pull_resume_init(client);
    if (!prepare(client, now)) {
        espota_wipe(client, sizeof(*client));
        return ESPOTA_E_USAGE;
    }
    return ESPOTA_OK;
}

void espota_pull_client_deinit(struct espota_pull_client *client)
{
    if (client->config != NULL)
        espota_updater_abort(&client->updater);
    espota_wipe(client, sizeof(*client));
}

static void tell(struct espota_pull_client *client, enum espota_receiver_event_kind kind,
                 const char *text)
{
    struct espota_receiver_event event = {
        .kind = kind,
        .command = client->config->mode == ESPOTA_PULL_FILESYSTEM ? ESPOTA_COMMAND_FILESYSTEM
                                                                  : ESPOTA_COMMAND_FLASH,
        .size = client->length,
        .done = espota_updater_received(&client->updater),
        .failure =
            client->phase == ESPOTA_PULL_BODY ? ESPOTA_FAILURE_RECEIVE : ESPOTA_FAILURE_BEGIN,
        .error = client->updater.error,
        .text = text,
    };

    if (client->config->event != NULL)
        client->config->event(client->config->context, &event);
}

void espota_pull_client_end(struct espota_pull_client *client, enum espota_pull_result result,
                            int32_t error)
{
    char words[ESPOTA_PULL_MESSAGE_MAX];

    client->result = result;
    client->error = error;
    espota_updater_abort(&client->updater);
    if (client->phase == ESPOTA_PULL_BODY && error != ESPOTA_UPDATE_STREAM)
        espota_pull_resume_forget(client); /* the image is whole, or will never be good */
    if (result == ESPOTA_PULL_FAILED) {
        espota_pull_client_error(client, words);
        tell(client, ESPOTA_RECEIVER_ERROR, words);
    } else if (result == ESPOTA_PULL_UPDATED) {
        tell(client, ESPOTA_RECEIVER_END, NULL);
    }
    client->phase = ESPOTA_PULL_OVER;
    espota_wipe(client->request, sizeof(client->request));
}

static void fail(struct espota_pull_client *client, int32_t error)
{
    espota_pull_client_end(client, ESPOTA_PULL_FAILED, error);
}

static void fail_update(struct espota_pull_client *client)
{
    fail(client, (int32_t)client->updater.error);
}

unsigned espota_pull_client_want(const struct espota_pull_client *client)
{
    switch (client->phase) {
    case ESPOTA_PULL_WAITING:
        return 0;
    case ESPOTA_PULL_CONNECTING:
        return ESPOTA_WANT_CONNECT;
    case ESPOTA_PULL_ASKING:
        return ESPOTA_WANT_STREAM_OUT | ESPOTA_WANT_STREAM_IN;
    case ESPOTA_PULL_HEAD:
    case ESPOTA_PULL_BODY:
        return ESPOTA_WANT_STREAM_IN;
    case ESPOTA_PULL_OVER:
        break;
    }
    return client->result == ESPOTA_PULL_FAILED ? ESPOTA_WANT_FAILED : ESPOTA_WANT_DONE;
}

void espota_pull_client_connected(struct espota_pull_client *client, uint64_t now)
{
    if (client->phase != ESPOTA_PULL_CONNECTING)
        return;
    client->phase = ESPOTA_PULL_ASKING;
    client->now = now;
    client->deadline = now + ESPOTA_PULL_HEAD_MS;
}

void espota_pull_client_connect_failed(struct espota_pull_client *client)
{
    if (client->phase == ESPOTA_PULL_CONNECTING && !espota_pull_resume_lost(client))
        fail(client, ESPOTA_PULL_CONNECT);
}

const void *espota_pull_client_tx(const struct espota_pull_client *client, size_t *length)
{
    *length = 0;
    if (client->phase != ESPOTA_PULL_ASKING)
        return NULL;
    *length = client->request_length - client->sent; /* tx_ack keeps to it */
    return client->request + client->sent;
}

void espota_pull_client_tx_ack(struct espota_pull_client *client, size_t length, uint64_t now)
{
    if (client->phase != ESPOTA_PULL_ASKING)
        return;
    client->sent += length;
    client->now = now;
    client->deadline = now + ESPOTA_PULL_HEAD_MS;
    if (client->sent >= client->request_length)
        client->phase = ESPOTA_PULL_HEAD;
}

/* --- the head of the answer --- */

static void take_header(struct espota_pull_client *client, const char *name, const char *value)
{
    if (espota_http_same(name, "Content-Length")) {
        client->length = 0;
        client->has_length = espota_http_length(value, &client->length) == ESPOTA_OK;
    } else if (espota_http_same(name, "Transfer-Encoding")) {
        client->chunked = espota_http_same(value, "chunked");
        client->encoded = !client->chunked && !espota_http_same(value, "identity");
    } else if (espota_http_same(name, "x-MD5")) {
        client->has_md5 = true;
        espota_text_copy(value, client->md5, sizeof(client->md5));
    } else if (espota_http_same(name, "x-version")) {
        espota_text_copy(value, client->version, sizeof(client->version));
    } else if (espota_http_same(name, "ETag")) {
        if (espota_text_length(value, sizeof(client->etag)) < sizeof(client->etag))
            espota_text_copy(value, client->etag, sizeof(client->etag));
    } else if (espota_http_same(name, "Content-Range")) {
        client->has_range = espota_http_content_range(value, &client->range) == ESPOTA_OK;
    } else if (espota_http_same(name, "Content-Type")) {
        client->has_type = espota_http_behind(value, "application/octet-stream") != NULL;
    }
}

static void take_answer(struct espota_pull_client *client)
{
    unsigned status = espota_pull_resume_status(client);

    if (status != 0)
        dialect(client)->take_answer(client, status);
    else if (!espota_pull_resume_lost(client))
        fail(client, ESPOTA_PULL_WRONG_CODE);
}

static void rx_head(struct espota_pull_client *client, const uint8_t **data, size_t *length)
{
    struct espota_http_reader *head = &client->head;
    enum espota_status status;

    while ((client->phase == ESPOTA_PULL_ASKING || client->phase == ESPOTA_PULL_HEAD) &&
           (status = espota_http_next(head, data, length)) != ESPOTA_MORE) {
        if (status != ESPOTA_OK ||
            (head->item == ESPOTA_HTTP_FIRST &&
             espota_http_status_line(head->line, &client->status) != ESPOTA_OK))
            fail(client, ESPOTA_PULL_NO_SERVER);
        else if (head->item == ESPOTA_HTTP_HEADER)
            take_header(client, head->name, head->value);
        else if (head->item == ESPOTA_HTTP_END)
            take_answer(client);
    }
    if ((client->phase == ESPOTA_PULL_ASKING || client->phase == ESPOTA_PULL_HEAD) &&
        dialect(client)->whole_lines && espota_http_within_line(head))
        fail(client, ESPOTA_PULL_SPLIT_HEAD);
}

/* --- the image --- */

static void begin_update(struct espota_pull_client *client)
{
    int32_t error = dialect(client)->peeks > 0 ? dialect(client)->look(client) : 0;

    if (error != 0) {
        fail(client, error);
        return;
    }
    if (client->has_md5 &&
        (client->md5[ESPOTA_MD5_HEX - 1] == '\0' || client->md5[ESPOTA_MD5_HEX] != '\0')) {
        fail(client, ESPOTA_PULL_BAD_MD5);
        return;
    }
    if (espota_updater_begin(&client->updater, client->length, espota_pull_client_command(client),
                             client->has_md5 ? client->md5 : NULL) != ESPOTA_OK) {
        fail_update(client);
        return;
    }
    espota_pull_resume_begun(client);
    tell(client, ESPOTA_RECEIVER_START, NULL);
    tell(client, ESPOTA_RECEIVER_PROGRESS, NULL);
}

/* The rest of an image whose beginning is in flash. */
static void continue_update(struct espota_pull_client *client)
{
    if (client->updater.running)
        return;
    if (!espota_pull_resume_begin(client)) {
        fail_update(client);
        return;
    }
    tell(client, ESPOTA_RECEIVER_START, NULL);
    tell(client, ESPOTA_RECEIVER_PROGRESS, NULL);
}

void espota_pull_client_begin(struct espota_pull_client *client)
{
    client->phase = ESPOTA_PULL_BODY;
    if (client->from > 0) {
        client->first_bytes = dialect(client)->peeks; /* they were looked at when they came */
        continue_update(client);
    } else if (dialect(client)->peeks == 0) {
        begin_update(client);
    }
}

static void end_update(struct espota_pull_client *client)
{
    int32_t error;

    if (espota_updater_end(&client->updater, false) != ESPOTA_OK) {
        fail_update(client);
        return;
    }
    error = dialect(client)->check != NULL ? dialect(client)->check(client) : 0;
    espota_pull_client_end(client, error == 0 ? ESPOTA_PULL_UPDATED : ESPOTA_PULL_FAILED, error);
}

static void write_image(struct espota_pull_client *client, const uint8_t *data, size_t length)
{
    uint32_t left = espota_updater_remaining(&client->updater);
    uint32_t done;

    if (length > left)
        length = left; /* what follows the image means nothing */
    if (length > 0 && espota_updater_write(&client->updater, data, length) != ESPOTA_OK) {
        fail_update(client);
        return;
    }
    espota_pull_resume_note(client);
    done = espota_updater_received(&client->updater);
    if (done - client->told >= ESPOTA_SECTOR_SIZE || done == client->length) { /* told <= done */
        client->told = done;
        tell(client, ESPOTA_RECEIVER_PROGRESS, NULL);
    }
    if (espota_updater_remaining(&client->updater) == 0)
        end_update(client);
}

static void rx_body(struct espota_pull_client *client, const uint8_t *data, size_t length)
{
    size_t peeks = dialect(client)->peeks;
    size_t skip = length < client->skip ? length : client->skip;

    client->skip -= (uint32_t)skip;
    data += skip;
    length -= skip;
    if (peeks > client->length)
        peeks = client->length; /* who has fewer bytes than that has no good header, see look */
    if (client->first_bytes < peeks) {
        while (length > 0 && client->first_bytes < peeks) {
            client->first[client->first_bytes++] = *data++;
            length--;
        }
        if (client->first_bytes < peeks)
            return;
        begin_update(client);
        if (client->phase == ESPOTA_PULL_BODY)
            write_image(client, client->first, client->first_bytes);
    }
    if (client->phase == ESPOTA_PULL_BODY && length > 0)
        write_image(client, data, length);
}

void espota_pull_client_rx(struct espota_pull_client *client, const uint8_t *data, size_t length,
                           uint64_t now)
{
    if (client->phase < ESPOTA_PULL_ASKING || client->phase == ESPOTA_PULL_OVER)
        return;
    client->now = now;
    if (client->phase < ESPOTA_PULL_BODY)
        rx_head(client, &data, &length);
    if (client->phase == ESPOTA_PULL_BODY)
        rx_body(client, data, length);
    if (client->phase != ESPOTA_PULL_WAITING)
        client->deadline =
            now + (client->phase == ESPOTA_PULL_BODY ? ESPOTA_PULL_BODY_MS : ESPOTA_PULL_HEAD_MS);
}

/* The source has dried up. The original waits for a minute before it says so. */
static void dry(struct espota_pull_client *client)
{
    if (espota_pull_resume_lost(client))
        return;
    if (!client->updater.running) {
        fail(client, ESPOTA_PULL_BAD_HEADER); /* the first bytes are still missing */
        return;
    }
    espota_updater_fail(&client->updater, ESPOTA_UPDATE_STREAM);
    fail_update(client);
}

void espota_pull_client_rx_end(struct espota_pull_client *client)
{
    if (client->phase == ESPOTA_PULL_BODY)
        dry(client);
    else if (client->phase != ESPOTA_PULL_WAITING && client->phase != ESPOTA_PULL_OVER &&
             !espota_pull_resume_lost(client))
        fail(client, ESPOTA_PULL_LOST);
}

void espota_pull_client_tick(struct espota_pull_client *client, uint64_t now)
{
    client->now = now;
    if (client->phase == ESPOTA_PULL_OVER || now < client->deadline)
        return;
    if (client->phase == ESPOTA_PULL_WAITING)
        (void)prepare(client, now); /* a part of what had room at first has room, too */
    else if (client->phase == ESPOTA_PULL_BODY)
        dry(client);
    else if (!espota_pull_resume_lost(client))
        fail(client,
             client->phase == ESPOTA_PULL_CONNECTING ? ESPOTA_PULL_CONNECT : ESPOTA_PULL_TIMEOUT);
}

bool espota_pull_client_deadline(const struct espota_pull_client *client, uint64_t *at)
{
    *at = client->deadline;
    return client->phase != ESPOTA_PULL_OVER;
}

/* --- what came of it --- */

static const char *words_for(int32_t error)
{
    static const struct {
        int32_t error;
        const char *words;
    } table[] = {
        {ESPOTA_PULL_CONNECT, "HTTP error: connection failed"},
        {ESPOTA_PULL_LOST, "HTTP error: connection lost"},
        {ESPOTA_PULL_NO_SERVER, "HTTP error: no HTTP server"},
        {ESPOTA_PULL_ENCODING, "HTTP error: Transfer-Encoding not supported"},
        {ESPOTA_PULL_TIMEOUT, "HTTP error: read Timeout"},
        {ESPOTA_PULL_SPACE, "Not Enough space"},
        {ESPOTA_PULL_NO_SIZE, "Server Did Not Report Size"},
        {ESPOTA_PULL_NOT_FOUND, "File Not Found (404)"},
        {ESPOTA_PULL_FORBIDDEN, "Forbidden (403)"},
        {ESPOTA_PULL_WRONG_CODE, "Wrong HTTP Code"},
        {ESPOTA_PULL_BAD_MD5, "Wrong MD5"},
        {ESPOTA_PULL_BAD_HEADER, "Verify Bin Header Failed"},
        {ESPOTA_PULL_WRONG_FLASH, "New Binary Does Not Fit Flash Size"},
        {ESPOTA_PULL_UNAUTHORIZED, "Unauthorized (401)"},
        {ESPOTA_PULL_SPLIT_HEAD, "recv malformed http header"},
        {ESPOTA_PULL_NO_TYPE, "server did not return \"Content-type: application/octet-stream\""},
        {ESPOTA_PULL_TOO_SMALL, "an image of 4096 bytes or fewer is not taken"},
        {ESPOTA_PULL_BAD_CRC, "upgrade crc check failed !"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].error == error)
            return table[i].words;
    return ""; /* -109 has none */
}

int32_t espota_pull_client_error(const struct espota_pull_client *client,
                                 char out[ESPOTA_PULL_MESSAGE_MAX])
{
    struct espota_writer writer;
    char message[ESPOTA_UPDATE_MESSAGE_MAX];

    espota_writer_init(&writer, out, ESPOTA_PULL_MESSAGE_MAX - 1);
    if (client->error > 0) {
        size_t length = espota_updater_message(&client->updater, message);

        espota_write_text(&writer, "Update error: ");
        espota_write_bytes(&writer, message, length - 1); /* without its line end */
    } else {
        espota_write_text(&writer, words_for(client->error));
    }
    out[writer.used] = '\0';
    return client->error;
}
