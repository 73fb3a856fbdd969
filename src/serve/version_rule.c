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

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_of_version(char c)
{
    return is_alphanumeric(c) || c == '.' || c == '-' || c == '_' || c == '+';
}

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
    const char *at = *rule;

    while (is_space(*at))
        at++;
    *out = (struct condition){.at = NULL};
    if (*at == '\0')
        return false;
    at = take_operator(at, out);
    while (is_space(*at))
        at++;
    out->at = at;
    while (is_of_version(*at))
        at++;
    out->length = (size_t)(at - out->at);
    *rule = at;
    return true;
}

static bool has_digit(const struct condition *condition)
{
    for (size_t i = 0; i < condition->length; i++)
        if (is_digit(condition->at[i]))
            return true;
    return false;
}

const char *espota_version_rule_fault(const char *rule, const char **why)
{
    struct condition condition;
    const char *at = rule;
    size_t count = 0;

    for (; next_condition(&at, &condition); count++) {
        *why = "a version must stand here";
        if (condition.length == 0 || !is_alphanumeric(*condition.at))
            return condition.at;
        *why = "a version has a digit";
        if (!has_digit(&condition))
            return condition.at;
        *why = *at == '<' || *at == '>' || *at == '=' || *at == '!'
                   ? "a space must stand between two conditions"
                   : "this can stand in no version";
        if (*at != '\0' && !is_space(*at))
            return at;
    }
    *why = "a condition must stand here";
    return count > 0 ? NULL : at + strspn(at, " \t");
}

static bool meets(const char *version, size_t length, const char *rule)
{
    struct condition condition;

    while (next_condition(&rule, &condition)) {
        int order = espota_version_compare(version, length, condition.at, condition.length);

        if (!(order < 0 ? condition.less : order > 0 ? condition.greater : condition.equal))
            return false;
    }
    return true;
}

bool espota_version_meets(const char *version, const char *rule)
{
    return meets(version, strlen(version), rule);
}

/*
 * Versions that stand for all on this side of a condition's own: itself, the next after it and the
 * next before it (a word is older than nothing).
 */
enum { NEIGHBOURS = 3 };

static bool neighbour(const struct condition *condition, int which, char *out, size_t room)
{
    static const char *const ends[NEIGHBOURS] = {"", ".0.1", "-a"};
    int used = snprintf(out, room, "%.*s%s", (int)condition->length, condition->at, ends[which]);

    return used > 0 && (size_t)used < room;
}

static bool find_version(const char *rule, bool wanted, char *out, size_t room)
{
    const char *at = rule;
    struct condition condition;

    while (next_condition(&at, &condition))
        for (int i = 0; i < NEIGHBOURS; i++)
            if (neighbour(&condition, i, out, room) && espota_version_meets(out, rule) == wanted)
                return true;
    return false;
}

bool espota_version_rule_inside(const char *rule, char *out, size_t room)
{
    return find_version(rule, true, out, room);
}

bool espota_version_rule_outside(const char *rule, char *out, size_t room)
{
    return find_version(rule, false, out, room);
}

/*
 * What a rule takes changes only at the versions that it names. Between two of those all are alike,
 * so that the neighbours of those of both rules stand for every version there is.
 */
bool espota_version_rule_covers(const char *wide, const char *narrow)
{
    const char *const rules[] = {wide, narrow};

    for (size_t k = 0; k < 2; k++) {
        const char *at = rules[k];
        struct condition condition;
        char version[160];

        while (next_condition(&at, &condition)) {
            for (int i = 0; i < NEIGHBOURS; i++) {
                if (!neighbour(&condition, i, version, sizeof(version)))
                    return false;
                if (espota_version_meets(version, narrow) && !espota_version_meets(version, wide))
                    return false;
            }
        }
    }
    return true;
}
