# SPDX-License-Identifier: MIT
"""Uploads from end to end: the program against the device in a process."""

import hashlib
import json
import os
import signal
import socket
import xml.etree.ElementTree

import espota_test
from espota_test import Case, Process, Stub, espota_c, events, image, run
from fake_device import FakeDevice


class Good(Case):
    def setUp(self):
        super().setUp()
        self.bytes = image(20000)
        self.image = self.file("door.bin", self.bytes)

    def upload(self, *argv, **options):
        return run("upload", *argv, self.image, **options)

    def test_one_device(self):
        with Stub("--fast") as device:
            done = self.upload("--host", device.target)
            boot = device.wait_event("boot")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertRegex(done.stderr, rf"^ok {device.target}: 19\.5 KiB in \d+\.\d s(, .*/s)?$")
        self.assertTrue(boot["ok"])
        self.assertEqual(boot["md5"], hashlib.md5(self.bytes).hexdigest())

    def test_the_bytes_are_in_the_flash(self):
        flash = self.dir / "flash"
        with Stub("--fast", "--flash", flash) as device:
            self.assert_exit(self.upload("--host", device.target), 0)
            device.wait_event("boot")
        self.assertEqual(flash.read_bytes()[: len(self.bytes)], self.bytes)

    def test_file_option_and_order_of_arguments(self):
        with Stub("--fast") as device:
            self.assert_exit(run("upload", "--file", self.image, "--host", device.target), 0)
            self.assert_exit(run("upload", self.image, f"--host={device.target}"), 0)
            self.assert_exit(run("upload", "--host", "127.0.0.1", "-p", device.port, "--tim", "5",
                                 self.image), 0)

    def test_a_file_system(self):
        content = bytes(range(256)) * 32
        flash = self.dir / "flash"
        with Stub("--fast", "--flash", flash, "--flash-size", "1M", "--fs-start", "786432") as device:
            done = run("upload", "--fs", "--force", "--host", device.target,
                       self.file("fs.bin", content))
            end = device.wait_event("end")
        self.assert_exit(done, 0)
        self.assertEqual(end["command"], "filesystem")
        self.assertEqual(flash.read_bytes()[786432 : 786432 + len(content)], content)

    def test_names_and_ipv6(self):
        with Stub("--fast", bind="::1") as device:
            self.assert_exit(self.upload("--host", device.target), 0)
        with Stub("--fast") as device:
            done = self.upload("--host", f"localhost:{device.port}", "--json")
            self.assert_exit(done, 0)
            self.assertEqual(events(done.stdout)[1]["target"], f"localhost:{device.port}")

    def test_events(self):
        with Stub("--fast", "--password", "geheim") as device:
            done = self.upload("--host", device.target, "--auth", "geheim", "--json")
        self.assert_exit(done, 0)
        told = events(done.stdout)
        names = [event["event"] for event in told]
        progress = [event for event in told if event["event"] == "progress"]
        self.assertEqual([n for n in names if n != "progress"],
                         ["start", "invited", "auth", "connected", "result", "summary"])
        self.assertEqual(told[0], {"event": "start", "targets": 1, "bytes": 20000})
        for event in told[1:-1]:
            self.assertEqual(event["target"], device.target)
        self.assertEqual(told[1]["address"], device.target)
        self.assertEqual(told[2]["scheme"], "md5")
        self.assertTrue(told[3]["address"].startswith("127.0.0.1:"))
        self.assertEqual(progress[-1]["bytes"], 20000)
        self.assertEqual(sorted(p["bytes"] for p in progress), [p["bytes"] for p in progress])
        result = told[-2]
        self.assertEqual((result["ok"], result["code"], result["reason"], result["bytes"]),
                         (True, 0, "done", 20000))
        self.assertEqual(result["attempts"], 1)
        self.assertGreaterEqual(result["seconds"], 0)
        summary = told[-1]
        self.assertGreaterEqual(summary.pop("seconds"), 0)
        self.assertEqual(summary, {"event": "summary", "targets": 1, "ok": 1, "failed": 0,
                                   "unknown": 0, "skipped": 0, "done_before": 0})

    def test_quiet_and_verbose(self):
        with Stub("--fast") as device:
            done = self.upload("--host", device.target, "-q")
            self.assert_exit(done, 0)
            self.assertEqual(done.stderr, "")
            done = self.upload("--host", device.target, "-v")
            self.assertIn("invited", done.stderr)
            self.assertIn("connected", done.stderr)
            for both in ("-q", "-v"), ("-v", "-q"):
                self.assertEqual(self.upload("--host", device.target, *both).stderr, "")

    def test_dry_run_sends_nothing(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quiet:
            quiet.bind(("127.0.0.1", 0))
            port = quiet.getsockname()[1]
            done = self.upload("--host", f"127.0.0.1:{port}", "--dry-run")
            self.assert_exit(done, 0)
            self.assertIn(f"127.0.0.1:{port}", done.stderr)
            self.assertIn("dry run", done.stderr)
            self.assertNotIn("done", done.stderr)
            told = self.dry_run(port, "--json")
            self.assertEqual([e["event"] for e in told], ["start", "result", "summary"])
            self.assertEqual((told[1]["ok"], told[1]["code"], told[1]["reason"]),
                             (True, 0, "dry-run"))
            self.assertEqual((told[2]["ok"], told[2]["ready"]), (0, 1))
            self.assertTrue(told[0]["dry_run"] and told[2]["dry_run"])
            report = self.dir / "report.xml"
            self.dry_run(port, "--report", report)
            suite = xml.etree.ElementTree.parse(report).getroot()[0]
            self.assertEqual((suite.get("tests"), suite.get("skipped")), ("1", "1"))
            self.assertIn("dry run: would be invited", suite[0][0].get("message"))
            report = self.dir / "report.md"
            self.dry_run(port, "--report", report)
            self.assertIn("# Dry run: 1 of 1 ready, nothing was sent", report.read_text())
            self.assertNotIn("| ok | 0", report.read_text())
            quiet.setblocking(False)
            with self.assertRaises(BlockingIOError):
                quiet.recv(100)

    def dry_run(self, port, *argv):
        done = self.upload("--host", f"127.0.0.1:{port}", "--dry-run", *argv)
        self.assert_exit(done, 0)
        return events(done.stdout)

    def test_what_this_machine_lacks_is_found_before_the_first_device(self):
        """It is told once, as an error, and no device is called a failure."""
        good = self.bytes
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quiet:
            quiet.bind(("127.0.0.1", 0))
            target = f"127.0.0.1:{quiet.getsockname()[1]}"
            other = f"127.0.0.2:{quiet.getsockname()[1]}"
            for argv, word in (
                    (["--report", self.dir / "no" / "report.md", self.image], "report.md"),
                    ([self.dir / "no.bin"], "no.bin"),
                    (["--targets", self.file("t", f"{target} file={self.dir / 'no.bin'}"),
                      self.image], "no.bin")):
                with self.subTest(argv=argv):
                    done = run("upload", "--json", "--host", target, "--host", other, *argv)
                    self.assert_one_line(done, 8, word)
                    self.assertNotIn("127.0.0", done.stderr.split(word)[0])
            quiet.setblocking(False)
            with self.assertRaises(BlockingIOError):
                quiet.recv(100)
        self.assertEqual(self.image.read_bytes(), good)

    def test_a_run_that_was_refused_leaves_the_old_report(self):
        report = self.file("report.md", "of yesterday\n")
        done = run("upload", "--host", "127.0.0.1:9", "--report", report, self.dir / "no.bin")
        self.assert_exit(done, 8)
        self.assertEqual(report.read_text(), "of yesterday\n")

    def test_the_file_may_change_meanwhile(self):
        with Stub("--fast", "--rate", "64k") as device:
            with Process(espota_c(), "upload", "--json", "--host", device.target,
                         self.image) as upload:
                upload.wait_event("connected")
                self.image.write_bytes(b"\xe9" + bytes(len(self.bytes) - 1))
                self.assertEqual(upload.wait(), 0)
            self.assertEqual(device.wait_event("boot")["md5"],
                             hashlib.md5(self.bytes).hexdigest())

    def test_host_port(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            port = holder.getsockname()[1]
        with Stub("--fast") as device:
            self.assert_exit(self.upload("--host", device.target, "--host-port", port), 0)
            self.assert_exit(self.upload("--host", device.target, "--host-ip", "127.0.0.1"), 0)


class Password(Case):
    def setUp(self):
        super().setUp()
        self.image = self.file("door.bin", image(8192))

    def upload(self, device, *argv, **options):
        return run("upload", "--host", device.target, *argv, self.image, **options)

    def test_every_source(self):
        good = self.file("password", "geheim\nsecond line\n")
        systemd = self.dir / "credentials"
        systemd.mkdir()
        (systemd / "espota-password").write_text("geheim")
        with Stub("--fast", "--password", "geheim") as device:
            for argv, options in (
                    (["--auth", "geheim"], {}),
                    (["--auth=geheim"], {}),
                    (["-ageheim"], {}),
                    (["--password-file", good], {}),
                    (["--password-file", "-"], {"stdin": "geheim\r\n"}),
                    (["--password-stdin"], {"stdin": "geheim\n"}),
                    ([], {"env": {"ESPOTA_PASSWORD": "geheim"}}),
                    ([], {"env": {"CREDENTIALS_DIRECTORY": str(systemd)}}),
                    ([], {"env": {"CREDENTIALS_DIRECTORY": str(systemd / "no"),
                                  "ESPOTA_PASSWORD": "geheim"}}),
                    # what is said in so many words beats what lies about
                    (["--auth", "geheim"], {"env": {"ESPOTA_PASSWORD": "wrong"}}),
                    ([], {"env": {"ESPOTA_PASSWORD": "geheim",
                                  "CREDENTIALS_DIRECTORY": "/nonexistent"}})):
                with self.subTest(argv=argv, options=options):
                    self.assert_exit(self.upload(device, *argv, **options), 0)

    def test_both_schemes(self):
        for method in "md5", "sha256":
            with Stub("--fast", "--password", "pässwörd", "--auth-method", method) as device:
                for asked in "auto", method:
                    with self.subTest(method=method, asked=asked):
                        done = self.upload(device, "--auth", "pässwörd", "--auth-method", asked,
                                           "--json")
                        self.assert_exit(done, 0)
                        self.assertIn({"event": "auth", "target": device.target,
                                       "scheme": method}, events(done.stdout))
                other = "sha256" if method == "md5" else "md5"
                done = self.upload(device, "--auth", "pässwörd", "--auth-method", other)
                self.assert_one_line(done, 4, f"only {other} is allowed; use --auth-method auto")

    def test_wrong(self):
        for method in "md5", "sha256":
            with self.subTest(method=method):
                with Stub("--fast", "--password", "geheim", "--auth-method", method) as device:
                    done = self.upload(device, "--auth", "wrong-one", "--json")
                    self.assert_exit(done, 4)
                    result = events(done.stdout)[-2]
                    self.assertEqual((result["ok"], result["code"], result["reason"]),
                                     (False, 4, "auth"))
                    self.assertIn("did not accept the password: check it", done.stderr)
                    self.assertNotIn("wrong-one", done.stdout + done.stderr)

    def test_missing(self):
        with Stub("--fast", "--password", "geheim") as device:
            done = self.upload(device)
            self.assert_one_line(done, 4, "wants a password and none was given")

    def test_one_that_is_not_asked_for_is_ignored(self):
        with Stub("--fast") as device:
            self.assert_exit(self.upload(device, "--auth", "needless"), 0)

    def test_it_is_in_no_output(self):
        with Stub("--fast", "--password", "geheim-37") as device:
            for argv in (["--auth", "geheim-37"], ["--password-file", "-"]):
                done = self.upload(device, *argv, "-v", "--json", stdin="geheim-37")
                self.assert_exit(done, 0)
                self.assertNotIn("geheim-37", done.stdout + done.stderr)

    def test_it_leaves_the_process_list(self):
        """Neither the command line nor the environment of the process shows it any more."""
        for argv, env in ((["--auth", "geheim-38"], {}), (["--auth=geheim-38"], {}),
                          (["-ageheim-38"], {}), ([], {"ESPOTA_PASSWORD": "geheim-38"})):
            with self.subTest(argv=argv), Stub("--rate", "2k", "--password", "geheim-38") as device:
                with Process(espota_c(), "upload", *argv, "--host", device.target, "--json",
                             self.image, env=env) as upload:
                    upload.wait_event("invited")
                    for what in "cmdline", "environ":
                        with open(f"/proc/{upload.pid}/{what}", "rb") as shown:
                            self.assertNotIn(b"geheim-38", shown.read())
                    upload.signal(espota_test.STOP)
                    self.assertEqual(upload.wait(), espota_test.STOPPED)

    def test_it_is_asked_for_on_a_terminal(self):
        with Stub("--fast", "--password", "geheim") as device:
            terminal = espota_test.Terminal(
                espota_c(), "upload", "--host", device.target, self.image,
                typed=[(f"Password for {device.target}: ", "geheim\n")])
            self.assertEqual(terminal.run(), 0, terminal.screen)
            self.assertNotIn(b"geheim", terminal.screen)
            self.assertIn(b"ok", terminal.screen)

    def test_a_question_can_be_interrupted(self):
        with Stub("--fast", "--password", "geheim") as device:
            terminal = espota_test.Terminal(espota_c(), "upload", "--host", device.target,
                                            self.image, typed=[("Password for", "\x03")])
            self.assertEqual(terminal.run(), 130, terminal.screen)
            self.assertIn(b"stopped before anything was sent", terminal.screen)
            self.assertNotIn(b"none was given", terminal.screen)


class Refused(Case):
    def test_too_large(self):
        with Stub("--fast", "--fs-start", "262144") as device:
            done = run("upload", "--host", device.target, "--json",
                       self.file("big.bin", image(400000)))
            self.assert_exit(done, 5)
            result = events(done.stdout)[-2]
            self.assertEqual((result["code"], result["reason"]), (5, "refused"))
            self.assertIn("Not Enough Space", done.stderr)

    def test_nobody_there(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as quiet:
            quiet.bind(("127.0.0.1", 0))
            target = f"127.0.0.1:{quiet.getsockname()[1]}"
            done = run("upload", "--host", target, "--timeout", "0.6", "--retries", "1", "--json",
                       self.file("door.bin", image()))
        self.assert_exit(done, 3)
        told = events(done.stdout)
        self.assertEqual([e["event"] for e in told if e["event"] != "invited"],
                         ["start", "retry", "result", "summary"])
        self.assertEqual((told[-2]["reason"], told[-2]["attempts"]), ("no-answer", 2))


class Many(Case):
    def setUp(self):
        super().setUp()
        self.image = self.file("door.bin", image(8192))

    @staticmethod
    def address(k):
        return f"127.1.{k // 250}.{1 + k % 250}"

    def test_a_fleet(self):
        with Stub("--fast", "--count", "12", bind=None) as fleet:
            targets = self.file("targets", "".join(f"{self.address(k)}\n" for k in range(12)))
            done = run("upload", "--targets", targets, "--port", fleet.port, "--jobs", "4",
                       self.image)
            self.assert_exit(done, 0)
            lines = done.stderr.splitlines()
            self.assertEqual(len(lines), 13)
            self.assertEqual(sorted(line.split()[1] for line in lines[:-1]),
                             sorted(f"{self.address(k)}:" for k in range(12)))
            self.assertRegex(lines[-1], r"^12 of 12 done in \d+\.\d s$")

    def test_lines_of_a_targets_file(self):
        other = self.file("other.bin", image(12000, seed=9))
        password = self.file("password", "geheim")
        with Stub("--fast") as first, Stub("--fast", "--password", "geheim") as second:
            targets = (f"# the doors\n\n{first.target} file='{other}'\n"
                       f"127.0.0.1 port={second.port} password-file={password} # with a password\n")
            done = run("upload", "--targets", "-", self.image, stdin=targets)
            self.assert_exit(done, 0)
            self.assertEqual(first.wait_event("end")["bytes"], 12000)
            self.assertEqual(second.wait_event("end")["bytes"], 8192)

    def test_different_failures(self):
        with Stub("--fast", "--password", "a") as locked, Stub("--fast") as fine, \
                Stub("--fast", "--fs-start", "262144") as small:
            done = run("upload", "--host", locked.target, "--host", fine.target, "--host",
                       small.target, "--auth", "b", "--json", self.file("big.bin", image(400000)))
            self.assert_exit(done, 1)
            results = {e["target"]: e for e in events(done.stdout) if e["event"] == "result"}
            self.assertEqual([results[d.target]["code"] for d in (locked, fine, small)], [4, 0, 5])
            self.assertEqual(events(done.stdout)[-1]["failed"], 2)
            self.assertIn(f"failed {locked.target}: ", done.stderr)
            self.assertIn("espota-c: error: 1 of 3 done, 2 failed in ", done.stderr)

    def test_a_bad_image_is_told_once(self):
        targets = self.file("targets", "".join(f"127.0.0.{k}\n" for k in range(1, 101)))
        bad = self.file("bad.bin", b"no image")
        done = run("upload", "--targets", targets, bad)
        self.assert_exit(done, 7)
        first, more, total = done.stderr.splitlines()
        self.assertIn("127.0.0.1:", first)
        self.assertIn("99 more for the same reason", more)
        self.assertIn("100 failed", total)
        done = run("upload", "--json", "--targets", targets, bad)
        results = [e for e in events(done.stdout) if e["event"] == "result"]
        self.assertEqual({e["code"] for e in results}, {7})
        self.assertEqual(len({e["target"] for e in results}), 100)

    def test_the_code_that_all_failures_share(self):
        with Stub("--fast", "--password", "a") as one, Stub("--fast", "--password", "a") as other:
            done = run("upload", "--host", one.target, "--host", other.target, self.image)
            self.assert_exit(done, 4)

    def test_state(self):
        state = self.dir / "state.json"
        with Stub("--fast") as one, Stub("--fast", "--password", "geheim") as other:
            argv = ["upload", "--host", one.target, "--host", other.target, "--state", state,
                    "--json", self.image]
            self.assert_exit(run(*argv), 4)
            done = run(*argv, env={"ESPOTA_PASSWORD": "geheim"})
            self.assert_exit(done, 0)
            told = events(done.stdout)
            self.assertEqual({e["target"] for e in told if e["event"] == "invited"}, {other.target})
            self.assertEqual((told[-1]["ok"], told[-1]["skipped"]), (1, 1))
            self.assertEqual([(e["target"], e["done"]) for e in told if e["event"] == "skipped"],
                             [(one.target, True)])
            report = self.dir / "report.xml"
            done = run("upload", "--host", one.target, "--host", other.target, "--state", state,
                       "--report", report, self.image)
            self.assert_exit(done, 0)
            self.assertIn("2 of 2 done, 2 of them before", done.stderr)
            suite = xml.etree.ElementTree.parse(report).getroot()[0]
            self.assertEqual((suite.get("tests"), suite.get("skipped"), len(suite)), ("2", "2", 2))
            self.assertNotIn("geheim", state.read_text())
            self.assert_private(state)

    def test_state_of_a_target_that_the_image_is_not_for(self):
        """It is told once, as what it is: whether an earlier run has done it does not count."""
        program = self.file("program.bin", image(8192))
        entry = {"target": "127.0.0.1:3232", "command": 0, "result": "done",
                 "sha256": hashlib.sha256(program.read_bytes()).hexdigest(),
                 "time": "2026-11-21T04:05:06Z"}
        state = self.dir / "state.json"
        for entry["result"] in "done", "unknown":
            state.write_text(json.dumps({"format": "espota-c upload state", "version": 1,
                                         "entries": [entry]}))
            done = run("upload", "--host", "127.0.0.1:3232", "--state", state, "--json", program)
            self.assert_exit(done, 7)
            self.assertNotIn("done already", done.stderr)
            told = {e["event"]: e for e in events(done.stdout)}
            self.assertEqual(told["result"]["reason"], "image")
            self.assertIn("port 3232 is that of an ESP32", told["result"]["message"])
            self.assertEqual((told["summary"]["failed"], told["summary"]["done_before"]), (1, 0))

    def test_canary(self):
        with Stub("--fast", "--password", "a") as canary, Stub("--fast") as other:
            done = run("upload", "--host", canary.target, "--host", other.target, "--canary", "1",
                       "--json", self.image)
            self.assert_exit(done, 4)
            told = events(done.stdout)
            self.assertEqual({e["target"] for e in told if e["event"] == "invited"},
                             {canary.target})
            self.assertEqual((told[-1]["failed"], told[-1]["skipped"]), (1, 1))
            self.assertEqual([(e["target"], e["done"]) for e in told if e["event"] == "skipped"],
                             [(other.target, False)])


class Stopped(Case):
    def stop(self, number, *argv):
        with Stub() as device:
            # the limit is ours: a kernel may take a whole image at once, and then it is sent
            with Process(espota_c(), "upload", "--json", "--host", device.target, *argv,
                         "--limit-rate", "8k",
                         self.file("door.bin", image(200000))) as upload:
                upload.wait_event("connected")
                device.wait_event("progress")
                upload.signal(number)
                code = upload.wait()
                told = upload.events()
            device.wait_event("error")
        return code, told, upload.err.lines

    def test_signals(self):
        for number, code in espota_test.STOPS:
            with self.subTest(signal=number):
                got, told, lines = self.stop(number)
                self.assertEqual(got, code)
                self.assertEqual([e["event"] for e in told[-2:]], ["result", "summary"])
                self.assertEqual((told[-2]["reason"], told[-2]["code"]), ("interrupted", code))
                self.assertIn("the device keeps the program that it had", "\n".join(lines))


    def test_what_is_done_is_remembered(self):
        def play(device):
            device.invited()
            device.say(b"OK")
            device.take_all()  # it waits for more until the upload is stopped
            port = device.invitation.port
            while device.invited().port == port:
                pass  # repeated ones of before
            device.say(b"OK")
            stream = device.connect()
            device.read_image(stream)
            stream.sendall(b"OK")

        state = self.dir / "state.json"
        small = self.file("small.bin", image(8192))
        large = self.file("large.bin", image(1 << 20))  # a minute, at the rate below
        with Stub("--fast") as first, FakeDevice(play, "127.0.0.2") as second:
            targets = self.file("targets", f"{first.target} file={small}\n{second.target}\n")
            argv = ["upload", "--json", "--state", state, "--targets", targets, "--jobs", "1",
                    large]
            with Process(espota_c(), *argv, "--limit-rate", "16k") as upload:
                upload.wait_event("result", target=first.target)
                upload.wait_event("connected", target=second.target)
                upload.signal(espota_test.STOP)
                self.assertEqual(upload.wait(), espota_test.STOPPED)
            self.assertIsInstance(json.loads(state.read_text()), dict)
            done = run(*argv)
        self.assert_exit(done, 0)
        self.assertEqual({e["target"] for e in events(done.stdout) if e["event"] == "invited"},
                         {second.target})

    def test_many_are_stopped(self):
        """Each one that was begun is told; the others were not touched."""
        path = self.file("door.bin", image(200000))
        with Stub("--count", "4", bind=None) as fleet:
            targets = self.file("targets", "".join(f"127.1.0.{1 + k}\n" for k in range(4)))
            with Process(espota_c(), "upload", "--json", "--targets", targets, "--port",
                         fleet.port, "--jobs", "2", "--limit-rate", "8k", path) as upload:
                for _ in range(2):
                    upload.wait_event("connected")
                upload.signal(espota_test.STOP)
                self.assertEqual(upload.wait(), espota_test.STOPPED)
                told = upload.events()
        results = [event for event in told if event["event"] == "result"]
        self.assertEqual([event["reason"] for event in results], ["interrupted"] * 2)
        self.assertEqual(len([event for event in told if event["event"] == "skipped"]), 2)
        self.assertEqual((told[-1]["failed"], told[-1]["skipped"]), (2, 2))
        self.assertEqual(len({event["target"] for event in told if event["event"] == "invited"}), 2)


class Shown(Case):
    """The bar: only on a terminal, in one line, 100 % never before the verdict."""

    def setUp(self):
        super().setUp()
        self.image = self.file("door.bin", image(60000))

    def screen(self, *argv, columns=80, rate="40k", **options):
        with Stub("--fast", "--rate", rate, "--tcp-window", "5840") as device:
            terminal = espota_test.Terminal(espota_c(), "upload", "--host", device.target, *argv,
                                            self.image, columns=columns, **options)
            self.assertEqual(terminal.run(), 0, terminal.screen)
        return terminal

    def test_bar(self):
        screen = self.screen().screen.decode()
        drawn = screen.split("\r")
        bars = [line for line in drawn if "%" in line]
        self.assertGreater(len(bars), 3)
        for line in bars:
            self.assertLess(len(line.replace("\x1b[K", "")), 80)
            self.assertNotIn("100%", line)
        self.assertTrue(any("KiB/s" in line and "left" in line for line in bars), bars)
        self.assertTrue(any("waiting for the verdict" in line for line in bars), bars)
        # what is left on the screen at the end is one line
        self.assertEqual(screen.count("\n"), 1)
        self.assertIn("ok", screen.split("\x1b[K")[-1])

    def test_narrow(self):
        for line in self.screen(columns=40).screen.decode().split("\r"):
            if "%" in line:
                self.assertLess(len(line.replace("\x1b[K", "")), 40)

    def test_plain_and_none_on_a_terminal(self):
        for style in "plain", "none":
            screen = self.screen("--progress", style).screen
            self.assertNotIn(b"\x1b[K", screen)
        self.assertEqual(screen.count(b"\n"), 1)
        self.assertEqual(self.screen("-q").screen, b"")

    def test_dumb_terminal(self):
        self.assertNotIn(b"\x1b", self.screen(env={"TERM": "dumb"}).screen)

    def test_json_and_a_bar_go_to_different_places(self):
        terminal = self.screen("--json", separate_stdout=True)
        self.assertEqual(events(terminal.stdout.decode())[-1]["event"], "summary")
        self.assertIn(b"waiting for the verdict", terminal.screen)

    def test_lines_now_and_then_elsewhere(self):
        with Stub("--fast", "--rate", "20k", "--tcp-window", "5840") as device:
            done = run("upload", "--host", device.target, self.image)
        self.assert_exit(done, 0)
        self.assertNotIn("\r", done.stderr)
        percents = [int(line.split(": ")[1].split()[0]) for line in done.stderr.splitlines()[:-1]]
        self.assertEqual(percents, sorted(set(percents)))
        self.assertTrue(1 <= len(percents) <= 10, done.stderr)


    def test_a_bar_elsewhere_if_somebody_wants_it(self):
        with Stub("--fast", "--rate", "40k", "--tcp-window", "5840") as device:
            done = run("upload", "--host", device.target, "--progress", "bar", self.image)
        self.assert_exit(done, 0)
        self.assertIn("\r", done.stderr)
        self.assertIn("waiting for the verdict", done.stderr)

    def test_many(self):
        """A line for each as it ends, and one below that counts; it is gone at the end."""
        with Stub("--fast", "--count", "6", "--rate", "40k", "--tcp-window", "5840",
                  bind=None) as fleet:
            targets = self.file("targets", "".join(f"127.1.0.{1 + k}\n" for k in range(6)))
            terminal = espota_test.Terminal(espota_c(), "upload", "--targets", targets, "--port",
                                            fleet.port, "--jobs", "2", self.image, columns=60)
            self.assertEqual(terminal.run(), 0, terminal.screen)
        screen = terminal.screen.decode()
        self.assertRegex(screen, r"\r2 of 6 done, 0 failed  \d+\.\d [KM]iB/s\x1b\[K")
        for part in screen.replace("\x1b[K", "").split("\r"):
            if "failed" in part:
                self.assertLess(len(part), 60)
        left = [line.split("\x1b[K")[-1].strip() for line in screen.strip().split("\n")]
        self.assertEqual(len(left), 7, screen)
        for line in left[:-1]:
            self.assertIn(": 58.6 KiB in ", line)
        self.assertRegex(left[-1], r"^6 of 6 done in \d+\.\d s$")


class LostOutput(Case):
    """A reader of --json that goes away does not leave a device half updated."""

    def test_closed_pipe(self):
        path = self.file("door.bin", image(20000))
        reader, writer = os.pipe()
        os.close(reader)
        with Stub("--fast") as device:
            with espota_test.start([espota_c(), "upload", "--json", "--host", device.target, path],
                                   stdout=writer) as upload:
                os.close(writer)
                _, told = upload.communicate(timeout=espota_test.TIMEOUT)
            self.assertEqual(upload.returncode, 8)
            self.assertIn(b"cannot write to standard output: Broken pipe", told)
            device.wait_event("end")


if __name__ == "__main__":
    espota_test.main()
