// Prompts that show examples, and how the examples are chosen.
#include "cochain/chains/prompts/few_shot.hpp"

#include <cmath>

#include <gmock/gmock.h>

#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<Variables> sums() {
  return {variables("q", "1+1", "a", "2"), variables("q", "2+2", "a", "4")};
}

/// A selector that waits, as one that embeds the input will, and takes the last example.
class LastExample final : public ExampleSelector {
 public:
  [[nodiscard]] Coro<std::vector<Variables>> select(Variables input) const override {
    return choose(std::move(input));
  }

 private:
  static Coro<std::vector<Variables>> choose(Variables input) {
    co_await sleep(std::chrono::milliseconds(50));
    std::vector<Variables> chosen(1, sums().back());
    if (input.contains("none")) chosen.clear();
    co_return chosen;
  }
};

FewShotPromptTemplate few_shot() {
  return FewShotPromptTemplate(TextTemplate("Q: {q}\nA: {a}")).suffix("Q: {q}\nA:");
}

TEST(FewShot, ShowsItsExamplesBetweenPrefixAndSuffix) {
  const FewShotPromptTemplate prompt = few_shot().examples(sums()).prefix("Do {what}.");
  EXPECT_EQ(prompt.format(variables("what", "sums", "q", "3+3")),
            "Do sums.\n\nQ: 1+1\nA: 2\n\nQ: 2+2\nA: 4\n\nQ: 3+3\nA:");
  EXPECT_THAT(prompt.variable_names(), ElementsAre("what", "q"));
}

TEST(FewShot, LeavesOutWhatIsEmpty) {
  EXPECT_EQ(few_shot().format(variables("q", "1")), "Q: 1\nA:");
  EXPECT_EQ(few_shot().prefix("").separator("|").examples(sums()).format(variables("q", "1")),
            "Q: 1+1\nA: 2|Q: 2+2\nA: 4|Q: 1\nA:");
  EXPECT_EQ(FewShotPromptTemplate(TextTemplate("{q}")).format(Variables()), "");
}

TEST(FewShot, ReadsNeitherExamplesNorValuesAsTemplates) {
  std::vector<Variables> examples;
  examples.push_back(variables("q", "{secret}", "a", "{{ } {"));
  const FewShotPromptTemplate prompt = few_shot().examples(examples).prefix("{what}");
  EXPECT_EQ(prompt.format(variables("what", "{q}", "q", "{secret}", "secret", "s3cret")),
            "{q}\n\nQ: {secret}\nA: {{ } {\n\nQ: {secret}\nA:");
}

TEST(FewShot, AnExampleSeesOnlyItsOwnValues) {
  std::vector<Variables> examples;
  examples.push_back(variables("q", "1+1"));
  const std::exception_ptr error = error_of_call(
      [&] { (void)few_shot().examples(examples).format(variables("q", "1", "a", "mine")); });
  EXPECT_TRUE(is<PromptError>(error));
  EXPECT_THAT(describe(error), HasSubstr("'a'"));
}

TEST(FewShot, TakesPartialValuesAndMustache) {
  const FewShotPromptTemplate prompt =
      FewShotPromptTemplate(TextTemplate("{q}"), TemplateFormat::kMustache)
          .prefix("{{day}}")
          .suffix("{{#l}}{{.}}{{/l}}")
          .examples(sums())
          .separator(" ")
          .partial("day", [] { return "Monday"; });
  EXPECT_EQ(prompt.format(variables("l", json_array(1, 2))), "Monday 1+1 2+2 12");
  EXPECT_THAT(prompt.variable_names(), ElementsAre("l"));
}

ASYNC_TEST(FewShot, WaitsForASelector) {
  const FewShotPromptTemplate prompt = few_shot().selector(std::make_shared<LastExample>());
  const std::string text = co_await prompt.invoke(variables("q", "3+3"));
  EXPECT_EQ(text, "Q: 2+2\nA: 4\n\nQ: 3+3\nA:");
  const std::string none = co_await prompt.invoke(variables("q", "3+3", "none", true));
  EXPECT_EQ(none, "Q: 3+3\nA:");
  EXPECT_THROW((void)prompt.format(variables("q", "3+3")), InvalidStateError);
}

