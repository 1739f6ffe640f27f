#!/usr/bin/env python3
"""cochain's tokenizers beside others: builds them all, runs them, prints a table.

usage: python3 bench/run_tokens.py [--rounds 3] [--rows R,R...] [--peers P,P...] [--cpu N]
                                   [--no-build] [--json FILE]

How a figure and a ratio come about is written in runner.py, and where the texts and vocabularies
come from in token_data.py.
"""
import os
import re
import shutil

import runner
import token_data
from runner import BENCH, BUILD, RELEASE, Peer, output_of

PYTHON = BENCH / "peers" / "tiktoken"
JAVASCRIPT = BENCH / "peers" / "tiktoken_js"
RUST = BENCH / "peers" / "tokenizers_rust"
SECONDS_MAX = 30  # CPU time of a process
QUADRATIC_SECONDS_MAX = 10  # of one that takes minutes for many rows, if it is let

ENCODINGS = ("cl100k", "o200k")
ENGINES = ("bpe_openai", "fastokens", "hf_next", "hf", "tiktoken_js")  # to be ahead of
# At least 5, 9 and 2.5 times as fast as tiktoken.
TEXTS = {"english": 0.2, "cpp": 0.111, "cjk": 0.4, "multi": None, "utf8": None}
FAMILIES = tuple(token_data.families(20))
MEMORY_MAX = {"cl100k": 13e6, "o200k": 26e6}
SPLIT_TOKENS = (64, 512, 4096)


def rows():
    """Row: goals, see Suite."""
    made = {}
    for encoding in ENCODINGS:
        for text, most in TEXTS.items():
            native = [("tiktoken", most)] if most else []
            made[f"{text}_{encoding}"] = [*native, *((peer, 1.0) for peer in ENGINES if native)]
    for encoding in ENCODINGS:
        made[f"load_{encoding}"] = []
        made[f"open_{encoding}"] = [("absolute", 5_000_000)]
        made[f"memory_{encoding}"] = [("absolute", MEMORY_MAX[encoding])]
    for encoding in ENCODINGS:
        for family in FAMILIES:
            made[f"{family}_1m_{encoding}"] = [("absolute", 100_000)]
            made[f"{family}_100k_{encoding}"] = []
            made[f"{family}_growth_{encoding}"] = [("absolute", 12)]
    for tokens in SPLIT_TOKENS:
        made[f"split_tokens_{tokens}"] = [("langchain_js", 0.04)]
    return made


def growth(family, encoding):
    """The time for ten times the text, over the time for the text."""
    return lambda get: (10 * get(f"{family}_1m_{encoding}") / get(f"{family}_100k_{encoding}"))


def build_javascript():
    folder = BUILD / "tiktoken_js"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "main.mjs"):
        shutil.copy(JAVASCRIPT / name, folder / name)
    runner.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=folder)


def pinned(path, name):
    """The version of a dependency, from the manifest that pins it."""
    return re.search(rf'^\s*"?{re.escape(name)}"?\s*[=:].*?"=?([\d][^"]*)"', path.read_text(),
                     re.MULTILINE).group(1)


def peers():
    python = BUILD / "venv_tiktoken" / "bin" / "python"
    requirements = PYTHON / "requirements.txt"
    node = ["node", BUILD / "tiktoken_js" / "main.mjs"]
    data = ["--data", BUILD]
    versions = dict(line.split("==") for line in requirements.read_text().split())

    def rust(engine, name):
        return Peer(lambda: runner.build_cargo("tokenizers_rust"),
                    [BUILD / "tokenizers_rust/release/tokenizers_peer", engine, *data],
                    lambda: f"{name} {pinned(RUST / 'Cargo.toml', name)}, "
                            f"{output_of(['rustc', '--version'])}", SECONDS_MAX)

    def javascript(name, seconds_max, *options):
        return Peer(build_javascript, [*node, *options, *data],
                    lambda: f"{name} {pinned(JAVASCRIPT / 'package.json', name)}, "
                            f"node {output_of(['node', '--version'])}", seconds_max)

    def from_pypi(name, *options):
        return Peer(lambda: runner.build_venv("venv_tiktoken", requirements),
                    [python, PYTHON / "main.py", *options, *data],
                    lambda: f"{name} {versions[name]} from PyPI", SECONDS_MAX)

    return {
        "cochain": Peer(lambda: runner.build_cmake("bench_tokens"),
                        [RELEASE / "bin" / "bench_tokens", *data], runner.compiler, SECONDS_MAX),
        "tiktoken": from_pypi("tiktoken"),
        "bpe_openai": rust("bpe_openai", "bpe-openai"),
        "fastokens": rust("fastokens", "fastokens"),
        "hf_next": rust("hf_next", "tokenizers"),
        "hf": from_pypi("tokenizers", "--hf"),
        "tiktoken_js": javascript("tiktoken", QUADRATIC_SECONDS_MAX),
        "langchain_js": javascript("@langchain/textsplitters", SECONDS_MAX, "--splitters"),
    }


def main():
    os.environ["FASTOKENS_BPE_THREADS"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    token_data.vocabularies(BUILD / "vocab")
    token_data.texts(BUILD / "texts")
    hard = [row for row in rows() if row.split("_")[0] in FAMILIES]
    natural = [row for row in rows() if row not in hard]
    derived = {f"{family}_growth_{encoding}": growth(family, encoding)
               for family in FAMILIES for encoding in ENCODINGS}
    suite = runner.Suite(
        "tokens", peers(), rows(), derived=derived, only={"hf": natural},
        once=[*hard, *(row for row in natural if row.startswith("split_"))])
    runner.main(suite, __doc__.splitlines()[0],
                "CPU nanoseconds for 1,000 bytes of text (`load`, `open`: for a vocabulary, "
                "`memory`: its bytes, `growth`: times)")


if __name__ == "__main__":
    main()
