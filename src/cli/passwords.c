/* SPDX-License-Identifier: MIT */
/*
 * The text of the file of passwords. There are no escapes, so that a password can be written by
 * hand as it is, and nothing of a line is ever told but its number: whoever forgot the host has
 * written a password in its place.
 */
#include "cli/passwords.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"

static const char local[] = ".local";
static const char mark[] = "\xef\xbb\xbf"; /* what Windows editors put in front of a text */
enum { MARK = sizeof(mark) - 1 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

void password_reader_init(struct password_reader *reader, const char *text, size_t length)
{
    bool marked = length >= MARK && memcmp(text, mark, MARK) == 0;

    *reader = (struct password_reader){.at = marked ? text + MARK : text, .end = text + length};
}

static enum espota_status bad_line(const struct password_reader *reader, struct espota_error *err,
                                   const char *what)
{
    return espota_error_set(err, ESPOTA_E_LOCAL, "line %lu: %s", reader->number, what);
}

static bool is_host(const char *at, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (at[i] == '"' || is_control(at[i]))
            return false;
    return true;
}

/* Of what is between the blanks around. */
static enum espota_status take_password(struct password_line *line, const char *at, const char *end)
{
    bool quoted = end - at >= 2 && *at == '"' && end[-1] == '"';

    line->password = quoted ? at + 1 : at;
    line->length = (size_t)(end - at) - (quoted ? 2 : 0); /* 2 at least if it is quoted */
    return line->length <= ESPOTA_SECRET_MAX ? ESPOTA_OK : ESPOTA_BAD;
}

/* A line between the blanks around it, which is neither blank nor a comment. */
static enum espota_status take_words(const struct password_reader *reader,
                                     struct password_line *line, const char *at, const char *end,
                                     struct espota_error *err)
{
    size_t length = 0;

    while (at + length < end && !is_blank(at[length]))
        length++;
    if (memchr(at, '\0', (size_t)(end - at)) != NULL)
        return bad_line(reader, err, "a zero byte: this is no text");
    if (length > PASSWORD_HOST_MAX)
        return bad_line(reader, err, "the host is too long");
    if (!is_host(at, length))
        return bad_line(reader, err, "a host holds no quotes and no control characters");
    memcpy(line->host, at, length);
    line->host[length] = '\0';
    at += length;
    while (at < end && is_blank(*at))
        at++;
    if (at == end)
        return bad_line(reader, err,
                        "HOST PASSWORD is wanted, and one of them is missing (\"\" is the empty "
                        "password)");
    if (take_password(line, at, end) != ESPOTA_OK)
        return bad_line(reader, err, "the password is too long");
    return ESPOTA_OK;
}

enum espota_status password_reader_next(struct password_reader *reader, struct password_line *line,
                                        struct espota_error *err)
{
    const char *at = reader->at;
    const char *end;

    line->host[0] = '\0';
    line->password = NULL;
    line->length = 0;
    if (at == reader->end)
        return ESPOTA_MORE;
    end = memchr(at, '\n', (size_t)(reader->end - at));
    line->start = at;
    line->end = reader->at = end != NULL ? end + 1 : reader->end;
    reader->number++;
    if (end == NULL)
        end = reader->end;
    if (end > at && end[-1] == '\r')
        end--;
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    return at == end || *at == '#' ? ESPOTA_OK : take_words(reader, line, at, end, err);
}

/* "door" is the mDNS name "door.local". What has other dots, or colons, has no second name. */
static bool take_other_name(const char *name, char out[PASSWORD_HOST_MAX + 1])
{
    size_t length = strlen(name);
    size_t stem = length > sizeof(local) - 1 ? length - (sizeof(local) - 1) : 0;
    bool is_local = stem > 0 && espota_glob_match(local, name + stem);

    if (!is_local && strpbrk(name, ".:") != NULL)
        return false;
    (void)snprintf(out, PASSWORD_HOST_MAX + 1, "%.*s%s", (int)(is_local ? stem : length), name,
                   is_local ? "" : local);
    return true;
}

/* `port`: 0: without one. */
static void write_host(char out[PASSWORD_HOST_MAX + 1], const char *name, uint16_t port)
{
    bool six = port != 0 && strchr(name, ':') != NULL;
    char behind[8] = "";

    if (port != 0)
        (void)snprintf(behind, sizeof(behind), ":%u", port);
    (void)snprintf(out, PASSWORD_HOST_MAX + 1, "%s%s%s%s", six ? "[" : "", name, six ? "]" : "",
                   behind);
}

static void add_both(struct password_names *names, const char *name, uint16_t port)
{
    char other[PASSWORD_HOST_MAX + 1];

    write_host(names->text[names->count++], name, port);
    if (take_other_name(name, other))
        write_host(names->text[names->count++], other, port);
}

void password_names_init(struct password_names *names, const char *host, uint16_t port,
                         const char *name)
{
    names->count = 0;
    add_both(names, host, 0);
    if (port != 0)
        add_both(names, host, port);
    if (name != NULL)
        add_both(names, name, 0);
}

bool password_line_fits(const struct password_line *line, const struct password_names *names)
{
    for (size_t i = 0; i < names->count && line->host[0] != '\0'; i++)
        if (espota_glob_match(line->host, names->text[i]))
            return true;
    return false;
}

enum espota_status password_find(const char *text, size_t length,
                                 const struct password_names *names, struct password_line *out,
                                 struct espota_error *err)
{
    struct password_reader reader;
    enum espota_status status;

