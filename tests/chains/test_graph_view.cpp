// Chains explained and drawn; and whether what is said of their streaming is true.
#include <gmock/gmock.h>

#include "cochain/chains.hpp"
#include "cochain/testing/fake_chat_model.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using Text = Chain<std::string, std::string>;

Text say(std::string name) {
  return lambda(std::move(name), [](std::string s) { return s; });
}
auto ask() {
  return lambda("ask", [](std::string s) { return messages(HumanMessage(std::move(s))); });
}
bool is_short(const std::string& s) { return s.size() < 3; }

TEST(GraphView, ExplainsAChain) {
  const auto model = make_fake(FakeScript::saying({"hi"}));
  const auto chain = ask() | model | StrOutputParser();
  EXPECT_EQ(explain(chain),
            "RunnableSequence  string -> string\n"
            "  ask  string -> Messages  [waits for its whole input]\n"
            "  fake:model  Messages -> AIMessage  [waits for its whole input]\n"
            "  StrOutputParser  AIMessage -> string  [streams]\n"
            "streams from fake:model on: it waits for its whole input\n");
  EXPECT_EQ(chain.explain(), explain(chain));
  EXPECT_EQ(explain(StrOutputParser()),
            "StrOutputParser  AIMessage -> string  [streams]\nstreams from end to end\n");
}

TEST(GraphView, ExplainsWhatHoldsAroundAStep) {
  const auto chain = with_retry(say("a"), RetryPolicy().with_attempts_max(4)) |
                     with_timeout(say("b"), std::chrono::seconds(2)) |
                     configurable_alternatives("m", "x", say("c"), "y", say("d"));
  EXPECT_EQ(explain(chain),
            "RunnableSequence  string -> string\n"
            "  RunnableRetry  string -> string  (up to 4 tries)\n"
            "    a  string -> string  [waits for its whole input]\n"
            "  RunnableTimeout  string -> string  (at most 2000 ms)\n"
            "    b  string -> string  [waits for its whole input]\n"
            "  Configurable<m>  string -> string  (chosen by configurable 'm')\n"
            "    x: c  string -> string  [waits for its whole input]\n"
            "    y: d  string -> string  [waits for its whole input]\n"
            "streams from Configurable<m> on: it waits for its whole input\n");
}

TEST(GraphView, DrawsMermaid) {
  const auto chain = say("a \"b\"") | parallel("x", say("c"), "y", say("d") | say("e"));
  EXPECT_EQ(draw_mermaid(chain),
            "graph TD\n"
            "  n0[\"in: string\"]\n"
            "  n1[\"a #quot;b#quot;\"]\n"
            "  n2[\"RunnableParallel#lt;x,y#gt;\"]\n"
            "  n3[\"c\"]\n"
            "  n4[\"d\"]\n"
            "  n5[\"e\"]\n"
            "  n6[\"out: JsonObject\"]\n"
            "  n0 --> n1\n"
            "  n1 --> n2\n"
            "  n2 -->|\"x\"| n3\n"
            "  n2 -->|\"y\"| n4\n"
            "  n4 --> n5\n"
            "  n3 --> n6\n"
            "  n5 --> n6\n");
}

TEST(GraphView, DrawsChoicesDotted) {
  const auto chain = branch(&is_short, say("short"), say("long"));
  EXPECT_EQ(draw_mermaid(chain),
            "graph TD\n"
            "  n0[\"in: string\"]\n"
            "  n1[\"RunnableBranch\"]\n"
            "  n2[\"short\"]\n"
            "  n3[\"long\"]\n"
            "  n4[\"out: string\"]\n"
            "  n0 --> n1\n"
            "  n1 -.->|\"branch:1\"| n2\n"
            "  n1 -.->|\"branch:default\"| n3\n"
            "  n2 --> n4\n"
            "  n3 --> n4\n");
}

TEST(GraphView, DrawsDot) {
  const auto chain = branch(&is_short, say("a\\\"b"), say("long"));
  EXPECT_EQ(draw_dot(chain),
            "digraph chain {\n"
            "  node [shape=box];\n"
            "  n0 [label=\"in: string\"];\n"
            "  n1 [label=\"RunnableBranch\"];\n"
            "  n2 [label=\"a\\\\\\\"b\"];\n"
            "  n3 [label=\"long\"];\n"
            "  n4 [label=\"out: string\"];\n"
            "  n0 -> n1 [style=solid];\n"
            "  n1 -> n2 [label=\"branch:1\" style=dashed];\n"
            "  n1 -> n3 [label=\"branch:default\" style=dashed];\n"
            "  n2 -> n4 [style=solid];\n"
            "  n3 -> n4 [style=solid];\n"
            "}\n");
}

