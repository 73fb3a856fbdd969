# SPDX-License-Identifier: MIT
"""Hosts in network namespaces, joined by veth, each with its own D-Bus and Avahi if it wants.

Nothing is left behind: the namespaces end with the process that holds them. Without root or
namespaces a test that needs them is skipped.
"""

import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import espota_test

SPEAKER = pathlib.Path(__file__).with_name("speaker.py")

DBUS_CONF = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_requested_reply="true"/><allow receive_type="method_call"/>
    <allow receive_type="signal"/><allow receive_requested_reply="true"/>
  </policy>
  <limit name="max_connections_per_user">2048</limit>
  <limit name="max_completed_connections">4096</limit>
  <limit name="max_match_rules_per_connection">8192</limit>
</busconfig>
"""

AVAHI_CONF = """[server]
host-name={name}
use-ipv4=yes
use-ipv6=yes
enable-dbus=yes
ratelimit-interval-usec=1000000
ratelimit-burst=20000
cache-entries-max=8192
objects-per-client-max=4096
entries-per-entry-group-max=64
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
publish-workstation=no
[reflector]
[rlimits]
"""


@functools.lru_cache(maxsize=None)
def why_not():
    """The reason why no namespace can be had here, or None."""
    if os.geteuid() != 0:
        return "namespaces need root"
    for tool in ("unshare", "nsenter", "ip", "mount"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    done = subprocess.run(["unshare", "-n", "-m", "sh", "-c",
                           "ip link add a0 type veth peer name b0 && mount -t tmpfs none /run"],
                          capture_output=True, check=False)
    if done.returncode != 0:
        return "no namespaces: " + done.stderr.decode(errors="replace").strip()
    return None


def need_namespaces():
    reason = why_not()
    if reason:
        raise unittest.SkipTest(reason)


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            raise unittest.SkipTest(f"{tool} is not installed")


def wait_until(what, check, timeout=espota_test.TIMEOUT):
    """Polls what has no event of its own; a bound against hanging, not a measure."""
    end = time.monotonic() + timeout
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {timeout} s")
        time.sleep(0.02)


class Host:
    """A network namespace with a /run of its own."""

    def __init__(self, name):
        self.name = name
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"espota-{name}-"))
        self.children = []
        self.read = set()  # streams that a LineReader closes
        script = ("mount -t tmpfs none /run && mkdir /run/dbus /run/avahi-daemon && "
                  "ip link set lo up && echo ready && exec cat")
        self.holder = subprocess.Popen(["unshare", "-n", "-m", "sh", "-c", script],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.holder.stdout.readline() != b"ready\n":
            raise AssertionError("the namespace did not start")

    def argv(self, *argv):
        return [shutil.which("nsenter"), "-t", str(self.holder.pid), "-n", "-m", "--", *map(str, argv)]

    def run(self, *argv, check=True, timeout=espota_test.TIMEOUT, env=None):
        done = subprocess.run(self.argv(*argv), capture_output=True, text=True, check=False,
                              timeout=timeout, env=espota_test.environment(env))
        if check and done.returncode != 0:
            raise AssertionError(f"{argv} failed: {done.stdout}{done.stderr}")
        return done

    def espota_c(self, *argv, timeout=espota_test.TIMEOUT, env=None):
        return self.run(espota_test.espota_c(), *argv, check=False, timeout=timeout, env=env)

    def start(self, *argv, env=None, **options):
        """A process that ends with the host."""
        child = espota_test.start(self.argv(*argv), env=env, **options)
        self.children.append(child)
        return child

    def lines(self, stream):
        self.read.add(stream)
        return espota_test.LineReader(stream)

    def process(self, *argv, env=None, stdin=subprocess.DEVNULL):
        """One that tells its events as JSON lines; ends with the host."""
        child = espota_test.Process(*self.argv(*argv), env=env, stdin=stdin)
        self.children.append(child.process)
        self.read.update((child.process.stdout, child.process.stderr))
        return child

    def address(self, device, *addresses):
        for address in addresses:
            self.run("ip", "address", "add", address, "dev", device,
                     *(["nodad"] if ":" in address else []))

    def start_dbus(self):
        conf = self.dir / "dbus.conf"
        conf.write_text(DBUS_CONF)
        bus = self.start("dbus-daemon", f"--config-file={conf}", "--nofork", "--print-address")
        if not bus.stdout.readline():
            raise AssertionError("dbus-daemon did not start")

    def start_avahi(self):
        need("dbus-daemon", "avahi-daemon")
        self.start_dbus()
        return self.start_avahi_again()

    def start_avahi_again(self):
        conf = self.dir / "avahi.conf"
        conf.write_text(AVAHI_CONF.format(name=self.name))
        daemon = self.start("avahi-daemon", "-f", conf, "--no-drop-root", "--no-chroot",
                            "--no-rlimits", stdout=subprocess.DEVNULL)
        log = self.lines(daemon.stderr)
        while True:
            line = log.next()
            if line is None:
                raise AssertionError(f"avahi-daemon did not start: {log.lines}")
            if "Server startup complete" in line:
                return daemon

    def stop(self, child):
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for stream in (child.stdout, child.stderr, child.stdin):
            if stream and stream not in self.read:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    def close(self):
        for child in reversed(self.children):
            self.stop(child)
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Lab(espota_test.Case):
    """Two hosts, "here" and "there", on one link: 10.9.0.1 and .2, fd09::1 and ::2."""

    def setUp(self):
        super().setUp()
        need_namespaces()
        self.here, self.there = self.host("here"), self.host("there")
        self.join()

    def host(self, name):
        host = Host(name)
        self.addCleanup(host.close)
        return host

    def join(self):
        self.here.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns",
                      self.there.holder.pid)
        for host, last in ((self.here, 1), (self.there, 2)):
            host.run("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0",
                     "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.eth0.accept_dad=0",
                     check=False)
            host.address("eth0", f"10.9.0.{last}/24", f"fd09::{last}/64")
            host.run("ip", "link", "set", "eth0", "up")
        for host in (self.here, self.there):
            wait_until("the link", lambda h=host: self.link_is_up(h))

    @staticmethod
    def link_is_up(host):
        text = host.run("ip", "-6", "address", "show", "dev", "eth0").stdout
        return "fe80" in text and "tentative" not in text

    def speak(self, *argv, host=None):
        """A speaker on the other host, ready."""
        child = (host or self.there).process(sys.executable, SPEAKER, *argv,
                                             stdin=subprocess.PIPE)
        self.addCleanup(child.close)
        child.wait_event("ready")
        return child

    @staticmethod
    def say(child, *packets):
        for packet in packets:
            child.process.stdin.write(packet.hex().encode() + b"\n")
            child.process.stdin.flush()
            child.wait_event("sent")

    def watch(self, *argv, host=None, env=None):
        child = (host or self.here).process(espota_test.espota_c(), "discover", "--watch",
                                            "--json", "-v", *argv, env=env)
        self.addCleanup(child.close)
        self.wait_err(child, "looking for devices")
        return child

    @staticmethod
    def wait_err(child, words):
        while True:
            line = child.err.next()
            if line is None:
                raise AssertionError(f"ended without {words!r}: {child.err.lines}")
            if words in line:
                return

    def found(self, *argv, host=None):
        done = (host or self.here).espota_c("discover", "--json", *argv)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        devices = {}
        for event in espota_test.events(done.stdout):
            self.assertIn(event["event"], ("add", "change"))
            devices[event["name"], event["address"]] = event
        return devices

    def one(self, *argv, host=None):
        devices = list(self.found(*argv, host=host).values())
        self.assertEqual(len(devices), 1, devices)
        return devices[0]

    def stub(self, *argv, host=None):
        child = (host or self.there).process(espota_test.espota_stub(), "--json", "--mdns",
                                             "--port", "0", *argv)
        self.addCleanup(child.close)
        child.ready = child.wait_event("ready")
        return child
