/* SPDX-License-Identifier: MIT */
/* Drawn on the server, because nothing on the page may run in a browser. */
#include "serve/inside.h"

#include <time.h>

enum { WIDTH = 960, HEIGHT = 240, LEFT = 44, BOTTOM = 24, TOP = 8, COLOURS = 8 };

static const char *const colours[COLOURS] = {"#3b7dd8", "#e08a1e", "#2a9d58", "#c2455e",
                                             "#7a5cc8", "#1f9fb5", "#a3842c", "#8a8f98"};

struct chart {
    const struct espota_registry *registry;
    int64_t from; /* seconds of the epoch at the left and the right edge */
    int64_t until;
    uint32_t most; /* devices at the top edge */
};

static double x_of(const struct chart *chart, int64_t at)
{
    return LEFT + (double)(WIDTH - LEFT) * (double)(at - chart->from) /
                      (double)(chart->until - chart->from);
}

static double y_of(const struct chart *chart, uint32_t devices)
{
    return HEIGHT - BOTTOM -
           (double)(HEIGHT - BOTTOM - TOP) * (double)devices / (double)chart->most;
}

/* Devices in this column and all below it. */
static uint32_t stacked(const struct espota_sample *sample, size_t column)
{
    uint32_t sum = 0;

    for (size_t i = 0; i <= column; i++)
        sum += sample->counts[i];
    return sum;
}

static const struct espota_sample *sample_of(const struct chart *chart, size_t index)
{
    return espota_registry_sample_at(chart->registry, index);
}

/* A band between the columns below and this one, there along its top and back along its bottom. */
static void add_band(struct espota_builder *page, const struct chart *chart, size_t column)
{
    size_t count = espota_registry_samples(chart->registry);

    espota_builder_add(page, "<polygon fill=\"%s\" points=\"", colours[column % COLOURS]);
    for (size_t i = 0; i < count; i++)
        espota_builder_add(page, "%.1f,%.1f ", x_of(chart, sample_of(chart, i)->at),
                           y_of(chart, stacked(sample_of(chart, i), column)));
    espota_builder_add(page, "%d,%.1f %d,%.1f ", WIDTH,
                       y_of(chart, stacked(sample_of(chart, count - 1), column)), WIDTH,
                       y_of(chart, stacked(sample_of(chart, count - 1), column) -
                                       sample_of(chart, count - 1)->counts[column]));
    for (size_t i = count; i-- > 0;)
        espota_builder_add(page, "%.1f,%.1f ", x_of(chart, sample_of(chart, i)->at),
                           y_of(chart, stacked(sample_of(chart, i), column) -
                                           sample_of(chart, i)->counts[column]));
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

static void add_key(struct espota_builder *page, const struct espota_registry *registry)
{
    const struct espota_sample *last =
        espota_registry_sample_at(registry, espota_registry_samples(registry) - 1);

    espota_builder_add(page, "<p>");
    for (size_t i = 0; i < ESPOTA_REGISTRY_LABELS; i++) {
        const char *label = espota_registry_label(registry, i);

        if (label == NULL)
            continue;
        espota_builder_add(page, "<span class=\"key\"><i style=\"background:%s\"></i>",
                           colours[i % COLOURS]);
        espota_builder_add_escaped(page, label);
        espota_builder_add(page, " <span class=\"dim\">%u</span></span>\n",
                           (unsigned)last->counts[i]);
    }
    espota_builder_add(page, "</p>\n");
}

void espota_serve_chart(struct espota_builder *page, const struct espota_registry *registry,
                        int64_t now)
{
    size_t count = espota_registry_samples(registry);
    struct chart chart = {registry, 0, now, 1};

    if (count == 0) {
        espota_builder_add(page, "<p class=\"dim\">The chart begins with the first device.</p>\n");
        return;
    }
    chart.from = sample_of(&chart, 0)->at;
    if (chart.until - chart.from < ESPOTA_REGISTRY_SAMPLE_S)
        chart.until = chart.from + ESPOTA_REGISTRY_SAMPLE_S;
    for (size_t i = 0; i < count; i++) {
        uint32_t all = stacked(sample_of(&chart, i), ESPOTA_REGISTRY_LABELS - 1);

        chart.most = all > chart.most ? all : chart.most;
    }
    espota_builder_add(page,
                       "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Devices by version "
                       "over time\">\n",
                       WIDTH, HEIGHT);
    for (size_t i = 0; i < ESPOTA_REGISTRY_LABELS; i++)
        if (espota_registry_label(registry, i) != NULL)
            add_band(page, &chart, i);
    add_axes(page, &chart);
    espota_builder_add(page, "</svg>\n");
    add_key(page, registry);
}
