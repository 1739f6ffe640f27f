#!/usr/bin/env python3
"""Compares the ids of `cochain tokens --vocab FILE --jsonl` with those of Hugging Face's tokenizers.

    tests/peers/hugging_face_ids.py build/release/bin/cochain [--files 100] [--seed 1] [FILE...]

The files are random ones of byte-level BPE: merges, added tokens that strip the whitespace beside
them or must be single words, NFC, and the steps that cut a text, before ByteLevel and behind it. So
are the texts, short ones of what these things meet in. One file more is for punctuation, with all
code points. Each FILE is a tokenizer.json of a model, compared with all of these texts. Says so and
exits with 77 where the package `tokenizers` is missing.
"""
import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    from tokenizers import Tokenizer, __version__
except ImportError as error:
    print(f"SKIPPED: {error}: nothing was compared with Hugging Face", file=sys.stderr)
    sys.exit(77)

TEXTS = 300  # for each file
TEXTS_OF_MODEL = 10_000
SHOWN_MAX = 10
BYTE_TOKENS = 256

MERGES = [(" ", " "), ("\n", "\n"), ("d", "o"), ("a", "b"), (" ", "a"), ("\u00c3", "\u00a9"),
          ("ab", "ab"), ("  ", "  "), ("1", "2")]
# Each is two characters at least: one may be a token of the vocabulary, and keeps that one's id.
ADDED = ["<l>", "<r>", "<b>", "dox", "xy", "<e", "<end>", " s", "éé", "a_", "__", "11", "\n\n"]
WORDS = [*ADDED, "do", "don", "ab", "aab", " ", "  ", "\n", "\t", "\r\n", "\u3000", "\u00a0", "\u0085",
         "\u200b", "\u200d", "x", "_", "1", "12", "\u00b2", "\u2460", "\u24b6", "\u2160", "\u203f",
         "\u0301", "\u65e5", "é", "e\u0301", ".", "-", "!", "$", "\u3002", "\u2e43", "\u166d",
         "\U0001F170", "\u0663", "\u00aa", "s", "'s", "\u1680", "\u180e", "\ufeff",
         "\u2028", "A", "\u01c5", "\u0345"]
BEHAVIORS = ["Isolated", "Contiguous", "MergedWithPrevious", "MergedWithNext"]
PATTERNS = [
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"\p{N}{1,3}", r"[^\r\n]+", r"[!-/:-~][A-Za-z]+|\s+(?!\S)|\s+",
    "[0-9][0-9][0-9]", "[\u0100-\u0144]+",
]


