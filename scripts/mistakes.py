#!/usr/bin/env python3
"""What docs/mistakes.md shows is what happens when one makes the mistake.

usage: scripts/mistakes.py --bin DIR [--write]

A ```text block whose first line is `$ NAME` holds what bin/mistake_NAME prints in debug mode; one
whose first line is `$ coro_lint FILE` what the lint says of it. Where that does not end with the
exit code 0, a last line says how it ends. Times and folders are left out of the comparison, and
so are loops that were held where the page tells of none: a machine that stands still holds them.
--write puts what was printed into the page.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "mistakes.md"
BLOCK = re.compile(r"^```text\n\$ (.+)\n((?:.*\n)*?)```$", re.MULTILINE)
HELD_LOOP = re.compile(r"^cochain: .* held the loop for .*\n(?:  .*\n)*", re.MULTILINE)


def normalised(text):
    text = re.sub(r"\b\d+\.\d{3} s\b", "N s", text)
    text = re.sub(r"\bthread \d+", "thread N", text)
    return re.sub(r"(?<![\w.])[\w./-]*/([\w.-]+\.(?:cpp|hpp|c):\d+)", r"\1", text)


def printed_by(command, bin_dir):
    words = command.split()
    if words[0] == "coro_lint":
        words[0] = str(ROOT / "scripts" / "coro_lint")
    else:
        words[0] = str(bin_dir / f"mistake_{words[0]}")
    # Line by line, as on a terminal: a full buffer would put stdout behind all of stderr.
    result = subprocess.run(["stdbuf", "--output=L", *words], cwd=ROOT, text=True,
                            env=dict(os.environ, COCHAIN_DEBUG="1", PYTHONUNBUFFERED="1"),
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                            check=False)
    return normalised(result.stdout) + end_of(result.returncode)


def end_of(code):
    if code == 0:
        return ""
    if code < 0:
        return f"(ended by {signal.Signals(-code).name})\n"
    return f"(exit code {code})\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    wrong = []

    def replace(block):
        command, shown = block.groups()
        printed = printed_by(command, arguments.bin)
        if "held the loop" not in shown:
            printed = HELD_LOOP.sub("", printed)
        if printed != shown:
            wrong.append(f"$ {command}\n--- the page\n{shown}--- printed\n{printed}")
        return f"```text\n$ {command}\n{printed}```"

    rewritten, count = BLOCK.subn(replace, page)
    if arguments.write:
        PAGE.write_text(rewritten, encoding="utf-8")
        return 0
    for each in wrong:
        print(each)
    print(f"mistakes: {count} shown, {len(wrong)} of them otherwise than they are")
    programs = {path.stem for path in (ROOT / "examples" / "mistakes").glob("*.cpp")}
    untold = [name for name in sorted(programs) if name not in page]
    for name in untold:
        print(f"examples/mistakes/{name}.cpp is not on the page")
    return 1 if wrong or untold or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
