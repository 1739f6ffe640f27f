"""Reads C++ for coro_lint: a text as tokens, tokens as functions and their full expressions.

It knows brackets, comments, strings, directives, statements and lambdas; no types and no macros.
What it cannot read it passes over: it never fails.
"""
import re
from dataclasses import dataclass, field

# --- words: the text as tokens ---------------------------------------------------------------


@dataclass
class Token:
    text: str
    line: int
    kind: str  # word, number, string, sign


@dataclass
class Group:
    """What stands between a pair of brackets; `text` is the opening one."""
    text: str
    line: int
    items: list = field(default_factory=list)
    kind: str = "group"


@dataclass
class Lambda:
    captures: Group
    params: list
    body: Group
    line: int
    kind: str = "lambda"
    text: str = "[]"


RAW = re.compile(r'(?:u8|u|U|L)?R"([^\s()\\]{0,16})\(')
TOKEN = re.compile(
    r"""(?P<space>[ \t\f\r\v]+|\\\r?\n)
      |(?P<comment>//(?:[^\\\n]|\\\r?\n|\\.)*|/\*.*?(?:\*/|\Z))
      |(?P<string>(?:u8|u|U|L)?"(?:[^"\\\n]|\\.)*"(?:_?[A-Za-z]\w*)?
                 |(?:u8|u|U|L)?'(?:[^'\\\n]|\\.)*')
      |(?P<number>\.?\d(?:[eEpP][+-]|'[\da-zA-Z]|[\w.])*)
      |(?P<word>[A-Za-z_]\w*)
      |(?P<sign>->\*?|::|\+\+|--|&&|\|\||[=!+*/%&|^<-]=|<=>|<<=?|\.\.\.|\S)""",
    re.VERBOSE | re.DOTALL)
DIRECTIVE = re.compile(r"[ \t]*#(?:[^\n\\/]|\\\r?\n|\\.|/(?![/*]))*")
ALLOW = re.compile(r"coro_lint:\s*allow(-file)?\(([\w\s,-]+)\)[ \t]*(.*)", re.DOTALL)


class Source:
    """The tokens of a text, and what its comments allow."""

    def __init__(self, text):
        self.tokens = []
        self.comments = []  # (line, text)
        self.read(text)
        self.allowed_lines = {}
        self.allowed_file = set()
        self.unreasoned = []
        self.read_comments()

    def read(self, text):
        at, line, fresh = 0, 1, True  # fresh: only blanks so far on this line
        while at < len(text):
            if text[at] == "\n":
                at, line, fresh = at + 1, line + 1, True
                continue
            match = DIRECTIVE.match(text, at) if fresh else None
            if not match:
                match = RAW.match(text, at)
                if match:
                    close = ")" + match.group(1) + '"'
                    end = text.find(close, match.end())
                    end = len(text) if end < 0 else end + len(close)
                    self.tokens.append(Token('""', line, "string"))
                    line += text.count("\n", at, end)
                    at, fresh = end, False
                    continue
                match = TOKEN.match(text, at)
            kind = match.lastgroup or "directive"
            word = match.group()
            if kind == "comment":
                self.comments.append((line, word))
            elif kind not in ("space", "directive"):
                self.tokens.append(Token(word, line, kind))
                fresh = False
            line += word.count("\n")
            at = match.end()

    def read_comments(self):
        code = sorted({token.line for token in self.tokens})
        for line, text in self.comments:
            match = ALLOW.search(text)
            if not match:
                continue
            rules = {rule.strip() for rule in match.group(2).split(",")}
            if not match.group(3).strip(" */\n"):
                self.unreasoned.append(line)
            if match.group(1):
                self.allowed_file |= rules
                continue
            if line not in code:
                line = next((number for number in code if number > line), line)
            self.allowed_lines.setdefault(line, set()).update(rules)

    def tree(self):
        """The tokens with brackets paired. An unpaired one ends with the text."""
        pairs = {"(": ")", "[": "]", "{": "}"}
        root = Group("", 1)
        open_groups = [root]
        for token in self.tokens:
            if token.kind == "sign" and token.text in pairs:
                group = Group(token.text, token.line)
                open_groups[-1].items.append(group)
                open_groups.append(group)
            elif token.kind == "sign" and token.text in pairs.values():
                for depth in range(len(open_groups) - 1, 0, -1):
                    if pairs[open_groups[depth].text] == token.text:
                        del open_groups[depth:]
                        break
            else:
                open_groups[-1].items.append(token)
        return root.items


