/* SPDX-License-Identifier: MIT */
/*
 * The store over a folder. Each file is copied when it is first asked for, because a build writes
 * into the same name while a device is still downloading, and a mixture of two images is what
 * no digest in a header forgives. A name is never joined to a path: it is opened below the folder.
 *
 * A device says the digest of what it runs, and that is not the digest of the file: a signature
 * behind the image is not installed, a packed one is unpacked, and an ESP8266 writes its own flash
 * mode into the third byte. All that it could say is worked out once.
 */
#include "serve/store.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"
#include "sys/sys.h"
#include "text/text.h"
#include "wire/wire.h"

enum { FLASH_MODE_OFFSET = 2 };

static void forget(struct espota_store_item *item)
{
    espota_shared_bytes_leave(item->content);
    free(item);
}

/* Takes the file out of the list that `name` has had; NULL: none, or it has changed since. */
static struct espota_store_item *take_kept(struct espota_store_folder *store, const char *name,
                                           const struct espota_file_key *key)
{
    for (struct espota_store_item **at = &store->first; *at != NULL; at = &(*at)->next) {
        struct espota_store_item *item = *at;

        if (strcmp(item->name, name) != 0)
            continue;
        *at = item->next;
        if (espota_file_key_equal(&item->key, key))
            return item;
        forget(item);
        return NULL;
    }
    return NULL;
}

/* Forgets what was not used for longest until all fits; never the one in front. */
static void forget_beyond_room(struct espota_store_folder *store)
{
    uint64_t sum = 0;
    size_t files = 0;
    struct espota_store_item **at = &store->first;

    while (*at != NULL) {
        struct espota_store_item *item = *at;

        sum += item->size;
        files++;
        if ((sum <= ESPOTA_STORE_KEPT_MAX && files <= ESPOTA_STORE_KEPT_FILES) ||
            item == store->first) {
            at = &item->next;
            continue;
        }
        *at = item->next;
        forget(item);
    }
}

static bool is_settled(const struct espota_file_key *key)
{
    int64_t age = espota_file_clock_ns() - key->changed_ns;

    return age >= (int64_t)ESPOTA_STORE_SETTLE_MS * 1000000 || age < 0;
}

/* MD5 as text with the flash mode in an image's third byte as it would be. */
static enum espota_status md5_with_mode(const struct espota_crypto *crypto, const uint8_t *bytes,
                                        size_t length, uint8_t mode, char out[33])
{
    const struct espota_digest_part parts[] = {
        {bytes, FLASH_MODE_OFFSET},
        {&mode, 1},
        {bytes + FLASH_MODE_OFFSET + 1, length - FLASH_MODE_OFFSET - 1}};

    return espota_digest_hex(crypto, ESPOTA_DIGEST_MD5, parts, 3, out);
}

/* What runs is the payload without a trailer; an ESP8266 has its own flash mode in it. */
static enum espota_status running_digests(struct espota_store_item *item,
                                          const struct espota_crypto *crypto, const uint8_t *bytes,
                                          const struct espota_image *image)
{
    const struct espota_digest_part whole = {bytes, image->payload};
    enum espota_status status = ESPOTA_OK;

    item->running_count = image->kind == ESPOTA_IMAGE_ESP8266 ? ESPOTA_RUNNING_MAX : 1;
    if (item->running_count == 1)
        status = espota_digest_hex(crypto, ESPOTA_DIGEST_MD5, &whole, 1, item->running_md5[0]);
    else /* the parser saw a header, so there is a third byte */
        for (uint8_t mode = 0; status == ESPOTA_OK && mode < ESPOTA_RUNNING_MAX; mode++)
            status = md5_with_mode(crypto, bytes, image->payload, mode, item->running_md5[mode]);
    /* the hash that the boot loader checks stands at the end of the payload */
    if (image->kind == ESPOTA_IMAGE_ESP32 && image->hash == ESPOTA_CHECK_GOOD &&
        image->payload >= ESPOTA_SHA256_SIZE)
        espota_hex_encode(bytes + image->payload - ESPOTA_SHA256_SIZE, ESPOTA_SHA256_SIZE,
                          item->running_sha256);
    return status;
}