TEST(GraphView, DrawsAscii) {
  const auto chain = say("a") | parallel("x", say("c"), "y", say("d"));
  EXPECT_EQ(draw_ascii(chain),
            "string\n"
            "   |\n"
            "+---+\n"
            "| a |\n"
            "+---+\n"
            "   |\n"
            "+-----------------------+\n"
            "| RunnableParallel<x,y> |\n"
            "+-----------------------+\n"
            "  |    |\n"
            "  | +------+\n"
            "  | | x: c |\n"
            "  | +------+\n"
            "  |    |\n"
            "  | +------+\n"
            "  | | y: d |\n"
            "  | +------+\n"
            "   |\n"
            "JsonObject\n");
}

/// Two pieces with some time between them, and a note of when the second one was asked for beyond
/// its end.
template <class In>
Stream<chunk_of_t<In>> two_pieces(chunk_of_t<In> one, chunk_of_t<In> other,
                                  std::shared_ptr<bool> ended) {
  co_yield std::move(one);
  co_await sleep(1ms);  // a sibling that wants it all does not have it before this is passed on
  co_yield std::move(other);
  co_await sleep(1ms);
  *ended = true;
}

/// Whether a step gives something before its input is over is what streams() says of it.
template <class A>
Coro<> expect_truthful(A step, typename A::InputChunk one, typename A::InputChunk other) {
  auto ended = std::make_shared<bool>(false);
  auto output =
      step.transform(two_pieces<typename A::Input>(std::move(one), std::move(other), ended));
  auto first = co_await output.next();
  EXPECT_TRUE(first.has_value()) << step.name();
  EXPECT_EQ(!*ended, step.streams()) << step.name();
}

ASYNC_TEST(Streams, IsTrueOfEachStep) {
  const auto echo = generator<std::string, std::string>(
      "echo", [](Stream<std::string> in) -> Stream<std::string> {
        while (auto text = co_await in.next()) co_yield std::move(*text);
      });
  const Text whole = say("whole");
  co_await expect_truthful(whole, "a", "b");
  co_await expect_truthful(echo, "a", "b");
  co_await expect_truthful(echo | echo, "a", "b");
  co_await expect_truthful(echo | whole, "a", "b");
  co_await expect_truthful(passthrough<std::string>(), "a", "b");
  co_await expect_truthful(parallel("k", echo, "w", whole), "a", "b");
  co_await expect_truthful(parallel("k", whole, "w", whole), "a", "b");
  co_await expect_truthful(branch(&is_short, echo, echo), "a", "b");
  co_await expect_truthful(with_retry(echo), "a", "b");
  co_await expect_truthful(with_fallbacks(echo, echo), "a", "b");
  co_await expect_truthful(with_timeout(echo, 1s), "a", "b");
  co_await expect_truthful(with_timeout(whole, 1s), "a", "b");
  co_await expect_truthful(with_config(echo, RunConfig().with_tag("x")), "a", "b");
  co_await expect_truthful(with_config(whole, RunConfig().with_tag("x")), "a", "b");
  co_await expect_truthful(with_listeners(echo, RunListeners()), "a", "b");
  co_await expect_truthful(configurable_alternatives("m", "x", echo, "y", echo), "a", "b");
  co_await expect_truthful(configurable_alternatives("m", "x", whole, "y", whole), "a", "b");
  using Piece = JsonObjectChunk;
  const auto size = lambda("size", [](JsonObject o) { return o.size(); });
  co_await expect_truthful(assign("n", size), Piece("a", 1), Piece("b", 2));
  co_await expect_truthful(pick("a"), Piece("a", 1), Piece("b", 2));
  co_await expect_truthful(pick("a", "b"), Piece("a", 1), Piece("b", 2));
  co_await expect_truthful(StrOutputParser(), AIMessageChunk(ContentEvent::text_delta(0, "a")),
                           AIMessageChunk(ContentEvent::text_delta(0, "b")));
  co_await expect_truthful(each(whole), std::vector<std::string>(1, "a"),
                           std::vector<std::string>(1, "b"));
}

ASYNC_TEST(ChainMembers, AreTheFunctionsOfTheSameNames) {
  const Text chain = say("a");
  const auto tough = chain.with_retry(RetryPolicy().with_attempts_max(2)).with_timeout(1min);
  const auto other = tough.with_fallbacks(say("b")).with_config(RunConfig().with_run_name("n"));
  const auto heard = other.with_listeners(RunListeners());
  const std::string made = co_await heard.invoke("x");
  EXPECT_EQ(made, "x");
  const auto list = chain.map();
  const auto all = co_await list.invoke(std::vector<std::string>(2, "y"));
  EXPECT_EQ(all.size(), 2U);
  const std::string usual = co_await chain.with_retry().invoke("z");
  EXPECT_EQ(usual, "z");
}

}  // namespace
}  // namespace cochain::testing
