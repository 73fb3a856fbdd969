/* SPDX-License-Identifier: MIT */
/* What every service promises a program of somebody else's. */
#include "unit.h"

#include <poll.h>
#include <stdio.h>

#include "espota/arduino_discovery.h"
#include "espota/arduino_install.h"
#include "espota/discover.h"
#include "espota/info.h"
#include "espota/serve.h"
#include "espota/sign.h"
#include "espota/upload.h"

/* A member that is added must not come to lie where an older program has padding. */
#define CHECK_SIZED(tag, INIT, last)                                                               \
    do {                                                                                           \
        struct tag sized = INIT;                                                                   \
                                                                                                   \
        ck_assert_uint_eq(offsetof(struct tag, size), 0);                                          \
        ck_assert_uint_eq(sized.size, sizeof(sized));                                              \
        ck_assert_uint_eq(offsetof(struct tag, last) + sizeof(sized.last), sizeof(sized));         \
    } while (0)

START_TEST(test_each_begins_with_its_size_and_ends_without_padding)
{
    CHECK_SIZED(espota_upload_options, ESPOTA_UPLOAD_OPTIONS_INIT, key);
    CHECK_SIZED(espota_upload_target, ESPOTA_UPLOAD_TARGET_INIT, platform);
    CHECK_SIZED(espota_discover_options, ESPOTA_DISCOVER_OPTIONS_INIT, event);
    CHECK_SIZED(espota_serve_options, ESPOTA_SERVE_OPTIONS_INIT, ready);
    CHECK_SIZED(espota_serve_device, ESPOTA_SERVE_DEVICE_INIT, path);
    CHECK_SIZED(espota_signer_options, ESPOTA_SIGNER_OPTIONS_INIT, log);
    CHECK_SIZED(espota_signed, ESPOTA_SIGNED_INIT, original);
    CHECK_SIZED(espota_verify_options, ESPOTA_VERIFY_OPTIONS_INIT, passphrase);
    CHECK_SIZED(espota_verified, ESPOTA_VERIFIED_INIT, reason);
    CHECK_SIZED(espota_header_options, ESPOTA_HEADER_OPTIONS_INIT, file);
    CHECK_SIZED(espota_arduino_discovery_options, ESPOTA_ARDUINO_DISCOVERY_OPTIONS_INIT, write);
    CHECK_SIZED(espota_arduino_install_options, ESPOTA_ARDUINO_INSTALL_OPTIONS_INIT, done);
}
END_TEST

#define ANYTHING(tag) ((struct tag *)(uintptr_t)16)

/* Nobody has to set what is created to NULL before, to destroy it in any case. */
START_TEST(test_out_is_null_after_a_failure)
{
    struct espota_upload_options upload_options = ESPOTA_UPLOAD_OPTIONS_INIT;
    struct espota_signer_options signer_options = ESPOTA_SIGNER_OPTIONS_INIT;
    struct espota_discover_options discover_options = {0};
    struct espota_arduino_discovery_options arduino_options = {0};
    struct espota_upload *upload = ANYTHING(espota_upload);
    struct espota_signer *signer = ANYTHING(espota_signer);
    struct espota_info *info = ANYTHING(espota_info);
    struct espota_discover *discover = ANYTHING(espota_discover);
    struct espota_arduino_discovery *arduino = ANYTHING(espota_arduino_discovery);

    upload_options.host_ip = "no address";
    ck_assert_int_eq(espota_upload_create(&upload_options, &upload, NULL), ESPOTA_E_USAGE);
    ck_assert_ptr_null(upload);
    upload = ANYTHING(espota_upload);
    ck_assert_int_eq(espota_upload_create(NULL, &upload, NULL), ESPOTA_E_USAGE);
    ck_assert_ptr_null(upload);
    signer_options.privatekey = "/dev/null/none";
    ck_assert_int_ne(espota_signer_create(&signer, &signer_options, NULL), ESPOTA_OK);
    ck_assert_ptr_null(signer);
    ck_assert_int_eq(espota_info_create(&info, "/dev/null/none", NULL), ESPOTA_E_LOCAL);
    ck_assert_ptr_null(info);
    ck_assert_int_eq(espota_discover_create(&discover_options, &discover, NULL), ESPOTA_E_USAGE);
    ck_assert_ptr_null(discover);
    ck_assert_int_eq(espota_arduino_discovery_create(&arduino_options, &arduino, NULL),
                     ESPOTA_E_USAGE);
    ck_assert_ptr_null(arduino);
    espota_upload_destroy(upload);
    espota_signer_destroy(signer);
    espota_info_destroy(info);
    espota_discover_destroy(discover);
    espota_arduino_discovery_destroy(arduino);
    espota_serve_destroy(NULL);
}
END_TEST

