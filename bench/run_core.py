#!/usr/bin/env python3
"""cochain's event loop beside its peers: builds them, runs them in turn, prints a table.

usage: python3 bench/run_core.py [--rounds 5] [--rows R,R...] [--peers P,P...] [--cpu N]
                                 [--no-build] [--json FILE]

How a figure and a ratio come about is written in runner.py.
"""
import math
import re
import resource
import statistics
import sys

import runner
from runner import BENCH, BUILD, RELEASE, ROOT, Peer, output_of

ROWS = {
    "await_1": [("asio", 0.6), ("tokio", 1.0)],
    "await_10": [("asio", 0.6), ("tokio", 1.0)],
    "create_task": [("tokio", 0.25), ("go", 0.3)],
    "spawn_join": [("tokio", 0.3)],
    "task_bytes": [("absolute", 450)],
    "yield_1": [("tokio", 0.5), ("go", 1.0)],
    "yield_1000": [("tokio", 0.5), ("go", 1.0)],
    "queue_64": [("go", 0.5), ("tokio", 0.3)],
    "queue_1": [("go", 0.5), ("tokio", 0.3)],
    "event_pingpong": [],
    "lock": [("go", 1.0)],
    "event_set": [("go", 1.0, "lock")],
    "semaphore": [("go", 1.0, "lock")],
    "timers_100k": [("go", 0.5)],
    "timers_100k_own": [("go", 0.5, "timers_100k")],
    "sleepers_100k": [],
    "timeout_sync": [("tokio", 1.0)],
    "timeout_async": [("tokio", 1.0)],
    "cancel_1": [("tokio", 2.0)],
    "cancel_5": [],
    "cancel_20": [],
    "cancel_level": [("absolute", 1300), ("cochain", 1.3, "rethrow")],
    "rethrow": [],
    "gather_50": [("tokio", 0.3, "task_group_50")],
    "task_group_50": [("tokio", 0.3)],
    "echo_32_1": [("uvloop", 0.5), ("epoll", 1.3)],
    "echo_32_100": [("uvloop", 0.5), ("epoll", 1.3)],
    "echo_64k_1": [("uvloop", 0.5), ("epoll", 1.3)],
    "echo_64k_100": [("uvloop", 0.5), ("epoll", 1.3)],
    "echo_32_1_protocol": [],
    "echo_64k_1_protocol": [],
    "include": [("absolute", 1000), ("asio", 0.2)],
}
# Made from others: what one more level costs a cancellation.
DERIVED = {"cancel_level": lambda get: (get("cancel_20") - get("cancel_1")) / 19}
# What the debug mode costs while it is off, over the geometric mean of these.
DEBUG_ROWS = ("await_10", "create_task", "yield_1", "yield_1000", "queue_64", "queue_1", "lock",
              "task_group_50", "timers_100k_own")
DEBUG_GOAL = 1.02


def peers():
    venv = BUILD / "venv" / "bin" / "python"
    python = BENCH / "peers/asyncio/main.py"
    requirements = BENCH / "peers/asyncio/requirements.txt"
    tokio = re.search(r'^tokio = .*"=([\d.]+)"', (BENCH / "peers/tokio/Cargo.toml").read_text(),
                      re.MULTILINE).group(1)

    def ours(target, version):
        return Peer(lambda: runner.build_cmake(target), [RELEASE / "bin" / target], version)

    return {
        "cochain": ours("bench_core", runner.compiler),
        "nodebug": ours("bench_core_nodebug", lambda: "cochain without its debug mode"),
        "epoll": ours("bench_peer_epoll", runner.compiler),
        "asio": ours("bench_peer_asio", lambda: "Boost " + output_of(
            ["sh", "-c", "echo BOOST_LIB_VERSION | g++ -E -P -x c++ "
             "-include boost/version.hpp - | tail -n 1"]).strip('"').replace("_", ".")),
        "tokio": Peer(lambda: runner.build_cargo("tokio"), [BUILD / "tokio/release/tokio_peer"],
                      lambda: f"{tokio}, current_thread, {output_of(['rustc', '--version'])}"),
        "go": Peer(lambda: runner.build_go("go"), [BUILD / "go_peer"],
                   lambda: output_of(["go", "version"])),
        "uvloop": Peer(lambda: runner.build_venv("venv", requirements), [venv, python, "--uvloop"],
                       lambda: requirements.read_text().strip()),
        "asyncio": Peer(lambda: None, [sys.executable, python],
                        lambda: f"Python {sys.version.split()[0]}"),
    }


def include_milliseconds(header):
    """CPU time of g++'s front end for one header."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    runner.run(["g++", "-std=c++20", "-fsyntax-only", "-x", "c++", f"-I{ROOT / 'core/include'}",
                "-"], input=f"#include <{header}>\n")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def debug_cost(results):
    ratios = {row: results.ratio(row, "nodebug") for row in DEBUG_ROWS}
    ratios = {row: ratio for row, ratio in ratios.items() if ratio}
    if not ratios:
        return None
    mean = math.exp(statistics.mean(math.log(ratio) for ratio in ratios.values()))
    verdict = "met" if mean <= DEBUG_GOAL else "**missed**"
    sources = [*(ROOT / "core").rglob("*.[ch]pp")]
    if not any("COCHAIN_NO_DEBUG" in path.read_text(encoding="utf-8") for path in sources):
        verdict = "no verdict, core has no COCHAIN_NO_DEBUG and this is the same code twice"
    each = ", ".join(f"`{row}` {ratio:.3f}" for row, ratio in ratios.items())
    return (f"Debug mode off over compiled out: {mean:.3f}, goal ≤ {DEBUG_GOAL}: {verdict} "
            f"(geometric mean of {each}).")


def main():
    suite = runner.Suite(
        "core", peers(), ROWS, derived=DERIVED, only={"nodebug": DEBUG_ROWS}, hidden=("nodebug",),
        extra={("cochain", "include"): lambda: include_milliseconds("cochain/core.hpp"),
               ("asio", "include"): lambda: include_milliseconds("boost/asio.hpp")})
    runner.main(suite, __doc__.splitlines()[0],
                "CPU nanoseconds for one operation (`task_bytes`: bytes, `include`: milliseconds)",
                debug_cost)


if __name__ == "__main__":
    main()
