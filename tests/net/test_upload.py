# SPDX-License-Identifier: MIT
"""Uploads between two hosts: what only a network that is not loopback can show."""

import re
import shlex

import espota_test
import netlab

DROP_NFT = """add table inet mine
add chain inet mine incoming { type filter hook input priority 0 ; policy drop ; }
add rule inet mine incoming ct state established,related accept
"""


class Upload(netlab.Lab):
    def setUp(self):
        super().setUp()
        self.image = self.file("image.bin", espota_test.image())

    def stub(self, *argv, bind="10.9.0.2", host=None):
        stub = (host or self.there).process(espota_test.espota_stub(), "--port", "8266", "--bind",
                                            bind, "--json", *argv)
        self.addCleanup(stub.close)
        stub.wait_event("ready")
        return stub

    def upload(self, *argv, target="10.9.0.2", host=None):
        done = (host or self.here).espota_c("upload", "--json", "--host", target, "--retries", "0",
                                            self.image, *argv)
        result = [e for e in espota_test.events(done.stdout) if e["event"] == "result"]
        self.assertEqual(len(result), 1, done.stdout + done.stderr)
        self.assertEqual(done.returncode, result[0]["code"])
        return result[0]

    def assert_result(self, result, reason, *words):
        self.assertEqual(result["reason"], reason, result)
        for word in words:
            self.assertIn(word, result["message"])


class Addresses(Upload):
    def test_both_families(self):
        self.stub("--fast", bind="10.9.0.2")
        self.assert_result(self.upload(), "done")
        self.stub("--fast", bind="fd09::2")
        self.assert_result(self.upload(target="[fd09::2]"), "done")

    def test_a_link_local_address(self):
        text = self.there.run("ip", "-6", "-o", "address", "show", "dev", "eth0", "scope",
                              "link").stdout
        address = re.search(r"inet6 (fe80\S+)/", text).group(1)
        self.stub("--fast", bind=f"{address}%eth0")
        self.assert_result(self.upload(target=f"[{address}%eth0]:8266"), "done")
        result = self.upload(target=f"[{address}]:8266")
        self.assertEqual(result["code"], 2, result)
        self.assertIn("%INTERFACE", result["message"])

    def test_host_ip(self):
        self.here.address("eth0", "10.9.0.11/24")
        stub = self.stub("--fast")
        self.assert_result(self.upload("--host-ip", "10.9.0.11"), "done")
        self.assertTrue(stub.wait_event("invited")["peer"].startswith("10.9.0.11:"))
        done = self.here.espota_c("upload", "--host", "10.9.0.2", "--host-ip", "10.9.0.12",
                                  self.image)
        self.assert_one_line(done, 8, "10.9.0.12")

    def test_families_that_cannot_meet(self):
        done = self.here.espota_c("upload", "--host", "10.9.0.2", "--host-ip", "fd09::1",
                                  self.image)
        self.assert_one_line(done, 2, "IPv6", "IPv4")


class Silence(Upload):
    def test_a_closed_port(self):
        self.assert_result(self.upload("--timeout", "1"), "no-answer",
                           "it is up, but nothing listens on its UDP port 8266")

    def test_nobody_has_the_address(self):
        # the kernel gives up asking for the address after some three seconds
        self.assert_result(self.upload("--timeout", "8", target="10.9.0.77"), "no-answer",
                           "it cannot be reached:")

    def test_a_router_knows_no_way(self):
        self.here.run("ip", "route", "add", "10.7.0.0/24", "via", "10.9.0.2")
        self.there.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.assert_result(self.upload("--timeout", "1", target="10.7.0.1"), "no-answer",
                           "it cannot be reached (says 10.9.0.2)")

    def test_no_way_there(self):
        self.assert_result(self.upload(target="192.0.2.1"), "no-answer", "cannot send to it",
                           "nreachable")

    def test_a_device_that_says_nothing(self):
        netlab.need("nft")
        self.there.run("sh", "-c", f"echo {shlex.quote(DROP_NFT)} | nft -f -")
        self.assert_result(self.upload("--timeout", "0.5"), "no-answer", "invitations",
                           "left from 10.9.0.1 over eth0",
                           "in that subnet. A longer --timeout may help.")

    def test_a_filter_of_our_own(self):
        netlab.need("nft")
        self.here.run("nft", "add table ip f; add chain ip f o { type filter hook output priority "
                      "0 ; }; add rule ip f o udp dport 8266 drop")
        result = self.upload("--timeout", "0.5")
        self.assertIn(result["reason"], ("local", "no-answer"), result)
        if result["reason"] == "local":
            self.assertIn("firewall", result["message"])


