/* SPDX-License-Identifier: MIT */
/* The uploader against devices that a test plays: see support/fake_device.h. */
#include "unit.h"

#include <stdio.h>
#include <time.h>

#include "espota/upload.h"
#include "fake_device.h"
#include "sys/net.h"

enum { IMAGE_SIZE = 300000, RESULTS = 16 };

struct result {
    enum espota_status status;
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

static void note(struct run *run, char letter, size_t index)
{
    size_t used = strlen(run->story);

    if (used + 3 < sizeof(run->story))
        snprintf(run->story + used, 3, "%c%zu", letter, index);
}

static void on_event(void *context, const struct espota_upload_event *event)
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

static void on_log(void *context, enum espota_log_level level, const char *line)
{
    struct run *run = context;
    size_t used = strlen(run->warnings);

    if (level == ESPOTA_LOG_WARNING)
        snprintf(run->warnings + used, sizeof(run->warnings) - used, "%s\n", line);
}

static enum espota_status on_ask(void *context, const char *target, struct espota_secret *out,
                                 struct espota_error *err)
{
    struct run *run = context;

    ck_assert_ptr_nonnull(target);
    run->asked++;
    if (run->answer == NULL)
        return espota_error_set(err, ESPOTA_E_AUTH, "no terminal");
    return espota_secret_copy(out, run->answer, strlen(run->answer), err);
}

static void write_image(struct run *run)
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

static struct run *run_create(void)
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

static void run_destroy(struct run *run)
{
    espota_upload_destroy(run->upload);
    ck_assert_int_eq(unlink(run->path), 0);
    free(run);
}

static void add_host(struct run *run, const char *host)
{
    struct espota_upload_target target = ESPOTA_UPLOAD_TARGET_INIT;

    target.host = host;
    ck_assert_int_eq(espota_upload_add(run->upload, &target, NULL), ESPOTA_OK);
}

/* Uploads to these targets, and waits for the devices. */
static enum espota_status go(struct run *run, struct fake_device *devices, size_t count)
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

static void expect(const struct run *run, size_t index, enum espota_status status, const char *part)
{
    const struct result *result = &run->results[index];

    ck_assert_msg(result->status == status, "%zu: %s: %s", index,
                  espota_status_word(result->status), result->message);
    ck_assert_msg(strstr(result->message, part) != NULL, "%zu: '%s' is not in: %s", index, part,
                  result->message);
}

/* Takes the whole image and compares it; the test's context is the run. */
static void take_image(struct fake_device *device, int fd)
{
    const struct run *run = device->context;
    uint8_t *got = malloc(IMAGE_SIZE);

    if (fake_read(device, fd, got, IMAGE_SIZE) && memcmp(got, run->image, IMAGE_SIZE) != 0)
        fake_fault(device, "other bytes came");
    free(got);
}

static void good_device(struct fake_device *device)
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

START_TEST(test_one_device)
{
    struct run *run = run_create();
    struct fake_device device;

    fake_start(&device, "127.0.0.2", good_device, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_OK);
    expect(run, 0, ESPOTA_OK, "has taken the image");
    ck_assert_str_eq(run->story, "i0c0R0");
    ck_assert_uint_eq(run->results[0].bytes, IMAGE_SIZE);
    ck_assert_uint_eq(run->results[0].total, IMAGE_SIZE);
    ck_assert_uint_eq(run->results[0].attempts, 1);
    ck_assert_uint_eq(run->summary.ok, 1);
    ck_assert_str_eq(run->warnings, "");
    run_destroy(run);
}
END_TEST

static void device_whose_ok_is_lost(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    int fd = fake_connect(device, NULL, invitation.port);

    take_image(device, fd);
    fake_write(device, fd, "O");
    fake_write(device, fd, "K");
    fake_close(fd);
}

START_TEST(test_lost_ok)
{
    struct run *run = run_create();
    struct fake_device device;

    fake_start(&device, "127.0.0.2", device_whose_ok_is_lost, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_OK);
    ck_assert_str_eq(run->story, "i0c0R0");
    run_destroy(run);
}
END_TEST

/* The connection must end without a byte of the image. */
static void expect_turned_away(struct fake_device *device, int fd)
{
    size_t got;
    char how = fake_read_end(device, fd, &got);

    if (how != 'r' || got != 0)
        fake_fault(device, "not turned away: %c after %zu bytes", how, got);
    fake_close(fd);
}

static void device_with_strangers(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    int fd;

    expect_turned_away(device, fake_connect(device, "127.0.0.99", invitation.port));
    fake_say(device, "OK");
    expect_turned_away(device, fake_connect(device, "127.0.0.98", invitation.port));
    fd = fake_connect(device, NULL, invitation.port);
    expect_turned_away(device, fake_connect(device, NULL, invitation.port)); /* a second one */
    take_image(device, fd);
    expect_turned_away(device, fake_connect(device, NULL, invitation.port));
    fake_write(device, fd, "OK");
    fake_close(fd);
}

START_TEST(test_strangers_get_nothing)
{
    struct run *run = run_create();
    struct fake_device device;

    fake_start(&device, "127.0.0.2", device_with_strangers, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_OK);
    ck_assert_ptr_nonnull(strstr(run->warnings, "127.0.0.99:"));
    ck_assert_ptr_nonnull(strstr(run->warnings, "127.0.0.98:"));
    ck_assert_ptr_nonnull(strstr(run->warnings, "127.0.0.2:"));
    run_destroy(run);
}
END_TEST

/* Many strangers are reported in a few lines. */
static void device_under_siege(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    int fd;

    for (int i = 0; i < 200; i++)
        fake_close(fake_connect(device, "127.0.0.99", invitation.port));
    fd = fake_connect(device, NULL, invitation.port);
    take_image(device, fd);
    fake_write(device, fd, "OK");
    fake_close(fd);
}

START_TEST(test_reports_are_bounded)
{
    struct run *run = run_create();
    struct fake_device device;
    size_t lines = 0;

    fake_start(&device, "127.0.0.2", device_under_siege, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_OK);
    for (const char *at = run->warnings; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    ck_assert_uint_ge(lines, 1);
    ck_assert_uint_lt(lines, 200);
    run_destroy(run);
}
END_TEST

/* Says things to the inviter from another port and from another address. */
static void device_with_liars(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    int fd;

    fake_lie(device, "127.0.0.2", "ERR: liar"); /* another port */
    fake_lie(device, "127.0.0.3", "ERR: liar"); /* another address */
    fake_say(device, "OK");
    fd = fake_connect(device, NULL, invitation.port);
    take_image(device, fd);
    fake_write(device, fd, "OK");
    fake_close(fd);
}

START_TEST(test_datagrams_of_others)
{
    struct run *run = run_create();
    struct fake_device device;

    fake_start(&device, "127.0.0.2", device_with_liars, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_OK);
    run_destroy(run);
}
END_TEST

static void device_without_room(struct fake_device *device)
{
    fake_invited(device);
    fake_say(device, "ERR: ERROR[4]: Not Enough Space\n");
}

START_TEST(test_refused_by_datagram)
{
    struct run *run = run_create();
    struct fake_device device;

    fake_start(&device, "127.0.0.2", device_without_room, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_E_REFUSED);
    expect(run, 0, ESPOTA_E_REFUSED, "\"ERROR[4]: Not Enough Space\"");
    ck_assert_str_eq(run->story, "i0R0"); /* it would say so again */
    ck_assert_uint_eq(run->summary.failed, 1);
    run_destroy(run);
}
END_TEST

/* Complains and hangs up with a reset while the uploader still sends. */
static void device_that_complains(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    char some[1000];
    int fd;

    fd = fake_connect(device, NULL, invitation.port);
    fake_read(device, fd, some, sizeof(some));
    fake_write(device, fd, "1000ERROR[1]: Flash Write Failed\n");
    fake_reset(fd);
}

START_TEST(test_words_before_a_reset)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.retries = 0;
    fake_start(&device, "127.0.0.2", device_that_complains, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_E_REFUSED);
    expect(run, 0, ESPOTA_E_REFUSED, "\"ERROR[1]: Flash Write Failed\"");
    run_destroy(run);
}
END_TEST

static void device_that_hangs_up(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    char some[1000];
    int fd;

    fd = fake_connect(device, NULL, invitation.port);
    fake_read(device, fd, some, sizeof(some));
    fake_reset(fd);
    fd = fake_connect(device, NULL, fake_invited(device).port);
    take_image(device, fd);
    fake_write(device, fd, "OK");
    fake_close(fd);
}

START_TEST(test_retry_after_a_break)
{
    struct run *run = run_create();
    struct fake_device device;

    fake_start(&device, "127.0.0.2", device_that_hangs_up, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_OK);
    ck_assert_str_eq(run->story, "i0c0r0i0c0R0");
    ck_assert_uint_eq(run->results[0].attempts, 2);
    run_destroy(run);
}
END_TEST

static void device_without_a_word(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    int fd = fake_connect(device, NULL, invitation.port);

    take_image(device, fd);
    fake_write(device, fd, "300000");
    fake_close(fd);
}

START_TEST(test_end_without_a_word_is_unknown_at_once)
{
    struct run *run = run_create();
    struct fake_device device;

    fake_start(&device, "127.0.0.2", device_without_a_word, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_E_UNKNOWN);
    expect(run, 0, ESPOTA_E_UNKNOWN, "without saying OK");
    ck_assert_str_eq(run->story, "i0c0R0"); /* never again by itself */
    ck_assert_uint_eq(run->summary.unknown, 1);
    ck_assert_uint_eq(run->summary.failed, 0);
    run_destroy(run);
}
END_TEST

/* Lets the first attempt run out, and calls back for it during the second. */
static void device_that_is_late(struct fake_device *device)
{
    struct fake_invitation first = fake_invited(device), second;
    int fd;

    do {
        second = fake_invited(device);
    } while (fake_ok(device) && second.port == first.port);
    fd = fake_try_connect(device, NULL, first.port);
    if (fd >= 0)
        expect_turned_away(device, fd);
    fd = fake_connect(device, NULL, second.port);
    take_image(device, fd);
    fake_write(device, fd, "OK");
    fake_close(fd);
}

START_TEST(test_late_caller)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.timeout_ms = 300;
    fake_start(&device, "127.0.0.2", device_that_is_late, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_OK);
    ck_assert_str_eq(run->story, "i0r0i0c0R0");
    run_destroy(run);
}
END_TEST

