/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "fleet/fleet.h"
#include "send/send.h"

/*
 * The firewall is asked about once a run, when the first device has failed to call back for good.
 * It takes some milliseconds, or tenths of a second where Python writes the rules; the streams of
 * other devices live on what their sockets hold.
 */
static const struct espota_firewall *firewall_of(struct espota_upload *upload,
                                                 const struct espota_diagnosis *about)
{
    bool ipv6 = about->from.family == 6;

    if (!upload->firewall_probed[ipv6])
        espota_firewall_probe(about, &upload->firewall[ipv6]);
    upload->firewall_probed[ipv6] = true;
    return &upload->firewall[ipv6];
}

static void find_way(const struct espota_upload *upload, struct espota_diagnosis *out)
{
    out->local = upload->host_ip;
    out->local_fixed = upload->host_ip.family != 0;
    if (espota_route_to(&out->device, &out->local, out->interface_name, &out->same_subnet, NULL) !=
        ESPOTA_OK)
        out->local.family = 0;
}

/*
 * Whether the device may have found that the image does not fit after its OK: an ESP32 says OK
 * first. The others begin the update before they say it.
 */
static bool may_not_fit(const struct espota_job *job)
{
    if (job->kind == ESPOTA_KIND_ESP8266 || job->kind == ESPOTA_KIND_PICO)
        return false;
    return job->kind == ESPOTA_KIND_ESP32 || job->command == ESPOTA_COMMAND_FILESYSTEM ||
           espota_chip_is_esp32(job->source->chip);
}

void espota_fleet_diagnose(struct espota_job *job, const struct espota_outcome *outcome,
                           struct espota_end *end, char *out, size_t room)
{
    struct espota_upload *upload = job->upload;
    struct espota_diagnosis diagnosis = {
        .device = job->device,
        .from = job->from,
        .port = outcome->host_port,
        .port_fixed = upload->options.host_port != 0,
        .size = may_not_fit(job) ? job->source->length : 0,
    };
    enum espota_doubt doubt = espota_outcome_doubt(outcome);
    char more[2048];

    if (doubt == ESPOTA_DOUBT_NONE)
        return;
    find_way(upload, &diagnosis);
    if (doubt == ESPOTA_DOUBT_ROUTE) {
        espota_diagnosis_route(&diagnosis, more, sizeof(more));
    } else {
        diagnosis.firewall = firewall_of(upload, &diagnosis);
        espota_diagnosis_callback(&diagnosis, more, sizeof(more), &end->remedy);
    }
    if (more[0] == '\0')
        return;
    snprintf(out, room, "%s.%s", end->message, more);
    end->message = out;
}
