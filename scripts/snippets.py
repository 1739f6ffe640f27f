#!/usr/bin/env python3
"""What the documents show is what the programs do. Prints every breach; exits 1 if there is one.

A ```cpp block of README.md, ARCHITECTURE.md or docs/ whose first line is

    // from examples/02_stream.cpp

must occur in that file, blanks and line breaks aside. A line `// ...` leaves something out: what
stands before and after it must occur in this order. A block without such a first line is allowed in
docs/compilers.md alone, which shows code that is wrong. Relative links must lead to something.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FREE = {"docs/compilers.md"}
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "docs/**/*.md")

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FROM = re.compile(r"^// from (\S+)\n")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


def squeezed(text):
    return " ".join(text.split())


def missing(parts, text):
    """The first part that does not occur in `text` after the part before it."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return part
        at = found + len(part)
    return None


def check(path, breaches):
    text = path.read_text(encoding="utf-8")
    name = str(path.relative_to(ROOT))
    cut = 0
    for block in BLOCK.finditer(text):
        language, code = block.groups()
        where = f"{name}:{text.count(chr(10), 0, block.start()) + 1}"
        if language != "cpp":
            continue
        head = FROM.match(code)
        if not head:
            if name not in FREE:
                breaches.append(f"{where}: the first line says where it is from: // from <file>")
            continue
        source = ROOT / head.group(1)
        if not source.is_file():
            breaches.append(f"{where}: {head.group(1)} does not exist")
            continue
        cut += 1
        parts = re.split(r"^\s*// \.\.\.$", code[head.end():], flags=re.MULTILINE)
        part = missing([squeezed(part) for part in parts],
                       squeezed(source.read_text(encoding="utf-8")))
        if part is not None:
            breaches.append(f"{where}: not in {head.group(1)}: {part[:100]}")
    for link in LINK.finditer(BLOCK.sub("", text)):
        target = link.group(1)
        if "://" not in target and not (path.parent / target).exists():
            breaches.append(f"{name}: the link to {target} leads nowhere")
    return cut


def main():
    breaches = []
    cut = 0
    for pattern in DOCUMENTS:
        for path in sorted(ROOT.glob(pattern)):
            cut += check(path, breaches)
    for line in breaches:
        print(line)
    print(f"snippets: {len(breaches)} breaches" if breaches else
          f"snippets: {cut} blocks, all there")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
