/* SPDX-License-Identifier: MIT */
/* An image from memory, sent beside all else that a program's main loop does: GLib's, here. */
#include <espota/upload.h>
#include <glib-unix.h>
#include <stdio.h>

struct run {
    GMainLoop *loop;
    struct espota_upload *upload;
    guint timer; /* 0: none is set */
    enum espota_status status;
};

static void event(void *context, const struct espota_upload_event *event)
{
    (void)context;
    if (event->kind == ESPOTA_EVENT_RESULT)
        printf("%s: %s\n", event->target, event->message);
}

static gboolean due(gpointer data);

/* What is to be done now; then the deadline is another one. */
static void pump(struct run *run)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    int wait_ms;

    if (run->timer != 0)
        g_source_remove(run->timer);
    run->timer = 0;
    run->status = espota_upload_pump(run->upload, &err);
    if (run->status != ESPOTA_MORE) {
        if (err.message[0] != '\0')
            fprintf(stderr, "%s\n", err.message);
        g_main_loop_quit(run->loop);
        return;
    }
    wait_ms = espota_upload_wait_ms(run->upload);
    if (espota_upload_fd(run->upload) < 0 && (wait_ms < 0 || wait_ms > 10))
        wait_ms = 10;
    if (wait_ms >= 0)
        run->timer = g_timeout_add((guint)wait_ms, due, run);
}

static gboolean due(gpointer data)
{
    struct run *run = data;

    run->timer = 0;
    pump(run);
    return G_SOURCE_REMOVE;
}

static gboolean ready(gint fd, GIOCondition condition, gpointer data)
{
    (void)fd;
    (void)condition;
    pump(data);
    return G_SOURCE_CONTINUE;
}

static enum espota_status send_image(const char *host, const char *bytes, size_t length)
{
    struct espota_upload_options options = ESPOTA_UPLOAD_OPTIONS_INIT;
    struct espota_upload_target target = ESPOTA_UPLOAD_TARGET_INIT;
    struct espota_upload_image image = ESPOTA_UPLOAD_IMAGE_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct run run = {g_main_loop_new(NULL, FALSE), NULL, 0, ESPOTA_OK};

    image.bytes = bytes;
    image.length = length;
    target.host = host;
    options.image = &image;
    options.event = event;
    run.status = espota_upload_create(&options, &run.upload, &err);
    if (run.status == ESPOTA_OK)
        run.status = espota_upload_add(run.upload, &target, &err);
    if (run.status == ESPOTA_OK)
        run.status = espota_upload_begin(run.upload, &err);
    if (run.status == ESPOTA_OK) {
        guint watch = 0;

        if (espota_upload_fd(run.upload) >= 0)
            watch = g_unix_fd_add(espota_upload_fd(run.upload), G_IO_IN, ready, &run);
        run.timer = g_timeout_add(0, due, &run);
        g_main_loop_run(run.loop);
        if (watch != 0)
            g_source_remove(watch);
    } else {
        fprintf(stderr, "%s\n", err.message);
    }
    espota_upload_destroy(run.upload);
    g_main_loop_unref(run.loop);
    return run.status;
}

int main(int argc, char **argv)
{
    enum espota_status status = ESPOTA_E_LOCAL;
    GError *problem = NULL;
    gchar *bytes;
    gsize length;

    if (argc == 3 && g_file_get_contents(argv[2], &bytes, &length, &problem)) {
        status = send_image(argv[1], bytes, length);
        g_free(bytes);
    } else {
        fprintf(stderr, "%s\n", problem != NULL ? problem->message : "usage: glib HOST IMAGE");
        g_clear_error(&problem);
    }
    return espota_status_exit_code(status);
}
