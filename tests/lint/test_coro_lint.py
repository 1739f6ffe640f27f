#!/usr/bin/env python3
"""What scripts/coro_lint finds, and what it must leave alone: snippets for each rule."""
import importlib.machinery
import importlib.util
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "coro_lint"
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("coro_lint", str(SCRIPT))
lint = importlib.util.module_from_spec(importlib.util.spec_from_loader("coro_lint", loader))
sys.modules["coro_lint"] = lint
loader.exec_module(lint)

# rule: (what it finds, what it leaves alone). Each is the body of a coroutine.
BODIES = {
    "await-in-condition": (
        ["if (co_await ready()) go();",
         "if (!co_await ready()) go();",
         "if (auto x = f(); co_await x.ready()) go();",
         "if constexpr (kFast) { while (co_await ready()) go(); }",
         "do { go(); } while (co_await ready());",
         "switch (co_await kind()) { case 1: go(); }",
         "for (int i = 0; co_await more(i); ++i) go();",
         "if (x = co_await f()) go();",
         "if (item->x = co_await f()) go();",
         "if (x == co_await f()) go();",
         "if (run) go(); else if (co_await ready()) go();"],
        ["if (auto x = co_await f()) use(x);",
         "while (auto item = co_await stream.next()) use(item);",
         "while (const std::optional<std::string> s = co_await body->read()) use(s);",
         "while (std::map<int, int>* m = co_await f()) use(m);",
         "if (const auto x = co_await f(); x > 2) use(x);",
         "switch (const int k = co_await f(); k) { case 1: co_await g(); }",
         "if (ok) co_await f();",
         "for (int i = 0; i < 3; ++i) co_await f(i);",
         "for (auto& x : co_await f()) use(x);",
         "if (check([&]() -> Coro<> { co_await f(); })) go();",
         "const bool ok = co_await f(); if (ok) go();"]),
    "conditional-with-await": (
        ["auto x = good ? co_await a() : co_await b();",
         "co_await f(good ? name : std::string(\"none\"));",
         "co_await f(good ? \"a\"s : \"b\"s);",
         "co_await (good ? a() : b());",
         "co_yield good ? Text() : other;",
         "auto x = co_await f() ? Text(1) : Text(2);",
         "co_await f(a ? 1 : b ? 2 : c());"],
        ["co_await f(good ? 1 : 2);",
         "co_await f(good ? \"yes\" : \"no\");",
         "co_await f(a ? 1 : b ? 2 : 3);",
         "co_await f(good ? 10ms : -1ms);",
         "auto chosen = good ? a() : b(); auto x = co_await std::move(chosen);",
         "co_await f([&] { return good ? a : b; });",
         "co_return good ? a : b;"]),
    "braces-with-await": (
        ["co_await send({1, 2});",
         "co_await send(Options{});",
         "co_await send({});",
         "co_await send(std::vector<int>{1, 2});",
         "Pair pair{co_await a(), 2};",
         "auto pair = Pair{co_await a(), 2};",
         "co_return Pair{co_await a(), 2};",
         "co_return {co_await a(), 2};",
         "list.push_back(Pair{co_await a(), 2});",
         "int values[2] = {co_await a(), 2};",
         "const int n = Tool{name}.count() + co_await a();",
         "co_await Tool{name}.run();",
         "co_await f(new Options{1});",
         "while (auto x = co_await f(Options{})) use(x);",
         "co_yield Pair{co_await a(), 1};"],
        ["co_await send(Options().retries(3));",
         "Options options{1, 2}; co_await send(std::move(options));",
         "co_await send([&] { return Options{1, 2}; }());",
         "co_await send([](int n) -> std::pair<int, int> { return {n, n}; });",
         "co_return {1, 2};",
         "if (ready) { co_await f(); }",
         "try { co_await f(); } catch (const Error& error) { note(Text{error}); }",
         "auto named = send({1, 2}); co_await std::move(named);",
         "again: { co_await f(); }",
         "auto work = [](std::map<int, int> m) -> Coro<std::pair<int, int>> { co_await f(); };"]),
    "designated-with-await": (
        ["co_await send(Options{.retries = 3});",
         "co_await send({.retries = 3});",
         "co_yield Chunk{.text = text};"],
        ["Options options{.retries = 3}; co_await send(std::move(options));"]),
    "braces-in-yield": (
        ["co_yield Chunk{text};", "co_yield {text, 1};", "co_yield {};"],
        ["co_yield Chunk(text);", "Chunk chunk{text}; co_yield std::move(chunk);",
         "{ co_yield 1; }"]),
    "value-capture-with-await": (
        ["co_await run([data] { return use(data); });",
         "co_await run([=] { return use(data); });",
         "co_await run([&, data] { return use(data); });",
         "co_await run([data = std::move(data)] { return use(data); });",
         "co_await run([*this] { return use(); });",
         "co_await run(std::function<int()>([data] { return use(data); }));",
         "co_await wait_for(to_thread([data]() mutable noexcept -> int { return 1; }), 1s);",
         "co_yield [data] { return use(data); };",
         "co_await [data]() -> Coro<> { co_await use(data); }();"],
        ["co_await run([] { return 1; });",
         "co_await run([&] { return 1; });",
         "co_await run([this, &data, &more = other] { return 1; });",
         "auto use_it = [data] { return use(data); }; co_await run(std::move(use_it));",
         "co_await f(table[index]);",
         "const auto [a, b] = co_await both();",
         "co_await task_group([&](TaskGroup& g) -> Coro<> { later([data] { use(data); }); });",
         "[[maybe_unused]] const int n = co_await f();"]),
    "await-in-capture": (
        ["auto keep = [text = co_await f()] { return text; };",
         "co_await run([&text = co_await f()] { return text; });"],
        ["auto text = co_await f(); auto keep = [text] { return text; };",
         "auto keep = [] () -> Coro<> { co_await f(); };"]),
    "two-awaits": (
        ["auto n = co_await a() + co_await b();",
         "co_await f(co_await g());",
         "co_yield co_await f();",
         "auto n = (co_await a()).size() + (co_await b()).size();"],
        ["auto a = co_await f(); auto b = co_await g();",
         "co_await run([&]() -> Coro<> { co_await f(); co_await g(); });",
         "if (x) co_await f(); else co_await g();",
         "for (;;) co_await f();",
         "switch (x) { case kOne: co_await f(); break; default: co_await g(); }",
         "co_return co_await f();"]),
    "capturing-coroutine": (
        ["auto coro = [text]() -> Coro<> { co_await use(text); }();",
         "group.create_task([&]() -> Coro<> { co_await use(text); }());",
         "group.create_task([this](int n) -> Coro<> { co_await use(n); }(3));",
         "auto work = [&text]() -> Coro<> { co_await use(text); }; return work();"],
        ["group.create_task([](Text text) -> Coro<> { co_await use(text); }(text));",
         "co_await [&]() -> Coro<> { co_await use(text); }();",
         "co_await task_group([&](TaskGroup& group) -> Coro<> { co_return; });",
         "const Step step([&](int n) -> Coro<int> { co_return n + base; });",
         "auto work = [&]() -> Coro<> { co_await use(text); }; co_await work();",
         "auto size = [&text]() { return text.size(); }();"]),
}

