#!/usr/bin/env python3
"""cochain's chains and agents beside other frameworks: builds them all, runs them, prints a table.

usage: python3 bench/run_chains.py [--rounds 5] [--rows R,R...] [--peers P,P...] [--cpu N]
                                   [--no-build] [--json FILE]

How a figure and a ratio come about is written in runner.py.
"""
import re
import shutil

import runner
from runner import BENCH, BUILD, RELEASE, Peer, output_of

PYTHON = BENCH / "peers" / "langchain"
JAVASCRIPT = BENCH / "peers" / "langchain_js"

# Row: goals, see Suite. 200 times less than LangChain is at most 0.005 of it.
ROWS = {
    "invoke": [("langchain", 0.005), ("rig", 1.0), ("eino", 1.0)],
    "stream3": [("langchain", 0.005), ("rig", 1.0), ("eino", 1.0)],
    "stream5": [("absolute", 1000), ("rig", 1.0), ("eino", 1.0)],
    "events3": [("langchain", 0.005)],
    "observed3": [("eino", 1.0, "events3")],
    "batch5000": [("rig", 1.0), ("eino", 1.0)],
    "structured10k": [],
    "structured10k_whole": [("rig", 1.0, "structured10k"), ("eino", 1.0, "structured10k")],
    "structured10k_diff": [],
    "structured1m": [],
    "structured1m_whole": [("rig", 1.0, "structured1m"), ("eino", 1.0, "structured1m")],
    "structured1m_diff": [],
    "parse10k": [("simdjson", 3.0)],
    "parse1m": [("simdjson", 3.0)],
    "agent_step": [("rig", 1.0), ("eino", 1.0)],
    "tools10": [("rig", 1.0), ("eino", 1.0)],
}


def pinned(path, pattern):
    return re.search(pattern, path.read_text(), re.MULTILINE).group(1)


def python_peer(name, *options):
    requirements = PYTHON / f"requirements-{name}.txt"
    return Peer(lambda: runner.build_venv(f"venv_{name}", requirements),
                [BUILD / f"venv_{name}" / "bin" / "python", PYTHON / "main.py", *options],
                lambda: ", ".join(requirements.read_text().split()))


def build_javascript():
    folder = BUILD / "langchain_js"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "main.mjs"):
        shutil.copy(JAVASCRIPT / name, folder / name)
    runner.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder)


def peers():
    def ours(target, version):
        return Peer(lambda: runner.build_cmake(target), [RELEASE / "bin" / target], version)

    rig = pinned(BENCH / "peers/rig/Cargo.toml", r'^rig-agent = .*"=([\d.]+)"')
    eino = pinned(BENCH / "peers/eino/go.mod", r"cloudwego/eino (v[\d.]+)")
    core = pinned(JAVASCRIPT / "package.json", r'"@langchain/core": "([\d.]+)"')
    graph = pinned(JAVASCRIPT / "package.json", r'"@langchain/langgraph": "([\d.]+)"')
    return {
        "cochain": ours("bench_chains", runner.compiler),
        "simdjson": ours("bench_peer_simdjson", runner.compiler),
        "rig": Peer(lambda: runner.build_cargo("rig"), [BUILD / "rig/release/rig_peer"],
                    lambda: f"{rig}, tokio's current_thread, {output_of(['rustc', '--version'])}"),
        "eino": Peer(lambda: runner.build_go("eino"), [BUILD / "eino_peer"],
                     lambda: f"{eino}, {output_of(['go', 'version'])}"),
        "langchain_js": Peer(build_javascript, ["node", BUILD / "langchain_js/main.mjs"],
                             lambda: f"@langchain/core {core}, langgraph {graph}, "
                                     f"node {output_of(['node', '--version'])}"),
        "langchain": python_peer("langchain"),
        "langgraph": python_peer("langgraph", "--langgraph"),
    }


def main():
    runner.main(runner.Suite("chains", peers(), ROWS), __doc__.splitlines()[0],
                "CPU nanoseconds for one operation")


if __name__ == "__main__":
    main()
