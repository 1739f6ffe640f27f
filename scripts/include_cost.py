#!/usr/bin/env python3
"""What cochain costs the compiler: CPU seconds of g++, the best of three runs.

First the front end on an include of each public header, and of what it can be measured by: the
standard headers that no C++20 library of this kind is without, and Boost.Asio. Then a whole program
at -O0, without and with a precompiled header. The best run counts, because only another program's
noise can make a run slower. Fails if <cochain/cochain.hpp> costs more than the budget, in units of
those standard headers: seconds differ by more than twice between two machines, their ratio does
not.
"""
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGET = 4.0
STANDARD = ("algorithm", "chrono", "functional", "map", "memory", "optional", "string",
            "unordered_map", "variant", "vector")
HEADERS = ("cochain/core.hpp", "cochain/chains.hpp", "cochain/providers.hpp", "cochain/cochain.hpp")
PROGRAM = ROOT / "bench" / "compile" / "program.cpp"


def seconds(options, text=None):
    command = ["g++", "-std=c++20", *map(str, options)]
    command += [f"-I{ROOT / floor / 'include'}" for floor in ("core", "chains", "providers")]

    def once():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, input=text, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    return min(once() for _ in range(3))


def include(*headers):
    text = "".join(f"#include <{header}>\n" for header in headers)
    return seconds(["-fsyntax-only", "-x", "c++", "-"], text)


def main():
    unit = include(*STANDARD)

    def tell(cost, what):
        print(f"{cost:6.2f} s  {cost / unit:5.2f}  {what}", flush=True)

    print("   CPU   ratio")
    tell(unit, "the standard headers " + ", ".join(STANDARD))
    costs = {}
    for header in (*HEADERS, "boost/asio.hpp"):
        costs[header] = include(header)
        tell(costs[header], f"<{header}>")
    program = PROGRAM.relative_to(ROOT)
    tell(seconds(["-O0", "-c", PROGRAM, "-o", "/dev/null"]), f"{program}, compiled at -O0")
    with tempfile.TemporaryDirectory() as folder:
        header = Path(folder) / "precompiled.hpp"
        header.write_text("#include <boost/describe/class.hpp>\n#include <cochain/cochain.hpp>\n")
        seconds(["-O0", "-x", "c++-header", header, "-o", f"{header}.gch"])
        tell(seconds(["-O0", "-include", header, "-c", PROGRAM, "-o", "/dev/null"]),
             "the same with <cochain/cochain.hpp> precompiled")
    if costs["cochain/cochain.hpp"] > BUDGET * unit:
        print(f"<cochain/cochain.hpp> may cost {BUDGET} times the standard headers")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
