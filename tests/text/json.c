/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "espota/upload.h"
#include "text/text.h"

static void expect_line(struct espota_json *value, const char *expected)
{
    char *line = espota_json_line(value);

    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(line, expected);
    free(line);
}

START_TEST(test_write)
{
    struct espota_json *object = espota_json_object();
    struct espota_json *array = espota_json_array();

    ck_assert(espota_json_set_text(object, "text", "a\"\\\n\xc3\xa4"));
    ck_assert(espota_json_set_text(object, "bad", "a\xff\033"));
    ck_assert(espota_json_set_text(object, "none", NULL));
    ck_assert(espota_json_set_integer(object, "integer", INT64_MAX));
    ck_assert(espota_json_set_real(object, "real", 1.2344999));
    ck_assert(espota_json_set_real(object, "long", 86400.0005));
    ck_assert(espota_json_set_bool(object, "flag", true));
    ck_assert(espota_json_append_text(array, "x"));
    ck_assert(espota_json_append_own(array, espota_json_object()));
    ck_assert(espota_json_set_own(object, "array", array));
    expect_line(object,
                "{\"text\":\"a\\\"\\\\\\n\xc3\xa4\",\"bad\":\"a\\\\xff\\\\x1b\",\"none\":null,"
                "\"integer\":9223372036854775807,\"real\":1.234,\"long\":86400.001,"
                "\"flag\":true,\"array\":[\"x\",{}]}");
    ck_assert(!espota_json_set_own(object, "missing", NULL));
    ck_assert(!espota_json_set_text(NULL, "key", "text"));
    espota_json_free(object);
    espota_json_free(NULL);
}
END_TEST

START_TEST(test_pretty_ends_in_a_line)
{
    struct espota_json *object = espota_json_object();
    char *text;

    ck_assert(espota_json_set_integer(object, "a", 1));
    text = espota_json_pretty(object);
    ck_assert_str_eq(text, "{\n  \"a\": 1\n}\n");
    free(text);
    espota_json_free(object);
}
END_TEST

START_TEST(test_read)
{
    const char *text = "{\"a\": [1, 2.5, true, \"x\"], \"b\": {}}";
    struct espota_json *document, *array;
    int64_t integer;
    bool flag;

    ck_assert_int_eq(espota_json_read(text, strlen(text), &document, NULL), ESPOTA_OK);
    ck_assert(espota_json_is_object(document));
    ck_assert_uint_eq(espota_json_count(document), 2);
    array = espota_json_member(document, "a");
    ck_assert(espota_json_is_array(array));
    ck_assert_uint_eq(espota_json_count(array), 4);
    ck_assert(espota_json_integer(espota_json_at(array, 0), &integer) && integer == 1);
    ck_assert(!espota_json_integer(espota_json_at(array, 1), &integer));
    ck_assert(espota_json_bool(espota_json_at(array, 2), &flag) && flag);
    ck_assert_str_eq(espota_json_text(espota_json_at(array, 3)), "x");
    ck_assert_ptr_null(espota_json_text(espota_json_at(array, 0)));
    ck_assert_ptr_null(espota_json_at(array, 4));
    ck_assert_ptr_null(espota_json_member(array, "a"));
    ck_assert_ptr_null(espota_json_member(NULL, "a"));
    ck_assert(!espota_json_bool(NULL, &flag));
    espota_json_free(document);
}
END_TEST

