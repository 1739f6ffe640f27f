#!/usr/bin/env python3
"""cochain's event loop beside its peers: builds them, runs them in turn, prints a table.

usage: python3 bench/run_core.py [--rounds 5] [--rows R,R...] [--peers P,P...] [--cpu N]
                                 [--no-build] [--json FILE]

Each figure is CPU time of a process that runs one row and nothing else, pinned to one CPU; the
process warms up and gives the median of three samples. In a round every peer runs a row before the
next row begins, each round in another order. A ratio is cochain over the peer within one round, and
the table has the median of the rounds, so that a machine that slows down for a while moves both.
A peer whose tools are missing is left out, and the table says so.
"""
import argparse
import json
import math
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
BUILD = ROOT / "build" / "bench"  # of the peers in other languages
RELEASE = ROOT / "build" / "release"
PEERS = ("cochain", "nodebug", "epoll", "asio", "tokio", "go", "uvloop", "asyncio")

# Row: goals. A goal is (peer, the most that the ratio may be) or (peer, most, the peer's row).
# "absolute" is a bound on the figure itself.
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


def run(command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, **options)


def output_of(command):
    return run(command, stdout=subprocess.PIPE).stdout.strip()


def build_cmake(*targets):
    if not (RELEASE / "build.ninja").is_file():
        run(["cmake", "--preset", "release"], cwd=ROOT, stdout=subprocess.DEVNULL)
    run(["cmake", "--build", RELEASE, "--target", *targets], cwd=ROOT, stdout=subprocess.DEVNULL)


def build_uvloop():
    python = BUILD / "venv" / "bin" / "python"
    if not python.is_file():
        run([sys.executable, "-m", "venv", BUILD / "venv"])
    run([python, "-m", "pip", "install", "-q", "-r", BENCH / "peers/asyncio/requirements.txt"])


def build_go():
    run(["go", "build", "-o", BUILD / "go_peer", "."], cwd=BENCH / "peers/go")


def build_tokio():
    run(["cargo", "build", "-q", "--release", "--locked", "--target-dir", BUILD / "tokio"],
        cwd=BENCH / "peers/tokio")


def programs():
    """Peer: how it is built, what runs it, what its version is."""
    python = BENCH / "peers/asyncio/main.py"
    venv = BUILD / "venv" / "bin" / "python"
    tokio = re.search(r'^tokio = .*"=([\d.]+)"', (BENCH / "peers/tokio/Cargo.toml").read_text(),
                      re.MULTILINE).group(1)
    uvloop = (BENCH / "peers/asyncio/requirements.txt").read_text().strip()
    binaries = RELEASE / "bin"
    compiler = ["g++", "-dumpfullversion"]
    return {
        "cochain": (lambda: build_cmake("bench_core"), [binaries / "bench_core"],
                    lambda: f"g++ {output_of(compiler)}"),
        "nodebug": (lambda: build_cmake("bench_core_nodebug"), [binaries / "bench_core_nodebug"],
                    lambda: "cochain without its debug mode"),
        "epoll": (lambda: build_cmake("bench_peer_epoll"), [binaries / "bench_peer_epoll"],
                  lambda: f"g++ {output_of(compiler)}"),
        "asio": (lambda: build_cmake("bench_peer_asio"), [binaries / "bench_peer_asio"],
                 lambda: "Boost " + output_of(
                     ["sh", "-c", "echo BOOST_LIB_VERSION | g++ -E -P -x c++ "
                      "-include boost/version.hpp - | tail -n 1"]).strip('"').replace("_", ".")),
        "tokio": (build_tokio, [BUILD / "tokio/release/tokio_peer"],
                  lambda: f"{tokio}, current_thread, {output_of(['rustc', '--version'])}"),
        "go": (build_go, [BUILD / "go_peer"], lambda: output_of(["go", "version"])),
        "uvloop": (build_uvloop, [venv, python, "--uvloop"], lambda: uvloop),
        "asyncio": (lambda: None, [sys.executable, python],
                    lambda: f"Python {sys.version.split()[0]}"),
    }


def include_milliseconds(peer):
    """CPU time of g++'s front end for one header."""
    header = "cochain/core.hpp" if peer == "cochain" else "boost/asio.hpp"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(["g++", "-std=c++20", "-fsyntax-only", "-x", "c++", f"-I{ROOT / 'core/include'}", "-"],
        input=f"#include <{header}>\n")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def measure(command, peer, row):
    if row == "include":
        return include_milliseconds(peer)
    line = json.loads(output_of([*command, row]).splitlines()[-1])
    return line["bytes"] if "bytes" in line else line["ns"]


