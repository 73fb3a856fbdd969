/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>

#include "serve/registry.h"

static void note_from(struct espota_registry *registry, const char *mac, const char *version,
                      const char *address, int64_t now)
{
    struct espota_pull_request request;

    espota_pull_request_init(&request);
    request.family = ESPOTA_PULL_ESP32;
    snprintf(request.mac, sizeof(request.mac), "%s", mac);
    snprintf(request.version, sizeof(request.version), "%s", version);
    espota_registry_note(registry, &request, address, 304, "it \"runs\" it", now);
}

static void note(struct espota_registry *registry, const char *mac, const char *version,
                 int64_t now)
{
    note_from(registry, mac, version, "192.0.2.1", now);
}

START_TEST(test_notes_and_samples)
{
    struct espota_registry *registry = espota_registry_create();
    const struct espota_sample *sample;

    espota_registry_sample(registry, 1);
    ck_assert_uint_eq(registry->history.count, 0);
    note(registry, "", "1.0", 100); /* no MAC, no device */
    ck_assert_uint_eq(registry->count, 0);
    note(registry, "18feaa000001", "1.0", 100);
    note(registry, "18feaa000002", "1.0", 100);
    note(registry, "18feaa000003", "", 100);
    note(registry, "18feaa000001", "1.1", 200);
    ck_assert_uint_eq(registry->count, 3);
    ck_assert_int_eq(registry->by_mac[0]->first_seen, 100);
    ck_assert_int_eq(registry->by_mac[0]->last_seen, 200);
    ck_assert_uint_eq(registry->by_mac[0]->requests, 2);

    espota_registry_sample(registry, 300);
    espota_registry_sample(registry, 300 + ESPOTA_HISTORY_SAMPLE_S - 1);
    ck_assert_uint_eq(registry->history.count, 1);
    sample = espota_history_at(&registry->history, 0);
    ck_assert_str_eq(registry->history.labels[0], "1.1");
    ck_assert_str_eq(registry->history.labels[1], "1.0");
    ck_assert_str_eq(registry->history.labels[2], "unknown");
    ck_assert_str_eq(registry->history.labels[3], "");
    ck_assert_uint_eq(sample->counts[0], 1);
    ck_assert_uint_eq(sample->counts[1], 1);
    ck_assert_uint_eq(sample->counts[2], 1);
    /* who is silent for a day is not present */
    espota_registry_sample(registry, 150 + ESPOTA_REGISTRY_PRESENT_S);
    sample = espota_history_at(&registry->history, 1);
    ck_assert_uint_eq(sample->counts[0], 1);
    ck_assert_uint_eq(sample->counts[1] + sample->counts[2], 0);
    espota_registry_destroy(registry);
}
END_TEST

START_TEST(test_it_is_bounded)
{
    struct espota_registry *registry = espota_registry_create();

    for (unsigned k = 0; k < ESPOTA_REGISTRY_MAX + 3; k++) {
        char mac[13], address[16];

        snprintf(mac, sizeof(mac), "18feaa%06x", k);
        snprintf(address, sizeof(address), "192.0.2.%u", k % 100);
        note_from(registry, mac, "1", address, 10 + (int64_t)k);
    }
    ck_assert_uint_eq(registry->count, ESPOTA_REGISTRY_MAX + 3 - ESPOTA_REGISTRY_DROPPED);
    ck_assert_str_eq(registry->by_mac[0]->mac, "18feaa001000");
    note(registry, "18feaa001001", "2", 5);
    ck_assert_uint_eq(registry->count, ESPOTA_REGISTRY_MAX + 3 - ESPOTA_REGISTRY_DROPPED);
    ck_assert_str_eq(registry->by_mac[1]->version, "2");
    for (int64_t k = 0; k < ESPOTA_HISTORY_SAMPLES + 5; k++)
        espota_registry_sample(registry, 1000 + k * ESPOTA_HISTORY_SAMPLE_S);
    ck_assert_uint_eq(registry->history.count, ESPOTA_HISTORY_SAMPLES);
    ck_assert_int_eq(espota_history_at(&registry->history, 0)->at,
                     1000 + 5 * ESPOTA_HISTORY_SAMPLE_S);
    espota_registry_destroy(registry);
}
END_TEST

/* Each device of an attacker's has a place of its own: none of the others loses one. */
START_TEST(test_one_address_does_not_crowd_out_others)
{
    struct espota_registry *registry = espota_registry_create();
    size_t others = 0;

    for (unsigned k = 0; k < 3; k++) {
        char mac[13];

        snprintf(mac, sizeof(mac), "24aabb%06x", k);
        note_from(registry, mac, "1", "192.0.2.9", 1);
    }
    for (unsigned k = 0; k < 3 * ESPOTA_REGISTRY_OF_ADDRESS; k++) {
        char mac[13];

        snprintf(mac, sizeof(mac), "%06x%06x", k * 2654435761U >> 8, k);
        note_from(registry, mac, "1", "192.0.2.66", 10 + (int64_t)k);
        ck_assert_uint_le(registry->count, ESPOTA_REGISTRY_OF_ADDRESS + 3);
    }
    for (size_t i = 0; i < registry->count; i++)
        others += strcmp(registry->by_mac[i]->address, "192.0.2.9") == 0;
    ck_assert_uint_eq(others, 3);
    /* who moves belongs to the new address */
    note_from(registry, "24aabb000001", "1", "192.0.2.10", 20);
    others = 0;
    for (size_t i = 0; i < registry->count; i++) {
        if (strcmp(registry->by_mac[i]->address, "192.0.2.10") != 0)
            continue;
        others++;
        ck_assert_str_eq(registry->by_mac[i]->mac, "24aabb000001");
        ck_assert_uint_eq(registry->by_mac[i]->requests, 2);
    }
    ck_assert_uint_eq(others, 1);
    espota_registry_destroy(registry);
}
END_TEST

