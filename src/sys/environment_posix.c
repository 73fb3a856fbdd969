/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "sys/program.h"

void espota_environment_remove(const char *name)
{
    (void)unsetenv(name);
}
