// Texts out of messages. Nothing here is on a hot path.

#include "cochain/chains/model/message_text.hpp"

#include <algorithm>
#include <vector>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/json.hpp"

namespace cochain {
namespace {

constexpr std::size_t kWidth = 80;

// ---- code points

// The length of the code point at the start of the text; 0 if there is none.
std::size_t code_point_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 && lead < 0xF5   ? 4
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  // Needlessly long forms, surrogates, and what is beyond the last code point.
  if ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) >= 0xA0) ||
      (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) >= 0x90)) {
    return 0;
  }
  return length;
}

std::uint32_t code_point(std::string_view bytes) noexcept {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  if (bytes.size() == 1) return lead;
  std::uint32_t code = lead & (0xFFU >> (bytes.size() + 1));
  for (const char c : bytes.substr(1)) code = code << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return code;
}

bool is_control(std::uint32_t code) noexcept {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

// Line and paragraph separators, and what reorders the text that people see.
bool is_trick(std::uint32_t code) noexcept {
  return (code >= 0x200E && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0x061C || code == 0xFEFF;
}

void append_hex(std::string& out, std::uint32_t number, std::size_t digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = digits; i-- > 0;) out += kDigits[number >> (4 * i) & 0xFU];
}

// ---- XML

// The text as XML has it, inside an element or a quoted attribute.
std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = code_point_length(text);
    const std::string_view bytes = text.substr(0, std::max<std::size_t>(length, 1));
    const std::uint32_t code = length == 0 ? 0 : code_point(bytes);
    if (code == '&') {
      out += "&amp;";
    } else if (code == '<') {
      out += "&lt;";
    } else if (code == '>') {
      out += "&gt;";
    } else if (code == '\n' || code == '\t' || code == '\r') {
      out += bytes;
    } else if (is_control(code) || code == 0xFFFE || code == 0xFFFF) {
      out += "\xEF\xBF\xBD";  // XML cannot say these at all
    } else {
      out += bytes;
    }
    text.remove_prefix(bytes.size());
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : escaped(text)) {
    if (c == '"') {
      out += "&quot;";
    } else if (c == '\n') {
      out += "&#10;";
    } else if (c == '\r') {
      out += "&#13;";
    } else if (c == '\t') {
      out += "&#9;";
    } else {
      out += c;
    }
  }
  return out + '"';
}

// A part as XML; empty for one that is left out.
class PartToXml {
 public:
  std::string operator()(const TextPart& part) const { return escaped(part.text); }
  std::string operator()(const RefusalPart& part) const { return element("refusal", part.text); }
  std::string operator()(const ReasoningPart& part) const {
    return element("reasoning", part.text);
  }
  std::string operator()(const ToolCall&) const { return {}; }
  std::string operator()(const ImagePart& part) const { return address("image", part.url); }
  std::string operator()(const AudioPart& part) const { return address("audio", part.url); }
  std::string operator()(const FilePart& part) const {
    if (!part.file_id.empty()) return "<file file_id=" + quoted(part.file_id) + " />";
    return address("file", part.url);
  }

 private:
  static std::string element(std::string_view name, std::string_view text) {
    if (text.empty()) return {};
    const std::string tag(name);
    return '<' + tag + '>' + escaped(text) + "</" + tag + '>';
  }
  static std::string address(std::string_view name, std::string_view url) {
    if (url.empty() || url.substr(0, 5) == "data:") return {};
    return '<' + std::string(name) + " url=" + quoted(url) + " />";
  }
};

std::string content_xml(const Message& message) {
  const auto parts_xml = [](const std::vector<ContentPart>& parts) {
    std::string out;
    for (const ContentPart& part : parts) {
      const std::string each = std::visit(PartToXml(), part);
      if (!each.empty()) out.append(out.empty() ? "" : " ").append(each);
    }
    return out;
  };
  if (const auto* human = message.get_if<HumanMessage>()) return parts_xml(human->parts);
  if (const auto* answer = message.get_if<AIMessage>()) return parts_xml(answer->parts);
  return escaped(message.text());
}

std::string message_xml(const Message& message, std::string type) {
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string open = "<message type=" + quoted(type) + '>';
  const std::string content = content_xml(message);
  const auto* answer = message.get_if<AIMessage>();
  if (answer == nullptr || !answer->has_tool_calls()) return open + content + "</message>";
  std::string out = open + '\n';
  if (!content.empty()) out += "  <content>" + content + "</content>\n";
  for (const ToolCall& call : answer->tool_calls()) {
    out += "  <tool_call id=" + quoted(call.id) + " name=" + quoted(call.name) + '>' +
           escaped(call.arguments.empty() ? "{}" : call.arguments) + "</tool_call>\n";
  }
  return out + "</message>";
}

// ---- calls

// The arguments as JSON, if they are some; else as they stand.
Json arguments_json(const ToolCall& call) {
  if (call.arguments.empty()) return JsonObject();
  try {
    return parse_json(call.arguments);
  } catch (const ParseError&) {
    return Json(call.arguments);
  }
}