static const char image[] = "\xe9 an image";

struct told {
    struct espota_upload *upload;
    unsigned results, refused;
    size_t position; /* of the reader, in `image` */
    uint64_t total;
    char message[1024];
};

static void on_event(void *context, const struct espota_upload_event *event)
{
    struct told *told = context;

    told->refused += espota_upload_pump(told->upload, NULL) == ESPOTA_E_USAGE;
    if (event->kind != ESPOTA_EVENT_RESULT)
        return;
    told->results++;
    told->total = event->total;
    snprintf(told->message, sizeof(told->message), "%s", event->message);
}

static enum espota_status read_bytewise(void *context, void *out, size_t room, size_t *length,
                                        struct espota_error *err)
{
    struct told *told = context;

    (void)err;
    *length = told->position < sizeof(image) && room > 0;
    memcpy(out, image + told->position, *length);
    told->position += *length;
    return ESPOTA_OK;
}

static enum espota_status read_nothing(void *context, void *out, size_t room, size_t *length,
                                       struct espota_error *err)
{
    (void)context;
    (void)out;
    (void)room;
    *length = 0;
    return espota_error_set(err, ESPOTA_E_LOCAL, "the cupboard is bare");
}

/* Two targets, one of them with an image of its own if it is given one. */
static void prepare(struct told *told, struct espota_upload_options *options,
                    const struct espota_upload_image *own)
{
    struct espota_upload_target target = ESPOTA_UPLOAD_TARGET_INIT;

    options->force = true;
    options->context = told;
    options->event = on_event;
    ck_assert_int_eq(espota_upload_create(options, &told->upload, NULL), ESPOTA_OK);
    target.host = "127.0.0.2:9";
    ck_assert_int_eq(espota_upload_add(told->upload, &target, NULL), ESPOTA_OK);
    target.host = "127.0.0.3:9";
    target.image = own;
    ck_assert_int_eq(espota_upload_add(told->upload, &target, NULL), ESPOTA_OK);
}

START_TEST(test_an_image_from_memory_and_from_a_callback)
{
    struct espota_upload_options options = ESPOTA_UPLOAD_OPTIONS_INIT;
    struct espota_upload_image bytes = ESPOTA_UPLOAD_IMAGE_INIT;
    struct espota_upload_image stream = ESPOTA_UPLOAD_IMAGE_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct told told = {.results = 0};

    bytes.bytes = image;
    bytes.length = sizeof(image) - 2;
    stream.read = read_bytewise;
    stream.context = &told;
    options.image = &bytes;
    options.dry_run = true;
    prepare(&told, &options, &stream);
    memset(&bytes, 0, sizeof(bytes));
    memset(&stream, 0, sizeof(stream));
    ck_assert_int_eq(espota_upload_run(told.upload, &err), ESPOTA_OK);
    ck_assert_uint_eq(told.results, 2);
    ck_assert_uint_eq(told.position, sizeof(image));
    ck_assert_uint_eq(told.total, sizeof(image));
    espota_upload_destroy(told.upload);
}
END_TEST

START_TEST(test_images_that_are_none)
{
    struct espota_upload_options options = ESPOTA_UPLOAD_OPTIONS_INIT;
    struct espota_upload_image none = ESPOTA_UPLOAD_IMAGE_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct told told = {.results = 0};

    options.image = &none;
    ck_assert_int_eq(espota_upload_create(&options, &told.upload, NULL), ESPOTA_E_USAGE);
    none.read = read_nothing;
    options.file = "both";
    ck_assert_int_eq(espota_upload_create(&options, &told.upload, NULL), ESPOTA_E_USAGE);
    options.file = NULL;
    prepare(&told, &options, NULL);
    ck_assert_int_eq(espota_upload_run(told.upload, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "the cupboard is bare"));
    espota_upload_destroy(told.upload);
}
END_TEST

static enum espota_status drive(struct espota_upload *upload)
{
    enum espota_status status;

    while ((status = espota_upload_pump(upload, NULL)) == ESPOTA_MORE) {
        struct pollfd fd = {espota_upload_fd(upload), POLLIN, 0};
        int wait_ms = espota_upload_wait_ms(upload);

        if (fd.fd < 0 && (wait_ms < 0 || wait_ms > 10))
            wait_ms = 10;
        ck_assert_int_ge(poll(&fd, 1, wait_ms), 0);
    }
    return status;
}

