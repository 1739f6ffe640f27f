// JSON cut member by member. The size of a chunk is kept up to date: what a value adds to it is its
// own text and that of the keys which the chunk does not have yet.

#include "cochain/chains/retrieval/json_splitter.hpp"

#include <algorithm>
#include <boost/json/kind.hpp>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

std::size_t text_size(const Json& value) { return json_text(value).size(); }

Json with_lists_as_objects(const Json& value) {
  JsonObject made;
  if (const JsonObject* object = value.if_object()) {
    for (const auto& member : *object) made[member.key()] = with_lists_as_objects(member.value());
  } else if (const JsonArray* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      made[std::to_string(i)] = with_lists_as_objects((*array)[i]);
    }
  } else {
    return value;
  }
  return made;
}

class JsonCutter {
 public:
  JsonCutter(std::size_t most, std::size_t least) : most_(most), least_(least) {}

  std::vector<JsonObject> run(const JsonObject& whole) {
    cut(whole);
    finish_chunk();
    return std::move(chunks_);
  }

 private:
  // The members of the object that path_ leads to.
  void cut(const JsonObject& members) {
    for (const auto& member : members) {
      path_.emplace_back(member.key());
      place(member.value());
      path_.pop_back();
    }
  }

  void place(const Json& value) {
    const std::size_t size = text_size(value);
    if (put_if_it_fits(value, size)) return;
    const JsonObject* members = value.if_object();
    const bool is_whole = members == nullptr || members->empty();
    if (!chunk_.empty() && (is_whole || size_ >= least_)) {
      finish_chunk();
      if (put_if_it_fits(value, size)) return;
    }
    if (is_whole) {
      put(value, added_size(size));
    } else {
      cut(*members);
    }
  }

  bool put_if_it_fits(const Json& value, std::size_t size) {
    const std::size_t added = added_size(size);
    if (size_ + added > most_) return false;
    put(value, added);
    return true;
  }

  // What a value of this size at path_ adds to the chunk.
  [[nodiscard]] std::size_t added_size(std::size_t value_size) const {
    const JsonObject* node = &chunk_;
    std::size_t i = 0;
    for (; i + 1 < path_.size(); ++i) {
      const Json* inner = node->if_contains(path_[i]);
      if (inner == nullptr) break;
      node = &inner->as_object();
    }
    std::size_t added = value_size + (node->empty() ? 0 : 1);
    added += 2 * (path_.size() - 1 - i);  // braces
    for (; i < path_.size(); ++i) added += text_size(Json(path_[i])) + 1;
    return added;
  }

  void put(const Json& value, std::size_t added) {
    JsonObject* node = &chunk_;
    for (std::size_t i = 0; i + 1 < path_.size(); ++i) {
      Json& inner = (*node)[path_[i]];
      node = inner.is_object() ? &inner.as_object() : &inner.emplace_object();
    }
    (*node)[path_.back()] = value;
    size_ += added;
  }

  void finish_chunk() {
    if (!chunk_.empty()) chunks_.push_back(std::move(chunk_));
    chunk_ = JsonObject();
    size_ = 2;  // {}
  }

  std::size_t most_;
  std::size_t least_;
  std::vector<std::string> path_;
  JsonObject chunk_;
  std::size_t size_ = 2;
  std::vector<JsonObject> chunks_;
};

}  // namespace

RecursiveJsonSplitter::RecursiveJsonSplitter(std::size_t chunk_size_max)
    : most_(chunk_size_max),
      least_(std::min(chunk_size_max, chunk_size_max > 250 ? chunk_size_max - 200 : 50)) {
  if (chunk_size_max == 0) throw InvalidStateError("RecursiveJsonSplitter: the most is 0 bytes");
}

RecursiveJsonSplitter& RecursiveJsonSplitter::chunk_size_min(std::size_t bytes) {
  if (bytes > most_) {
    throw InvalidStateError("RecursiveJsonSplitter: the least of " + std::to_string(bytes) +
                            " bytes is above the most of " + std::to_string(most_));
  }
  least_ = bytes;
  return *this;
}

RecursiveJsonSplitter& RecursiveJsonSplitter::lists_to_objects() {
  convert_ = true;
  return *this;
}

std::vector<JsonObject> RecursiveJsonSplitter::split_json(const Json& value) const {
  JsonCutter cutter(most_, least_);
  if (convert_) {
    const Json converted = with_lists_as_objects(value);
    if (const JsonObject* object = converted.if_object()) return cutter.run(*object);
  }
  if (const JsonObject* object = value.if_object()) return cutter.run(*object);
  const std::string kind(boost::json::to_string(value.kind()));
  throw InvalidInputError("RecursiveJsonSplitter cuts objects, and this is an " + kind +
                          (value.is_array() ? "; lists_to_objects() makes it an object" : ""));
}

std::vector<std::string> RecursiveJsonSplitter::split_text(const Json& value) const {
  std::vector<std::string> texts;
  for (const JsonObject& chunk : split_json(value)) texts.push_back(json_text(chunk));
  return texts;
}

Documents RecursiveJsonSplitter::create_documents(std::span<const Json> values,
                                                  std::span<const JsonObject> metadatas) const {
  if (!metadatas.empty() && metadatas.size() != values.size()) {
    throw InvalidInputError("create_documents() was given " + std::to_string(values.size()) +
                            " values and " + std::to_string(metadatas.size()) + " metadata");
  }
  Documents made;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::string& text : split_text(values[i])) {
      made.emplace_back(std::move(text), metadatas.empty() ? JsonObject() : metadatas[i]);
    }
  }
  return made;
}

}  // namespace cochain
