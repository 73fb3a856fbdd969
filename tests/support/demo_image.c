/* SPDX-License-Identifier: MIT */
/* Writes the image that the demo uploads: laid out, summed and CRC'd as Arduino's build does. */
#include <stdio.h>
#include <stdlib.h>

#include "images.h"

int main(int argc, char **argv)
{
    /* 300,000 bytes of program, as a small sketch has; DIO, 4 MiB, 40 MHz */
    struct test_image image = test_esp8266(300000, 2, 0x40);
    FILE *file = argc == 2 ? fopen(argv[1], "wb") : NULL;
    int good = file != NULL && fwrite(image.bytes, 1, image.length, file) == image.length;

    if (file != NULL && fclose(file) != 0)
        good = 0;
    if (!good)
        perror(argc == 2 ? argv[1] : "usage: espota-demo-image FILE");
    test_image_free(&image);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
