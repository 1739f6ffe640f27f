#!/usr/bin/env python3
"""The rules of the house that a program can check. Prints every breach; exits 1 if there is one.

The reading order of a floor is the list in its README.md: one line per public header, in the form

    1. `task.hpp` — one line that says what it is

A header may include, of its own floor, only headers listed above it. So the list is true, and the
floor can be read from top to bottom. A source may include any header of its floor: two types that
know each other are declared in an order and defined in none.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FLOORS = ("core", "chains", "providers")  # from the ground up
OUTSIDE = ("cli", "examples", "bench", "tests")

LINES_MAX = 600
COLUMNS_MAX = 100

# Umbrellas gather a floor and stand outside its order.
UMBRELLAS = {
    "core": {"cochain/core.hpp"},
    "chains": {"cochain/chains.hpp"},
    "providers": {"cochain/providers.hpp", "cochain/cochain.hpp"},
}

# A public header may name the standard library, the floors, and the one vendor type that is a
# word of the public language: the JSON value.
VENDOR = re.compile(
    r"^(boost/(?!json\b|describe\b)|curl/|simdjson|openssl/|fmt/|sqlite3|libpq|gtest/|gmock/|CLI/)")
OWN = re.compile(r"^cochain/(?:(core|chains|providers)/(.+)|(.+)\.hpp)$")
# A floor may help to test what stands on it: cochain/testing/ is shared by the floors.
TESTING = "cochain/testing/"

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')
LISTED = re.compile(r"^\s*(?:\d+\.|[-*])\s+`([\w/]+\.hpp)`(.*)$")
SLEEP = re.compile(
    r"\b(sleep_for|this_thread::sleep_until|usleep|nanosleep)\b|(?<![\w.>:])::sleep\s*\(")
TODO = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")
# Code in a namespace is not indented, so a type at column 0 is a name of the namespace.
TYPE = re.compile(
    r"^(?:class|struct|enum class|union)\s+(?:\[\[\w+\]\]\s+)?(\w+)\b(?!::)(?!.*;\s*$)")
DETAIL = re.compile(r"^namespace\s+(?:[\w:]*::)?(?:\w*detail\w*|internal)\s*\{")
NAMESPACE_END = re.compile(r"^\}\s*// namespace ((?:[\w:]*::)?(?:\w*detail\w*|internal))\s*$")

breaches = []


def breach(path, line, text):
    where = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    breaches.append(f"{where}:{line}: {text}" if line else f"{where}: {text}")


def files(folder, *suffixes):
    base = ROOT / folder
    return sorted(p for p in base.rglob("*") if p.suffix in suffixes and p.is_file())


def includes(path):
    """(line, name, quoted?) of each #include."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) or match.group(2), match.group(2) is not None


def check_text(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) > LINES_MAX:
        breach(path, 0, f"{len(lines)} lines; the most is {LINES_MAX}: find the seam and cut there")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX and "https://" not in line:
            breach(path, number, f"{len(line)} columns; the most is {COLUMNS_MAX}")
        if line != line.rstrip():
            breach(path, number, "blanks at the end of the line")
        if path != Path(__file__).resolve() and TODO.search(line):
            breach(path, number, "a TODO names its issue: TODO(#12)")


def check_pragma(path):
    if "#pragma once" not in path.read_text(encoding="utf-8").splitlines():
        breach(path, 0, "a header has #pragma once")


