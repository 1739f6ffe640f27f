// Renders one template per line: {"format": "f-string" | "mustache", "template": "...",
// "variables": {...}, "partials": {"name": "..."}} gives {"text": "..."} or {"error": "..."}.
// A mustache template may be given any JSON as its variables.
#include <string>

#include "cochain/chains/prompts/template.hpp"
#include "json_lines.hpp"

namespace {

using namespace cochain;

std::string string_of(const Json& value, const std::string& name) {
  if (!value.is_string()) throw Error(name + " must be a string");
  return std::string(value.get_string());
}

const JsonObject& object_of(const Json& value, const std::string& name) {
  if (!value.is_object()) throw Error(name + " must be an object");
  return value.get_object();
}

std::string render(const JsonObject& request) {
  const Json* text = request.if_contains("template");
  if (text == nullptr) throw Error("\"template\" is missing");
  const Json* format = request.if_contains("format");
  const std::string format_name = format ? string_of(*format, "format") : "f-string";
  const Json* given = request.if_contains("variables");
  const Json data = given ? *given : Json(JsonObject());

  if (format_name == "mustache") {
    MustachePartials partials;
    if (const Json* texts = request.if_contains("partials")) {
      for (const auto& [name, partial] : object_of(*texts, "partials")) {
        partials.add(std::string(name), string_of(partial, "partials"));
      }
    }
    return MustacheTemplate(string_of(*text, "template"), partials).render(data);
  }
  if (format_name != "f-string") throw Error("\"format\" must be f-string or mustache");
  Variables variables;
  for (const auto& [name, value] : object_of(data, "variables")) {
    variables.set(std::string(name), value);
  }
  return TextTemplate(string_of(*text, "template")).format(variables);
}

}  // namespace

int main() {
  return programs::for_each_line([](const Json& line, std::size_t) -> Json {
    return json_object("text", render(object_of(line, "a line")));
  });
}