/* While one waits on an old port, it stays open for that one alone. */
static void device_of_two_ports(struct fake_device *device)
{
    device_that_is_late(device);
}

static void device_that_takes_its_time(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    int fd;

    fake_say(device, "OK");
    fd = fake_connect(device, NULL, invitation.port);
    take_image(device, fd);
    fake_write(device, fd, "OK");
    fake_close(fd);
}

START_TEST(test_two_devices_at_once)
{
    struct run *run = run_create();
    struct fake_device devices[2];

    run->options.timeout_ms = 300;
    fake_start(&devices[0], "127.0.0.2", device_of_two_ports, run);
    fake_start(&devices[1], "127.0.0.3", device_that_takes_its_time, run);
    ck_assert_int_eq(go(run, devices, 2), ESPOTA_OK);
    ck_assert_uint_eq(run->summary.ok, 2);
    run_destroy(run);
}
END_TEST

/* The port is fixed: the late caller comes before the second attempt, and frees the address. */
static void device_late_on_a_fixed_port(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    char text[256];
    int fd;

    while (fake_hear(device, text, sizeof(text), 400)) /* until the attempt has run out */
        ;
    fd = fake_connect(device, NULL, invitation.port);
    expect_turned_away(device, fd);
    invitation = fake_invited(device);
    fd = fake_connect(device, NULL, invitation.port);
    take_image(device, fd);
    fake_write(device, fd, "OK");
    fake_close(fd);
}

