/* SPDX-License-Identifier: MIT */
/*
 * The file of passwords on the disk. It is read each time that a device wants a password and
 * forgotten at once, so that no upload keeps those of other devices in memory.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/passwords.h"
#include "sys/sys.h"

enum { FILE_MAX = 1 << 20 };

enum espota_status password_file_path(char path[PASSWORD_PATH], struct espota_error *err)
{
    char folder[PASSWORD_PATH];

    if (espota_place(ESPOTA_PLACE_CONFIG, 0, folder, sizeof(folder)) &&
        espota_path_join(path, PASSWORD_PATH, folder, "espota-c") &&
        espota_path_join(folder, sizeof(folder), path, "passwords")) {
        memcpy(path, folder, sizeof(folder));
        return ESPOTA_OK;
    }
    return espota_error_set(err, ESPOTA_E_LOCAL,
                            "there is no place for passwords: the system names no folder for a "
                            "user's settings; is HOME set?");
}

/* A pipe would be waited for, where a device waits for its password. */
static bool is_something_else(const char *path)
{
    struct espota_file_key key;

    return espota_file_key_at(path, &key) == ESPOTA_OK && !espota_file_is_same(path, path);
}

enum espota_status password_file_read(const char *path, struct password_text *out,
                                      struct espota_error *err)
{
    char command[PASSWORD_PATH + 64];
    uint8_t *bytes = NULL;
    bool shared = false;
    enum espota_status status;

    *out = (struct password_text){0};
    if (!espota_file_exists(path))
        return ESPOTA_OK;
    if (is_something_else(path))
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s is no file: no passwords are read from it",
                                path);
    status = espota_file_read(path, FILE_MAX, &bytes, &out->length, &shared, err);
    out->bytes = (char *)bytes;
    if (status == ESPOTA_OK && shared) {
        password_text_deinit(out);
        status = espota_error_set(
            err, ESPOTA_E_LOCAL,
            "others can read %s, so the passwords in it are not used; take that away with: %s",
            path, espota_file_private_command(path, command, sizeof(command)));
    }
    return status;
}

static enum espota_status edit(const char *path, const char *host,
                               const struct espota_secret *password, size_t *before,
                               struct espota_error *err)
{
    struct password_text old, now = {0};
    enum espota_status status = password_file_read(path, &old, err);

    if (status == ESPOTA_OK) {
        status = password_edit(&old, host, password, &now, before, err);
        if (status == ESPOTA_E_LOCAL)
            (void)espota_error_prefix(err, "%s", path);
    }
    if (status == ESPOTA_OK && (password != NULL || *before > 0))
        status = espota_file_write(path, 0600, now.bytes, now.length, err);
    password_text_deinit(&old);
    password_text_deinit(&now);
    return status;
}

enum espota_status password_file_edit(const char *path, const char *host,
                                      const struct espota_secret *password, size_t *before,
                                      struct espota_error *err)
{
    struct espota_file_lock lock = ESPOTA_FILE_LOCK_INIT;
    enum espota_status status;

    *before = 0;
    if (password == NULL && !espota_file_exists(path))
        return ESPOTA_OK; /* nothing is made for what is taken away */
    status = espota_folder_create_for(path, 0700, err);
    if (status == ESPOTA_OK)
        status = espota_file_lock_take(&lock, path, err);
    if (status == ESPOTA_OK)
        status = edit(path, host, password, before, err);
    espota_file_lock_release(&lock);
    return status;
}

enum espota_status password_file_find(const struct password_names *names, char *host,
                                      struct espota_secret *out, struct espota_error *err)
{
    char path[PASSWORD_PATH];
    struct password_text text = {0};
    struct password_line line;
    enum espota_status status;

    if (password_file_path(path, NULL) != ESPOTA_OK)
        return ESPOTA_OK; /* where there is no place, nothing is kept */
    status = password_file_read(path, &text, err);
    if (status == ESPOTA_OK && text.bytes != NULL) {
        status = password_find(text.bytes, text.length, names, &line, err);
        if (status == ESPOTA_E_LOCAL)
            (void)espota_error_prefix(err, "%s", path);
        if (status == ESPOTA_OK)
            status = espota_secret_copy(out, line.password, line.length, err);
        if (status == ESPOTA_OK)
            memcpy(host, line.host, sizeof(line.host));
    }
    password_text_deinit(&text);
    return status == ESPOTA_MORE ? ESPOTA_OK : status;
}
