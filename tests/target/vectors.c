/* SPDX-License-Identifier: MIT */
/*
 * A device from its first datagram to the start of the new program, and some
 * that fail, written out step by step: the same program runs here and on an
 * emulated microcontroller, and both must say what vectors.txt says.
 */
#include "vectors.h"

#include <string.h>

#include "boot/boot.h"
#include "device.h"
#include "wire/wire.h"

enum { FLASH_SIZE = 28 * 1024, FS_START = 20 * 1024, IMAGE_SIZE = 6000 };

static void (*put_line)(const char *text);
static uint8_t flash_bytes[FLASH_SIZE];
static uint8_t boot_record[ESPOTA_EBOOT_SIZE];
static union {
    struct espota_pump device;
    uint8_t sector[ESPOTA_SECTOR_SIZE];
} memory;
static uint64_t clock_ms;

/* --- words --- */

static struct espota_writer line;
static char line_text[200];

static void begin(const char *word)
{
    espota_writer_init(&line, line_text, sizeof(line_text) - 1);
    espota_write_text(&line, word);
}

static void number(uint32_t value)
{
    espota_write_u8(&line, ' ');
    espota_write_decimal(&line, value);
}

static void word(const char *text)
{
    espota_write_u8(&line, ' ');
    espota_write_text(&line, text);
}

static void end(void)
{
    line_text[line.used] = '\0';
    put_line(line_text);
}

static void bytes(const char *what, const uint8_t *data, size_t length)
{
    char shown[150];

    espota_text_printable(data, length, shown, sizeof(shown));
    begin(what);
    word(shown);
    end();
}

/* --- a board --- */

static enum espota_status flash_read(void *context, uint32_t address, void *data, size_t length)
{
    (void)context;
    if (address > FLASH_SIZE || length > FLASH_SIZE - address)
        return ESPOTA_E_FAILED;
    memcpy(data, flash_bytes + address, length);
    return ESPOTA_OK;
}

static enum espota_status flash_erase(void *context, uint32_t address)
{
    (void)context;
    begin("erase");
    number(address);
    end();
    memset(flash_bytes + address, 0xff, ESPOTA_SECTOR_SIZE);
    return ESPOTA_OK;
}

static enum espota_status flash_write(void *context, uint32_t address, const void *data,
                                      size_t length)
{
    (void)context;
    begin("write");
    number(address);
    number((uint32_t)length);
    end();
    memcpy(flash_bytes + address, data, length);
    return ESPOTA_OK;
}

static enum espota_status boot_store(void *context, const uint8_t record[ESPOTA_EBOOT_SIZE])
{
    (void)context;
    memcpy(boot_record, record, sizeof(boot_record));
    begin("record ");
    espota_write_hex(&line, record, 20);
    word("...");
    espota_write_hex(&line, record + 124, 4);
    end();
    return ESPOTA_OK;
}

static enum espota_status boot_load(void *context, uint8_t record[ESPOTA_EBOOT_SIZE])
{
    (void)context;
    memcpy(record, boot_record, sizeof(boot_record));
    return ESPOTA_OK;
}

/* No digest, but as long as one: what is tested here is who asks for it, and when. */
static enum espota_status digest_start(void *context, enum espota_digest_kind kind,
                                       struct espota_digest *digest)
{
    (void)context;
    digest->kind = kind;
    digest->state.words[0] = ESPOTA_CRC32_START;
    return ESPOTA_OK;
}

static void digest_add(void *context, struct espota_digest *digest, const void *data, size_t length)
{
    (void)context;
    digest->state.words[0] = espota_crc32_mpeg2((uint32_t)digest->state.words[0], data, length);
}

static enum espota_status digest_finish(void *context, struct espota_digest *digest, uint8_t *out)
{
    uint32_t crc = (uint32_t)digest->state.words[0];
    struct espota_writer writer;

    (void)context;
    espota_writer_init(&writer, out,
                       digest->kind == ESPOTA_DIGEST_MD5 ? ESPOTA_MD5_SIZE : ESPOTA_SHA256_SIZE);
    while (writer.used < writer.room)
        espota_write_u32be(&writer, crc);
    return ESPOTA_OK;
}

static void digest_drop(void *context, struct espota_digest *digest)
{
    (void)context;
    (void)digest;
    put_line("digest dropped");
}

