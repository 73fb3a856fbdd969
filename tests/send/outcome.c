/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>

#include "send/esphome/session.h"
#include "send/send.h"

struct row {
    const char *name;
    struct espota_outcome outcome;
    bool again;
    const char *parts[5]; /* what the sentence must say */
    const char *never;    /* and what not */
};

#define SENT(sent_, acked_) .total = 1000, .sent = (sent_), .acked = (acked_)
#define CALLED .caller = {.family = 4}
#define WORDS(text) .words = text, .words_length = sizeof(text) - 1

static const struct row rows[] = {
    {"silence",
     {.status = ESPOTA_E_NO_ANSWER, .invitations = 6, SENT(0, 0)},
     true,
     {"no answer to 6 invitations to UDP port 8266", "10 s", "asleep"},
     "10.0.0.7"},
    {"silence of a name",
     {.status = ESPOTA_E_NO_ANSWER, .invitations = 6, .named = true, SENT(0, 0)},
     true,
     {"from 10.0.0.7 to 6 invitations to UDP port 8266"},
     NULL},
    {"silence all around",
     {.status = ESPOTA_E_NO_ANSWER, .knock = ESPOTA_KNOCK_SILENT, SENT(0, 0)},
     true,
     {"asleep"},
     "is up"},
    {"busy",
     {.status = ESPOTA_E_NO_ANSWER, .knock = ESPOTA_KNOCK_REFUSED, SENT(0, 0)},
     true,
     {"it is up", "another uploader", "handle()"},
     "asleep"},
    {"another protocol behind a filter",
     {.status = ESPOTA_E_NO_ANSWER, .knock = ESPOTA_KNOCK_OPEN, SENT(0, 0)},
     true,
     {"TCP port 8266 answers", "ESPHome"},
     "asleep"},
    {"a call-back from elsewhere",
     {.status = ESPOTA_E_NO_ANSWER, .stranger = {.family = 4, .bytes = {10, 0, 0, 9}}, SENT(0, 0)},
     true,
     {"10.0.0.9, which was not invited", "may be the device"},
     "asleep"},
    {"a call-back from elsewhere after OK",
     {.status = ESPOTA_E_NO_CALLBACK,
      .stranger = {.family = 4, .bytes = {10, 0, 0, 9}},
      SENT(0, 0)},
     true,
     {"said OK but did not connect", "10.0.0.9, which"},
     NULL},
    {"closed port",
     {.status = ESPOTA_E_NO_ANSWER,
      .has_unreachable = true,
      .unreachable = ESPOTA_UNREACHABLE_PORT,
      .knock = ESPOTA_KNOCK_REFUSED,
      SENT(0, 0)},
     false,
     {"it is up, but nothing listens on its UDP port 8266: does"},
     "ESPHome"},
    {"closed port, and then silence",
     {.status = ESPOTA_E_NO_ANSWER,
      .has_unreachable = true,
      .unreachable = ESPOTA_UNREACHABLE_PORT,
      .silent_since = true,
      SENT(0, 0)},
     true,
     {"it is up, but nothing listens on its UDP port 8266: does"},
     NULL},
    {"closed port of a name",
     {.status = ESPOTA_E_NO_ANSWER,
      .has_unreachable = true,
      .unreachable = ESPOTA_UNREACHABLE_PORT,
      .named = true,
      SENT(0, 0)},
     false,
     {"10.0.0.7 is up, but nothing listens on its UDP port 8266: does"},
     "asleep"},
    {"another protocol",
     {.status = ESPOTA_E_NO_ANSWER,
      .has_unreachable = true,
      .unreachable = ESPOTA_UNREACHABLE_PORT,
      .knock = ESPOTA_KNOCK_OPEN,
      SENT(0, 0)},
     false,
     {"nothing listens on its UDP port 8266; TCP port 8266 answers there", "ESPHome"},
     "ArduinoOTA.begin"},
    {"a port that closed after the challenge",
     {.status = ESPOTA_E_NO_ANSWER,
      .challenge = 32,
      .had_password = true,
      .has_unreachable = true,
      .unreachable = ESPOTA_UNREACHABLE_PORT,
      SENT(0, 0)},
     true,
     {"never reacted"},
     NULL},
    {"no such host",
     {.status = ESPOTA_E_NO_ANSWER,
      .has_unreachable = true,
      .unreachable = ESPOTA_UNREACHABLE_HOST,
      .teller = {.family = 4, .bytes = {10, 0, 0, 1}},
      SENT(0, 0)},
     true,
     {"it cannot be reached", "says 10.0.0.1"},
     "10.0.0.7"},
    {"filtered",
     {.status = ESPOTA_E_NO_ANSWER,
      .has_unreachable = true,
      .unreachable = ESPOTA_UNREACHABLE_FORBIDDEN,
      SENT(0, 0)},
     true,
     {"filter"},
     "says"},
    {"no route",
     {.status = ESPOTA_E_NO_ANSWER, .os_error = ENETUNREACH, SENT(0, 0)},
     true,
     {"cannot send to it", "nreachable"},
     NULL},
    {"deaf after the challenge",
     {.status = ESPOTA_E_NO_ANSWER, .challenge = 32, .had_password = true, SENT(0, 0)},
     true,
     {"asked for the password", "never reacted"},
     NULL},
    {"no call-back",
     {.status = ESPOTA_E_NO_CALLBACK, .host_port = 4711, .timeout_ms = 2500, SENT(0, 0)},
     true,
     {"did not connect", "4711", "2.500 s"},
     NULL},
    {"no password",
     {.status = ESPOTA_E_AUTH, .challenge = 32, SENT(0, 0)},
     false,
     {"wants a password and none was given"},
     NULL},
    {"no password, said in so many words",
     {.status = ESPOTA_E_AUTH,
      .challenge = 32,
      .had_password = true,
      .empty_password = true,
      SENT(0, 0)},
     false,
     {"wants a password and none was given", "empty one"},
     "did not accept"},
    {"wrong password, MD5",
     {.status = ESPOTA_E_AUTH, .challenge = 32, .had_password = true, SENT(0, 0)},
     false,
     {"did not accept the password: check it", "MD5 (ESP8266", "If it is right", "lower case"},
     "SHA-256 form"},
    {"wrong password, PBKDF2",
     {.status = ESPOTA_E_AUTH, .challenge = 64, .had_password = true, SENT(0, 0)},
     false,
     {"PBKDF2", "3.3.1", "neither the SHA-256 form"},
     NULL},
    {"wrong password, PBKDF2 alone",
     {.status = ESPOTA_E_AUTH,
      .challenge = 64,
      .had_password = true,
      .auth = ESPOTA_UPLOAD_AUTH_SHA256,
      SENT(0, 0)},
     false,
     {"PBKDF2", "MD5 hash was not tried"},
     "neither"},
    {"a method that forbids",
     {.status = ESPOTA_E_AUTH,
      .challenge = 64,
      .had_password = true,
      .auth = ESPOTA_UPLOAD_AUTH_MD5,
      SENT(0, 0)},
     false,
     {"PBKDF2", "only md5 is allowed"},
     NULL},
    {"the other method that forbids",
     {.status = ESPOTA_E_AUTH,
      .challenge = 32,
      .had_password = true,
      .auth = ESPOTA_UPLOAD_AUTH_SHA256,
      SENT(0, 0)},
     false,
     {"MD5", "only sha256 is allowed"},
     NULL},
    {"too large",
     {.status = ESPOTA_E_REFUSED, WORDS("ERROR[4]: Not Enough Space\n"), SENT(0, 0)},
     false,
     {"\"ERROR[4]: Not Enough Space\"", "does not fit"},
     "\n"},
    {"flash trouble",
     {.status = ESPOTA_E_REFUSED, WORDS("ERROR[1]: Flash Write Failed\n"), SENT(500, 300), CALLED},
     true,
     {"Flash Write Failed"},
     NULL},
    {"flash trouble at the very end",
     {.status = ESPOTA_E_REFUSED, WORDS("ERROR[1]: Flash Write Failed"), SENT(1000, 900), CALLED},
     false,
     {"Flash Write Failed"},
     NULL},
    {"bad signature",
     {.status = ESPOTA_E_REFUSED,
      WORDS("ERROR[12]: Signature verification failed\n"),
      SENT(1000, 1000),
      CALLED},
     false,
     {"key"},
     NULL},
    {"words of nobody we know",
     {.status = ESPOTA_E_REFUSED, WORDS("no\033[2Jway"), SENT(0, 0)},
     false,
     {"\"no\\x1b[2Jway\""},
     "\033"},
    {"reset",
     {.status = ESPOTA_E_BROKEN, .ended = true, .os_error = ECONNRESET, SENT(800, 500), CALLED},
     true,
     {"500 of 1000", "reset", "keeps the program"},
     NULL},
    {"hung up",
     {.status = ESPOTA_E_BROKEN, .ended = true, SENT(800, 500), CALLED},
     true,
     {"closed the connection", "without a word"},
     NULL},
    {"stood still",
     {.status = ESPOTA_E_BROKEN, SENT(800, 500), CALLED},
     true,
     {"stood still for 10 s", "500 of 1000"},
     NULL},
    {"half a file system",
     {.status = ESPOTA_E_BROKEN,
      .ended = true,
      .command = ESPOTA_COMMAND_FILESYSTEM,
      SENT(800, 500),
      CALLED},
     true,
     {"part old and part new"},
     "keeps the program"},
    {"OK too early",
     {.status = ESPOTA_E_BROKEN, WORDS("OK"), SENT(800, 500), CALLED},
     true,
     {"\"OK\"", "500 of 1000", "no success"},
     NULL},
    {"no word",
     {.status = ESPOTA_E_UNKNOWN, .ended = true, SENT(1000, 1000), CALLED},
     false,
     {"whole image was sent", "without saying OK", "before sending again"},
     NULL},
    {"no word in time",
     {.status = ESPOTA_E_UNKNOWN, SENT(1000, 1000), CALLED},
     false,
     {"did not say OK in time"},
     NULL},
    {"not even read",
     {.status = ESPOTA_E_UNKNOWN, SENT(1000, 400), CALLED},
     false,
     {"400 of 1000"},
     NULL},
    {"reset at the end",
     {.status = ESPOTA_E_UNKNOWN, .ended = true, .os_error = ECONNRESET, SENT(1000, 1000), CALLED},
     false,
     {"reset", "before the device said OK"},
     NULL},
    {"stopped early",
     {.status = ESPOTA_E_INTERRUPTED, SENT(0, 0)},
     false,
     {"before anything was sent"},
     NULL},
    {"stopped in the middle",
     {.status = ESPOTA_E_INTERRUPTED, SENT(700, 600), CALLED},
     false,
     {"600 of 1000", "keeps the program"},
     NULL},
    {"stopped at the end",
     {.status = ESPOTA_E_INTERRUPTED, SENT(1000, 900), CALLED},
     false,
     {"may or may not"},
     NULL},
    {"a firewall of our own",
     {.status = ESPOTA_E_LOCAL, .os_error = EPERM, .named = true, SENT(0, 0)},
     false,
     {"cannot send to 10.0.0.7:8266", "firewall"},
     NULL},
    {"memory", {.status = ESPOTA_E_MEMORY, SENT(0, 0)}, false, {"memory"}, NULL},
    {"success", {.status = ESPOTA_OK, SENT(1000, 1000), CALLED}, false, {"has taken"}, NULL},
};