static uint16_t free_port(void)
{
    struct espota_address any = {.family = 4};
    struct espota_address bound;
    int fd;

    ck_assert_int_eq(espota_tcp_listen(&any, &fd, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(fd, &bound), ESPOTA_OK);
    espota_socket_close(&fd);
    return bound.port;
}

START_TEST(test_fixed_port_waits_for_the_late_caller)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.host_port = free_port();
    run->options.timeout_ms = 200;
    run->options.retries = 1;
    fake_start(&device, "127.0.0.2", device_late_on_a_fixed_port, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_OK);
    ck_assert_str_eq(run->story, "i0r0i0c0R0");
    ck_assert_ptr_nonnull(strstr(run->warnings, "earlier invitation"));
    run_destroy(run);
}
END_TEST

/* Two UDP ports behind one address, say two boards behind a router. */
START_TEST(test_one_address_one_after_the_other)
{
    struct run *run = run_create();
    struct fake_device devices[3];

    fake_start(&devices[0], "127.0.0.2", good_device, run);
    fake_start(&devices[1], "127.0.0.2", good_device, run);
    fake_start(&devices[2], "127.0.0.2", good_device, run);
    ck_assert_int_eq(go(run, devices, 3), ESPOTA_OK);
    ck_assert_str_eq(run->story, "i0c0R0i1c1R1i2c2R2");
    run_destroy(run);
}
END_TEST

static void device_with_a_password(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    char text[256];
    int fd;

    fake_say(device, "AUTH 25d55ad283aa400af464c76d713c07ad");
    if (!fake_hear(device, text, sizeof(text), FAKE_WAIT_MS) || strncmp(text, "200 ", 4) != 0) {
        fake_fault(device, "no answer to the challenge");
        return;
    }
    fake_say(device, "OK");
    fd = fake_connect(device, NULL, invitation.port);
    take_image(device, fd);
    fake_write(device, fd, "OK");
    fake_close(fd);
}

