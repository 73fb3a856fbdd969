/* SPDX-License-Identifier: MIT */
#include "mdns/mdns.h"

#include "unit.h"

#include <stdio.h>

/* The only question that JAndrassy's library answers, byte by byte as its source compares it. */
static const uint8_t plain_question[37] = {
    0,   0,   0, 0,   0,   1,   0,   0, 0,   0,   0,   0,   8,   '_', 'a', 'r', 'd', 'u', 'i',
    'n', 'o', 4, '_', 't', 'c', 'p', 5, 'l', 'o', 'c', 'a', 'l', 0,   0,   12,  0,   1};

/* An answer in the layout of JAndrassy's library, the board called "uno4". */
static const uint8_t answer[] = {0x00,
                                 0x00,
                                 0x84,
                                 0x00,
                                 0x00,
                                 0x00,
                                 0x00,
                                 0x04,
                                 0x00,
                                 0x00,
                                 0x00,
                                 0x00,
                                 /* 12 */ 8,
                                 '_',
                                 'a',
                                 'r',
                                 'd',
                                 'u',
                                 'i',
                                 'n',
                                 'o',
                                 4,
                                 '_',
                                 't',
                                 'c',
                                 'p',
                                 /* 26 */ 5,
                                 'l',
                                 'o',
                                 'c',
                                 'a',
                                 'l',
                                 0,
                                 0x00,
                                 0x0c,
                                 0x00,
                                 0x01,
                                 0x00,
                                 0x00,
                                 0x11,
                                 0x94,
                                 /* 41 */ 0x00,
                                 0x07,
                                 4,
                                 'u',
                                 'n',
                                 'o',
                                 '4',
                                 0xc0,
                                 0x0c,
                                 /* 50 */ 0xc0,
                                 0x2b,
                                 0x00,
                                 0x10,
                                 0x80,
                                 0x01,
                                 0x00,
                                 0x00,
                                 0x11,
                                 0x94,
                                 0x00,
                                 57,
                                 13,
                                 's',
                                 's',
                                 'h',
                                 '_',
                                 'u',
                                 'p',
                                 'l',
                                 'o',
                                 'a',
                                 'd',
                                 '=',
                                 'n',
                                 'o',
                                 12,
                                 't',
                                 'c',
                                 'p',
                                 '_',
                                 'c',
                                 'h',
                                 'e',
                                 'c',
                                 'k',
                                 '=',
                                 'n',
                                 'o',
                                 15,
                                 'a',
                                 'u',
                                 't',
                                 'h',
                                 '_',
                                 'u',
                                 'p',
                                 'l',
                                 'o',
                                 'a',
                                 'd',
                                 '=',
                                 'y',
                                 'e',
                                 's',
                                 13,
                                 'b',
                                 'o',
                                 'a',
                                 'r',
                                 'd',
                                 '=',
                                 'a',
                                 'r',
                                 'd',
                                 'u',
                                 'i',
                                 'n',
                                 'o',
                                 /* 119 */ 0xc0,
                                 0x2b,
                                 0x00,
                                 0x21,
                                 0x80,
                                 0x01,
                                 0x00,
                                 0x00,
                                 0x00,
                                 0x78,
                                 0x00,
                                 0x0d,
                                 0x00,
                                 0x00,
                                 0x00,
                                 0x00,
                                 0xff,
                                 0x00,
                                 4,
                                 'u',
                                 'n',
                                 'o',
                                 '4',
                                 0xc0,
                                 0x1a,
                                 /* 144 */ 0xc0,
                                 0x89,
                                 0x00,
                                 0x01,
                                 0x80,
                                 0x01,
                                 0x00,
                                 0x00,
                                 0x00,
                                 0x78,
                                 0x00,
                                 0x04,
                                 192,
                                 168,
                                 1,
                                 77};

static struct espota_dns_name name_of(const char *dotted)
{
    struct espota_dns_name name;

