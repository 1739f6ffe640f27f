// Documents of the chat dialect, member by member. Every member may be missing, null or new.

#include "openai_chunks.hpp"

#include <algorithm>

#include "api_error.hpp"

namespace cochain::detail {
namespace {

bool is_extra(std::string_view key) {
  return key == "system_fingerprint" || key == "provider" || key == "citations" ||
         key == "search_results" || key == "timings" || key == "annotations" || key == "audio" ||
         key == "images" || key == "logprobs";
}

std::int64_t count_of(const DomElement& value, bool& wrong) {
  const std::int64_t count = as_integer(value).value_or(0);
  if (count < 0) wrong = true;
  return count;
}

}  // namespace

FinishReason finish_reason_of(std::string_view raw) noexcept {
  std::string word(raw.substr(0, 40));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (word == "stop" || word == "end_turn" || word == "eos" || word == "stop_sequence" ||
      word == "complete") {
    return FinishReason::kStop;
  }
  if (word == "length" || word == "max_tokens" || word == "model_length") {
    return FinishReason::kLength;
  }
  if (word == "tool_calls" || word == "function_call" || word == "tool_use" ||
      word == "tool_call") {
    return FinishReason::kToolCalls;
  }
  if (word == "content_filter" || word == "safety") return FinishReason::kContentFilter;
  if (word == "error") return FinishReason::kError;
  return word.empty() ? FinishReason::kUnknown : FinishReason::kOther;
}

void ChunkReader::read(const DomElement& root, DocumentKind kind) {
  DomObject object;
  if (root.get(object) != simdjson::SUCCESS) {
    ++ignored;
    return;
  }
  chunk_seen = true;
  DomElement choices;
  bool has_choices = false;
  bool speaks = false;
  for (const auto [key, value] : object) {
    if (key == "choices") {
      choices = value;
      has_choices = true;
    } else if (key == "usage") {
      read_usage(value);
    } else if (key == "id") {
      if (id_.empty()) id_ = as_string(value);
    } else if (key == "model") {
      if (model_.empty()) model_ = as_string(value);
    } else if (key == "service_tier") {
      if (value.is_string()) service_tier_ = as_string(value);
    } else if (key == "x_groq") {
      if (const auto usage = member(value, "usage")) read_usage(*usage);
      if (is_api_error(value)) error_seen = true;
    } else if (key == "error") {
      if (is_api_error(root)) error_seen = true;
    } else if (key == "object" || key == "type") {
      if (as_string(value) == "error") error_seen = true;
    } else if (key == "message" || key == "detail") {
      speaks = true;
    } else if (is_extra(key) && !value.is_null()) {
      keep_extra(key, value);
    }
  }
  DomArray list;
  if (!has_choices || choices.get(list) != simdjson::SUCCESS) {
    ++ignored;
    if (speaks) error_seen = true;  // a message without choices is no news but bad news
    return;
  }
  if (kind == DocumentKind::kWhole) {
    // Of a whole answer's choices the one with index 0, wherever it stands.
    for (const DomElement choice : list) {
      const auto index = member(choice, "index");
      if (index && as_integer(*index) == 0) choice_index_ = 0;
    }
  }
  for (const DomElement choice : list) read_choice(choice, kind);
}

void ChunkReader::read_choice(const DomElement& choice, DocumentKind kind) {
  DomObject object;
  if (choice.get(object) != simdjson::SUCCESS) return;
  DomObject delta;
  DomObject message;
  bool has_delta = false;
  bool has_message = false;
  std::optional<std::int64_t> index;
  std::string_view reason;
  for (const auto [key, value] : object) {
    if (key == "delta") {
      has_delta = value.get(delta) == simdjson::SUCCESS;
    } else if (key == "index") {
      index = as_integer(value);
    } else if (key == "finish_reason") {
      reason = as_string(value);
    } else if (key == "message") {
      has_message = value.get(message) == simdjson::SUCCESS;
    } else if (key == "logprobs" && kind == DocumentKind::kWhole && !value.is_null()) {
      keep_extra(key, value);
    }
  }
  if (!choice_index_) choice_index_ = index.value_or(0);
  if (index.value_or(0) != *choice_index_ || (kind == DocumentKind::kWhole && choice_seen)) {
    ++ignored;
    return;
  }
  choice_seen = true;
  start_message();
  // Some servers repeat the whole message beside each delta; where there is a delta, it counts.
  if (kind == DocumentKind::kWhole ? has_message : !has_delta && has_message) {
    read_message(message, DocumentKind::kWhole);
  } else if (has_delta) {
    read_message(delta, kind);
  }
  if (!reason.empty()) {
    finish_reason_seen = true;
    // A later chunk may say it again; "stop" after "tool_calls" would take something back.
    if (finish_raw_.empty()) finish_raw_ = reason;
  }
}

void ChunkReader::read_message(const DomObject& message, DocumentKind kind) {
  // Reasoning comes before what it led to, whatever the order of the members.
  DomElement content;
  DomElement refusal;
  DomElement calls;
  DomElement function_call;
  bool has_content = false;
  bool has_refusal = false;
  bool has_calls = false;
  bool has_function_call = false;
  std::string_view reasoning;
  std::string details_text;
  for (const auto [key, value] : message) {
    if (value.is_null()) continue;
    if (key == "content") {
      content = value;
      has_content = true;
    } else if (key == "reasoning_content") {
      if (const std::string_view text = as_string(value); !text.empty()) reasoning = text;
    } else if (key == "reasoning") {
      if (reasoning.empty()) reasoning = as_string(value);
    } else if (key == "tool_calls") {
      calls = value;
      has_calls = true;
    } else if (key == "refusal") {
      refusal = value;
      has_refusal = true;
    } else if (key == "reasoning_details") {
      details_text = details_.add(value);
    } else if (key == "function_call") {
      function_call = value;
      has_function_call = true;
    } else if (is_extra(key)) {
      keep_extra(key, value);
    }
  }
  add_text(BlockType::kReasoning, reasoning.empty() ? std::string_view(details_text) : reasoning);
  if (has_content) read_content(content);
  if (has_refusal) add_text(BlockType::kRefusal, as_string(refusal));
  if (has_calls) read_calls(calls, kind);
  if (has_function_call) read_function_call(function_call);
}

void ChunkReader::read_content(const DomElement& content) {
  if (content.is_string()) {
    add_text(BlockType::kText, as_string(content));
    return;
  }
  DomArray list;
  if (content.get(list) == simdjson::SUCCESS) {
    for (const DomElement part : list) read_content_part(part);
  } else {
    read_content_part(content);
  }
}

void ChunkReader::read_content_part(const DomElement& part) {
  if (part.is_string()) {
    add_text(BlockType::kText, as_string(part));
    return;
  }
  const std::string_view type = string_member(part, "type");
  if (type == "text" || type == "output_text") {
    add_text(BlockType::kText, string_member(part, "text"));
  } else if (type == "refusal") {
    add_text(BlockType::kRefusal, string_member(part, "refusal"));
  } else if (type == "thinking" || type == "reasoning") {
    const auto inner = member(part, type);
    if (!inner) return;
    DomArray list;
    if (inner->get(list) == simdjson::SUCCESS) {
      for (const DomElement each : list) {
        add_text(BlockType::kReasoning,
                 each.is_string() ? as_string(each) : string_member(each, "text"));
      }
    } else {
      add_text(BlockType::kReasoning, as_string(*inner));
    }
  } else {
    ++ignored;
  }
}

void ChunkReader::read_usage(const DomElement& value) {
  DomObject object;
  if (value.get(object) != simdjson::SUCCESS) return;
  Usage usage;
  bool wrong = false;
  for (const auto [key, each] : object) {
    if (key == "prompt_tokens" || key == "completion_tokens") {
      if (!as_integer(each)) continue;
      usage.known = true;
      (key == "prompt_tokens" ? usage.input_tokens : usage.output_tokens) = count_of(each, wrong);
    } else if (key == "total_tokens") {
      usage.total_tokens = count_of(each, wrong);
    } else if (key == "reasoning_tokens") {
      usage.reasoning_tokens = count_of(each, wrong);
    } else if (key == "completion_tokens_details") {
      if (const auto told = member(each, "reasoning_tokens")) {
        usage.reasoning_tokens = count_of(*told, wrong);
      }
      if (const auto told = member(each, "audio_tokens")) {
        usage.output_audio_tokens = count_of(*told, wrong);
      }
    } else if (key == "prompt_tokens_details") {
      if (const auto told = member(each, "cached_tokens")) {
        usage.cache_read_tokens = count_of(*told, wrong);
      }
      if (const auto told = member(each, "cache_write_tokens")) {
        usage.cache_write_tokens = count_of(*told, wrong);
      }
      if (const auto told = member(each, "audio_tokens")) {
        usage.input_audio_tokens = count_of(*told, wrong);
      }
    } else if (key == "prompt_cache_hit_tokens" || key == "cache_read_input_tokens") {
      if (usage.cache_read_tokens == 0) usage.cache_read_tokens = count_of(each, wrong);
    } else if (key == "cache_creation_input_tokens") {
      if (usage.cache_write_tokens == 0) usage.cache_write_tokens = count_of(each, wrong);
    }
  }
  // Counts are of the whole answer so far, so the last one that makes sense holds.
  if (!usage.known || wrong) return;
  if (usage.total_tokens == 0) usage.total_tokens = usage.input_tokens + usage.output_tokens;
  usage_ = usage;
}

void ChunkReader::keep_extra(std::string_view key, const DomElement& value) {
  const auto known = std::find_if(extras_.begin(), extras_.end(),
                                  [&](const auto& extra) { return extra.first == key; });
  if (known == extras_.end()) extras_.emplace_back(std::string(key), to_json(value));
}

}  // namespace cochain::detail