# rule: the same for whole texts.
TEXTS = {
    "reference-parameter": (
        ["Coro<> f(const std::string& text) { co_await g(text); }",
         "Coro<> f(std::string&& text) { co_await g(text); }",
         "Coro<> f(std::string_view text) { co_await g(text); }",
         "Coro<> f(std::span<const int> numbers) { co_await g(numbers); }",
         "template <class T> Coro<> f(T&& thing) { co_await g(thing); }",
         "struct S { Coro<> f(int n, const Text& text) const { co_await g(n); } };",
         "auto S::f(const Text& text) -> Coro<std::pair<int, int>> { co_return g(text); }",
         "auto f = [](const Text& text) -> Coro<> { co_await g(text); };",
         "Stream<int> f(const Text& text) try { co_yield 1; } catch (...) { }"],
        ["Coro<> f(std::string text) { co_await g(text); }",
         "Coro<> f(Queue<int>& queue) { co_await queue.put(1); }",
         "Coro<> f(const std::string& text) { return g(text); }",
         "Coro<> f(const Text& text);",
         "int f(const Text& text) { auto h = [](int n) -> Coro<> { co_await g(n); }; return 1; }",
         "Coro<> f(std::function<void(const Text&)> call) { co_await g(call); }",
         "S::S(const Text& text) : text_(text), more_{1} { start(); }\nCoro<> g() { co_return; }",
         "struct A { Awaiter operator co_await() && { return Awaiter(*this); } };",
         "struct A { bool operator()(const Text& t) const { return true; } };"]),
    "default-in-braces": (
        ["Coro<> send(Options options = {});",
         "Coro<> send(int n, Options options = Options{}) { co_await f(); }",
         "Stream<int> items(Options options = {.n = 3});",
         "struct S { virtual auto f(Options options = {}) const -> Coro<int> = 0; };"],
        ["Coro<> send(Options options = Options());",
         "void send(Options options = {});",
         "Coro<std::map<int, int>> send(std::map<int, int> m = std::map<int, int>());"]),
    "allow-without-reason": (
        ["// coro_lint: allow(two-awaits)\nCoro<> f() { co_await g(co_await h()); }"],
        ["// coro_lint: allow(two-awaits) the order does not matter here\nint x;"]),
}


def names(text):
    return {name for _, name, _ in lint.check_text(text)}


def body(code):
    return "Coro<> function() {\n" + code + "\n}\n"