    ck_assert(espota_dns_name_set(&name, dotted));
    return name;
}

static enum espota_status open_guarded(const void *packet, size_t size)
{
    struct guarded g = guarded_copy(packet, size);
    struct espota_dns_reader reader;
    struct espota_dns_record record;
    enum espota_status status = espota_dns_open(&reader, g.bytes, size);

    if (status == ESPOTA_OK)
        while (espota_dns_next(&reader, &record))
            ;
    guarded_free(&g);
    return status;
}

/* A packet of one record with hand-made bytes behind the header. */
static enum espota_status open_body(const void *body, size_t length, uint8_t questions,
                                    uint8_t answers)
{
    uint8_t packet[1024] = {0, 0, 0x84, 0, 0, questions, 0, answers, 0, 0, 0, 0};

    ck_assert_uint_le(length, sizeof(packet) - ESPOTA_DNS_HEADER);
    memcpy(packet + ESPOTA_DNS_HEADER, body, length);
    return open_guarded(packet, ESPOTA_DNS_HEADER + length);
}

START_TEST(test_plain_question_has_its_37_bytes)
{
    struct espota_dns_name service = name_of("_arduino._tcp.local");
    struct espota_dns_writer writer;
    uint8_t packet[37];

    espota_dns_begin(&writer, packet, sizeof(packet), 0, 0);
    ck_assert(espota_dns_ask(&writer, &service, ESPOTA_DNS_PTR, false));
    ck_assert_uint_eq(espota_dns_finish(&writer), sizeof(plain_question));
    ck_assert_mem_eq(packet, plain_question, sizeof(plain_question));
}
END_TEST

START_TEST(test_reads_an_answer)
{
    struct guarded g = guarded_copy(answer, sizeof(answer));
    struct espota_dns_name instance = name_of("uno4._arduino._tcp.local");
    struct espota_dns_name host = name_of("UNO4.local");
    struct espota_dns_reader reader;
    struct espota_dns_record record;
    static const uint8_t address[] = {192, 168, 1, 77};

    ck_assert_int_eq(espota_dns_open(&reader, g.bytes, sizeof(answer)), ESPOTA_OK);
    ck_assert_uint_eq(reader.flags, ESPOTA_DNS_RESPONSE | ESPOTA_DNS_AUTHORITATIVE);

    ck_assert(espota_dns_next(&reader, &record));
    ck_assert_int_eq(record.section, ESPOTA_DNS_ANSWER);
    ck_assert_uint_eq(record.type, ESPOTA_DNS_PTR);
    ck_assert(!record.top);
    ck_assert_uint_eq(record.ttl, 4500);
    ck_assert(espota_dns_name_equal(&record.target, &instance));

    ck_assert(espota_dns_next(&reader, &record));
    ck_assert_uint_eq(record.type, ESPOTA_DNS_TXT);
    ck_assert(record.top);
    ck_assert(espota_dns_name_equal(&record.name, &instance));

    ck_assert(espota_dns_next(&reader, &record));
    ck_assert_uint_eq(record.type, ESPOTA_DNS_SRV);
    ck_assert_uint_eq(record.port, 65280);
    ck_assert_uint_eq(record.ttl, 120);
    ck_assert(espota_dns_name_equal(&record.target, &host));

    ck_assert(espota_dns_next(&reader, &record));
    ck_assert_uint_eq(record.type, ESPOTA_DNS_A);
    ck_assert(espota_dns_name_equal(&record.name, &host));
    ck_assert_uint_eq(record.length, 4);
    ck_assert_mem_eq(record.data, address, 4);

    ck_assert(!espota_dns_next(&reader, &record));
    espota_dns_rewind(&reader);
    ck_assert(espota_dns_next(&reader, &record));
    ck_assert_uint_eq(record.type, ESPOTA_DNS_PTR);
    guarded_free(&g);
}
END_TEST

