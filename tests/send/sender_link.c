/* SPDX-License-Identifier: MIT */
/*
 * The sender against a model of the device that PROTOCOL 5.1 describes, over a
 * link with a delay: every invitation toggles it between idle and waiting for an
 * answer, answers to anything but the newest challenge are refused or swallowed.
 */
#include "unit.h"

#include "send/espota/sender.h"

#include <stdbool.h>
#include <stdio.h>

#include "crypto/crypto.h"

enum { TIMEOUT = 10000, ONE_WAY_MAX = 500, PACKETS = 256, CALLBACK_DELAY = 100 };

enum device_state { IDLE, WAITAUTH, RUNNING };

struct device {
    enum device_state state;
    size_t digits; /* of its challenge; 0: no password */
    const char *hash;
    char nonce[ESPOTA_NONCE_MAX + 1];
    unsigned challenges;
};

enum packet_kind { TO_DEVICE, TO_HOST, CONNECTION };

struct packet {
    bool used;
    enum packet_kind kind;
    uint64_t at;
    uint64_t order; /* packets of one moment arrive as they were sent */
    size_t length;
    uint8_t data[ESPOTA_DATAGRAM_MAX];
};

struct link {
    struct espota_sender sender;
    struct espota_crypto table; /* OpenSSL's with a quick PBKDF2 */
    struct device device;
    struct packet packets[PACKETS];
    uint64_t now;
    uint64_t order;
    uint32_t one_way;
    uint32_t jitter;       /* at most so much more, at random */
    unsigned loss_percent; /* of datagrams; connections do not get lost */
    unsigned twice_percent;
    uint32_t random;
    unsigned invitations;
};

static uint32_t next_random(struct link *l)
{
    l->random ^= l->random << 13;
    l->random ^= l->random >> 17;
    l->random ^= l->random << 5;
    return l->random;
}

static bool chance(struct link *l, unsigned percent)
{
    return percent > 0 && next_random(l) % 100 < percent;
}

static void put(struct link *l, enum packet_kind kind, uint64_t delay, const void *data,
                size_t length)
{
    for (size_t i = 0; i < PACKETS; i++) {
        struct packet *p = &l->packets[i];

        if (p->used)
            continue;
        p->used = true;
        p->kind = kind;
        p->at = l->now + l->one_way + delay + (l->jitter > 0 ? next_random(l) % l->jitter : 0);
        p->order = l->order++;
        p->length = length;
        ck_assert_uint_le(length, sizeof(p->data));
        if (length > 0)
            memcpy(p->data, data, length);
        return;
    }
    ck_abort_msg("too many packets under way");
}

static void send_datagram(struct link *l, enum packet_kind kind, const void *data, size_t length)
{
    if (chance(l, l->twice_percent))
        put(l, kind, 0, data, length);
    if (!chance(l, l->loss_percent))
        put(l, kind, 0, data, length);
}

static void reply(struct link *l, const char *text)
{
    send_datagram(l, TO_HOST, text, strlen(text));
}

static void device_run(struct link *l)
{
    l->device.state = RUNNING;
    reply(l, "OK");
    put(l, CONNECTION, CALLBACK_DELAY, NULL, 0);
}

static void device_invited(struct link *l, const struct packet *p)
{
    struct device *d = &l->device;
    struct espota_invitation invitation;
    char text[80];

    if (espota_invitation_parse(p->data, p->length, &invitation) != ESPOTA_OK)
        return;
    if (d->digits == 0) {
        device_run(l);
        return;
    }
    snprintf(d->nonce, sizeof(d->nonce), "%0*x", (int)d->digits, 0xabc000 + ++d->challenges);
    snprintf(text, sizeof(text), "AUTH %s", d->nonce);
    reply(l, text);
    d->state = WAITAUTH;
}

static void device_answered(struct link *l, const struct packet *p)
{
    struct device *d = &l->device;
    struct espota_answer answer;
    char expected[ESPOTA_NONCE_MAX + 1];

    d->state = IDLE;
    if (espota_answer_parse(p->data, p->length, d->digits, &answer) != ESPOTA_OK)
        return;
    ck_assert_int_eq(espota_auth_response(&l->table, d->hash, d->nonce, answer.cnonce, expected),
                     ESPOTA_OK);
    if (strcmp(expected, answer.response) == 0)
        device_run(l);
    else
        reply(l, "Authentication Failed");
}

