/* SPDX-License-Identifier: MIT */
/*
 * How many devices ran which version, as a ring of samples. Versions come and go, and each has a
 * column of its own as long as a sample counts it. The chart is drawn on the server, because
 * nothing on the page may run in a browser.
 */
#include "serve/registry.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const struct espota_sample *espota_history_at(const struct espota_history *history, size_t index)
{
    return &history->samples[(history->first + index) % ESPOTA_HISTORY_SAMPLES];
}

/* A label that no sample holds any more gives its column back. */
static void free_columns(struct espota_history *history)
{
    for (size_t column = 0; column < ESPOTA_HISTORY_LABELS; column++) {
        bool used = false;

        if (history->labels[column][0] == '\0')
            continue;
        for (size_t i = 0; i < history->count && !used; i++)
            used = history->samples[i].counts[column] != 0;
        if (!used)
            history->labels[column][0] = '\0';
    }
}

struct espota_sample *espota_history_add(struct espota_history *history, int64_t at)
{
    struct espota_sample *sample;

    free_columns(history);
    sample = &history->samples[(history->first + history->count) % ESPOTA_HISTORY_SAMPLES];
    if (history->count < ESPOTA_HISTORY_SAMPLES)
        history->count++;
    else
        history->first = (history->first + 1) % ESPOTA_HISTORY_SAMPLES;
    *sample = (struct espota_sample){.at = at};
    return sample;
}

/* A free column is taken; the last one stands for all that found none. */
void espota_history_count(struct espota_history *history, struct espota_sample *sample,
                          const char *label, uint32_t devices)
{
    size_t i = 0;

    while (i < ESPOTA_HISTORY_LABELS - 1 && history->labels[i][0] != '\0' &&
           strcmp(history->labels[i], label) != 0)
        i++;
    snprintf(history->labels[i], sizeof(history->labels[i]), "%s",
             i < ESPOTA_HISTORY_LABELS - 1 ? label : "other");
    sample->counts[i] += devices;
}

static struct espota_json *sample_json(const struct espota_history *history,
                                       const struct espota_sample *sample)
{
    struct espota_json *json = espota_json_object();
    struct espota_json *counts = espota_json_object();
    bool good = espota_json_set_integer(json, "at", sample->at);

    for (size_t i = 0; i < ESPOTA_HISTORY_LABELS && good; i++)
        if (sample->counts[i] > 0 && history->labels[i][0] != '\0')
            good = espota_json_set_integer(counts, history->labels[i], sample->counts[i]);
    if (espota_json_set_own(json, "counts", counts) && good)
        return json;
    espota_json_free(json);
    return NULL;
}

struct espota_json *espota_history_json(const struct espota_history *history)
{
    struct espota_json *json = espota_json_array();

    for (size_t i = 0; i < history->count; i++) {
        if (!espota_json_append_own(json, sample_json(history, espota_history_at(history, i)))) {
            espota_json_free(json);
            return NULL;
        }
    }
    return json;
}

static bool read_sample(struct espota_history *history, const struct espota_json *json)
{
    const struct espota_json *counts = espota_json_member(json, "counts");
    struct espota_sample *sample;
    struct espota_json *value;
    const char *label;
    void *walk = NULL;
    int64_t at = 0;

    if (!espota_json_is_object(counts))
        return false;
    (void)espota_json_integer(espota_json_member(json, "at"), &at);
    sample = espota_history_add(history, at > 0 ? at : 0);
    while ((walk = espota_json_next(counts, walk, &label, &value)) != NULL) {
        int64_t count = 0;

        if (espota_json_integer(value, &count) && count > 0 && count <= ESPOTA_REGISTRY_MAX &&
            label[0] != '\0' && strlen(label) < ESPOTA_PULL_VERSION_MAX)
            espota_history_count(history, sample, label, (uint32_t)count);
    }
    return true;
}

bool espota_history_read(struct espota_history *history, const struct espota_json *json)
{
    if (!espota_json_is_array(json))
        return false;
    for (size_t i = 0; i < espota_json_count(json); i++)
        if (!read_sample(history, espota_json_at(json, i)))
            return false;
    return true;
}

/* The chart: a band for each column. */

enum { WIDTH = 960, HEIGHT = 240, LEFT = 44, BOTTOM = 24, TOP = 8, COLOURS = 8 };

static const char *const colours[COLOURS] = {"#3b7dd8", "#e08a1e", "#2a9d58", "#c2455e",
                                             "#7a5cc8", "#1f9fb5", "#a3842c", "#8a8f98"};

