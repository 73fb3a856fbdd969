/* SPDX-License-Identifier: MIT */
/* What `info` says of files stands in tests/cli; here is what its callers may rely on. */
#include "espota/info.h"

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

/* The path is the caller's again at once. */
START_TEST(test_the_path_is_borrowed_for_the_call_alone)
{
    char path[] = "/tmp/espota-info-XXXXXX";
    char name[sizeof(path)];
    struct espota_info *info;
    char *line;
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "text", 4), 4);
    close(fd);
    memcpy(name, path, sizeof(path));
    ck_assert_int_eq(espota_info_create(&info, path, NULL), ESPOTA_OK);
    unlink(path);
    memset(path, '#', sizeof(path) - 1);
    line = espota_info_json(info);
    espota_info_destroy(info);
    ck_assert_ptr_nonnull(line);
    ck_assert_msg(strstr(line, name) != NULL, "%s", line);
    free(line);
}
END_TEST

UNIT_MAIN("image/info", test_the_path_is_borrowed_for_the_call_alone)
