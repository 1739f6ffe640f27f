#!/usr/bin/env python3
"""The rows of bench/tokens on tiktoken, and with --hf on Hugging Face's tokenizers.

usage: main.py [--hf] --data FOLDER [--list] ROW...

For each row that it knows it prints one line of JSON: CPU time of the process for 1,000 bytes of
text, the median of three samples after a warm-up, or one sample if that takes seconds.
"""
import array
import json
import os
import sys
import time
from pathlib import Path

SAMPLES = 3
SAMPLE_SECONDS = 0.03
ONE_SAMPLE_SECONDS = 1.0
ENCODINGS = ("cl100k", "o200k")


def hash_of(ids):
    """FNV-1a of the ids as numbers of 32 bits, low byte first."""
    numbers = array.array("I", ids)
    if sys.byteorder == "big":
        numbers.byteswap()
    value = 2166136261
    for byte in numbers.tobytes():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


class Tiktoken:
    """Remembers nothing of what it has encoded."""

    name = "tiktoken"

    def __init__(self, data, encoding):
        os.environ["TIKTOKEN_CACHE_DIR"] = str(data / "vocab")
        import tiktoken
        self.encoding = tiktoken.get_encoding(f"{encoding}_base")

    def forget(self):
        pass

    def encode(self, text):
        return self.encoding.encode_ordinary(text)


class HuggingFace:
    """Has a cache of words, and can empty it."""

    name = "hf"

    def __init__(self, data, encoding):
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        import tokenizers
        self.tokenizer = tokenizers.Tokenizer.from_file(str(data / "vocab" / f"{encoding}.json"))

    def forget(self):
        self.tokenizer.model._clear_cache()

    def encode(self, text):
        return self.tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids


def sample(engine, text):
    """The mean of as many as fill a sample: the clock may stand still for a millisecond."""
    seconds, times, ids = 0.0, 0, []
    while seconds < SAMPLE_SECONDS:
        engine.forget()
        started = time.process_time()
        ids = engine.encode(text)
        seconds += time.process_time() - started
        times += 1
    return seconds / times, ids


def measure(kind, data, row):
    what, encoding = row.rsplit("_", 1)
    started = time.process_time()
    engine = kind(data, encoding)
    if what == "load":
        return {"ns": (time.process_time() - started) * 1e9}
    raw = (data / "texts" / f"{what}.txt").read_bytes()
    text = raw.decode(errors="replace")
    seconds, ids = sample(engine, text)
    if seconds <= ONE_SAMPLE_SECONDS:
        samples = sorted((sample(engine, text) for _ in range(SAMPLES)), key=lambda pair: pair[0])
        seconds, ids = samples[SAMPLES // 2]
    return {"ns": seconds * 1e9 / (len(raw) / 1000),
            "result": f"{len(ids)} tokens, {hash_of(ids)}"}


def main():
    given = sys.argv[1:]
    kind = HuggingFace if given[:1] == ["--hf"] else Tiktoken
    given = given[1:] if kind is HuggingFace else given
    if given[:1] != ["--data"] or len(given) < 3:
        sys.exit(__doc__.splitlines()[2])
    data = Path(given[1])
    for row in given[2:]:
        if row == "--list":
            texts = sorted(path.stem for path in (data / "texts").iterdir())
            print("\n".join(f"{text}_{name}" for text in ("load", *texts) for name in ENCODINGS))
        else:
            print(json.dumps({"row": row, "peer": kind.name, **measure(kind, data, row)}))


if __name__ == "__main__":
    main()