START_TEST(test_one_question_for_all)
{
    struct run *run = run_create();
    struct fake_device devices[3];

    run->answer = "secret";
    fake_start(&devices[0], "127.0.0.2", device_with_a_password, run);
    fake_start(&devices[1], "127.0.0.3", good_device, run);
    fake_start(&devices[2], "127.0.0.4", device_with_a_password, run);
    ck_assert_int_eq(go(run, devices, 3), ESPOTA_OK);
    ck_assert_uint_eq(run->asked, 1);
    ck_assert_ptr_nonnull(strstr(run->story, "m0"));
    /* asked only when nothing else was under way */
    ck_assert(strstr(run->story, "R1") < strstr(run->story, "c0"));
    run_destroy(run);
}
END_TEST

START_TEST(test_later_ones_are_not_asked_again)
{
    struct run *run = run_create();
    struct fake_device devices[2];

    run->answer = "secret";
    run->options.jobs = 1;
    fake_start(&devices[0], "127.0.0.2", device_with_a_password, run);
    fake_start(&devices[1], "127.0.0.3", device_with_a_password, run);
    ck_assert_int_eq(go(run, devices, 2), ESPOTA_OK);
    ck_assert_uint_eq(run->asked, 1);
    run_destroy(run);
}
END_TEST

static void device_that_asks_in_vain(struct fake_device *device)
{
    fake_invited(device);
    fake_say(device, "AUTH 25d55ad283aa400af464c76d713c07ad");
}

START_TEST(test_nobody_knows_the_password)
{
    struct run *run = run_create();
    struct fake_device devices[2];

    fake_start(&devices[0], "127.0.0.2", device_that_asks_in_vain, run);
    fake_start(&devices[1], "127.0.0.3", device_that_asks_in_vain, run);
    ck_assert_int_eq(go(run, devices, 2), ESPOTA_E_AUTH);
    expect(run, 0, ESPOTA_E_AUTH, "none was given");
    expect(run, 1, ESPOTA_E_AUTH, "none was given");
    ck_assert_uint_eq(run->asked, 1);
    ck_assert_uint_eq(run->results[0].attempts, 1);
    run_destroy(run);
}
END_TEST

START_TEST(test_password_file_of_a_target)
{
    struct run *run = run_create();
    struct fake_device device;
    struct espota_upload_target target = ESPOTA_UPLOAD_TARGET_INIT;
    char path[] = "/tmp/espota-password-XXXXXX";
    int fd = mkstemp(path);

    ck_assert_int_eq(write(fd, "secret\n", 7), 7);
    close(fd);
    fake_start(&device, "127.0.0.2", device_with_a_password, run);
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    target.host = device.host;
    target.password_file = path;
    ck_assert_int_eq(espota_upload_add(run->upload, &target, NULL), ESPOTA_OK);
    target.host = "127.0.0.3:9";
    target.password_file = "/nonexistent/password";
    ck_assert_int_eq(espota_upload_add(run->upload, &target, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_upload_run(run->upload, NULL), ESPOTA_E_LOCAL);
    fake_join(&device);
    expect(run, 0, ESPOTA_OK, "");
    expect(run, 1, ESPOTA_E_LOCAL, "/nonexistent/password");
    ck_assert_uint_eq(run->asked, 0);
    ck_assert_int_eq(unlink(path), 0);
    run_destroy(run);
}
END_TEST

static void device_that_only_listens(struct fake_device *device)
{
    char text[256];

    fake_hear(device, text, sizeof(text), FAKE_WAIT_MS);
}

START_TEST(test_stop_before_the_call_back)
{
    struct run *run = run_create();
    struct fake_device devices[2];

    run->options.jobs = 1;
    run->stop_at_invited = true;
    fake_start(&devices[0], "127.0.0.2", device_that_only_listens, run);
    fake_start(&devices[1], "127.0.0.3", device_that_only_listens, run);
    devices[1].script = device_that_only_listens;
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    for (int i = 0; i < 2; i++) {
        add_host(run, devices[i].host);
    }
    ck_assert_int_eq(espota_upload_run(run->upload, NULL), ESPOTA_E_INTERRUPTED);
    expect(run, 0, ESPOTA_E_INTERRUPTED, "before anything was sent");
    ck_assert_str_eq(run->story, "i0R0K1");
    ck_assert_uint_eq(run->summary.skipped, 1);
    fake_poke(&devices[1]);
    fake_join(&devices[0]);
    fake_join(&devices[1]);
    run_destroy(run);
}
END_TEST

/* Nothing that the kernel had buffered may arrive after "stopped". */
static void device_that_is_left_alone(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    char some[1000];
    size_t got;
    int fd = fake_connect(device, NULL, invitation.port);

    fake_read(device, fd, some, sizeof(some));
    if (fake_read_end(device, fd, &got) != 'r')
        fake_fault(device, "no reset, but %zu bytes", got);
    fake_close(fd);
}

START_TEST(test_stop_in_the_middle)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.limit_rate = 100000;
    run->stop_at_progress = true;
    fake_start(&device, "127.0.0.2", device_that_is_left_alone, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_E_INTERRUPTED);
    expect(run, 0, ESPOTA_E_INTERRUPTED, "keeps the program");
    run_destroy(run);
}
END_TEST