static void deliver(struct link *l, struct packet *p)
{

    p->used = false;
    if (p->kind == TO_HOST)
        espota_sender_rx_datagram(&l->sender, p->data, p->length, l->now);
    else if (p->kind == CONNECTION)
        espota_sender_connected(&l->sender, l->now);
    else if (l->device.state == IDLE)
        device_invited(l, p);
    else if (l->device.state == WAITAUTH)
        device_answered(l, p);
}

static struct packet *first_packet(struct link *l)
{
    struct packet *first = NULL;

    for (size_t i = 0; i < PACKETS; i++) {
        struct packet *p = &l->packets[i];

        if (p->used &&
            (first == NULL || p->at < first->at || (p->at == first->at && p->order < first->order)))
            first = p;
    }
    return first;
}

static void send_what_is_wanted(struct link *l)
{
    size_t length;
    const uint8_t *datagram;

    while ((datagram = espota_sender_tx(&l->sender, &length)) != NULL) {
        l->invitations += datagram[0] == '0';
        send_datagram(l, TO_DEVICE, datagram, length);
        espota_sender_tx_ack(&l->sender, l->now);
    }
}

/* Lets time pass until the device has connected or the attempt is over; returns how long it took.
 */
static uint64_t run(struct link *l)
{
    uint64_t start = l->now;

    for (int steps = 0; steps < 10000; steps++) {
        struct packet *p;
        uint64_t due;

        send_what_is_wanted(l);
        if (l->sender.phase >= ESPOTA_PHASE_STREAMING)
            return l->now - start;
        ck_assert(espota_sender_deadline(&l->sender, &due));
        p = first_packet(l);
        if (p != NULL && p->at <= due) {
            l->now = p->at;
            deliver(l, p);
        } else {
            ck_assert_uint_ge(due, l->now);
            l->now = due;
            espota_sender_tick(&l->sender, l->now);
        }
    }
    ck_abort_msg("the attempt does not end");
}

struct scene {
    size_t digits;
    enum espota_password_form stored;
    const char *password; /* what the uploader believes it is; the device's is "secret" */
    enum device_state state;
    uint32_t one_way;
};

/* The number of rounds is another test's concern; here they would only take time. */
static enum espota_status quick_pbkdf2(void *context, const void *password, size_t password_length,
                                       const void *salt, size_t salt_length, uint32_t rounds,
                                       uint8_t out[ESPOTA_SHA256_SIZE])
{
    struct espota_crypto_openssl *crypto = context;

    (void)rounds;
    return crypto->table.pbkdf2_sha256(context, password, password_length, salt, salt_length, 1,
                                       out);
}

/* One for all runs: setting it up would be most of their time. */
static struct espota_crypto_openssl *openssl(void)
{
    static struct espota_crypto_openssl crypto;

    if (crypto.table.context == NULL)
        espota_crypto_openssl_init(&crypto);
    return &crypto;
}

static void link_init(struct link *l, const struct scene *scene, char hash[ESPOTA_NONCE_MAX + 1])
{
    struct espota_sender_config config = {
        .invitation = {ESPOTA_COMMAND_FLASH, 43210, 1000, "f4b259b7e1866cfb6af2377bd86ae213"},
        .password = scene->password,
        .password_length = strlen(scene->password),
        .timeout_ms = TIMEOUT,
        .verdict_ms = 60000,
    };

    memset(l, 0, sizeof(*l));
    l->table = openssl()->table;
    l->table.pbkdf2_sha256 = quick_pbkdf2;
    config.crypto = &l->table;
    ck_assert_int_eq(espota_password_hash(&l->table, scene->stored, "secret", 6, hash), ESPOTA_OK);
    l->now = 12345;
    l->random = 1;
    l->one_way = scene->one_way;
    l->device.digits = scene->digits;
    l->device.state = scene->state;
    l->device.hash = hash;
    snprintf(l->device.nonce, sizeof(l->device.nonce), "%0*x", (int)scene->digits, 0xdead);
    espota_sender_init(&l->sender, &config, l->now);
}

static void link_deinit(struct link *l)
{
    espota_sender_deinit(&l->sender);
}

/* The schemes: none, MD5, PBKDF2 with either stored form. */
static const struct {
    size_t digits;
    enum espota_password_form stored;
} schemes[] = {
    {0, ESPOTA_FORM_MD5},
    {32, ESPOTA_FORM_MD5},
    {64, ESPOTA_FORM_SHA256},
    {64, ESPOTA_FORM_MD5},
};