static enum espota_status pbkdf2(void *context, const void *password, size_t password_length,
                                 const void *salt, size_t salt_length, uint32_t rounds,
                                 uint8_t out[ESPOTA_SHA256_SIZE])
{
    struct espota_digest digest;

    if (digest_start(context, ESPOTA_DIGEST_SHA256, &digest) != ESPOTA_OK)
        return ESPOTA_E_FAILED;
    digest_add(context, &digest, password, password_length);
    digest_add(context, &digest, salt, salt_length);
    begin("pbkdf2");
    number(rounds);
    end();
    return digest_finish(context, &digest, out);
}

static enum espota_status random_bytes(void *context, void *out, size_t length)
{
    (void)context;
    memset(out, 0xa7, length);
    return ESPOTA_OK;
}

static const struct espota_flash flash = {NULL, flash_read, flash_erase, flash_write};
static const struct espota_boot_memory boot_memory = {NULL, boot_store, boot_load};
static const struct espota_crypto crypto = {NULL,        digest_start, digest_add,  digest_finish,
                                            digest_drop, pbkdf2,       random_bytes};

/* --- a host --- */

static const char *invitation;
static bool answers;
static const uint8_t *stream;
static size_t stream_left;
static char nonce[ESPOTA_NONCE_MAX + 1];
static char password_hash[ESPOTA_NONCE_MAX + 1];

static enum espota_status send_answer(void *data, size_t room, size_t *length)
{
    struct espota_answer answer;

    memset(&answer, 0, sizeof(answer));
    memset(answer.cnonce, 'c', ESPOTA_NONCE_SHA256);
    if (espota_auth_response(&crypto, password_hash, nonce, answer.cnonce, answer.response) !=
        ESPOTA_OK)
        return ESPOTA_E_FAILED;
    *length = espota_answer_write(&answer, data, room);
    answers = false;
    return ESPOTA_OK;
}

static enum espota_status udp_receive(void *context, void *data, size_t room, size_t *length,
                                      struct espota_peer *from)
{
    (void)context;
    memset(from, 7, sizeof(*from));
    if (invitation != NULL) {
        struct espota_writer writer;

        espota_writer_init(&writer, data, room);
        espota_write_text(&writer, invitation);
        *length = writer.used;
        invitation = NULL;
        return ESPOTA_OK;
    }
    return answers ? send_answer(data, room, length) : ESPOTA_MORE;
}

static enum espota_status udp_send(void *context, const void *data, size_t length,
                                   const struct espota_peer *to)
{
    (void)context;
    (void)to;
    bytes("datagram", data, length);
    if (length == 5 + ESPOTA_NONCE_SHA256) {
        memcpy(nonce, (const char *)data + 5, ESPOTA_NONCE_SHA256);
        answers = true;
    }
    return ESPOTA_OK;
}

static enum espota_status tcp_connect(void *context, const struct espota_peer *to)
{
    (void)context;
    begin("connect to port");
    number(to->port);
    end();
    return ESPOTA_OK;
}

static enum espota_status tcp_receive(void *context, void *data, size_t room, size_t *length)
{
    (void)context;
    *length = stream_left < room ? stream_left : room;
    if (*length > 1460)
        *length = 1460;
    if (*length == 0)
        return ESPOTA_MORE;
    memcpy(data, stream, *length);
    stream += *length;
    stream_left -= *length;
    return ESPOTA_OK;
}

static enum espota_status tcp_send(void *context, const void *data, size_t length, size_t *sent)
{
    (void)context;
    bytes("stream", data, length);
    *sent = length;
    return ESPOTA_OK;
}

static void tcp_close(void *context)
{
    (void)context;
    put_line("close");
}

static uint64_t now(void *context)
{
    (void)context;
    return clock_ms;
}

static void reboot(void *context)
{
    (void)context;
    put_line("reboot");
}

static void log_line(void *context, const char *text)
{
    (void)context;
    begin("log");
    word(text);
    end();
}

static const char *event(void *context, const struct espota_receiver_event *what)
{
    (void)context;
    begin("event");
    number((uint32_t)what->kind);
    number(what->command);
    number(what->size);
    number(what->done);
    if (what->kind == ESPOTA_RECEIVER_ERROR) {
        number((uint32_t)what->failure);
        number((uint32_t)what->error);
    }
    end();
    return NULL;
}

static const struct espota_pump_ops ops = {NULL,        udp_receive, udp_send,  tcp_connect,
                                           tcp_receive, tcp_send,    tcp_close, now,
                                           reboot,      log_line};

