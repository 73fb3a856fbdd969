/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "core/web_updater.h"

#include <stdio.h>

#include "chip.h"
#include "crypto/crypto.h"

enum { SIZE = 10000, FS_START = CHIP_FS_START, FS_END = CHIP_FS_END };

static struct chip chip;
static struct espota_crypto_openssl openssl;
static struct espota_updater_config update;
static struct espota_web_config config;
static struct espota_web_updater web;
static uint8_t image[SIZE];
static uint64_t now;
static const char *refusal;
static char told[512]; /* a letter for each event but progress, then what it is about */
static char text[2048];
static const struct espota_peer peer = {{127, 0, 0, 1}, 4000};

static const char *record(void *context, const struct espota_receiver_event *event)
{
    static const char letters[] = "IASPEX";
    size_t used = strlen(told);

    ck_assert_ptr_eq(context, &chip);
    ck_assert_mem_eq(event->peer, &peer, sizeof(peer));
    if (event->kind == ESPOTA_RECEIVER_PROGRESS)
        return "ignored";
    used += (size_t)snprintf(told + used, sizeof(told) - used, "%c%u", letters[event->kind],
                             (unsigned)event->command);
    if (event->kind == ESPOTA_RECEIVER_END) {
        ck_assert_uint_eq(event->size, event->done);
        snprintf(told + used, sizeof(told) - used, ":%u", (unsigned)event->done);
    }
    if (event->kind == ESPOTA_RECEIVER_ERROR)
        snprintf(told + used, sizeof(told) - used, ":%d.%d:%s", (int)event->failure,
                 (int)event->error, event->text);
    return event->kind == ESPOTA_RECEIVER_START ? refusal : "ignored";
}

static void setup(void)
{
    chip_init(&chip);
    espota_crypto_openssl_init(&openssl);
    chip_pattern(image, SIZE, 1);
    image[0] = 0xe9;
    image[3] = 0;
    update = chip_update(&chip, &openssl.table, 5000);
    config = (struct espota_web_config){
        .update = &update, .path = "/update", .context = &chip, .event = record};
    now = 1000;
    refusal = NULL;
    told[0] = '\0';
    espota_web_updater_init(&web, &config);
}

/* --- one connection --- */

static void open_connection(void)
{
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_ACCEPT);
    espota_web_updater_connected(&web, &peer, now);
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_STREAM_IN);
}

static void feed(const void *data, size_t length, size_t step)
{
    const uint8_t *bytes = data;

    for (size_t at = 0; at < length; at += step)
        espota_web_updater_rx(&web, bytes + at, length - at < step ? length - at : step, now);
}

/* Takes the answer; its body is returned, its status checked. */
static const char *answer(unsigned status)
{
    size_t used = 0;
    const char *body;

    ck_assert_uint_ne(espota_web_updater_want(&web) & ESPOTA_WANT_STREAM_OUT, 0);
    while ((espota_web_updater_want(&web) & ESPOTA_WANT_STREAM_OUT) != 0) {
        size_t length;
        const void *data = espota_web_updater_tx(&web, &length);

        length = length > 50 ? 50 : length;
        ck_assert_uint_lt(used + length, sizeof(text));
        memcpy(text + used, data, length);
        used += length;
        espota_web_updater_tx_ack(&web, length, now);
    }
    text[used] = '\0';
    ck_assert_int_eq(atoi(text + strlen("HTTP/1.1 ")), (int)status);
    body = strstr(text, "\r\n\r\n");
    ck_assert_ptr_nonnull(body);
    return body + 4;
}

static const char *ask(const char *request, unsigned status)
{
    const char *body;

    open_connection();
    feed(request, strlen(request), strlen(request));
    body = answer(status);
    espota_web_updater_rx_end(&web, now);
    return body;
}

static uint8_t post[2 * SIZE];
static size_t post_length;
static size_t head_length;

static void make_post(const char *field, const char *headers, const void *data, size_t length)
{
    char part[256];
    int size = snprintf(part, sizeof(part),
                        "--b\r\nContent-Disposition: form-data; name=\"%s\"; "
                        "filename=\"x\"\r\n\r\n",
                        field);

    head_length = (size_t)snprintf((char *)post, sizeof(post),
                                   "POST /update HTTP/1.1\r\nHost: h:80\r\n%sContent-Type: "
                                   "multipart/form-data; boundary=b\r\nContent-Length: %zu\r\n\r\n",
                                   headers, (size_t)size + length + 9);
    post_length = head_length;
    memcpy(post + post_length, part, (size_t)size);
    post_length += (size_t)size;
    memcpy(post + post_length, data, length);
    post_length += length;
    memcpy(post + post_length, "\r\n--b--\r\n", 9);
    post_length += 9;
}

