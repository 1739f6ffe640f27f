#!/usr/bin/env python3
"""What including cochain costs: CPU seconds of the g++ front end, the best of three runs.

Fails if <cochain/cochain.hpp> costs more than the budget. The best run counts, because only
another program's noise can make a run slower.
"""
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET_SECONDS = 1.5
HEADERS = ("cochain/core.hpp", "cochain/chains.hpp", "cochain/providers.hpp", "cochain/cochain.hpp")


def seconds(header):
    command = ["g++", "-std=c++20", "-fsyntax-only", "-x", "c++", "-"]
    command += [f"-I{ROOT / floor / 'include'}" for floor in ("core", "chains", "providers")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, input=f"#include <{header}>\n", text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main():
    status = 0
    for header in HEADERS:
        if not any((ROOT / floor / "include" / header).is_file()
                   for floor in ("core", "chains", "providers")):
            continue
        best = min(seconds(header) for _ in range(3))
        print(f"{best:5.2f} s  <{header}>")
        if header == "cochain/cochain.hpp" and best > BUDGET_SECONDS:
            print(f"the budget of <{header}> is {BUDGET_SECONDS} s")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