enum { SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

/* One invitation is swallowed: the next is sent when that cannot wait to be read any more. */
START_TEST(test_a_swallowed_invitation_costs_one_wait)
{
    for (size_t i = 1; i < 3; i++) {
        struct scene scene = {schemes[i].digits, schemes[i].stored, "secret", WAITAUTH, 1};
        char hash[ESPOTA_NONCE_MAX + 1];
        struct link l;

        link_init(&l, &scene, hash);
        ck_assert_uint_eq(run(&l), ESPOTA_UNREAD_MS + 3 + CALLBACK_DELAY + 1);
        ck_assert_int_eq(l.sender.phase, ESPOTA_PHASE_STREAMING);
        ck_assert_uint_eq(l.invitations, 2);
        link_deinit(&l);
    }
}
END_TEST

static enum device_state state_of(size_t i, size_t digits)
{
    return i % 2 == 0 || digits == 0 ? IDLE : WAITAUTH;
}

/* Every round trip up to a second, every scheme, a device that is idle or was left waiting. */
START_TEST(test_the_right_password_gets_through)
{
    for (uint32_t one_way = 0; one_way <= ONE_WAY_MAX; one_way += one_way < 20 ? 1 : 5) {
        for (size_t i = 0; i < 2 * SCHEMES; i++) {
            struct scene scene = {schemes[i / 2].digits, schemes[i / 2].stored, "secret",
                                  state_of(i, schemes[i / 2].digits), one_way};
            char hash[ESPOTA_NONCE_MAX + 1];
            struct link l;
            uint64_t took;

            link_init(&l, &scene, hash);
            took = run(&l);
            ck_assert_msg(l.sender.phase == ESPOTA_PHASE_STREAMING, "one way %u ms, scene %zu: %s",
                          one_way, i, espota_status_word(l.sender.status));
            if (one_way <= 300)
                ck_assert_uint_le(took, scene.state == IDLE ? TIMEOUT / 2 : 3 * TIMEOUT / 2);
            link_deinit(&l);
        }
    }
}
END_TEST

/* The wrong one is told from a lost answer. */
START_TEST(test_the_wrong_password_is_named)
{
    for (uint32_t one_way = 0; one_way <= 300; one_way += one_way < 20 ? 1 : 10) {
        for (size_t i = 2; i < 2 * SCHEMES; i++) {
            struct scene scene = {schemes[i / 2].digits, schemes[i / 2].stored, "wrong",
                                  state_of(i, schemes[i / 2].digits), one_way};
            char hash[ESPOTA_NONCE_MAX + 1];
            struct link l;

            link_init(&l, &scene, hash);
            run(&l);
            ck_assert_int_eq(l.sender.phase, ESPOTA_PHASE_OVER);
            ck_assert_int_eq(l.sender.status, ESPOTA_E_AUTH);
            link_deinit(&l);
        }
    }
}
END_TEST

/*
 * Datagrams get lost, come twice and overtake each other: a right password is never called
 * wrong, and most attempts get through all the same. (A copy of an answer that comes later than
 * a round trip after the answer itself could not be told from a new one.)
 */
START_TEST(test_a_bad_link_never_accuses_the_password)
{
    unsigned through = 0;
    unsigned runs = 0;

    for (uint32_t seed = 1; seed <= 1500; seed++) {
        size_t i = seed % (2 * SCHEMES);
        struct scene scene = {schemes[i / 2].digits, schemes[i / 2].stored, "secret",
                              state_of(i, schemes[i / 2].digits), seed % 7 * 10};
        char hash[ESPOTA_NONCE_MAX + 1];
        struct link l;

        link_init(&l, &scene, hash);
        l.random = seed * 2654435761u | 1;
        l.loss_percent = 10;
        l.twice_percent = 5;
        l.jitter = 1 + seed % (2 * scene.one_way + 1);
        run(&l);
        if (l.sender.phase == ESPOTA_PHASE_STREAMING)
            through++;
        else
            ck_assert_msg(l.sender.status != ESPOTA_E_AUTH, "seed %u", seed);
        runs++;
        link_deinit(&l);
    }

    ck_assert_uint_ge(through, runs * 90 / 100);
}
END_TEST

UNIT_MAIN("send/sender on a link", test_a_swallowed_invitation_costs_one_wait,
          test_the_right_password_gets_through, test_the_wrong_password_is_named,
          test_a_bad_link_never_accuses_the_password)