START_TEST(test_every_cut_is_bad)
{
    for (size_t size = 0; size < sizeof(answer); size++)
        ck_assert_int_eq(open_guarded(answer, size), ESPOTA_BAD);
    for (size_t size = 0; size < sizeof(plain_question); size++)
        ck_assert_int_eq(open_guarded(plain_question, size), ESPOTA_BAD);
    ck_assert_int_eq(open_guarded(answer, sizeof(answer)), ESPOTA_OK);
}
END_TEST

START_TEST(test_any_changed_byte_is_survived)
{
    uint8_t copy[sizeof(answer)];
    size_t good = 0;

    for (size_t i = 0; i < sizeof(answer); i++) {
        for (unsigned value = 0; value < 256; value++) {
            memcpy(copy, answer, sizeof(answer));
            copy[i] = (uint8_t)value;
            good += open_guarded(copy, sizeof(copy)) == ESPOTA_OK;
        }
    }
    ck_assert_uint_gt(good, sizeof(answer)); /* at least the unchanged ones */
}
END_TEST

START_TEST(test_lying_counts)
{
    uint8_t copy[sizeof(answer)];

    memcpy(copy, answer, sizeof(answer));
    copy[7] = 5; /* one more answer than there is */
    ck_assert_int_eq(open_guarded(copy, sizeof(copy)), ESPOTA_BAD);
    copy[7] = 4;
    copy[4] = 0xff; /* 65,280 questions */
    ck_assert_int_eq(open_guarded(copy, sizeof(copy)), ESPOTA_BAD);
    copy[4] = 0;
    copy[11] = 1; /* an additional record that is not there */
    ck_assert_int_eq(open_guarded(copy, sizeof(copy)), ESPOTA_BAD);
    copy[11] = 0;
    copy[7] = 3; /* one less: what is behind is not read */
    ck_assert_int_eq(open_guarded(copy, sizeof(copy)), ESPOTA_OK);
}
END_TEST

START_TEST(test_compression_loops)
{
    static const uint8_t to_itself[] = {0xc0, 12, 0, 12, 0, 1};
    static const uint8_t forward[] = {0xc0, 18, 0, 12, 0, 1, 1, 'a', 0};
    static const uint8_t round[] = {1, 'a', 0xc0, 12, 0, 12, 0, 1};
    static const uint8_t into_header[] = {0xc0, 4, 0, 12, 0, 1};
    static const uint8_t beyond[] = {0xff, 0xff, 0, 12, 0, 1};
    static const uint8_t reserved[] = {0x80, 'a', 0, 0, 12, 0, 1};
    /* two questions whose names point at each other */
    static const uint8_t each_other[] = {1, 'a', 0xc0, 20, 0, 12, 0, 1,
                                         1, 'b', 0xc0, 12, 0, 12, 0, 1};
    static const uint8_t back[] = {1, 'a', 0, 0, 12, 0, 1, 1, 'b', 0xc0, 12, 0, 12, 0, 1};

    ck_assert_int_eq(open_body(to_itself, sizeof(to_itself), 1, 0), ESPOTA_BAD);
    ck_assert_int_eq(open_body(forward, sizeof(forward), 1, 0), ESPOTA_BAD);
    ck_assert_int_eq(open_body(round, sizeof(round), 1, 0), ESPOTA_BAD);
    ck_assert_int_eq(open_body(into_header, sizeof(into_header), 1, 0), ESPOTA_BAD);
    ck_assert_int_eq(open_body(beyond, sizeof(beyond), 1, 0), ESPOTA_BAD);
    ck_assert_int_eq(open_body(reserved, sizeof(reserved), 1, 0), ESPOTA_BAD);
    ck_assert_int_eq(open_body(each_other, sizeof(each_other), 2, 0), ESPOTA_BAD);
    ck_assert_int_eq(open_body(back, sizeof(back), 2, 0), ESPOTA_OK);
}
END_TEST