def check_documented(path):
    """The head of the file says what it is for; each type of the namespace has a `///`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    head = next((line for line in lines if line.strip() and line != "#pragma once"), "")
    if not head.startswith("//"):
        breach(path, 1, "the head of a public header says what the file is for (a // comment)")
    inside_detail = False
    for index, line in enumerate(lines):
        if DETAIL.match(line):
            inside_detail = True
        elif NAMESPACE_END.match(line):
            inside_detail = False
        match = TYPE.match(line)
        if not match or inside_detail:
            continue
        above = index - 1
        # What may stand between a type and its words: template<...>, requires, attributes.
        while above >= 0 and re.match(r"^(template\b|requires\b|\s+(requires\b|\S)|\[\[)",
                                      lines[above]):
            above -= 1
        if above < 0 or not lines[above].startswith("///"):
            # A specialisation is documented where the template is.
            if "<" not in line.split("{")[0].split(":")[0]:
                breach(path, index + 1, f"{match.group(1)} has no /// words above it")


def floor_of(name):
    """The floor and the path in it of an include of ours; None for others."""
    if name.startswith(TESTING):
        for floor in FLOORS:
            if (ROOT / floor / "include" / name).is_file():
                return floor, name[len("cochain/"):]
        return "?", None
    match = OWN.match(name)
    if not match:
        return None
    if match.group(1):
        return match.group(1), match.group(2)
    for floor, umbrellas in UMBRELLAS.items():
        if name in umbrellas:
            return floor, None
    return "?", None


def reading_order(floor):
    readme = ROOT / floor / "README.md"
    order = {}
    if not readme.is_file():
        breach(readme, 0, "a floor has a README.md with its reading order")
        return order
    for number, line in enumerate(readme.read_text(encoding="utf-8").splitlines(), 1):
        match = LISTED.match(line)
        if not match:
            continue
        name, words = match.groups()
        if name in order:
            breach(readme, number, f"{name} is listed twice")
        if not re.match(r"^ — \S", words):
            breach(readme, number, f"{name} needs its line: `{name}` — what it is")
        order[name] = len(order)
    public = ROOT / floor / "include" / "cochain" / floor
    there = {str(p.relative_to(public)) for p in public.rglob("*.hpp")}
    testing = ROOT / floor / "include" / TESTING
    there |= {str(p.relative_to(testing.parent)) for p in testing.rglob("*.hpp")}
    for name in sorted(there - order.keys()):
        breach(readme, 0, f"{name} exists and is not in the reading order")
    for name in order:
        if name not in there:
            breach(readme, 0, f"{name} is in the reading order and does not exist")
    return order


def check_place(floor):
    """Every public header lies in include/cochain/<floor>/ or is an umbrella."""
    base = ROOT / floor / "include"
    for path in base.rglob("*.hpp"):
        name = str(path.relative_to(base))
        if not name.startswith((f"cochain/{floor}/", TESTING)) and name not in UMBRELLAS[floor]:
            breach(path, 0, f"public headers of {floor} lie in include/cochain/{floor}/")


def check_includes(floor, path, order, rank, public):
    for number, name, quoted in includes(path):
        if ".." in Path(name).parts:
            breach(path, number, f"{name}: an include does not climb")
        if public and VENDOR.match(name):
            breach(path, number, f"{name}: no vendor type in a public header")
        target = floor_of(name)
        if target is None:
            if public and quoted:
                breach(path, number, f"{name}: a public header includes by its full name")
            continue
        other, inner = target
        if other == "?":
            breach(path, number, f"{name}: no such header of a floor")
        elif FLOORS.index(other) > FLOORS.index(floor):
            breach(path, number, f"{name}: {floor} stands below {other}")
        elif inner is None and public and other == floor and rank is not None:
            breach(path, number, f"{name}: an umbrella is for users, not for the floor itself")
        elif other == floor and rank is not None and order.get(inner, -1) > rank:
            breach(path, number, f"{name} stands below this file in {floor}/README.md")


def check_floor(floor):
    order = reading_order(floor)
    check_place(floor)
    umbrella_base = ROOT / floor / "include"
    for path in files(f"{floor}/include", ".hpp"):
        check_text(path)
        check_pragma(path)
        check_documented(path)
        name = str(path.relative_to(umbrella_base))
        rank = None if name in UMBRELLAS[floor] else order.get(floor_of(name)[1])
        check_includes(floor, path, order, rank, public=True)
    for path in files(f"{floor}/src", ".hpp", ".cpp"):
        check_text(path)
        if path.suffix == ".hpp":
            check_pragma(path)
        check_includes(floor, path, order, None, public=False)


def main():
    for floor in FLOORS:
        check_floor(floor)
    for folder in OUTSIDE:
        for path in files(folder, ".hpp", ".cpp"):
            check_text(path)
            if path.suffix == ".hpp":
                check_pragma(path)
            if folder == "tests":
                for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                    if SLEEP.search(line):
                        breach(path, number, "a test does not sleep: use the virtual clock")
    for folder, suffixes in (("cmake", (".cmake", ".in")), ("scripts", (".py", ".sh", ""))):
        for path in files(folder, *suffixes):
            if "__pycache__" not in path.parts:
                check_text(path)

    for line in breaches:
        print(line)
    print(f"tidy: {len(breaches)} breaches" if breaches else "tidy: clean")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
