// XML out of texts, by expat: elements as they end.

#include "cochain/chains/parsers/xml_parser.hpp"

#include <expat.h>

#include <limits>
#include <new>
#include <string_view>

#include "cochain/chains/model/error.hpp"

namespace cochain {

template class Runnable<AIMessage, XmlValue>;
template class TextOutputParser<XmlValue>;

namespace {

constexpr std::size_t kElementDepthMax = 100;
constexpr std::size_t kFeedMax = std::size_t{1} << 30U;  // expat counts in int

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ':' || c == '_';
}

Json element(const std::string& tag, Json content) {
  return Json(json_object(tag, std::move(content)));
}

/// Feeds expat from the first tag on, and makes pieces and the whole of it.
class XmlTree {
 public:
  XmlTree() : parser_(XML_ParserCreate("UTF-8")) {
    if (!parser_) throw std::bad_alloc();
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), &XmlTree::on_start, &XmlTree::on_end);
    XML_SetCharacterDataHandler(parser_.get(), &XmlTree::on_text);
  }
  XmlTree(const XmlTree&) = delete;
  XmlTree& operator=(const XmlTree&) = delete;

  void feed(std::string_view text) {
    if (!started_) {
      before_ += text;
      const std::size_t begin = find_start();
      if (begin == std::string::npos) {
        // All that can matter of it is a bracket at its end.
        before_ = !before_.empty() && before_.back() == '<' ? "<" : "";
        return;
      }
      started_ = true;
      before_.erase(0, begin);
      text = before_;
    }
    for (; !text.empty() && !done_ && error_.empty();) {
      const std::string_view part = text.substr(0, kFeedMax);
      text.remove_prefix(part.size());
      const XML_Status status =
          XML_Parse(parser_.get(), part.data(), static_cast<int>(part.size()), XML_FALSE);
      if (status != XML_STATUS_OK && !done_ && error_.empty()) {
        error_ = std::string(XML_ErrorString(XML_GetErrorCode(parser_.get()))) + " in line " +
                 std::to_string(XML_GetCurrentLineNumber(parser_.get()));
      }
    }
  }
  [[nodiscard]] std::vector<XmlPiece> take_pieces() { return std::exchange(pieces_, {}); }
  [[nodiscard]] bool started() const noexcept { return started_; }
  [[nodiscard]] bool done() const noexcept { return done_; }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }
  /// The document, once it is done.
  [[nodiscard]] Json take_document() { return std::move(document_); }

 private:
  class Close {
   public:
    void operator()(XML_Parser parser) const noexcept { XML_ParserFree(parser); }
  };
  /// An element that has not ended.
  class Open {
   public:
    explicit Open(const char* the_tag) : tag(the_tag) {}
    std::string tag;
    std::string text;  // before the first element in it
    JsonArray elements;
    bool told = false;  // a piece stood in it
  };

  [[nodiscard]] std::size_t find_start() const {
    std::size_t at = before_.find('<');
    while (at != std::string::npos && at + 1 < before_.size() && !is_name_start(before_[at + 1])) {
      at = before_.find('<', at + 1);
    }
    return at != std::string::npos && at + 1 < before_.size() ? at : std::string::npos;
  }

  // No exception may pass through expat, which is C: what is thrown is kept as an error.
  template <class Act>
  static void guarded(void* self, Act act) noexcept {
    auto& tree = *static_cast<XmlTree*>(self);
    if (!tree.error_.empty() || tree.done_) return;
    try {
      act(tree);
    } catch (const std::exception& error) {
      tree.stop(error.what());
    }
  }
  static void on_start(void* self, const char* tag, const char**) {
    guarded(self, [&](XmlTree& tree) {
      if (tree.open_.size() == kElementDepthMax) {
        tree.stop("more than " + std::to_string(kElementDepthMax) + " levels");
        return;
      }
      tree.open_.emplace_back(tag);
    });
  }
  static void on_text(void* self, const char* text, int size) {
    guarded(self, [&](XmlTree& tree) {
      Open& top = tree.open_.back();
      if (top.elements.empty()) top.text.append(text, static_cast<std::size_t>(size));
    });
  }
  static void on_end(void* self, const char*) {
    guarded(self, [](XmlTree& tree) { tree.end_element(); });
  }
  void stop(std::string why) {
    error_ = std::move(why);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void end_element() {
    Open ended = std::move(open_.back());
    open_.pop_back();
    const bool leaf = ended.elements.empty();
    const bool texts = ended.text.find_first_not_of(" \t\r\n") != std::string::npos;
    Json text = ended.text.empty() ? Json() : Json(boost::json::string_view(ended.text));
    if (leaf) tell(element(ended.tag, text));
    Json content =
        texts || (leaf && !open_.empty()) ? std::move(text) : Json(std::move(ended.elements));
    Json whole = element(ended.tag, std::move(content));
    if (open_.empty()) {
      document_ = std::move(whole);
      done_ = true;  // what follows is no part of it, and may be anything
      XML_StopParser(parser_.get(), XML_FALSE);
    } else {
      open_.back().elements.push_back(std::move(whole));
    }
  }
  void tell(Json leaf) {
    std::size_t joins = 0;
    while (joins < open_.size() && open_[joins].told) ++joins;
    for (std::size_t i = open_.size(); i-- > 0;) {
      open_[i].told = true;
      leaf = element(open_[i].tag, Json(json_array(std::move(leaf))));
    }
    pieces_.emplace_back(std::move(leaf), joins);
  }

  std::unique_ptr<XML_ParserStruct, Close> parser_;
  std::string before_;  // what was fed before the first tag
  bool started_ = false;
  bool done_ = false;
  std::string error_;
  std::vector<Open> open_;
  std::vector<XmlPiece> pieces_;
  Json document_;
};

