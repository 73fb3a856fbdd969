/* SPDX-License-Identifier: MIT */
#include "port/posix/responder.h"

#include "unit.h"

static struct stub_service service;
static const struct espota_address where = {.family = 4, .port = 8266};
static const struct espota_address addresses[] = {{.family = 4, .bytes = {10, 0, 0, 7}},
                                                  {.family = 6, .bytes = {0xfd, [15] = 7}}};
static uint8_t answer[STUB_ANSWER_MAX];
static bool unicast;

static void fresh(void)
{
    ck_assert(stub_service_init(&service, "door", &where, true));
}

static struct espota_dns_name name_of(const char *dotted)
{
    struct espota_dns_name name;

    ck_assert(espota_dns_name_set(&name, dotted));
    return name;
}

/* Asks; `known_ttl` > 0 says that the PTR is known. The length of the answer. */
static size_t ask(const char *name, enum espota_dns_type type, bool qu, bool legacy,
                  uint32_t known_ttl)
{
    const struct stub_question_origin origin = {legacy, addresses, 2};
    struct espota_dns_name asked = name_of(name);
    struct espota_dns_writer writer;
    struct espota_dns_reader reader;
    uint8_t packet[512];
    size_t size;

    espota_dns_begin(&writer, packet, sizeof(packet), legacy ? 0x1234 : 0, 0);
    ck_assert(espota_dns_ask(&writer, &asked, type, qu));
    if (known_ttl > 0) {
        const struct espota_dns_record known = {.section = ESPOTA_DNS_ANSWER,
                                                .name = service.type,
                                                .type = ESPOTA_DNS_PTR,
                                                .ttl = known_ttl,
                                                .target = service.instance};

        ck_assert(espota_dns_add(&writer, &known));
    }
    size = espota_dns_finish(&writer);
    ck_assert_int_eq(espota_dns_open(&reader, packet, size), ESPOTA_OK);
    return stub_responder_answer(&service, &origin, &reader, answer, &unicast);
}

struct summary {
    unsigned questions, answers, additional;
    uint32_t longest_ttl;
    bool flush;
    uint16_t id;
    const uint8_t *txt;
    uint16_t txt_length;
};

static struct summary summary_of(size_t size)
{
    struct summary sum = {0};
    struct espota_dns_reader reader;
    struct espota_dns_record record;

    ck_assert_int_eq(espota_dns_open(&reader, answer, size), ESPOTA_OK);
    ck_assert_uint_eq(reader.flags, ESPOTA_DNS_RESPONSE | ESPOTA_DNS_AUTHORITATIVE);
    sum.id = reader.id;
    while (espota_dns_next(&reader, &record)) {
        sum.questions += record.section == ESPOTA_DNS_QUESTION;
        sum.answers += record.section == ESPOTA_DNS_ANSWER;
        sum.additional += record.section == ESPOTA_DNS_ADDITIONAL;
        if (record.section == ESPOTA_DNS_QUESTION)
            continue;
        sum.flush |= record.top;
        sum.longest_ttl = record.ttl > sum.longest_ttl ? record.ttl : sum.longest_ttl;
        if (record.type == ESPOTA_DNS_TXT) {
            sum.txt = record.data;
            sum.txt_length = record.length;
        }
    }
    return sum;
}

START_TEST(test_the_plain_question)
{
    static const char txt[] = "\x0f"
                              "auth_upload=yes"
                              "\x0f"
                              "board=nodemcuv2"
                              "\x0d"
                              "ssh_upload=no"
                              "\x0c"
                              "tcp_check=no";
    struct summary sum;

    fresh();
    sum = summary_of(ask("_Arduino._tcp.local", ESPOTA_DNS_PTR, false, false, 0));
    ck_assert(!unicast);
    ck_assert_uint_eq(sum.questions, 0);
    ck_assert_uint_eq(sum.answers, 1);
    ck_assert_uint_eq(sum.additional, 4); /* SRV, TXT, A, AAAA */
    ck_assert_uint_eq(sum.longest_ttl, 4500);
    ck_assert(sum.flush);
    ck_assert_uint_eq(sum.id, 0);
    ck_assert_uint_eq(sum.txt_length, sizeof(txt) - 1);
    ck_assert_mem_eq(sum.txt, txt, sizeof(txt) - 1);
}
END_TEST

