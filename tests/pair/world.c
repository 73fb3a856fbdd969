/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "unit.h"

#include "crypto/crypto.h"
#include "wire/wire.h"

enum { HOST_PORT = 40000, CALLBACK_PORT = 8888 };

static struct espota_crypto_openssl openssl;

/* --- the device's port --- */

static uint64_t device_now(void *context)
{
    return ((struct world *)context)->now;
}

static void device_reboot(void *context)
{
    ((struct world *)context)->reboots++;
}

/* The datagram of this way that is due first, or NULL. */
static struct world_datagram *first_datagram(struct world *world, enum world_way way)
{
    struct world_datagram *first = NULL;

    for (size_t i = 0; i < world->datagram_count; i++) {
        struct world_datagram *d = &world->datagrams[i];

        if (d->way == way && (first == NULL || d->at < first->at))
            first = d;
    }
    return first;
}

static void drop_datagram(struct world *world, struct world_datagram *datagram)
{
    size_t index = (size_t)(datagram - world->datagrams);

    world->datagram_count--;
    memmove(datagram, datagram + 1, (world->datagram_count - index) * sizeof(*datagram));
}

static void post(struct world *world, enum world_way way, const void *data, size_t length)
{
    struct world_fate fate = {1, 0};
    unsigned number = world->sent[way]++;

    if (world->fate != NULL)
        fate = world->fate(world->context, way, number);
    for (unsigned i = 0; i < fate.copies; i++) {
        struct world_datagram *d = &world->datagrams[world->datagram_count++];

        ck_assert_uint_le(world->datagram_count, WORLD_DATAGRAMS);
        ck_assert_uint_le(length, sizeof(d->data));
        memcpy(d->data, data, length);
        d->length = length;
        d->way = way;
        d->number = number;
        d->at = world->now + world->delay + fate.extra + i * 40;
    }
}

static enum espota_status udp_receive(void *context, void *data, size_t room, size_t *length,
                                      struct espota_peer *from)
{
    struct world *world = context;
    struct world_datagram *d = first_datagram(world, WORLD_TO_DEVICE);
    enum espota_status status = stub_slow_give(&world->slow, data, room, length, from, world->now);

    if (status != ESPOTA_E_FAILED)
        return status;
    if (d == NULL || d->at > world->now)
        return ESPOTA_MORE;
    *length = d->length < room ? d->length : room;
    memcpy(data, d->data, *length);
    *from = (struct espota_peer){{10, 0, 0, 1}, HOST_PORT};
    drop_datagram(world, d);
    return stub_slow_take(&world->slow, &world->device.receiver, data, *length, from, world->now);
}

static enum espota_status udp_send(void *context, const void *data, size_t length,
                                   const struct espota_peer *to)
{
    struct world *world = context;

    ck_assert_uint_eq(to->port, HOST_PORT);
    if (++world->udp_sends == world->fail_udp_send)
        return ESPOTA_E_FAILED;
    post(world, WORLD_TO_HOST, data, length);
    return ESPOTA_OK;
}

static void open_pipe(struct world_pipe *pipe)
{
    size_t split = pipe->split;
    size_t cut = pipe->cut;
    size_t stall = pipe->stall;

    memset(pipe, 0, sizeof(*pipe));
    pipe->split = split;
    pipe->cut = cut;
    pipe->stall = stall;
}

static enum espota_status tcp_connect(void *context, const struct espota_peer *to)
{
    struct world *world = context;

    ck_assert_uint_eq(to->port, CALLBACK_PORT);
    if (!world->connecting) {
        if (++world->tcp_connects == world->fail_tcp_connect ||
            (espota_sender_want(&world->sender) & ESPOTA_WANT_ACCEPT) == 0)
            return ESPOTA_E_BROKEN;
        world->connecting = true;
        world->accepted_at = world->now + world->delay;
        world->connected_at = world->now + 2 * (uint64_t)world->delay;
        open_pipe(&world->pipe[WORLD_TO_DEVICE]);
        open_pipe(&world->pipe[WORLD_TO_HOST]);
        world->linked = true;
        world->device_open = true;
    }
    if (world->now < world->connected_at)
        return ESPOTA_MORE;
    world->connecting = false;
    return ESPOTA_OK;
}

