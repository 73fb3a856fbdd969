/* SPDX-License-Identifier: MIT */
/* The uploader against devices that a test plays (support/fake_device.h): one exchange, good or
 * bad, and several at once. */
#include "upload_run.h"

START_TEST(test_one_device)
{
    struct run *run = run_create();

    go_alone(run, good_device, ESPOTA_OK, "has taken the image");
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

    for (int i = 0; i < 200; i++) /* one may be reset before it knows that it was connected */
        fake_close(fake_try_connect(device, "127.0.0.99", invitation.port));
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

START_TEST(test_refused_by_datagram)
{
    struct run *run = run_create();

    go_alone(run, device_without_room, ESPOTA_E_REFUSED, "\"ERROR[4]: Not Enough Space\"");
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

    run->options.retries = 0;
    go_alone(run, device_that_complains, ESPOTA_E_REFUSED, "\"ERROR[1]: Flash Write Failed\"");
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

START_TEST(test_end_without_a_word_is_unknown_at_once)
{
    struct run *run = run_create();

    go_alone(run, device_without_a_word, ESPOTA_E_UNKNOWN, "without saying OK");
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

static char sought[256]; /* whose passwords were */

/* 127.0.0.3 has one, and the file that would tell that of 127.0.0.4 cannot be read. */
static enum espota_status on_find(void *context, const char *target, const char *host,
                                  uint16_t port, struct espota_secret *out,
                                  struct espota_error *err)
{
    size_t used = strlen(sought);
    char typed[64];

    (void)context;
    snprintf(typed, sizeof(typed), "%s:%u", host, port);
    ck_assert_str_eq(target, typed);
    snprintf(sought + used, sizeof(sought) - used, "%s ", host);
    if (strcmp(host, "127.0.0.4") == 0)
        return espota_error_set(err, ESPOTA_E_LOCAL, "cannot open the drawer");
    return strcmp(host, "127.0.0.3") == 0 ? espota_secret_copy(out, "secret", 6, err) : ESPOTA_OK;
}

/* It is looked for where a device asks, and a person is asked where there is none. */
START_TEST(test_a_password_of_its_own)
{
    struct run *run = run_create();
    struct fake_device devices[4];

    sought[0] = '\0';
    run->answer = "secret";
    run->options.find_password = on_find;
    run->options.jobs = 1;
    fake_start(&devices[0], "127.0.0.2", device_with_a_password, run);
    fake_start(&devices[1], "127.0.0.3", device_with_a_password, run);
    fake_start(&devices[2], "127.0.0.4", device_that_asks_in_vain, run);
    fake_start(&devices[3], "127.0.0.5", good_device, run);
    ck_assert_int_eq(go(run, devices, 4), ESPOTA_E_LOCAL);
    for (size_t i = 0; i < 4; i++)
        expect(run, i, i == 2 ? ESPOTA_E_LOCAL : ESPOTA_OK, i == 2 ? "open the drawer" : "");
    ck_assert_str_eq(sought, "127.0.0.2 127.0.0.3 127.0.0.4 ");
    ck_assert_uint_eq(run->asked, 1);
    ck_assert_uint_eq(run->results[2].attempts, 1);
    run_destroy(run);
}
END_TEST

/* All at once: nobody waits for the one that a person is asked about. */
START_TEST(test_a_password_of_its_own_waits_for_nobody)
{
    struct run *run = run_create();
    struct fake_device devices[2];

    run->answer = "secret";
    run->options.find_password = on_find;
    fake_start(&devices[0], "127.0.0.2", device_with_a_password, run);
    fake_start(&devices[1], "127.0.0.3", device_with_a_password, run);
    ck_assert_int_eq(go(run, devices, 2), ESPOTA_OK);
    ck_assert_uint_eq(run->asked, 1);
    ck_assert(strstr(run->story, "R1") < strstr(run->story, "c0"));
    run_destroy(run);
}
END_TEST

START_TEST(test_a_password_for_all_comes_first)
{
    struct run *run = run_create();

    sought[0] = '\0';
    run->options.find_password = on_find;
    ck_assert_int_eq(espota_secret_copy(&run->options.password, "secret", 6, NULL), ESPOTA_OK);
    go_alone(run, device_with_a_password, ESPOTA_OK, "");
    ck_assert_str_eq(sought, "");
    espota_secret_wipe(&run->options.password);
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
          test_a_password_of_its_own, test_a_password_of_its_own_waits_for_nobody,
          test_a_password_for_all_comes_first)
