/* SPDX-License-Identifier: MIT */
#include "arduino/install.h"

#include "unit.h"

/* `data` of a configuration: its value, NULL if there is none, "?" if it is not understood. */
static const char *data_of(const char *text)
{
    static char value[32];
    bool strange;

    if (espota_arduino_config(text, "data", value, sizeof(value), &strange))
        return value;
    return strange ? "?" : NULL;
}

#define IS(text, value) ck_assert_pstr_eq(data_of(text), value)

START_TEST(test_as_arduino_cli_writes_it)
{
    IS("board_manager:\n    additional_urls:\n        - https://a/b.json\n"
       "directories:\n    builtin:\n        data: /wrong\n    data: /a b/15\n    user: /u\n",
       "/a b/15");
    IS("directories:\r\n  data: /a\r\n", "/a");
    IS("\xEF\xBB\xBF"
       "directories: # where\n\n# mine\n  data:   /a#b   # not /c\nlogging:\n  data: /d\n",
       "/a#b");
    IS("directories:\n  data: \"/a\\\\b \\\" c\" # q\n", "/a\\b \" c");
    IS("directories:\n  data: 'it''s'\n", "it's");
}
END_TEST

START_TEST(test_nothing_there)
{
    IS("", NULL);
    IS("directories", NULL);
    IS("directories:", NULL);
    IS("directories: null\n", NULL);
    IS("directories:\n  data:\n", NULL);
    IS("directories:\n  data: null\n", NULL);
    IS("directories:\n  data: \"\"\n", NULL);
    IS("directories:\n  database: /a\n", NULL);
    IS("directories:\nlogging:\n  data: /a\n", NULL);
    IS("directories:\n  user: /u\n  builtin:\n    data: /a\n", NULL);
    IS("mydirectories:\n  data: /a\n", NULL);
}
END_TEST

/* What YAML can do beyond that is told, not guessed. */
START_TEST(test_what_is_not_understood)
{
    IS("directories: {data: /a}\n", "?");
    IS("{\"directories\": {\"data\": \"/a\"}}\n", "?");
    IS("directories:\n  data: *anchor\n", "?");
    IS("directories:\n  data: |\n    /a\n", "?");
    IS("directories:\n  data: \"/a\n", "?");
    IS("directories:\n  data: 'a' b\n", "?");
    IS("directories:\n  data: \"\\x41\"\n", "?");
    IS("directories:\n  data: /0123456789012345678901234567890123456789\n", "?");
    IS("directories:\n  data: '/0123456789012345678901234567890123456789'\n", "?");
}
END_TEST

UNIT_MAIN("arduino/arduino_config", test_as_arduino_cli_writes_it, test_nothing_there,
          test_what_is_not_understood)
