# SPDX-License-Identifier: MIT
"""What the black-box tests share: running the built programs, a device, a terminal.

The programs are found through ESPOTA_C and ESPOTA_STUB, which CMake sets. A test file ends with
espota_test.main(): where no test of it could run it exits 77, which ctest calls "did not run".
What was left out goes, with the reason and the command that runs it, into the file ESPOTA_SKIP_LOG,
which run.sh shows above the summary: a test that could not run never counts unseen as passed.
"""

import errno
import fcntl
import json
import os
import pathlib
import pty
import queue
import select
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

from images import esp32_image, image, signed  # noqa: F401 - the tests' own

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIP = 77
# Only a bound against hanging for ever: the programs of these tests end long before.
TIMEOUT = float(os.environ.get("ESPOTA_TEST_TIMEOUT", "60"))

OURS = ("ESPOTA_PASSWORD", "ESPOTA_PASSPHRASE", "ESPOTA_FORCE", "CREDENTIALS_DIRECTORY",
        "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "XDG_CONFIG_HOME", "TERM", "COLUMNS")


def call(*argv, **options):
    """What another program says; it must end well."""
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{argv} ended with {done.returncode}:\n{done.stdout.decode()}")
    return done.stdout.decode()


def copy_source(folder):
    """All of this source, but for the history and what was built."""
    def left_out(path, names):
        top = pathlib.Path(path) == ROOT
        return {n for n in names if n == ".git" or n.startswith("build")} if top else set()
    shutil.copytree(ROOT, folder, ignore=left_out)


def program(variable):
    path = os.environ.get(variable)
    if not path:
        raise unittest.SkipTest(f"{variable} does not name a program")
    if not os.access(path, os.X_OK):
        raise AssertionError(f"{variable}: {path} cannot be run")
    return path


def espota_c():
    return program("ESPOTA_C")


def espota_stub():
    return program("ESPOTA_STUB")


# With ESPOTA_MEMCHECK espota-c runs under valgrind, and what it finds is the exit code.
FOUND = 99
# Where ESPOTA_C is a program of Windows, it runs under Wine, which finds its Windows by WINEPREFIX.
WINE = "/usr/lib/wine/wine64"
ON_WINDOWS = os.environ.get("ESPOTA_C", "").endswith(".exe")
# What Windows calls the folders that some tests give by variables.
FOLDERS = {"XDG_CACHE_HOME": "LOCALAPPDATA", "XDG_CONFIG_HOME": "APPDATA"}
# Nobody but a console ends a program there in a way that it could notice.
STOPS = ((signal.SIGINT, 130),) if ON_WINDOWS else ((signal.SIGINT, 130), (signal.SIGTERM, 143))
STOP, STOPPED = STOPS[-1]
# Wine makes modes of lists of access rights, and of the owner's also the group's.
READERS = (0o604,) if ON_WINDOWS else (0o640, 0o604)
LEFT_OUT = pathlib.Path(__file__).parents[1] / "cli/windows_left_out.txt"


def called(path, *argv):
    """The command line that runs the program, by whatever name, as these tests run it."""
    before = []
    if ON_WINDOWS and os.path.realpath(path) == os.path.realpath(os.environ["ESPOTA_C"]):
        before = [WINE]
    elif os.environ.get("ESPOTA_MEMCHECK") and str(path) == os.environ.get("ESPOTA_C"):
        before = ["valgrind", "-q", "--track-origins=yes", f"--error-exitcode={FOUND}"]
    return [*before, str(path), *map(str, argv)]


def others_can_read(path):
    """What is typed to end it."""
    return f'icacls "{path}" /inheritance:r' if ON_WINDOWS else f"chmod 600 {path}"


def left_out():
    """What cannot run under Wine: (suite, class, test) and why, as the file's lines say."""
    for line in LEFT_OUT.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, why = line.split(": ", 1)
            suite, name = name.split()
            yield (suite, *name.split(".")), why


_CACHE = tempfile.TemporaryDirectory(prefix="espota-cache-")
_CONFIG = tempfile.TemporaryDirectory(prefix="espota-config-")


def environment(extra=None):
    """The environment without what would change the programs' behaviour."""
    env = {name: value for name, value in os.environ.items() if name not in OURS}
    env["LC_ALL"] = "C.UTF-8"
    env["XDG_CACHE_HOME"] = _CACHE.name  # where discover writes
    env["XDG_CONFIG_HOME"] = _CONFIG.name  # where the passwords of whoever runs the tests are not
    env.update(extra or {})
    if ON_WINDOWS:
        env.update({theirs: env[ours] for ours, theirs in FOLDERS.items() if ours in env})
    return env


def start(argv, env=None, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen(called(*argv), env=environment(env), **options)


def run(*argv, stdin=b"", env=None, timeout=TIMEOUT, **options):
    """espota-c with these arguments; stdout and stderr as text."""
    return run_program(espota_c(), *argv, stdin=stdin, env=env, timeout=timeout, **options)


def run_program(path, *argv, stdin=b"", env=None, timeout=TIMEOUT, **options):
    if isinstance(stdin, str):
        stdin = stdin.encode()
    done = subprocess.run(called(path, *argv), input=stdin, env=environment(env),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          check=False, **options)
    done.stdout = done.stdout.decode("utf-8", "backslashreplace")
    done.stderr = done.stderr.decode("utf-8", "backslashreplace")
    return done


def events(text):
    """The objects of a stream of JSON lines."""
    return [json.loads(line) for line in text.splitlines() if line]


def result_of(done):
    """The first target's result."""
    return next(e for e in events(done.stdout) if e["event"] == "result")


class LineReader:
    """The lines of a pipe as they come, read by a thread so that the writer never blocks."""

    def __init__(self, stream):
        self.lines = []
        self._queue = queue.Queue()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream):
        for line in stream:
            text = line.decode("utf-8", "backslashreplace").rstrip("\n")
            self.lines.append(text)
            self._queue.put(text)
        stream.close()
        self._queue.put(None)

    def next(self, timeout=TIMEOUT):
        """The next line, None at the end."""
        try:
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no line within {timeout} s; so far {self.lines}") from None

    def join(self):
        self._thread.join(TIMEOUT)


class Process:
    """A program whose standard output is a stream of JSON events; use it with `with`."""

    def __init__(self, *argv, env=None, stdin=subprocess.DEVNULL):
        self.process = start(argv, env=env, stdin=stdin)
        self.out = LineReader(self.process.stdout)
        self.err = LineReader(self.process.stderr)
        self.seen = []

    @property
    def pid(self):
        return self.process.pid

    def wait_event(self, name, /, timeout=TIMEOUT, **fields):
        """The next event of this name with these fields; what comes before is kept in `seen`."""
        end = time.monotonic() + timeout
        while True:
            line = self.out.next(max(0.01, end - time.monotonic()))
            if line is None:
                raise AssertionError(f"ended without {name!r}: {self.out.lines} {self.err.lines}")
            event = json.loads(line)
            self.seen.append(event)
            if event.get("event") == name and all(event.get(k) == v for k, v in fields.items()):
                return event

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=TIMEOUT):
        """The exit code; all output is in out.lines and err.lines then."""
        code = self.process.wait(timeout)
        self.out.join()
        self.err.join()
        return code

    def events(self):
        """All events so far, those included that nobody waited for."""
        return [json.loads(line) for line in self.out.lines if line.startswith("{")]

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.out.join()
        self.err.join()
        if self.process.returncode == FOUND:
            raise AssertionError("\n".join(self.err.lines))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Stub(Process):
    """An espota-stub on a free port of loopback: Stub("--password", "x").port

    With bind=None (for --count) it has the addresses that it chooses itself.
    """

    def __init__(self, *argv, bind="127.0.0.1", env=None):
        where = [] if bind is None else ["--bind", bind]
        super().__init__(espota_stub(), "--port", "0", "--json", *where, *argv, env=env)
        try:
            self.ready = self.wait_event("ready")
        except BaseException:
            self.close()
            raise
        self.port = self.ready["port"]
        self.host = bind

    @property
    def target(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Terminal:
    """A program on a terminal of its own. Give typed=[(wait_for, answer)] to talk to it."""

    def __init__(self, *argv, env=None, columns=80, rows=24, typed=(), separate_stdout=False):
        self.screen = b""
        self.stdout = b""
        self._typed = list(typed)
        self._argv = called(*argv)
        self._env = environment({"TERM": "xterm", **(env or {})})
        self._size = struct.pack("HHHH", rows, columns, 0, 0)
        self._separate = separate_stdout

    def run(self, timeout=TIMEOUT):
        """Runs it to its end; returns the exit code. `screen` has all bytes it wrote."""
        self.start()
        return self.finish(timeout)

    def start(self):
        pipe = os.pipe() if self._separate else None
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            try:
                if pipe:
                    os.dup2(pipe[1], 1)
                    os.close(pipe[0])
                    os.close(pipe[1])
                fcntl.ioctl(2, termios.TIOCSWINSZ, self._size)
                os.execvpe(self._argv[0], self._argv, self._env)
            finally:
                os._exit(127)
        self._pipe = pipe[0] if pipe else None
        if pipe:
            os.close(pipe[1])

    def finish(self, timeout=TIMEOUT):
        end = time.monotonic() + timeout
        open_fds = [fd for fd in (self._master, self._pipe) if fd is not None]
        while open_fds:
            left = max(0, end - time.monotonic())
            ready, _, _ = select.select(open_fds, [], [], min(left, 0.05) if self._typed else left)
            if not ready and time.monotonic() >= end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError(f"still running after {timeout} s; screen {self.screen!r}")
            for fd in ready:
                if not self._read(fd):
                    open_fds.remove(fd)
                    os.close(fd)
            self._answer()
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _read(self, fd):
        try:
            data = os.read(fd, 65536)
        except OSError as error:  # Linux's word for the end of a terminal
            if error.errno != errno.EIO:
                raise
            return False
        if fd == self._master:
            self.screen += data
        else:
            self.stdout += data
        return bool(data)

    def _shown(self, text):
        """Wine's console moves the cursor where a blank would end what it writes."""
        return (text.rstrip() if self._argv[0] == WINE else text).encode() in self.screen

    def _answer(self):
        while self._typed and self._shown(self._typed[0][0]):
            if self._argv[0] != WINE:
                os.write(self._master, self._typed.pop(0)[1].encode())
            elif termios.tcgetattr(self._master)[3] & termios.ECHO:
                break  # Wine's console reads keys only once it is asked for some
            else:
                os.write(self._master, self._typed.pop(0)[1].replace("\n", "\r").encode())


class Case(unittest.TestCase):
    """A test with a directory of its own and the words in which failures are told."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="espota-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def file(self, name, content=b"", mode=0o600):
        path = self.dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    def assert_private(self, path, mode=0o600):
        own = stat.S_IMODE(path.stat().st_mode)
        self.assertEqual(own & 0o007 if ON_WINDOWS else own, 0 if ON_WINDOWS else mode)

    def assert_exit(self, done, code):
        self.assertEqual(done.returncode, code, f"\nstdout: {done.stdout}\nstderr: {done.stderr}")

    def assert_one_line(self, done, code, *words):
        """It failed with this code and told exactly one line, in which all words stand."""
        self.assert_exit(done, code)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(str(word), lines[0])


def only_with(option, why):
    """Leaves out what takes long, unless tests/run.sh was given the option."""
    if os.environ.get("ESPOTA_TEST_" + option.upper()) != "1":
        raise unittest.SkipTest(f"{why} ({command(option)})")


def command(option="full", root=False):
    """The command that runs this file's tests."""
    name = os.environ.get("ESPOTA_TEST_NAME", ".")
    return f"{'sudo ' if root else ''}sh tests/run.sh --{option} -R '^{name}$'"


def remedy(reason):
    """What is typed to run what was left out; nothing where it is the machine that cannot."""
    if "run.sh" in reason:
        return ""
    missing_root = "root" in reason and os.geteuid() != 0
    if missing_root or os.environ.get("ESPOTA_TEST_FULL") != "1":  # --full installs every tool
        return f" ({command(root=missing_root)})"
    return ""


def tell_skipped(skipped):
    name = os.environ.get("ESPOTA_TEST_NAME", pathlib.Path(sys.argv[0]).stem)
    text = "".join(f"SKIPPED {name}: {test}: {reason}{remedy(reason)}".replace("\n", " ") + "\n"
                   for test, reason in skipped)
    print(text, end="")
    if os.environ.get("ESPOTA_SKIP_LOG"):
        with open(os.environ["ESPOTA_SKIP_LOG"], "a", encoding="utf-8") as log:
            log.write(text)


def ran(result):
    """How many tests ran: a skipped class was never counted, a skipped subtest ran otherwise."""
    whole = [test for test, _ in result.skipped
             if hasattr(test, "_testMethodName") and not hasattr(test, "test_case")]
    return result.testsRun - len(whole)


def leave_out():
    """Under Wine: skips what the list names of this suite."""
    module = sys.modules["__main__"]
    suite = pathlib.Path(module.__file__).stem.removeprefix("test_")
    for (which, case, test), why in left_out():
        if which == suite:
            case = getattr(module, case)
            setattr(case, test, unittest.skip(why)(getattr(case, test)))


def main():
    if ON_WINDOWS:
        leave_out()
    result = unittest.main(exit=False, verbosity=2).result
    if not result.wasSuccessful():
        sys.exit(1)
    tell_skipped(result.skipped)
    sys.exit(SKIP if result.skipped and ran(result) == 0 else 0)