START_TEST(test_closed_port)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.timeout_ms = 300; /* and with retries: it is asked no second time */
    fake_start(&device, "127.0.0.2", device_that_only_listens, run);
    fake_poke(&device); /* it ends, and its port is free */
    pthread_join(device.thread, NULL);
    close(device.udp);
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    add_host(run, device.host);
    ck_assert_int_eq(espota_upload_run(run->upload, NULL), ESPOTA_E_NO_ANSWER);
    expect(run, 0, ESPOTA_E_NO_ANSWER, "it is up, but nothing listens");
    ck_assert_str_eq(run->story, "i0R0");
    run_destroy(run);
}
END_TEST

START_TEST(test_dry_run)
{
    struct run *run = run_create();
    struct fake_device device;
    char text[256];

    run->options.dry_run = true;
    fake_start(&device, "127.0.0.2", device_that_only_listens, run);
    fake_poke(&device);
    pthread_join(device.thread, NULL);
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    add_host(run, device.host);
    ck_assert_int_eq(espota_upload_run(run->upload, NULL), ESPOTA_OK);
    expect(run, 0, ESPOTA_OK, "would be invited at 127.0.0.2:");
    ck_assert_str_eq(run->story, "R0");
    ck_assert(run->summary.dry_run);
    ck_assert_uint_eq(run->summary.ok, 0); /* nobody has the image */
    ck_assert_uint_eq(run->summary.ready, 1);
    ck_assert(!fake_hear(&device, text, sizeof(text), 0));
    close(device.udp);
    run_destroy(run);
}
END_TEST

START_TEST(test_limit_rate)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.limit_rate = 1000000;
    fake_start(&device, "127.0.0.2", good_device, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_OK);
    ck_assert(run->summary.seconds >= 0.19); /* 300,000 bytes, a tenth of a second at once */
    run_destroy(run);
}
END_TEST

/* Behind NAT, or with two interfaces: the call-back has another address. */
static void device_with_two_addresses(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    int fd;

    expect_turned_away(device, fake_connect(device, NULL, invitation.port));
    fd = fake_connect(device, "127.0.0.77", invitation.port);
    take_image(device, fd);
    fake_write(device, fd, "OK");
    fake_close(fd);
}

START_TEST(test_peer)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.peer = "127.0.0.77";
    fake_start(&device, "127.0.0.2", device_with_two_addresses, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_OK);
    run_destroy(run);
}
END_TEST

/* The same device, and nobody said --peer. It says nothing: its datagrams come from there, too. */
static void device_behind_another_address(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);

    expect_turned_away(device, fake_connect(device, "127.0.0.77", invitation.port));
}

START_TEST(test_call_back_from_elsewhere)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.timeout_ms = 1000;
    run->options.retries = 0;
    fake_start(&device, "127.0.0.2", device_behind_another_address, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_E_NO_ANSWER);
    expect(run, 0, ESPOTA_E_NO_ANSWER, "give --peer 127.0.0.77");
    ck_assert_ptr_null(strstr(run->results[0].message, "asleep"));
    run_destroy(run);
}
END_TEST

static void device_that_says_ok_too_early(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);
    char some[1000];
    size_t got;
    int fd = fake_connect(device, NULL, invitation.port);

    fake_read(device, fd, some, sizeof(some));
    fake_write(device, fd, "1000OK");
    fake_read_end(device, fd, &got);
    fake_close(fd);
}

START_TEST(test_ok_too_early)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.retries = 0;
    run->options.limit_rate = 100000; /* so that the last byte cannot have left */
    fake_start(&device, "127.0.0.2", device_that_says_ok_too_early, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_E_BROKEN);
    expect(run, 0, ESPOTA_E_BROKEN, "no success");
    run_destroy(run);
}
END_TEST

START_TEST(test_the_file_may_change_meanwhile)
{
    struct run *run = run_create();
    struct fake_device device;

    fake_start(&device, "127.0.0.2", good_device, run);
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    add_host(run, device.host);
    run->empty_at_start = true;
    ck_assert_int_eq(espota_upload_run(run->upload, NULL), ESPOTA_OK);
    fake_join(&device);
    run_destroy(run);
}
END_TEST

static enum espota_status run_with_file(struct run *run, const char *file, struct espota_error *err)
{
    run->options.file = file;
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, err), ESPOTA_OK);
    for (int i = 0; i < 2; i++)
        add_host(run, i == 0 ? "127.0.0.2:9" : "127.0.0.3:9");
    return espota_upload_run(run->upload, err);
}

