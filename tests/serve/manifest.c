/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>

#include "serve/manifest.h"
#include "text/text.h"

static enum espota_status parse(const char *text, struct espota_manifest *out,
                                struct espota_error *err)
{
    struct guarded g = guarded_copy(text, strlen(text));
    enum espota_status status =
        espota_manifest_parse((const char *)g.bytes, strlen(text), "m.json", NULL, out, err);

    guarded_free(&g);
    return status;
}

static const char *const full =
    "{\"images\": \"fw\", \"no-space\": 507, \"comment\": \"ours\", \"rules\": ["
    "{\"mac\": [\"18:FE:AA:*\", \"5C:CF:7F:00:00:01\"], \"chip\": \"esp8266\", \"mode\": "
    "\"sketch\","
    " \"path\": \"/update*\", \"version\": \"<2.1.0\", \"from\": \"2026-11-21T22:00:00Z\","
    " \"until\": \"2026-11-22T04:00:00Z\", \"file\": \"door-2.1.0.bin\", \"give\": \"2.1.0\"},"
    "{\"mac\": \"*\", \"stay\": true}]}";

START_TEST(test_the_documented_example)
{
    struct espota_manifest manifest;
    struct espota_pull_request request;
    struct espota_error err = ESPOTA_ERROR_INIT;
    int64_t from, until;

    ck_assert_msg(parse(full, &manifest, &err) == ESPOTA_OK, "%s", err.message);
    ck_assert_str_eq(manifest.images, "fw");
    ck_assert_uint_eq(manifest.no_space, 507);
    ck_assert_uint_eq(manifest.rule_count, 2);
    ck_assert(espota_time_parse("2026-11-21T22:00:00Z", &from));
    ck_assert(espota_time_parse("2026-11-22T04:00:00Z", &until));

    espota_pull_request_init(&request);
    request.family = ESPOTA_PULL_ESP8266;
    strcpy(request.mac, "18feaa000b01");
    strcpy(request.path, "update/door");
    strcpy(request.version, "2.0.9");
    ck_assert_ptr_eq(espota_manifest_match(&manifest, &request, from), &manifest.rules[0]);
    request.mode = ESPOTA_PULL_VERSION; /* asks about the sketch */
    ck_assert_ptr_eq(espota_manifest_match(&manifest, &request, until - 1), &manifest.rules[0]);
    request.mode = ESPOTA_PULL_SKETCH;
    ck_assert_ptr_eq(espota_manifest_match(&manifest, &request, from - 1), &manifest.rules[1]);
    ck_assert_ptr_eq(espota_manifest_match(&manifest, &request, until), &manifest.rules[1]);
    strcpy(request.version, "2.1.0");
    ck_assert_ptr_eq(espota_manifest_match(&manifest, &request, from), &manifest.rules[1]);
    strcpy(request.version, "2.0");
    request.family = ESPOTA_PULL_ESP32;
    ck_assert_ptr_eq(espota_manifest_match(&manifest, &request, from), &manifest.rules[1]);
    request.family = ESPOTA_PULL_ESP8266;
    request.mode = ESPOTA_PULL_FILESYSTEM;
    ck_assert_ptr_eq(espota_manifest_match(&manifest, &request, from), &manifest.rules[1]);
    request.mode = ESPOTA_PULL_SKETCH;
    strcpy(request.path, "other");
    ck_assert_ptr_eq(espota_manifest_match(&manifest, &request, from), &manifest.rules[1]);
    strcpy(request.path, "update");
    strcpy(request.mac, "5ccf7f000001");
    ck_assert_ptr_eq(espota_manifest_match(&manifest, &request, from), &manifest.rules[0]);
    request.mac[0] = '\0';
    ck_assert_ptr_eq(espota_manifest_match(&manifest, &request, from), &manifest.rules[1]);
    espota_manifest_deinit(&manifest);
}
END_TEST

