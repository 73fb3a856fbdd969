/* SPDX-License-Identifier: MIT */
/* What every service promises a program of somebody else's. */
#include "unit.h"

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
    CHECK_SIZED(espota_upload_options, ESPOTA_UPLOAD_OPTIONS_INIT, ask_password);
    CHECK_SIZED(espota_upload_target, ESPOTA_UPLOAD_TARGET_INIT, board);
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

UNIT_MAIN("fleet/api", test_each_begins_with_its_size_and_ends_without_padding,
          test_out_is_null_after_a_failure)
