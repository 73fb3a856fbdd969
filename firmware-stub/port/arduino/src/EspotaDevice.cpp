// SPDX-License-Identifier: MIT
// The receiver on WiFiUDP, WiFiClient and Update, which the three cores have alike.
#include "EspotaDevice.h"

#include <WiFiClient.h>
#include <WiFiUdp.h>

#if defined(ARDUINO_ARCH_ESP32)
#include <Update.h>
#else
#include <Updater.h>
#endif

#include <new>

#include "EspotaBoard.h"

extern "C" {
#include "device.h"
#include "port/package/package.h"
}

struct EspotaDeviceInside {
    EspotaDevice *owner;
    WiFiUDP udp;
    WiFiClient tcp;
    struct espota_pump pump;
    struct espota_pump_ops ops;
    struct espota_package package;
    struct espota_flash flash;
    struct espota_installer installer;
    struct espota_package_board board;
    uint32_t clock_low; // of millis, to make 64 bits of it
    uint32_t clock_high;
    uint32_t left; // of the image, to be written

    static const char *told(void *context, const struct espota_device_news *news);
};

namespace {

EspotaDeviceInside *inside(void *context)
{
    return static_cast<EspotaDeviceInside *>(context);
}

IPAddress addressOf(const struct espota_peer *peer)
{
    return IPAddress(peer->address[0], peer->address[1], peer->address[2], peer->address[3]);
}

// --- network ---

enum espota_status udpReceive(void *context, void *data, size_t room, size_t *length,
                              struct espota_peer *from)
{
    WiFiUDP &udp = inside(context)->udp;

    *length = 0;
    if (udp.parsePacket() <= 0)
        return ESPOTA_MORE;
    int got = udp.read(static_cast<uint8_t *>(data), room);
    IPAddress address = udp.remoteIP();
    memset(from, 0, sizeof(*from));
    for (int i = 0; i < 4; i++)
        from->address[i] = address[i];
    from->port = udp.remotePort();
    *length = got > 0 ? (size_t)got : 0;
    return ESPOTA_OK;
}

enum espota_status udpSend(void *context, const void *data, size_t length,
                           const struct espota_peer *to)
{
    WiFiUDP &udp = inside(context)->udp;

    if (!udp.beginPacket(addressOf(to), to->port))
        return ESPOTA_E_FAILED;
    udp.write(static_cast<const uint8_t *>(data), length);
    return udp.endPacket() ? ESPOTA_OK : ESPOTA_E_FAILED;
}

// The one function that waits, as long as the core's client does for a host that is not there.
enum espota_status tcpConnect(void *context, const struct espota_peer *to)
{
    WiFiClient &tcp = inside(context)->tcp;

    if (!tcp.connect(addressOf(to), to->port))
        return ESPOTA_E_FAILED;
    tcp.setNoDelay(true);
    return ESPOTA_OK;
}

enum espota_status tcpReceive(void *context, void *data, size_t room, size_t *length)
{
    WiFiClient &tcp = inside(context)->tcp;
    size_t there = tcp.available();

    *length = 0;
    if (there == 0)
        return tcp.connected() ? ESPOTA_MORE : ESPOTA_OK;
    int got = tcp.read(static_cast<uint8_t *>(data), there < room ? there : room);
    if (got < 0)
        return ESPOTA_E_BROKEN;
    *length = (size_t)got;
    return got > 0 ? ESPOTA_OK : ESPOTA_MORE;
}

enum espota_status tcpSend(void *context, const void *data, size_t length, size_t *sent)
{
    WiFiClient &tcp = inside(context)->tcp;

    *sent = tcp.write(static_cast<const uint8_t *>(data), length);
    if (*sent > 0)
        return ESPOTA_OK;
    return tcp.connected() ? ESPOTA_MORE : ESPOTA_E_BROKEN;
}

void tcpClose(void *context)
{
    inside(context)->tcp.stop();
}

uint64_t now(void *context)
{
    EspotaDeviceInside *device = inside(context);
    uint32_t low = millis();

    device->clock_high += low < device->clock_low; // after 49 days
    device->clock_low = low;
    return (uint64_t)device->clock_high << 32 | low;
}

void reboot(void *)
{
#if defined(ARDUINO_ARCH_RP2040)
    rp2040.reboot();
#else
    ESP.restart();
#endif
}

enum espota_status randomBytes(void *, void *out, size_t length)
{
    EspotaBoard::random(static_cast<uint8_t *>(out), length);
    return ESPOTA_OK;
}

// --- Update: a chip that is written from its beginning to its end ---

enum espota_status flashRead(void *, uint32_t, void *, size_t)
{
    return ESPOTA_E_FAILED;
}

enum espota_status flashErase(void *, uint32_t)
{
    return ESPOTA_OK; // Update does so
}

// The last page is filled up, which is none of Update's business.
enum espota_status flashWrite(void *context, uint32_t, const void *data, size_t length)
{
    EspotaDeviceInside *device = inside(context);

