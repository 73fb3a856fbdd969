/* SPDX-License-Identifier: MIT */
/*
 * The manifest of `serve`: rules, the first that matches a request wins. The
 * matching is pure; reading the JSON is manifest_read.c.
 */
#ifndef ESPOTA_SERVE_MANIFEST_H
#define ESPOTA_SERVE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "wire/wire.h"

/* A rule's conditions; what is NULL, zero or "any" always holds. Strings are the rule's own. */
struct espota_rule {
    size_t number; /* in the manifest, from 1, for messages */
    char **macs;   /* normalised patterns, mac_count of them; 0: any, a client without a MAC too */
    size_t mac_count;
    int family; /* enum espota_pull_family, -1: any */
    int mode;   /* SKETCH or FILESYSTEM, -1: any */
    char *path; /* pattern of the path with its leading slash */
    char *version;
    unsigned rollout; /* per cent of the MACs; 100: all */
    int64_t from;     /* seconds of the epoch; INT64_MIN and INT64_MAX: unbounded */
    int64_t until;

    char *file; /* below the folder of images; NULL where stay is set */
    char *give; /* the version that the file is; NULL: not said */
    bool stay;
    bool downgrade; /* the file may be older than what a device says it has */
};

/*
 * A rule's MAC condition as two numbers, where it is one pattern without a star but at its end.
 * The heads of all rules lie in one array: passing over ten thousand costs microseconds.
 */
struct espota_rule_head {
    uint64_t mask; /* 0: the rule itself must be asked */
    uint64_t value;
};

struct espota_manifest {
    char *images; /* the folder of images; relative to the manifest's own folder */
    unsigned no_space;
    struct espota_rule *rules;
    struct espota_rule_head *heads; /* as many */
    size_t rule_count;
};

/* Who wants to hear of every fault in a text, and not of the first alone. */
struct espota_manifest_faults {
    void (*tell)(void *context, const char *fault); /* a thousand at most; may be NULL */
    void *context;
    size_t count; /* of all; JSON that cannot be read is one, no memory is none */
};

/*
 * Reads `length` bytes of JSON. `name` stands in messages, with line and column. Everything that
 * is unknown, doubled, of a wrong type or out of range is an error (E_USAGE); `err` tells the
 * first, `faults` (may be NULL) each.
 */
enum espota_status espota_manifest_parse(const char *text, size_t length, const char *name,
                                         struct espota_manifest_faults *faults,
                                         struct espota_manifest *out,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_manifest_deinit(struct espota_manifest *manifest);

/* The head of a rule whose conditions are set. */
struct espota_rule_head espota_rule_head_of(const struct espota_rule *rule);

/* The first rule that holds at `now` (seconds of the epoch), or NULL. */
const struct espota_rule *espota_manifest_match(const struct espota_manifest *manifest,
                                                const struct espota_pull_request *request,
                                                int64_t now);

/* The first rule of which everything holds but the version, which the device has said; or NULL. */
const struct espota_rule *
espota_manifest_match_but_version(const struct espota_manifest *manifest,
                                  const struct espota_pull_request *request, int64_t now);

/* The version of a rule's file: what `give` says, else what stands in a name such as
 * "door-2.1.0.bin"; "": nothing says it. */
void espota_rule_file_version(const struct espota_rule *rule, char out[ESPOTA_PULL_VERSION_MAX]);

/* Parts of a match, for who looks rules through. */
bool espota_rule_holds_but_version(const struct espota_rule *rule,
                                   const struct espota_pull_request *request, int64_t now);
bool espota_rule_mac_holds(const struct espota_rule *rule, const char *mac);

/*
 * Calls `found` for each rule that no request can reach because an earlier one takes everything it
 * would take. Sure, not complete. False without memory.
 */
bool espota_manifest_unreachable(const struct espota_manifest *manifest,
                                 void (*found)(void *context, const struct espota_rule *rule,
                                               const struct espota_rule *by),
                                 void *context);

/* Two rules by which a device would be sent up and down for ever. */
struct espota_manifest_loop {
    const struct espota_rule *up; /* its condition on the version brings a device back to it */
    const struct espota_rule *down;
    char
        high[ESPOTA_PULL_VERSION_MAX]; /* the version that `up` gives, and that `down` gives; "": */
    char low[ESPOTA_PULL_VERSION_MAX]; /* nothing says it, and a loop is only likely */
};

/*
 * Calls `found` for each loop: what is given, or would be with "downgrade", leads back. Returns the
 * number of rules that were looked at: all but in very large manifests.
 */
size_t espota_manifest_loops(const struct espota_manifest *manifest, int64_t now,
                             void (*found)(void *context, const struct espota_manifest_loop *loop),
                             void *context);

/*
 * Conditions on a version, as a manifest's rules have them:
 *
 *     rule       = condition *( spaces condition )      all of them must hold
 *     condition  = [ operator [ spaces ] ] version      no operator: "="
 *     operator   = "<" | "<=" | ">" | ">=" | "=" | "==" | "!="
 *     version    = letters, digits, ".", "-", "_", "+": a letter or digit first, one digit at least
 */
/* Where a rule cannot be read, and why not; NULL: it is good. */
const char *espota_version_rule_fault(const char *rule, const char **why);

/* True if `version` meets every condition of a rule that is good. */
bool espota_version_meets(const char *version, const char *rule);

/* Some version that meets the rule, and some that does not; false: there is none. */
bool espota_version_rule_inside(const char *rule, char *out, size_t room);
bool espota_version_rule_outside(const char *rule, char *out, size_t room);

/* True if every version that meets `narrow` surely meets `wide`. */
bool espota_version_rule_covers(const char *wide, const char *narrow);

/* "esp8266", "esp32", "pico"; PLAIN: none of them. */
enum espota_pull_family espota_family_named(const char *word);

/* Whether a MAC (normalised, "" is outside below 100) is among the first `percent` of a rollout of
 * `file`. */
bool espota_rollout_holds(const char *mac, const char *file, unsigned percent);

/* "2026-11-21T22:00:00Z" or with an offset ("+07:00"), to seconds of the epoch; false if it is
 * none. */
bool espota_time_parse(const char *text, int64_t *out);

#endif
