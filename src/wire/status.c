/* SPDX-License-Identifier: MIT */
#include "espota/status.h"

struct status_row {
    const char *word;
    const char *text;
    int exit_code;
};

static const struct status_row rows[ESPOTA_STATUS_COUNT] = {
    [ESPOTA_OK] = {"done", "done", 0},
    [ESPOTA_MORE] = {"more", "more bytes are needed", 1},
    [ESPOTA_BAD] = {"bad", "malformed", 1},
    [ESPOTA_E_FAILED] = {"failed", "failed", 1},
    [ESPOTA_E_USAGE] = {"usage", "bad usage", 2},
    [ESPOTA_E_NO_ANSWER] = {"no-answer", "no answer from the device", 3},
    [ESPOTA_E_NO_CALLBACK] = {"no-callback", "the device did not connect back", 3},
    [ESPOTA_E_AUTH] = {"auth", "the password is wrong or missing", 4},
    [ESPOTA_E_REFUSED] = {"refused", "the device refused", 5},
    [ESPOTA_E_BROKEN] = {"broken", "the transfer broke off", 6},
    [ESPOTA_E_UNKNOWN] = {"unknown", "the result is unknown", 6},
    [ESPOTA_E_IMAGE] = {"image", "the image is not good", 7},
    [ESPOTA_E_LOCAL] = {"local", "a problem on this machine", 8},
    [ESPOTA_E_MEMORY] = {"local", "out of memory", 8},
    [ESPOTA_E_INTERRUPTED] = {"interrupted", "interrupted", 130},
};

static const struct status_row *row_of(enum espota_status status)
{
    unsigned index = (unsigned)status;

    return &rows[index < ESPOTA_STATUS_COUNT ? index : ESPOTA_E_FAILED];
}

const char *espota_status_word(enum espota_status status)
{
    return row_of(status)->word;
}

const char *espota_status_text(enum espota_status status)
{
    return row_of(status)->text;
}

int espota_status_exit_code(enum espota_status status)
{
    return row_of(status)->exit_code;
}