/* A question whose name has `size` bytes on the wire, the final zero included. */
static enum espota_status question_of_size(size_t size)
{
    uint8_t body[300];
    size_t at = 0;

    while (size - 1 - at > 0) {
        size_t label = size - 2 - at > 63 ? 63 : size - 2 - at;

        if (size - 1 - at == label + 2) /* one byte would be left over: no label fits it */
            label--;
        body[at++] = (uint8_t)label;
        memset(body + at, 'n', label);
        at += label;
    }
    memcpy(body + at, "\0\0\x0c\0\1", 5);
    return open_body(body, at + 5, 1, 0);
}

START_TEST(test_long_names)
{
    struct espota_dns_name name, longest;
    char label[64], dotted[300];

    ck_assert_int_eq(question_of_size(254), ESPOTA_OK);
    ck_assert_int_eq(question_of_size(255), ESPOTA_OK);
    ck_assert_int_eq(question_of_size(256), ESPOTA_BAD);
    ck_assert_int_eq(question_of_size(257), ESPOTA_BAD);

    memset(label, 'x', sizeof(label));
    snprintf(dotted, sizeof(dotted), "%.63s.%.63s.%.63s.%.61s", label, label, label, label);
    ck_assert(espota_dns_name_set(&longest, dotted));
    ck_assert_uint_eq(longest.length, 255);
    snprintf(dotted, sizeof(dotted), "%.63s.%.63s.%.63s.%.62s", label, label, label, label);
    ck_assert(!espota_dns_name_set(&name, dotted));
    ck_assert(!espota_dns_name_under(&name, "y", 1, &longest));
    ck_assert_uint_eq(name.length, 0);
    snprintf(dotted, sizeof(dotted), "%.64s.local", label);
    ck_assert(!espota_dns_name_set(&name, dotted));
    ck_assert(!espota_dns_name_set(&name, "a..b"));
    ck_assert(!espota_dns_name_set(&name, ""));
    ck_assert(!espota_dns_name_set(&name, "."));
}
END_TEST

/* One answer named "a" of the given type and data. */
static enum espota_status record_of(uint8_t type, const void *data, uint8_t length)
{
    uint8_t body[300] = {1, 'a', 0, 0, type, 0x80, 1, 0, 0, 0, 120, 0, length};

    memcpy(body + 13, data, length);
    return open_body(body, 13u + length, 0, 1);
}

START_TEST(test_data_fits_its_type)
{
    static const uint8_t zeros[20] = {0};

    ck_assert_int_eq(record_of(ESPOTA_DNS_A, zeros, 4), ESPOTA_OK);
    ck_assert_int_eq(record_of(ESPOTA_DNS_A, zeros, 3), ESPOTA_BAD);
    ck_assert_int_eq(record_of(ESPOTA_DNS_A, zeros, 5), ESPOTA_BAD);
    ck_assert_int_eq(record_of(ESPOTA_DNS_AAAA, zeros, 16), ESPOTA_OK);
    ck_assert_int_eq(record_of(ESPOTA_DNS_AAAA, zeros, 4), ESPOTA_BAD);
    ck_assert_int_eq(record_of(ESPOTA_DNS_SRV, zeros, 7), ESPOTA_OK);
    ck_assert_int_eq(record_of(ESPOTA_DNS_SRV, zeros, 6), ESPOTA_BAD);
    ck_assert_int_eq(record_of(ESPOTA_DNS_SRV, zeros, 8), ESPOTA_BAD);
    ck_assert_int_eq(record_of(ESPOTA_DNS_PTR, "\1b", 3), ESPOTA_OK);
    ck_assert_int_eq(record_of(ESPOTA_DNS_PTR, "\1b\0\0", 4), ESPOTA_BAD);
    ck_assert_int_eq(record_of(ESPOTA_DNS_PTR, "\5b\0", 3), ESPOTA_BAD);
    ck_assert_int_eq(record_of(ESPOTA_DNS_PTR, "\xc0\x0c", 2), ESPOTA_OK);
    ck_assert_int_eq(record_of(ESPOTA_DNS_TXT, "\3a=b", 4), ESPOTA_OK);
    ck_assert_int_eq(record_of(ESPOTA_DNS_TXT, "\4a=b", 4), ESPOTA_BAD);
    ck_assert_int_eq(record_of(ESPOTA_DNS_TXT, zeros, 0), ESPOTA_OK);
    ck_assert_int_eq(record_of(47, "whatever", 8), ESPOTA_OK); /* NSEC passes unread */
}
END_TEST