START_TEST(test_what_is_wrong_is_named)
{
    static const char *const rows[][2] = {
        {"{\"rules\": [\n  {\"file\": }]}", "m.json: line 2, column"},
        {"[]", "one JSON object"},
        {"{}", "\"rules\" is missing"},
        {"{\"rules\": {}}", "must be a list"},
        {"{\"rules\": [1]}", "objects"},
        {"{\"rules\": [], \"extra\": 1}", "\"extra\" is not known"},
        {"{\"rules\": [], \"rules\": []}", "m.json: line 1"},
        {"{\"rules\": [{}]}", "rule 1: \"file\" or \"stay\""},
        {"{\"rules\": [{\"stay\": true}, {\"file\": \"a\", \"stay\": true}]}", "rule 2: "},
        {"{\"rules\": [{\"stay\": false}]}", "can only be true"},
        {"{\"rules\": [{\"file\": \"\"}]}", "not empty"},
        {"{\"rules\": [{\"file\": \"../a\"}]}", "below the folder"},
        {"{\"rules\": [{\"file\": \"/etc/passwd\"}]}", "below the folder"},
        {"{\"rules\": [{\"file\": \"a\", \"mac\": \"door\"}]}", "\"mac\" must be"},
        {"{\"rules\": [\n {\"file\": \"a\", \"mac\": \"18:FE:AA\"}]}",
         "line 2, column 23: rule 1: \"mac\" must be"},
        {"{\"rules\": [{\"file\": \"a\", \"mac\": []}]}", "never match"},
        {"{\"rules\": [{\"file\": \"a\", \"give\": \"1\\n\"}]}", "\"give\" must be"},
        {"{\"rules\": [{\"file\": \"a\", \"mac\": [\"*\", 1]}]}", "\"mac\" must be"},
        {"{\"rules\": [{\"file\": \"a\", \"chip\": \"esp99\"}]}", "\"chip\" must be"},
        {"{\"rules\": [{\"file\": \"a\", \"mode\": \"version\"}]}", "\"mode\" must be"},
        {"{\"rules\": [{\"file\": \"a\", \"rollout\": 101}]}", "0 to 100"},
        {"{\"rules\": [{\"file\": \"a\", \"rollout\": \"25\"}]}", "0 to 100"},
        {"{\"rules\": [{\"file\": \"a\", \"from\": \"tomorrow\"}]}", "\"from\" must be a time"},
        {"{\"rules\": [{\"file\": \"a\", \"version\": \"<\"}]}", "a condition like"},
        {"{\"rules\": [{\"stay\": true, \"give\": \"1\"}]}", "\"give\" goes with"},
        {"{\"rules\": [{\"file\": \"a\", \"from\": \"2026-11-22T00:00:00Z\", \"until\": "
         "\"2026-11-21T00:00:00Z\"}]}",
         "never match"},
        {"{\"no-space\": 200, \"rules\": []}", "300 to 599"},
        {"{\"rules\": []} x", "m.json: line 1"},
        {"\xef\xbb\xbf[]", "one JSON object"}, /* the mark is nothing */
        {"\xff\xfe{", "UTF-16"},
        {"{\"rules\": [{\"stay\": true, \"downgrade\": true}]}", "\"downgrade\" goes with"},
        {"{\"rules\": [{\"file\": \"a\", \"downgrade\": 1}]}", "true or false"},
        {"{\"rules\": [{\"file\": \"a\", \"version\": \"latest\"}]}", "a version has a digit"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct espota_manifest manifest;
        struct espota_error err = ESPOTA_ERROR_INIT;

        ck_assert_msg(parse(rows[i][0], &manifest, &err) == ESPOTA_E_USAGE, "%s", rows[i][0]);
        ck_assert_msg(strstr(err.message, rows[i][1]) != NULL, "%s: %s", rows[i][0], err.message);
    }
}
END_TEST

START_TEST(test_rollout_is_stable_and_about_right)
{
    unsigned in = 0;

    for (unsigned k = 0; k < 1000; k++) {
        char mac[13];

        snprintf(mac, sizeof(mac), "18feaa%06x", k * 7);
        ck_assert(!espota_rollout_holds(mac, "door.bin", 0));
        ck_assert(espota_rollout_holds(mac, "door.bin", 100));
        in += espota_rollout_holds(mac, "door.bin", 25);
        /* who is in at 25 stays in at every larger number */
        if (espota_rollout_holds(mac, "door.bin", 25))
            ck_assert(espota_rollout_holds(mac, "door.bin", 26));
    }
    ck_assert_uint_ge(in, 200);
    ck_assert_uint_le(in, 300);
    ck_assert(!espota_rollout_holds("", "door.bin", 99));
}
END_TEST

static void note_unreachable(void *context, const struct espota_rule *rule,
                             const struct espota_rule *by)
{
    size_t *found = context;

    ck_assert_uint_eq(found[0], 0);
    found[0] = rule->number;
    found[1] = by->number;
}

START_TEST(test_unreachable_rules)
{
    static const struct {
        const char *rules;
        size_t which, by; /* 0: none */
    } rows[] = {
        {"[{\"stay\":true},{\"file\":\"a\"}]", 2, 1},
        {"[{\"file\":\"a\",\"mac\":\"18:FE:AA:*\"},{\"file\":\"b\",\"mac\":\"18:FE:AA:00:00:01\"}]",
         2, 1},
        {"[{\"file\":\"a\",\"mac\":\"18:FE:AA:00:00:01\"},{\"file\":\"b\",\"mac\":\"18:FE:AA:*\"}]",
         0, 0},
        {"[{\"file\":\"a\",\"mac\":\"18:*\"},{\"file\":\"b\",\"mac\":\"18:FE:*\"}]", 2, 1},
        {"[{\"file\":\"a\",\"chip\":\"esp32\"},{\"file\":\"b\"}]", 0, 0},
        {"[{\"file\":\"a\",\"chip\":\"esp32\"},{\"file\":\"b\",\"chip\":\"esp8266\"}]", 0, 0},
        {"[{\"file\":\"a\",\"rollout\":50},{\"file\":\"b\"}]", 0, 0},
        {"[{\"file\":\"a\",\"version\":\"<2\"},{\"file\":\"b\"}]", 0, 0},
        {"[{\"file\":\"a\",\"version\":\"<2\"},{\"file\":\"b\",\"version\":\"<2\"}]", 2, 1},
        {"[{\"file\":\"a\",\"path\":\"/u*\"},{\"file\":\"b\",\"path\":\"/up/*\"}]", 2, 1},
        {"[{\"file\":\"a\",\"path\":\"/u?\"},{\"file\":\"b\",\"path\":\"/u*\"}]", 0, 0},
        {"[{\"file\":\"a\",\"from\":\"2026-11-21T22:00:00Z\"},{\"file\":\"b\"}]", 0, 0},
        {"[{\"file\":\"a\",\"version\":\"<3\"},{\"file\":\"b\",\"version\":\"<2\"}]", 2, 1},
        {"[{\"file\":\"a\",\"version\":\"<2\"},{\"file\":\"b\",\"version\":\"<3\"}]", 0, 0},
        {"[{\"file\":\"a\",\"rollout\":50},{\"file\":\"a\",\"rollout\":50}]", 2, 1},
        {"[{\"file\":\"a\",\"rollout\":50},{\"file\":\"a\",\"rollout\":20}]", 2, 1},
        {"[{\"file\":\"a\",\"rollout\":50},{\"file\":\"a\",\"rollout\":60}]", 0, 0},
        {"[{\"file\":\"a\",\"rollout\":50},{\"file\":\"b\",\"rollout\":20}]", 0, 0},
        {"[{\"file\":\"a\",\"mac\":[\"1*\",\"2*\"]},{\"file\":\"b\",\"mac\":[\"22*\",\"11*\"]}]", 2,
         1},
        {"[{\"file\":\"a\",\"mac\":[\"*\"]},{\"file\":\"b\",\"mac\":\"*:01\"}]", 2, 1},
        {"[{\"file\":\"a\",\"mac\":\"*:01\"},{\"file\":\"b\",\"mac\":\"18:*:01\"}]", 2, 1},
        {"[{\"file\":\"a\",\"path\":\"*\"},{\"file\":\"b\",\"path\":\"/x\"}]", 2, 1},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        struct espota_manifest manifest;
        struct espota_error err = ESPOTA_ERROR_INIT;
        size_t found[2] = {0, 0};

        snprintf(text, sizeof(text), "{\"rules\":%s}", rows[i].rules);
        ck_assert_msg(parse(text, &manifest, &err) == ESPOTA_OK, "%s", err.message);
        ck_assert(espota_manifest_unreachable(&manifest, note_unreachable, found));
        ck_assert_msg(found[0] == rows[i].which && found[1] == rows[i].by, "%s: %zu by %zu",
                      rows[i].rules, found[0], found[1]);
        espota_manifest_deinit(&manifest);
    }
}
END_TEST

/* To look at all pairs of these would take longer than a test may. */
START_TEST(test_unreachable_among_many_rules)
{
    enum { RULES = 30000 };
    struct espota_builder text = {.text = NULL};
    struct espota_manifest manifest;
    struct espota_error err = ESPOTA_ERROR_INIT;
    size_t found[2] = {0, 0};

    espota_builder_add(&text, "{\"rules\":[");
    for (size_t i = 1; i < RULES; i++)
        espota_builder_add(&text, "{\"path\":\"/d%zu-*\",\"file\":\"a\"},", i);
    espota_builder_add(&text, "{\"path\":\"/d77-x*\",\"file\":\"b\"}]}");
    ck_assert(!text.failed);
    ck_assert_msg(parse(text.text, &manifest, &err) == ESPOTA_OK, "%s", err.message);
    ck_assert(espota_manifest_unreachable(&manifest, note_unreachable, found));
    ck_assert_uint_eq(found[0], RULES);
    ck_assert_uint_eq(found[1], 77);
    espota_manifest_deinit(&manifest);
    espota_builder_deinit(&text);
}
END_TEST

static void note_loop(void *context, const struct espota_manifest_loop *loop)
{
    char *text = context;

    snprintf(text + strlen(text), 256, "%zu-%zu %s %s;", loop->up->number, loop->down->number,
             loop->high, loop->low);
}

START_TEST(test_loops)
{
    static const char *const rows[][2] = {
        /* the canary: whoever is below 2.1.0 goes there, everybody else to 2.0.0 */
        {"[{\"chip\":\"esp8266\",\"version\":\"<2.1.0\",\"file\":\"d-2.1.0.bin\"},"
         "{\"chip\":\"esp8266\",\"file\":\"d-2.0.0.bin\"}]",
         "1-2 2.1.0 2.0.0;"},
        {"[{\"version\":\"<2.1\",\"file\":\"a\",\"give\":\"2.1\"},{\"file\":\"b\",\"give\":\"2.1\"}"
         "]",
         ""},
        {"[{\"version\":\"<1\",\"file\":\"a\",\"give\":\"1\"},{\"version\":\"<2\",\"file\":\"b\","
         "\"give\":\"2\"}]",
         ""},
        {"[{\"version\":\"<1\",\"file\":\"a\",\"give\":\"1\"},{\"version\":\"<2\",\"file\":\"b\","
         "\"give\":\"2\"},{\"file\":\"c\",\"give\":\"0.5\"}]",
         "1-2 1 2;2-3 2 0.5;"},
        /* nothing says the versions */
        {"[{\"version\":\"<2\",\"file\":\"a\"},{\"file\":\"b\"}]", "1-2  ;"},
        {"[{\"version\":\"<2\",\"file\":\"a\"},{\"stay\":true}]", ""},
        {"[{\"version\":\"<2\",\"file\":\"a\"},{\"stay\":true,\"mac\":\"*:*\"},{\"file\":\"b\"}]",
         ""},
        /* only where both mean one device */
        {"[{\"mac\":\"18:*\",\"version\":\"<2.1\",\"file\":\"a\",\"give\":\"2.1\"},"
         "{\"mac\":\"19:*\",\"file\":\"b\",\"give\":\"2\"}]",
         ""},
        {"[{\"path\":\"/d*\",\"version\":\"<2.1\",\"file\":\"a\",\"give\":\"2.1\"},"
         "{\"mac\":\"19:*:01\",\"file\":\"b\",\"give\":\"2\"}]",
         "1-2 2.1 2;"},
        {"[{\"version\":\"<2.1\",\"rollout\":10,\"file\":\"a\",\"give\":\"2.1\"},"
         "{\"rollout\":90,\"file\":\"b\",\"give\":\"2\"}]",
         "1-2 2.1 2;"},
        {"[{\"mode\":\"filesystem\",\"version\":\"<2.1\",\"file\":\"a\",\"give\":\"2.1\"},"
         "{\"mode\":\"sketch\",\"file\":\"b\",\"give\":\"2\"}]",
         ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512], found[512] = "";
        struct espota_manifest manifest;
        struct espota_error err = ESPOTA_ERROR_INIT;

        snprintf(text, sizeof(text), "{\"rules\":%s}", rows[i][0]);
        ck_assert_msg(parse(text, &manifest, &err) == ESPOTA_OK, "%s", err.message);
        ck_assert_uint_eq(espota_manifest_loops(&manifest, 1000, note_loop, found),
                          manifest.rule_count);
        ck_assert_msg(strcmp(found, rows[i][1]) == 0, "%s: %s", rows[i][0], found);
        espota_manifest_deinit(&manifest);
    }
}
END_TEST

START_TEST(test_the_version_of_a_file)
{
    static const char *const rows[][2] = {
        {"door-2.1.0.bin", "2.1.0"},
        {"a-1/door-2.1.0-rc1.bin", "2.1.0-rc1"},
        {"door-2.bin", ""},
        {"door.bin", ""},
        {"relay-1-2.0.fs.bin", "2.0"},
        {"x-1.2/door.bin", ""},
        {"esp32-c3-1.10.bin", "1.10"},
        {"door-2.1.0-1.bin", "2.1.0-1"},
        {"door-2.1.0.hex", ""},
        {"-1.0.bin", ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct espota_rule rule = {.file = (char *)(uintptr_t)rows[i][0]};
        char version[ESPOTA_PULL_VERSION_MAX];

        espota_rule_file_version(&rule, version);
        ck_assert_msg(strcmp(version, rows[i][1]) == 0, "%s: %s", rows[i][0], version);
    }
}
END_TEST

static void count_fault(void *context, const char *fault)
{
    char *text = context;

    snprintf(text + strlen(text), 256, "%s\n", fault);
}

START_TEST(test_every_fault_is_told)
{
    static const char *const text =
        "\xef\xbb\xbf{\"rules\": [\n {\"file\": 3, \"chip\": \"esp99\"},\n"
        " {\"version\": \"<2 ~1\", \"form\": 1, \"stay\": true, \"give\": \"1\"}], \"x\": 1}";
    struct espota_manifest manifest;
    struct espota_error err = ESPOTA_ERROR_INIT;
    char told[2048] = "";
    struct espota_manifest_faults faults = {count_fault, told, 0};

    ck_assert_int_eq(espota_manifest_parse(text, strlen(text), "m.json", &faults, &manifest, &err),
                     ESPOTA_E_USAGE);
    ck_assert_msg(faults.count == 6, "%s", told);
    ck_assert_msg(strncmp(told, err.message, strlen(err.message)) == 0, "%s", err.message);
    ck_assert_ptr_nonnull(strstr(told, "m.json: line 2, column 11: rule 1: \"file\""));
    ck_assert_ptr_nonnull(strstr(told, "rule 1: \"chip\""));
    ck_assert_msg(strstr(told, "line 3, column 18: rule 2: \"version\"") != NULL, "%s", told);
    ck_assert_ptr_nonnull(strstr(told, "at \"~1\", a version must stand here"));
    ck_assert_ptr_nonnull(strstr(told, "\"form\" is not known"));
    ck_assert_ptr_nonnull(strstr(told, "\"give\" goes with"));
    ck_assert_ptr_nonnull(strstr(told, "\"x\" is not known"));
}
END_TEST

/* The quick look at a MAC must never differ from the pattern itself. */
START_TEST(test_mac_patterns_and_their_heads)
{
    static const char *const patterns[] = {
        "18:FE:AA:00:00:01",
        "18:FE:AA:*",
        "18:FE:AA:00:00:0?",
        "??:??:??:00:00:01",
        "*:01",
        "1*",
        "*",
        "18:FE:AA:00:00:01*",
        "ff:ff:ff:ff:ff:ff",
        "f*",
        "??:??:??:??:??:??",
        "?*",
    };
    static const char *const macs[] = {"18feaa000001", "18feaa000011", "5ccf7f000001",
                                       "ffffffffffff", "000000000000", ""};

    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        char text[128], normal[64];
        struct espota_manifest manifest;
        struct espota_error err = ESPOTA_ERROR_INIT;

        snprintf(text, sizeof(text), "{\"rules\":[{\"stay\":true,\"mac\":\"%s\"}]}", patterns[i]);
        ck_assert_msg(parse(text, &manifest, &err) == ESPOTA_OK, "%s", err.message);
        ck_assert(espota_mac_normalise(patterns[i], true, normal, sizeof(normal)));
        for (size_t k = 0; k < sizeof(macs) / sizeof(macs[0]); k++) {
            struct espota_pull_request request;
            bool wanted = espota_glob_match(normal, macs[k]);

            espota_pull_request_init(&request);
            strcpy(request.mac, macs[k]);
            ck_assert_msg((espota_manifest_match(&manifest, &request, 0) != NULL) == wanted,
                          "%s and %s", patterns[i], macs[k]);
        }
        espota_manifest_deinit(&manifest);
    }
}
END_TEST

START_TEST(test_times)
{
    int64_t seconds;

    ck_assert(espota_time_parse("1970-01-01T00:00:00Z", &seconds));
    ck_assert_int_eq(seconds, 0);
    ck_assert(espota_time_parse("2000-02-29T12:34:56Z", &seconds));
    ck_assert_int_eq(seconds, 951827696);
    ck_assert(espota_time_parse("2026-11-22T05:00:00+07:00", &seconds));
    ck_assert_int_eq(seconds, 1795298400);
    ck_assert(espota_time_parse("2026-11-21T22:00:00Z", &seconds));
    ck_assert_int_eq(seconds, 1795298400);
    ck_assert(!espota_time_parse("2026-02-29T00:00:00Z", &seconds));
    ck_assert(!espota_time_parse("2026-11-21", &seconds));
    ck_assert(!espota_time_parse("2026-11-21T22:00:00", &seconds));
    ck_assert(!espota_time_parse("2026-11-21T24:00:00Z", &seconds));
    ck_assert(!espota_time_parse("2026-11-21T22:00:00Zx", &seconds));
}
END_TEST

UNIT_MAIN("serve/manifest", test_the_documented_example, test_what_is_wrong_is_named,
          test_rollout_is_stable_and_about_right, test_unreachable_rules,
          test_unreachable_among_many_rules, test_mac_patterns_and_their_heads, test_loops,
          test_the_version_of_a_file, test_every_fault_is_told, test_times)
