/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "sys/program.h"

void espota_environment_remove(const char *name)
{
    (void)_putenv_s(name, ""); /* which is no empty variable here, but none */
}
