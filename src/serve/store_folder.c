/* SPDX-License-Identifier: MIT */
/*
 * The store over a folder. Each file is copied when it is first asked for, because a build writes
 * into the same name while a device is still downloading, and a mixture of two images is what
 * no digest in a header forgives. A name is never joined to a path: it is opened below the folder.
 */
#include "serve/store_folder.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/store_image.h"
#include "serve/store_listing.h"
#include "sys/sys.h"
#include "text/text.h"

/* A file that was read; in a list, the one used last in front. */
struct kept {
    struct kept *next;
    struct espota_file_key key;
    struct espota_store_item item;
};

struct espota_store_folder {
    struct espota_store table;
    const struct espota_crypto *crypto;
    int folder;
    bool trusting;
    struct kept *first;
    struct espota_store_listing listing;
};

static void kept_free(struct kept *kept)
{
    espota_shared_bytes_leave(kept->item.content);
    free(kept);
}

/* Takes the file out of the list that `name` has had; NULL: none, or it has changed since. */
static struct kept *take_kept(struct espota_store_folder *store, const char *name,
                              const struct espota_file_key *key)
{
    for (struct kept **at = &store->first; *at != NULL; at = &(*at)->next) {
        struct kept *kept = *at;

        if (strcmp(kept->item.name, name) != 0)
            continue;
        *at = kept->next;
        if (espota_file_key_equal(&kept->key, key))
            return kept;
        kept_free(kept);
        return NULL;
    }
    return NULL;
}

static void put_in_front(struct espota_store_folder *store, struct kept *kept)
{
    kept->next = store->first;
    store->first = kept;
}

/* Forgets what was not used for longest until all fits; never the one in front. */
static void forget_beyond_room(struct espota_store_folder *store)
{
    uint64_t sum = 0;
    size_t files = 0;
    struct kept **at = &store->first;

    while (*at != NULL) {
        struct kept *kept = *at;

        sum += kept->item.size;
        files++;
        if ((sum <= ESPOTA_STORE_KEPT_MAX && files <= ESPOTA_STORE_KEPT_FILES) ||
            kept == store->first) {
            at = &kept->next;
            continue;
        }
        *at = kept->next;
        kept_free(kept);
    }
}

static bool is_settled(const struct espota_file_key *key)
{
    int64_t age = espota_file_clock_ns() - key->changed_ns;

    return age >= (int64_t)ESPOTA_STORE_SETTLE_MS * 1000000 || age < 0;
}

/* Copies and examines; the key must be the same before and after, or it was a mixture. */
static enum espota_status read_file(struct espota_store_folder *store, const char *name, int file,
                                    const struct espota_file_key *key, struct kept **out,
                                    struct espota_error *err)
{
    struct espota_file_key after;
    struct kept *kept = calloc(1, sizeof(*kept));
    enum espota_status status;

    if (kept == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "%s: out of memory", name);
    kept->key = *key;
    snprintf(kept->item.name, sizeof(kept->item.name), "%s", name);
    status = espota_shared_bytes_copy(file, (size_t)key->size, &kept->item.content, err);
    if (status == ESPOTA_OK &&
        (espota_file_key_of(file, &after) != ESPOTA_OK || !espota_file_key_equal(key, &after)))
        status = ESPOTA_E_BROKEN;
    if (status == ESPOTA_E_BROKEN)
        status = ESPOTA_MORE;
    if (status == ESPOTA_OK) {
        kept->item.size = (uint32_t)key->size;
        status = espota_store_item_examine(&kept->item, store->crypto, err);
    }
    if (status != ESPOTA_OK) {
        kept_free(kept);
        return status;
    }
    *out = kept;
    return ESPOTA_OK;
}

static enum espota_status look_at(struct espota_store_folder *store, const char *name, int file,
                                  const struct espota_file_key *key,
                                  const struct espota_store_item **item, struct espota_error *err)
{
    struct kept *kept = take_kept(store, name, key);

    if (kept == NULL) {
        enum espota_status status;

        if (!store->trusting && !is_settled(key))
            return ESPOTA_MORE;
        if (key->size == 0)
            return espota_error_set(err, ESPOTA_E_IMAGE, "%s is empty", name);
        if (key->size > ESPOTA_STORE_KEPT_MAX)
            return espota_error_set(err, ESPOTA_E_IMAGE, "%s is too large for any device", name);
        status = read_file(store, name, file, key, &kept, err);
        if (status != ESPOTA_OK)
            return status;
    }
    put_in_front(store, kept);
    forget_beyond_room(store);
    *item = &kept->item;
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
    size_t best = strlen(search->best) -
                  (search->best[0] != '\0' ? strlen(espota_store_ending(search->filesystem)) : 0);

    if (length <= start || length >= ESPOTA_STORE_NAME_MAX ||
        strncmp(name, search->base, search->base_length) != 0 || name[start - 1] != '-')
        return true;
    /* "door-open-1.bin" is no version of "door": a version begins with a digit, or v and a digit */
    if (!isdigit((unsigned char)name[start + (tolower((unsigned char)name[start]) == 'v')]))
        return true;
    if (search->best[0] == '\0' || espota_version_compare(name + start, length - start,
                                                          search->best + start, best - start) > 0)
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
        struct kept *kept = folder->first;

        folder->first = kept->next;
        kept_free(kept);
    }
    espota_store_listing_deinit(&folder->listing);
    espota_descriptor_close(&folder->folder);
    free(folder);
}

enum espota_status espota_store_folder_key(const struct espota_store_folder *folder,
                                           struct espota_file_key *key)
{
    return espota_file_key_of(folder->folder, key);
}

void espota_store_folder_trust(struct espota_store_folder *folder)
{
    folder->trusting = true;
}

const struct espota_store *espota_store_folder_table(struct espota_store_folder *folder)
{
    return &folder->table;
}
