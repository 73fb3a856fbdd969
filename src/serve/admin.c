/* SPDX-License-Identifier: MIT */
/* The second port, for people and for Prometheus: GET / and GET /metrics. */
#include <stdlib.h>
#include <string.h>

#include "serve/inside.h"
#include "sys/sys.h"
#include "text/text.h"
#include "wire/wire.h"

enum { ROWS_MAX = 2000 };

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
    "<meta http-equiv=\"refresh\" content=\"30\"><title>espota-c serve</title><style>\n"
    ":root{color-scheme:light dark;--line:#8884;--dim:#777}\n"
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:68rem;padding:0 1rem}\n"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);"
    "vertical-align:top}\n"
    "th{font-weight:600}.n{text-align:right}.t{white-space:nowrap}code{font-size:.92em}\n"
    ".dim{color:var(--dim)}.ok{color:#0a7d38}.bad{color:#c0392b}\n"
    ".wide{overflow-x:auto}svg{width:100%;height:auto}svg text{fill:currentColor;font-size:11px}\n"
    ".key{display:inline-block;margin-right:1rem}.key i{display:inline-block;width:.8em;"
    "height:.8em;margin-right:.35em}\n"
    "</style></head><body>\n";

static void add_ago(struct espota_builder *page, int64_t seconds)
{
    if (seconds < 60)
        espota_builder_add(page, "%llds ago", (long long)(seconds > 0 ? seconds : 0));
    else if (seconds < 3600)
        espota_builder_add(page, "%lld min ago", (long long)seconds / 60);
    else if (seconds < 172800)
        espota_builder_add(page, "%lld h ago", (long long)seconds / 3600);
    else
        espota_builder_add(page, "%lld days ago", (long long)seconds / 86400);
}

static void add_mac(struct espota_builder *page, const char *mac)
{
    for (size_t i = 0; mac[i] != '\0'; i += 2)
        espota_builder_add(page, "%s%.2s", i > 0 ? ":" : "", mac + i);
}

static void add_device(struct espota_builder *page, const struct espota_record *record, int64_t now)
{
    char label[ESPOTA_PULL_VERSION_MAX];
    bool bad = record->status >= 400;

    espota_record_label(record, label);
    espota_builder_add(page, "<tr><td><code>");
    add_mac(page, record->mac);
    espota_builder_add(page, "</code></td><td>%s</td><td>",
                       espota_pull_family_word(record->family));
    espota_builder_add_escaped(page, label);
    espota_builder_add(page, "</td><td class=\"%s\">%u ", bad ? "bad" : "ok", record->status);
    espota_builder_add_escaped(page, record->why);
    espota_builder_add(page, "</td><td class=\"t\">");
    add_ago(page, now - record->last_seen);
    espota_builder_add(page, "</td><td>");
    espota_builder_add_escaped(page, record->address);
    espota_builder_add(page, "</td><td class=\"n\">%llu</td></tr>\n",
                       (unsigned long long)record->requests);
}

static int later_first(const void *a, const void *b)
{
    const struct espota_record *const *one = a;
    const struct espota_record *const *two = b;

    if ((*one)->last_seen != (*two)->last_seen)
        return (*one)->last_seen > (*two)->last_seen ? -1 : 1;
    return strcmp((*one)->mac, (*two)->mac);
}

/* Who was seen last comes first. */
static void add_rows(struct espota_builder *page, const struct espota_registry *registry,
                     size_t shown, int64_t now)
{
    struct espota_record **order = calloc(registry->count, sizeof(struct espota_record *));

    if (order == NULL) {
        page->failed = true;
        return;
    }
    memcpy(order, registry->by_mac, registry->count * sizeof(*order));
    qsort(order, registry->count, sizeof(*order), later_first);
    for (size_t i = 0; i < shown; i++)
        add_device(page, order[i], now);
    free(order);
}

static void add_devices(struct espota_builder *page, const struct espota_registry *registry,
                        int64_t now)
{
    size_t count = registry->count;
    size_t shown = count < ROWS_MAX ? count : ROWS_MAX;

    espota_builder_add(page, "<h2>Devices (%zu)</h2>\n", count);
    if (count == 0) {
        espota_builder_add(page, "<p class=\"dim\">No device has asked yet.</p>\n");
        return;
    }
    espota_builder_add(page, "<div class=\"wide\"><table id=\"devices\"><thead><tr><th>MAC</th>"
                             "<th>Chip</th><th>Runs</th><th>Was told</th><th>When</th><th>Address"
                             "</th><th class=\"n\">Requests</th></tr></thead><tbody>\n");
    add_rows(page, registry, shown, now);
    espota_builder_add(page, "</tbody></table></div>\n");
    if (shown < count)
        espota_builder_add(page, "<p class=\"dim\">%zu more are not shown.</p>\n", count - shown);
}

static void add_page(struct espota_builder *page, const struct espota_serve *serve, int64_t now)
{
    const struct espota_manifest *manifest = serve->rules->manifest;

    espota_builder_add(page, "%s<h1>espota-c serve</h1>\n<p class=\"dim\">", head);
    espota_builder_add_escaped(page,
                               manifest != NULL ? serve->options.manifest : serve->options.folder);
    if (manifest != NULL)
        espota_builder_add(page, ", %zu rules", manifest->rule_count);
    espota_builder_add(page, ", started ");
    add_ago(page, now - serve->started);
    espota_builder_add(page, "</p>\n<h2>Versions over time</h2>\n");
    espota_history_chart(&serve->registry->history, page, now);
    add_devices(page, serve->registry, now);
    espota_builder_add(page, "</body></html>\n");
}

