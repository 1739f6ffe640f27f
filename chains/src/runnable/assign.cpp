// Objects that grow, and objects of which some is kept.

#include "cochain/chains/runnable/assign.hpp"

#include <algorithm>

#include "cochain/chains/model/error.hpp"

namespace cochain {

template class Runnable<JsonObject, JsonObject>;

void ChunkTraits<JsonObject>::add(std::optional<JsonObject>& sum, Chunk chunk) {
  if (!sum) sum.emplace();
  if (chunk.how == JsonObjectChunk::How::kNothing) return;
  Json& member = (*sum)[chunk.key];
  const bool text = chunk.how == JsonObjectChunk::How::kAppend && chunk.value.is_string();
  if (text && member.is_string()) {
    member.get_string() += std::string_view(chunk.value.get_string());
  } else {
    member = std::move(chunk.value);
  }
}

std::vector<JsonObjectChunk> ChunkTraits<JsonObject>::split(JsonObject value) {
  std::vector<JsonObjectChunk> chunks;
  chunks.reserve(value.size());
  if (value.empty()) chunks.push_back(JsonObjectChunk::nothing());
  for (auto& [key, member] : value) chunks.emplace_back(std::string(key), std::move(member));
  return chunks;
}

Json json_value(const JsonObjectChunk& chunk) {
  if (chunk.how == JsonObjectChunk::How::kNothing) return JsonObject();
  return json_object(chunk.key, chunk.value);
}

std::string StepLink<Json, std::string>::give(Json value) {
  if (const auto* text = value.if_string()) return std::string(std::string_view(*text));
  return json_text(value);
}

namespace detail {
namespace {

using Shared = std::shared_ptr<const Members<JsonObject>>;

bool is_member(const Members<JsonObject>& members, std::string_view key) {
  return std::any_of(members.begin(), members.end(),
                     [key](const auto& member) { return member.first == key; });
}

Coro<JsonObject> assign_whole(Shared members, JsonObject input, RunConfig config) {
  JsonObject object = input;
  JsonObject made =
      co_await MemberRun<JsonObject>::invoke(members, std::move(input), std::move(config));
  for (auto& [key, member] : made) object.insert_or_assign(key, std::move(member));
  co_return object;
}

/// First what is passed on, and then, piece by piece, what is made of it.
Stream<JsonObjectChunk> assign_pieces(Shared members, Stream<JsonObjectChunk> input,
                                      RunConfig config) {
  std::vector<Stream<JsonObjectChunk>> shares = tee(std::move(input), 2);
  Stream<JsonObjectChunk> passed = std::move(shares[0]);
  Stream<JsonObjectChunk> made =
      MemberRun<JsonObject>::transform(members, std::move(shares[1]), std::move(config));
  while (auto chunk = co_await passed.next()) {
    const bool passes =
        chunk->how == JsonObjectChunk::How::kNothing || !is_member(*members, chunk->key);
    if (passes) co_yield std::move(*chunk);
  }
  while (auto chunk = co_await made.next()) co_yield std::move(*chunk);
}

Stream<JsonObjectChunk> pieces_of(JsonObject input) {
  for (JsonObjectChunk& chunk : ChunkTraits<JsonObject>::split(std::move(input))) {
    co_yield std::move(chunk);
  }
}

class PickOne final : public Runnable<JsonObject, Json> {
 public:
  explicit PickOne(std::string key) : key_(std::move(key)) {}
  [[nodiscard]] std::string name() const override { return "RunnablePick<" + key_ + ">"; }
  [[nodiscard]] bool streams() const noexcept override { return true; }

