/* SPDX-License-Identifier: MIT */
/* The loop and what it watches. */
#include <stdio.h>

#include "loop_kinds.h"

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

UNIT_MAIN("sys/loop", test_events_are_those_asked_for,
          test_a_hang_up_is_told_even_to_who_asks_for_nothing,
          test_files_that_cannot_be_waited_for_are_ready, test_misuse_is_refused,
          test_a_callback_may_free_itself_and_others,
          test_an_event_never_reaches_the_next_owner_of_a_descriptor,
          test_a_callback_may_watch_many_more, test_a_thousand_that_are_always_ready_starve_nobody,
          test_a_token_goes_round_a_thousand_pairs)
