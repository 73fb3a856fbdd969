#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Recomputes every line of auth.txt with Python's hashlib; exits 1 if one differs."""
import hashlib
import pathlib
import sys


def response(form, password, nonce, cnonce):
    pwh = hashlib.new(form, password.encode()).hexdigest()
    if len(nonce) == 32:
        return pwh, hashlib.md5(f"{pwh}:{nonce}:{cnonce}".encode()).hexdigest()
    key = hashlib.pbkdf2_hmac("sha256", pwh.encode(), f"{nonce}:{cnonce}".encode(), 10000)
    return pwh, hashlib.sha256(f"{key.hex()}:{nonce}:{cnonce}".encode()).hexdigest()


def main():
    bad = checked = 0
    text = pathlib.Path(__file__).with_name("auth.txt").read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            continue
        form, password, pwh, nonce, cnonce, expected = line.split("\t")
        checked += 1
        if (pwh, expected) != response(form, password, nonce, cnonce):
            print(f"auth.txt:{number}: differs", file=sys.stderr)
            bad += 1
    return 1 if bad or not checked else 0


sys.exit(main())
