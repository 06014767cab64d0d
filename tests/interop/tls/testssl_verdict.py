#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads what testssl --jsonfile has found, and fails if one of the findings is worse than "OK" or
"INFO", or if one that is asked for was not made. Usage: testssl_verdict.py FOUND.json"""
import json
import sys

asked = {"SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3", "cipherlist_NULL",
         "cipherlist_aNULL", "cipherlist_EXPORT", "cipherlist_LOW", "cipherlist_3DES_IDEA",
         "cipherlist_STRONG", "PFS", "heartbleed", "CCS", "ROBOT", "secure_renego",
         "secure_client_renego", "CRIME_TLS", "POODLE_SSL", "SWEET32", "FREAK", "DROWN", "LOGJAM",
         "BEAST", "LUCKY13", "RC4"}
# About testssl.sh itself, and about a service that is no web server.
no_findings = {"engine_problem", "service", "scanTime"}

with open(sys.argv[1], encoding="utf-8") as file:
    found = {each["id"]: each for each in json.load(file)}
wrong = [f"no verdict on {name}" for name in sorted(asked - found.keys())]
for name, each in found.items():
    if name in no_findings:
        continue
    print("  ", name, each["severity"], each["finding"])
    if each["severity"] not in ("OK", "INFO"):
        wrong.append(f"{name}: {each['severity']}: {each['finding']}")
for name in ("TLS1_2", "TLS1_3"):
    if name in found and "not offered" in found[name]["finding"]:
        wrong.append(f"{name} is not offered: was it the server?")
if wrong:
    sys.exit("testssl.sh found:\n  " + "\n  ".join(wrong))
