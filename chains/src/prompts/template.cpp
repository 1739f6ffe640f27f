// Templates of either format, joined, with values given beforehand.

#include "cochain/chains/prompts/template.hpp"

#include "prompts/compiled_template.hpp"

namespace cochain {

template class Runnable<Variables, std::string>;
namespace {

class CompiledMustache final : public detail::CompiledTemplate {
 public:
  explicit CompiledMustache(MustacheTemplate mustache) : mustache_(std::move(mustache)) {}
  void render(const Variables& variables, std::string& out) const override {
    out += mustache_.render(variables);
  }
  void add_names(std::vector<std::string>& names) const override {
    for (const std::string& name : mustache_.variable_names()) detail::add_name(names, name);
  }

 private:
  MustacheTemplate mustache_;
};

}  // namespace

TextTemplate::TextTemplate(const TextTemplate& other) = default;
TextTemplate::TextTemplate(TextTemplate&& other) noexcept = default;
TextTemplate& TextTemplate::operator=(const TextTemplate& other) = default;
TextTemplate& TextTemplate::operator=(TextTemplate&& other) noexcept = default;
TextTemplate::~TextTemplate() = default;

TextTemplate::TextTemplate(std::string_view text, TemplateFormat format) : format_(format) {
  if (format == TemplateFormat::kFString) {
    parts_.push_back(detail::compile_f_string(text));
  } else {
    parts_.push_back(std::make_shared<const CompiledMustache>(MustacheTemplate(text)));
  }
}

TextTemplate::TextTemplate(const MustacheTemplate& mustache)
    : parts_(1, std::make_shared<const CompiledMustache>(mustache)),
      format_(TemplateFormat::kMustache) {}

std::string TextTemplate::format(const Variables& variables) const {
  Variables storage;
  const Variables& all = partials_.fill(variables, storage);
  if (strict_) {
    const std::vector<std::string> missing = missing_names(all);
    if (!missing.empty()) {
      throw PromptError("the prompt needs a variable '" + missing.front() + "' that was not given");
    }
  }
  std::string text;
  for (const auto& part : parts_) part->render(all, text);
  return text;
}

std::vector<std::string> TextTemplate::variable_names() const {
  std::vector<std::string> names;
  for (const auto& part : parts_) part->add_names(names);
  std::erase_if(names, [this](const std::string& name) { return partials_.contains(name); });
  return names;
}

std::vector<std::string> TextTemplate::missing_names(const Variables& variables) const {
  std::vector<std::string> names = variable_names();
  std::erase_if(names, [&](const std::string& name) { return variables.contains(name); });
  return names;
}

TextTemplate TextTemplate::optional(std::string name) const {
  TextTemplate made = *this;
  made.partials_.set_optional(std::move(name));
  return made;
}

TextTemplate TextTemplate::strict() const {
  TextTemplate made = *this;
  made.strict_ = true;
  return made;
}

void TextTemplate::append(const TextTemplate& other) {
  partials_.merge(other.partials_);
  const auto others = other.parts_;  // `other` may be this
  parts_.insert(parts_.end(), others.begin(), others.end());
  format_ = other.format_;
  strict_ = strict_ || other.strict_;
}

Coro<std::string> PromptTemplate::do_invoke(Variables input, RunConfig) const {
  co_return template_.format(input);
}

}  // namespace cochain
