// The hashing trick: each feature of a text adds or subtracts one at a few places of the vector.
// Serves POST /v1/embeddings, with floats as numbers or as base64.
#include "simulator_embeddings.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include <boost/json.hpp>

#include "simulator_random.hpp"
#include "simulator_text.hpp"
#include "simulator_wire.hpp"

namespace cochain {
namespace {

namespace json = boost::json;

constexpr std::size_t kDimensions = 256;
constexpr std::size_t kDimensionsMax = 4096;
constexpr std::size_t kInputsMax = 2048;

class Refused {
 public:
  Refused(std::string message, std::string param) {
    refusal.message = std::move(message);
    refusal.param = std::move(param);
  }
  SimulatedRefusal refusal;
};

void add_feature(std::vector<float>& vector, std::uint64_t hash, float weight) {
  for (int i = 0; i < 4; ++i) {
    hash = mix_bits(hash + 0x9e3779b97f4a7c15ULL);
    vector[(hash >> 1) % vector.size()] += (hash & 1) != 0 ? weight : -weight;
  }
}

std::vector<float> embed(std::string_view text, std::size_t dimensions) {
  std::vector<float> vector(dimensions, 0.0F);
  add_feature(vector, 1, 0.01F);  // so that no text has the zero vector
  for (const std::string& word : lower_words(text)) {
    // Short words are mostly grammar and say little about the subject.
    add_feature(vector, hash_bytes(word), word.size() < 4 ? 0.2F : 1.0F);
    for (std::size_t i = 0; i + 3 <= word.size(); ++i) {
      add_feature(vector, hash_bytes(std::string_view(word).substr(i, 3)) + 7, 0.2F);
    }
  }
  double sum = 0.0;
  for (const float value : vector) {
    sum += static_cast<double>(value) * static_cast<double>(value);
  }
  const auto scale = static_cast<float>(1.0 / std::sqrt(sum));
  for (float& value : vector) {
    value *= scale;
  }
  return vector;
}

void append_numbers(std::string& out, const std::vector<float>& vector) {
  out += '[';
  std::array<char, 32> digits{};
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const int length =
        std::snprintf(digits.data(), digits.size(), "%.8g", static_cast<double>(vector[i]));
    out += i == 0 ? "" : ",";
    out.append(digits.data(), static_cast<std::size_t>(length));
  }
  out += ']';
}

void append_base64(std::string& out, const std::vector<float>& vector) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;  // little-endian IEEE floats, whatever this machine prefers
  for (const float value : vector) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) {
      bytes += static_cast<char>((bits >> shift) & 0xff);
    }
  }
  out += '"';
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      const bool padding = j > 0 && i + j - 1 >= bytes.size();
      out += padding ? '=' : kAlphabet[(group >> (18 - 6 * j)) & 63];
    }
  }
  out += '"';
}

std::vector<std::string> read_inputs(const json::object& body) {
  const json::value* input = body.if_contains("input");
  std::vector<std::string> texts;
  if (input != nullptr && input->is_string()) {
    texts.emplace_back(input->get_string());
  } else if (input != nullptr && input->is_array()) {
    for (const json::value& text : input->get_array()) {
      if (!text.is_string()) {
        throw Refused("The simulated model takes a string or a list of strings.", "input");
      }
      texts.emplace_back(text.get_string());
    }
  }
  if (texts.empty() || texts.size() > kInputsMax) {
    throw Refused("'input' must hold between 1 and 2048 strings.", "input");
  }
  return texts;
}

std::size_t read_dimensions(const json::object& body) {
  const json::value* wanted = body.if_contains("dimensions");
  if (wanted == nullptr || wanted->is_null()) {
    return kDimensions;
  }
  if (!wanted->is_int64() || wanted->get_int64() < 1 ||
      wanted->get_int64() > static_cast<std::int64_t>(kDimensionsMax)) {
    throw Refused("'dimensions' must be an integer within 1..4096.", "dimensions");
  }
  return static_cast<std::size_t>(wanted->get_int64());
}

std::string render(const json::object& body) {
  const json::value* model = body.if_contains("model");
  if (model == nullptr || !model->is_string()) {
    throw Refused("you must provide a model parameter", "model");
  }
  const json::value* format = body.if_contains("encoding_format");
  const bool base64 = format != nullptr && format->is_string() && format->get_string() == "base64";
  const std::size_t dimensions = read_dimensions(body);
  std::size_t bytes = 0;
  std::size_t index = 0;
  std::string out = "{\"object\":\"list\",\"data\":[";
  for (const std::string& text : read_inputs(body)) {
    bytes += text.size();
    out += index == 0 ? "" : ",";
    out += "{\"object\":\"embedding\",\"index\":" + std::to_string(index++) + ",\"embedding\":";
    const std::vector<float> vector = embed(text, dimensions);
    base64 ? append_base64(out, vector) : append_numbers(out, vector);
    out += '}';
  }
  out += "],\"model\":\"";
  append_json_escaped(out, model->get_string());
  const std::string tokens = std::to_string((bytes + 3) / 4);
  out += "\",\"usage\":{\"prompt_tokens\":" + tokens + ",\"total_tokens\":" + tokens + "}}";
  return out;
}

}  // namespace

std::variant<std::string, SimulatedRefusal> embeddings_body(std::string_view request_body) {
  json::error_code error;
  const json::value document = json::parse(request_body, error);
  try {
    if (error || !document.is_object()) {
      throw Refused("We could not parse the JSON body of your request.", "");
    }
    return render(document.get_object());
  } catch (const Refused& refused) {
    return refused.refusal;
  }
}

}  // namespace cochain