static const char *upload(const char *field, const char *headers, const void *data, size_t length,
                          unsigned status)
{
    make_post(field, headers, data, length);
    open_connection();
    feed(post, post_length, 1460);
    return answer(status);
}

#define SUCCESS "<META http-equiv=\"refresh\" content=\"15;URL=/\">Update Success! Rebooting..."

static void pass(uint32_t ms)
{
    now += ms;
    espota_web_updater_tick(&web, now);
}

/* --- the tests --- */

START_TEST(test_program)
{
    setup();
    uint64_t at;

    ck_assert_str_eq(upload("firmware", "", image, SIZE, 200), SUCCESS);
    ck_assert_str_eq(told, "S0E0:10000");
    ck_assert_uint_eq(chip.stores, 1);
    ck_assert(!chip.abused);
    ck_assert(espota_web_updater_deadline(&web, &at));
    ck_assert_uint_eq(at, now + 100);
    pass(99);
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_STREAM_IN);
    pass(1);
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_DONE);
    espota_web_updater_again(&web);
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_ACCEPT);
}
END_TEST

START_TEST(test_filesystem_by_its_exact_name)
{
    setup();
    image[0] = 0;
    ck_assert_str_eq(upload("filesystem", "", image, SIZE, 200), SUCCESS);
    ck_assert_str_eq(told, "S100E100:10000");
    ck_assert_mem_eq(chip.bytes + FS_START, image, SIZE);
    ck_assert_uint_eq(chip.stores, 0);
    espota_web_updater_rx_end(&web, now);
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_DONE);
    espota_web_updater_again(&web);
    image[0] = 0xe9;
    told[0] = '\0';
    ck_assert_str_eq(upload("Filesystem", "", image, SIZE, 200), SUCCESS);
    ck_assert_str_eq(told, "S0E0:10000");
}
END_TEST

START_TEST(test_byte_by_byte)
{
    setup();
    for (size_t step = 1; step < 20; step += 6) {
        chip_init(&chip);
        make_post("firmware", "", image, SIZE);
        open_connection();
        feed(post, post_length, step);
        ck_assert_str_eq(answer(200), SUCCESS);
        ck_assert_uint_eq(chip.stores, 1);
        espota_web_updater_rx_end(&web, now);
        espota_web_updater_again(&web);
    }
}
END_TEST

START_TEST(test_verdicts)
{
    setup();
    static const struct {
        const char *field;
        size_t length;
        uint8_t first;
        const char *page;
    } rows[] = {
        {"firmware", 100, 0, "Update error: ERROR[10]: Magic byte is not 0xE9\n"},
        {"firmware", 0, 0, "Update error: ERROR[13]: No data supplied\n"},
        {"filesystem", 0, 0, "Update error: ERROR[13]: No data supplied\n"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        image[0] = rows[i].first;
        ck_assert_str_eq(upload(rows[i].field, "", image, rows[i].length, 200), rows[i].page);
        espota_web_updater_rx_end(&web, now);
        ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_ACCEPT);
    }
    ck_assert_uint_eq(chip.stores, 0);
}
END_TEST

START_TEST(test_space)
{
    setup();
    update.sketch_size =
        FS_START - 3 * 4096; /* two sectors: one is left out, as the original does */
    ck_assert_str_eq(upload("firmware", "", image, 8193, 200),
                     "Update error: ERROR[4]: Not Enough Space\n");
    espota_web_updater_rx_end(&web, now);
    ck_assert_str_eq(upload("firmware", "", image, 8192, 200), SUCCESS);
    espota_web_updater_rx_end(&web, now);
    espota_web_updater_again(&web);
    update.sketch_size = FS_START - 4096;
    ck_assert_str_eq(upload("firmware", "", image, 1, 200),
                     "Update error: ERROR[5]: Bad Size Given\n");
    espota_web_updater_rx_end(&web, now);
    update.fs_end = FS_START;
    ck_assert_str_eq(upload("filesystem", "", image, 1, 200),
                     "Update error: ERROR[5]: Bad Size Given\n");
}
END_TEST

