/* SPDX-License-Identifier: MIT */
/* What other systems ask a program for (their firewall's rules), Windows tells by calls; so here no
 * program is run, and none is looked for. */
#include "sys/process.h"

bool espota_process_is_there(const char *name)
{
    (void)name;
    return false;
}

enum espota_status espota_process_run(struct espota_process *process, struct espota_error *err)
{
    process->length = 0;
    process->cut = false;
    process->exit_code = -1;
    process->output[0] = '\0';
    return espota_error_set(err, ESPOTA_E_NO_ANSWER, "%s is not installed", process->argv[0]);
}
