/* SPDX-License-Identifier: MIT */
#include "cli/remedy.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const char *text_of(struct espota_remedy remedy)
{
    static char text[REMEDY_TEXT];

    return remedy_text("it is", &remedy, text);
}

static const char *text_of_ways(uint32_t ways)
{
    return text_of((struct espota_remedy){.ways = ways});
}

/* What the library knows, the program has words for; bits of a later library say nothing. */
START_TEST(test_every_way_has_words)
{
    uint32_t way = ESPOTA_REMEDY_FORCE;

    ck_assert_str_eq(text_of_ways(0), "");
    for (; way <= ESPOTA_REMEDY_ALLOW_CLEAR; way <<= 1)
        ck_assert_msg(text_of_ways(way)[0] != '\0', "0x%x", way);
    ck_assert_str_eq(text_of_ways(way), "");
    ck_assert_uint_lt(strlen(text_of_ways(way - 1)), REMEDY_TEXT);
}
END_TEST

START_TEST(test_several_ways)
{
    ck_assert_str_eq(text_of_ways(ESPOTA_REMEDY_FORCE | ESPOTA_REMEDY_AS_FILESYSTEM),
                     "; add --fs to send it as one (--force sends it all the same)");
    ck_assert_str_eq(text_of_ways(ESPOTA_REMEDY_NAME_CORE | ESPOTA_REMEDY_NAME_DATA_DIR),
                     "; name its folder with --core PATH, or Arduino's with --data-dir");
    ck_assert_str_eq(text_of_ways(ESPOTA_REMEDY_NAME_DATA_DIR),
                     ", or name Arduino's folder with --data-dir");
    ck_assert_str_eq(
        text_of((struct espota_remedy){.ways = ESPOTA_REMEDY_NAME_PEER, .peer = "10.0.0.7"}),
        "; if so, give --peer 10.0.0.7");
    ck_assert_str_eq(
        text_of((struct espota_remedy){.ways = ESPOTA_REMEDY_NAME_PEER | ESPOTA_REMEDY_FIX_PORT,
                                       .host_port = 40000}),
        " Upload with --host-port 40000 then, for otherwise the port is another one each time. If "
        "this machine sees the device under another address, give that as --peer.");
}
END_TEST

START_TEST(test_behind_a_diagnosis)
{
    struct espota_remedy longer = {.ways = ESPOTA_REMEDY_WAIT_LONGER};
    char text[REMEDY_TEXT];

    ck_assert_str_eq(remedy_text("it needs longer", &longer, text), " (--timeout)");
    ck_assert_str_eq(remedy_text("It needs longer. It left over eth0.", &longer, text),
                     " A longer --timeout may help.");
    ck_assert_str_eq(remedy_text("", &longer, text), " (--timeout)");
}
END_TEST

/* Each test is a process of its own. */
START_TEST(test_words_of_other_tools)
{
    remedy_of_other_tools();
    ck_assert_str_eq(text_of_ways(ESPOTA_REMEDY_FORCE | ESPOTA_REMEDY_AS_FILESYSTEM),
                     "; add -s to send it as one (ESPOTA_FORCE=1 sends it all the same)");
    ck_assert_str_eq(text_of_ways(ESPOTA_REMEDY_WAIT_LONGER), " (--timeout)");
}
END_TEST

/* What is known of one error is not said of the next one. */
START_TEST(test_errors_and_their_remedies)
{
    struct espota_error err = ESPOTA_ERROR_INIT, other = ESPOTA_ERROR_INIT;

    ck_assert_int_eq(espota_error_remedy(&err, ESPOTA_E_IMAGE, ESPOTA_REMEDY_FORCE, "no %d", 1),
                     ESPOTA_E_IMAGE);
    ck_assert_int_eq(espota_error_prefix(&err, "fw.bin"), ESPOTA_E_IMAGE);
    ck_assert_str_eq(err.message, "fw.bin: no 1");
    ck_assert_uint_eq(err.remedy.ways, ESPOTA_REMEDY_FORCE);
    ck_assert_int_eq(espota_error_copy(&other, ESPOTA_E_LOCAL, &err), ESPOTA_E_LOCAL);
    ck_assert_int_eq(other.status, ESPOTA_E_LOCAL);
    ck_assert_str_eq(other.message, err.message);
    ck_assert_uint_eq(other.remedy.ways, ESPOTA_REMEDY_FORCE);
    (void)espota_error_set(&err, ESPOTA_E_USAGE, "no");
    ck_assert_uint_eq(err.remedy.ways, 0);
    (void)espota_error_errno(&other, ESPOTA_E_LOCAL, 2, "no");
    ck_assert_uint_eq(other.remedy.ways, 0);
    ck_assert_int_eq(espota_error_remedy(NULL, ESPOTA_E_IMAGE, 1, "no"), ESPOTA_E_IMAGE);
    ck_assert_int_eq(espota_error_copy(NULL, ESPOTA_E_IMAGE, &err), ESPOTA_E_IMAGE);
}
END_TEST

UNIT_MAIN("cli/remedy", test_every_way_has_words, test_several_ways, test_behind_a_diagnosis,
          test_words_of_other_tools, test_errors_and_their_remedies)
