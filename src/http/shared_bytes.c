/* SPDX-License-Identifier: MIT */
/*
 * A private copy that is mapped, in place of memory from the heap: the pages of images that nobody
 * asks for any longer go back to the system at once.
 */
#include "http/http.h"

#include <stdlib.h>

#include "sys/sys.h"

enum espota_status espota_shared_bytes_copy(int file, size_t size, struct espota_shared_bytes **out,
                                            struct espota_error *err)
{
    struct espota_shared_bytes *shared = calloc(1, sizeof(*shared));
    const void *bytes;
    enum espota_status status;

    *out = NULL;
    if (shared == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    status = espota_file_map_copy(file, size, &bytes, err);
    if (status != ESPOTA_OK) {
        free(shared);
        return status;
    }
    shared->bytes = bytes;
    shared->size = size;
    shared->users = 1;
    *out = shared;
    return ESPOTA_OK;
}

struct espota_shared_bytes *espota_shared_bytes_use(struct espota_shared_bytes *shared)
{
    shared->users++;
    return shared;
}

void espota_shared_bytes_leave(struct espota_shared_bytes *shared)
{
    if (shared == NULL || --shared->users > 0)
        return;
    espota_file_unmap(shared->bytes, shared->size);
    free(shared);
}
