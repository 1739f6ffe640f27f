// One text goes through as a Run: stretches between tokens of the text, gaps between tokens of the
// normalised text, pieces.

#include "text_front.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "letter_cutter.hpp"
#include "nfc_text.hpp"
#include "piece_encoder.hpp"

namespace cochain::detail {

/// Places of a stretch or gap are counted from where it begins; `origin` leads to the text's.
class TextFront::Run {
 public:
  Run(const TextFront& front, const BpeTables& tables, const Wanted& wanted, TokenSink& sink)
      : front_(front),
        tables_(tables),
        encoder_(piece_encoder_of_thread(tables)),
        wanted_(wanted),
        sink_(sink),
        ends_(front.parts_.splitters.size()),
        letter_cutter_(front.parts_.letter_splitters) {}

  void text(std::string_view text) {
    between_tokens(front_.raw_finder_, text, Origin{},
                   [this](std::string_view part, Origin o) { stretch(part, o); });
  }

 private:
  /// From a place of a part to that of the text: `before` is what the part itself begins behind.
  struct Origin {
    std::size_t before = 0;
    const NfcText* normal = nullptr;  // the part is of this,
    std::size_t normal_before = 0;    // which begins here in the text
    [[nodiscard]] std::size_t of(std::size_t place) const {
      if (normal == nullptr) return before + place;
      return normal_before + normal->original(before + place);
    }
    [[nodiscard]] Origin behind(std::size_t bytes) const {
      Origin result = *this;
      result.before += bytes;
      return result;
    }
  };

  void add_token(TokenId id, std::size_t begin) {
    sink_.ids.push_back(id);
    if (sink_.begins != nullptr) sink_.begins->push_back(begin);
  }

  /// Adds the wanted tokens of a text, and calls `between(part, origin)` for what lies between.
  template <class Between>
  void between_tokens(const SpecialFinder& finder, std::string_view text, Origin origin,
                      Between between) {
    std::size_t begin = 0;
    std::size_t looked_through = 0;
    while (!sink_.is_full()) {
      const FoundSpecial found = finder.find(text, looked_through, wanted_);
      TextSpan span{text.size(), text.size()};
      if (found.token != nullptr) {
        looked_through = found.at + found.token->text().size();
        const std::optional<TextSpan> taken = span_of(found, text, begin);
        if (!taken) continue;
        span = *taken;
      }
      if (span.begin != begin) {
        between(text.substr(begin, span.begin - begin), origin.behind(begin));
      }
      if (found.token == nullptr) return;
      add_token(found.token->id(), origin.of(span.begin));
      begin = looked_through = span.end;
    }
  }

  void stretch(std::string_view text, Origin origin) {
    const auto gap_of = [this](std::string_view part, Origin o) { gap(part, 0, o); };
    if (front_.parts_.form == TextForm::kAsItIs) {
      return between_tokens(front_.normal_finder_, text, origin, gap_of);
    }
    const NfcText normal(text);
    between_tokens(front_.normal_finder_, normal.view(), Origin{0, &normal, origin.before}, gap_of);
  }

  /// Cuts a part by the splitters from `step` on.
  void gap(std::string_view text, std::size_t step, Origin origin) {
    if (step == ends_.size()) return last_piece(text, origin);
    std::vector<std::size_t>& ends = ends_[step];
    ends.clear();
    front_.parts_.splitters[step]->split(text, ends);
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      if (sink_.is_full()) return;
      gap(text.substr(begin, end - begin), step + 1, origin.behind(begin));
      begin = end;
    }
  }

  void last_piece(std::string_view text, Origin origin) {
    if (front_.parts_.prefix_space == PrefixSpace::kNone || text[0] == ' ') {
      return merge_all(text, 0, origin);
    }
    spaced_ = ' ';
    spaced_ += text;
    merge_all(spaced_, 1, origin);
  }

  /// `added` bytes at the beginning are not of the text.
  void merge_all(std::string_view text, std::size_t added, Origin origin) {
    PieceCutter cutter(front_.cut_last_, text);
    while (!cutter.at_end() && !sink_.is_full()) {
      const Pieces pieces = cutter.next();
      if (front_.parts_.letter_splitters.empty()) {
        merge(pieces, text, added, origin);
        continue;
      }
      const char* begin = pieces.begin;
      for (const char* const end : pieces.ends) {
        merge_parts({begin, end}, pieces.text_end, text, added, origin);
        begin = end;
      }
    }
  }