/* Bytes of this direction get as far as the time and the cut allow. */
static void arrive(struct world *world, enum world_way way)
{
    struct world_pipe *pipe = &world->pipe[way];

    while (pipe->segments > 0 && pipe->segment[0].at <= world->now) {
        pipe->arrived = pipe->segment[0].end;
        pipe->segments--;
        memmove(pipe->segment, pipe->segment + 1, pipe->segments * sizeof(pipe->segment[0]));
    }
    if (pipe->stall > 0 && pipe->arrived > pipe->stall)
        pipe->arrived = pipe->stall;
    if (pipe->arrived >= pipe->cut) {
        pipe->arrived = pipe->cut;
        world->linked = false;
    }
}

static enum espota_status pipe_read(struct world *world, enum world_way way, void *data,
                                    size_t room, size_t *length)
{
    struct world_pipe *pipe = &world->pipe[way];

    arrive(world, way);
    *length = pipe->arrived - pipe->read;
    if (*length > room)
        *length = room;
    if (pipe->read < pipe->split && pipe->read + *length > pipe->split)
        *length = pipe->split - pipe->read;
    if (world->step > 0 && *length > world->step)
        *length = world->step;
    if (*length > 0) {
        memcpy(data, pipe->bytes + pipe->read, *length);
        pipe->read += *length;
        return ESPOTA_OK;
    }
    if (!world->linked && pipe->cut != WORLD_UNCUT)
        return ESPOTA_E_BROKEN; /* a reset */
    if (!world->linked || (pipe->ended && pipe->segments == 0))
        return ESPOTA_OK; /* the end */
    return ESPOTA_MORE;
}

static enum espota_status pipe_write(struct world *world, enum world_way way, const void *data,
                                     size_t length, size_t room, size_t *sent)
{
    struct world_pipe *pipe = &world->pipe[way];

    *sent = length < room ? length : room;
    if (world->step > 0 && *sent > world->step)
        *sent = world->step;
    if (!world->linked)
        return ESPOTA_E_BROKEN;
    if (*sent == 0 || pipe->segments == sizeof(pipe->segment) / sizeof(pipe->segment[0])) {
        *sent = 0;
        return ESPOTA_MORE;
    }
    ck_assert_uint_le(pipe->written + *sent, WORLD_STREAM);
    memcpy(pipe->bytes + pipe->written, data, *sent);
    pipe->written += *sent;
    pipe->segment[pipe->segments].end = pipe->written;
    pipe->segment[pipe->segments++].at = world->now + world->delay;
    return ESPOTA_OK;
}

static enum espota_status tcp_receive(void *context, void *data, size_t room, size_t *length)
{
    struct world *world = context;

    ck_assert(world->device_open);
    return pipe_read(world, WORLD_TO_DEVICE, data, room, length);
}

static enum espota_status tcp_send(void *context, const void *data, size_t length, size_t *sent)
{
    struct world *world = context;

    ck_assert(world->device_open);
    if (++world->tcp_sends == world->fail_tcp_send) {
        world->linked = false;
        return ESPOTA_E_BROKEN;
    }
    return pipe_write(world, WORLD_TO_HOST, data, length, WORLD_STREAM, sent);
}

static void tcp_close(void *context)
{
    struct world *world = context;

    ck_assert(world->device_open);
    world->device_open = false;
    world->connecting = false;
    world->pipe[WORLD_TO_HOST].ended = true;
}

static const char *event(void *context, const struct espota_receiver_event *what)
{
    const struct world *world = context;

    return what->kind == ESPOTA_RECEIVER_START ? world->refusal : NULL;
}