# --- sentences: statements, full expressions, lambdas ----------------------------------------


@dataclass
class Expression:
    """A full expression. `role`: statement, condition, iterate (the step of a for)."""
    items: list
    role: str
    line: int
    awaits: list  # its co_await and co_yield


@dataclass
class Function:
    """A function or lambda with a body; `head` is what stands before the body."""
    head: list
    params: list
    captures: object
    line: int
    expressions: list = field(default_factory=list)
    awaited: bool = False  # a lambda in the full expression of a co_await
    called: bool = False   # a lambda that is called where it stands, and not awaited there
    name: str = ""         # of a lambda that a variable holds
    owner: object = None   # the function around a lambda


KEYWORDS_BEFORE_OPERAND = {
    "return", "co_return", "co_await", "co_yield", "case", "throw", "else", "do", "delete", "new",
    "and", "or", "not", "in"}


def is_sign(item, *texts):
    return isinstance(item, Token) and item.kind == "sign" and item.text in texts


def is_word(item, *texts):
    return isinstance(item, Token) and item.kind == "word" and (not texts or item.text in texts)


def is_group(item, text):
    return isinstance(item, Group) and item.text == text


def skip_angles(items, at):
    """The index after the `<...>` that begins at `at`."""
    depth = 0
    while at < len(items):
        if is_sign(items[at], "<"):
            depth += 1
        elif is_sign(items[at], ">"):
            depth -= 1
            if depth == 0:
                return at + 1
        elif is_sign(items[at], ";"):
            return at
        at += 1
    return at


def lambda_at(items, at):
    """(lambda, index after it) if one begins at `at`, else None."""
    group = items[at]
    before = items[at - 1] if at else None
    if not is_group(group, "[") or (group.items and is_group(group.items[0], "[")):
        return None  # not a bracket, or an attribute
    if isinstance(before, (Group, Lambda)) and before.text != "{":
        return None
    if isinstance(before, Token) and (before.kind in ("number", "string") or (
            before.kind == "word" and before.text not in KEYWORDS_BEFORE_OPERAND)):
        return None  # an index, or the names of a structured binding
    end = at + 1
    if end < len(items) and is_sign(items[end], "<"):
        end = skip_angles(items, end)
    params = []
    while end < len(items):
        item = items[end]
        if is_group(item, "{"):
            return Lambda(group, params, item, group.line), end + 1
        if is_sign(item, "<"):  # in what it returns
            end = skip_angles(items, end)
            continue
        if is_group(item, "(") and not params and not is_word(items[end - 1], "noexcept"):
            params = item.items
        elif is_sign(item, ";", ",", "=", "?"):
            return None
        end += 1
    return None


def expression_items(items):
    """`items` with each lambda as one item, at every depth."""
    out, at = [], 0
    while at < len(items):
        found = lambda_at(items, at)
        if found:
            found[0].captures = Group("[", found[0].line,
                                      expression_items(found[0].captures.items))
            out.append(found[0])
            at = found[1]
            continue
        item = items[at]
        if isinstance(item, Group):
            item = Group(item.text, item.line, expression_items(item.items))
        out.append(item)
        at += 1
    return out


def split(items, *signs):
    """`items` cut at the signs of this depth."""
    parts = [[]]
    for item in items:
        if is_sign(item, *signs):
            parts.append([])
        else:
            parts[-1].append(item)
    return parts


