/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "serve/inside.h"

static void expect(const char *zone, int64_t seconds, const char *wanted)
{
    char got[ESPOTA_SERVE_TIME_ROOM];

    ck_assert_int_eq(setenv("TZ", zone, 1), 0);
    tzset();
    espota_serve_time(seconds, got);
    ck_assert_str_eq(got, wanted);
}

/* What `date -d @SECONDS --iso-8601=seconds` says. */
START_TEST(test_a_time_with_its_zone)
{
    expect("UTC0", 1767225599, "2025-12-31T23:59:59+00:00");
    expect("ICT-7", 1767225599, "2026-01-01T06:59:59+07:00");
    expect("NST3:30", 1767225600, "2025-12-31T20:30:00-03:30");
    expect("LINT-14", 1767225600, "2026-01-01T14:00:00+14:00");
    expect("AOE12", 1767268799, "2025-12-31T23:59:59-12:00");
    expect("XXX0:20", 1767225600, "2025-12-31T23:40:00-00:20");
    expect("CET-1CEST,M3.5.0,M10.5.0/3", 1751328000, "2025-07-01T02:00:00+02:00");
}
END_TEST

UNIT_MAIN("serve/json", test_a_time_with_its_zone)