class Rules(unittest.TestCase):
    def test_each_rule_has_snippets(self):
        self.assertEqual(set(BODIES) | set(TEXTS), set(lint.RULES) | {"allow-without-reason"})

    def test_finds(self):
        for cases, wrap in ((BODIES, body), (TEXTS, str)):
            for rule, (bad, _) in cases.items():
                for code in bad:
                    with self.subTest(rule=rule, code=code):
                        self.assertIn(rule, names(wrap(code)))

    def test_leaves_alone(self):
        for cases, wrap in ((BODIES, body), (TEXTS, str)):
            for rule, (_, good) in cases.items():
                for code in good:
                    with self.subTest(rule=rule, code=code):
                        self.assertEqual(names(wrap(code)), set())


class Words(unittest.TestCase):
    def clean(self, text):
        self.assertEqual(lint.check_text(text), [])

    def test_comments_and_strings_are_not_code(self):
        self.clean(body("// if (co_await f()) {}\n/* co_await f({1}); */ go(\"co_await f({})\");"))
        self.clean(body('go(R"x(if (co_await f({1})) )" )x"); co_await g();'))
        self.clean(body("go('\"'); co_await g(); go('\\''); // '"))
        self.clean(body("const int n = 1'000'000; co_await g(n);"))

    def test_directives_are_not_code(self):
        self.clean("#define F(x) \\\n  if (co_await x) {\nCoro<> f() { co_await g(); }\n")
        self.clean("#if A  // it's {\nCoro<> f() { co_await g(); }\n#endif\n")
        self.clean("#include <a>  /* begins {\n ends { */\nCoro<> f() { co_await g(); }\n")

    def test_lines_are_those_of_the_finding(self):
        text = 'auto s = R"(\n\n)";\n/* a\n b */\n#define X \\\n  1\n' + body(
            "co_await f(1,\n  Options{});")
        self.assertEqual([(line, name) for line, name, _ in lint.check_text(text)],
                         [(10, "braces-with-await")])

    def test_macros_that_begin_a_function(self):
        self.assertEqual(names("ASYNC_TEST(Suite, Name) { co_await f({1}); }"),
                         {"braces-with-await"})
        self.clean("ASYNC_TEST(Suite, Name) { co_await f(); }\nFORM(Other) { co_await g(); }")

    def test_namespaces_classes_and_templates(self):
        self.assertEqual(names(
            "namespace a::b { template <class T, int N = (1)> class C : public B<T> {\n"
            " int x{3}; enum class E { kA }; Coro<> f() override { co_await g({1}); } }; }"),
            {"braces-with-await"})
        self.clean("template <class A>\nconcept C = requires(A a) { { a.f() } -> B; };\n"
                   "template <C A> requires(!D<A>) struct E<A> { using type = int; };\n"
                   "extern \"C\" { void f(); }\nCoro<> h() { co_await g(); }")

    def test_unpaired_brackets_do_not_stop_it(self):
        for text in ("} ) Coro<> f() { co_await g(", "({[", "#", "R\"(", "\"", "/*", "template <", ""):
            lint.check_text(text)

    def test_allow(self):
        bad = "co_await f(Options{});"
        self.clean(body(bad + "  // coro_lint: allow(braces-with-await) has a constructor"))
        self.clean(body("// coro_lint: allow(braces-with-await) has a constructor\n// more\n" + bad))
        self.clean("// coro_lint: allow-file(braces-with-await) all have constructors\n" + body(bad))
        self.assertEqual(names(body("// coro_lint: allow(two-awaits) another rule\n" + bad)),
                         {"braces-with-await"})
        self.assertEqual(names(body(
            "// coro_lint: allow(braces-with-await) once only\n" + bad + "\n" + bad)),
            {"braces-with-await"})


class Program(unittest.TestCase):
    def run_lint(self, *arguments):
        return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True,
                              text=True, check=False)

    def test_markdown(self):
        text = ("words {\n```cpp\nif (co_await f()) go();  // wrong\n\nif (co_await g()) go();\n```\n"
                "```sh\nif (co_await f()) {\n```\n")
        self.assertEqual([(line, name) for line, name, _ in lint.check_markdown(text)],
                         [(5, "await-in-condition")])

    def test_reports_and_exit_codes(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "a.cpp"
            file.write_text(body("co_await f({1});"), encoding="utf-8")
            found = self.run_lint(str(file))
            self.assertEqual(found.returncode, 1)
            self.assertIn(f"{file}:2: braces-with-await: ", found.stdout)
            file.write_text(body("co_await f();"), encoding="utf-8")
            self.assertEqual(self.run_lint(str(file)).returncode, 0)
            self.assertEqual(self.run_lint(str(Path(folder) / "none.cpp")).returncode, 2)

    def test_list_rules(self):
        listed = self.run_lint("--list-rules")
        self.assertEqual(listed.returncode, 0)
        for name in lint.RULES:
            self.assertIn(f"{name}: ", listed.stdout)


if __name__ == "__main__":
    unittest.main()
