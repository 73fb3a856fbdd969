// SPDX-License-Identifier: MIT
// Updates over the network, in place of ArduinoOTA: begin() once the network is up, handle() in
// loop(). What is received goes through the core's Update, with its checks and its loader. IPv4.
#ifndef ESPOTA_DEVICE_ARDUINO_H
#define ESPOTA_DEVICE_ARDUINO_H

#include <Arduino.h>

#include <functional>

class EspotaDevice
{
  public:
    EspotaDevice() = default;
    ~EspotaDevice()
    {
        end();
    }
    EspotaDevice(const EspotaDevice &) = delete;
    EspotaDevice &operator=(const EspotaDevice &) = delete;

    // Before begin(). Without a password everyone may update.
    void setPassword(const char *password)
    {
        password_ = password;
    }

    // Before anything is touched; `files`: of a file system, which must be unmounted now. Words
    // returned are why not, and are shown to who uploads; nullptr lets it begin.
    void onStart(std::function<const char *(bool files)> call)
    {
        start_ = call;
    }
    void onProgress(std::function<void(uint32_t done, uint32_t size)> call)
    {
        progress_ = call;
    }
    // Installed; the restart follows.
    void onEnd(std::function<void()> call)
    {
        end_ = call;
    }
    // Nothing was installed. `text` may hold bytes that the host chose.
    void onError(std::function<void(const char *text)> call)
    {
        error_ = call;
    }

    // Port 0: the core's own for ArduinoOTA (8266, 3232 or 2040). False: no memory, or the port is
    // taken. Takes 5 KiB of memory until end().
    bool begin(uint16_t port = 0);
    // As often as possible. Takes as long as a sector of flash, or a host that does not answer.
    void handle();
    void end();

  private:
    friend struct EspotaDeviceInside;
    struct EspotaDeviceInside *inside_ = nullptr;
    String password_;
    std::function<const char *(bool)> start_;
    std::function<void(uint32_t, uint32_t)> progress_;
    std::function<void()> end_;
    std::function<void(const char *)> error_;
};

#endif