class NoCallBack(Upload):
    """The device hears us, we do not hear its connection: row 1 of everybody's list."""

    def expect_cure(self, *words):
        """The message names a command; with it, and the port that it opens, the upload works."""
        self.stub("--fast")
        result = self.upload("--timeout", "1")
        self.assert_result(result, "no-callback", "It was told 10.9.0.1:", "address on eth0",
                           "one subnet", *words)
        cure = re.search(r"to let the device in: sudo (.*?)\. Upload with --host-port (\d+) then,",
                         result["message"])
        self.assertIsNotNone(cure, result["message"])
        self.here.run(*shlex.split(cure.group(1)))
        self.assert_result(self.upload("--host-port", cure.group(2)), "done")

    def test_nftables(self):
        netlab.need("nft")
        self.here.run("sh", "-c", f"echo {shlex.quote(DROP_NFT)} | nft -f -")
        self.expect_cure("nftables", "nft insert rule inet mine incoming")

    def test_iptables(self):
        netlab.need("iptables")
        if self.here.run("iptables", "-P", "INPUT", "DROP", check=False).returncode != 0:
            self.skipTest("iptables does not work here")
        self.here.run("iptables", "-A", "INPUT", "-m", "conntrack", "--ctstate", "ESTABLISHED",
                      "-j", "ACCEPT")
        self.expect_cure("iptables -I INPUT")

    def test_no_firewall_here(self):
        netlab.need("nft")
        self.there.run("nft", "add table ip f; add chain ip f o { type filter hook output priority "
                       "0 ; }; add rule ip f o tcp flags syn drop")
        self.stub("--fast")
        result = self.upload("--timeout", "1")
        self.assert_result(result, "no-callback", "No firewall was found on this machine")
        self.assertNotIn("sudo", result["message"])

    def test_another_subnet(self):
        netlab.need("nft")
        self.there.address("lo", "10.8.0.2/32")
        self.here.run("ip", "route", "add", "10.8.0.2", "via", "10.9.0.2")
        self.there.run("nft", "add table ip f; add chain ip f o { type filter hook output priority "
                       "0 ; }; add rule ip f o tcp flags syn drop")
        self.stub("--fast", bind="10.8.0.2")
        self.assert_result(self.upload("--timeout", "1", target="10.8.0.2"), "no-callback",
                           "10.8.0.2 is in another subnet", "--peer")

    def test_behind_nat(self):
        """The call-back comes from the router's address: --peer says so."""
        netlab.need("nft")
        self.there.address("eth0", "10.9.0.3/24")
        self.there.run("nft", "add table ip n; add chain ip n p { type nat hook postrouting "
                       "priority 100 ; }; add rule ip n p tcp flags syn ip daddr 10.9.0.1 snat to "
                       "10.9.0.3")
        self.stub("--fast")
        self.assert_result(self.upload("--timeout", "1"), "no-callback",
                           "10.9.0.3, which was not invited", "give --peer 10.9.0.3")
        self.assert_result(self.upload("--peer", "10.9.0.3"), "done")


class Online(Upload):
    def test_it_comes_back(self):
        self.stub()
        result = self.upload("--wait-online", "30")
        self.assert_result(result, "done", "is back online")

    def test_it_does_not(self):
        self.stub("--uploads", "1")
        result = self.upload("--wait-online", "4")
        self.assert_result(result, "no-answer", "was not back online")


if __name__ == "__main__":
    espota_test.main()