/* --- the host --- */

static void host_datagrams(struct world *world)
{
    struct world_datagram *d;
    const uint8_t *data;
    size_t length;

    while ((d = first_datagram(world, WORLD_TO_HOST)) != NULL && d->at <= world->now) {
        uint8_t copy[sizeof(d->data)];

        length = d->length;
        memcpy(copy, d->data, length);
        drop_datagram(world, d);
        espota_sender_rx_datagram(&world->sender, copy, length, world->now);
    }
    while ((data = espota_sender_tx(&world->sender, &length)) != NULL) {
        post(world, WORLD_TO_DEVICE, data, length);
        espota_sender_tx_ack(&world->sender, world->now);
    }
}

static void host_accept(struct world *world)
{
    if (world->host_open || world->accepted_at > world->now)
        return;
    world->accepted_at = WORLD_NEVER;
    if ((espota_sender_want(&world->sender) & ESPOTA_WANT_ACCEPT) == 0) {
        world->linked = false; /* nobody waits for it any more */
        return;
    }
    world->host_open = true;
    world->connections++;
    espota_sender_connected(&world->sender, world->now);
}

static void host_write(struct world *world)
{
    struct world_pipe *pipe = &world->pipe[WORLD_TO_DEVICE];

    while ((espota_sender_want(&world->sender) & ESPOTA_WANT_IMAGE_OUT) != 0) {
        uint32_t at = world->sender.sent;
        size_t full = pipe->written - pipe->read;
        size_t sent;

        if (pipe_write(world, WORLD_TO_DEVICE, world->image + at, WORLD_IMAGE - at,
                       full < world->window ? world->window - full : 0, &sent) != ESPOTA_OK)
            return; /* a broken one is seen by the reader */
        espota_sender_sent(&world->sender, (uint32_t)sent);
    }
}

static void host_read(struct world *world)
{
    uint8_t data[64];
    size_t length;

    while ((espota_sender_want(&world->sender) & ESPOTA_WANT_STREAM_IN) != 0) {
        enum espota_status status = pipe_read(world, WORLD_TO_HOST, data, sizeof(data), &length);

        if (status == ESPOTA_MORE)
            return;
        arrive(world, WORLD_TO_DEVICE);
        espota_sender_acked(&world->sender, (uint32_t)world->pipe[WORLD_TO_DEVICE].arrived,
                            world->now);
        if (status == ESPOTA_OK && length > 0)
            espota_sender_rx_stream(&world->sender, data, length, world->now);
        else
            espota_sender_rx_end(&world->sender);
    }
}

static void host_turn(struct world *world)
{
    const unsigned over = ESPOTA_WANT_DONE | ESPOTA_WANT_FAILED;

    if (world->host_open) {
        arrive(world, WORLD_TO_DEVICE);
        espota_sender_acked(&world->sender, (uint32_t)world->pipe[WORLD_TO_DEVICE].arrived,
                            world->now);
    }
    espota_sender_tick(&world->sender, world->now);
    host_datagrams(world);
    host_accept(world);
    if (world->decided_at == 0 && world->sender.phase >= ESPOTA_PHASE_STREAMING)
        world->decided_at = world->now;
    if (world->host_open) {
        host_write(world);
        host_read(world);
    }
    if (world->host_open && (espota_sender_want(&world->sender) & over) != 0) {
        world->host_open = false;
        world->pipe[WORLD_TO_DEVICE].ended = true;
    }
}

/* --- time --- */

static void sooner(uint64_t *next, uint64_t at)
{
    if (at < *next)
        *next = at;
}