  void merge_parts(std::string_view piece, const char* text_end, std::string_view text,
                   std::size_t added, Origin origin) {
    std::span<const char* const> ends = letter_cutter_.cut(piece);
    const char* begin = piece.data();
    while (!ends.empty() && !sink_.is_full()) {
      const auto some = ends.first(std::min(ends.size(), kPiecesAhead));
      merge({begin, some, text_end}, text, added, origin);
      begin = some.back();
      ends = ends.subspan(some.size());
    }
  }

  void merge(const Pieces& pieces, std::string_view text, std::size_t added, Origin origin) {
    if (sink_.begins == nullptr) {
      return encoder_.encode(tables_, pieces, sink_.size_max, sink_.ids);
    }
    const char* begin = pieces.begin;
    for (const char* const end : pieces.ends) {
      const std::size_t first = sink_.ids.size();
      encoder_.encode(tables_, {begin, {&end, 1}, pieces.text_end}, sink_.size_max, sink_.ids);
      add_begins(static_cast<std::size_t>(begin - text.data()), first, added, origin);
      begin = end;
    }
  }

  void add_begins(std::size_t at, std::size_t first, std::size_t added, Origin origin) {
    for (std::size_t n = first; n < sink_.ids.size(); ++n) {
      sink_.begins->push_back(origin.of(at - std::min(at, added)));
      at += tables_.bytes(sink_.ids[n]).size();
    }
  }

  const TextFront& front_;
  const BpeTables& tables_;
  PieceEncoder& encoder_;
  const Wanted& wanted_;
  TokenSink& sink_;
  std::vector<std::vector<std::size_t>> ends_;  // of each step, while it goes through them
  LetterCutter letter_cutter_;
  std::string spaced_;
};

TextFront::TextFront(FrontParts parts)
    : parts_(std::move(parts)),
      raw_finder_(parts_.raw_tokens),
      normal_finder_(parts_.normal_tokens),
      raw_prefixes_(parts_.raw_tokens),
      normal_prefixes_(parts_.normal_tokens) {
  if (parts_.last_rule) cut_last_ = cut_pieces_of(*parts_.last_rule);
  cuts_ = find_cuts();
}

TextFront::Cuts TextFront::find_cuts() const {
  const auto takes_more = [](const SpecialToken& token) {
    return token.match() == TokenMatch::kAlways &&
           (token.lstrip() || token.rstrip() || token.single_word());
  };
  if (std::ranges::any_of(parts_.raw_tokens, takes_more) ||
      std::ranges::any_of(parts_.normal_tokens, takes_more)) {
    return Cuts::kNever;
  }
  bool is_made = parts_.last_rule.has_value();
  // What begins with a blank is given none.
  Cuts cuts = parts_.prefix_space == PrefixSpace::kNone ? Cuts::kAtPieces : Cuts::kAtBlanks;
  for (const auto& splitter : parts_.splitters) {
    const SureBoundary boundary = splitter->sure_boundary();
    if (boundary == SureBoundary::kLost) return Cuts::kNever;
    const bool makes_some = boundary == SureBoundary::kMadeAtBlanks;
    if (makes_some || boundary == SureBoundary::kKeptAtBlanks) cuts = Cuts::kAtBlanks;
    is_made = is_made || makes_some || boundary == SureBoundary::kMade;
  }
  return is_made ? cuts : Cuts::kNever;
}

bool TextFront::may_cut(std::string_view text, std::size_t at) const noexcept {
  if (cuts_ == Cuts::kNever || (cuts_ == Cuts::kAtBlanks && text[at] != ' ')) return false;
  const std::string_view before = text.substr(0, at);
  if (raw_prefixes_.ends(before)) return false;
  return parts_.form == TextForm::kNfc ? !normal_prefixes_.may_end_in_nfc(before)
                                       : !normal_prefixes_.ends(before);
}

void TextFront::encode(const BpeTables& tables, std::string_view text, const Wanted& wanted,
                       TokenSink& sink) const {
  Run(*this, tables, wanted, sink).text(text);
}

}  // namespace cochain::detail