[[noreturn]] void refuse(const std::string& why, std::string text) {
  throw ParseError("no XML in the answer: " + why, std::move(text));
}

class XmlReader final : public TextReader<XmlValue> {
 public:
  Pieces feed(std::string text) override {
    if (!tree_.error().empty()) refuse(tree_.error(), text_);
    text_ += text;
    tree_.feed(text);
    Pieces pieces = tree_.take_pieces();
    told_ = told_ || !pieces.empty();
    // What ended before the error is given out first.
    if (!tree_.error().empty() && pieces.empty()) refuse(tree_.error(), text_);
    return pieces;
  }
  Pieces finish() override {
    if (!tree_.error().empty()) refuse(tree_.error(), text_);
    if (!told_) refuse(tree_.started() ? "it ends too early" : "there is no element", text_);
    return Pieces();
  }

 private:
  XmlTree tree_;
  std::string text_;
  bool told_ = false;
};

/// The elements of an element: the array that is its only member.
JsonArray& elements_of(Json& element) { return element.as_object().begin()->value().as_array(); }

}  // namespace

void ChunkTraits<XmlValue>::add(std::optional<XmlValue>& sum, XmlPiece piece) {
  if (!sum || piece.joins == 0) {
    sum.emplace(std::move(piece.json));
    return;
  }
  Json* into = &sum->json;
  Json* from = &piece.json;
  for (std::size_t level = 1; level < piece.joins; ++level) {
    into = &elements_of(*into).back();
    from = &elements_of(*from).back();
  }
  elements_of(*into).push_back(std::move(elements_of(*from).back()));
}

XmlValue XmlOutputParser::parse(std::string text) const {
  XmlTree tree;
  tree.feed(text);
  if (!tree.error().empty()) refuse(tree.error(), std::move(text));
  if (!tree.done()) {
    refuse(tree.started() ? "it ends too early" : "there is no element", std::move(text));
  }
  return XmlValue(tree.take_document());
}

std::string XmlOutputParser::get_format_instructions() const {
  std::string text =
      "Answer with one XML document and nothing else. Each element that begins must end, in the "
      "right order; write text only into elements that have no others in them.";
  if (!tags_.empty()) {
    text += " Use these tags only:";
    for (const std::string& tag : tags_) text += " <" + tag + ">";
  }
  return text;
}

std::unique_ptr<TextReader<XmlValue>> XmlOutputParser::read() const {
  return std::make_unique<XmlReader>();
}

}  // namespace cochain