Coro<> ask_with_chosen_example() {
  const FewShotChatMessagePromptTemplate examples =
      FewShotChatMessagePromptTemplate(ChatPromptTemplate().human("{q}"))
          .selector(std::make_shared<LastExample>());
  const ChatPromptTemplate prompt = ChatPromptTemplate().append(examples).human("{q}");
  const Messages got = co_await prompt.invoke(variables("q", "3+3"));
  EXPECT_EQ(got.size(), 2U);
}

TEST(FewShot, CanBeCancelledWhereverItWaits) {
  EXPECT_GT(cancel_at_every_suspension(&ask_with_chosen_example), 0);
}

TEST(FewShot, RefusesAnEmptySelector) {
  EXPECT_THROW(few_shot().selector(nullptr), InvalidStateError);
}

FewShotChatMessagePromptTemplate chat_examples() {
  return FewShotChatMessagePromptTemplate(ChatPromptTemplate().human("{q}").ai("{a}"));
}

Messages sums_asked(std::string question) {
  return messages(SystemMessage("Add."), "1+1", AIMessage("2"), "2+2", AIMessage("4"),
                  std::move(question));
}

ASYNC_TEST(FewShotChat, StandsInAChatPrompt) {
  const ChatPromptTemplate prompt =
      ChatPromptTemplate().system("Add.").append(chat_examples().examples(sums())).human("{q}");
  EXPECT_EQ(prompt.format(variables("q", "3+3")), sums_asked("3+3"));
  const Messages got = co_await prompt.invoke(variables("q", "3+3"));
  EXPECT_EQ(got, sums_asked("3+3"));
  EXPECT_THAT(prompt.variable_names(), ElementsAre("q"));
}

ASYNC_TEST(FewShotChat, WaitsForASelectorInsideAChatPrompt) {
  const FewShotChatMessagePromptTemplate examples =
      chat_examples().selector(std::make_shared<LastExample>()).input_names({"q", "topic"});
  const ChatPromptTemplate prompt = ChatPromptTemplate().append(examples).human("{q}");
  const Messages got = co_await prompt.invoke(variables("q", "3+3"));
  EXPECT_EQ(got, messages("2+2", AIMessage("4"), "3+3"));
  EXPECT_THROW((void)prompt.format(variables("q", "3+3")), InvalidStateError);
  EXPECT_THAT(prompt.variable_names(), ElementsAre("q", "topic"));
}

std::vector<std::string> names_of(const std::optional<std::vector<Variables>>& examples) {
  std::vector<std::string> names;
  for (const Variables& each : examples.value()) names.push_back(each.find("q")->text());
  return names;
}

LengthBasedExampleSelector by_length() {
  return LengthBasedExampleSelector(TextTemplate("Q: {q}"),
                                    {variables("q", "one two"), variables("q", "one two three")});
}

TEST(LengthBasedSelector, TakesExamplesWhileThereIsRoom) {
  const auto chosen = [](std::size_t length_max) {  // the examples have 3 and 4 words, the input 2
    return names_of(by_length().with_length_max(length_max).try_select(variables("x", "a b")));
  };
  EXPECT_THAT(chosen(9), ElementsAre("one two", "one two three"));
  EXPECT_THAT(chosen(8), ElementsAre("one two"));
  EXPECT_THAT(chosen(5), ElementsAre("one two"));
  EXPECT_THAT(chosen(4), IsEmpty());
  EXPECT_THAT(chosen(2), IsEmpty());
  EXPECT_THAT(chosen(0), IsEmpty());
}

TEST(LengthBasedSelector, CountsAllTextsOfTheInputAndNoMessages) {
  const LengthBasedExampleSelector selector = by_length().with_length_max(9);
  EXPECT_THAT(names_of(selector.try_select(variables("x", "a", "y", "b", "h", messages("long")))),
              ElementsAre("one two", "one two three"));
  EXPECT_THAT(names_of(selector.try_select(variables("x", "a\nb\nc"))), ElementsAre("one two"));
}

TEST(LengthBasedSelector, MeasuresAsItIsTold) {
  LengthBasedExampleSelector selector = by_length();
  selector.with_length([](std::string_view text) { return text.size(); }).with_length_max(13);
  selector.add_example(variables("q", "x"));
  EXPECT_THAT(names_of(selector.try_select(variables("x", "abc"))), ElementsAre("one two"));
  EXPECT_THROW(selector.add_example(variables("wrong", "x")), PromptError);
}

