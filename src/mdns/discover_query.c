/* SPDX-License-Identifier: MIT */
/*
 * Questions of our own. The plain one goes out on port 5353, one a packet and
 * without anything else in it, because JAndrassy's boards compare its 37 bytes;
 * answers, goodbyes and full lives come back there. Beside it goes a question
 * that wants its answer by unicast, from a port of our own, for machines where
 * somebody holds port 5353 alone.
 */
#include "mdns/discover.h"

#include <stdlib.h>
#include <string.h>

enum {
    PACKET_ROOM = 1440,      /* a question never needs more than one frame */
    LOOK_AGAIN_MS = 5000,    /* for interfaces that come up */
    ASK_MOST_MS = 60 * 1000, /* boards that do not announce themselves are found so late at most */
    SERVICE_AGAIN_MS = 1000, /* JAndrassy's boards answer once a second at most */
};

static const uint64_t rounds[] = {0, 500, 1500};
enum { ROUNDS = sizeof(rounds) / sizeof(rounds[0]) };

struct query {
    struct espota_discovery *discovery;
    struct espota_mdns *mdns;
    struct espota_timer timer;
    uint64_t round_start;
    unsigned round;
    uint64_t interval; /* after the first rounds */
    uint64_t next_round;
    uint64_t service_asked[ESPOTA_SERVICE_COUNT];
    bool told_failure;

    struct espota_dns_writer writer; /* what the catalog asks, gathered for one link */
    uint8_t packet[PACKET_ROOM];
    uint32_t link;
};

static size_t send_question(struct query *q, enum espota_service service, bool own_port,
                            int *os_error)
{
    struct espota_dns_writer writer;
    uint8_t packet[64];

    espota_dns_begin(&writer, packet, sizeof(packet), 0, 0);
    if (!espota_dns_ask(&writer, espota_service_name(service), ESPOTA_DNS_PTR, own_port))
        return 0;
    return espota_mdns_send(q->mdns, 0, 0, own_port, packet, espota_dns_finish(&writer), os_error);
}

static void ask_service(struct query *q, enum espota_service service)
{
    uint64_t now = espota_loop_now(q->discovery->loop);
    bool first = q->round < ROUNDS;
    int error = 0, own_error = 0;
    size_t sent = send_question(q, service, false, &error);

    /* later on the answers to everybody are enough, where they can be heard */
    if (first || !espota_mdns_shares_port(q->mdns))
        sent += send_question(q, service, true, &own_error);
    q->service_asked[service] = now;
    if (sent == 0 && !q->told_failure) {
        q->told_failure = true;
        if (error == 0)
            error = own_error;
        espota_log_say(&q->discovery->options.log, ESPOTA_LOG_WARNING,
                       "no question could be sent: %s; is a network interface up?",
                       error != 0 ? espota_os_text(error) : "there is no interface for multicast");
    }
}

static void plan_next_round(struct query *q)
{
    uint64_t now = espota_loop_now(q->discovery->loop);

    q->round++;
    if (q->round < ROUNDS) {
        q->next_round = q->round_start + rounds[q->round];
        return;
    }
    if (!q->discovery->options.watch) {
        q->next_round = UINT64_MAX;
        return;
    }
    q->interval = q->interval == 0 ? 2000 : q->interval * 2;
    if (q->interval > ASK_MOST_MS)
        q->interval = ASK_MOST_MS;
    q->next_round = now + q->interval;
}

static void start_rounds(struct query *q)
{
    q->round_start = espota_loop_now(q->discovery->loop);
    q->round = 0;
    q->interval = 0;
    q->next_round = q->round_start;
}

static void expired(void *context)
{
    struct query *q = context;
    uint64_t now = espota_loop_now(q->discovery->loop);
    uint64_t next;

    if (espota_mdns_refresh(q->mdns))
        start_rounds(q); /* devices behind the new interface were not asked yet */
    if (now >= q->next_round) {
        for (size_t i = 0; i < q->discovery->service_count; i++)
            ask_service(q, (enum espota_service)i);
        plan_next_round(q);
    }
    next = now + LOOK_AGAIN_MS < q->next_round ? now + LOOK_AGAIN_MS : q->next_round;
    if (espota_loop_arm(q->discovery->loop, &q->timer, next) != ESPOTA_OK)
        espota_log_say(&q->discovery->options.log, ESPOTA_LOG_WARNING, "no memory to go on asking");
}