struct chart {
    const struct espota_history *history;
    int64_t from; /* seconds of the epoch at the left and the right edge */
    int64_t until;
    uint32_t most; /* devices at the top edge */
};

static double x_of(const struct chart *chart, int64_t at)
{
    return (double)LEFT + (double)(WIDTH - LEFT) * (double)(at - chart->from) /
                              (double)(chart->until - chart->from);
}

static double y_of(const struct chart *chart, uint32_t devices)
{
    return HEIGHT - BOTTOM -
           (double)(HEIGHT - BOTTOM - TOP) * (double)devices / (double)chart->most;
}

/* Devices in the first so many columns. */
static uint32_t below(const struct espota_sample *sample, size_t columns)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < columns; i++)
        sum += sample->counts[i];
    return sum;
}

/* On top of so many columns; behind the last sample: at the right edge, as that one. */
static void add_point(struct espota_builder *page, const struct chart *chart, size_t index,
                      size_t columns)
{
    bool edge = index == chart->history->count;
    const struct espota_sample *sample =
        espota_history_at(chart->history, edge ? index - 1 : index); /* there is one at least */

    espota_builder_add(page, "%.1f,%.1f ", x_of(chart, edge ? chart->until : sample->at),
                       y_of(chart, below(sample, columns)));
}

/* A band between the columns below and this one, there along its top and back along its bottom. */
static void add_band(struct espota_builder *page, const struct chart *chart, size_t column)
{
    espota_builder_add(page, "<polygon fill=\"%s\" points=\"", colours[column % COLOURS]);
    for (size_t i = 0; i <= chart->history->count; i++)
        add_point(page, chart, i, column + 1);
    for (size_t i = chart->history->count + 1; i-- > 0;)
        add_point(page, chart, i, column);
    espota_builder_add(page, "\"/>\n");
}

static void add_time(struct espota_builder *page, double x, int64_t at, const char *anchor)
{
    char text[32] = "";
    time_t seconds = (time_t)at;
    struct tm parts;

    if (gmtime_r(&seconds, &parts) != NULL)
        strftime(text, sizeof(text), "%m-%d %H:%M UTC", &parts);
    espota_builder_add(page, "<text x=\"%.0f\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", x,
                       HEIGHT - 6, anchor, text);
}

static void add_axes(struct espota_builder *page, const struct chart *chart)
{
    espota_builder_add(page, "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"currentColor\"/>\n",
                       LEFT, TOP, HEIGHT - BOTTOM, WIDTH);
    espota_builder_add(page, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%u</text>\n", LEFT - 6,
                       TOP + 9, (unsigned)chart->most);
    espota_builder_add(page, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>\n", LEFT - 6,
                       HEIGHT - BOTTOM);
    add_time(page, LEFT, chart->from, "start");
    add_time(page, WIDTH, chart->until, "end");
}

static void add_key(struct espota_builder *page, const struct espota_history *history)
{
    const struct espota_sample *last = espota_history_at(history, history->count - 1);

    espota_builder_add(page, "<p>");
    for (size_t i = 0; i < ESPOTA_HISTORY_LABELS; i++) {
        if (history->labels[i][0] == '\0')
            continue;
        espota_builder_add(page, "<span class=\"key\"><i style=\"background:%s\"></i>",
                           colours[i % COLOURS]);
        espota_builder_add_escaped(page, history->labels[i]);
        espota_builder_add(page, " <span class=\"dim\">%u</span></span>\n",
                           (unsigned)last->counts[i]);
    }
    espota_builder_add(page, "</p>\n");
}

void espota_history_chart(const struct espota_history *history, struct espota_builder *page,
                          int64_t now)
{
    struct chart chart = {history, 0, now, 1};

    if (history->count == 0) {
        espota_builder_add(page, "<p class=\"dim\">The chart begins with the first device.</p>\n");
        return;
    }
    chart.from = espota_history_at(history, 0)->at;
    if (chart.until - chart.from < ESPOTA_HISTORY_SAMPLE_S)
        chart.until = chart.from + ESPOTA_HISTORY_SAMPLE_S;
    for (size_t i = 0; i < history->count; i++) {
        uint32_t all = below(espota_history_at(history, i), ESPOTA_HISTORY_LABELS);

        chart.most = all > chart.most ? all : chart.most;
    }
    espota_builder_add(page,
                       "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Devices by version "
                       "over time\">\n",
                       WIDTH, HEIGHT);
    for (size_t i = 0; i < ESPOTA_HISTORY_LABELS; i++)
        if (history->labels[i][0] != '\0')
            add_band(page, &chart, i);
    add_axes(page, &chart);
    espota_builder_add(page, "</svg>\n");
    add_key(page, history);
}
