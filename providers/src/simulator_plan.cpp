// Turns a parsed request into an answer: which words, at what pace, with which ending.
// simulator_request.cpp reads the request, simulator_reply.cpp puts the plan on the wire.
#include <cochain/providers/simulator_plan.hpp>

#include <algorithm>
#include <functional>
#include <utility>

#include "simulator_calls.hpp"
#include "simulator_random.hpp"
#include "simulator_schema.hpp"
#include "simulator_text.hpp"

namespace cochain {
namespace {

// Answers do not look at a clock, so that one seed replays one run; this is where time begins.
constexpr std::int64_t kFirstCreated = 1'750'000'000;

constexpr std::size_t kToolCallsMax = 3;
constexpr std::size_t kArgumentBytesEach = 8;
constexpr std::size_t kQuotedResultBytesMax = 400;

std::string hex_id(std::string_view prefix, SeededRandom& random) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id(prefix);
  for (int half = 0; half < 2; ++half) {
    std::uint64_t bits = random.next();
    for (int i = 0; i < 12; ++i, bits >>= 4) {
      id += kDigits[bits & 15];
    }
  }
  return id;
}

SimulatedFault choose_fault(const SimulatorOptions& options, double chance) {
  for (std::size_t i = 1; i < kSimulatedFaultKinds; ++i) {
    const auto fault = static_cast<SimulatedFault>(i);
    if (chance < options.fault_rate(fault)) {
      return fault;
    }
    chance -= options.fault_rate(fault);
  }
  return SimulatedFault::kNone;
}

/// Draws the wait before each token: the first has its own distribution.
class Pace {
 public:
  Pace(const SimulatorOptions& options, std::uint64_t seed)
      : options_(options),
        random_(seed),
        constant_(options.first_token().is_none() && options.between_tokens().is_none()) {}

  std::uint32_t next() {
    if (constant_) {
      return 0;
    }
    const SimulatedLatency& latency =
        std::exchange(first_, false) ? options_.first_token() : options_.between_tokens();
    const double one = random_.unit();
    const double two = random_.unit();
    return static_cast<std::uint32_t>(latency.sample(one, two).count());
  }

 private:
  const SimulatorOptions& options_;
  SeededRandom random_;
  bool constant_;
  bool first_ = true;
};

/// Cuts a text into timed chunks; false if the token budget ended before the text did.
bool pace_tokens(const std::vector<std::uint32_t>& ends, Pace& pace, std::size_t& budget,
                 std::vector<PlannedChunk>& chunks) {
  const std::size_t count = std::min(budget, ends.size());
  chunks.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    chunks.emplace_back(ends[i], pace.next());
  }
  budget -= count;
  return count == ends.size();
}

std::vector<std::uint32_t> fragment_ends(std::string_view text) {
  std::vector<std::uint32_t> ends;
  for (std::size_t at = 0; at < text.size();) {
    at = std::min(text.size(), at + kArgumentBytesEach);
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) {
      ++at;
    }
    ends.push_back(static_cast<std::uint32_t>(at));
  }
  return ends;
}

/// How many words of a tool's name and description the prompt also uses.
std::size_t relevance(const SimulatedTool& tool, const std::vector<std::string>& prompt_words) {
  std::vector<std::string> words = subject_words(tool.name + ' ' + tool.description);
  const std::vector<std::string> name_words = lower_words(tool.name);
  words.insert(words.end(), name_words.begin(), name_words.end());
  return static_cast<std::size_t>(
      std::count_if(words.begin(), words.end(), [&prompt_words](const std::string& word) {
        const std::vector<std::string> lower = lower_words(word);
        return lower.size() == 1 && lower[0].size() > 2 &&
               std::find(prompt_words.begin(), prompt_words.end(), lower[0]) != prompt_words.end();
      }));
}

/// The tools that the simulated model calls: those whose words occur in the prompt.
std::vector<const SimulatedTool*> choose_tools(const SimulatedChatRequest& request) {
  std::vector<const SimulatedTool*> chosen;
  if (!request.tool_results.empty() || request.tools.empty()) {
    return chosen;
  }
  for (const SimulatedTool& tool : request.tools) {
    if (tool.name == request.forced_tool) {
      chosen.push_back(&tool);
      return chosen;
    }
  }
  const std::vector<std::string> prompt_words = lower_words(request.prompt);
  std::vector<std::pair<std::size_t, const SimulatedTool*>> ranked;
  for (const SimulatedTool& tool : request.tools) {
    const std::size_t score = relevance(tool, prompt_words);
    if (score > 0) {
      ranked.emplace_back(score, &tool);
    }
  }
  if (ranked.empty() && request.must_call_tool) {
    ranked.emplace_back(0, &request.tools.front());
  }
  // The tools lie in one array, so their addresses settle a tie in the order of the request.
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : std::less<>()(a.second, b.second);
  });
  const std::size_t limit = request.parallel_tool_calls ? kToolCallsMax : 1;
  for (const auto& [score, tool] : ranked) {
    if (chosen.size() < limit) {
      chosen.push_back(tool);
    }
  }
  return chosen;
}