START_TEST(test_txt_strings)
{
    static const uint8_t data[] = {"\0\x08"
                                   "Board=d1\3key\2=x\4k==v\1="};
    struct espota_reader txt;
    const uint8_t *text, *value;
    size_t length, value_length, count = 0;

    espota_reader_init(&txt, data, sizeof(data) - 1);
    ck_assert(espota_dns_txt_next(&txt, &text, &length));
    ck_assert(espota_dns_txt_value(text, length, "board", &value, &value_length));
    ck_assert_uint_eq(value_length, 2);
    ck_assert_mem_eq(value, "d1", 2);
    ck_assert(!espota_dns_txt_value(text, length, "boar", &value, &value_length));
    ck_assert(!espota_dns_txt_value(text, length, "board=d1x", &value, &value_length));
    ck_assert(espota_dns_txt_next(&txt, &text, &length)); /* without '=' */
    ck_assert(!espota_dns_txt_value(text, length, "key", &value, &value_length));
    ck_assert(!espota_dns_txt_value(text, length, "keys", &value, &value_length));
    while (espota_dns_txt_next(&txt, &text, &length))
        count++;
    ck_assert_uint_eq(count, 3);

    espota_reader_init(&txt, "\7short", 6); /* cut: nothing is handed out */
    ck_assert(!espota_dns_txt_next(&txt, &text, &length));
}
END_TEST

START_TEST(test_names_as_text)
{
    struct espota_dns_name local = name_of("local.");
    struct espota_dns_name name;
    char text[ESPOTA_DNS_NAME_TEXT];

    ck_assert(espota_dns_name_under(&name, "a.b\\c\n\xc3\xa9", 8, &local));
    ck_assert_str_eq(espota_dns_name_format(&name, text), "a\\.b\\\\c\\010\xc3\xa9.local");
    ck_assert_uint_eq(name.bytes[0], 8);
    ck_assert_mem_eq(name.bytes + 1, "a.b\\c\n", 6);
    ck_assert(espota_dns_name_is_under(&name, &local));
    ck_assert(!espota_dns_name_is_under(&local, &name));
    ck_assert(!espota_dns_name_is_under(&local, &local));

    struct espota_dns_name upper = name_of("ESP-12.LOCAL"), lower = name_of("esp-12.local");

    ck_assert(espota_dns_name_equal(&upper, &lower));
    ck_assert_uint_eq(espota_dns_name_hash(&upper), espota_dns_name_hash(&lower));
    ck_assert(!espota_dns_name_equal(&upper, &local));
}
END_TEST

/* The longest text: 255 bytes that all become \DDD must fit the room that the header names. */
START_TEST(test_longest_text)
{
    struct espota_dns_name name = {.length = 0};
    char text[ESPOTA_DNS_NAME_TEXT];
    uint8_t label[63];

    memset(label, 1, sizeof(label));
    for (int i = 0; i < 4; i++) {
        size_t size = i < 3 ? 63 : 61;

        name.bytes[name.length] = (uint8_t)size;
        memcpy(name.bytes + name.length + 1, label, size);
        name.length = (uint8_t)(name.length + size + 1);
    }
    name.bytes[name.length++] = 0;
    espota_dns_name_format(&name, text);
    ck_assert_uint_eq(strlen(text), 250 * 4 + 3);
}
END_TEST

