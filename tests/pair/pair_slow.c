/* SPDX-License-Identifier: MIT */
/*
 * Devices whose loop is slow: they read one datagram in each turn, and what waits behind it in
 * their queue ends the challenge that they have just sent. Held against what espota.py takes, which
 * sends one invitation every ten seconds and one answer, and so never crosses itself.
 */
#include "unit.h"

#include <stdio.h>

#include "wire/wire.h"
#include "world.h"

enum { ESPOTA_PY_MS = 10000, PHASES = 16, SLACK_MS = 250 };

static const unsigned loops[] = {0, 100, 300, 1000, 1500, 2000, 4000, 8000};

enum { LOOPS = sizeof(loops) / sizeof(loops[0]) };

static const struct scheme {
    const char *name;
    const char *password; /* NULL: none */
    unsigned digits;
    bool esp32;                     /* replies to the answer's source */
    enum espota_password_form form; /* what the device has stored */
    unsigned exchanges;             /* with the right password */
} schemes[] = {
    {"no password", NULL, ESPOTA_NONCE_MD5, false, ESPOTA_FORM_MD5, 0},
    {"MD5", "secret", ESPOTA_NONCE_MD5, false, ESPOTA_FORM_MD5, 1},
    {"MD5 of an ESP32", "secret", ESPOTA_NONCE_MD5, true, ESPOTA_FORM_MD5, 1},
    {"SHA-256", "secret", ESPOTA_NONCE_SHA256, true, ESPOTA_FORM_SHA256, 1},
    {"SHA-256, MD5 form", "secret", ESPOTA_NONCE_SHA256, true, ESPOTA_FORM_MD5, 2},
};

enum { SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

struct scene {
    const struct scheme *scheme;
    bool wrong;
    bool loses_first;
    bool quirks; /* a challenge never expires */
    unsigned loop;
    unsigned offset; /* of its first turn */
    unsigned auth;
};

static struct world world;

static struct world_fate fate_of_first(void *context, enum world_way way, unsigned number)
{
    const struct scene *scene = context;
    bool lost = scene->loses_first && way == WORLD_TO_DEVICE && number == 0;