static struct espota_outcome complete(const struct row *row)
{
    struct espota_outcome outcome = row->outcome;

    outcome.device = (struct espota_address){.family = 4, .bytes = {10, 0, 0, 7}, .port = 8266};
    if (outcome.timeout_ms == 0)
        outcome.timeout_ms = 10000;
    return outcome;
}

START_TEST(test_sentences)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct espota_outcome outcome = complete(&rows[i]);
        struct espota_remedy remedy;
        char text[1024];

        espota_outcome_text(&outcome, text, sizeof(text), &remedy);
        for (size_t p = 0; p < 5 && rows[i].parts[p] != NULL; p++)
            ck_assert_msg(strstr(text, rows[i].parts[p]) != NULL, "%s: '%s' is not in: %s",
                          rows[i].name, rows[i].parts[p], text);
        if (rows[i].never != NULL)
            ck_assert_msg(strstr(text, rows[i].never) == NULL, "%s: %s", rows[i].name, text);
        ck_assert_msg(espota_outcome_again(&outcome) == rows[i].again, "%s: again", rows[i].name);
    }
}
END_TEST

START_TEST(test_any_room)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct espota_outcome outcome = complete(&rows[i]);
        struct espota_remedy remedy;
        char whole[1024];

        espota_outcome_text(&outcome, whole, sizeof(whole), &remedy);
        for (size_t room = 1; room <= strlen(whole) + 1; room++) {
            struct guarded place = guarded_copy(whole, room);

            espota_outcome_text(&outcome, (char *)place.bytes, room, &remedy);
            ck_assert_uint_eq(strlen((char *)place.bytes), room - 1);
            ck_assert_int_eq(memcmp(place.bytes, whole, room - 1), 0);
            guarded_free(&place);
        }
    }
}
END_TEST

