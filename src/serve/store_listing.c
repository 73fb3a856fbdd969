/* SPDX-License-Identifier: MIT */
/*
 * Many folders have a file for each device, and their names are what is looked for by most
 * requests: they lie sorted by the MAC that they are for.
 */
#include "serve/store.h"

#include <stdlib.h>
#include <string.h>

enum { STEADY_NS = 100000000 }; /* coarser than the clock of any file system that is local */

const char *espota_store_ending(bool filesystem)
{
    return filesystem ? ".fs.bin" : ".bin";
}

size_t espota_store_stem_length(const char *name, bool filesystem)
{
    const char *end = espota_store_ending(filesystem);
    size_t length = strlen(name);
    size_t tail = strlen(end);

    if (length <= tail || strcmp(name + length - tail, end) != 0)
        return 0;
    length -= tail; /* > 0 by the line above */
    if (!filesystem && length > 3 && strncmp(name + length - 3, ".fs", 3) == 0)
        return 0;
    return length;
}

size_t espota_store_any_stem_length(const char *name)
{
    size_t length = espota_store_stem_length(name, true);

    return length > 0 ? length : espota_store_stem_length(name, false);
}

static void forget_names(struct espota_store_listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->entries[i].name);
    listing->count = 0;
    listing->steady = false;
}

void espota_store_listing_deinit(struct espota_store_listing *listing)
{
    forget_names(listing);
    free(listing->entries);
    memset(listing, 0, sizeof(*listing));
}

static void take_mac(struct espota_listed *entry)
{
    char stem[32];
    size_t length;

    entry->mac[0] = '\0';
    entry->filesystem = espota_store_stem_length(entry->name, true) > 0;
    length = espota_store_stem_length(entry->name, entry->filesystem);
    if (length == 0 || length >= sizeof(stem))
        return;
    memcpy(stem, entry->name, length);
    stem[length] = '\0';
    if (!espota_mac_normalise(stem, false, entry->mac, sizeof(entry->mac)))
        entry->mac[0] = '\0';
}

static bool make_room(struct espota_store_listing *listing)
{
    size_t room = listing->room > 0 ? 2 * listing->room : 64;
    struct espota_listed *entries;

    if (listing->count < listing->room)
        return true;
    entries = realloc(listing->entries, room * sizeof(*entries));
    if (entries == NULL)
        return false;
    listing->entries = entries;
    listing->room = room;
    return true;
}

/* What is no image by its name is nothing to remember. Without memory the list is cut short, and
 * not steady. */
static bool take_name(void *context, const char *name)
{
    struct espota_store_listing *listing = context;
    struct espota_listed *entry;

    if (espota_store_any_stem_length(name) == 0)
        return true;
    entry = make_room(listing) ? &listing->entries[listing->count] : NULL;
    if (entry == NULL || (entry->name = strdup(name)) == NULL)
        return listing->steady = false;
    take_mac(entry);
    listing->count++;
    return true;
}

static int compare_keys(const struct espota_listed *a, const char *mac, bool filesystem)
{
    int order = strcmp(a->mac, mac);

    return order != 0 ? order : (int)a->filesystem - (int)filesystem;
}

static int compare(const void *a, const void *b)
{
    const struct espota_listed *one = a;
    const struct espota_listed *two = b;
    int order = compare_keys(one, two->mac, two->filesystem);

    return order != 0 ? order : strcmp(one->name, two->name);
}

bool espota_store_listing_refresh(struct espota_store_listing *listing, int folder)
{
    struct espota_file_key key;

    if (espota_file_key_of(folder, &key) != ESPOTA_OK) {
        forget_names(listing);
        return false;
    }
    if (listing->steady && espota_file_key_equal(&key, &listing->key))
        return true;
    forget_names(listing);
    listing->key = key;
    /* a change in the same tick of the clock would not be seen in the folder's time */
    listing->steady = espota_file_clock_ns() - key.changed_ns > STEADY_NS;
    if (espota_folder_list(folder, "", take_name, listing, NULL) != ESPOTA_OK) {
        forget_names(listing);
        return false;
    }
    if (listing->count > 0)
        qsort(listing->entries, listing->count, sizeof(*listing->entries), compare);
    return true;
}

const char *espota_store_listing_of_mac(const struct espota_store_listing *listing, const char *mac,
                                        bool filesystem)
{
    size_t low = 0;
    size_t high = listing->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_keys(&listing->entries[middle], mac, filesystem) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < listing->count && compare_keys(&listing->entries[low], mac, filesystem) == 0)
        return listing->entries[low].name;
    return NULL;
}