    password_reader_init(&reader, text, length);
    do
        status = password_reader_next(&reader, out, err);
    while (status == ESPOTA_OK && !password_line_fits(out, names));
    return status;
}

enum espota_status password_host_take(const char *typed, char out[PASSWORD_HOST_MAX + 1],
                                      struct espota_error *err)
{
    struct espota_host host, again;
    enum espota_status status = espota_host_parse(typed, &host, err);

    if (status != ESPOTA_OK)
        return status;
    write_host(out, host.name, host.port);
    if (*out == '#' || strchr(out, '"') != NULL || strncmp(out, mark, MARK) == 0)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "a host begins with no #, and there are no quotes in it");
    if (espota_host_parse(out, &again, NULL) != ESPOTA_OK || again.port != host.port)
        return espota_error_set(err, ESPOTA_E_USAGE, "what stands in brackets is no IPv6 address");
    return ESPOTA_OK;
}

void password_text_deinit(struct password_text *text)
{
    if (text->bytes != NULL)
        espota_sys_wipe(text->bytes, text->length);
    free(text->bytes);
    *text = (struct password_text){0};
}

/* There is room: it was made for all that can come. */
static void append(struct password_text *text, const char *bytes, size_t length)
{
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

/* Whether it would be read as something else without quotes. */
static bool needs_quotes(const struct espota_secret *password)
{
    char first = password->length > 0 ? password->bytes[0] : ' ';
    char last = password->length > 0 ? password->bytes[password->length - 1] : ' ';

    return is_blank(first) || is_blank(last) || last == '\r' || (first == '"' && last == '"');
}

/* `head`: where the first line begins, behind an editor's mark. */
static void append_line(struct password_text *text, size_t head, const char *host,
                        const struct espota_secret *password)
{
    bool quotes = needs_quotes(password);

    if (text->length > head && text->bytes[text->length - 1] != '\n')
        append(text, "\n", 1);
    append(text, host, strlen(host));
    append(text, quotes ? " \"" : " ", quotes ? 2 : 1);
    append(text, password->bytes, password->length);
    append(text, quotes ? "\"\n" : "\n", quotes ? 2 : 1);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_same_host(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

/* What is typed as a host is asked for by these names. */
static void names_of_host(struct password_names *names, const char *typed)
{
    struct espota_host host;

    if (espota_host_parse(typed, &host, NULL) == ESPOTA_OK)
        password_names_init(names, host.name, host.port, NULL);
    else
        password_names_init(names, typed, 0, NULL);
}

static enum espota_status check_password(const struct espota_secret *password,
                                         struct espota_error *err)
{
    if (password->length > ESPOTA_SECRET_MAX)
        return espota_error_set(err, ESPOTA_E_USAGE, "a password has at most %d bytes",
                                ESPOTA_SECRET_MAX);
    if (memchr(password->bytes, '\0', password->length) != NULL ||
        memchr(password->bytes, '\n', password->length) != NULL)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "a password with a line end or a zero byte in it cannot be kept");
    return ESPOTA_OK;
}

static enum espota_status edit(const struct password_text *old, const char *host,
                               const struct espota_secret *password, struct password_text *out,
                               size_t *before, struct espota_error *err)
{
    struct password_names names;
    struct password_reader reader;
    struct password_line line;
    const char *text = old->length > 0 ? old->bytes : "";
    enum espota_status status;
    bool placed = password == NULL;
    size_t head;

    names_of_host(&names, host);
    password_reader_init(&reader, text, old->length);
    head = (size_t)(reader.at - text);
    append(out, text, head);
    while ((status = password_reader_next(&reader, &line, err)) == ESPOTA_OK) {
        bool same = line.host[0] != '\0' && is_same_host(line.host, host);

        if (!placed && (same || password_line_fits(&line, &names))) {
            append_line(out, head, host, password);
            placed = true;
        }
        *before += same;
        if (!same)
            append(out, line.start, (size_t)(line.end - line.start));
    }
    if (status == ESPOTA_MORE && !placed)
        append_line(out, head, host, password);
    return status == ESPOTA_MORE ? ESPOTA_OK : status;
}

enum espota_status password_edit(const struct password_text *old, const char *host,
                                 const struct espota_secret *password, struct password_text *out,
                                 size_t *before, struct espota_error *err)
{
    enum { BETWEEN = 8 }; /* a blank, quotes, and the ends of two lines */
    enum espota_status status = password != NULL ? check_password(password, err) : ESPOTA_OK;
    size_t more = PASSWORD_HOST_MAX + ESPOTA_SECRET_MAX + BETWEEN;

    *before = 0;
    *out = (struct password_text){0};
    if (status != ESPOTA_OK)
        return status;
    out->bytes = malloc(old->length + more);
    if (out->bytes == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for the passwords");
    status = edit(old, host, password, out, before, err);
    if (status != ESPOTA_OK)
        password_text_deinit(out);
    return status;
}
