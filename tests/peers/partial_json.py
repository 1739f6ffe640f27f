#!/usr/bin/env python3
"""Compares what bin/partial_json shows with what LangChain shows, for beginnings of random texts.

    tests/peers/partial_json.py build/dev/bin/partial_json [--count 20000] [--seed 1]

Needs langchain-core 1.2.19, and says so and exits with 77 where it is missing: a virtual environment
with `pip install langchain-core==1.2.19` will do. Half of a surrogate pair, which UTF-8 cannot hold,
counts as U+FFFD, and an integer beyond 64 bits as a double.
"""
import argparse
import json
import math
import random
import subprocess
import sys

try:
    from langchain_core.utils.json import parse_partial_json
except ImportError:
    print("SKIPPED: langchain-core is not installed, nothing was compared", file=sys.stderr)
    sys.exit(77)

LETTERS = ["a", "b", " ", "é", "漢", "😀", "\\n", '\\"', "\\\\", "\\u0041", "\\ud83d\\ude00", "\\ud83d",
           "\\ude00", "\n", "\t", "{", "}", "[", "]", ":", ",", "```", "\\/"]
NUMBERS = ["1.5", "-0.25", "1e5", "2E-3", "0", "-0", "1.0", "123456789012345678901",
           "9223372036854775808", "1e400", "-1e-400"]
WORDS = ["true", "false", "null", "NaN", "Infinity", "-Infinity"]
KEYS = ['"a"', '"b"', '"c\\u0041"', '"d e"', '""', '"é"']
TAILS = [" text [1] ", "x", "```", "{", "[{", "}", ' "a" "', "[[{}"]


class Texts:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def blank(self):
        return self.random.choice(["", "", "", " ", "\n", "  "])

    def value(self, depth):
        pick, kind = self.random, self.random.random()
        if depth == 0 or kind < 0.25:
            return '"' + "".join(pick.choice(LETTERS) for _ in range(pick.randint(0, 6))) + '"'
        if kind < 0.5:
            return pick.choice([str(pick.randint(-999, 999)), pick.choice(NUMBERS),
                                pick.choice(WORDS)])
        if kind < 0.75:
            items = [self.value(depth - 1) + self.blank() for _ in range(pick.randint(0, 4))]
            return "[" + self.blank() + ("," + self.blank()).join(items) + "]"
        keys = pick.sample(KEYS, pick.randint(0, 4))
        if keys and pick.random() < 0.03:
            keys.append(keys[0])
        members = [key + self.blank() + ":" + self.blank() + self.value(depth - 1) for key in keys]
        return "{" + self.blank() + ("," + self.blank()).join(members) + self.blank() + "}"

    def damaged(self, text):
        text = list(text)
        for _ in range(self.random.randint(1, 3)):
            place = self.random.randint(0, len(text))
            kept = self.random.choice([place, place + 1])
            new = self.random.choice(["", *'{}[]",:\\x1 etn-.\n0u'])
            text[place:kept] = [new]
        return "".join(text)

    def beginnings(self, count):
        found = []
        while len(found) < count:
            text = self.blank() + self.value(4) + self.blank()
            if self.random.random() < 0.5:
                text = self.damaged(text)
            if self.random.random() < 0.1:
                text += self.random.choice(TAILS)
            if len(text) <= 200:
                found += [text[:end] for end in range(len(text) + 1)]
        return found[:count]


def plain(value):
    """A value with what JSON or UTF-8 cannot hold written in a way that can be compared."""
    if isinstance(value, str):
        return "".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, float) and math.isnan(value):
        return ("NaN",)
    if isinstance(value, int) and not isinstance(value, bool) and not -2**63 <= value < 2**64:
        return float(value)
    return value


def same(one, other):
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return (isinstance(other, dict) and list(one) == list(other)
                and all(same(one[key], other[key]) for key in one))
    return type(one) is type(other) and one == other


def shown_by_langchain(text):
    try:
        return plain(parse_partial_json(text))
    except json.JSONDecodeError:
        return None


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("program")
    options.add_argument("--count", type=int, default=20000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    texts = Texts(given.seed).beginnings(given.count)
    lines = "".join(json.dumps({"input": text}) + "\n" for text in texts)
    answers = subprocess.run([given.program], input=lines.encode(), stdout=subprocess.PIPE,
                             check=True).stdout.decode().splitlines()
    differ = abs(len(answers) - len(texts))
    for text, answer in zip(texts, answers):
        wanted, answer = shown_by_langchain(text), json.loads(answer)
        if "langchain" not in answer or not same(wanted, plain(answer["langchain"])):
            differ += 1
            print(f"{text!r}\n  LangChain: {wanted!r}\n  cochain:   {answer!r}")
    print(f"{len(texts)} beginnings with seed {given.seed}: {differ} differ")
    sys.exit(1 if differ else 0)


main()
