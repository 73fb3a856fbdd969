/* SPDX-License-Identifier: MIT */
/*
 * The one status enum of espota-c. Every function that can fail returns it;
 * parsers use OK, MORE and BAD, everything else OK or an ESPOTA_E_ value.
 */
#ifndef ESPOTA_STATUS_H
#define ESPOTA_STATUS_H

#if defined(__GNUC__)
#define ESPOTA_MUST_CHECK __attribute__((warn_unused_result))
#else
#define ESPOTA_MUST_CHECK
#endif

/* C99's formats, which on Windows are not the ones that gcc calls printf's; clang has the one name.
 */
#if defined(__clang__)
#define ESPOTA_PRINTF(at, first) __attribute__((format(printf, at, first)))
#elif defined(__GNUC__)
#define ESPOTA_PRINTF(at, first) __attribute__((format(gnu_printf, at, first)))
#else
#define ESPOTA_PRINTF(at, first)
#endif

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum espota_status {
    ESPOTA_OK = 0,
    ESPOTA_MORE, /* a parser: well so far, needs more bytes; a run: it is not over */
    ESPOTA_BAD,  /* a parser: these bytes can never be right */

    ESPOTA_E_FAILED,      /* a failure that no other value names */
    ESPOTA_E_USAGE,       /* the caller or the command line asked for nonsense */
    ESPOTA_E_NO_ANSWER,   /* the device could not be found or did not answer */
    ESPOTA_E_NO_CALLBACK, /* the device answered but did not connect back */
    ESPOTA_E_AUTH,        /* the password was wrong or missing */
    ESPOTA_E_REFUSED,     /* the device said no, in its own words */
    ESPOTA_E_BROKEN,      /* the transfer broke off */
    ESPOTA_E_UNKNOWN,     /* the whole image was sent and no verdict came */
    ESPOTA_E_IMAGE,       /* an image, checksum or signature is not good */
    ESPOTA_E_LOCAL,       /* this machine: file, key, port, permission */
    ESPOTA_E_MEMORY,      /* this machine: no memory */
    ESPOTA_E_INTERRUPTED, /* stopped by a signal */

    ESPOTA_STATUS_COUNT
};

/* The reason word of the JSON events ("done", "no-answer", …); never NULL. */
const char *espota_status_word(enum espota_status status);

/* One plain sentence fragment for people ("the device did not answer"); never NULL. */
const char *espota_status_text(enum espota_status status);

/* The exit code that this status has in native mode (0 to 8, 130 for an interruption). */
int espota_status_exit_code(enum espota_status status);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