START_TEST(test_each_flash_operation_fails_once)
{
    setup();
    for (unsigned kind = 0; kind < 4; kind++) {
        static const char *const pages[] = {
            "Update error: ERROR[1]: Flash Write Failed\n",
            "Update error: ERROR[2]: Flash Erase Failed\n",
            "Update error: ERROR[3]: Flash Read Failed\n",
            "Update error: ERROR[1]: Flash Write Failed\n",
        };

        chip_init(&chip);
        chip.fail_write = kind == 0 ? 2 : 0;
        chip.fail_erase = kind == 1 ? 3 : 0;
        chip.fail_read = kind == 2 ? 1 : 0;
        chip.fail_store = kind == 3;
        ck_assert_str_eq(upload("firmware", "", image, SIZE, 200), pages[kind]);
        espota_web_updater_rx_end(&web, now);
        ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_ACCEPT);
        ck_assert_uint_eq(chip.stores, 0);
    }
}
END_TEST

START_TEST(test_password)
{
    setup();
    config.credentials = "YTpi";
    ck_assert_str_eq(ask("GET /update HTTP/1.1\r\n\r\n", 401), "");
    ck_assert_ptr_nonnull(strstr(text, "\r\nWWW-Authenticate: Basic realm=\"Login Required\"\r\n"));
    ask("GET /update HTTP/1.1\r\nAuthorization: Basic YTpi\r\n\r\n", 200);
    ask("GET /update HTTP/1.1\r\nAuthorization: basic YTpi\r\n\r\n", 401);
    ask("GET /update HTTP/1.1\r\nAuthorization: Basic YTp\r\n\r\n", 401);
    ask("GET /update HTTP/1.1\r\nAuthorization: Basic YTpii\r\n\r\n", 401);
    ask("OPTIONS /update HTTP/1.1\r\n\r\n", 200);
    ck_assert_str_eq(upload("firmware", "", image, SIZE, 401), "");
    espota_web_updater_rx_end(&web, now);
    ck_assert_str_eq(told, "");
    ck_assert_uint_eq(chip.changes, 0);
    ck_assert_str_eq(upload("firmware", "Authorization: Basic YTpi\r\n", image, SIZE, 200),
                     SUCCESS);
    ck_assert_str_eq(told, "A0S0E0:10000");
}
END_TEST

START_TEST(test_401_only_after_the_body)
{
    setup();
    config.credentials = "YTpi";
    make_post("firmware", "", image, SIZE);
    open_connection();
    for (size_t i = 0; i < post_length; i++) {
        ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_STREAM_IN);
        espota_web_updater_rx(&web, post + i, 1, now);
    }
    answer(401);
}
END_TEST

START_TEST(test_origin)
{
    setup();
    static const char wrong[] = "Update error: Wrong origin received!";

    ck_assert_str_eq(upload("firmware", "Origin: http://evil\r\n", image, SIZE, 200), wrong);
    espota_web_updater_rx_end(&web, now);
    ck_assert_str_eq(upload("firmware", "Origin: null\r\n", image, SIZE, 200), wrong);
    espota_web_updater_rx_end(&web, now);
    ck_assert_uint_eq(chip.changes, 0);
    ck_assert_str_eq(upload("firmware", "Origin: http://H:80\r\n", image, SIZE, 200), SUCCESS);
    espota_web_updater_rx_end(&web, now);
    espota_web_updater_again(&web);
    config.quirks = true;
    ck_assert_str_eq(upload("firmware", "Origin: http://evil\r\n", image, SIZE, 200), SUCCESS);
}
END_TEST

START_TEST(test_the_application_may_refuse)
{
    setup();
    refusal = "the pump runs";
    ck_assert_str_eq(upload("firmware", "", image, SIZE, 200), "Update error: the pump runs");
    ck_assert_str_eq(told, "S0X0:1.0:the pump runs");
    ck_assert_uint_eq(chip.changes, 0);
}
END_TEST

START_TEST(test_cut_anywhere)
{
    setup();
    make_post("firmware", "", image, 5000);
    for (size_t cut = 0; cut < post_length;
         cut += cut < head_length + 100 || cut + 20 > post_length ? 1 : 7) {
        bool whole = cut >= post_length - 4; /* only the form's own end was missing */

        told[0] = '\0';
        chip.stores = 0;
        open_connection();
        feed(post, cut, 1460);
        espota_web_updater_rx_end(&web, now);
        ck_assert_uint_eq(chip.stores, whole ? 1 : 0);
        ck_assert_uint_eq(espota_web_updater_want(&web),
                          whole ? ESPOTA_WANT_DONE : ESPOTA_WANT_ACCEPT);
        if (whole)
            ck_assert_str_eq(told, "S0E0:5000");
        espota_web_updater_again(&web);
        ck_assert(!web.updater.running);
    }
}
END_TEST

