/* SPDX-License-Identifier: MIT */
/* Turns of the loop: timers, waking it, signals, and a random walk over all of it. */
#include "loop_kinds.h"

static void arm(struct espota_loop *loop, struct espota_timer *timer, uint64_t at)
{
    ck_assert_int_eq(espota_loop_arm(loop, timer, at), ESPOTA_OK);
}

static unsigned chance(unsigned bound)
{
    static uint32_t state = 0x2545f491;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % bound;
}

/* Timers that check their moment; their order is tested in timers.c. */
struct noted {
    struct espota_timer timer;
    struct espota_loop *loop;
    size_t *fired;
};

static void note(void *context)
{
    struct noted *noted = context;

    ck_assert_uint_ge(espota_loop_now(noted->loop), noted->timer.at);
    ck_assert_uint_eq(noted->timer.slot, 0);
    ++*noted->fired;
}

LOOP_TEST(thousands_of_timers_fire_once_and_not_early)
{
    static struct noted timers[5000];
    const size_t n = sizeof(timers) / sizeof(timers[0]);
    uint64_t start = espota_loop_now(loop);
    size_t fired = 0, expected = 0;

    for (size_t i = 0; i < n; i++) {
        timers[i] = (struct noted){{note, &timers[i], 0, 0}, loop, &fired};
        arm(loop, &timers[i].timer, start + chance(60));
    }
    for (size_t i = 0; i < n; i++) {
        if (chance(3) == 0)
            espota_loop_disarm(loop, &timers[chance((unsigned)n)].timer);
        else
            arm(loop, &timers[chance((unsigned)n)].timer, start + chance(60));
    }
    for (size_t i = 0; i < n; i++)
        expected += timers[i].timer.slot != 0;
    while (fired < expected)
        turn(loop, -1);
    turn(loop, 0);
    ck_assert_uint_eq(fired, expected);
}

/* A timer that always arms itself in the past. */
struct hasty {
    struct espota_timer timer;
    struct espota_loop *loop;
    unsigned calls;
};

static void hasty_expired(void *context)
{
    struct hasty *hasty = context;

    hasty->calls++;
    arm(hasty->loop, &hasty->timer, 0);
}

LOOP_TEST(timers_in_the_past_starve_nobody)
{
    struct hasty hasty[2];
    struct counted a;
    int fds[2];

    pair(fds);
    counted_init(&a, fds[0], ESPOTA_WRITABLE);
    watch(loop, &a.watch);
    for (size_t i = 0; i < 2; i++) {
        hasty[i] = (struct hasty){{hasty_expired, &hasty[i], 0, 0}, loop, 0};
        arm(loop, &hasty[i].timer, 0);
    }
    for (unsigned i = 1; i <= 5; i++) {
        turn(loop, -1);
        ck_assert_uint_eq(hasty[0].calls, i);
        ck_assert_uint_eq(hasty[1].calls, i);
        ck_assert_uint_eq(a.calls, i);
    }
    espota_loop_unwatch(loop, &a.watch);
    close_pair(fds);
}

/* Two timers due at once; the first frees both. */
struct mortal {
    struct espota_timer timer;
    struct espota_loop *loop;
    struct mortal *other;
    unsigned *calls;
};

static void mortal_expired(void *context)
{
    struct mortal *mortal = context;

    ++*mortal->calls;
    espota_loop_disarm(mortal->loop, &mortal->other->timer);
    free(mortal->other);
    free(mortal);
}

LOOP_TEST(a_timer_may_free_itself_and_others)
{
    struct mortal *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));
    unsigned calls = 0;

    *a = (struct mortal){{mortal_expired, a, 0, 0}, loop, b, &calls};
    *b = (struct mortal){{mortal_expired, b, 0, 0}, loop, a, &calls};
    arm(loop, &a->timer, 0);
    arm(loop, &b->timer, 0);
    turn(loop, -1);
    turn(loop, 0);
    ck_assert_uint_eq(calls, 1);
}

LOOP_TEST(a_turn_waits_as_long_as_it_may)
{
    struct hasty hasty = {{hasty_expired, &hasty, 0, 0}, loop, 0};
    uint64_t start = espota_clock_ms();

    turn(loop, 30);
    ck_assert_uint_ge(espota_clock_ms() - start, 30);
    start = espota_loop_now(loop);
    arm(loop, &hasty.timer, start + 20);
    turn(loop, 0);
    while (hasty.calls == 0)
        turn(loop, -1);
    ck_assert_uint_ge(espota_clock_ms() - start, 20);
    arm(loop, &hasty.timer, UINT64_MAX);
    turn(loop, 1);
    ck_assert_uint_eq(hasty.calls, 1);
    espota_loop_disarm(loop, &hasty.timer);
}

static void turn_again(void *context)
{
    struct hasty *hasty = context;
    struct espota_error err = ESPOTA_ERROR_INIT;

    hasty->calls++;
    ck_assert_int_eq(espota_loop_turn(hasty->loop, 0, &err), ESPOTA_E_USAGE);
}

LOOP_TEST(a_turn_in_a_turn_is_refused)
{
    struct hasty hasty = {{turn_again, &hasty, 0, 0}, loop, 0};

    arm(loop, &hasty.timer, 0);
    turn(loop, -1);
    ck_assert_uint_eq(hasty.calls, 1);
}

static struct espota_loop *to_wake;

static void wake_on_signal(int number)
{
    (void)number;
    if (to_wake != NULL)
        espota_loop_wake(to_wake);
}

static void *wake_from_thread(void *context)
{
    espota_loop_wake(context);
    return NULL;
}

