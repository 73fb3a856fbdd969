/* SPDX-License-Identifier: MIT */
/*
 * Conditions on a version, as a manifest's rules have them:
 *
 *     rule       = condition *( spaces condition )      all of them must hold
 *     condition  = [ operator [ spaces ] ] version      no operator: "="
 *     operator   = "<" | "<=" | ">" | ">=" | "=" | "==" | "!="
 *     version    = letters, digits, ".", "-", "_", "+": a letter or digit first, one digit at least
 */
#ifndef ESPOTA_SERVE_VERSION_RULE_H
#define ESPOTA_SERVE_VERSION_RULE_H

#include <stdbool.h>
#include <stddef.h>

/* Where a rule cannot be read, and why not; NULL: it is good. */
const char *espota_version_rule_fault(const char *rule, const char **why);

/* True if `version` meets every condition of a rule that is good. */
bool espota_version_meets(const char *version, const char *rule);

/* Some version that meets the rule, and some that does not; false: there is none. */
bool espota_version_rule_inside(const char *rule, char *out, size_t room);
bool espota_version_rule_outside(const char *rule, char *out, size_t room);

/* True if every version that meets `narrow` surely meets `wide`. */
bool espota_version_rule_covers(const char *wide, const char *narrow);

#endif