    return (struct world_fate){lost ? 0 : 1, 0};
}

static void set_up(struct scene *scene)
{
    const struct scheme *scheme = scene->scheme;

    world_init(&world, scheme->password, scheme->digits);
    if (scheme->password != NULL)
        ck_assert_int_eq(espota_password_hash(&world.crypto, scheme->form, scheme->password,
                                              strlen(scheme->password), world.hash),
                         ESPOTA_OK);
    world.receiver.replies_to_answer = scheme->esp32;
    world.receiver.quirks = scene->quirks;
    world.slow = (struct stub_slow){
        .loop_ms = scene->loop, .auth_ms = scene->auth, .turn = world.now + scene->offset};
    world.fate = fate_of_first;
    world.context = scene;
    if (scene->wrong) {
        espota_sender_deinit(&world.sender);
        world.sender_config.password = "guess";
        world.sender_config.password_length = 5;
        espota_sender_init(&world.sender, &world.sender_config, world.now);
    }
}

/* The device's clock as espota.py meets it. */
struct py {
    uint64_t at;
    uint64_t turn;
    unsigned loop;
};

static void py_turn(struct py *py, unsigned compute)
{
    py->at += world.delay;
    while (py->loop > 0 && py->turn < py->at)
        py->turn += py->loop;
    if (py->loop > 0)
        py->at = py->turn;
    py->turn += py->loop;
    py->at += compute;
    if (compute > 0)
        py->turn = py->at + py->loop;
    py->at += world.delay;
}

/* How long espota.py takes for the same: until the call-back, or its last refusal. */
static uint64_t espota_py(const struct scene *scene)
{
    const struct scheme *scheme = scene->scheme;
    struct py py = {0, scene->offset, scene->loop};
    unsigned exchanges = scene->wrong && scheme->digits == ESPOTA_NONCE_SHA256 ? 2
                         : scene->wrong                                        ? 1
                                                                               : scheme->exchanges;

    if (scene->loses_first)
        py.at = ESPOTA_PY_MS;
    if (scheme->password == NULL)
        py_turn(&py, 0);
    for (unsigned i = 0; i < exchanges; i++) {
        py_turn(&py, 0);
        py_turn(&py, scheme->digits == ESPOTA_NONCE_SHA256 ? scene->auth : 0);
    }
    if (!scene->wrong)
        py_turn(&py, 0);
    return py.at;
}

/* One upload; returns by how many milliseconds it is later than espota.py, if it is. */
static uint64_t play(struct scene *scene, bool in_time)
{
    enum espota_status status, due = scene->wrong ? ESPOTA_E_AUTH : ESPOTA_OK;
    uint64_t begin, took, theirs;

    set_up(scene);
    begin = world.now;
    theirs = espota_py(scene);
    status = world_run(&world);
    took = world.decided_at - begin;
    ck_assert_msg(status == due && (!in_time || took <= theirs + scene->loop + SLACK_MS),
                  "%s%s%s, loop %u, first turn %u, PBKDF2 %u: %s after %u ms, espota.py %u ms",
                  scene->scheme->name, scene->wrong ? ", wrong" : "",
                  scene->loses_first ? ", first lost" : "", scene->loop, scene->offset, scene->auth,
                  espota_status_word(status), (unsigned)took, (unsigned)theirs);
    ck_assert_int_eq(world_installed(&world), status == ESPOTA_OK);
    world_deinit(&world);
    return took > theirs ? took - theirs : 0;
}

/* Every loop, wherever in it the invitation comes, in every scheme, right and wrong. */
START_TEST(test_every_loop)
{
    struct scene scene = {.scheme = &schemes[_i]};

    for (size_t i = 0; i < LOOPS; i++) {
        uint64_t later = 0;

        scene.loop = loops[i];
        for (unsigned c = 0; c < 8 * PHASES; c++) {
            uint64_t by;

            scene.loses_first = (c & 1) != 0;
            scene.quirks = (c & 2) != 0;
            scene.wrong = (c & 4) != 0;
            scene.offset = c / 8 * scene.loop / PHASES + 1;
            if (scene.wrong && scene.scheme->password == NULL)
                continue;
            by = play(&scene, true);
            if (by > later)
                later = by;
        }
        printf("%s, loop of %u ms: at most %u ms after espota.py\n", scene.scheme->name, scene.loop,
               (unsigned)later);
    }
}
END_TEST

/* A PBKDF2 that takes seconds; espota.py gives up when the answer to its answer takes ten. */
START_TEST(test_a_long_pbkdf2)
{
    static const unsigned takes[] = {1000, 2900, 3100, 4000, 6000, 8000, 9500};
    struct scene scene = {.scheme = &schemes[_i]};

    for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]); i++) {
        scene.auth = takes[i];
        for (size_t k = 0; k < LOOPS; k++) {
            scene.loop = loops[k];
            if (scene.auth + scene.loop > 16000)
                continue;
            for (unsigned c = 0; c < 4 * PHASES; c++) {
                scene.loses_first = (c & 1) != 0;
                scene.wrong = (c & 2) != 0;
                scene.offset = c / 4 * scene.loop / PHASES + 1;
                play(&scene, scene.auth + scene.loop < ESPOTA_PY_MS);
            }
        }
    }
}
END_TEST

/* Slower than anybody thinks of, with the longer time-out that is advised then: late, but right. */
START_TEST(test_slower_than_expected)
{
    struct scene scene = {.scheme = &schemes[_i], .quirks = true};

    for (scene.loop = 9000; scene.loop <= 40000; scene.loop += 1000) {
        for (unsigned c = 0; c < 2 * PHASES; c++) {
            enum espota_status status;

            scene.wrong = (c & 1) != 0;
            scene.offset = c / 2 * scene.loop / PHASES + 1;
            if (scene.wrong && scene.scheme->password == NULL)
                continue;
            set_up(&scene);
            espota_sender_deinit(&world.sender);
            world.sender_config.timeout_ms = 120000;
            world.limit = world.now + 6000000;
            espota_sender_init(&world.sender, &world.sender_config, world.now);
            status = world_run(&world);
            ck_assert_msg(status == (scene.wrong ? ESPOTA_E_AUTH : ESPOTA_OK),
                          "%s, %s, loop %u, first turn %u: %s", scene.scheme->name,
                          scene.wrong ? "wrong" : "right", scene.loop, scene.offset,
                          espota_status_word(status));
            world_deinit(&world);
        }
    }
}
END_TEST

/* Bytes that arrive a few at a time, for much longer than any time-out. */
START_TEST(test_a_trickle)
{
    world_init(&world, NULL, ESPOTA_NONCE_MD5);
    world.delay = 2000;
    world.window = 100;
    ck_assert_int_eq(world_run(&world), ESPOTA_OK);
    ck_assert(world_installed(&world));
    ck_assert_uint_gt(world.now, 2 * world.sender_config.verdict_ms);
    world_deinit(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pair/slow");
    TCase *cases = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(cases, 0); /* ctest has its own */
    tcase_add_loop_test(cases, test_every_loop, 0, SCHEMES);
    tcase_add_loop_test(cases, test_a_long_pbkdf2, 3, SCHEMES);
    tcase_add_loop_test(cases, test_slower_than_expected, 0, SCHEMES);
    tcase_add_test(cases, test_a_trickle);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