START_TEST(test_bad_files)
{
    static const struct {
        const char *path;
        enum espota_status status;
        const char *part;
    } rows[] = {
        {"/nonexistent/image.bin", ESPOTA_E_LOCAL, "/nonexistent/image.bin"},
        {"/tmp", ESPOTA_E_LOCAL, "directory"},
        {"/dev/null", ESPOTA_E_LOCAL, "device"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct run *run = run_create();
        struct espota_error err = ESPOTA_ERROR_INIT;

        ck_assert_int_eq(run_with_file(run, rows[i].path, &err), rows[i].status);
        /* this machine's fault, told once and before the first device */
        ck_assert_msg(strstr(err.message, rows[i].part) != NULL, "%s", err.message);
        ck_assert_str_eq(run->story, "");
        run_destroy(run);
    }
}
END_TEST

START_TEST(test_empty_file)
{
    struct run *run = run_create();

    ck_assert_int_eq(truncate(run->path, 0), 0);
    ck_assert_int_eq(run_with_file(run, run->path, NULL), ESPOTA_E_IMAGE);
    expect(run, 1, ESPOTA_E_IMAGE, "is empty");
    run_destroy(run);
}
END_TEST

START_TEST(test_bad_arguments)
{
    struct run *run = run_create();
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_upload_target target = ESPOTA_UPLOAD_TARGET_INIT;
    struct espota_upload *upload;

    run->options.host_ip = "not an address";
    ck_assert_int_eq(espota_upload_create(&run->options, &upload, &err), ESPOTA_E_USAGE);
    ck_assert_ptr_null(upload);
    run->options.host_ip = NULL;
    run->options.file = NULL;
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, &err), ESPOTA_OK);
    ck_assert_int_eq(espota_upload_run(run->upload, &err), ESPOTA_E_USAGE);
    target.host = "h:0";
    ck_assert_int_eq(espota_upload_add(run->upload, &target, &err), ESPOTA_E_USAGE);
    add_host(run, "h");
    ck_assert_int_eq(espota_upload_run(run->upload, &err), ESPOTA_E_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "which image"));
    run_destroy(run);
}
END_TEST