static void packet(void *context, const struct espota_mdns_origin *origin,
                   struct espota_dns_reader *reader)
{
    struct query *q = context;

    /* RFC 6762 6: answers come from port 5353 */
    if ((reader->flags & ESPOTA_DNS_RESPONSE) == 0 || origin->from.port != ESPOTA_MDNS_PORT ||
        (reader->flags & (ESPOTA_DNS_OPCODE | ESPOTA_DNS_RCODE)) != 0)
        return;
    espota_catalog_packet(q->discovery->catalog, espota_loop_now(q->discovery->loop), origin,
                          reader);
}

static void rested(void *context)
{
    struct query *q = context;

    espota_discovery_changed(q->discovery);
}

static void flush(struct query *q)
{
    size_t length = espota_dns_finish(&q->writer);

    if (q->link != 0 && length > ESPOTA_DNS_HEADER)
        (void)espota_mdns_send(q->mdns, q->link, 0, !espota_mdns_shares_port(q->mdns), q->packet,
                               length, NULL);
    espota_dns_begin(&q->writer, q->packet, sizeof(q->packet), 0, 0);
}

static void add_question(struct query *q, const struct espota_dns_name *name,
                         enum espota_dns_type type)
{
    bool unicast = !espota_mdns_shares_port(q->mdns);

    if (espota_dns_ask(&q->writer, name, type, unicast))
        return;
    flush(q);
    if (!espota_dns_ask(&q->writer, name, type, unicast))
        flush(q); /* cannot be: an empty packet has room for any name */
}

static void ask(void *state, const struct espota_catalog_question *question)
{
    struct query *q = state;
    uint64_t now = espota_loop_now(q->discovery->loop);

    if (question->service && now >= q->service_asked[question->which] + SERVICE_AGAIN_MS)
        ask_service(q, question->which);
    if (question->link != q->link)
        flush(q);
    q->link = question->link;
    if (question->srv)
        add_question(q, &question->instance, ESPOTA_DNS_SRV);
    if (question->txt)
        add_question(q, &question->instance, ESPOTA_DNS_TXT);
    if (question->address) {
        add_question(q, &question->host, ESPOTA_DNS_A);
        add_question(q, &question->host, ESPOTA_DNS_AAAA);
    }
}

static void asked(void *state)
{
    flush(state);
}

static void stop(void *state)
{
    struct query *q = state;

    if (q == NULL)
        return;
    espota_loop_disarm(q->discovery->loop, &q->timer);
    espota_mdns_destroy(q->mdns);
    free(q);
}

static enum espota_status start(struct espota_discovery *discovery, void **state,
                                struct espota_error *err)
{
    struct query *q = calloc(1, sizeof(*q));
    struct espota_mdns_hooks hooks = {q, packet, rested};
    enum espota_status status;

    if (q == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to ask for devices");
    q->discovery = discovery;
    q->timer = (struct espota_timer){.expired = expired, .context = q};
    espota_dns_begin(&q->writer, q->packet, sizeof(q->packet), 0, 0);
    status = espota_mdns_create(discovery->loop, &hooks, &q->mdns, err);
    if (status == ESPOTA_OK) {
        start_rounds(q);
        status = espota_loop_arm(discovery->loop, &q->timer, q->round_start);
        if (status != ESPOTA_OK)
            (void)espota_error_set(err, status, "no memory to ask for devices");
    }
    if (status != ESPOTA_OK) {
        stop(q);
        return status;
    }
    *state = q;
    return ESPOTA_OK;
}

const struct espota_backend espota_backend_query = {
    .via = ESPOTA_VIA_QUERY,
    .word = "query",
    .start = start,
    .stop = stop,
    .ask = ask,
    .asked = asked,
};