/// The calls of this turn. Those that the user's text spells out come before all others; without
/// them, the model calls once, and answers when it has the results.
std::vector<ScriptedCall> calls_of(const SimulatedChatRequest& request) {
  std::vector<ScriptedCall> calls;
  std::vector<std::vector<ScriptedCall>> turns = scripted_calls(request);
  if (request.tool_turns < turns.size()) {
    calls = std::move(turns[request.tool_turns]);
  } else if (turns.empty()) {
    for (const SimulatedTool* tool : choose_tools(request)) {
      calls.emplace_back(tool->name, std::string());
    }
  }
  return calls;
}

/// What was spelled out, or what fits the schema of the tool.
std::string arguments_of(ScriptedCall& call, const SimulatedChatRequest& request) {
  if (!call.arguments.empty()) return std::move(call.arguments);
  const auto tool =
      std::find_if(request.tools.begin(), request.tools.end(),
                   [&call](const SimulatedTool& each) { return each.name == call.name; });
  const bool has_schema = tool != request.tools.end() && !tool->parameters.empty();
  return value_for_schema(has_schema ? tool->parameters : R"({"type":"object"})", request.prompt);
}

std::string text_answer(const SimulatedChatRequest& request, const SimulatorOptions& options,
                        std::uint64_t seed) {
  if (!request.answer_schema.empty()) {
    return value_for_schema(request.answer_schema, request.prompt);
  }
  SeededRandom random(seed);
  if (!request.tool_results.empty() && options.answer_tokens() == 0) {
    std::string text = "Here is what I found:";
    for (const std::string& result : request.tool_results) {
      std::size_t end = std::min(result.size(), kQuotedResultBytesMax);
      while (end < result.size() && end > 0 &&
             (static_cast<unsigned char>(result[end]) & 0xc0) == 0x80) {
        --end;
      }
      text += ' ' + result.substr(0, end);
      text += text.back() == '.' ? "" : ".";
    }
    return text;
  }
  const std::vector<std::string> words = subject_words(request.prompt);
  return options.answer_tokens() > 0 ? compose_answer_of(random, words, options.answer_tokens())
                                     : compose_answer(random, words);
}

std::uint64_t content_seed(const SimulatedChatRequest& request, const SimulatorOptions& options) {
  return mix_bits(hash_bytes(request.model, request.conversation_hash) ^
                  mix_bits(options.seed() + 1));
}

void plan_content(const SimulatedChatRequest& request, const SimulatorOptions& options, Pace& pace,
                  AnswerPlan& plan) {
  const std::uint64_t seed = content_seed(request, options);
  std::size_t budget = request.tokens_max == 0 ? SIZE_MAX : request.tokens_max;
  const std::size_t budget_before = budget;
  SeededRandom ids(seed + 1);
  bool whole = true;
  std::vector<ScriptedCall> calls = calls_of(request);
  for (ScriptedCall& each : calls) {
    PlannedToolCall call;
    call.id = hex_id("call_", ids);
    call.name = each.name;
    call.arguments = arguments_of(each, request);
    whole = whole && pace_tokens(fragment_ends(call.arguments), pace, budget, call.chunks);
    call.arguments.resize(call.chunks.empty() ? 0 : call.chunks.back().end);
    plan.tool_calls.push_back(std::move(call));
  }
  if (calls.empty()) {
    plan.text = text_answer(request, options, seed);
    whole = pace_tokens(token_ends(plan.text), pace, budget, plan.chunks);
    plan.text.resize(plan.chunks.empty() ? 0 : plan.chunks.back().end);
  }
  plan.completion_tokens = budget_before - budget;
  plan.finish_reason = !whole ? "length" : (calls.empty() ? "stop" : "tool_calls");
}

}  // namespace

std::string_view AnswerPlan::chunk_text(std::size_t i) const {
  const std::size_t begin = i == 0 ? 0 : chunks[i - 1].end;
  return std::string_view(text).substr(begin, chunks[i].end - begin);
}

std::chrono::microseconds AnswerPlan::whole_delay() const {
  std::int64_t sum = 0;
  for (const PlannedChunk& chunk : chunks) {
    sum += chunk.delay_us;
  }
  for (const PlannedToolCall& call : tool_calls) {
    for (const PlannedChunk& chunk : call.chunks) {
      sum += chunk.delay_us;
    }
  }
  return std::chrono::microseconds(sum);
}

AnswerPlan plan_answer(const SimulatedChatRequest& request, const SimulatorOptions& options,
                       std::uint64_t request_number) {
  SeededRandom random(mix_bits(options.seed()) ^ mix_bits(~request_number));
  AnswerPlan plan;
  plan.id = hex_id("chatcmpl-", random);
  plan.model = request.model;
  plan.created = kFirstCreated + static_cast<std::int64_t>(request_number);
  plan.stream = request.stream;
  plan.include_usage = request.include_usage;
  plan.prompt_tokens = (request.prompt_bytes + 3) / 4;
  plan.fault = choose_fault(options, random.unit());
  const double fault_place = random.unit();
  if (plan.fault == SimulatedFault::kRateLimit || plan.fault == SimulatedFault::kServerError) {
    return plan;
  }
  Pace pace(options, random.next());
  plan_content(request, options, pace, plan);
  const std::size_t last = plan.completion_tokens > 1 ? plan.completion_tokens - 1 : 1;
  plan.fault_after_chunks = 1 + static_cast<std::size_t>(fault_place * static_cast<double>(last));
  return plan;
}

}  // namespace cochain