START_TEST(test_port_in_use)
{
    struct run *run = run_create();
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_address any = {.family = 4}, bound;
    int fd;

    ck_assert_int_eq(espota_tcp_listen(&any, &fd, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(fd, &bound), ESPOTA_OK);
    run->options.host_port = bound.port;
    ck_assert_int_eq(run_with_file(run, run->path, &err), ESPOTA_E_LOCAL);
    ck_assert_str_ne(err.message, "");
    ck_assert_str_eq(run->story, "");
    espota_socket_close(&fd);
    run_destroy(run);
}
END_TEST

START_TEST(test_doubles_are_sent_once)
{
    struct run *run = run_create();
    struct fake_device device;
    struct espota_upload_target target = ESPOTA_UPLOAD_TARGET_INIT;

    fake_start(&device, "127.0.0.2", good_device, run);
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    target.host = device.host;
    ck_assert_int_eq(espota_upload_add(run->upload, &target, NULL), ESPOTA_OK);
    target.host = "127.0.0.2";
    target.port = device.port;
    ck_assert_int_eq(espota_upload_add(run->upload, &target, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_upload_run(run->upload, NULL), ESPOTA_OK);
    fake_join(&device);
    ck_assert_str_eq(run->story, "K1i0c0R0");
    ck_assert_ptr_nonnull(strstr(run->warnings, "are one device"));
    ck_assert_uint_eq(run->summary.skipped, 1);
    run_destroy(run);
}
END_TEST

START_TEST(test_failed_canary)
{
    struct run *run = run_create();
    struct fake_device devices[2];

    run->options.canary = 1;
    fake_start(&devices[0], "127.0.0.2", device_without_room, run);
    fake_start(&devices[1], "127.0.0.3", device_that_only_listens, run);
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    for (int i = 0; i < 2; i++)
        add_host(run, devices[i].host);
    ck_assert_int_eq(espota_upload_run(run->upload, NULL), ESPOTA_E_REFUSED);
    ck_assert_str_eq(run->story, "i0R0K1");
    ck_assert_uint_eq(run->summary.skipped, 1);
    ck_assert_ptr_nonnull(strstr(run->warnings, "1 targets were not invited"));
    fake_poke(&devices[1]);
    fake_join(&devices[0]);
    fake_join(&devices[1]);
    run_destroy(run);
}
END_TEST

/* Two runs with one state file; the devices of the second are counted by who is invited. */
static enum espota_status go_with_state(const char *state, struct fake_device *devices,
                                        size_t count, char story[512],
                                        struct espota_upload_event *summary)
{
    struct run *run = run_create();
    enum espota_status status;

    run->options.state_file = state;
    run->options.retries = 0;
    run->options.timeout_ms = 300;
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    for (size_t i = 0; i < count; i++) {
        devices[i].context = run;
        add_host(run, devices[i].host);
    }
    status = espota_upload_run(run->upload, NULL);
    strcpy(story, run->story);
    *summary = run->summary;
    run_destroy(run);
    return status;
}

START_TEST(test_state_goes_on_with_the_rest)
{
    struct run *shared = run_create(); /* its image is every run's image */
    struct fake_device devices[3];
    struct espota_upload_event summary;
    char folder[] = "/tmp/espota-state-XXXXXX", path[64], story[512];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/state", folder);
    fake_start(&devices[0], "127.0.0.2", good_device, shared);
    fake_start(&devices[1], "127.0.0.3", device_without_a_word, shared);
    fake_start(&devices[2], "127.0.0.4", device_without_room, shared);
    ck_assert_int_eq(go_with_state(path, devices, 3, story, &summary), ESPOTA_E_FAILED);
    for (int i = 0; i < 3; i++)
        fake_join(&devices[i]);
    ck_assert_uint_eq(summary.ok, 1);
    ck_assert_uint_eq(summary.unknown, 1);
    ck_assert_uint_eq(summary.failed, 1);

    /* nobody is there now: only the one that had refused is invited again */
    ck_assert_int_eq(go_with_state(path, devices, 3, story, &summary), ESPOTA_E_FAILED);
    ck_assert_str_eq(story, "D0R1i2R2");
    ck_assert_uint_eq(summary.done_before, 1);
    ck_assert_uint_eq(summary.skipped, 1);
    ck_assert_uint_eq(summary.unknown, 1);
    ck_assert_uint_eq(summary.failed, 1);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    run_destroy(shared);
}
END_TEST

/* The context is the run; it says when its device has been seen silent. */
static void device_that_restarts(struct fake_device *device)
{
    char text[256];

    good_device(device);
    fake_go_down(device);
    usleep(100000); /* no wait for something: the length of the restart */
    fake_come_up(device);
    while (fake_hear(device, text, sizeof(text), 500)) {
        if (strlen(text) > 1)
            fake_fault(device, "invited again: %s", text);
    }
}

START_TEST(test_wait_online)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.wait_online_ms = 20000;
    fake_start(&device, "127.0.0.2", device_that_restarts, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_OK);
    expect(run, 0, ESPOTA_OK, "is back online");
    ck_assert_str_eq(run->story, "i0c0R0");
    run_destroy(run);
}
END_TEST

static void device_that_stays_away(struct fake_device *device)
{
    good_device(device);
    fake_go_down(device);
}

START_TEST(test_wait_online_in_vain)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.wait_online_ms = 500;
    fake_start(&device, "127.0.0.2", device_that_stays_away, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_E_NO_ANSWER);
    expect(run, 0, ESPOTA_E_NO_ANSWER, "was not back online");
    ck_assert_str_eq(run->story, "i0c0R0"); /* it has the image: no other attempt */
    run_destroy(run);
}
END_TEST

START_TEST(test_wait_online_for_one_that_never_restarts)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.wait_online_ms = 500;
    fake_start(&device, "127.0.0.2", good_device, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_E_UNKNOWN);
    expect(run, 0, ESPOTA_E_UNKNOWN, "nothing showed that it restarted");
    run_destroy(run);
}
END_TEST

static void device_at_work(struct fake_device *device)
{
    char text[256];

    while (fake_hear(device, text, sizeof(text), 5000) && strcmp(text, "poke") != 0)
        ;
}

/* Another uploader is at it: it answers nobody, and yet it is there. */
START_TEST(test_busy_device)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.timeout_ms = 300;
    run->options.retries = 1;
    fake_start(&device, "127.0.0.2", device_at_work, run);
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    add_host(run, device.host);
    ck_assert_int_eq(espota_upload_run(run->upload, NULL), ESPOTA_E_NO_ANSWER);
    fake_poke(&device);
    fake_join(&device);
    expect(run, 0, ESPOTA_E_NO_ANSWER, "it is up (it answers by TCP): another uploader");
    ck_assert_str_eq(run->story, "i0r0i0R0");
    run_destroy(run);
}
END_TEST

