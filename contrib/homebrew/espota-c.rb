# SPDX-License-Identifier: MIT
class EspotaC < Formula
  desc "Over-the-air updates for ESP8266, ESP32 and RP2040 boards"
  homepage "https://github.com/espota-c/espota-c"
  license "MIT"
  head "https://github.com/espota-c/espota-c.git", branch: "main"

  depends_on "check" => :test
  depends_on "cmake" => :build
  depends_on "pkgconf" => :build
  depends_on "curl"
  depends_on "jansson"
  depends_on "libmicrohttpd"
  depends_on "openssl@3"

  def install
    system "cmake", "-S", ".", "-B", "build", "-DBUILD_TESTING=OFF", *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/espota-c --version") unless build.head?
    assert_match "upload", shell_output("#{bin}/espota-c --help")
  end
end
