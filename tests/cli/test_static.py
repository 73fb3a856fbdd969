# SPDX-License-Identifier: MIT
"""The program for any Linux (contrib/linux/static.sh): one file that needs nothing of the machine. It
runs in a root that has nothing but it, which is what a container FROM scratch is; the device is the
stub of these tests outside, and an https page is Python's TLS in front of the stub's.

An Alpine Linux cannot be had from Debian's packages or PyPI: that its musl is not even asked for is
what the empty root shows."""

import os
import pathlib
import platform
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest

import espota_test
from espota_test import Case, Stub, image
from option_tables import ROOT
from signing import openssl

ZIG = os.environ.get("ESPOTA_ZIG", "")
SIZE = 6_000_000
RUNS = 25


def build(cpu):
    """Makes the archive of a processor and unpacks it; the folder, which the caller removes."""
    if not ZIG:
        raise unittest.SkipTest("no zig to compile with: tests/run.sh --full installs it")
    place = pathlib.Path(tempfile.mkdtemp(prefix="espota-static-"))
    done = subprocess.run(["sh", str(ROOT / "contrib/linux/static.sh"), cpu, str(place)],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, "ZIG": ZIG, "ESPOTA_WERROR": "ON"})
    if done.returncode != 0:
        shutil.rmtree(place)
        raise AssertionError(f"{done.stdout[-500:]}\n{done.stderr[-8000:]}")
    with tarfile.open(done.stdout.strip()) as tar:
        tar.extractall(place, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(place)
    return place


class Relay(socketserver.ThreadingTCPServer):
    """TLS in front of a page that has none."""

    daemon_threads = True

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            try:
                outer = self.server.context.wrap_socket(self.request, server_side=True)
            except OSError:
                return  # who calls does not believe us
            with outer, socket.create_connection(self.server.behind) as inner:
                back = threading.Thread(target=self.copy, args=(inner, outer), daemon=True)
                back.start()
                self.copy(outer, inner)
                back.join()

        @staticmethod
        def copy(source, sink):
            try:
                while data := source.recv(65536):
                    sink.sendall(data)
                if not isinstance(sink, ssl.SSLSocket):
                    sink.shutdown(socket.SHUT_WR)
                else:
                    sink.unwrap()
            except OSError:
                pass

    def __init__(self, behind, certificate, key):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.behind = behind
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Static:
    """What each must do; a class below says which it is."""

    CPU, RUNNER, ONLY = "", [], ("full", "")

    @classmethod
    def setUpClass(cls):
        espota_test.only_with(*cls.ONLY)
        for tool in cls.RUNNER:
            if shutil.which(tool) is None:
                raise unittest.SkipTest(f"{tool} is not installed")
        cls.place = build(cls.CPU)
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)
        cls.tree = next(path for path in cls.place.iterdir() if path.is_dir())
        cls.program = cls.tree / "bin" / "espota-c"
        # In place of the program of this build: in a root of its own, with nothing but it.
        cls.root = cls.place / "root"
        cls.root.mkdir()
        shutil.copy(cls.program, cls.root / "espota-c")
        for tool in cls.RUNNER:
            shutil.copy(shutil.which(tool), cls.root / tool)

    def bare(self, *argv, env=None):
        """Runs it there: the only files are those that the test puts there."""
        enter = ["chroot"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "chroot"]
        enter = [*enter, str(self.root), *("/" + tool for tool in self.RUNNER), "/espota-c"]
        done = subprocess.run([*enter, *map(str, argv)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=espota_test.TIMEOUT,
                              env={"PATH": os.environ["PATH"], **(env or {})})
        if "unshare:" in done.stderr or "chroot:" in done.stderr:
            self.skipTest(f"no root of one's own may be made here: {done.stderr.strip()}")
        return done

    def put(self, name, content):
        """A file in that root until the test ends."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.addCleanup(path.unlink)
        return "/" + name

    def test_it_needs_nothing(self):
        self.assertLess(self.program.stat().st_size, SIZE)
        headers = subprocess.run(["readelf", "-lhd", str(self.program)], capture_output=True,
                                 text=True, check=True).stdout
        self.assertIn("LOAD", headers)
        for what in ("INTERP", "(NEEDED)"):
            self.assertNotIn(what, headers)
        if not self.RUNNER:
            told = subprocess.run(["ldd", str(self.program)], capture_output=True, text=True)
            self.assertRegex(told.stdout + told.stderr, "not a dynamic executable|statically linked")

    def test_what_it_says_of_itself(self):
        done = self.bare("--version")
        self.assert_exit(done, 0)
        self.assertRegex(done.stdout, rf"^espota-c \S+ \(Linux \S+, musl, static, ")

    def test_what_lies_beside_it(self):
        names = {path.relative_to(self.tree).as_posix() for path in self.tree.rglob("*")
                 if path.is_file()}
        for name in ("bin/espota-c", "share/man/man1/espota-c.1", "share/doc/espota-c/LIBRARIES.txt",
                     *(f"share/doc/espota-c/licenses/{library}.txt" for library in
                       ("openssl", "curl", "jansson", "zlib", "libmicrohttpd", "musl"))):
            self.assertIn(name, names)
        # what the licence of one that is linked into it asks for
        self.assertTrue(any("libmicrohttpd" in name and ".orig.tar." in name for name in names), names)

    def test_an_upload_to_a_device(self):
        name = self.put("door.bin", image(200000))
        secret = self.put("secret.txt", b"secret\n")
        os.chmod(self.root / "secret.txt", 0o600)
        with Stub("--fast", "--password", "secret", "--uploads", "1") as stub:
            done = self.bare("upload", "--host", stub.target, "--password-file", secret, name)
            self.assert_exit(done, 0)
            self.assertEqual(stub.wait(), 0)

    def test_the_old_line(self):
        name = self.put("door.bin", image())
        with Stub("--fast", "--uploads", "1") as stub:
            done = self.bare("-i", "127.0.0.1", "-p", stub.port, "-f", name)
            self.assert_exit(done, 0)
            self.assertEqual(stub.wait(), 0)

    def test_signing(self):
        name = self.put("door.bin", image())
        for argv in (("keygen", "--out", "/private.key", "--pub", "/public.key"),
                     ("sign", "--privatekey", "/private.key", "--bin", name, "--out", "/signed"),
                     ("verify", "--publickey", "/public.key", "--bin", "/signed"),
                     ("info", "/signed")):
            self.assert_exit(self.bare(*argv), 0)
        for made in ("private.key", "public.key", "signed"):
            (self.root / made).unlink()

    def certificates(self):
        """An authority, and what it says of this machine: files."""
        for who, more in (("ca", ("-subj", "/CN=authority")),
                          ("page", ("-subj", "/CN=page", "-addext", "subjectAltName=IP:127.0.0.1",
                                    "-addext", "basicConstraints=critical,CA:FALSE", "-CA",
                                    self.dir / "ca.pem", "-CAkey", self.dir / "ca.key"))):
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-noenc", "-keyout", self.dir / f"{who}.key", "-out", self.dir / f"{who}.pem",
                    *more)
        return self.dir / "ca.pem", self.dir / "page.pem", self.dir / "page.key"

    def test_a_page_by_https(self):
        name = self.put("door.bin", image())
        authority, certificate, key = self.certificates()
        with Stub("--fast", "--http", "127.0.0.1:0") as stub:
            host, port = stub.ready["http"].rsplit(":", 1)
            with Relay((host, int(port)), certificate, key) as relay:
                self.addCleanup(relay.shutdown)
                line = ("upload", "--retries", "0", "--host",
                        f"https://127.0.0.1:{relay.server_address[1]}/update", name)
                # a machine that trusts nobody
                done = self.bare(*line)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("certificate", done.stderr)
                self.assert_exit(self.bare(*line, env={
                    "SSL_CERT_FILE": self.put("mine.pem", authority.read_bytes())}), 0)
                stub.wait_event("boot", copied=True)
                # where Debian, Fedora and Alpine have what they trust
                for place in ("etc/ssl/certs/ca-certificates.crt",
                              "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                              "etc/ssl/cert.pem"):
                    with self.subTest(place=place):
                        path = self.root / place
                        path.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copy(authority, path)
                        self.assert_exit(self.bare(*line), 0)
                        stub.wait_event("boot", copied=True)
                        path.unlink()


class Here(Static):
    """Of this machine's own kind: what it costs to start, too."""

    ONLY = "slow", "builds the libraries and the program for musl"

    def test_a_container_of_it(self):
        """contrib/container/Containerfile, by a builder of containers that is not ours."""
        if shutil.which("buildah") is None or os.geteuid() != 0:
            self.skipTest("no buildah, or not root")
        context = self.dir / "context"
        context.mkdir()
        shutil.copy(ROOT / "contrib/container/Containerfile", context)
        shutil.copy(next(self.place.glob("*.tar.gz")), context)

        def buildah(*argv):
            done = subprocess.run(
                ["buildah", "--root", str(self.dir / "images"), "--runroot", str(self.dir / "run"),
                 "--storage-driver", "vfs", *argv], capture_output=True, text=True,
                stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout

        buildah("bud", "--isolation", "chroot", "--build-arg", f"CPU={self.CPU}", "-t", "espota-c",
                str(context))
        container = buildah("from", "espota-c").strip()
        self.addCleanup(buildah, "rm", container)
        told = buildah("run", "--isolation", "chroot", container, "--", "/usr/bin/espota-c",
                       "--version")
        self.assertRegex(told, r"^espota-c \S+ \(Linux \S+, musl, static, ")

    def fastest(self, *argv):
        """Milliseconds of the fastest of many starts: what else the machine does only adds."""
        best = None
        for _ in range(RUNS):
            begin = time.perf_counter()
            pid = os.posix_spawn(argv[0], [str(a) for a in argv], os.environ, file_actions=[
                (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
            _, status = os.waitpid(pid, 0)
            took = 1000 * (time.perf_counter() - begin)
            self.assertEqual(status, 0)
            best = took if best is None else min(best, took)
        return best

    def test_it_starts_as_fast_as_nothing_does(self):
        """Against a program that does nothing, which the dynamic loader has to start."""
        nothing = self.fastest(shutil.which("true"))
        ours = self.fastest(str(self.program), "--version")
        print(f"start: {ours:.2f} ms, true: {nothing:.2f} ms", file=sys.stderr)
        self.assertLess(ours, 5 * nothing)


class Foreign(Static):
    ONLY = "slow", "builds the libraries and the program for another processor"


@unittest.skipUnless(platform.machine() == "x86_64", "of another kind than this machine")
class X8664(Here, Case):
    CPU = "x86_64"


@unittest.skipUnless(platform.machine() == "x86_64", "built here only where it is the other one")
class Aarch64(Foreign, Case):
    CPU, RUNNER = "aarch64", ["qemu-aarch64-static"]


class Armv6(Foreign, Case):
    CPU, RUNNER = "armv6", ["qemu-arm-static"]


if __name__ == "__main__":
    espota_test.main()