LOOP_TEST(wake_ends_a_turn)
{
    pthread_t thread;

    espota_loop_wake(loop);
    turn(loop, -1);
    for (size_t i = 0; i < 200000; i++) { /* more than a pipe holds */
        errno = 4711;
        espota_loop_wake(loop);
        ck_assert_int_eq(errno, 4711);
    }
    turn(loop, -1);
    while (pthread_create(&thread, NULL, wake_from_thread, loop) != 0)
        continue;
    turn(loop, -1);
    pthread_join(thread, NULL);
}

LOOP_TEST(signals_end_a_turn_well)
{
    struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = wake_on_signal};

    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
    to_wake = NULL; /* the interruption alone */
    for (int i = 0; i < 5; i++)
        turn(loop, -1);
    to_wake = loop;
    for (int i = 0; i < 5; i++)
        turn(loop, -1);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
    to_wake = NULL;
}

/* A random walk over watches and timers, held against a model. */
enum { WALKERS = 60 };

struct walk {
    struct espota_loop *loop;
    struct walker {
        struct walk *walk;
        struct espota_watch watch;
        struct espota_timer timer;
        bool watched, armed;
        int fds[2];
    } walkers[WALKERS];
    size_t calls;
};

static void walk_step(struct walk *walk)
{
    struct walker *w = &walk->walkers[chance(WALKERS)];

    switch (chance(6)) {
    case 0:
        espota_loop_unwatch(walk->loop, &w->watch);
        w->watched = false;
        break;
    case 1:
        if (!w->watched)
            watch(walk->loop, &w->watch);
        w->watched = true;
        break;
    case 2:
        espota_loop_rewatch(walk->loop, &w->watch, chance(4));
        break;
    case 3:
        espota_loop_disarm(walk->loop, &w->timer);
        w->armed = false;
        break;
    case 4:
        arm(walk->loop, &w->timer, espota_loop_now(walk->loop) + chance(4));
        w->armed = true;
        break;
    default: /* the same number again, another socket */
        espota_loop_unwatch(walk->loop, &w->watch);
        w->watched = false;
        close_pair(w->fds);
        pair(w->fds);
        w->watch.fd = w->fds[0];
        if (chance(2) == 0)
            ck_assert_int_eq(write(w->fds[1], "x", 1), 1);
        break;
    }
}

static void walk_ready(void *context, unsigned events)
{
    struct walker *w = context;

    ck_assert(w->watched);
    ck_assert_uint_ne(events & w->watch.events, 0);
    ck_assert_uint_eq(events & ~w->watch.events, 0);
    w->walk->calls++;
    for (unsigned i = chance(4); i > 0; i--)
        walk_step(w->walk);
}

static void walk_expired(void *context)
{
    struct walker *w = context;

    ck_assert(w->armed);
    ck_assert_uint_le(w->timer.at, espota_loop_now(w->walk->loop));
    w->armed = false;
    w->walk->calls++;
    for (unsigned i = chance(4); i > 0; i--)
        walk_step(w->walk);
}

LOOP_TEST(a_random_walk_keeps_every_promise)
{
    static struct walk walk;

    walk = (struct walk){.loop = loop};
    for (size_t i = 0; i < WALKERS; i++) {
        struct walker *w = &walk.walkers[i];

        w->walk = &walk;
        pair(w->fds);
        w->watch = (struct espota_watch){w->fds[0], ESPOTA_WRITABLE, walk_ready, w, 0};
        w->timer = (struct espota_timer){walk_expired, w, 0, 0};
    }
    while (walk.calls < 20000) {
        walk_step(&walk);
        turn(loop, 0);
    }
    for (size_t i = 0; i < WALKERS; i++) {
        espota_loop_unwatch(loop, &walk.walkers[i].watch);
        close_pair(walk.walkers[i].fds);
    }
}

/* How many more descriptors this process may open; they are closed again. */
static int lowest_free(void)
{
    int fd = dup(0);

    ck_assert_int_ge(fd, 0);
    close(fd);
    return fd;
}

START_TEST(test_create_without_descriptors_fails_and_leaks_none)
{
    int free_fd = lowest_free();
    struct rlimit old, limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    for (rlim_t extra = 0; extra < 2; extra++) {
        limit = old;
        limit.rlim_cur = (rlim_t)free_fd + extra;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        for (size_t i = 0; i < KINDS; i++) {
            struct espota_error err = ESPOTA_ERROR_INIT;
            struct espota_loop *loop = NULL;

            ck_assert_int_eq(espota_loop_create(kinds[i], &loop, &err), ESPOTA_E_LOCAL);
            ck_assert_ptr_null(loop);
            ck_assert_ptr_nonnull(strstr(err.message, "event loop: cannot create"));
        }
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
        ck_assert_int_eq(lowest_free(), free_fd);
    }
    espota_loop_destroy(NULL);
}
END_TEST

START_TEST(test_clocks)
{
    uint64_t a = espota_clock_ms(), b = espota_clock_ms();

    ck_assert_uint_gt(a, 0);
    ck_assert_uint_ge(b, a);
    ck_assert_int_gt(espota_clock_wall(), 1577836800); /* 2020 */
}
END_TEST

UNIT_MAIN("sys/loop_turns", test_thousands_of_timers_fire_once_and_not_early,
          test_timers_in_the_past_starve_nobody, test_a_timer_may_free_itself_and_others,
          test_a_turn_waits_as_long_as_it_may, test_a_turn_in_a_turn_is_refused,
          test_wake_ends_a_turn, test_signals_end_a_turn_well,
          test_a_random_walk_keeps_every_promise,
          test_create_without_descriptors_fails_and_leaks_none, test_clocks)