class Reader:
    """Reads a tree into functions and their full expressions."""

    def __init__(self, tree):
        self.functions = []
        self.declarations = []  # (head, params) of what has no body here
        self.outside = Function([], [], None, 1)
        self.functions.append(self.outside)
        self.block(tree, self.outside)

    def add(self, items, role, function):
        items = expression_items(items)
        if not items:
            return
        awaits = awaits_in(items)
        function.expressions.append(Expression(items, role, items[0].line, awaits))
        self.lambdas(items, bool(awaits), name_of_lambda(items), function)

    def lambdas(self, items, awaited, name, function):
        for at, item in enumerate(items):
            if isinstance(item, Lambda):
                inner = Function([], item.params, item.captures, item.line)
                inner.awaited, inner.name, inner.owner = awaited, name, function
                inner.called = not awaited and at + 1 < len(items) and is_group(items[at + 1], "(")
                self.functions.append(inner)
                self.block(item.body.items, inner)
                self.lambdas(item.captures.items, awaited, "", function)
            elif isinstance(item, Group):
                self.lambdas(item.items, awaited, "", function)

    def block(self, items, function):
        at = 0
        while at < len(items):
            at = self.statement(items, at, function)

    def condition(self, group, function):
        parts = split(group.items, ";")
        for part in parts[:-1]:
            self.add(part, "statement", function)
        self.add(parts[-1], "condition", function)

    def statement(self, items, at, function):
        """Reads one statement; gives the index after it."""
        item = items[at]
        if is_sign(item, ";", ":"):
            return at + 1
        if is_group(item, "{"):
            self.block(item.items, function)
            return at + 1
        if is_word(item, "if", "while", "switch", "for"):
            kind = item.text
            at += 1
            while at < len(items) and is_word(items[at], "constexpr", "consteval"):
                at += 1
            if at < len(items) and is_group(items[at], "("):
                if kind == "for":
                    self.for_head(items[at], function)
                else:
                    self.condition(items[at], function)
                at += 1
            return at
        if is_word(item, "else", "do", "try"):
            return at + 1
        if is_word(item, "catch") and at + 1 < len(items) and is_group(items[at + 1], "("):
            return at + 2
        if is_word(item) and at + 1 < len(items) and is_sign(items[at + 1], ":"):
            return at + 2  # a label
        if is_word(item, "case"):
            while at < len(items) and not is_sign(items[at], ":"):
                at += 1
            return at + 1
        return self.declaration_or_expression(items, at, function)

    def for_head(self, group, function):
        parts = split(group.items, ";")
        if len(parts) < 3:  # for (x : range), or with an initializer
            for part in parts:
                self.add(part, "statement", function)
            return
        self.add(parts[0], "statement", function)
        self.add(parts[1], "condition", function)
        self.add(parts[2], "iterate", function)

    def declaration_or_expression(self, items, at, function):
        collected = []
        while at < len(items):
            item = items[at]
            if is_sign(item, ";"):
                at += 1
                break
            if is_word(item, "template") and at + 1 < len(items) and is_sign(items[at + 1], "<"):
                at = skip_angles(items, at + 1)
                continue
            found = lambda_at(items, at)
            if found:
                collected += items[at:found[1]]
                at = found[1]
                continue
            if is_group(item, "{"):
                kind = body_kind(collected)
                if kind == "names":  # a namespace or a class
                    outer = Function([], [], None, item.line)
                    self.functions.append(outer)
                    self.block(item.items, outer)
                    if any(is_word(word, "namespace", "extern") for word in collected):
                        return at + 1
                    collected = []
                    at += 1
                    continue
                if kind == "function":
                    params = parameters_of(collected)
                    inner = Function(collected, params, None, collected[0].line)
                    self.functions.append(inner)
                    self.block(item.items, inner)
                    return at + 1
                if kind == "macro":
                    self.add(collected, "statement", function)
                    self.block(item.items, function)
                    return at + 1
                if kind == "enum":
                    at += 1
                    continue
            collected.append(item)
            at += 1
        if collected:
            if parameters_of(collected) is not None and returns_coroutine(collected):
                self.declarations.append((collected, parameters_of(collected)))
            self.add(collected, "statement", function)
        return at


