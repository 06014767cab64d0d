#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads what sslscan --xml has found, and fails if there is something below TLS 1.2, a weak cipher,
compression or renegotiation. Usage: sslscan_verdict.py FOUND.xml"""
import sys
import xml.etree.ElementTree as tree

found = tree.parse(sys.argv[1]).getroot()
wrong = []
protocols = {f"{p.get('type')}{p.get('version')}": p.get("enabled") for p in found.iter("protocol")}
for name, wanted in {"ssl2": "0", "ssl3": "0", "tls1.0": "0", "tls1.1": "0", "tls1.2": "1",
                     "tls1.3": "1"}.items():
    if protocols.get(name) != wanted:
        wrong.append(f"{name}: enabled is {protocols.get(name)}")
ciphers = [c for c in found.iter("cipher")]
if len(ciphers) < 6:
    wrong.append(f"only {len(ciphers)} ciphers were found: was it the server?")
for cipher in ciphers:
    name = cipher.get("cipher")
    if cipher.get("strength") not in ("strong", "acceptable"):
        wrong.append(f"{name} is {cipher.get('strength')}")
    if int(cipher.get("bits")) < 128 or not any(good in name for good in ("GCM", "CHACHA20")):
        wrong.append(f"{name} is weak")
for what in ("compression", "renegotiation"):
    for each in found.iter(what):
        if each.get("supported") != "0":
            wrong.append(f"{what} is supported")
for each in found.iter("heartbleed"):
    if each.get("vulnerable") != "0":
        wrong.append("heartbleed")
for cipher in ciphers:
    print("  ", cipher.get("sslversion"), cipher.get("cipher"), cipher.get("strength"))
if wrong:
    sys.exit("sslscan found:\n  " + "\n  ".join(wrong))
