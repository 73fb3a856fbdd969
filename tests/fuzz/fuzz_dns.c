/* SPDX-License-Identifier: MIT */
/* A packet from the network, through the reader and into the list of devices. */
#include "fuzz.h"

#include "mdns/discover.h"

static void read_all(struct espota_dns_reader *reader)
{
    struct espota_dns_record record;
    char text[ESPOTA_DNS_NAME_TEXT];

    while (espota_dns_next(reader, &record)) {
        struct espota_reader txt;
        const uint8_t *string, *value;
        size_t length, value_length;

        espota_dns_name_format(&record.name, text);
        espota_dns_name_format(&record.target, text);
        if (record.data == NULL || record.type != ESPOTA_DNS_TXT)
            continue;
        espota_reader_init(&txt, record.data, record.length);
        while (espota_dns_txt_next(&txt, &string, &length))
            if (espota_dns_txt_value(string, length, "board", &value, &value_length))
                FUZZ_CHECK(value + value_length == string + length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct espota_mdns_origin link = {.link = 2,
                                            .from = {.family = 4, .bytes = {10, 0, 0, 9}}};
    struct espota_dns_reader reader;
    struct espota_catalog *catalog;
    struct espota_catalog_event event;
    struct espota_catalog_question question;
    uint64_t now = 1000;

    if (espota_dns_open(&reader, data, size) != ESPOTA_OK)
        return 0;
    read_all(&reader);
    if (espota_catalog_create(ESPOTA_SERVICE_COUNT, &catalog, NULL) != ESPOTA_OK)
        return 0;
    espota_catalog_packet(catalog, now, &link, &reader);
    for (int i = 0; i < 16 && now != UINT64_MAX; i++) {
        espota_catalog_tick(catalog, now);
        while (espota_catalog_next(catalog, now, &event))
            FUZZ_CHECK(event.device.address[0] != '\0');
        while (espota_catalog_question(catalog, now, &question))
            ;
        FUZZ_CHECK(espota_catalog_deadline(catalog, now) > now); /* or the loop would spin */
        now = espota_catalog_deadline(catalog, now);
    }
    espota_catalog_destroy(catalog);
    return 0;
}
