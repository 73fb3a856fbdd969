/* SPDX-License-Identifier: MIT */
/* A run of the uploader over devices that a test plays, and what it told, in order. */
#ifndef ESPOTA_TEST_UPLOAD_RUN_H
#define ESPOTA_TEST_UPLOAD_RUN_H

#include "unit.h"

#include <stdio.h>
#include <time.h>

#include "espota/upload.h"
#include "fake_device.h"
#include "sys/net.h"

enum { IMAGE_SIZE = 300000, RESULTS = 16 };

struct result {
    enum espota_status status;
    struct espota_remedy remedy;
    unsigned attempts;
    uint64_t bytes, total;
    char message[1024];
};

/* One run: an image in a file, what happened, in order. */
struct run {
    char path[64];
    uint8_t image[IMAGE_SIZE];
    struct espota_upload_options options;
    struct espota_upload *upload;
    struct result results[RESULTS];
    char story[512]; /* a letter for each event: i a c r R, and its target's digit; S, . */
    char warnings[2048];
    struct espota_upload_event summary;
    bool stop_at_progress, stop_at_invited;
    bool empty_at_start;
    unsigned asked;
    const char *answer; /* to the question for a password; NULL: none */
};

static inline void note(struct run *run, char letter, size_t index)
{
    size_t used = strlen(run->story);

    if (used + 3 < sizeof(run->story))
        snprintf(run->story + used, 3, "%c%zu", letter, index);
}

static inline void on_event(void *context, const struct espota_upload_event *event)
{
    struct run *run = context;

    switch (event->kind) {
    case ESPOTA_EVENT_START:
        ck_assert_ptr_null(event->target);
        if (run->empty_at_start)
            ck_assert_int_eq(truncate(run->path, 0), 0);
        break;
    case ESPOTA_EVENT_INVITED:
        ck_assert_ptr_nonnull(event->address);
        note(run, 'i', event->index);
        if (run->stop_at_invited)
            espota_upload_stop(run->upload);
        break;
    case ESPOTA_EVENT_AUTH:
        note(run, event->scheme[0], event->index);
        break;
    case ESPOTA_EVENT_CONNECTED:
        ck_assert_ptr_nonnull(event->address);
        note(run, 'c', event->index);
        break;
    case ESPOTA_EVENT_PROGRESS:
        ck_assert_uint_le(event->bytes, event->total);
        if (run->stop_at_progress)
            espota_upload_stop(run->upload);
        break;
    case ESPOTA_EVENT_RETRY:
        ck_assert_ptr_nonnull(event->message);
        note(run, 'r', event->index);
        break;
    case ESPOTA_EVENT_RESULT:
        note(run, 'R', event->index);
        run->results[event->index].status = event->status;
        run->results[event->index].remedy = event->remedy;
        run->results[event->index].attempts = event->attempts;
        run->results[event->index].bytes = event->bytes;
        run->results[event->index].total = event->total;
        snprintf(run->results[event->index].message, sizeof(run->results[0].message), "%s",
                 event->message);
        break;
    case ESPOTA_EVENT_SKIPPED:
        note(run, event->already ? 'D' : 'K', event->index);
        break;
    case ESPOTA_EVENT_SUMMARY:
        run->summary = *event;
        break;
    }
}

static inline void on_log(void *context, enum espota_log_level level, const char *line)
{
    struct run *run = context;
    size_t used = strlen(run->warnings);

    if (level == ESPOTA_LOG_WARNING)
        snprintf(run->warnings + used, sizeof(run->warnings) - used, "%s\n", line);
}

static inline enum espota_status on_ask(void *context, const char *target,
                                        struct espota_secret *out, struct espota_error *err)
{
    struct run *run = context;

    ck_assert_ptr_nonnull(target);
    run->asked++;
    if (run->answer == NULL)
        return espota_error_set(err, ESPOTA_E_AUTH, "no terminal");
    return espota_secret_copy(out, run->answer, strlen(run->answer), err);
}

static inline void write_image(struct run *run)
{
    FILE *file;
    int fd;

    strcpy(run->path, "/tmp/espota-upload-XXXXXX");
    fd = mkstemp(run->path);
    ck_assert_int_ge(fd, 0);
    for (size_t i = 0; i < IMAGE_SIZE; i++)
        run->image[i] = (uint8_t)(i * 31 + i / 251);
    run->image[0] = 0xe9;
    file = fdopen(fd, "wb");
    ck_assert_uint_eq(fwrite(run->image, 1, IMAGE_SIZE, file), IMAGE_SIZE);
    ck_assert_int_eq(fclose(file), 0);
}

