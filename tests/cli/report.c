/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>

#include "cli/report.h"

static char folder[] = "/tmp/espota-report-XXXXXX";

/* Three results, two targets that were skipped and a summary, written and read back. */
static void write_report(const char *name, char *text, size_t room)
{
    char path[128];
    struct report report = {.output = NULL};
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_upload_event good = {.kind = ESPOTA_EVENT_RESULT,
                                       .target = "192.0.2.1",
                                       .status = ESPOTA_OK,
                                       .message = "done",
                                       .bytes = 400,
                                       .seconds = 1.25,
                                       .attempts = 1};
    struct espota_upload_event bad = {.kind = ESPOTA_EVENT_RESULT,
                                      .target = "door|2",
                                      .status = ESPOTA_E_REFUSED,
                                      .message = "it said \"<b>no\" & closed",
                                      .attempts = 3};
    struct espota_upload_event lost = {.kind = ESPOTA_EVENT_RESULT,
                                       .target = "door3",
                                       .status = ESPOTA_E_UNKNOWN,
                                       .message = "no word"};
    struct espota_upload_event sum = {.kind = ESPOTA_EVENT_SUMMARY,
                                      .targets = 5,
                                      .ok = 1,
                                      .failed = 1,
                                      .unknown = 1,
                                      .skipped = 2,
                                      .done_before = 1,
                                      .seconds = 2};
    struct espota_upload_event before = {.kind = ESPOTA_EVENT_SKIPPED,
                                         .target = "door4",
                                         .already = true,
                                         .message = "an earlier run has done it"};
    struct espota_upload_event left = {
        .kind = ESPOTA_EVENT_SKIPPED, .target = "door5", .message = "others failed"};
    FILE *file;

    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ck_assert_int_eq(report_begin(&report, path, &err), ESPOTA_OK);
    report_note(&report, &good);
    report_note(&report, &bad);
    report_note(&report, &lost);
    report_note(&report, &before);
    report_note(&report, &left);
    report_note(&report, &sum);
    ck_assert_msg(report_write(&report, &err) == ESPOTA_OK, "%s", err.message);
    report_deinit(&report);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, room - 1, file)] = '\0';
    fclose(file);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(test_junit)
{
    char text[4096];

    write_report("r.xml", text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "tests=\"5\" failures=\"1\" errors=\"1\" skipped=\"2\""));
    ck_assert_ptr_nonnull(strstr(text, "name=\"192.0.2.1\" time=\"1.250\"/>"));
    ck_assert_ptr_nonnull(strstr(text, "<failure type=\"refused\" message=\"it said "
                                       "&#34;&#60;b&#62;no&#34; &#38; closed\"/>"));
    ck_assert_ptr_nonnull(strstr(text, "<error type=\"unknown\" message=\"no word\"/>"));
    ck_assert_ptr_nonnull(strstr(text, "<skipped message=\"done before: an earlier run"));
    ck_assert_ptr_nonnull(strstr(text, "<skipped message=\"skipped: others failed\"/>"));
}
END_TEST

START_TEST(test_markdown)
{
    char text[4096];

    write_report("r.md", text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "# Upload: 2 of 5 done\n"));
    ck_assert_ptr_nonnull(strstr(text, "| 192.0.2.1 | ok | 400 | 1.2 | 1 |  |\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "| door4 | done before | 0 | 0.0 | 0 | an earlier run has done it |\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "| door\\|2 | refused | 0 | 0.0 | 3 | it said \"\\<b\\>no\" \\& closed |\n"));
}
END_TEST

START_TEST(test_other_formats_are_refused)
{
    struct report report = {.output = NULL};

    ck_assert_int_eq(report_begin(&report, "r.txt", NULL), ESPOTA_E_USAGE);
    ck_assert_int_eq(report_begin(&report, ".md", NULL), ESPOTA_E_USAGE);
    ck_assert_ptr_null(report.output);
}
END_TEST

UNIT_MAIN("cli/report", test_junit, test_markdown, test_other_formats_are_refused)
