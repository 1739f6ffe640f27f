// What you learn: what prompts can hold: values, lists, a history, examples, pictures.
// How to run:     build/release/bin/example_21_prompts
// What it prints: the messages that each prompt makes.
#include <iostream>
#include <string>

#include <cochain/cochain.hpp>

using namespace cochain;

void show(const Messages& conversation) {
  for (const Message& message : conversation) {
    std::cout << to_string(message.role()) << ": " << message.text() << '\n';
  }
  std::cout << '\n';
}

Coro<> prompts() {
  const auto chat = ChatPromptTemplate()
                        .system("You are {name}, and today is {today}.")
                        .append(MessagesPlaceholder("history").optional().n_messages(2))
                        .human("{question}")
                        .partial("name", "Ada")
                        .partial("today", [] { return "Monday"; });  // asked each time
  const Messages history = messages("Hi", "I am Bob", AIMessage("Hello {Bob}"));
  const Messages asked =
      co_await chat.invoke(variables("question", "Who am I?", "history", history));
  show(asked);

  const TextTemplate report(
      "Orders of {{{customer.name}}}:\n"
      "{{#orders}}\n"
      "- {{count}} x {{{item}}}\n"
      "{{/orders}}\n"
      "{{^orders}}none\n{{/orders}}",
      TemplateFormat::kMustache);
  const Variables data = variables("customer", json_object("name", "Smith & Co"), "orders",
                                   json_array(json_object("count", 2, "item", "tea")));
  std::cout << report.format(data) << '\n';

  const std::vector<Variables> all{variables("word", "happy", "opposite", "sad"),
                                   variables("word", "very tall", "opposite", "very short")};
  const auto selector = std::make_shared<NGramOverlapExampleSelector>(TextTemplate("{word}"), all);
  selector->with_threshold(0);  // only examples that share a word with the input
  const auto shown =
      FewShotChatMessagePromptTemplate(ChatPromptTemplate().human("{word}").ai("{opposite}"))
          .selector(selector);
  const auto opposites = ChatPromptTemplate().append(shown).human("{word}");
  const Messages taught = co_await opposites.invoke(variables("word", "very old"));
  show(taught);

  const auto look = ChatPromptTemplate().human_parts(PartTemplate::text("What is the {what}?"),
                                                     PartTemplate::image_url("{url}", "low"));
  const Messages seen = look.format(variables("what", "bird", "url", "https://birds.test/7.png"));
  const auto& picture = std::get<ImagePart>(seen[0].get_if<HumanMessage>()->parts[1]);
  std::cout << seen[0].text() << ' ' << picture.url << '\n';
}

int main() { run(prompts()); }
