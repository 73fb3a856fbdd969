/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target without a fuzzer: each file of a corpus whole, then cut at
 * every byte, then with every bit turned. The input lies against a page that
 * faults, so that a read beyond its end is seen without a sanitizer, too.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* Beyond this many cuts or turns of one file only every nth is made: a corpus file is small. */
enum { FILE_MAX = 1 << 20, VARIANTS_MAX = 8192 };

static uint8_t *input_end; /* the first byte of the page that faults */

static void run(const uint8_t *data, size_t length)
{
    memcpy(input_end - length, data, length); /* length <= FILE_MAX, the room before the end */
    LLVMFuzzerTestOneInput(input_end - length, length);
}

static void run_variants(uint8_t *data, size_t length)
{
    size_t cut_step = length / VARIANTS_MAX + 1;
    size_t bit_step = 8 * length / VARIANTS_MAX + 1;

    run(data, length);
    for (size_t cut = 0; cut < length; cut += cut_step)
        run(data, cut);
    for (size_t bit = 0; bit < 8 * length; bit += bit_step) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        run(data, length);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static int run_file(const char *directory, const char *name)
{
    static uint8_t data[FILE_MAX];
    char path[4096];
    FILE *file;
    size_t length;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    length = fread(data, 1, sizeof(data), file);
    if (ferror(file) || fgetc(file) != EOF) {
        fprintf(stderr, "%s: unreadable, or longer than %d bytes\n", path, FILE_MAX);
        fclose(file);
        return -1;
    }
    fclose(file);
    fprintf(stderr, "%s: %zu bytes\n", name, length); /* the last line of a crash names its file */
    run_variants(data, length);
    return 0;
}

static int map_input(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *map =
        mmap(NULL, FILE_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED || mprotect(map + FILE_MAX, page, PROT_NONE) != 0) {
        perror("mmap");
        return -1;
    }
    input_end = map + FILE_MAX;
    return 0;
}

int main(int argc, char **argv)
{
    DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
    struct dirent *entry;
    int files = 0;
    int bad = 0;

    if (directory == NULL) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY (one that can be read)\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (map_input() != 0)
        return EXIT_FAILURE;
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        files++;
        bad += run_file(argv[1], entry->d_name) != 0;
    }
    closedir(directory);
    if (files == 0)
        fprintf(stderr, "%s: an empty corpus tests nothing\n", argv[1]);
    return files > 0 && bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