TEST(NGramOverlap, ScoresAlikeTextsHigher) {
  EXPECT_DOUBLE_EQ(ngram_overlap("see spot run fast now", "see spot run fast now"), 1);
  EXPECT_DOUBLE_EQ(ngram_overlap("spot run", "spot run"), 1);  // runs of four words have no room
  EXPECT_EQ(ngram_overlap("cats sleep", "my dog barks"), 0);
  EXPECT_EQ(ngram_overlap("", "a"), 0);
  EXPECT_EQ(ngram_overlap("a", ""), 0);
  EXPECT_GT(ngram_overlap("spot can run", "see spot can run"),
            ngram_overlap("spot can run", "spot barks here"));
}

TEST(NGramOverlap, IsTheMeanOfPrecisionsAndAPenaltyForShortTexts) {
  // Precisions 3/4, 1/3, 0.1/2 and 0.1/1, equal lengths.
  EXPECT_NEAR(ngram_overlap("a b x c", "a b y c"),
              std::pow(3.0 / 4 * (1.0 / 3) * (0.1 / 2) * 0.1, 0.25), 1e-12);
  // Precisions 1 and 1 of two words against three.
  EXPECT_NEAR(ngram_overlap("a b", "a b c"), std::exp(1 - 1.5), 1e-12);
  // A word counts as often as it is there.
  EXPECT_NEAR(ngram_overlap("a a", "a b"), std::sqrt(0.5 * 0.1), 1e-12);
}

NGramOverlapExampleSelector by_overlap() {
  return NGramOverlapExampleSelector(
      TextTemplate("{q} {a}"),
      {variables("q", "See Spot run.", "a", 1), variables("q", "My dog barks.", "a", 2),
       variables("q", "Spot can run.", "a", 3)});
}

TEST(NGramOverlapSelector, PutsTheMostAlikeFirst) {
  const Variables input = variables("sentence", "Spot can run fast.");
  EXPECT_THAT(names_of(by_overlap().try_select(input)),
              ElementsAre("Spot can run.", "See Spot run.", "My dog barks."));
  EXPECT_THAT(names_of(by_overlap().with_threshold(0).try_select(input)),
              ElementsAre("Spot can run.", "See Spot run."));
  EXPECT_THAT(names_of(by_overlap().with_threshold(1).try_select(input)), IsEmpty());
}

TEST(NGramOverlapSelector, LeavesOutWhatEqualsItsThreshold) {
  const Variables input = variables("sentence", "Spot can run.");
  EXPECT_THAT(names_of(by_overlap().with_threshold(1).try_select(input)), IsEmpty());
  EXPECT_THAT(names_of(by_overlap().with_threshold(0.999).try_select(input)),
              ElementsAre("Spot can run."));
}

TEST(NGramOverlapSelector, SaysWhatItLacks) {
  EXPECT_THROW((void)by_overlap().try_select(Variables()), PromptError);
  EXPECT_THROW((void)by_overlap().with_input_name("x").try_select(variables("y", "1")),
               PromptError);
  EXPECT_THROW((void)by_overlap().try_select(variables("h", messages("1"))), PromptError);
  EXPECT_THROW(by_overlap().add_example(variables("a", "1")), PromptError);
  EXPECT_THROW(NGramOverlapExampleSelector(TextTemplate("no hole")), PromptError);
  EXPECT_THAT(names_of(by_overlap().with_threshold(0).with_input_name("y").try_select(
                  variables("x", "My", "y", "barks. See"))),
              ElementsAre("See Spot run.", "My dog barks."));
}

ASYNC_TEST(NGramOverlapSelector, ChoosesForAPrompt) {
  const auto selector =
      std::make_shared<NGramOverlapExampleSelector>(by_overlap().with_threshold(0));
  const FewShotPromptTemplate prompt = FewShotPromptTemplate(TextTemplate("{q}"))
                                           .selector(selector)
                                           .suffix("{sentence}")
                                           .separator(" ");
  const std::string text = co_await prompt.invoke(variables("sentence", "Spot can"));
  EXPECT_EQ(text, "Spot can run. See Spot run. Spot can");
  EXPECT_EQ(prompt.format(variables("sentence", "Spot can")), text);
}

}  // namespace
}  // namespace cochain::testing
