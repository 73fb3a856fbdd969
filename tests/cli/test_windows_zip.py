# SPDX-License-Identifier: MIT
"""The zip that Windows's users unpack: what is in it, and that whoever unpacks its sources makes the
same zip of them again, which is what libmicrohttpd's licence asks for. The program itself is tried
by the other tests of Windows."""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import tarfile
import zipfile

import espota_test
from espota_test import Case

ROOT = pathlib.Path(__file__).parents[2]
DLLS = {"advapi32", "bcrypt", "crypt32", "iphlpapi", "kernel32", "msvcrt", "ntdll", "ole32",
        "shell32", "user32", "ws2_32"}


class Zip(Case):
    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(os.environ["ESPOTA_EXE"]).parent
        self.zip = pathlib.Path(f"{self.folder}.zip")
        self.name = self.folder.name
        self.version = self.name.split("-")[2]

    def text(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def test_one_program_that_windows_alone_is_enough_for(self):
        exe = self.folder / "espota-c.exe"
        self.assertLess(exe.stat().st_size, 6_000_000)
        self.assertEqual([path.name for path in self.folder.rglob("*")
                          if path.suffix in (".exe", ".dll")], ["espota-c.exe"])
        told = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", exe], capture_output=True,
                              text=True, check=True).stdout
        needs = set(re.findall(r"DLL Name: (\S+)\.dll", told.lower()))
        self.assertEqual(needs - DLLS, set())
        self.assertIn("DYNAMIC_BASE", told)
        self.assertIn("NX_COMPAT", told)

    def test_one_folder_whose_name_says_what_it_is(self):
        with zipfile.ZipFile(self.zip) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual({name.split("/")[0] for name in archive.namelist()}, {self.name})
            self.assertFalse([name for name in archive.namelist() if "\\" in name or ":" in name])
        self.assertEqual(self.name, f"espota-c-{self.version}-windows-x86_64")

    def test_manual_as_text(self):
        pages = {page.stem for page in (ROOT / "man").glob("espota-c*.[157]")}
        self.assertEqual({page.stem for page in (self.folder / "doc").iterdir()}, pages)
        self.assertIn("--targets", self.text("doc/espota-c-upload.txt"))
        for page in (self.folder / "doc").iterdir():
            self.assertNotRegex(page.read_text(encoding="utf-8"), r"[\x00-\x08\x0b-\x1f]")

    def test_licences_and_bill_name_the_same_libraries(self):
        bill = json.loads(self.text("espota-c.spdx.json"))
        linked = {part["relatedSpdxElement"].removeprefix("SPDXRef-") for part in bill["relationships"]
                  if part["relationshipType"] == "STATIC_LINK"}
        texts = {path.stem for path in (self.folder / "licenses").iterdir()}
        self.assertEqual(linked, texts)
        self.assertLessEqual({"curl", "jansson", "libmicrohttpd", "openssl", "zlib"}, linked)
        listed = re.findall(r"^  (\S+) +\d\S*", self.text("LIBRARIES.txt"), re.M)
        self.assertEqual(set(listed), texts)

    def test_libmicrohttpd_is_handed_on(self):
        bill = json.loads(self.text("espota-c.spdx.json"))
        part = next(part for part in bill["packages"] if part["name"] == "libmicrohttpd")
        source = self.folder / "sources" / part["packageFileName"]
        self.assertEqual(hashlib.sha256(source.read_bytes()).hexdigest(),
                         part["checksums"][0]["checksumValue"])

    def test_its_sources_make_the_same_zip(self):
        with tarfile.open(self.folder / "sources" / f"espota-c-{self.version}.tar.gz") as sources:
            made = {int(part.mtime) for part in sources}
            self.assertFalse([part.name for part in sources if part.uid or part.gid])
            sources.extractall(self.dir)
        self.assertEqual(len(made), 1)
        done = subprocess.run(["sh", self.dir / f"espota-c-{self.version}/contrib/windows/build.sh",
                               self.dir / "again"], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=1200,
                              env={**os.environ, "SOURCE_DATE_EPOCH": str(made.pop())})
        self.assertEqual(done.returncode, 0, done.stderr)
        again = pathlib.Path(done.stdout.strip())
        self.assertEqual(again.name, self.zip.name)
        self.assertEqual(again.read_bytes() == self.zip.read_bytes(), True, "the zips differ")


if __name__ == "__main__":
    espota_test.main()