/* MACs with one CRC-32 were one chain: now nothing depends on what they have in common. */
START_TEST(test_colliding_macs_cost_no_more)
{
    struct espota_registry *registry = espota_registry_create();

    /* whatever their order */
    for (unsigned k = 0; k < 3000; k++) {
        char mac[13];

        snprintf(mac, sizeof(mac), "%012x", k % 2 == 0 ? k : 0xffffff - k);
        note(registry, mac, "1", 10);
        note(registry, mac, "2", 11);
    }
    ck_assert_uint_eq(registry->count, 3000);
    for (size_t i = 0; i < 3000; i++)
        ck_assert_uint_eq(registry->by_mac[i]->requests, 2);
    espota_registry_destroy(registry);
}
END_TEST

START_TEST(test_what_was_just_given)
{
    static const char *const md5 = "0123456789abcdef0123456789abcdef";
    struct espota_registry *registry = espota_registry_create();
    int64_t now = 1000;

    ck_assert(!espota_registry_has_it(registry, "18feaa000001", false, md5, true, now));
    espota_registry_given(registry, "18feaa000001", false, md5, now); /* nobody that is known */
    note(registry, "18feaa000001", "", now);
    ck_assert(!espota_registry_has_it(registry, "18feaa000001", false, md5, true, now));
    espota_registry_given(registry, "18feaa000001", false, md5, now);
    ck_assert(espota_registry_has_it(registry, "18feaa000001", false, md5, true, now + 1));
    ck_assert(!espota_registry_has_it(registry, "18feaa000001", true, md5, true, now + 1));
    ck_assert(!espota_registry_has_it(registry, "18feaa000001", false, "other", true, now + 1));
    /* who goes on asking is told so for as long */
    now += ESPOTA_REGISTRY_REPEAT_S;
    ck_assert(espota_registry_has_it(registry, "18feaa000001", false, md5, true, now));
    now += ESPOTA_REGISTRY_REPEAT_S;
    ck_assert(espota_registry_has_it(registry, "18feaa000001", false, md5, true, now));
    now += ESPOTA_REGISTRY_REPEAT_S + 1;
    ck_assert(!espota_registry_has_it(registry, "18feaa000001", false, md5, true, now));
    espota_registry_destroy(registry);
}
END_TEST

START_TEST(test_versions_beyond_the_columns_are_others)
{
    struct espota_registry *registry = espota_registry_create();
    uint32_t sum = 0;

    for (unsigned k = 0; k < 40; k++) {
        char mac[13], version[16];

        snprintf(mac, sizeof(mac), "18feaa%06x", k);
        snprintf(version, sizeof(version), "1.%u", k);
        note(registry, mac, version, 10);
    }
    espota_registry_sample(registry, 20);
    for (size_t i = 0; i < ESPOTA_HISTORY_LABELS; i++)
        sum += espota_history_at(&registry->history, 0)->counts[i];
    ck_assert_uint_eq(sum, 40);
    ck_assert_str_eq(registry->history.labels[ESPOTA_HISTORY_LABELS - 1], "other");
    espota_registry_destroy(registry);
}
END_TEST

START_TEST(test_it_survives_as_json)
{
    struct espota_registry *registry = espota_registry_create();
    struct espota_registry *back = espota_registry_create();
    struct espota_error err = ESPOTA_ERROR_INIT;
    char *text, *again;

    note(registry, "18feaa000001", "1.0", 100);
    note(registry, "18feaa000002", "", 101);
    espota_registry_sample(registry, 300);
    ck_assert(registry->dirty);
    text = espota_registry_write(registry);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(espota_registry_read(back, text, strlen(text), &err) == ESPOTA_OK, "%s",
                  err.message);
    ck_assert(!back->dirty);
    again = espota_registry_write(back);
    ck_assert_str_eq(text, again);
    free(text);
    free(again);
    espota_registry_destroy(registry);
    espota_registry_destroy(back);
}
END_TEST

START_TEST(test_foreign_state_is_refused)
{
    static const char *const rows[] = {
        "",
        "{}",
        "[]",
        "{\"espota-c\":\"upload\",\"devices\":[],\"history\":[]}",
        "{\"espota-c\":\"serve\",\"devices\":[{\"mac\":\"x\"}],\"history\":[]}",
        "{\"espota-c\":\"serve\",\"devices\":[],\"history\":[1]}",
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct espota_registry *registry = espota_registry_create();

        ck_assert_msg(espota_registry_read(registry, rows[i], strlen(rows[i]), NULL) ==
                          ESPOTA_E_LOCAL,
                      "%s", rows[i]);
        espota_registry_destroy(registry);
    }
}
END_TEST

UNIT_MAIN("serve/registry", test_notes_and_samples, test_it_is_bounded,
          test_one_address_does_not_crowd_out_others, test_colliding_macs_cost_no_more,
          test_what_was_just_given, test_versions_beyond_the_columns_are_others,
          test_it_survives_as_json, test_foreign_state_is_refused)