def body_kind(head):
    """What the braces after `head` are: names, function, macro, enum, or init."""
    words = [item for item in head if is_word(item)]
    before = head[-1] if head else None
    has_params = any(is_group(item, "(") for item in head)
    if any(is_word(item, "namespace") for item in words) or (
            is_word(head[0], "extern") and before.kind == "string"):
        return "names"
    if any(is_sign(item, "=") for item in head) and not any(
            is_word(item, "operator") for item in words):
        return "init"
    if any(is_word(item, "return", "co_return", "co_await", "co_yield", "throw", "new")
           and not (at and is_word(head[at - 1], "operator")) for at, item in enumerate(head)):
        return "init"
    if any(is_word(item, "enum") for item in words) and not has_params:
        return "enum"
    if any(is_word(item, "class", "struct", "union") for item in words) and (
            not has_params or is_word(head[0], "class", "struct", "union")):
        return "names"
    if not has_params:
        return "init"
    if is_group(before, "(") or is_group(before, "{"):
        return "function" if parameters_of(head) is not None else "macro"
    if is_word(before, "const", "noexcept", "override", "final", "mutable", "try") or is_sign(
            before, "&", "&&"):
        return "function"
    if any(is_sign(item, "->") for item in head) and not any(
            is_sign(item, ":") for item in head):
        return "function"
    return "function" if any(is_word(item, "requires") for item in words) else "init"


NOT_A_FUNCTION = {"decltype", "requires", "alignas", "noexcept", "explicit", "__attribute__",
                  "sizeof", "static_assert", "if", "while", "for", "switch", "catch"}


def parameters_of(head):
    """The parameters in the head of a function; None if it is none."""
    for at, item in enumerate(head):
        if is_group(item, "(") and at:
            before = head[at - 1]
            if is_word(before) and before.text in NOT_A_FUNCTION:
                continue
            if is_word(before, "operator"):  # operator()
                continue
            return item.items
        if is_sign(item, "=", ".") and not (at and is_word(head[at - 1], "operator")):
            return None
    return None


def returns_coroutine(head):
    """Whether the head names Coro<...> or Stream<...> as what is returned."""
    for at, item in enumerate(head):
        if is_group(item, "("):
            rest = head[at:]
            arrow = next((i for i, it in enumerate(rest) if is_sign(it, "->")), None)
            return arrow is not None and any(is_word(it, "Coro", "Stream") for it in rest[arrow:])
        if is_word(item, "Coro", "Stream") and at + 1 < len(head) and is_sign(head[at + 1], "<"):
            return any(is_group(it, "(") for it in head[skip_angles(head, at + 1):])
    return False


# --- what stands in a full expression --------------------------------------------------------


def awaits_in(items, *names):
    """Each co_await and co_yield of the full expression itself; not those in bodies of lambdas."""
    names = names or ("co_await", "co_yield")
    found = []
    for at, item in enumerate(items):
        if is_word(item, *names):
            if not (at and is_word(items[at - 1], "operator")):
                found.append(item)
        elif isinstance(item, Group):
            found += awaits_in(item.items, *names)
        elif isinstance(item, Lambda):
            found += awaits_in(item.captures.items, *names)
    return found


def walk(items):
    """Every item at every depth, with the list that it stands in; not the bodies of lambdas."""
    for at, item in enumerate(items):
        yield items, at, item
        if isinstance(item, Group):
            yield from walk(item.items)
        elif isinstance(item, Lambda):
            yield from walk(item.captures.items)


def name_of_lambda(items):
    """The name in `auto name = [...] ... {...};`, whose lambda lives as long as its scope."""
    for at, item in enumerate(items):
        if is_sign(item, "="):
            held = (at >= 2 and is_word(items[at - 1]) and is_declaration(items[:at])
                    and len(items) == at + 2 and isinstance(items[at + 1], Lambda))
            return items[at - 1].text if held else ""
    return ""


def is_declaration(before_equals):
    """Whether `... =` declares a name: its last word follows a type."""
    if len(before_equals) < 2 or not (is_word(before_equals[0])
                                      or is_sign(before_equals[0], "::")):
        return False
    last, type_end = before_equals[-1], before_equals[-2]
    if is_group(last, "["):  # a structured binding
        return is_word(before_equals[0], "auto", "const")
    return is_word(last) and (is_word(type_end) or is_sign(type_end, ">", "*", "&", "&&"))
