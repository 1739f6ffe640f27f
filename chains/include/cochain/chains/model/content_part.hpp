// What a message is made of: text, reasoning, a refusal, a call of a tool, an image, a file, a
// sound. A message keeps its parts in the order in which the model gave them; some providers insist
// on it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace cochain {

/// A piece of plain text.
/// Shape:    `provider_data`, here and on every other part, is empty or the text of one JSON object
///           with a member per wire dialect, `{"openai":{…}}`. It holds what a dialect wants back
///           unchanged in the next turn and cochain does not understand; each dialect reads only
///           its own member, so that a conversation may move from one provider to another.
class TextPart {
 public:
  TextPart() = default;
  explicit TextPart(std::string the_text) : text(std::move(the_text)) {}

  std::string text;
  std::string provider_data;

  friend bool operator==(const TextPart&, const TextPart&) = default;
};

/// What the model thought before it answered, as far as the provider shows it.
/// Shape:    `signature` and `id` are the provider's; they must go back to it byte for byte.
class ReasoningPart {
 public:
  ReasoningPart() = default;
  explicit ReasoningPart(std::string the_text, std::string the_signature = {},
                         std::string the_id = {})
      : text(std::move(the_text)), signature(std::move(the_signature)), id(std::move(the_id)) {}

  std::string text;
  std::string signature;
  std::string id;
  std::string provider_data;

  friend bool operator==(const ReasoningPart&, const ReasoningPart&) = default;
};

/// The words in which the model declined to answer.
class RefusalPart {
 public:
  RefusalPart() = default;
  explicit RefusalPart(std::string the_text) : text(std::move(the_text)) {}

  std::string text;
  std::string provider_data;

  friend bool operator==(const RefusalPart&, const RefusalPart&) = default;
};

/// The model asks for a tool to be run.
/// Shape:    `arguments` is the raw text that the model wrote: meant to be a JSON object, empty if
///           the tool takes none, and not to be trusted to parse.
class ToolCall {
 public:
  ToolCall() = default;
  ToolCall(std::string the_id, std::string the_name, std::string the_arguments)
      : id(std::move(the_id)), name(std::move(the_name)), arguments(std::move(the_arguments)) {}

  std::string id;
  std::string name;
  std::string arguments;
  std::string provider_data;

  friend bool operator==(const ToolCall&, const ToolCall&) = default;
};

/// A picture for the model to look at: by address, or carried along.
/// Shape:    either `url`, or `data` (base64) with `mime_type`. `detail` is empty, "low", "high" or
///           "auto".
class ImagePart {
 public:
  ImagePart() = default;
  /// A picture that the provider fetches by itself.
  [[nodiscard]] static ImagePart from_url(std::string url, std::string detail = {});
  /// A picture in base64 already.
  [[nodiscard]] static ImagePart from_base64(std::string data, std::string mime_type,
                                             std::string detail = {});
  /// A picture as raw bytes, such as a file's content; encoded to base64 here.
  [[nodiscard]] static ImagePart from_bytes(std::string_view bytes, std::string mime_type,
                                            std::string detail = {});

  std::string url;
  std::string data;
  std::string mime_type;
  std::string detail;
  std::string provider_data;

  friend bool operator==(const ImagePart&, const ImagePart&) = default;
};

/// A document for the model to read, such as a PDF: by address, by the provider's id, or carried.
/// Shape:    one of `url`, `file_id` and `data` (base64, with `mime_type`). `name` is the file's
///           name; some providers want one beside the data.
class FilePart {
 public:
  FilePart() = default;
  /// A file that the provider fetches by itself.
  [[nodiscard]] static FilePart from_url(std::string url, std::string mime_type = {},
                                         std::string name = {});
  /// A file that was uploaded to the provider before.
  [[nodiscard]] static FilePart from_id(std::string file_id);
  /// A file in base64 already.
  [[nodiscard]] static FilePart from_base64(std::string data, std::string mime_type,
                                            std::string name = {});
  /// A file's raw content; encoded to base64 here.
  [[nodiscard]] static FilePart from_bytes(std::string_view bytes, std::string mime_type,
                                           std::string name = {});

  std::string url;
  std::string data;
  std::string mime_type;
  std::string file_id;
  std::string name;
  std::string provider_data;

  friend bool operator==(const FilePart&, const FilePart&) = default;
};

/// A sound for the model to hear: by address, or carried along.
/// Shape:    either `url`, or `data` (base64) with `mime_type`, such as "audio/wav".
class AudioPart {
 public:
  AudioPart() = default;
  [[nodiscard]] static AudioPart from_url(std::string url, std::string mime_type = {});
  [[nodiscard]] static AudioPart from_base64(std::string data, std::string mime_type);
  [[nodiscard]] static AudioPart from_bytes(std::string_view bytes, std::string mime_type);

  std::string url;
  std::string data;
  std::string mime_type;
  std::string provider_data;

  friend bool operator==(const AudioPart&, const AudioPart&) = default;
};

/// One part of a message's content.
using ContentPart =
    std::variant<TextPart, ReasoningPart, RefusalPart, ToolCall, ImagePart, FilePart, AudioPart>;

}  // namespace cochain
