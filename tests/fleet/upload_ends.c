/* SPDX-License-Identifier: MIT */
/* How runs over played devices end: stopped, refused before they began, remembered, waited for. */
#include "upload_run.h"

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

    run->options.limit_rate = 100000;
    run->stop_at_progress = true;
    go_alone(run, device_that_is_left_alone, ESPOTA_E_INTERRUPTED, "keeps the program");
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

static void device_that_restarts_and_is_lost(struct fake_device *device)
{
    char text[256];

    fake_go_down(device);
    usleep(500000); /* no wait for something: until it is back, what is sent to it comes back */
    fake_come_up(device);
    while (fake_hear(device, text, sizeof(text), 5000) && strcmp(text, "poke") != 0)
        continue; /* its answers are lost */
}

/* One that turned an invitation back may have been restarting: it is asked once more. */
START_TEST(test_closed_port_and_then_silence)
{
    struct run *run = run_create();
    struct fake_device device;

    run->options.timeout_ms = 2500;
    run->options.retries = 1;
    fake_start(&device, "127.0.0.2", device_that_restarts_and_is_lost, run);
    ck_assert_int_eq(espota_upload_create(&run->options, &run->upload, NULL), ESPOTA_OK);
    add_host(run, device.host);
    ck_assert_int_eq(espota_upload_run(run->upload, NULL), ESPOTA_E_NO_ANSWER);
    fake_poke(&device);
    fake_join(&device);
    ck_assert_str_eq(run->story, "i0r0i0R0");
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

/* The same device, and nobody named its peer. It says nothing: its datagrams come from there, too.
 */
static void device_behind_another_address(struct fake_device *device)
{
    struct fake_invitation invitation = fake_invited(device);

    expect_turned_away(device, fake_connect(device, "127.0.0.77", invitation.port));
}

START_TEST(test_call_back_from_elsewhere)
{
    struct run *run = run_create();

    run->options.timeout_ms = 1000;
    run->options.retries = 0;
    go_alone(run, device_behind_another_address, ESPOTA_E_NO_ANSWER,
             "127.0.0.77, which was not invited");
    ck_assert_uint_eq(run->results[0].remedy.ways, ESPOTA_REMEDY_NAME_PEER);
    ck_assert_str_eq(run->results[0].remedy.peer, "127.0.0.77");
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

    run->options.retries = 0;
    run->options.limit_rate = 100000; /* so that the last byte cannot have left */
    go_alone(run, device_that_says_ok_too_early, ESPOTA_E_BROKEN, "no success");
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

    run->options.wait_online_ms = 20000;
    go_alone(run, device_that_restarts, ESPOTA_OK, "is back online");
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

    run->options.wait_online_ms = 500;
    go_alone(run, device_that_stays_away, ESPOTA_E_NO_ANSWER, "was not back online");
    ck_assert_str_eq(run->story, "i0c0R0"); /* it has the image: no other attempt */
    run_destroy(run);
}
END_TEST

START_TEST(test_wait_online_for_one_that_never_restarts)
{
    struct run *run = run_create();

    run->options.wait_online_ms = 500;
    go_alone(run, good_device, ESPOTA_E_UNKNOWN, "nothing showed that it restarted");
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

    run->options.timeout_ms = 200;
    run->options.retries = 0;
    go_alone(run, device_that_ignores, ESPOTA_E_NO_CALLBACK, "did not connect to TCP port");
    expect(run, 0, ESPOTA_E_NO_CALLBACK, "It was told 127.0.0.");
    ck_assert_ptr_null(strstr(run->results[0].message, "partition"));
    run_destroy(run);
}
END_TEST

/* An ESP32 whose Update.begin() fails has said OK before and says nothing after. */
START_TEST(test_no_call_back_for_want_of_room)
{
    struct run *run = run_create();

    run->options.timeout_ms = 200;
    run->options.retries = 0;
    run->options.filesystem = true;
    go_alone(run, device_that_ignores, ESPOTA_E_NO_CALLBACK, "smaller than its 300000 bytes");
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

UNIT_MAIN("fleet/upload ends", test_stop_before_the_call_back, test_stop_in_the_middle,
          test_closed_port, test_closed_port_and_then_silence, test_dry_run, test_limit_rate,
          test_peer, test_ok_too_early, test_the_file_may_change_meanwhile, test_bad_files,
          test_empty_file, test_bad_arguments, test_port_in_use, test_doubles_are_sent_once,
          test_failed_canary, test_state_goes_on_with_the_rest, test_wait_online,
          test_wait_online_in_vain, test_wait_online_for_one_that_never_restarts, test_no_call_back,
          test_no_call_back_for_want_of_room, test_busy_device, test_another_protocol,
          test_call_back_from_elsewhere, test_fixed_port_is_waited_out)