std::string calls_json(const AIMessage& message) {
  JsonArray list;
  for (const ToolCall& call : message.tool_calls()) {
    list.push_back(json_object("name", call.name, "args", arguments_json(call), "id", call.id,
                               "type", "tool_call"));
  }
  return json_text(list);
}

std::string headline(std::string_view title) {
  const std::size_t left = title.size() + 2 < kWidth ? (kWidth - title.size() - 2) / 2 : 0;
  const std::size_t right = title.size() + 2 < kWidth ? kWidth - title.size() - 2 - left : 0;
  return std::string(left, '=') + ' ' + std::string(title) + ' ' + std::string(right, '=');
}

void append_call(std::string& out, const ToolCall& call) {
  out += "  " + printable(call.name) + " (" + printable(call.id) + ")\n";
  const Json args = arguments_json(call);
  const JsonObject* object = args.if_object();
  if (object == nullptr) {
    out += "    " + printable(call.arguments) + "   (no object)\n";
    return;
  }
  for (const auto& [name, value] : *object) {
    const std::string text = value.is_string() ? std::string(value.get_string()) : json_text(value);
    out += "    " + printable(std::string_view(name)) + ": " + printable(text) + '\n';
  }
}

std::string_view media_note(const ContentPart& part) {
  if (std::holds_alternative<ImagePart>(part)) return "[image]";
  if (std::holds_alternative<FilePart>(part)) return "[file]";
  if (std::holds_alternative<AudioPart>(part)) return "[audio]";
  return {};
}

void append_parts(std::string& out, const std::vector<ContentPart>& parts) {
  for (const ContentPart& part : parts) {
    if (const auto* text = std::get_if<TextPart>(&part)) {
      out += printable(text->text) + '\n';
    } else if (const auto* thought = std::get_if<ReasoningPart>(&part)) {
      if (!thought->text.empty()) out += "(thinks) " + printable(thought->text) + '\n';
    } else if (const auto* refusal = std::get_if<RefusalPart>(&part)) {
      out += "(declines) " + printable(refusal->text) + '\n';
    } else if (const std::string_view note = media_note(part); !note.empty()) {
      out.append(note).append("\n");
    }
  }
}

}  // namespace

const std::string& BufferOptions::prefix(Role role) const noexcept {
  switch (role) {
    case Role::kSystem: return system_;
    case Role::kHuman: return human_;
    case Role::kAI: return ai_;
    case Role::kTool: break;
  }
  return tool_;
}

std::string get_buffer_string(const Messages& messages, const BufferOptions& options) {
  std::string out;
  bool first = true;
  for (const Message& message : messages) {
    if (!first) out += options.separator();
    first = false;
    const std::string& prefix = options.prefix(message.role());
    if (options.format() == BufferFormat::kXml) {
      out += message_xml(message, prefix);
      continue;
    }
    out.append(prefix).append(": ").append(message.text());
    const auto* answer = message.get_if<AIMessage>();
    if (answer != nullptr && answer->has_tool_calls()) out += calls_json(*answer);
  }
  return out;
}

std::string pretty_text(const Message& message) {
  static constexpr std::string_view kTitles[] = {"System Message", "Human Message", "AI Message",
                                                 "Tool Message"};
  std::string out = headline(kTitles[static_cast<std::size_t>(message.role())]) + '\n';
  const std::string& name =
      message.visit([](const auto& each) -> const std::string& { return each.name; });
  if (!name.empty()) out += "Name: " + printable(name) + '\n';
  if (const auto* result = message.get_if<ToolMessage>()) {
    out += "Call: " + printable(result->tool_call_id);
    out += result->status == ToolStatus::kError ? " (failed)\n" : "\n";
  }
  out += '\n';
  if (const auto* human = message.get_if<HumanMessage>()) {
    append_parts(out, human->parts);
  } else if (const auto* answer = message.get_if<AIMessage>()) {
    append_parts(out, answer->parts);
    if (answer->has_tool_calls()) out += "Tool calls:\n";
    for (const ToolCall& call : answer->tool_calls()) append_call(out, call);
  } else {
    out += printable(message.text()) + '\n';
  }
  return out;
}

std::string pretty_text(const Messages& messages) {
  std::string out;
  for (const Message& message : messages)
    out.append(out.empty() ? "" : "\n").append(pretty_text(message));
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = code_point_length(text);
    const std::string_view bytes = text.substr(0, std::max<std::size_t>(length, 1));
    const std::uint32_t code = code_point(bytes.substr(0, std::max<std::size_t>(length, 1)));
    if (length == 0 || (is_control(code) && code < 0x80 && code != '\n' && code != '\t')) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(bytes[0]), 2);
    } else if (code >= 0x80 && (is_control(code) || is_trick(code))) {
      out += "\\u";
      append_hex(out, code, 4);
    } else {
      out += bytes;
    }
    text.remove_prefix(bytes.size());
  }
  return out;
}

}  // namespace cochain