 private:
  [[nodiscard]] Coro<Json> do_invoke(JsonObject input, RunConfig) const override {
    return member_of(key_, std::move(input));
  }
  [[nodiscard]] Stream<Json> do_transform(Stream<JsonObjectChunk> input, RunConfig) const override {
    return member_so_far(key_, std::move(input));
  }
  static Coro<Json> member_of(std::string key, JsonObject input) {
    Json* member = input.if_contains(key);
    if (member == nullptr) throw InvalidInputError("pick(): there is no member '" + key + "'");
    co_return std::move(*member);
  }
  /// A JSON value is replaced by its next piece, so each piece is the whole member so far.
  static Stream<Json> member_so_far(std::string key, Stream<JsonObjectChunk> input) {
    std::optional<JsonObject> sum;
    while (auto chunk = co_await input.next()) {
      if (chunk->key != key || chunk->how == JsonObjectChunk::How::kNothing) continue;
      ChunkTraits<JsonObject>::add(sum, std::move(*chunk));
      Json value = sum->at(key);
      co_yield std::move(value);
    }
    if (!sum) throw InvalidInputError("pick(): there is no member '" + key + "'");
  }
  std::string key_;
};

class PickSeveral final : public Runnable<JsonObject, JsonObject> {
 public:
  explicit PickSeveral(std::vector<std::string> keys) : keys_(std::move(keys)) {}
  [[nodiscard]] std::string name() const override { return "RunnablePick"; }
  [[nodiscard]] bool streams() const noexcept override { return true; }

 private:
  [[nodiscard]] Coro<JsonObject> do_invoke(JsonObject input, RunConfig) const override {
    return some_of(keys_, std::move(input));
  }
  [[nodiscard]] Stream<JsonObjectChunk> do_transform(Stream<JsonObjectChunk> input,
                                                     RunConfig) const override {
    return some_pieces(keys_, std::move(input));
  }
  static Coro<JsonObject> some_of(std::vector<std::string> keys, JsonObject input) {
    JsonObject picked;
    for (const std::string& key : keys) {
      if (Json* member = input.if_contains(key)) picked.insert_or_assign(key, std::move(*member));
    }
    co_return picked;
  }
  static Stream<JsonObjectChunk> some_pieces(std::vector<std::string> keys,
                                             Stream<JsonObjectChunk> input) {
    bool looked = false;
    bool given = false;
    while (auto chunk = co_await input.next()) {
      looked = true;
      const bool wanted = chunk->how != JsonObjectChunk::How::kNothing &&
                          std::find(keys.begin(), keys.end(), chunk->key) != keys.end();
      given = given || wanted;
      if (wanted) co_yield std::move(*chunk);
    }
    if (looked && !given) co_yield JsonObjectChunk::nothing();  // an object without any of them
  }
  std::vector<std::string> keys_;
};

}  // namespace

std::string Assign::name() const {
  std::string keys;
  for (const auto& [key, step] : *members_) keys += (keys.empty() ? "" : ",") + key;
  return "RunnableAssign<" + keys + ">";
}

StepInfo Assign::info() const {
  StepInfo made = Runnable::info().with_shape(StepShape::kParallel);
  for (const auto& [key, step] : *members_) made.add(step->step().info(), key);
  return made;
}

Coro<JsonObject> Assign::do_invoke(JsonObject input, RunConfig config) const {
  return assign_whole(members_, std::move(input), std::move(config));
}

Stream<JsonObjectChunk> Assign::do_stream(JsonObject input, RunConfig config) const {
  return assign_pieces(members_, pieces_of(std::move(input)), std::move(config));
}

Stream<JsonObjectChunk> Assign::do_transform(Stream<JsonObjectChunk> input,
                                             RunConfig config) const {
  return assign_pieces(members_, std::move(input), std::move(config));
}

Chain<JsonObject, JsonObject> pick_several(std::vector<std::string> keys) {
  return Chain<JsonObject, JsonObject>(std::make_shared<const PickSeveral>(std::move(keys)));
}

}  // namespace detail

Chain<JsonObject, Json> pick(std::string key) {
  return Chain<JsonObject, Json>(std::make_shared<const detail::PickOne>(std::move(key)));
}

}  // namespace cochain