START_TEST(test_read_bad)
{
    static const char *const bad[] = {
        "", "{", "{\"a\":1} x", "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "[1,]", "\x1b[2J"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct guarded copy = guarded_copy(bad[i], strlen(bad[i]));
        struct espota_error err = ESPOTA_ERROR_INIT;
        struct espota_json *document;

        ck_assert_int_eq(espota_json_read(copy.bytes, strlen(bad[i]), &document, &err),
                         ESPOTA_E_LOCAL);
        ck_assert_ptr_null(document);
        ck_assert_ptr_eq(strstr(err.message, "line "), err.message);
        ck_assert_ptr_null(strchr(err.message, '\033'));
        guarded_free(&copy);
    }
}
END_TEST

static void expect_event(const struct espota_upload_event *event, const char *expected)
{
    char *line = espota_upload_event_json(event, NULL, 0);

    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(line, expected);
    free(line);
}

START_TEST(test_events)
{
    struct espota_upload_event event = {.kind = ESPOTA_EVENT_START, .targets = 2, .bytes = 300};

    expect_event(&event, "{\"event\":\"start\",\"targets\":2,\"bytes\":300}");
    event = (struct espota_upload_event){
        .kind = ESPOTA_EVENT_INVITED, .target = "door", .address = "10.0.0.1:8266", .attempts = 1};
    expect_event(&event, "{\"event\":\"invited\",\"target\":\"door\",\"address\":\"10.0.0.1:8266\","
                         "\"attempt\":1}");
    event.kind = ESPOTA_EVENT_CONNECTED;
    expect_event(&event,
                 "{\"event\":\"connected\",\"target\":\"door\",\"address\":\"10.0.0.1:8266\"}");
    event.kind = ESPOTA_EVENT_AUTH;
    event.scheme = "md5";
    expect_event(&event, "{\"event\":\"auth\",\"target\":\"door\",\"scheme\":\"md5\"}");
    event.kind = ESPOTA_EVENT_PROGRESS;
    event.bytes = 1;
    event.total = 300;
    expect_event(&event, "{\"event\":\"progress\",\"target\":\"door\",\"bytes\":1,\"total\":300}");
    event.kind = ESPOTA_EVENT_RETRY;
    event.status = ESPOTA_E_NO_ANSWER;
    event.message = "nobody";
    expect_event(&event, "{\"event\":\"retry\",\"target\":\"door\",\"code\":3,"
                         "\"reason\":\"no-answer\",\"message\":\"nobody\",\"attempt\":1}");
    event.kind = ESPOTA_EVENT_RESULT;
    event.seconds = 1.5;
    expect_event(&event, "{\"event\":\"result\",\"target\":\"door\",\"ok\":false,\"code\":3,"
                         "\"reason\":\"no-answer\",\"message\":\"nobody\",\"bytes\":1,"
                         "\"total\":300,\"seconds\":1.5,\"attempts\":1}");
    event = (struct espota_upload_event){.kind = ESPOTA_EVENT_SUMMARY,
                                         .targets = 10,
                                         .ok = 4,
                                         .failed = 3,
                                         .unknown = 2,
                                         .skipped = 1,
                                         .done_before = 1,
                                         .seconds = 2};
    expect_event(&event, "{\"event\":\"summary\",\"targets\":10,\"ok\":4,\"failed\":3,"
                         "\"unknown\":2,\"skipped\":1,\"done_before\":1,\"seconds\":2.0}");
    event = (struct espota_upload_event){
        .kind = ESPOTA_EVENT_SKIPPED, .target = "door", .already = true, .message = "done"};
    expect_event(&event, "{\"event\":\"skipped\",\"target\":\"door\",\"done\":true,"
                         "\"message\":\"done\"}");
}
END_TEST

/* Nothing of it reads like an update. */
START_TEST(test_dry_run)
{
    struct espota_upload_event event = {
        .kind = ESPOTA_EVENT_START, .dry_run = true, .targets = 1, .bytes = 300};

    expect_event(&event, "{\"event\":\"start\",\"targets\":1,\"bytes\":300,\"dry_run\":true}");
    event.kind = ESPOTA_EVENT_RESULT;
    event.target = "door";
    event.message = "would be";
    event.total = 300;
    event.bytes = 0;
    expect_event(&event, "{\"event\":\"result\",\"target\":\"door\",\"ok\":true,\"code\":0,"
                         "\"reason\":\"dry-run\",\"message\":\"would be\",\"bytes\":0,"
                         "\"total\":300,\"seconds\":0.0,\"attempts\":0}");
    event = (struct espota_upload_event){
        .kind = ESPOTA_EVENT_SUMMARY, .dry_run = true, .targets = 1, .ready = 1};
    expect_event(&event, "{\"event\":\"summary\",\"targets\":1,\"ok\":0,\"failed\":0,"
                         "\"unknown\":0,\"skipped\":0,\"done_before\":0,\"dry_run\":true,"
                         "\"ready\":1,\"seconds\":0.0}");
}
END_TEST

/* The code of the process, whichever signal it was. */
START_TEST(test_code_of_a_signal)
{
    struct espota_upload_event event = {.kind = ESPOTA_EVENT_RESULT,
                                        .target = "door",
                                        .status = ESPOTA_E_INTERRUPTED,
                                        .message = "stopped"};
    char *line = espota_upload_event_json(&event, NULL, 15);

    ck_assert_ptr_nonnull(strstr(line, "\"code\":143"));
    free(line);
    line = espota_upload_event_json(&event, "stopped by hand", 0);
    ck_assert_ptr_nonnull(strstr(line, "\"code\":130"));
    ck_assert_ptr_nonnull(strstr(line, "\"message\":\"stopped by hand\""));
    free(line);
}
END_TEST

UNIT_MAIN("text/json", test_write, test_pretty_ends_in_a_line, test_read, test_read_bad,
          test_events, test_dry_run, test_code_of_a_signal)