/* Nobody is there: nothing but deadlines brings it to its end. */
START_TEST(test_in_a_loop_of_the_programs_own)
{
    struct espota_upload_options options = ESPOTA_UPLOAD_OPTIONS_INIT;
    struct espota_upload_image bytes = ESPOTA_UPLOAD_IMAGE_INIT;
    struct espota_upload_target late = ESPOTA_UPLOAD_TARGET_INIT;
    struct told told = {.results = 0};

    bytes.bytes = image;
    bytes.length = sizeof(image);
    options.image = &bytes;
    options.timeout_ms = 300;
    options.retries = 0;
    late.host = "127.0.0.4:9";
    prepare(&told, &options, NULL);
    ck_assert_int_eq(espota_upload_pump(told.upload, NULL), ESPOTA_E_USAGE);
    ck_assert_int_eq(espota_upload_wait_ms(told.upload), -1);
    ck_assert_int_eq(espota_upload_begin(told.upload, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_upload_begin(told.upload, NULL), ESPOTA_E_USAGE);
    ck_assert_int_eq(espota_upload_add(told.upload, &late, NULL), ESPOTA_E_USAGE);
    ck_assert_int_eq(drive(told.upload), ESPOTA_E_NO_ANSWER);
    ck_assert_uint_eq(told.results, 2);
    ck_assert_uint_gt(told.refused, 3);
    ck_assert_int_eq(espota_upload_pump(told.upload, NULL), ESPOTA_E_USAGE);
    espota_upload_destroy(told.upload);
}
END_TEST

START_TEST(test_destroyed_and_stopped_in_the_midst)
{
    struct espota_upload_options options = ESPOTA_UPLOAD_OPTIONS_INIT;
    struct espota_upload_image bytes = ESPOTA_UPLOAD_IMAGE_INIT;
    struct told told = {.results = 0};

    bytes.bytes = image;
    bytes.length = sizeof(image);
    options.image = &bytes;
    prepare(&told, &options, NULL);
    ck_assert_int_eq(espota_upload_begin(told.upload, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_upload_pump(told.upload, NULL), ESPOTA_MORE);
    espota_upload_destroy(told.upload);
    ck_assert_uint_eq(told.results, 0);
    prepare(&told, &options, NULL);
    ck_assert_int_eq(espota_upload_begin(told.upload, NULL), ESPOTA_OK);
    espota_upload_stop(told.upload);
    ck_assert_int_eq(drive(told.upload), ESPOTA_E_INTERRUPTED);
    ck_assert_uint_eq(told.results, 2);
    espota_upload_destroy(told.upload);
}
END_TEST

static bool never(void *context, enum espota_device_event event, const struct espota_device *device)
{
    (void)context;
    (void)event;
    (void)device;
    return true;
}

START_TEST(test_a_discovery_in_a_loop_of_the_programs_own)
{
    struct espota_discover_options options = ESPOTA_DISCOVER_OPTIONS_INIT;
    struct espota_discover *discover;
    enum espota_status status;

    options.via = ESPOTA_VIA_QUERY;
    options.timeout_ms = 300;
    options.event = never;
    ck_assert_int_eq(espota_discover_create(&options, &discover, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_discover_pump(discover, NULL), ESPOTA_E_USAGE);
    status = espota_discover_begin(discover, NULL);
    if (status == ESPOTA_OK) /* a machine without a network cannot even ask */
        while ((status = espota_discover_pump(discover, NULL)) == ESPOTA_MORE) {
            struct pollfd fd = {espota_discover_fd(discover), POLLIN, 0};

            ck_assert_int_gt(espota_discover_wait_ms(discover), -1);
            ck_assert_int_ge(poll(&fd, 1, espota_discover_wait_ms(discover)), 0);
        }
    ck_assert(status == ESPOTA_OK || status == ESPOTA_E_LOCAL);
    espota_discover_destroy(discover);
}
END_TEST

UNIT_MAIN("fleet/api", test_each_begins_with_its_size_and_ends_without_padding,
          test_out_is_null_after_a_failure, test_an_image_from_memory_and_from_a_callback,
          test_images_that_are_none, test_in_a_loop_of_the_programs_own,
          test_destroyed_and_stopped_in_the_midst, test_a_discovery_in_a_loop_of_the_programs_own)
