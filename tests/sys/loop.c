/* SPDX-License-Identifier: MIT */
/* Every test runs on each way of waiting that the platform has. */
#include "sys/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "unit.h"

static const enum espota_loop_backend kinds[] = {
    ESPOTA_LOOP_BEST,
    ESPOTA_LOOP_POLL,
#ifdef __linux__
    ESPOTA_LOOP_EPOLL,
#endif
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct espota_loop *create(enum espota_loop_backend backend)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_loop *loop = NULL;

    ck_assert_msg(espota_loop_create(backend, &loop, &err) == ESPOTA_OK, "%s", err.message);
    return loop;
}

/* A test on a fresh loop of each kind. */
#define LOOP_TEST(name)                                                                            \
    static void name(struct espota_loop *loop);                                                    \
    START_TEST(test_##name)                                                                        \
    {                                                                                              \
        for (size_t kind = 1; kind < KINDS; kind++) {                                              \
            struct espota_loop *loop = create(kinds[kind]);                                        \
            name(loop);                                                                            \
            espota_loop_destroy(loop);                                                             \
        }                                                                                          \
    }                                                                                              \
    END_TEST                                                                                       \
    static void name(struct espota_loop *loop)

static void turn(struct espota_loop *loop, int most_ms)
{
    struct espota_error err = ESPOTA_ERROR_INIT;

    ck_assert_msg(espota_loop_turn(loop, most_ms, &err) == ESPOTA_OK, "%s", err.message);
}

static void watch(struct espota_loop *loop, struct espota_watch *watch)
{
    struct espota_error err = ESPOTA_ERROR_INIT;

    ck_assert_msg(espota_loop_watch(loop, watch, &err) == ESPOTA_OK, "%s", err.message);
}

static void arm(struct espota_loop *loop, struct espota_timer *timer, uint64_t at)
{
    ck_assert_int_eq(espota_loop_arm(loop, timer, at), ESPOTA_OK);
}

static void pair(int fds[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
}

static void close_pair(int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

/* Counts calls and keeps the last events. */
struct counted {
    struct espota_watch watch;
    unsigned calls, events;
};

static void count(void *context, unsigned events)
{
    struct counted *counted = context;

    counted->calls++;
    counted->events = events;
}

static void counted_init(struct counted *counted, int fd, unsigned events)
{
    *counted = (struct counted){{fd, events, count, counted, 0}, 0, 0};
}

LOOP_TEST(events_are_those_asked_for)
{
    struct counted a;
    int fds[2];

    pair(fds);
    counted_init(&a, fds[0], ESPOTA_READABLE);
    watch(loop, &a.watch);
    turn(loop, 0);
    ck_assert_uint_eq(a.calls, 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    turn(loop, -1);
    ck_assert_uint_eq(a.calls, 1);
    ck_assert_uint_eq(a.events, ESPOTA_READABLE);
    espota_loop_rewatch(loop, &a.watch, ESPOTA_WRITABLE | ESPOTA_READABLE);
    turn(loop, -1);
    ck_assert_uint_eq(a.events, ESPOTA_READABLE | ESPOTA_WRITABLE);
    espota_loop_rewatch(loop, &a.watch, ESPOTA_WRITABLE);
    turn(loop, -1);
    ck_assert_uint_eq(a.events, ESPOTA_WRITABLE);
    espota_loop_rewatch(loop, &a.watch, 0);
    turn(loop, 0);
    ck_assert_uint_eq(a.calls, 3);
    espota_loop_unwatch(loop, &a.watch);
    ck_assert_uint_eq(a.watch.slot, 0);
    espota_loop_rewatch(loop, &a.watch, ESPOTA_WRITABLE); /* not in the loop: nothing happens */
    turn(loop, 0);
    ck_assert_uint_eq(a.calls, 3);
    close_pair(fds);
}

LOOP_TEST(a_hang_up_is_told_even_to_who_asks_for_nothing)
{
    struct counted quiet, reading;
    int fds[2], ends[2];

    pair(fds);
    ck_assert_int_eq(pipe(ends), 0);
    counted_init(&quiet, fds[0], 0);
    counted_init(&reading, ends[0], ESPOTA_READABLE);
    watch(loop, &quiet.watch);
    watch(loop, &reading.watch);
    turn(loop, 0);
    ck_assert_uint_eq(quiet.calls + reading.calls, 0);
    close(fds[1]);
    close(ends[1]);
    turn(loop, -1);
    ck_assert_uint_eq(quiet.events, ESPOTA_BROKEN);
    ck_assert_uint_eq(reading.events, ESPOTA_BROKEN | ESPOTA_READABLE);
    espota_loop_unwatch(loop, &quiet.watch);
    espota_loop_unwatch(loop, &reading.watch);
    close(fds[0]);
    close(ends[0]);
}

LOOP_TEST(files_that_cannot_be_waited_for_are_ready)
{
    FILE *file = tmpfile();
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct counted a, b;
    unsigned calls;

    ck_assert_ptr_nonnull(file);
    counted_init(&a, fileno(file), ESPOTA_READABLE);
    counted_init(&b, null, ESPOTA_READABLE | ESPOTA_WRITABLE);
    watch(loop, &a.watch);
    watch(loop, &b.watch);
    turn(loop, -1);
    turn(loop, -1);
    ck_assert_uint_eq(a.calls, 2);
    ck_assert_uint_eq(a.events, ESPOTA_READABLE);
    ck_assert_uint_eq(b.calls, 2);
    ck_assert_uint_eq(b.events, ESPOTA_READABLE | ESPOTA_WRITABLE);
    espota_loop_rewatch(loop, &a.watch, 0);
    espota_loop_unwatch(loop, &b.watch);
    calls = a.calls;
    turn(loop, 0);
    ck_assert_uint_eq(a.calls, calls);
    espota_loop_unwatch(loop, &a.watch);
    close(null);
    fclose(file);
}

LOOP_TEST(misuse_is_refused)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct counted a, b, c;
    int fds[2];

    pair(fds);
    counted_init(&a, fds[0], ESPOTA_READABLE);
    b = c = a;
    watch(loop, &a.watch);
    ck_assert_int_eq(espota_loop_watch(loop, &a.watch, &err), ESPOTA_E_USAGE);
    ck_assert_int_eq(espota_loop_watch(loop, &b.watch, &err), ESPOTA_E_USAGE);
    b.watch.slot = a.watch.slot; /* a slot that lies takes nobody else out */
    espota_loop_unwatch(loop, &b.watch);
    b.watch.slot = 1u << 30;
    espota_loop_unwatch(loop, &b.watch);
    c.watch.fd = -1;
    ck_assert_int_eq(espota_loop_watch(loop, &c.watch, &err), ESPOTA_E_USAGE);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    turn(loop, -1);
    ck_assert_uint_eq(a.calls, 1);
    espota_loop_unwatch(loop, &a.watch);
    close_pair(fds);
}

/* Two ready watches on the heap; whoever is called first removes and frees both. */
struct rival {
    struct espota_watch watch;
    struct espota_loop *loop;
    struct rival *other;
    unsigned *calls;
    int fds[2];
};

static void rival_destroy(struct rival *rival)
{
    espota_loop_unwatch(rival->loop, &rival->watch);
    close_pair(rival->fds);
    free(rival);
}

static void rival_ready(void *context, unsigned events)
{
    struct rival *rival = context;

    (void)events;
    ++*rival->calls;
    rival_destroy(rival->other);
    rival_destroy(rival);
}

static struct rival *rival_create(struct espota_loop *loop, unsigned *calls)
{
    struct rival *rival = malloc(sizeof(*rival));

    pair(rival->fds);
    ck_assert_int_eq(write(rival->fds[1], "x", 1), 1);
    rival->loop = loop;
    rival->calls = calls;
    rival->watch = (struct espota_watch){rival->fds[0], ESPOTA_READABLE, rival_ready, rival, 0};
    watch(loop, &rival->watch);
    return rival;
}

LOOP_TEST(a_callback_may_free_itself_and_others)
{
    unsigned calls = 0;
    struct rival *a = rival_create(loop, &calls), *b = rival_create(loop, &calls);

    a->other = b;
    b->other = a;
    turn(loop, -1);
    turn(loop, 0);
    ck_assert_uint_eq(calls, 1);
}

/* The first who is called closes the other's descriptor and watches a new one of the same number.
 */
struct heir {
    struct espota_watch watch;
    struct espota_loop *loop;
    struct heir *other;
    struct counted *stranger;
    unsigned *calls;
    int fds[2], fresh[2];
};

static void heir_ready(void *context, unsigned events)
{
    struct heir *heir = context;
    int number = heir->other->fds[0];

    (void)events;
    ++*heir->calls;
    espota_loop_unwatch(heir->loop, &heir->watch);
    espota_loop_unwatch(heir->loop, &heir->other->watch);
    pair(heir->fresh);
    ck_assert_int_eq(dup2(heir->fresh[0], number), number);
    counted_init(heir->stranger, number, ESPOTA_READABLE);
    watch(heir->loop, &heir->stranger->watch);
}

LOOP_TEST(an_event_never_reaches_the_next_owner_of_a_descriptor)
{
    struct counted stranger;
    struct heir heirs[2];
    unsigned calls = 0;

    for (size_t i = 0; i < 2; i++) {
        heirs[i] = (struct heir){.loop = loop,
                                 .other = &heirs[1 - i],
                                 .stranger = &stranger,
                                 .calls = &calls,
                                 .fresh = {-1, -1}};
        pair(heirs[i].fds);
        ck_assert_int_eq(write(heirs[i].fds[1], "x", 1), 1);
        heirs[i].watch =
            (struct espota_watch){heirs[i].fds[0], ESPOTA_READABLE, heir_ready, &heirs[i], 0};
        watch(loop, &heirs[i].watch);
    }
    turn(loop, -1);
    turn(loop, 0);
    ck_assert_uint_eq(calls, 1);
    ck_assert_uint_eq(stranger.calls, 0);
    espota_loop_unwatch(loop, &stranger.watch);
    for (size_t i = 0; i < 2; i++) {
        close_pair(heirs[i].fds);
        if (heirs[i].fresh[0] >= 0)
            close_pair(heirs[i].fresh);
    }
}

/* A callback that makes the loop's tables move while they are walked. */
struct grower {
    struct espota_watch watch;
    struct espota_loop *loop;
    struct counted *more;
    unsigned calls;
};

enum { GROWN = 40, GROWN_STEP = 20 };

static void grow(void *context, unsigned events)
{
    struct grower *grower = context;

    (void)events;
    if (grower->calls++ > 0)
        return;
    for (int i = 0; i < GROWN; i++) {
        int fd = fcntl(grower->watch.fd, F_DUPFD_CLOEXEC, 64 + i * GROWN_STEP);

        ck_assert_int_ge(fd, 0);
        counted_init(&grower->more[i], fd, ESPOTA_READABLE);
        watch(grower->loop, &grower->more[i].watch);
    }
}

LOOP_TEST(a_callback_may_watch_many_more)
{
    struct counted more[GROWN];
    struct grower growers[2];
    int fds[2];

    pair(fds);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    ck_assert_int_eq(write(fds[0], "x", 1), 1);
    for (size_t i = 0; i < 2; i++) {
        growers[i] = (struct grower){
            {fds[i], ESPOTA_READABLE, grow, &growers[i], 0}, loop, more, i == 0 ? 0 : 1};
        watch(loop, &growers[i].watch);
    }
    turn(loop, -1);
    ck_assert_uint_eq(growers[0].calls, 1);
    ck_assert_uint_eq(growers[1].calls, 2);
    turn(loop, -1);
    for (size_t i = 0; i < GROWN; i++) {
        ck_assert_uint_eq(more[i].calls, 1);
        espota_loop_unwatch(loop, &more[i].watch);
        close(more[i].watch.fd);
    }
    espota_loop_unwatch(loop, &growers[0].watch);
    espota_loop_unwatch(loop, &growers[1].watch);
    close_pair(fds);
}

/* Descriptors for `pairs` socket pairs, fewer where this machine allows fewer. */
static size_t allowed_pairs(size_t pairs)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < pairs * 2 + 64) {
        limit.rlim_cur = limit.rlim_max < pairs * 2 + 64 ? limit.rlim_max : pairs * 2 + 64;
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    return limit.rlim_cur < pairs * 2 + 64 ? (size_t)(limit.rlim_cur - 64) / 2 : pairs;
}

enum { MANY = 1000 };

LOOP_TEST(a_thousand_that_are_always_ready_starve_nobody)
{
    static struct counted many[MANY];
    static int fds[MANY][2];
    size_t n = allowed_pairs(MANY);
    unsigned least = 1000, most = 0;

    for (size_t i = 0; i < n; i++) {
        pair(fds[i]);
        counted_init(&many[i], fds[i][0], ESPOTA_WRITABLE);
        watch(loop, &many[i].watch);
    }
    for (int i = 0; i < 40; i++)
        turn(loop, -1);
    for (size_t i = 0; i < n; i++) {
        least = many[i].calls < least ? many[i].calls : least;
        most = many[i].calls > most ? many[i].calls : most;
        espota_loop_unwatch(loop, &many[i].watch);
        close_pair(fds[i]);
    }
    ck_assert_uint_ge(least, 8);
    ck_assert_uint_le(most - least, 1);
}

/* A thousand pairs hand a token on; each hop removes and adds watches. */
struct ring {
    struct espota_loop *loop;
    struct ring_link {
        struct ring *ring;
        struct espota_watch watch;
        int fds[2];
    } links[MANY];
    size_t count, hops;
};

static void ring_ready(void *context, unsigned events)
{
    struct ring_link *link = context, *next;
    struct ring *ring = link->ring;
    char token;

    ck_assert_uint_eq(events, ESPOTA_READABLE);
    ck_assert_int_eq(read(link->fds[0], &token, 1), 1);
    espota_loop_unwatch(ring->loop, &link->watch);
    next = &ring->links[(size_t)(link - ring->links + 1) % ring->count];
    watch(ring->loop, &next->watch);
    ck_assert_int_eq(write(next->fds[1], &token, 1), 1);
    ring->hops++;
}

LOOP_TEST(a_token_goes_round_a_thousand_pairs)
{
    static struct ring ring;

    ring = (struct ring){.loop = loop, .count = allowed_pairs(MANY)};
    for (size_t i = 0; i < ring.count; i++) {
        struct ring_link *link = &ring.links[i];

        pair(link->fds);
        link->ring = &ring;
        link->watch = (struct espota_watch){link->fds[0], ESPOTA_READABLE, ring_ready, link, 0};
    }
    watch(loop, &ring.links[0].watch);
    ck_assert_int_eq(write(ring.links[0].fds[1], "t", 1), 1);
    while (ring.hops < 3 * ring.count)
        turn(loop, -1);
    for (size_t i = 0; i < ring.count; i++) {
        espota_loop_unwatch(loop, &ring.links[i].watch);
        close_pair(ring.links[i].fds);
    }
}

static unsigned chance(unsigned bound)
{
    static uint32_t state = 0x2545f491;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % bound;
}

/* Timers that check their moment; their order is tested in sys_timers.c. */
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

UNIT_MAIN("sys/loop", test_events_are_those_asked_for,
          test_a_hang_up_is_told_even_to_who_asks_for_nothing,
          test_files_that_cannot_be_waited_for_are_ready, test_misuse_is_refused,
          test_a_callback_may_free_itself_and_others,
          test_an_event_never_reaches_the_next_owner_of_a_descriptor,
          test_a_callback_may_watch_many_more, test_a_thousand_that_are_always_ready_starve_nobody,
          test_a_token_goes_round_a_thousand_pairs,
          test_thousands_of_timers_fire_once_and_not_early, test_timers_in_the_past_starve_nobody,
          test_a_timer_may_free_itself_and_others, test_a_turn_waits_as_long_as_it_may,
          test_a_turn_in_a_turn_is_refused, test_wake_ends_a_turn, test_signals_end_a_turn_well,
          test_a_random_walk_keeps_every_promise,
          test_create_without_descriptors_fails_and_leaks_none, test_clocks)