START_TEST(test_time)
{
    setup();
    make_post("firmware", "", image, SIZE);
    open_connection();
    pass(ESPOTA_WEB_HEAD_MS - 1);
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_STREAM_IN);
    pass(1);
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_ACCEPT);

    open_connection();
    feed(post, 5000, 5000);
    ck_assert(web.updater.running);
    pass(ESPOTA_WEB_IDLE_MS - 1);
    feed(post + 5000, 1, 1);
    pass(ESPOTA_WEB_IDLE_MS - 1);
    ck_assert(web.updater.running);
    pass(1);
    ck_assert(!web.updater.running);
    ck_assert_str_eq(answer(200), "Update error: ERROR[6]: Stream Read Timeout\n");
    pass(ESPOTA_WEB_LINGER_MS);
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_ACCEPT);

    config.quirks = true;
    open_connection();
    feed(post, 5000, 5000);
    pass(100 * ESPOTA_WEB_IDLE_MS);
    ck_assert(web.updater.running);
    feed(post + 5000, post_length - 5000, 1460);
    ck_assert_str_eq(answer(200), SUCCESS);
}
END_TEST

START_TEST(test_half_closed)
{
    setup();
    make_post("firmware", "", image, SIZE);
    open_connection();
    feed(post, post_length, 1460);
    espota_web_updater_rx_end(&web, now); /* it may still listen */
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_STREAM_OUT);
    ck_assert_str_eq(answer(200), SUCCESS);
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_DONE);
    ck_assert_str_eq(told, "S0E0:10000");
}
END_TEST

START_TEST(test_without_a_file)
{
    setup();
    static const char request[] = "POST /update HTTP/1.1\r\nContent-Length: 3\r\n\r\na=b";
    static const char page[] = "Update error: ERROR[13]: No data supplied\n";

    ck_assert_str_eq(ask(request, 200), page);
    make_post("firmware", "", image, SIZE);
    open_connection();
    feed(post, 5000, 5000);
    espota_web_updater_rx_end(&web, now);
    ck_assert_str_eq(ask(request, 200), page); /* and no restart */
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_ACCEPT);
}
END_TEST

START_TEST(test_quirks_remember)
{
    setup();
    static const char request[] = "POST /update HTTP/1.1\r\nContent-Length: 3\r\n\r\na=b";

    config.quirks = true;
    ask(request, 401); /* though there is no password */
    image[0] = 0;
    upload("firmware", "", image, SIZE, 200);
    espota_web_updater_rx_end(&web, now);
    ck_assert_str_eq(ask(request, 200), "Update error: ERROR[10]: Magic byte is not 0xE9\n");
    image[0] = 0xe9;
    make_post("firmware", "", image, SIZE);
    open_connection();
    feed(post, 5000, 5000);
    espota_web_updater_rx_end(&web, now);
    ck_assert_str_eq(ask(request, 200), SUCCESS); /* and nothing is installed */
    ck_assert_uint_eq(espota_web_updater_want(&web), ESPOTA_WANT_DONE);
    ck_assert_uint_eq(chip.stores, 0);
}
END_TEST

START_TEST(test_other_requests)
{
    setup();
    ck_assert_ptr_nonnull(strstr(ask("GET /update?a HTTP/1.0\r\n\r\n", 200), "name='filesystem'"));
    ck_assert_str_eq(ask("HEAD /update HTTP/1.0\r\n\r\n", 200), "");
    ck_assert_str_eq(ask("OPTIONS /update HTTP/1.0\r\n\r\n", 200), "y");
    ck_assert_ptr_nonnull(strstr(text, "\r\nAccess-Control-Allow-Headers: *\r\n"));
    ask("GET / HTTP/1.0\r\n\r\n", 404);
    ask("GET /updates HTTP/1.0\r\n\r\n", 404);
    ask("PUT /update HTTP/1.0\r\n\r\n", 404);
    ask("nonsense\r\n\r\n", 400);
    ask("POST /update HTTP/1.0\r\n\r\n", 411);
    ask("POST /update HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400);
    ask("POST /update HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    ck_assert_str_eq(told, "");
}
END_TEST

UNIT_MAIN("firmware-stub/web_updater", test_program, test_filesystem_by_its_exact_name,
          test_byte_by_byte, test_verdicts, test_space, test_each_flash_operation_fails_once,
          test_password, test_401_only_after_the_body, test_origin, test_the_application_may_refuse,
          test_cut_anywhere, test_time, test_half_closed, test_without_a_file, test_quirks_remember,
          test_other_requests)