static uint64_t next_event(const struct world *world, uint64_t device_wakes)
{
    uint64_t next = device_wakes;
    uint64_t at;

    if (espota_sender_deadline(&world->sender, &at))
        sooner(&next, at);
    for (size_t i = 0; i < world->datagram_count; i++)
        if (world->datagrams[i].at > world->now) /* others wait for a slow device */
            sooner(&next, world->datagrams[i].at);
    for (int way = 0; way < 2; way++)
        if (world->pipe[way].segments > 0 && world->linked)
            sooner(&next, world->pipe[way].segment[0].at);
    if (world->connecting)
        sooner(&next, world->connected_at);
    sooner(&next, world->accepted_at);
    return next;
}

/* What both sides did so far: if it does not change, only time can bring something. */
static size_t activity(const struct world *world)
{
    return world->sent[0] + world->sent[1] + world->pipe[0].read + world->pipe[1].read +
           world->pipe[0].written + world->pipe[1].written + world->connections + world->udp_sends +
           world->tcp_sends + world->reboots + world->host_open +
           (size_t)world->device.receiver.phase * 7 + world->datagram_count;
}

/* A slow device sleeps until its turn, and for good when nothing is there for it. */
static uint64_t device_turn(struct world *world)
{
    enum espota_receiver_phase phase = world->device.receiver.phase;
    const struct world_datagram *d = first_datagram(world, WORLD_TO_DEVICE);
    bool idle = phase == ESPOTA_RECEIVER_IDLE || phase == ESPOTA_RECEIVER_WAITAUTH;
    uint64_t at;
    int32_t wait;

    if (world->slow.loop_ms > 0 && idle && world->slow.held == 0 &&
        (d == NULL || d->at > world->now))
        return WORLD_NEVER;
    if (!stub_slow_acts(&world->slow, phase, world->now, &at))
        return at;
    wait = espota_pump_run(&world->device);
    if (world->slow.held > 0)
        return world->slow.busy_until;
    return wait < 0 ? WORLD_NEVER : world->now + (uint64_t)wait;
}

enum espota_status world_run(struct world *world)
{
    for (;;) {
        uint64_t wakes = WORLD_NEVER;
        size_t before;

        do {
            before = activity(world);
            host_turn(world);
            wakes = device_turn(world);
        } while (activity(world) != before || wakes <= world->now);
        wakes = next_event(world, wakes);
        if (wakes == WORLD_NEVER)
            break;
        ck_assert_uint_gt(wakes, world->now);
        world->now = wakes;
        ck_assert_msg(world->now < world->limit, "it hangs");
    }
    ck_assert_uint_eq(
        espota_sender_want(&world->sender) & ~(unsigned)(ESPOTA_WANT_DONE | ESPOTA_WANT_FAILED), 0);
    ck_assert(!world->device_open);
    ck_assert(!world->chip.abused);
    return world->sender.status;
}

/* --- before and after --- */

/* As slow as the real one would be here, and of no use for what is tested: one round will do. */
static enum espota_status one_round(void *context, const void *password, size_t password_length,
                                    const void *salt, size_t salt_length, uint32_t rounds,
                                    uint8_t out[ESPOTA_SHA256_SIZE])
{
    ck_assert_uint_eq(rounds, ESPOTA_PBKDF2_ROUNDS);
    return openssl.table.pbkdf2_sha256(context, password, password_length, salt, salt_length, 1,
                                       out);
}

static void invite(struct world *world)
{
    struct espota_invitation *invitation = &world->sender_config.invitation;
    struct espota_digest digest;
    uint8_t raw[ESPOTA_MD5_SIZE];

    ck_assert_int_eq(world->crypto.digest_start(world->crypto.context, ESPOTA_DIGEST_MD5, &digest),
                     ESPOTA_OK);
    world->crypto.digest_add(world->crypto.context, &digest, world->image, WORLD_IMAGE);
    ck_assert_int_eq(world->crypto.digest_finish(world->crypto.context, &digest, raw), ESPOTA_OK);
    espota_hex_encode(raw, sizeof(raw), invitation->md5);
    invitation->command = ESPOTA_COMMAND_FLASH;
    invitation->port = CALLBACK_PORT;
    invitation->size = WORLD_IMAGE;
}