/* What the writer writes, the reader reads back, in every room from too small to enough. */
static size_t write_service(void *packet, size_t room, size_t *fitted)
{
    struct espota_dns_name service = name_of("_arduino._tcp.local");
    struct espota_dns_name instance = name_of("door._arduino._tcp.local");
    struct espota_dns_name host = name_of("door.local");
    static const uint8_t address[] = {10, 0, 0, 7};
    const struct espota_dns_record records[] = {
        {.section = ESPOTA_DNS_ANSWER,
         .name = service,
         .type = ESPOTA_DNS_PTR,
         .ttl = 4500,
         .target = instance},
        {.section = ESPOTA_DNS_ADDITIONAL,
         .name = instance,
         .type = ESPOTA_DNS_SRV,
         .top = true,
         .ttl = 120,
         .port = 8266,
         .target = host},
        {.section = ESPOTA_DNS_ADDITIONAL,
         .name = instance,
         .type = ESPOTA_DNS_TXT,
         .top = true,
         .ttl = 4500,
         .data = (const uint8_t *)"\4a=bc",
         .length = 5},
        {.section = ESPOTA_DNS_ADDITIONAL,
         .name = host,
         .type = ESPOTA_DNS_A,
         .top = true,
         .ttl = 120,
         .data = address,
         .length = sizeof(address)},
    };
    struct espota_dns_writer w;

    espota_dns_begin(&w, packet, room, 7, ESPOTA_DNS_RESPONSE);
    *fitted = 0;
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
        *fitted += espota_dns_add(&w, &records[i]);
    return espota_dns_finish(&w);
}

START_TEST(test_writes_what_it_reads)
{
    uint8_t packet[512];
    size_t fitted, whole = write_service(packet, sizeof(packet), &fitted);
    struct espota_dns_name host = name_of("door.local");
    struct espota_dns_reader reader;
    struct espota_dns_record record;

    ck_assert_uint_eq(fitted, 4);
    /* 12 + (21 + 10 + 7) + (2 + 10 + 6 + 7) + (2 + 10 + 5) + (2 + 10 + 4): all but the first
     * mention of each label is a pointer */
    ck_assert_uint_eq(whole, 108);
    ck_assert_int_eq(espota_dns_open(&reader, packet, whole), ESPOTA_OK);
    ck_assert_uint_eq(reader.id, 7);
    ck_assert(espota_dns_next(&reader, &record));
    ck_assert(espota_dns_next(&reader, &record));
    ck_assert_int_eq(record.section, ESPOTA_DNS_ADDITIONAL);
    ck_assert_uint_eq(record.port, 8266);
    ck_assert(espota_dns_name_equal(&record.target, &host));
    ck_assert(espota_dns_next(&reader, &record));
    ck_assert(espota_dns_next(&reader, &record));
    ck_assert(espota_dns_name_equal(&record.name, &host));
    ck_assert(!espota_dns_next(&reader, &record));

    for (size_t room = ESPOTA_DNS_HEADER; room < whole; room++) {
        struct guarded g = guarded_copy(packet, room);
        size_t used = write_service(g.bytes, room, &fitted);

        ck_assert_uint_lt(fitted, 4);
        ck_assert_uint_le(used, room);
        ck_assert_int_eq(espota_dns_open(&reader, g.bytes, used), ESPOTA_OK);
        for (size_t i = 0; i < fitted; i++)
            ck_assert(espota_dns_next(&reader, &record));
        ck_assert(!espota_dns_next(&reader, &record));
        guarded_free(&g);
    }
}
END_TEST

UNIT_MAIN("mdns/dns", test_plain_question_has_its_37_bytes, test_reads_an_answer,
          test_every_cut_is_bad, test_any_changed_byte_is_survived, test_lying_counts,
          test_compression_loops, test_long_names, test_data_fits_its_type, test_txt_strings,
          test_names_as_text, test_longest_text, test_writes_what_it_reads)