/* ESPHome: the port's number is that of ArduinoOTA, but it is a TCP port. */
START_TEST(test_another_protocol)
{
    struct run *run = run_create();
    struct espota_address address;
    struct espota_upload_target target = ESPOTA_UPLOAD_TARGET_INIT;
    char host[ESPOTA_ADDRESS_TEXT];
    int listener;

    run->options.timeout_ms = 300;
    ck_assert(espota_address_parse("127.0.0.2", &address));
    ck_assert_int_eq(espota_tcp_listen(&address, &listener, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_socket_local(listener, &address), ESPOTA_OK);
    target.host = espota_address_format(&address, true, host);
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_upload_add(run->upload, &target, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_upload_run(run->upload, NULL), ESPOTA_E_NO_ANSWER);
    espota_socket_close(&listener);
    expect(run, 0, ESPOTA_E_NO_ANSWER, "ESPHome");
    run_destroy(run);
}
END_TEST

static void device_that_ignores(struct fake_device *device)
{
    char text[256];

    fake_invited(device);
    fake_say(device, "OK");
    while (fake_hear(device, text, sizeof(text), 400))
        ;
}

START_TEST(test_no_call_back)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.timeout_ms = 200;
    run->options.retries = 0;
    fake_start(&device, "127.0.0.2", device_that_ignores, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_E_NO_CALLBACK);
    expect(run, 0, ESPOTA_E_NO_CALLBACK, "did not connect to TCP port");
    expect(run, 0, ESPOTA_E_NO_CALLBACK, "It was told 127.0.0.");
    ck_assert_ptr_null(strstr(run->results[0].message, "partition"));
    run_destroy(run);
}
END_TEST

/* An ESP32 whose Update.begin() fails has said OK before and says nothing after. */
START_TEST(test_no_call_back_for_want_of_room)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.timeout_ms = 200;
    run->options.retries = 0;
    run->options.filesystem = true;
    fake_start(&device, "127.0.0.2", device_that_ignores, run);
    ck_assert_int_eq(go(run, &device, 1), ESPOTA_E_NO_CALLBACK);
    expect(run, 0, ESPOTA_E_NO_CALLBACK, "smaller than its 300000 bytes");
    run_destroy(run);
}
END_TEST

static uint64_t clock_ms(void)
{
    struct timespec now;

    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t heard_at[2]; /* the last datagram of the first, the first of the second */

static void device_that_hears_on(struct fake_device *device)
{
    char text[256];

    while (fake_hear(device, text, sizeof(text), 3000) && strcmp(text, "poke") != 0)
        heard_at[0] = clock_ms();
}

static void device_of_another_image(struct fake_device *device)
{
    fake_invited(device);
    heard_at[1] = clock_ms();
    fake_say(device, "ERR: enough");
}

/* With a fixed port the next one at the address must not be told it while a call-back may come. */
START_TEST(test_fixed_port_is_waited_out)
{
    struct run *run = run_create();
    struct fake_device devices[2];

    run->options.host_port = free_port();
    run->options.timeout_ms = 1000; /* invitations at 0, 250 and 750 ms, the end at 1000 */
    run->options.retries = 0;
    fake_start(&devices[0], "127.0.0.2", device_that_hears_on, run);
    fake_start(&devices[1], "127.0.0.2", device_of_another_image, run);
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    for (int i = 0; i < 2; i++)
        add_host(run, devices[i].host);
    ck_assert_int_eq(espota_upload_run(run->upload, NULL), ESPOTA_E_FAILED);
    ck_assert_str_eq(run->story, "i0R0i1R1");
    fake_poke(&devices[0]);
    fake_join(&devices[0]);
    fake_join(&devices[1]);
    ck_assert_uint_ge(heard_at[1] - heard_at[0], 600); /* 1000, and 250 if it did not wait */
    run_destroy(run);
}
END_TEST

UNIT_MAIN("fleet/upload", test_one_device, test_lost_ok, test_strangers_get_nothing,
          test_reports_are_bounded, test_datagrams_of_others, test_refused_by_datagram,
          test_words_before_a_reset, test_retry_after_a_break,
          test_end_without_a_word_is_unknown_at_once, test_late_caller, test_two_devices_at_once,
          test_fixed_port_waits_for_the_late_caller, test_one_address_one_after_the_other,
          test_one_question_for_all, test_later_ones_are_not_asked_again,
          test_nobody_knows_the_password, test_password_file_of_a_target,
          test_stop_before_the_call_back, test_stop_in_the_middle, test_closed_port, test_dry_run,
          test_limit_rate, test_peer, test_ok_too_early, test_the_file_may_change_meanwhile,
          test_bad_files, test_empty_file, test_bad_arguments, test_port_in_use,
          test_doubles_are_sent_once, test_failed_canary, test_state_goes_on_with_the_rest,
          test_wait_online, test_wait_online_in_vain, test_wait_online_for_one_that_never_restarts,
          test_no_call_back, test_no_call_back_for_want_of_room, test_busy_device,
          test_another_protocol, test_call_back_from_elsewhere, test_fixed_port_is_waited_out)
