/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "send/attempt.h"

enum { WAIT = 10000, SETTLE = 1200 };

/* A story: at each time one sign. l: life, r: refused, m: a connection without an answer. */
struct sign {
    uint64_t at;
    char sign;
};

static enum espota_status judge_at(const struct sign *signs, size_t count, uint64_t now)
{
    struct espota_online_view view = {.began = 1000, .deadline = 1000 + WAIT, .settle_ms = SETTLE};

    for (size_t i = 0; i < count && signs[i].at <= now; i++) {
        if (signs[i].sign == 'l')
            espota_online_life(&view, 1000 + signs[i].at);
        else if (signs[i].sign == 'r')
            espota_online_refused(&view, 1000 + signs[i].at);
        else
            espota_online_missed(&view, 1000 + signs[i].at);
    }
    return espota_online_judge(&view, 1000 + now);
}

#define JUDGE(story, now) judge_at(story, sizeof(story) / sizeof((story)[0]), now)

START_TEST(test_restart_of_a_board)
{
    static const struct sign story[] = {{100, 'l'},  {900, 'l'},  {2000, 'm'}, {3000, 'm'},
                                        {4000, 'm'}, {5000, 'l'}, {5100, 'r'}, {5300, 'r'},
                                        {5500, 'l'}, {6000, 'l'}, {6400, 'l'}};

    ck_assert_int_eq(JUDGE(story, 950), ESPOTA_MORE);  /* it has not gone yet */
    ck_assert_int_eq(JUDGE(story, 5050), ESPOTA_MORE); /* its network is up, its program is not */
    ck_assert_int_eq(JUDGE(story, 6499), ESPOTA_MORE); /* a refusal may still be held back */
    ck_assert_int_eq(JUDGE(story, 6500), ESPOTA_OK);
}
END_TEST

START_TEST(test_one_lost_packet_is_no_silence)
{
    static const struct sign story[] = {{100, 'l'},  {900, 'm'},  {1500, 'l'},
                                        {2400, 'm'}, {3000, 'l'}, {9000, 'l'}};

    ck_assert_int_eq(JUDGE(story, 9500), ESPOTA_MORE);
    ck_assert_int_eq(JUDGE(story, WAIT), ESPOTA_E_UNKNOWN); /* it never restarted */
}
END_TEST

START_TEST(test_never_back)
{
    static const struct sign story[] = {{100, 'l'}, {900, 'm'}, {1700, 'm'}, {9000, 'm'}};

    ck_assert_int_eq(JUDGE(story, WAIT - 1), ESPOTA_MORE);
    ck_assert_int_eq(JUDGE(story, WAIT), ESPOTA_E_NO_ANSWER);
}
END_TEST

START_TEST(test_a_sign_of_life_must_be_newer_than_the_silence)
{
    static const struct sign story[] = {{100, 'l'}, {900, 'r'}};

    ck_assert_int_eq(JUDGE(story, 5000), ESPOTA_MORE);
    ck_assert_int_eq(JUDGE(story, WAIT), ESPOTA_E_NO_ANSWER);
}
END_TEST

START_TEST(test_back_at_the_last_moment)
{
    static const struct sign story[] = {{100, 'r'}, {WAIT - SETTLE, 'r'}, {WAIT, 'l'}};

    ck_assert_int_eq(JUDGE(story, WAIT), ESPOTA_OK);
}
END_TEST

UNIT_MAIN("send/online", test_restart_of_a_board, test_one_lost_packet_is_no_silence,
          test_never_back, test_a_sign_of_life_must_be_newer_than_the_silence,
          test_back_at_the_last_moment)