def letters():
    """The character that stands for each byte in a file."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(BYTE_TOKENS) if byte not in seen]
    return {**{byte: chr(byte) for byte in seen},
            **{byte: chr(0x100 + n) for n, byte in enumerate(hidden)}}


LETTERS = letters()


def written(text):
    return "".join(LETTERS[byte] for byte in text.encode())


class RandomFiles:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def flag(self, probability=0.5):
        return self.random.random() < probability

    def model(self):
        ids = list(range(BYTE_TOKENS))
        self.random.shuffle(ids)
        vocab = {LETTERS[byte]: ids[byte] for byte in range(BYTE_TOKENS)}
        merges = []
        for left, right in self.random.sample(MERGES, len(MERGES)):
            if written(left) in vocab and written(right) in vocab:
                merges.append([written(left), written(right)])
                vocab[written(left + right)] = len(vocab)
        return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                "ignore_merges": self.flag(), "vocab": vocab, "merges": merges}

    def added(self, first_id):
        contents = self.random.sample(ADDED, self.random.randint(1, 7))
        tokens = [{"id": 0, "content": content, "single_word": self.flag(0.3), "lstrip": self.flag(),
                   "rstrip": self.flag(), "normalized": self.flag(), "special": False}
                  for content in contents]
        if any(token["rstrip"] for token in tokens):
            # Whitespace that one token has taken is not there for the next; theirs takes it again.
            tokens = [token for token in tokens if not token["content"][0].isspace()]
        for n, token in enumerate(tokens):
            token["id"] = first_id + n
        return tokens

    def steps(self, probability):
        steps = []
        if self.flag(probability):
            steps.append({"type": "Punctuation", "behavior": self.random.choice(BEHAVIORS)})
        if self.flag(probability):
            steps.append({"type": "Split", "pattern": {"Regex": self.random.choice(PATTERNS)},
                          "behavior": self.random.choice(BEHAVIORS), "invert": self.flag()})
        if self.flag(probability):
            steps.append({"type": "Digits", "individual_digits": self.flag()})
        self.random.shuffle(steps)
        return steps

    def pre_tokenizer(self):
        byte_level = {"type": "ByteLevel", "add_prefix_space": self.flag(0.3), "trim_offsets": True,
                      "use_regex": self.flag()}
        steps = [*self.steps(0.4), byte_level, *self.steps(0.2)]
        return {"type": "Sequence", "pretokenizers": steps}

    def file(self):
        model = self.model()
        return {"version": "1.0", "truncation": None, "padding": None,
                "added_tokens": self.added(len(model["vocab"])),
                "normalizer": {"type": "NFC"} if self.flag() else None,
                "pre_tokenizer": self.pre_tokenizer(), "post_processor": None, "decoder": None,
                "model": model}

    def text(self):
        return "".join(self.random.choice(WORDS) for _ in range(self.random.randint(0, 14)))


def ids_of(program, path, texts):
    rows = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    answers = subprocess.run([program, "tokens", "--vocab", path, "--jsonl"], input=rows, text=True,
                             stdout=subprocess.PIPE, check=True).stdout.splitlines()
    if len(answers) != len(texts):
        sys.exit(f"{len(texts)} texts, {len(answers)} answers of cochain")
    return [json.loads(answer)["ids"] for answer in answers]


def punctuation_file():
    """An "a" merges with the byte behind it, unless a piece ends there."""
    vocab = {LETTERS[byte]: byte for byte in range(BYTE_TOKENS)}
    merges = [["a", letter] for letter in LETTERS.values()]
    vocab.update({"a" + letter: BYTE_TOKENS + n for n, letter in enumerate(LETTERS.values())})
    steps = [{"type": "Punctuation", "behavior": "Isolated"},
             {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
              "use_regex": False}]
    return {"version": "1.0", "added_tokens": [], "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps},
            "model": {"type": "BPE", "vocab": vocab, "merges": merges}}


def texts_of_all_code_points():
    points = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    return ["a" + "a".join(points[n:n + 100]) for n in range(0, len(points), 100)]


class Comparison:
    def __init__(self, program, folder):
        self.program = Path(program).resolve()
        self.path = Path(folder) / "tokenizer.json"
        self.compared, self.differ = 0, 0

    def compare(self, file, texts):
        self.path.write_text(json.dumps(file), encoding="utf-8")
        theirs = Tokenizer.from_file(str(self.path))
        for text, ours in zip(texts, ids_of(self.program, self.path, texts)):
            self.compared += 1
            wanted = theirs.encode(text, add_special_tokens=False).ids
            if ours != wanted:
                self.tell(text, wanted, ours, file)

    def tell(self, text, wanted, ours, file):
        self.differ += 1
        if self.differ <= SHOWN_MAX:
            shown = {name: part for name, part in file.items() if name != "model"}
            print(f"{text!r}\n  tokenizers: {wanted}\n  cochain:    {ours}\n  {json.dumps(shown)}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("program")
    options.add_argument("models", nargs="*", type=Path)
    options.add_argument("--files", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_intermixed_args()
    files = RandomFiles(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(given.program, folder)
        comparison.compare(punctuation_file(), texts_of_all_code_points())
        for model in given.models:
            texts = [files.text() for _ in range(TEXTS_OF_MODEL)] + texts_of_all_code_points()
            comparison.compare(json.loads(model.read_text(encoding="utf-8")), texts)
        for _ in range(given.files):
            comparison.compare(files.file(), [files.text() for _ in range(TEXTS)])
    print(f"{comparison.compared} texts, with the files of {len(given.models)} models and "
          f"{given.files} random ones of seed {given.seed}, tokenizers {__version__}: "
          f"{comparison.differ} differ")
    sys.exit(1 if comparison.differ else 0)


main()