void world_init(struct world *world, const char *password, unsigned nonce_digits)
{
    memset(world, 0, offsetof(struct world, chip));
    chip_init(&world->chip);
    if (openssl.table.digest_start == NULL) /* once: it takes longer than a whole exchange */
        espota_crypto_openssl_init(&openssl);
    world->crypto = openssl.table;
    world->crypto.pbkdf2_sha256 = one_round;
    chip_pattern(world->image, WORLD_IMAGE, 11);
    memcpy(world->image, "\xe9\x01\x02\x20", 4);
    world->now = 1000;
    world->delay = 5;
    world->window = 5840;
    world->update = chip_update(&world->chip, &world->crypto, 0);
    world->update.flash_mode = 2;
    world->receiver = (struct espota_receiver_config){.update = &world->update,
                                                      .nonce_digits = (uint8_t)nonce_digits,
                                                      .context = world,
                                                      .event = event};
    if (password != NULL) {
        enum espota_password_form form =
            nonce_digits == ESPOTA_NONCE_MD5 ? ESPOTA_FORM_MD5 : ESPOTA_FORM_SHA256;

        ck_assert_int_eq(
            espota_password_hash(&world->crypto, form, password, strlen(password), world->hash),
            ESPOTA_OK);
        world->receiver.password_hash = world->hash;
    }
    world->ops =
        (struct espota_pump_ops){world,    udp_receive, udp_send,   tcp_connect,   tcp_receive,
                                 tcp_send, tcp_close,   device_now, device_reboot, NULL};
    memset(&world->sender_config, 0, sizeof(world->sender_config));
    world->sender_config.crypto = &world->crypto;
    world->sender_config.password = password;
    world->sender_config.password_length = password != NULL ? strlen(password) : 0;
    world->sender_config.timeout_ms = 10000;
    world->sender_config.verdict_ms = 60000;
    invite(world);
    espota_pump_init(&world->device, &world->ops, &world->receiver);
    espota_sender_init(&world->sender, &world->sender_config, world->now);
    memset(world->datagrams, 0, sizeof(*world) - offsetof(struct world, datagrams));
    world->accepted_at = WORLD_NEVER;
    world->pipe[0].cut = world->pipe[1].cut = WORLD_UNCUT;
    world->limit = world->now + 600000;
}

void world_again(struct world *world)
{
    espota_sender_deinit(&world->sender);
    world->fate = NULL;
    world->fail_udp_send = world->fail_tcp_send = world->fail_tcp_connect = 0;
    world->refusal = NULL;
    world->datagram_count = 0;
    world->linked = world->host_open = world->connecting = false;
    world->accepted_at = WORLD_NEVER;
    world->decided_at = 0;
    for (int way = 0; way < 2; way++) {
        memset(&world->pipe[way], 0, sizeof(world->pipe[way]));
        world->pipe[way].cut = WORLD_UNCUT;
    }
    chip_power_up(&world->chip);
    invite(world);
    espota_sender_init(&world->sender, &world->sender_config, world->now);
    world->limit = world->now + 600000;
}

void world_deinit(struct world *world)
{
    espota_sender_deinit(&world->sender);
    espota_pump_deinit(&world->device);
}

const char *world_words(const struct world *world)
{
    static char text[ESPOTA_WORDS_MAX + 1];
    const struct espota_verdict *verdict = &world->sender.verdict;

    memcpy(text, verdict->words, verdict->length);
    text[verdict->length] = '\0';
    return text;
}

bool world_installed(const struct world *world)
{
    struct espota_eboot command;

    return espota_eboot_parse(world->chip.record, &command) == ESPOTA_OK &&
           memcmp(world->chip.bytes + WORLD_STAGED, world->image, WORLD_IMAGE) == 0;
}