/* A label's value: backslash, quote and line end are escaped. */
static void add_label_value(struct espota_builder *page, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"')
            espota_builder_add(page, "\\");
        espota_builder_add(page, "%c", *text);
    }
}

static void add_version_metrics(struct espota_builder *page, const struct espota_history *history)
{
    const struct espota_sample *last =
        history->count > 0 ? espota_history_at(history, history->count - 1) : NULL;

    espota_builder_add(page, "# HELP espota_devices_by_version Devices seen within a day, by what "
                             "they run.\n# TYPE espota_devices_by_version gauge\n");
    for (size_t i = 0; last != NULL && i < ESPOTA_HISTORY_LABELS; i++) {
        if (last->counts[i] == 0)
            continue;
        espota_builder_add(page, "espota_devices_by_version{version=\"");
        add_label_value(page, history->labels[i]);
        espota_builder_add(page, "\"} %u\n", (unsigned)last->counts[i]);
    }
}

static void add_metrics(struct espota_builder *page, const struct espota_serve *serve)
{
    espota_builder_add(page,
                       "# HELP espota_requests_total Requests by the status they were answered "
                       "with.\n# TYPE espota_requests_total counter\n");
    for (unsigned i = 0; i < 600; i++)
        if (serve->counts.by_status[i] > 0)
            espota_builder_add(page, "espota_requests_total{status=\"%u\"} %llu\n", i,
                               (unsigned long long)serve->counts.by_status[i]);
    espota_builder_add(page,
                       "# HELP espota_image_bytes_total Bytes of images that were given out.\n"
                       "# TYPE espota_image_bytes_total counter\nespota_image_bytes_total %llu\n"
                       "# HELP espota_devices Devices that have asked.\n"
                       "# TYPE espota_devices gauge\nespota_devices %zu\n",
                       (unsigned long long)serve->counts.bytes, serve->registry->count);
    espota_builder_add(page,
                       "# HELP espota_reloads_total Times that the rules were read again.\n"
                       "# TYPE espota_reloads_total counter\n"
                       "espota_reloads_total{result=\"taken\"} %llu\n"
                       "espota_reloads_total{result=\"refused\"} %llu\n"
                       "# HELP espota_start_time_seconds When the server started.\n"
                       "# TYPE espota_start_time_seconds gauge\nespota_start_time_seconds %lld\n",
                       (unsigned long long)serve->counts.reloads,
                       (unsigned long long)serve->counts.refused_reloads,
                       (long long)serve->started);
    add_version_metrics(page, &serve->registry->history);
}

/*
 * A page of somebody else's can give this machine's address a name of its own, and a browser in the
 * house then reads what is here for it. Addresses and names that nobody else can give are fine.
 */
static bool is_our_host(const struct espota_serve *serve, const char *value)
{
    struct espota_host host;
    char ours[ESPOTA_HOST_MAX + 1];
    struct espota_address address;
    const char *rest;

    if (value == NULL)
        return true; /* no browser */
    if (espota_host_parse(value, &host, NULL) != ESPOTA_OK)
        return false;
    if (espota_address_parse(host.name, &address) || espota_http_same(host.name, "localhost") ||
        (serve->options.admin_host != NULL &&
         espota_http_same(host.name, serve->options.admin_host)))
        return true;
    espota_host_own_name(ours, sizeof(ours));
    if (ours[0] != '\0' && espota_http_same(host.name, ours))
        return true;
    ours[strcspn(ours, ".")] = '\0';
    rest = ours[0] != '\0' ? espota_http_behind(host.name, ours) : NULL;
    return rest != NULL && (*rest == '\0' || espota_http_same(rest, ".local"));
}

void espota_serve_admin_answer(void *context, struct espota_http_request *request,
                               const char *method, const char *path,
                               struct espota_http_answer *answer)
{
    struct espota_serve *serve = context;
    struct espota_builder *page = &serve->page; /* stays until the answer is copied out of it */

    (void)method;
    espota_builder_deinit(page);
    answer->status = 200;
    if (!is_our_host(serve, espota_http_request_header(request, "Host"))) {
        answer->status = 421;
        espota_builder_add(page, "this is asked for by an address or by this machine's name\n");
        espota_http_answer_header(answer, "Content-Type", "text/plain");
    } else if (strcmp(path, "/metrics") == 0) {
        add_metrics(page, serve);
        espota_http_answer_header(answer, "Content-Type", "text/plain; version=0.0.4");
    } else if (strcmp(path, "/") == 0) {
        espota_registry_sample(serve->registry, espota_clock_wall());
        add_page(page, serve, espota_clock_wall());
        espota_http_answer_header(answer, "Content-Type", "text/html; charset=utf-8");
        /* nothing on the page comes from elsewhere, and nothing on it runs */
        espota_http_answer_header(answer, "Content-Security-Policy",
                                  "default-src 'none'; style-src 'unsafe-inline'");
    } else {
        answer->status = 404;
        espota_builder_add(page, "only / and /metrics are here\n");
        espota_http_answer_header(answer, "Content-Type", "text/plain");
    }
    if (page->failed)
        answer->status = 500;
    answer->text = page->text;
    answer->length = page->length;
}
