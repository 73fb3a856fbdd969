# SPDX-License-Identifier: MIT
"""The service for systemd is confined, and its command is one that exists."""

import re
import shutil
import subprocess

import espota_test
from espota_test import Case
from option_tables import ROOT

SERVICE = ROOT / "contrib/systemd/espota-c-serve.service"


class Service(Case):
    """What ECOSYSTEM asks of a service, and the score that systemd itself gives it."""

    MOST = 1.5  # of 10; what is left is the network, which is its work

    def settings(self):
        found = {}
        for name, value in re.findall(r"^(\w+)=(.*)$", SERVICE.read_text(), re.M):
            found.setdefault(name, []).append(value)
        return found

    def test_the_list(self):
        found = self.settings()
        for name, value in (("DynamicUser", "yes"), ("StateDirectory", "espota-c"),
                            ("ProtectSystem", "strict"), ("ProtectHome", "yes"),
                            ("PrivateTmp", "yes"), ("PrivateDevices", "yes"),
                            ("NoNewPrivileges", "yes"), ("CapabilityBoundingSet", ""),
                            ("SystemCallFilter", "@system-service"),
                            ("MemoryDenyWriteExecute", "yes"),
                            ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6")):
            self.assertIn(value, found.get(name, []), name)
        self.assertIn("LoadCredential=", SERVICE.read_text())

    def test_the_command_is_one(self):
        """Each option of ExecStart is one that serve has."""
        line = self.settings()["ExecStart"][0]
        told = espota_test.run("serve", "--help").stdout
        for option in re.findall(r"--[\w-]+", SERVICE.read_text()):
            self.assertIn(f"{option} ", told)
        self.assertTrue(line.startswith("espota-c serve "))

    def test_the_score(self):
        analyze = shutil.which("systemd-analyze")
        if analyze is None:
            self.skipTest("no systemd-analyze")
        done = subprocess.run([analyze, "security", "--offline=true", "--no-pager", SERVICE],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env=espota_test.environment())
        text = done.stdout.decode()
        score = re.search(r"Overall exposure level for \S+ (\d+\.\d+)", text)
        if score is None and "offline" in text:
            self.skipTest("this systemd-analyze cannot look at a file")
        self.assertIsNotNone(score, text)
        self.assertLessEqual(float(score[1]), self.MOST, text)


if __name__ == "__main__":
    espota_test.main()