static const struct espota_updater_config update = {.flash = &flash,
                                                    .crypto = &crypto,
                                                    .boot = &boot_memory,
                                                    .sketch_size = 4096,
                                                    .fs_start = FS_START,
                                                    .fs_end = FLASH_SIZE,
                                                    .chip_size = 1024 * 1024,
                                                    .configured_size = 1024 * 1024,
                                                    .flash_mode = 3};

static uint8_t image[IMAGE_SIZE];

static void make_image(void)
{
    static const uint8_t header[] = {0xe9, 1, 2, 0x20, 0xac, 0, 0x10, 0x40};
    static const uint8_t segment[] = {0, 0, 0x10, 0x40, 16, 0, 0, 0};

    for (size_t i = 0; i < sizeof(image); i++)
        image[i] = (uint8_t)(i * i >> 3);
    memcpy(image, header, sizeof(header));
    memcpy(image + 4096, header, sizeof(header));
    memcpy(image + 4096 + sizeof(header), segment, sizeof(segment));
}

static void flash_sum(void)
{
    begin("flash");
    number(espota_crc32_mpeg2(ESPOTA_CRC32_START, flash_bytes, sizeof(flash_bytes)));
    end();
}

/* One exchange, as a main loop would let it happen. */
static void exchange(const char *text, const char *hash, size_t sent)
{
    const struct espota_receiver_config config = {.update = &update,
                                                  .password_hash = hash,
                                                  .nonce_digits = ESPOTA_NONCE_SHA256,
                                                  .event = event};
    int32_t wait;

    begin("---");
    word(text);
    line.used--; /* its line feed */
    end();
    invitation = text;
    stream = image;
    stream_left = sent;
    clock_ms = 0;
    espota_pump_init(&memory.device, &ops, &config);
    while ((wait = espota_pump_run(&memory.device)) != ESPOTA_PUMP_FOREVER)
        clock_ms += answers ? 0 : (uint64_t)wait; /* an answer wakes the board up */
    espota_pump_deinit(&memory.device);
    begin("after ms");
    number((uint32_t)clock_ms);
    end();
    flash_sum();
}

static void boot(void)
{
    const struct espota_boot_ops boot_ops = {
        .flash = &flash, .memory = &boot_memory, .log = log_line};
    struct espota_boot_report report;
    enum espota_boot_next next = espota_boot_run(&boot_ops, memory.sector, &report);

    begin(next == ESPOTA_BOOT_START ? "start" : "reset");
    number(report.from);
    number(report.entry);
    number(report.segments);
    end();
    flash_sum();
}

static void texts(void)
{
    static const char hostile[] = "gr\xc3\xbc\xc3\x9f"
                                  "e\x1b[31m\\\r\n\xff\xe2\x80\xae!";
    uint32_t value = 0;

    bytes("text", (const uint8_t *)hostile, sizeof(hostile) - 1);
    begin("decimal");
    number(espota_decimal_parse("4294967295", 10, UINT32_MAX, &value));
    number(value);
    number(espota_decimal_parse("4294967296", 10, UINT32_MAX, &value));
    number(espota_crc32_mpeg2(ESPOTA_CRC32_START, "123456789", 9));
    end();
}

void vectors_run(void (*out)(const char *text))
{
    put_line = out;
    memset(flash_bytes, 0xff, sizeof(flash_bytes));
    memset(boot_record, 0xa5, sizeof(boot_record));
    make_image();
    texts();
    if (espota_password_hash(&crypto, ESPOTA_FORM_SHA256, "secret", 6, password_hash) != ESPOTA_OK)
        return;
    bytes("hash", (const uint8_t *)password_hash, ESPOTA_NONCE_SHA256);
    exchange("0 8888 6000 4a7b903b4a7b903b4a7b903b4a7b903b\n", password_hash, IMAGE_SIZE);
    boot();
    boot();
    exchange("0 8888 6000 00000000000000000000000000000000\n", NULL, IMAGE_SIZE);
    exchange("100 8888 6000 4a7b903b4a7b903b4a7b903b4a7b903b\n", NULL, 5999);
    exchange("0 8888 16385 4a7b903b4a7b903b4a7b903b4a7b903b\n", NULL, 0);
    exchange("100 8888 0 4a7b903b4a7b903b4a7b903b4a7b903b\n", NULL, 0);
    put_line("end");
}
