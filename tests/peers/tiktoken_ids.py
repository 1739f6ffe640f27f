#!/usr/bin/env python3
"""Compares the ids of `cochain tokens --jsonl` with those of tiktoken, built for JavaScript.

    tests/peers/tiktoken_ids.py build/release/bin/cochain [--count 1000000] [--seed 1]

Two encodings, cl100k_base and o200k_base; texts are those of bench/token_data.py, whole and in
pieces, hard ones, ones with special tokens inside, and random strings. Installs tiktoken 1.0.22
from npm below build/peers, gets the vocabularies from there as well, and says so and exits with 77
where that cannot be done.
"""
import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))

import token_data  # noqa: E402

PEER = ROOT / "tests" / "peers" / "tiktoken"
INSTALLED = ROOT / "build" / "peers" / "tiktoken"
DATA = token_data.BUILD
ENCODINGS = ("cl100k_base", "o200k_base")
BATCH_LINES = 100_000
SHOWN_MAX = 10
NATURAL = ("english", "cpp", "cjk", "multi")
HARD_BYTES = 10_000  # the peer takes quadratic time

SPECIAL = ["<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>",
           "<|endofprompt|>", "<|endoftext|", "<|", "|>"]
WORDS = ["the", "Hello", "WORLD", "don't", "I'll", "we'VE", "x'ſ", "'s", "'S", "''re", "naïve",
         "Straße", "ǅungla", "ʰa", "日本語", "日AB", "中文", "한국어", "مرحبا", "שלום", "привет", "ภาษา",
         "हिन्दी", "int", "std::vector", "camelCaseWord", "SNAKE_CASE", "http://a.b/c?d=e"]
BLANKS = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n", "\n ", "\u00a0", "\u0085", "\ufeff",
          "\u2028", "\u3000", "\u180e", "\u200b", " " * 17, "\n" * 5]
DIGITS = ["0", "7", "12", "123", "1234", "12345678", "3.14", "٣٤", "Ⅻ", "½", "²", "一二三"]
MARKS = ["e\u0301", "\u0301", "a\u0308\u0323", "\u20dd", "\u200d", "\ufe0f", "\u0e31", "\u093f"]
SIGNS = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["…", "—", "€", "→", "///", "/\n", "\\n", "\0"]
PLANES = ((0, 0x80), (0x80, 0x800), (0x800, 0xD800), (0xE000, 0x10000), (0x10000, 0x20000),
          (0x1F300, 0x1FB00), (0x20000, 0x32000), (0xE0000, 0x110000))


class RandomTexts:
    """Short strings in which what the pieces are cut by meets often."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.parts = (WORDS, BLANKS, DIGITS, MARKS, SIGNS, token_data.EMOJI, SPECIAL)

    def part(self):
        pick = self.random
        kind = pick.randrange(len(self.parts) + 2)
        if kind < len(self.parts):
            return pick.choice(self.parts[kind])
        if kind == len(self.parts):
            return chr(pick.randrange(*pick.choice(PLANES)))
        return "".join(pick.choices("aAbZ z1'\n", k=pick.randint(1, 12)))

    def text(self):
        return "".join(self.part() for _ in range(self.random.randint(1, 8)))


def corpus():
    """(what it is, a text) for each text of the corpus."""
    pick = random.Random(0)
    for name in NATURAL:
        text = (DATA / "texts" / f"{name}.txt").read_text(encoding="utf-8", errors="replace")
        yield f"{name}, whole", text
        yield f"{name}, backwards", text[::-1]
        at = 0
        while at < len(text):
            size = pick.randint(1, 2000)
            yield f"{name}, from character {at}", text[at:at + size]
            at += size
        words = text[:300_000].split(" ")
        yield (f"{name} with special tokens",
               " ".join(word + pick.choice(["", "", "", *SPECIAL]) for word in words))
    yield "random UTF-8", (DATA / "texts" / "utf8.txt").read_text(encoding="utf-8")
    for name, data in token_data.families(HARD_BYTES).items():
        yield name, data.decode(errors="replace")


def skip(why):
    print(f"SKIPPED: {why}: nothing was compared with tiktoken", file=sys.stderr)
    sys.exit(77)


def prepare():
    """Installs the peer and makes the data, or ends the program."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            skip(f"{tool} is not there")
    try:
        INSTALLED.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "main.mjs"):
            shutil.copy(PEER / name, INSTALLED / name)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=INSTALLED,
                       check=True)
        token_data.rank_files(DATA / "vocab")
        token_data.texts(DATA / "texts")
    except (OSError, subprocess.CalledProcessError) as error:
        skip(str(error))


class Comparison:
    def __init__(self, program):
        self.program = Path(program).resolve()
        self.compared, self.differ = 0, 0

    def answers(self, command, rows, place):
        with open(place, "w+b") as out:
            subprocess.run([str(part) for part in command], input=rows, stdout=out, check=True,
                           env={"PATH": "/usr/bin:/bin", "TIKTOKEN_CACHE_DIR": str(DATA / "vocab")})
            out.seek(0)
            return out.read().splitlines()

    def compare(self, named, place):
        """`named` has (what it is, text) pairs."""
        rows = "".join(json.dumps({"text": text}) + "\n" for _, text in named).encode()
        for encoding in ENCODINGS:
            ours = self.answers([self.program, "tokens", "-e", encoding, "--jsonl"], rows,
                                place / "ours")
            theirs = self.answers([shutil.which("node"), INSTALLED / "main.mjs", encoding], rows,
                                  place / "theirs")
            if not len(ours) == len(theirs) == len(named):
                sys.exit(f"{encoding}: {len(named)} texts, {len(ours)} answers of cochain, "
                         f"{len(theirs)} of tiktoken")
            self.compared += len(named)
            for (what, text), our, their in zip(named, ours, theirs):
                if our != their:
                    self.tell(encoding, what, text, our, their)

    def tell(self, encoding, what, text, our, their):
        self.differ += 1
        if self.differ <= SHOWN_MAX:
            print(f"{encoding}, {what}: {text[:200]!r}\n  tiktoken: {their[:400].decode()}\n"
                  f"  cochain:  {our[:400].decode()}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("program")
    options.add_argument("--count", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    prepare()
    started = time.monotonic()
    comparison = Comparison(given.program)
    with tempfile.TemporaryDirectory(dir=INSTALLED.parent) as folder:
        place = Path(folder)
        texts = list(corpus())
        comparison.compare(texts, place)
        characters = sum(len(text) for _, text in texts)
        print(f"corpus of {len(texts)} texts, {characters} characters: {comparison.differ} differ",
              flush=True)
        random_texts, left = RandomTexts(given.seed), given.count
        while left > 0:
            lines = min(left, BATCH_LINES)
            comparison.compare([("random", random_texts.text()) for _ in range(lines)], place)
            left -= lines
    print(f"{comparison.compared} comparisons with {' and '.join(ENCODINGS)}, {given.count} random "
          f"strings with seed {given.seed}: {comparison.differ} differ "
          f"({time.monotonic() - started:.0f} s)")
    sys.exit(1 if comparison.differ else 0)


main()
