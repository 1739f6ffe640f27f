// Pieces are put into a chunk as long as it fits; the next chunk begins with the last pieces of the
// one before, as far as the overlap allows. A piece that is too long is cut at finer separators.
// Which pieces fit together is looked for by halving, since longer slices are not shorter; whether
// a chunk fits is then measured on the chunk itself.

#include "retrieval/chunk_builder.hpp"

#include <algorithm>

#include "retrieval/graphemes.hpp"

namespace cochain::detail {
namespace {

// Those before the empty one: between characters is cut when they are used up, in any case.
std::span<const Separator> before_empty(std::span<const Separator> separators) {
  const auto empty = std::find_if(separators.begin(), separators.end(),
                                  [](const Separator& one) { return one.empty(); });
  return separators.first(static_cast<std::size_t>(empty - separators.begin()));
}

// Every character is at least one byte, but a token may stand for less than one, and a function may
// say anything.
bool surely_fits(std::string_view text, const ChunkOptions& options) {
  const bool bytes_are_most =
      options.unit() == LengthUnit::kBytes || options.unit() == LengthUnit::kCharacters;
  return bytes_are_most && text.size() <= options.chunk_size();
}

bool fits_whole(std::string_view text, const ChunkOptions& options) {
  if (surely_fits(text, options)) return true;
  if (options.unit() == LengthUnit::kTokens) {
    return options.tokenizer()->count_up_to(text, options.chunk_size()).has_value();
  }
  // UTF-8 has at most four bytes for a character; what is longer need not be counted.
  if (options.unit() == LengthUnit::kCharacters && text.size() / 4 > options.chunk_size()) {
    return false;
  }
  return TextMeasure(text, options).fits(0, text.size(), options.chunk_size());
}

}  // namespace

TextChunks chunks_of(std::string_view text, const ChunkOptions& options,
                     std::span<const Separator> separators, KeepSeparator keep) {
  if (auto whole = whole_chunk(text, options)) return *std::move(whole);
  return ChunkBuilder(text, options, separators, keep).build();
}

std::optional<TextChunks> whole_chunk(std::string_view text, const ChunkOptions& options) {
  if (!fits_whole(text, options)) return std::nullopt;
  const TextChunk chunk = options.keeps_whitespace() ? TextChunk(text, 0, text.size())
                                                     : without_whitespace(text, 0, text.size());
  // Fewer bytes may be more tokens.
  if (chunk.text.size() < text.size() && !fits_whole(chunk.text, options)) return std::nullopt;
  return chunk.text.empty() ? TextChunks() : TextChunks(1, chunk);
}

ChunkBuilder::ChunkBuilder(std::string_view text, const ChunkOptions& options,
                           std::span<const Separator> separators, KeepSeparator keep)
    : text_(text),
      options_(options),
      separators_(before_empty(separators)),
      keep_(options.keep_separator_or(keep)),
      measure_(text, options),
      index_(text, separators_),
      // What always overlaps is first cut without, and shorter by as much.
      size_(options.chunk_size() - (options.overlaps_always() ? options.chunk_overlap() : 0)),
      overlap_(options.overlaps_always() ? 0 : options.chunk_overlap()) {}

TextChunks ChunkBuilder::build() {
  divide(TextPiece{0, text_.size()}, 0);
  return finish();
}

TextChunks ChunkBuilder::build(std::vector<TextPiece> pieces) {
  pieces_ = std::move(pieces);
  place(0, pieces_.size(), 0);
  return finish();
}

TextChunks ChunkBuilder::finish() {
  if (options_.overlaps_always()) lengthen();
  return std::move(chunks_);
}

// Puts the pieces of `whole` on the stack, and says from which separator on they are cut further.
std::size_t ChunkBuilder::cut(TextPiece whole, std::size_t level) {
  for (; level < separators_.size(); ++level) {
    if (cut_at(whole, level)) return level + 1;
  }
  cut_characters(whole);
  return level + 1;
}

bool ChunkBuilder::cut_at(TextPiece whole, std::size_t level) {
  bool is_found = false;
  std::size_t begin = whole.begin;
  index_.each(level, whole.begin, whole.end, [&](std::size_t from, std::size_t to) {
    // Part of a character is no separator: a blank may carry an accent.
    if (!is_grapheme_boundary(text_, from) || !is_grapheme_boundary(text_, to)) return;
    is_found = true;
    add_piece(begin, keep_ == KeepSeparator::kEnd ? to : from);
    begin = keep_ == KeepSeparator::kStart ? from : to;
  });
  if (is_found) add_piece(begin, whole.end);
  return is_found;
}

void ChunkBuilder::cut_characters(TextPiece whole) {
  for (std::size_t begin = whole.begin; begin < whole.end;) {
    const std::size_t end = grapheme_end(text_, begin);
    add_piece(begin, end);
    begin = end;
  }
}

void ChunkBuilder::add_piece(std::size_t begin, std::size_t end) {
  if (begin < end) pieces_.push_back(TextPiece{begin, end});
}

void ChunkBuilder::divide(TextPiece whole, std::size_t level) {
  if (level > separators_.size()) return emit(whole.begin, whole.end);  // one long character
  const std::size_t first = pieces_.size();
  const std::size_t next = cut(whole, level);
  place(first, pieces_.size(), next);
  pieces_.resize(first);
}

// Merges what lies between pieces that are too long, and divides those.
void ChunkBuilder::place(std::size_t first, std::size_t last, std::size_t level) {
  for (std::size_t i = first; i < last; ++i) {
    const TextPiece piece = pieces_[i];
    if (measure_.length(piece.begin, piece.end) <= size_) continue;
    merge(first, i, level);
    divide(piece, level);
    first = i + 1;
  }
  merge(first, last, level);
}

void ChunkBuilder::merge(std::size_t first, std::size_t last, std::size_t level) {
  std::size_t done = first;  // pieces before it are in some chunk
  while (first < last) {
    const std::size_t end = settle(first, fill(first, last));
    if (end <= done && first < done) {
      ++first;  // what was to be repeated leaves no room for anything new
      continue;
    }
    if (end == first) {
      divide(pieces_[first], level);
      done = ++first;
      continue;
    }
    emit(pieces_[first].begin, pieces_[end - 1].end);
    if (end == last) return;
    done = end;
    first = overlap_start(first, end);
  }
}

// The end of the pieces from `first` on that fit together, in twos, fours and so on, then halved.
std::size_t ChunkBuilder::fill(std::size_t first, std::size_t last) const {
  const std::size_t begin = pieces_[first].begin;
  const auto fits = [&](std::size_t end) {
    return measure_.length(begin, pieces_[end - 1].end) <= size_;
  };
  std::size_t end = first + 1;
  std::size_t step = 1;
  while (end + step <= last && fits(end + step)) {
    end += step;
    step *= 2;
  }
  for (step = std::min(step, last - end); step > 0; step /= 2) {
    while (end + step <= last && fits(end + step)) end += step;
  }
  return end;
}

// As fill(), but measured on the slice itself; `first` if not even one piece fits.
std::size_t ChunkBuilder::settle(std::size_t first, std::size_t end) const {
  if (measure_.is_exact()) return end;
  while (end > first) {
    const TextChunk chunk = chunk_of(pieces_[first].begin, pieces_[end - 1].end);
    if (measure_.fits(chunk.begin, chunk.end, size_)) return end;
    const std::size_t reach = measure_.reach(chunk.begin, chunk.end, size_);
    do {
      --end;
    } while (end > first + 1 && pieces_[end - 1].end > reach);
  }
  return end;
}

// The first piece of the next chunk, where `end` is the first one that is new in it.
std::size_t ChunkBuilder::overlap_start(std::size_t first, std::size_t end) const {
  if (overlap_ == 0) return end;
  const auto fits = [&](std::size_t start) {
    const std::size_t begin = pieces_[start].begin;
    return measure_.length(begin, pieces_[end - 1].end) <= overlap_ &&
           measure_.length(begin, pieces_[end].end) <= size_;
  };
  std::size_t low = first + 1;
  std::size_t high = end;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (fits(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  while (high < end && !overlaps_little(pieces_[high].begin, pieces_[end - 1].end)) ++high;
  return high;
}

// What a chunk that begins at `begin` repeats of one that ends at `end`, as a text of its own.
bool ChunkBuilder::overlaps_little(std::size_t begin, std::size_t end) const {
  if (measure_.is_exact()) return true;
  const TextChunk repeated = chunk_of(begin, end);
  return measure_.fits(repeated.begin, repeated.end, options_.chunk_overlap());
}

TextChunk ChunkBuilder::chunk_of(std::size_t begin, std::size_t end) const {
  return options_.keeps_whitespace() ? TextChunk(text_, begin, end)
                                     : without_whitespace(text_, begin, end);
}

void ChunkBuilder::emit(std::size_t begin, std::size_t end) {
  const TextChunk chunk = chunk_of(begin, end);
  if (!chunk.text.empty()) chunks_.push_back(chunk);
}

// Backwards, so that each chunk is still as it was cut when the one after it looks at it.
void ChunkBuilder::lengthen() {
  for (std::size_t i = chunks_.size(); i-- > 1;) {
    const TextChunk& chunk = chunks_[i];
    chunks_[i] = TextChunk(text_, start_before(chunk, chunks_[i - 1]), chunk.end);
  }
}

// Where the chunk begins when it repeats the end of the one before: at a word if there is one.
std::size_t ChunkBuilder::start_before(const TextChunk& chunk, const TextChunk& earlier) const {
  std::vector<std::size_t> starts;
  for (std::size_t at = earlier.begin; at < earlier.end; at = grapheme_end(text_, at)) {
    starts.push_back(at);
  }
  auto start = std::partition_point(starts.begin(), starts.end(), [&](std::size_t at) {
    return measure_.length(at, earlier.end) > options_.chunk_overlap() ||
           measure_.length(at, chunk.end) > options_.chunk_size();
  });
  const auto word = std::find_if(start, starts.end(), [&](std::size_t at) {
    return at == earlier.begin || is_after_whitespace(text_, at);
  });
  if (word != starts.end()) start = word;
  for (; start != starts.end(); ++start) {
    const TextChunk longer = chunk_of(*start, chunk.end);
    if (measure_.fits(longer.begin, longer.end, options_.chunk_size()) &&
        (longer.begin >= earlier.end || overlaps_little(longer.begin, earlier.end))) {
      return longer.begin;
    }
  }
  return chunk.begin;
}

}  // namespace cochain::detail
