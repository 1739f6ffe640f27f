// The public face of the tables.

#include "cochain/providers/tokenizers/vocabulary.hpp"

#include <optional>
#include <string>
#include <utility>

#include "bpe_builder.hpp"
#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "compiled_tables.hpp"
#include "whole_file.hpp"

namespace cochain {

Vocabulary::Vocabulary(std::shared_ptr<const detail::BpeTables> tables)
    : tables_(std::move(tables)) {}

Vocabulary Vocabulary::parse(std::string_view rank_text) {
  return Vocabulary(detail::build_tables(detail::read_rank_file(rank_text)));
}

Vocabulary Vocabulary::from_tokens(std::span<const std::string> tokens) {
  detail::RankFile file;
  for (const std::string& token : tokens) detail::add_token(token, file);
  return Vocabulary(detail::build_tables(file));
}

Vocabulary Vocabulary::open(const std::filesystem::path& path) {
  if (detail::is_compiled_file(path)) return open_compiled(path);
  const std::optional<std::string> text = detail::read_whole_file(path);
  if (!text) throw VocabularyError("there is no rank file " + path.string());
  try {
    return parse(*text);
  } catch (const VocabularyError& error) {
    throw VocabularyError(path.string() + ": " + error.what());
  }
}

Vocabulary Vocabulary::open_compiled(const std::filesystem::path& path) {
  return Vocabulary(detail::open_tables(path).tables);
}

void Vocabulary::save_compiled(const std::filesystem::path& path) const {
  detail::save_tables(*tables_, detail::SourceDigest{}, path);
}

std::size_t Vocabulary::size() const noexcept { return tables_->size(); }

TokenId Vocabulary::id_end() const noexcept { return tables_->id_end(); }

std::string_view Vocabulary::bytes(TokenId id) const noexcept { return tables_->bytes(id); }

std::optional<TokenId> Vocabulary::find(std::string_view bytes) const noexcept {
  const detail::Rank rank = tables_->find(bytes);
  if (rank == detail::kNoRank) return std::nullopt;
  TokenId id = rank;
  tables_->name_tokens(&id, &id + 1);
  return id;
}

std::size_t Vocabulary::memory_bytes() const noexcept { return tables_->memory_bytes(); }

}  // namespace cochain
