// Workers that ask one after the other, as a user would write them.

#include "cochain_client.hpp"

#include <chrono>

#include "cochain/cochain.hpp"

namespace cochain::bench {
namespace {

using TextChain = Chain<Variables, std::string>;

/// What the workers share; it lives in the frame of run_workers().
class Work {
 public:
  Work(std::shared_ptr<ChatModel> chat_model, std::size_t requests, AnswerForm answer_form)
      : model(chat_model),
        chain(PromptTemplate("{question}") | chat_model | StrOutputParser()),
        left(requests),
        form(answer_form) {}

  void first_token(TimePoint asked_at) {
    const std::chrono::duration<double, std::milli> since = EventLoop::current().time() - asked_at;
    report.first_token_ms.push_back(since.count());
  }
  void count(std::size_t bytes) {
    report.text_bytes += bytes;
    ++report.chunks;
  }

  std::shared_ptr<ChatModel> model;
  TextChain chain;
  std::size_t left;
  std::size_t started = 0;
  AnswerForm form;
  ClientReport report;
};

Coro<> ask_model(Work& work, std::string prompt) {
  Messages question = messages(HumanMessage(std::move(prompt)));
  if (work.form == AnswerForm::kWhole) {
    AIMessage answer = co_await work.model->invoke(std::move(question));
    work.count(answer.text().size());
    work.report.output_tokens += answer.usage.output_tokens;
    co_return;
  }
  const TimePoint started = EventLoop::current().time();
  std::size_t bytes = 0;
  Stream<AIMessageChunk> stream = work.model->stream(std::move(question));
  while (auto chunk = co_await stream.next()) {
    const std::string_view text = chunk->content();
    if (!text.empty()) {
      if (bytes == 0) work.first_token(started);
      bytes += text.size();
      work.count(text.size());
    } else if (const auto usage = chunk->usage()) {
      work.report.output_tokens += usage->output_tokens;
    }
  }
}

Coro<> ask_chain(Work& work, std::string prompt) {
  Variables question = variables("question", std::move(prompt));
  if (work.form == AnswerForm::kWhole) {
    const std::string answer = co_await work.chain.invoke(std::move(question));
    work.count(answer.size());
    co_return;
  }
  const TimePoint started = EventLoop::current().time();
  std::size_t bytes = 0;
  Stream<std::string> stream = work.chain.stream(std::move(question));
  while (auto text = co_await stream.next()) {
    if (bytes == 0) work.first_token(started);
    bytes += text->size();
    work.count(text->size());
  }
}

Coro<> work_off(Work& work, Through through) {
  while (work.left > 0) {
    --work.left;
    std::string prompt = bench_prompt(work.started++);
    if (through == Through::kModel) {
      co_await ask_model(work, std::move(prompt));
    } else {
      co_await ask_chain(work, std::move(prompt));
    }
    ++work.report.answers;
  }
}

Coro<ClientReport> run_workers(std::string base_url, std::size_t requests, std::size_t concurrency,
                               AnswerForm form, Through through) {
  OpenAIOptions options("sim-small");
  options.with_base_url(std::move(base_url));
  Work work(make_openai_model(std::move(options)), requests, form);
  TaskGroup group;
  for (std::size_t i = 0; i < concurrency; ++i) group.create_task(work_off(work, through));
  co_await group.join();
  co_return std::move(work.report);
}

}  // namespace

ClientReport run_cochain_client(const std::string& base_url, std::size_t requests,
                                std::size_t concurrency, AnswerForm form, Through through) {
  return run(run_workers(base_url, requests, concurrency, form, through));
}

}  // namespace cochain::bench
