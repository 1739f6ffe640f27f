// Joining reasoning items. One item per token comes in; a handful goes back.

#include "reasoning_details.hpp"

#include <algorithm>

#include "json_writer.hpp"

namespace cochain::detail {

std::string ReasoningDetails::add(const DomElement& list) {
  std::string text;
  DomArray array;
  if (list.get(array) != simdjson::SUCCESS) return text;
  for (const DomElement each : array) {
    DomObject object;
    if (each.get(object) != simdjson::SUCCESS) continue;
    const std::string_view type = string_member(each, "type");
    std::optional<std::int64_t> index;
    if (const auto told = member(each, "index")) index = as_integer(*told);
    const bool continues = !items_.empty() && items_.back().type == type &&
                           items_.back().index == index && !items_.back().text_name.empty();
    if (!continues) {
      Item& fresh = items_.emplace_back();
      fresh.type = type;
      fresh.index = index;
    }
    Item& item = items_.back();
    for (const auto [key, value] : object) {
      if (key == "type" || key == "index") continue;
      if ((key == "text" || key == "summary") && value.is_string()) {
        item.text_name = key;
        item.text += as_string(value);
        text += as_string(value);
        continue;
      }
      const std::string_view name = key;
      const auto known = std::find_if(item.others.begin(), item.others.end(),
                                      [&](const auto& other) { return other.first == name; });
      if (known == item.others.end()) {
        item.others.emplace_back(std::string(name), to_json(value));
      } else if (!value.is_null() && name == "signature") {
        known->second = to_json(value);
      }
    }
  }
  return text;
}

std::string ReasoningDetails::take_member() {
  JsonWriter json;
  json.key("reasoning_details").open_array();
  for (const Item& item : items_) {
    json.open_object().key("type").string(item.type);
    if (!item.text_name.empty()) json.key(item.text_name).string(item.text);
    for (const auto& [name, value] : item.others) json.key(name).trusted(value);
    if (item.index) json.key("index").integer(*item.index);
    json.close_object();
  }
  json.close_array();
  items_.clear();
  return json.take();
}

}  // namespace cochain::detail
