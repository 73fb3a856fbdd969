/* SPDX-License-Identifier: MIT */
/*
 * How targets are written: HOST[:PORT], and the lines of a targets file:
 *
 *     # a comment; blank lines count for nothing
 *     192.168.1.50
 *     [fe80::1%eth0]:8266     file=door.bin password-file="my keys/door"
 *     kitchen.lan port=3232   fs   # a comment behind
 *     http://lamp.lan         web=wled
 *     esphome://plug-7.lan    key-file=keys/plugs
 *
 * Words stand between blanks. Quotes ('…' as it is, "…" where \" and \\ mean " and \) hold blanks
 * and # together, anywhere in a word.
 */
#include "fleet/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "text/text.h"
#include "wire/wire.h"

/* Walks a line and writes its words, unquoted, into memory of the line's length plus one. */
struct splitter {
    const char *at;
    const char *end;
    char *out;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The text between quotes; false if they are not closed. */
static bool take_quoted(struct splitter *splitter)
{
    char quote = *splitter->at++;

    while (splitter->at < splitter->end && *splitter->at != quote) {
        const char *next = splitter->at + 1;

        if (quote == '"' && *splitter->at == '\\' && next < splitter->end &&
            (*next == '"' || *next == '\\'))
            splitter->at++;
        *splitter->out++ = *splitter->at++;
    }
    if (splitter->at == splitter->end)
        return false;
    splitter->at++;
    return true;
}

/* The next word, terminated; MORE at the end of the line. */
static enum espota_status take_word(struct splitter *splitter, char **word,
                                    struct espota_error *err)
{
    while (splitter->at < splitter->end && is_blank(*splitter->at))
        splitter->at++;
    if (splitter->at == splitter->end || *splitter->at == '#')
        return ESPOTA_MORE;
    *word = splitter->out;
    while (splitter->at < splitter->end && !is_blank(*splitter->at)) {
        if (*splitter->at != '"' && *splitter->at != '\'')
            *splitter->out++ = *splitter->at++;
        else if (!take_quoted(splitter))
            return espota_error_set(err, ESPOTA_E_USAGE, "a quote is not closed");
    }
    *splitter->out++ = '\0'; /* in place of the blank, or of the end */
    return ESPOTA_OK;
}

/* "key=" in front of a word: what follows it. */
static const char *value_of(const char *word, const char *key)
{
    size_t length = strlen(key);

    return strncmp(word, key, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static enum espota_status set_text(const char **place, const char *key, const char *value,
                                   struct espota_error *err)
{
    if (*place != NULL)
        return espota_error_set(err, ESPOTA_E_USAGE, "%s= is given twice", key);
    if (*value == '\0')
        return espota_error_set(err, ESPOTA_E_USAGE, "nothing stands behind %s=", key);
    *place = value;
    return ESPOTA_OK;
}

static enum espota_status take_pair(struct espota_target_line *out, const char *word,
                                    struct espota_error *err)
{
    const char *value;
    char shown[128];

    if ((value = value_of(word, "file")) != NULL)
        return set_text(&out->target.file, "file", value, err);
    if ((value = value_of(word, "password-file")) != NULL)
        return set_text(&out->target.password_file, "password-file", value, err);
    if ((value = value_of(word, "key-file")) != NULL)
        return set_text(&out->target.key_file, "key-file", value, err);
    if ((value = value_of(word, "user")) != NULL)
        return set_text(&out->target.user, "user", value, err);
    if ((value = value_of(word, "port")) != NULL)
        return espota_port_parse(value, &out->target.port, err);
    if ((value = value_of(word, "web")) != NULL)
        return set_text(&out->target.web, "web", value, err);
    if (strcmp(word, "fs") == 0) {
        out->target.filesystem = true;
        return ESPOTA_OK;
    }
    espota_text_printable(word, strcspn(word, "="), shown,
                          sizeof(shown)); /* a value may be secret */
    return espota_error_set(err, ESPOTA_E_USAGE,
                            "'%s' is not known here; behind the host may stand file=, "
                            "password-file=, key-file=, port=, user=, web= and fs",
                            shown);
}

static enum espota_status take_words(struct espota_target_line *out, struct splitter *splitter,
                                     struct espota_error *err)
{
    struct espota_host host;
    enum espota_status status;
    const char *rest;
    char *word;

    while ((status = take_word(splitter, &word, err)) == ESPOTA_OK) {
        if (out->target.host == NULL) {
            /* a URL is looked at by who knows URLs */
            status = espota_road_of(word, &rest) == ESPOTA_ROAD_WEB
                         ? ESPOTA_OK
                         : espota_host_parse(rest, &host, err);
            out->target.host = word;
        } else {
            status = take_pair(out, word, err);
        }
        if (status != ESPOTA_OK)
            return status;
    }
    return status == ESPOTA_MORE ? ESPOTA_OK : status;
}

enum espota_status espota_target_line_parse(const char *data, size_t length,
                                            struct espota_target_line *out,
                                            struct espota_error *err)
{
    struct splitter splitter = {data, data + length, NULL};
    enum espota_status status;

    *out = (struct espota_target_line){.target = ESPOTA_UPLOAD_TARGET_INIT};
    if (length > ESPOTA_TARGET_LINE_MAX)
        return espota_error_set(err, ESPOTA_E_USAGE, "a line has at most %d characters",
                                ESPOTA_TARGET_LINE_MAX);
    if (length > 0 && memchr(data, '\0', length) != NULL)
        return espota_error_set(err, ESPOTA_E_USAGE, "a zero byte: this is no text");
    out->memory = malloc(length + 1);
    if (out->memory == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a target");
    splitter.out = out->memory;
    status = take_words(out, &splitter, err);
    if (status != ESPOTA_OK)
        espota_target_line_deinit(out);
    return status;
}

void espota_target_line_deinit(struct espota_target_line *line)
{
    free(line->memory);
    memset(line, 0, sizeof(*line));
}

static enum espota_status visit_line(const char *data, size_t length, espota_target_visit *each,
                                     void *context, struct espota_error *err)
{
    struct espota_target_line line;
    enum espota_status status;

    if (length > 0 && data[length - 1] == '\r')
        length--;
    status = espota_target_line_parse(data, length, &line, err);
    if (status != ESPOTA_OK)
        return status;
    if (line.target.host != NULL)
        status = each(context, &line, err);
    espota_target_line_deinit(&line);
    return status;
}

enum espota_status espota_targets_parse(const char *data, size_t length, const char *name,
                                        espota_target_visit *each, void *context,
                                        struct espota_error *err)
{
    const char *end = data + length;
    unsigned long number = 0;

    if (length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) /* what Windows editors put in front */
        data += 3;
    while (data < end) {
        const char *stop = memchr(data, '\n', (size_t)(end - data));
        enum espota_status status;

        if (stop == NULL)
            stop = end;
        number++;
        status = visit_line(data, (size_t)(stop - data), each, context, err);
        if (status != ESPOTA_OK) {
            (void)espota_error_prefix(err, "%s, line %lu", name, number);
            return status;
        }
        data = stop < end ? stop + 1 : end;
    }
    return ESPOTA_OK;
}
