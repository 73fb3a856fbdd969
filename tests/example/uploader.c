/* SPDX-License-Identifier: MIT */
#include <espota/upload.h>
#include <stdio.h>

static void event(void *context, const struct espota_upload_event *event)
{
    (void)context;
    if (event->kind == ESPOTA_EVENT_RESULT)
        printf("%s: %s\n", event->target, event->message);
}

int main(int argc, char **argv)
{
    struct espota_upload_options options = ESPOTA_UPLOAD_OPTIONS_INIT;
    struct espota_upload_target target = ESPOTA_UPLOAD_TARGET_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_upload *upload = NULL;
    enum espota_status status;

    target.host = argc > 1 ? argv[1] : "";
    options.file = argc > 2 ? argv[2] : "";
    options.event = event;
    status = espota_upload_create(&options, &upload, &err);
    if (status == ESPOTA_OK)
        status = espota_upload_add(upload, &target, &err);
    if (status == ESPOTA_OK)
        status = espota_upload_run(upload, &err);
    if (err.message[0] != '\0')
        fprintf(stderr, "%s\n", err.message);
    espota_upload_destroy(upload);
    return espota_status_exit_code(status);
}