    if (length > device->left)
        length = device->left;
    device->left -= length; // length <= left
    return Update.write(static_cast<uint8_t *>(const_cast<void *>(data)), length) == length
               ? ESPOTA_OK
               : ESPOTA_E_FAILED;
}

// Update says what fits when it begins.
uint32_t updateSpace(void *, uint32_t)
{
    return UINT32_MAX;
}

enum espota_update_error updateBegin(void *context, uint32_t command, uint32_t size,
                                     uint32_t *start)
{
    inside(context)->left = size;
    *start = 0;
    return EspotaBoard::beginUpdate(size, command == ESPOTA_COMMAND_FILESYSTEM)
               ? ESPOTA_UPDATE_OK
               : EspotaBoard::updateError();
}

enum espota_update_error updateInstall(void *, const struct espota_staged *)
{
    return Update.end() ? ESPOTA_UPDATE_OK : EspotaBoard::updateError();
}

void wire(EspotaDeviceInside *device)
{
    device->ops.context = device;
    device->ops.udp_receive = udpReceive;
    device->ops.udp_send = udpSend;
    device->ops.tcp_connect = tcpConnect;
    device->ops.tcp_receive = tcpReceive;
    device->ops.tcp_send = tcpSend;
    device->ops.tcp_close = tcpClose;
    device->ops.now = now;
    device->ops.reboot = reboot;
    device->flash.context = device;
    device->flash.read = flashRead;
    device->flash.erase = flashErase;
    device->flash.write = flashWrite;
    device->installer.context = device;
    device->installer.looks_itself = true;
    device->installer.space = updateSpace;
    device->installer.begin = updateBegin;
    device->installer.install = updateInstall;
    device->board.flash = &device->flash;
    device->board.installer = &device->installer;
    device->board.random = randomBytes;
    device->board.failed = EspotaBoard::abortUpdate;
}

} // namespace

const char *EspotaDeviceInside::told(void *context, const struct espota_device_news *news)
{
    EspotaDevice *owner = inside(context)->owner;

    switch (news->event) {
    case ESPOTA_DEVICE_START:
        return owner->start_ ? owner->start_(news->files) : nullptr;
    case ESPOTA_DEVICE_PROGRESS:
        if (owner->progress_)
            owner->progress_(news->done, news->size);
        break;
    case ESPOTA_DEVICE_END:
        if (owner->end_)
            owner->end_();
        break;
    case ESPOTA_DEVICE_ERROR:
        if (owner->error_)
            owner->error_(news->text != nullptr ? news->text : "");
        break;
    }
    return nullptr;
}

bool EspotaDevice::begin(uint16_t port)
{
    struct espota_device_options options = {};

    end();
    inside_ = new (std::nothrow) EspotaDeviceInside();
    if (inside_ == nullptr)
        return false;
    inside_->owner = this;
    wire(inside_);
    options.password = password_.c_str();
    options.pbkdf2 = EspotaBoard::pbkdf2;
    options.context = inside_;
    options.event = EspotaDeviceInside::told;
    if (espota_package_init(&inside_->package, &options, &inside_->board) != ESPOTA_OK ||
        !inside_->udp.begin(port != 0 ? port : EspotaBoard::port)) {
        delete inside_;
        inside_ = nullptr;
        return false;
    }
    espota_pump_init(&inside_->pump, &inside_->ops, &inside_->package.receiver);
    return true;
}

void EspotaDevice::handle()
{
    if (inside_ != nullptr)
        (void)espota_pump_run(&inside_->pump);
}

void EspotaDevice::end()
{
    if (inside_ == nullptr)
        return;
    espota_pump_deinit(&inside_->pump);
    EspotaBoard::abortUpdate();
    inside_->udp.stop();
    espota_wipe(&inside_->package, sizeof(inside_->package));
    delete inside_;
    inside_ = nullptr;
}
