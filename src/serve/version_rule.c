/* SPDX-License-Identifier: MIT */
/*
 * Conditions on versions, ">=1.0 <2". Whether any version meets all of them is asked as well, for
 * --check follows devices that do not exist from rule to rule.
 */
#include "serve/manifest.h"

#include <stdio.h>
#include <string.h>

#include "text/text.h"

/* One condition of a rule. */
struct condition {
    bool less, equal, greater; /* which outcomes of (version compared with `at`) meet it */
    const char *at;
    size_t length;
};

#define DIGITS "0123456789"
#define ALPHANUMERICS DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char spaces[] = " \t";

/* What stands behind the operator at `at`. */
static const char *take_operator(const char *at, struct condition *out)
{
    if (at[0] == '!' && at[1] == '=') {
        out->less = out->greater = true;
        return at + 2;
    }
    if (*at == '<' || *at == '>') {
        out->less = *at == '<';
        out->greater = *at == '>';
        out->equal = at[1] == '=';
        return at + (out->equal ? 2 : 1);
    }
    out->equal = true;
    return at + (*at == '=' ? 1 + (at[1] == '=') : 0);
}

/* The condition at *rule, which moves behind it; false at the rule's end. */
static bool next_condition(const char **rule, struct condition *out)
{
    const char *at = *rule + strspn(*rule, spaces);

    *out = (struct condition){.at = NULL};
    if (*at == '\0')
        return false;
    at = take_operator(at, out);
    out->at = at + strspn(at, spaces);
    out->length = strspn(out->at, ALPHANUMERICS ".-_+");
    *rule = out->at + out->length;
    return true;
}

const char *espota_version_rule_fault(const char *rule, const char **why)
{
    struct condition condition;
    const char *at = rule;
    size_t count = 0;

    for (; next_condition(&at, &condition); count++) {
        *why = "a version must stand here";
        if (strspn(condition.at, ALPHANUMERICS) == 0)
            return condition.at;
        *why = "a version has a digit";
        if (strcspn(condition.at, DIGITS) >= condition.length)
            return condition.at;
        *why = *at == '<' || *at == '>' || *at == '=' || *at == '!'
                   ? "a space must stand between two conditions"
                   : "this can stand in no version";
        if (*at != '\0' && strspn(at, spaces) == 0)
            return at;
    }
    *why = "a condition must stand here";
    return count > 0 ? NULL : at + strspn(at, spaces);
}

bool espota_version_meets(const char *version, const char *rule)
{
    struct condition condition;

    while (next_condition(&rule, &condition)) {
        int order =
            espota_version_compare(version, strlen(version), condition.at, condition.length);

        if (!(order < 0 ? condition.less : order > 0 ? condition.greater : condition.equal))
            return false;
    }
    return true;
}

/*
 * What a rule takes changes only at the versions that it names, and between two of those all are
 * alike: a version itself, the next after it and the next before it (a word is older than nothing)
 * stand for all there are. One of those at the conditions of `of` that meets one rule and not the
 * other (NULL: whatever it does).
 */
static bool find_version(const char *of, const char *meets, const char *fails, char *out,
                         size_t room)
{
    static const char *const ends[] = {"", ".0.1", "-a"};
    struct condition condition;

    while (next_condition(&of, &condition)) {
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
            int used = snprintf(out, room, "%.*s%s", (int)condition.length, condition.at, ends[i]);

            if (used > 0 && (size_t)used < room &&
                (meets == NULL || espota_version_meets(out, meets)) &&
                (fails == NULL || !espota_version_meets(out, fails)))
                return true;
        }
    }
    return false;
}

bool espota_version_rule_inside(const char *rule, char *out, size_t room)
{
    return find_version(rule, rule, NULL, out, room);
}

bool espota_version_rule_outside(const char *rule, char *out, size_t room)
{
    return find_version(rule, NULL, rule, out, room);
}

bool espota_version_rule_covers(const char *wide, const char *narrow)
{
    char version[160];
    size_t most = sizeof(version) - sizeof(".0.1"); /* all of its versions fit */

    return strlen(wide) <= most && strlen(narrow) <= most &&
           !find_version(wide, narrow, wide, version, sizeof(version)) &&
           !find_version(narrow, narrow, wide, version, sizeof(version));
}
