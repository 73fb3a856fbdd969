/* SPDX-License-Identifier: MIT */
/* What the system's programs print about firewalls, or anything else. */
#include "fuzz.h"

#include <string.h>

#include "send/diagnose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct espota_firewall firewall;
    struct espota_diagnosis diagnosis = {.port = 1, .firewall = &firewall};
    struct espota_remedy remedy = {0};
    char text[512];
    char *copy = malloc(size + 1);

    FUZZ_CHECK(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    memset(&firewall, 0, sizeof(firewall));
    (void)espota_firewall_read_ufw(copy);
    (void)espota_firewall_read_iptables(copy);
    (void)espota_firewall_read_rule(copy, "C:\\x\\espota-c.exe", ESPOTA_NETWORK_PUBLIC, 8266);
    strcpy(firewall.program, "/opt/homebrew/bin/espota-c");
    espota_firewall_read_macos(copy, copy, &firewall);
    memset(&firewall, 0, sizeof(firewall));
    if (espota_firewall_read_nft(copy, size % 2 == 0, &firewall)) {
        FUZZ_CHECK(firewall.nft_chain[0] != '\0' && firewall.nft_table[0] != '\0');
        firewall.states[ESPOTA_FIREWALL_NFT] = ESPOTA_FIREWALL_ACTIVE;
        FUZZ_CHECK(espota_address_parse("10.0.0.7", &diagnosis.device));
        diagnosis.from = diagnosis.device;
        espota_diagnosis_callback(&diagnosis, text, sizeof(text), &remedy);
        for (const char *at = text; *at != '\0'; at++)
            FUZZ_CHECK(*at >= ' ' && *at <= '~');
    }
    free(copy);
    return 0;
}
