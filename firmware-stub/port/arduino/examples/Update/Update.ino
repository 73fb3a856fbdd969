// SPDX-License-Identifier: MIT
// A board that is updated over the network. Then, from a PC:
//   espota-c upload --host ADDRESS --password-file FILE Update.ino.bin
// or, for one that is found by its name: espota-c upload --name blinker ...
#include <EspotaDevice.h>

#if defined(ARDUINO_ARCH_ESP8266)
#include <ESP8266WiFi.h>
#include <ESP8266mDNS.h>
const uint16_t PORT = 8266;
#elif defined(ARDUINO_ARCH_ESP32)
#include <ESPmDNS.h>
#include <WiFi.h>
const uint16_t PORT = 3232;
#else
#include <LEAmDNS.h>
#include <WiFi.h>
const uint16_t PORT = 2040;
#endif

const char *NETWORK = "your network";
const char *NETWORK_PASSWORD = "its password";
const char *PASSWORD = "secret";

EspotaDevice device;

void setup()
{
    Serial.begin(115200);
    WiFi.mode(WIFI_STA);
    WiFi.begin(NETWORK, NETWORK_PASSWORD);
    while (WiFi.status() != WL_CONNECTED)
        delay(100);
    Serial.println(WiFi.localIP());

    device.setPassword(PASSWORD);
    device.onStart([](bool files) -> const char * {
        // put the pump or the door into a safe state, or return words why not now
        Serial.println(files ? "a new file system" : "a new program");
        return nullptr;
    });
    device.onEnd([]() { Serial.println("installed"); });
    device.onError([](const char *) { Serial.println("failed; the old program stays"); });
    if (!device.begin(PORT))
        Serial.println("no updates");

    if (MDNS.begin("blinker"))
        MDNS.enableArduino(PORT, true);
}

void loop()
{
    device.handle();
#if !defined(ARDUINO_ARCH_ESP32)
    MDNS.update();
#endif
}