class Results:
    def __init__(self, rounds):
        self.rounds = rounds
        self.values = {}  # (row, peer): a figure of each round

    def of(self, row, peer):
        """One figure for each round, or nothing."""
        if row in DERIVED:
            try:
                return [DERIVED[row](lambda name, i=i: self.values[name, peer][i])
                        for i in range(self.rounds)]
            except KeyError:
                return None
        return self.values.get((row, peer))

    def figure(self, row, peer):
        values = self.of(row, peer)
        return statistics.median(values) if values else None

    def ratio(self, row, peer, peer_row=None):
        ours, theirs = self.of(row, "cochain"), self.of(peer_row or row, peer)
        if not ours or not theirs:
            return None
        return statistics.median(a / b for a, b in zip(ours, theirs))


def take(commands, rows, rounds):
    results = Results(rounds)
    known = {peer: set(output_of([*command, "--list"]).split())
             for peer, command in commands.items()}
    for peer in ("cochain", "asio"):
        if peer in known:
            known[peer].add("include")
    if "nodebug" in known:
        known["nodebug"] &= set(DEBUG_ROWS)
    broken = set()
    for index in range(rounds):
        for row in rows:
            peers = [peer for peer in commands if row in known[peer] and (row, peer) not in broken]
            shift = index % len(peers) if peers else 0
            for peer in peers[shift:] + peers[:shift]:
                try:
                    value = measure(commands[peer], peer, row)
                    results.values.setdefault((row, peer), []).append(value)
                except (subprocess.CalledProcessError, ValueError, KeyError, IndexError) as error:
                    print(f"NOT MEASURED: {row} of {peer}: {error}", file=sys.stderr)
                    broken.add((row, peer))
                    results.values.pop((row, peer), None)
        print(f"round {index + 1} of {rounds}", file=sys.stderr, flush=True)
    return results


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def judged(results, row):
    """What the goals of a row say."""
    told = []
    for goal in ROWS[row]:
        peer, most = goal[0], goal[1]
        if peer == "absolute":
            value, of = results.figure(row, "cochain"), ""
            shown, bound = (number(value) if value else None), f"≤ {number(most)}"
        else:
            value = results.ratio(row, peer, *goal[2:])
            of = f" × {peer}" + (f" `{goal[2]}`" if goal[2:] else "")
            shown, bound = (f"{value:.2f}" if value else None), f"≤ {most}{of}"
        if value is None:
            told.append(f"{bound}: not measured")
        else:
            told.append(f"{bound}: {shown}, {'met' if value <= most else '**missed**'}")
    return "; ".join(told) or "–"


def table(results, rows, peers):
    others = [peer for peer in peers if peer not in ("cochain", "nodebug")]
    lines = ["| row | cochain | " + " | ".join(others) + " | goal |",
             "|---|---" + "|---" * len(others) + "|---|"]
    for row in rows:
        ours = results.figure(row, "cochain")
        cells = [number(ours) if ours else "–"]
        for peer in others:
            value, ratio = results.figure(row, peer), results.ratio(row, peer)
            cell = number(value) if value else "–"
            cells.append(f"{cell} ({ratio:.2f})" if value and ratio else cell)
        if any(cell != "–" for cell in cells):
            lines.append(f"| `{row}` | " + " | ".join(cells) + f" | {judged(results, row)} |")
    return "\n".join(lines)


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


def prepare(wanted, build):
    commands, versions, skipped = {}, {}, []
    BUILD.mkdir(parents=True, exist_ok=True)
    for peer, (make, command, version) in programs().items():
        if peer not in wanted:
            continue
        try:
            if build:
                print(f"building {peer}", file=sys.stderr, flush=True)
                make()
            if not shutil.which(str(command[0])):
                raise FileNotFoundError(f"{command[0]} is not there")
            versions[peer] = version()
            commands[peer] = command
        except (OSError, subprocess.CalledProcessError) as error:
            skipped.append(peer)
            print(f"SKIPPED: {peer}: {error}", file=sys.stderr, flush=True)
    return commands, versions, skipped


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", default=",".join(ROWS), help="names or prefixes: echo,queue_64")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench_core.json")
    options = parser.parse_args()
    prefixes = tuple(options.rows.split(","))
    rows = [row for row in ROWS if row.startswith(prefixes)]
    commands, versions, skipped = prepare(options.peers.split(","), not options.no_build)

    os.sched_setaffinity(0, {options.cpu})  # and so all that is started from here
    results = take(commands, [row for row in rows if row not in DERIVED], options.rounds)

    print(f"CPU nanoseconds for one operation (`task_bytes`: bytes, `include`: milliseconds), and in "
          f"brackets cochain over the peer; medians of {options.rounds} rounds on one CPU.\n")
    print(table(results, rows, list(commands)))
    if cost := debug_cost(results):
        print(f"\n{cost}")
    print("\nPeers: " + "; ".join(f"{peer}: {text}" for peer, text in versions.items()) + ".")
    if skipped:
        print(f"\n**Left out, because they could not be built: {', '.join(skipped)}.**")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({
        "versions": versions, "skipped": skipped, "rounds": options.rounds,
        "values": {f"{row} {peer}": values for (row, peer), values in results.values.items()},
    }, indent=1) + "\n")


if __name__ == "__main__":
    main()
