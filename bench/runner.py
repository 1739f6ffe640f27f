"""What the run_*.py share: peers are built, run in turn, and set in a table.

Each figure is CPU time of a process that runs one row and nothing else, pinned to one CPU; the
process warms up and gives the median of three samples. In a round every peer runs a row before the
next row begins, each round in another order. A ratio is cochain over the peer within one round, and
the table has the median of the rounds, so that a machine that slows down for a while moves both.
A peer whose tools are missing is left out, and the table says so; one that fails at a row "fails".
Where a peer also tells what came out of its work ("result"), the foot of the table says which rows
have peers that differ.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
BUILD = ROOT / "build" / "bench"  # of the peers in other languages
RELEASE = ROOT / "build" / "release"


def run(command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, **options)


def output_of(command):
    return run(command, stdout=subprocess.PIPE).stdout.strip()


def build_cmake(*targets):
    if not (RELEASE / "build.ninja").is_file():
        run(["cmake", "--preset", "release"], cwd=ROOT, stdout=subprocess.DEVNULL)
    run(["cmake", "--build", RELEASE, "--target", *targets], cwd=ROOT, stdout=subprocess.DEVNULL)


def build_venv(name, requirements):
    """A virtual environment of Python with just these packages; its interpreter."""
    python = BUILD / name / "bin" / "python"
    if not python.is_file():
        run([sys.executable, "-m", "venv", BUILD / name])
    run([python, "-m", "pip", "install", "-q", "-r", requirements])
    return python


def build_go(peer):
    run(["go", "build", "-o", BUILD / f"{peer}_peer", "."], cwd=BENCH / "peers" / peer)


def build_cargo(peer):
    run(["cargo", "build", "-q", "--release", "--locked", "--target-dir", BUILD / peer],
        cwd=BENCH / "peers" / peer)


def compiler():
    return f"g++ {output_of(['g++', '-dumpfullversion'])}"


class Peer:
    """How a peer is built, what runs it, and what its version is.

    `seconds_max` ends a process that takes more CPU time: some peers are quadratic.
    """

    def __init__(self, build, command, version, seconds_max=None):
        self.build, self.command, self.version = build, command, version
        self.seconds_max = seconds_max


class Suite:
    """A set of rows and who runs them.

    `rows` has the goals of each row. A goal is (peer, the most that the ratio may be) or (peer,
    most, the peer's row); "absolute" is a bound on the figure itself. `derived` has rows that are
    made from others. `only` names the rows that a peer takes part in, where it knows more.
    `extra` has rows that the runner itself measures, by peer: a function for each. `once` names
    rows that only the first round has.
    """

    def __init__(self, name, peers, rows, derived=None, only=None, extra=None, hidden=(), once=()):
        self.name, self.peers, self.rows = name, peers, rows
        self.derived, self.only, self.extra = derived or {}, only or {}, extra or {}
        self.hidden = hidden  # peers that have no column
        self.once = frozenset(once)


class Results:
    def __init__(self, suite, rounds):
        self.suite, self.rounds = suite, rounds
        self.values = {}  # (row, peer): a figure of each round
        self.failures = {}  # (row, peer): what the table says in place of a figure
        self.told = {}  # (row, peer): what came out of the work, in the peer's words

    def of(self, row, peer):
        """One figure for each round that has one, or nothing."""
        if row not in self.suite.derived:
            return self.values.get((row, peer))
        made = []
        for i in range(self.rounds):
            try:
                made.append(self.suite.derived[row](
                    lambda name, i=i: self.values[name, peer][i]))
            except (KeyError, IndexError, ZeroDivisionError):  # one took no time
                break
        return made or None

    def figure(self, row, peer):
        values = self.of(row, peer)
        return statistics.median(values) if values else None

    def ratio(self, row, peer, peer_row=None):
        ours, theirs = self.of(row, "cochain"), self.of(peer_row or row, peer)
        if not ours or not theirs:
            return None
        ratios = [a / b for a, b in zip(ours, theirs) if b > 0]
        return statistics.median(ratios) if ratios else None


def cpu_seconds_of(pid):
    """User and system time of a process that has not been waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def output_within(command, seconds_max):
    """What a process prints that takes no more CPU time; of wall time a busy machine would take more.

    RLIMIT_CPU is no way to it: under one the clocks of a process move with the kernel's ticks alone,
    so that what takes less than a few milliseconds seems to take none.
    """
    if not seconds_max:
        return output_of(command)
    command = [str(part) for part in command]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as process:
        while True:
            try:
                text, _ = process.communicate(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                seconds = cpu_seconds_of(process.pid)
                if seconds > seconds_max:
                    process.kill()
                    raise subprocess.TimeoutExpired(command, seconds) from None
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return text


def measure(suite, command, peer, row):
    if (peer, row) in suite.extra:
        return suite.extra[peer, row](), None
    text = output_within([*command, row], suite.peers[peer].seconds_max)
    line = json.loads(text.splitlines()[-1])
    return line["bytes"] if "bytes" in line else line["ns"], line.get("result")


def take(suite, commands, rows, rounds):
    results = Results(suite, rounds)
    known = {peer: set(output_of([*command, "--list"]).split())
             for peer, command in commands.items()}
    for peer, row in suite.extra:
        if peer in known:
            known[peer].add(row)
    for peer, some in suite.only.items():
        if peer in known:
            known[peer] &= set(some)
    for index in range(rounds):
        for row in rows:
            if index > 0 and row in suite.once:
                continue
            peers = [peer for peer in commands
                     if row in known[peer] and (row, peer) not in results.failures]
            shift = index % len(peers) if peers else 0
            for peer in peers[shift:] + peers[:shift]:
                try:
                    value, told = measure(suite, commands[peer], peer, row)
                    results.values.setdefault((row, peer), []).append(value)
                    if told is not None:
                        results.told[row, peer] = told
                except (subprocess.SubprocessError, ValueError, KeyError, IndexError) as error:
                    print(f"NOT MEASURED: {row} of {peer}: {error}", file=sys.stderr, flush=True)
                    late = isinstance(error, subprocess.TimeoutExpired)
                    most = suite.peers[peer].seconds_max
                    results.failures[row, peer] = f"> {most} s" if late else "fails"
                    results.values.pop((row, peer), None)
        print(f"round {index + 1} of {rounds}", file=sys.stderr, flush=True)
    return results


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def ratio_text(value):
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def judged(results, row):
    """What the goals of a row say."""
    told = []
    for goal in results.suite.rows[row]:
        peer, most = goal[0], goal[1]
        if peer == "absolute":
            value, of = results.figure(row, "cochain"), ""
            shown, bound = (number(value) if value else None), f"≤ {number(most)}"
        else:
            value = results.ratio(row, peer, *goal[2:])
            of = f" × {peer}" + (f" `{goal[2]}`" if goal[2:] else "")
            shown, bound = (ratio_text(value) if value else None), f"≤ {most}{of}"
        if value is None:
            told.append(f"{bound}: not measured")
        else:
            told.append(f"{bound}: {shown}, {'met' if value <= most else '**missed**'}")
    return "; ".join(told) or "–"


def table(results, rows, peers):
    others = [peer for peer in peers if peer != "cochain" and peer not in results.suite.hidden]
    lines = ["| row | cochain | " + " | ".join(others) + " | goal |",
             "|---|---" + "|---" * len(others) + "|---|"]
    for row in rows:
        ours = results.figure(row, "cochain")
        cells = [number(ours) if ours else results.failures.get((row, "cochain"), "–")]
        for peer in others:
            value, ratio = results.figure(row, peer), results.ratio(row, peer)
            cell = number(value) if value else results.failures.get((row, peer), "–")
            cells.append(f"{cell} ({ratio_text(ratio)})" if value and ratio else cell)
        if any(cell != "–" for cell in cells):
            lines.append(f"| `{row}` | " + " | ".join(cells) + f" | {judged(results, row)} |")
    return "\n".join(lines)


def disagreements(results):
    """Which rows have peers that made something else than cochain, or than the first of them."""
    by_row = {}
    for (row, peer), told in results.told.items():
        by_row.setdefault(row, {})[peer] = told
    differ = []
    for row, told in by_row.items():
        wanted = told.get("cochain", next(iter(told.values())))
        others = [f"{peer} {words}" for peer, words in told.items() if words != wanted]
        if others:
            differ.append(f"`{row}`: {', '.join(others)}, the others {wanted}")
    if not by_row:
        return None
    same = f"The same came out of every peer in {len(by_row) - len(differ)} of {len(by_row)} rows"
    return f"{same}. **It differs in** " + "; ".join(differ) + "." if differ else f"{same}."


def prepare(suite, wanted, build):
    commands, versions, skipped = {}, {}, []
    BUILD.mkdir(parents=True, exist_ok=True)
    for name, peer in suite.peers.items():
        if name not in wanted:
            continue
        try:
            if build:
                print(f"building {name}", file=sys.stderr, flush=True)
                peer.build()
            if not shutil.which(str(peer.command[0])):
                raise FileNotFoundError(f"{peer.command[0]} is not there")
            versions[name] = peer.version()
            commands[name] = peer.command
        except (OSError, subprocess.CalledProcessError) as error:
            skipped.append(name)
            print(f"SKIPPED: {name}: {error}", file=sys.stderr, flush=True)
    return commands, versions, skipped


def main(suite, description, head, foot=lambda results: None):
    """Runs a suite as the command line says; `head` and `foot` stand around its table."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", default=",".join(suite.rows), help="names or prefixes")
    parser.add_argument("--peers", default=",".join(suite.peers))
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / f"bench_{suite.name}.json")
    options = parser.parse_args()
    prefixes = tuple(options.rows.split(","))
    rows = [row for row in suite.rows if row.startswith(prefixes)]
    commands, versions, skipped = prepare(suite, options.peers.split(","), not options.no_build)

    os.sched_setaffinity(0, {options.cpu})  # and so all that is started from here
    measured = [row for row in rows if row not in suite.derived]
    results = take(suite, commands, measured, options.rounds)

    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({
        "versions": versions, "skipped": skipped, "rounds": options.rounds,
        "values": {f"{row} {peer}": values for (row, peer), values in results.values.items()},
        "failures": {f"{row} {peer}": text for (row, peer), text in results.failures.items()},
    }, indent=1) + "\n")

    print(f"{head}, and in brackets cochain over the peer; medians of {options.rounds} rounds on "
          "one CPU.\n")
    print(table(results, rows, list(commands)))
    for told in (foot(results), disagreements(results)):
        if told:
            print(f"\n{told}")
    print("\nPeers: " + "; ".join(f"{peer}: {text}" for peer, text in versions.items()) + ".")
    if skipped:
        print(f"\n**Left out, because they could not be built: {', '.join(skipped)}.**")
