# SPDX-License-Identifier: MIT
"""What starting costs: the libraries of a few commands are not loaded for all of them."""

import shutil
import subprocess

import espota_test


class Start(espota_test.Case):
    def test_only_what_every_command_needs_is_linked(self):
        if shutil.which("ldd") is None:
            self.skipTest("no ldd")
        done = subprocess.run(["ldd", espota_test.espota_c()], stdout=subprocess.PIPE, text=True,
                              check=True)
        for library in ("curl", "microhttpd", "avahi", "dns_sd", "gnutls", "dbus", "ldap"):
            self.assertNotIn(library, done.stdout)
        self.assertIn("libcrypto", done.stdout)  # it is ours that was looked at


if __name__ == "__main__":
    espota_test.main()