/*
 * A file of no known kind is no bad image: who only fetches files may want it. Whether the one who
 * asks can unpack is the decision's matter.
 */
static void take_problem(struct espota_store_item *item, const struct espota_image *image)
{
    if (image->kind != ESPOTA_IMAGE_UNKNOWN && image->problem_count > 0 &&
        image->problems[0].kind != ESPOTA_PROBLEM_GZIP_CHIP && item->problem[0] == '\0')
        espota_image_problem_text(&image->problems[0], item->problem);
}

/* Fills in all but name, content and size, which are set. */
static enum espota_status examine(struct espota_store_item *item,
                                  const struct espota_crypto *crypto, struct espota_error *err)
{
    struct espota_image_input from = {
        .name = item->name, .data = item->content->bytes, .length = item->size};
    struct espota_image_file file;
    const struct espota_image *runs;
    enum espota_status status = espota_image_load(&file, &from, true, crypto, err);

    if (status != ESPOTA_OK)
        return status;
    runs = file.packed ? &file.inner : &file.outer;
    memcpy(item->md5, file.md5, sizeof(item->md5));
    item->gzip = file.outer.kind == ESPOTA_IMAGE_GZIP;
    item->trailer = file.outer.payload < item->size;
    item->kind = runs->kind;
    take_problem(item, &file.outer);
    take_problem(item, runs);
    status = running_digests(item, crypto, file.packed ? file.unpacked : file.bytes, runs);
    espota_image_free(&file);
    return status;
}

/* Copies and examines; the key must be the same before and after, or it was a mixture. */
static enum espota_status read_file(const struct espota_store_folder *store, const char *name,
                                    int file, const struct espota_file_key *key,
                                    struct espota_store_item **out, struct espota_error *err)
{
    struct espota_file_key after;
    struct espota_store_item *item = calloc(1, sizeof(*item));
    enum espota_status status;

    if (item == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "%s: out of memory", name);
    item->key = *key;
    item->size = (uint32_t)key->size;
    snprintf(item->name, sizeof(item->name), "%s", name);
    status = espota_shared_bytes_copy(file, item->size, &item->content, err);
    if (status == ESPOTA_E_BROKEN ||
        (status == ESPOTA_OK &&
         (espota_file_key_of(file, &after) != ESPOTA_OK || !espota_file_key_equal(key, &after))))
        status = ESPOTA_MORE;
    if (status == ESPOTA_OK)
        status = examine(item, store->crypto, err);
    if (status == ESPOTA_OK)
        *out = item;
    else
        forget(item);
    return status;
}

static enum espota_status look_at(struct espota_store_folder *store, const char *name, int file,
                                  const struct espota_file_key *key,
                                  const struct espota_store_item **out, struct espota_error *err)
{
    struct espota_store_item *item = take_kept(store, name, key);
    enum espota_status status = ESPOTA_OK;

    if (item == NULL && !store->trusting && !is_settled(key))
        return ESPOTA_MORE;
    if (item == NULL && key->size == 0)
        return espota_error_set(err, ESPOTA_E_IMAGE, "%s is empty", name);
    if (item == NULL && key->size > ESPOTA_STORE_KEPT_MAX)
        return espota_error_set(err, ESPOTA_E_IMAGE, "%s is too large for any device", name);
    if (item == NULL)
        status = read_file(store, name, file, key, &item, err);
    if (status != ESPOTA_OK)
        return status;
    item->next = store->first;
    store->first = item;
    forget_beyond_room(store);
    *out = item;
    return ESPOTA_OK;
}

