/* SPDX-License-Identifier: MIT */
/* Each allocation of an upload is made to fail once: it must end in order, and leak nothing. */
#include "unit.h"

#include <stdio.h>

#include "alloc.h"
#include "espota/upload.h"

struct scene {
    char folder[64], image[96], targets[96], state[96];
    bool dry_run;
    struct espota_upload *upload;
    unsigned results;
};

static void on_event(void *context, const struct espota_upload_event *event)
{
    struct scene *scene = context;

    free(espota_upload_event_json(event, NULL, 0));
    if (event->kind == ESPOTA_EVENT_INVITED)
        espota_upload_stop(scene->upload); /* nobody is there */
    if (event->kind == ESPOTA_EVENT_RESULT)
        scene->results++;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static void scene_init(struct scene *scene)
{
    memset(scene, 0, sizeof(*scene));
    strcpy(scene->folder, "/tmp/espota-memory-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scene->folder));
    snprintf(scene->image, sizeof(scene->image), "%s/image", scene->folder);
    snprintf(scene->targets, sizeof(scene->targets), "%s/targets", scene->folder);
    snprintf(scene->state, sizeof(scene->state), "%s/state", scene->folder);
    write_file(scene->image, "\xe9 an image");
    write_file(scene->targets, "127.0.0.2:9\n127.0.0.3 port=9 # a comment\n127.0.0.2:9\n[::1]:9\n");
    write_file(scene->state, "{\"format\":\"espota-c upload state\",\"version\":1,\"entries\":["
                             "{\"target\":\"127.0.0.3:9\",\"command\":0,\"sha256\":"
                             "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
                             "\"result\":\"done\",\"time\":\"2026-11-21T04:05:06Z\"}]}");
}

static void scene_deinit(struct scene *scene)
{
    unlink(scene->image);
    unlink(scene->targets);
    unlink(scene->state);
    ck_assert_int_eq(rmdir(scene->folder), 0); /* no lock, no temporary */
}

static enum espota_status play(struct scene *scene, struct espota_error *err)
{
    struct espota_upload_options options = ESPOTA_UPLOAD_OPTIONS_INIT;
    struct espota_upload_target target = ESPOTA_UPLOAD_TARGET_INIT;
    enum espota_status status;

    options.file = scene->image;
    options.force = true;
    options.state_file = scene->state;
    options.dry_run = scene->dry_run;
    options.context = scene;
    options.event = on_event;
    status = espota_upload_create(&options, &scene->upload, err);
    if (status != ESPOTA_OK)
        return status;
    target.host = "127.0.0.4:9";
    status = espota_upload_add(scene->upload, &target, err);
    if (status == ESPOTA_OK)
        status = espota_upload_add_file(scene->upload, scene->targets, err);
    if (status == ESPOTA_OK)
        status = espota_upload_run(scene->upload, err);
    espota_upload_destroy(scene->upload);
    return status;
}

/* Until nothing is left to fail. Every outcome is fine but a crash, a leak, or a false success. */
static void play_all(bool dry_run, enum espota_status expected)
{
    size_t failed = 0;

    for (size_t n = 1;; n++) {
        struct espota_error err = ESPOTA_ERROR_INIT;
        struct scene scene;
        enum espota_status status;
        bool reached;

        scene_init(&scene);
        scene.dry_run = dry_run;
        alloc_fail_nth(n);
        status = play(&scene, &err);
        reached = alloc_has_failed();
        alloc_fail_nth(0);
        scene_deinit(&scene);
        if (!reached) {
            ck_assert_int_eq(status, expected);
            break;
        }
        failed += status != expected;
        /* what was not told by events is told by the error */
        ck_assert_msg(status == expected || scene.results > 0 || err.message[0] != '\0',
                      "allocation %zu: %s and not a word", n, espota_status_word(status));
    }
    ck_assert_uint_gt(failed, 10);
}

START_TEST(test_dry_run)
{
    play_all(true, ESPOTA_OK);
}
END_TEST

START_TEST(test_run)
{
    play_all(false, ESPOTA_E_INTERRUPTED);
}
END_TEST

UNIT_MAIN("fleet/upload memory", test_dry_run, test_run)