START_TEST(test_unicast)
{
    struct summary sum;

    fresh();
    ck_assert_uint_gt(ask("_arduino._tcp.local", ESPOTA_DNS_PTR, true, false, 0), 0);
    ck_assert(unicast);

    sum = summary_of(ask("_arduino._tcp.local", ESPOTA_DNS_PTR, false, true, 0));
    ck_assert(unicast);
    ck_assert_uint_eq(sum.id, 0x1234);
    ck_assert_uint_eq(sum.questions, 1); /* repeated */
    ck_assert_uint_eq(sum.longest_ttl, 10);
    ck_assert(!sum.flush);
}
END_TEST

START_TEST(test_known_answers)
{
    fresh();
    ck_assert_uint_eq(ask("_arduino._tcp.local", ESPOTA_DNS_PTR, false, false, 4000), 0);
    ck_assert_uint_gt(ask("_arduino._tcp.local", ESPOTA_DNS_PTR, false, false, 2000), 0);
}
END_TEST

START_TEST(test_other_questions)
{
    struct summary sum;

    fresh();
    sum = summary_of(ask("door.local", ESPOTA_DNS_A, false, false, 0));
    ck_assert_uint_eq(sum.answers, 2);
    sum = summary_of(ask("door._arduino._tcp.local", ESPOTA_DNS_SRV, false, false, 0));
    ck_assert_uint_eq(sum.answers, 1);
    ck_assert_uint_eq(sum.additional, 2);
    sum = summary_of(ask("door._arduino._tcp.local", ESPOTA_DNS_ANY, false, false, 0));
    ck_assert_uint_eq(sum.answers, 2);
    sum = summary_of(ask("_services._dns-sd._udp.local", ESPOTA_DNS_PTR, false, false, 0));
    ck_assert_uint_eq(sum.answers, 1);
    ck_assert_uint_eq(ask("window.local", ESPOTA_DNS_A, false, false, 0), 0);
    ck_assert_uint_eq(ask("_http._tcp.local", ESPOTA_DNS_PTR, false, false, 0), 0);
    ck_assert_uint_eq(ask("_arduino._tcp.local", ESPOTA_DNS_SRV, false, false, 0), 0);
}
END_TEST

START_TEST(test_a_response_is_not_answered)
{
    struct stub_question_origin origin = {false, addresses, 2};
    struct espota_dns_reader reader;
    uint8_t packet[STUB_ANSWER_MAX];
    size_t size;

    fresh();
    size = stub_responder_announce(&service, addresses, 2, false, packet);
    ck_assert_int_eq(espota_dns_open(&reader, packet, size), ESPOTA_OK);
    ck_assert_uint_eq(stub_responder_answer(&service, &origin, &reader, answer, &unicast), 0);
}
END_TEST

START_TEST(test_announcement_and_goodbye)
{
    struct summary sum;

    fresh();
    sum = summary_of(stub_responder_announce(&service, addresses, 2, false, answer));
    ck_assert_uint_eq(sum.answers, 5);
    ck_assert_uint_eq(sum.longest_ttl, 4500);
    sum = summary_of(stub_responder_announce(&service, addresses, 2, true, answer));
    ck_assert_uint_eq(sum.answers, 5);
    ck_assert_uint_eq(sum.longest_ttl, 0);
}
END_TEST

START_TEST(test_names)
{
    char longest[65];

    memset(longest, 'a', sizeof(longest));
    longest[64] = '\0';
    ck_assert(!stub_service_init(&service, longest, &where, false));
    ck_assert(!stub_service_init(&service, "", &where, false));
    longest[63] = '\0';
    ck_assert(stub_service_init(&service, longest, &where, false));
}
END_TEST

UNIT_MAIN("posix/responder", test_the_plain_question, test_unicast, test_known_answers,
          test_other_questions, test_a_response_is_not_answered, test_announcement_and_goodbye,
          test_names)
