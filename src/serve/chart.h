/* SPDX-License-Identifier: MIT */
/* The fleet by version over time, as SVG inside a page. */
#ifndef ESPOTA_SERVE_CHART_H
#define ESPOTA_SERVE_CHART_H

#include "serve/registry.h"
#include "text/text.h"

void espota_serve_chart(struct espota_builder *page, const struct espota_registry *registry,
                        int64_t now);

#endif