static inline struct run *run_create(void)
{
    struct run *run = calloc(1, sizeof(*run));
    struct espota_upload_options options = ESPOTA_UPLOAD_OPTIONS_INIT;

    ck_assert_ptr_nonnull(run);
    write_image(run);
    run->options = options;
    run->options.file = run->path;
    run->options.force = true; /* the checks of the image have tests of their own */
    run->options.log = (struct espota_log){on_log, run};
    run->options.context = run;
    run->options.event = on_event;
    run->options.ask_password = on_ask;
    return run;
}

static inline void run_destroy(struct run *run)
{
    espota_upload_destroy(run->upload);
    ck_assert_int_eq(unlink(run->path), 0);
    free(run);
}

static inline void add_host(struct run *run, const char *host)
{
    struct espota_upload_target target = ESPOTA_UPLOAD_TARGET_INIT;

    target.host = host;
    ck_assert_int_eq(espota_upload_add(run->upload, &target, NULL), ESPOTA_OK);
}

/* Uploads to these targets, and waits for the devices. */
static inline enum espota_status go(struct run *run, struct fake_device *devices, size_t count)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    enum espota_status status;

    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, &err), ESPOTA_OK);
    for (size_t i = 0; i < count; i++) {
        add_host(run, devices[i].host);
    }
    status = espota_upload_run(run->upload, &err);
    ck_assert_str_eq(err.message, "");
    for (size_t i = 0; i < count; i++)
        fake_join(&devices[i]);
    ck_assert_uint_eq(run->summary.targets, count);
    return status;
}

static inline void expect(const struct run *run, size_t index, enum espota_status status,
                          const char *part)
{
    const struct result *result = &run->results[index];

    ck_assert_msg(result->status == status, "%zu: %s: %s", index,
                  espota_status_word(result->status), result->message);
    ck_assert_msg(strstr(result->message, part) != NULL, "%zu: '%s' is not in: %s", index, part,
                  result->message);
}

/* Uploads to one device that a test plays: how that ends, and a part of what is said of it. */
static inline void go_alone(struct run *run, fake_script *play, enum espota_status status,
                            const char *part)
{
    struct fake_device device;

    fake_start(&device, "127.0.0.2", play, run);
    ck_assert_int_eq(go(run, &device, 1), status);
    expect(run, 0, status, part);
}

/* Takes the whole image and compares it; the test's context is the run. */
static inline void take_image(struct fake_device *device, int fd)
{
    const struct run *run = device->context;
    uint8_t *got = malloc(IMAGE_SIZE);

    if (fake_read(device, fd, got, IMAGE_SIZE) && memcmp(got, run->image, IMAGE_SIZE) != 0)
        fake_fault(device, "other bytes came");
    free(got);
}

static inline void good_device(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    int fd;

    if (invitation.size != IMAGE_SIZE || invitation.command != 0)
        fake_fault(device, "invited for %u bytes, command %u", invitation.size, invitation.command);
    fake_say(device, "OK");
    fd = fake_connect(device, NULL, invitation.port);
    take_image(device, fd);
    fake_write(device, fd, "300000OK");
    fake_close(fd);
}

static inline uint16_t free_port(void)
{
    struct espota_address any = {.family = 4};
    struct espota_address bound;
    int fd;

    ck_assert_int_eq(espota_tcp_listen(&any, &fd, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(fd, &bound), ESPOTA_OK);
    espota_socket_close(&fd);
    return bound.port;
}

static inline void expect_turned_away(struct fake_device *device, int fd)
{
    size_t got;
    char how = fake_read_end(device, fd, &got);

    if (how != 'r' || got != 0)
        fake_fault(device, "not turned away: %c after %zu bytes", how, got);
    fake_close(fd);
}

static inline void device_without_room(struct fake_device *device)
{
    fake_invited(device);
    fake_say(device, "ERR: ERROR[4]: Not Enough Space\n");
}

static inline void device_without_a_word(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    int fd = fake_connect(device, NULL, invitation.port);

    take_image(device, fd);
    fake_write(device, fd, "300000");
    fake_close(fd);
}

#endif