static enum espota_status look(void *context, const char *name,
                               const struct espota_store_item **item, struct espota_error *err)
{
    struct espota_store_folder *store = context;
    struct espota_file_key key;
    int file;
    enum espota_status status = espota_folder_open_file(store->folder, name, &file, &key, err);

    if (status != ESPOTA_OK)
        return status;
    status = look_at(store, name, file, &key, item, err);
    espota_descriptor_close(&file);
    return status;
}

static bool of_mac(void *context, const char *mac, bool filesystem,
                   char name[ESPOTA_STORE_NAME_MAX])
{
    struct espota_store_folder *store = context;
    const char *found = espota_store_listing_refresh(&store->listing, store->folder)
                            ? espota_store_listing_of_mac(&store->listing, mac, filesystem)
                            : NULL;

    if (found == NULL || strlen(found) >= ESPOTA_STORE_NAME_MAX)
        return false;
    strcpy(name, found);
    return true;
}

struct newest_search {
    const char *base; /* the stem's last part */
    size_t base_length;
    bool filesystem;
    char best[ESPOTA_STORE_NAME_MAX]; /* "": none yet */
};

static bool is_newest(void *context, const char *name)
{
    struct newest_search *search = context;
    size_t length = espota_store_stem_length(name, search->filesystem);
    size_t start = search->base_length + 1;
    size_t best = espota_store_stem_length(search->best, search->filesystem);

    if (length <= start || length >= ESPOTA_STORE_NAME_MAX ||
        strncmp(name, search->base, search->base_length) != 0 || name[start - 1] != '-')
        return true;
    /* "door-open-1.bin" is no version of "door": a version begins with a digit, or v and a digit */
    if (!isdigit((unsigned char)name[start + (tolower((unsigned char)name[start]) == 'v')]))
        return true;
    if (best == 0 || espota_version_compare(name + start, length - start, search->best + start,
                                            best - start) > 0)
        snprintf(search->best, sizeof(search->best), "%s", name);
    return true;
}

static bool newest(void *context, const char *stem, bool filesystem,
                   char name[ESPOTA_STORE_NAME_MAX])
{
    struct espota_store_folder *store = context;
    const char *slash = strrchr(stem, '/');
    struct newest_search search = {slash != NULL ? slash + 1 : stem, 0, filesystem, ""};
    int folder_length = slash != NULL ? (int)(slash - stem) : 0;
    char below[ESPOTA_STORE_NAME_MAX];

    search.base_length = strlen(search.base);
    snprintf(below, sizeof(below), "%.*s", folder_length, stem);
    if (folder_length > 0)
        (void)!espota_folder_list(store->folder, below, is_newest, &search, NULL);
    else if (espota_store_listing_refresh(&store->listing, store->folder))
        for (size_t i = 0; i < store->listing.count; i++)
            (void)is_newest(&search, store->listing.entries[i].name);
    if (search.best[0] == '\0')
        return false;
    return snprintf(name, ESPOTA_STORE_NAME_MAX, "%s%s%s", below, slash != NULL ? "/" : "",
                    search.best) < ESPOTA_STORE_NAME_MAX;
}

enum espota_status espota_store_folder_create(const char *path, const struct espota_crypto *crypto,
                                              struct espota_store_folder **out,
                                              struct espota_error *err)
{
    struct espota_store_folder *store = calloc(1, sizeof(*store));
    enum espota_status status;

    *out = NULL;
    if (store == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    store->table = (struct espota_store){store, look, of_mac, newest};
    store->crypto = crypto;
    status = espota_folder_open(path, &store->folder, err);
    if (status == ESPOTA_OK)
        *out = store;
    else
        free(store);
    return status;
}

void espota_store_folder_destroy(struct espota_store_folder *folder)
{
    if (folder == NULL)
        return;
    while (folder->first != NULL) {
        struct espota_store_item *item = folder->first;

        folder->first = item->next;
        forget(item);
    }
    espota_store_listing_deinit(&folder->listing);
    espota_descriptor_close(&folder->folder);
    free(folder);
}