START_TEST(test_longest_words)
{
    struct espota_outcome outcome = {.status = ESPOTA_E_REFUSED, .total = 1};
    struct espota_remedy remedy;
    char text[4096];

    memset(outcome.words, 0x1b, sizeof(outcome.words));
    outcome.words_length = sizeof(outcome.words);
    espota_outcome_text(&outcome, text, sizeof(text), &remedy);
    ck_assert_ptr_null(strchr(text, 0x1b));
    ck_assert(!espota_outcome_again(&outcome));
}
END_TEST

/* ESPHome's: each end by its reason, or by the device's error byte. */
START_TEST(test_esphome)
{
    static const struct {
        struct espota_outcome outcome;
        bool again;
        uint32_t ways;
        const char *part;
    } cases[] = {
        {{.status = ESPOTA_E_NO_ANSWER}, true, ESPOTA_REMEDY_WAIT_LONGER, "no answer at TCP port"},
        {{.status = ESPOTA_E_NO_ANSWER, .os_error = ECONNREFUSED}, true, 0, "nothing listens"},
        {{.status = ESPOTA_E_NO_ANSWER, .os_error = EHOSTUNREACH}, true, 0, "cannot connect"},
        {{.status = ESPOTA_E_NO_ANSWER, CALLED}, true, 0, "said nothing within 10 s"},
        {{.status = ESPOTA_E_NO_ANSWER, CALLED, .ended = true},
         true,
         0,
         "closed it without a word"},
        {{.status = ESPOTA_E_AUTH, .esphome = ESPOTA_ESPHOME_NO_NOISE, CALLED},
         false,
         ESPOTA_REMEDY_ALLOW_CLEAR,
         "offers no encryption"},
        {{.status = ESPOTA_E_AUTH, .esphome = ESPOTA_ESPHOME_WRONG_KEY, CALLED},
         false,
         0,
         "the key is not the device's"},
        {{.status = ESPOTA_E_AUTH, .esphome = ESPOTA_ESPHOME_TAMPERED, CALLED},
         false,
         0,
         "somebody changes on the way"},
        {{.status = ESPOTA_E_AUTH, .esphome = ESPOTA_ESPHOME_TAMPERED, WORDS("no \x1b"), CALLED},
         false,
         0,
         "refused the encryption: \"no \\x1b\""},
        {{.status = ESPOTA_E_AUTH, .refusal = ESPOTA_ESPHOME_E_CLEAR, CALLED},
         false,
         ESPOTA_REMEDY_GIVE_KEY,
         "only encrypted"},
        {{.status = ESPOTA_E_AUTH, .challenge = 64, CALLED},
         false,
         ESPOTA_REMEDY_GIVE_PASSWORD,
         "none was given"},
        {{.status = ESPOTA_E_REFUSED, .esphome = ESPOTA_ESPHOME_NO_PARTITIONS, CALLED},
         false,
         0,
         "allow_partition_access"},
        {{.status = ESPOTA_E_REFUSED, .esphome = ESPOTA_ESPHOME_NOT_ITS_PROTOCOL, CALLED},
         false,
         0,
         "does not speak ESPHome's"},
        {{.status = ESPOTA_E_REFUSED, .refusal = ESPOTA_ESPHOME_E_WRITE, CALLED, SENT(500, 400)},
         true,
         0,
         "(0x83)"},
        {{.status = ESPOTA_E_REFUSED, .refusal = ESPOTA_ESPHOME_E_MD5, CALLED, SENT(1000, 1000)},
         false, /* all of it has left: it is never sent again */
         0,
         "changed on the way"},
        {{.status = ESPOTA_E_BROKEN, .esphome = ESPOTA_ESPHOME_TAMPERED, CALLED, SENT(500, 400)},
         true,
         0,
         "after 400 of 1000 bytes something came that the device's key did not make"},
        {{.status = ESPOTA_E_BROKEN,
          .esphome = ESPOTA_ESPHOME_SILENT,
          .phase = ESPOTA_ESPHOME_PREPARING,
          CALLED,
          SENT(0, 0)},
         true,
         0,
         "made room"},
        {{.status = ESPOTA_E_UNKNOWN, .ended = true, CALLED, SENT(1000, 1000)},
         false,
         0,
         "without saying OK"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct espota_outcome outcome = cases[i].outcome;
        struct espota_remedy remedy;
        char text[1024];

        outcome.road = ESPOTA_ROAD_ESPHOME;
        outcome.timeout_ms = 10000;
        outcome.device = (struct espota_address){.family = 4, .bytes = {10, 0, 0, 7}, .port = 3232};
        if (outcome.total == 0)
            outcome.total = 1000;
        espota_outcome_text(&outcome, text, sizeof(text), &remedy);
        ck_assert_msg(strstr(text, cases[i].part) != NULL, "%zu: %s", i, text);
        ck_assert_msg(remedy.ways == cases[i].ways, "%zu: %s", i, text);
        ck_assert_msg(espota_outcome_again(&outcome) == cases[i].again, "%zu: %s", i, text);
        ck_assert_ptr_null(strchr(text, 0x1b));
    }
}
END_TEST

START_TEST(test_remedies)
{
    static const struct {
        struct espota_outcome outcome;
        uint32_t ways;
    } cases[] = {
        {{.status = ESPOTA_OK}, 0},
        {{.status = ESPOTA_E_NO_ANSWER}, ESPOTA_REMEDY_WAIT_LONGER},
        {{.status = ESPOTA_E_NO_ANSWER, .challenge = 32}, ESPOTA_REMEDY_WAIT_LONGER},
        {{.status = ESPOTA_E_NO_ANSWER, .knock = ESPOTA_KNOCK_OPEN}, ESPOTA_REMEDY_AS_ESPHOME},
        {{.status = ESPOTA_E_NO_ANSWER, .stranger = {.family = 4, .bytes = {10, 0, 0, 9}}},
         ESPOTA_REMEDY_NAME_PEER},
        {{.status = ESPOTA_E_AUTH, .challenge = 32}, ESPOTA_REMEDY_GIVE_PASSWORD},
        {{.status = ESPOTA_E_AUTH, .challenge = 64, .auth = ESPOTA_UPLOAD_AUTH_MD5},
         ESPOTA_REMEDY_ANY_SCHEME},
        {{.status = ESPOTA_E_AUTH, .challenge = 32, .had_password = true}, 0},
        {{.status = ESPOTA_E_AUTH,
          .challenge = 64,
          .had_password = true,
          .auth = ESPOTA_UPLOAD_AUTH_SHA256},
         ESPOTA_REMEDY_ANY_SCHEME},
        {{.status = ESPOTA_E_AUTH, .road = ESPOTA_ROAD_WEB}, ESPOTA_REMEDY_GIVE_PASSWORD},
        {{.status = ESPOTA_E_AUTH, .road = ESPOTA_ROAD_WEB, .had_password = true},
         ESPOTA_REMEDY_OTHER_LOGIN},
        {{.status = ESPOTA_E_LOCAL, .road = ESPOTA_ROAD_WEB}, ESPOTA_REMEDY_NAME_CERTIFICATE},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct espota_remedy remedy;
        char text[1024];

        espota_outcome_text(&cases[i].outcome, text, sizeof(text), &remedy);
        ck_assert_msg(remedy.ways == cases[i].ways, "%zu: %s", i, text);
        ck_assert_str_eq(remedy.peer, cases[i].outcome.stranger.family != 0 ? "10.0.0.9" : "");
    }
}
END_TEST

UNIT_MAIN("send/outcome", test_sentences, test_esphome, test_remedies, test_any_room,
          test_longest_words)
