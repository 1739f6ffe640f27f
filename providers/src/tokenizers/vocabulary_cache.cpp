// Source: openai/tiktoken 0.14, load.py, model.py and tiktoken_ext/openai_public.py.

#include "cochain/providers/tokenizers/vocabulary_cache.hpp"

#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <utility>

#include "bpe_builder.hpp"
#include "compiled_tables.hpp"
#include "known_encodings.hpp"
#include "whole_file.hpp"

namespace cochain {
namespace {

/// A rank file as it is published, and the name that tiktoken keeps it by: the SHA-1 of its URL.
class PublishedFile {
 public:
  std::string_view name;
  std::string_view cached_as;
  std::string_view sha256;
};

constexpr std::array<PublishedFile, 4> kPublishedFiles{{
    {"r50k_base", "0ea1e91bbb3a60f729a8dc8f777fd2fc07cd8df4",
     "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"},
    {"p50k_base", "ec7223a39ce59f226a68acc30dc1af2788490e15",
     "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069"},
    {"cl100k_base", "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
     "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"},
    {"o200k_base", "fb374d419588a4632f3f557e76b4b70aebbca790",
     "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"},
}};

const PublishedFile& published_file_of(std::string_view encoding) {
  std::string_view name = encoding;
  if (name == "p50k_edit") name = "p50k_base";
  if (name == "o200k_harmony") name = "o200k_base";
  for (const PublishedFile& file : kPublishedFiles) {
    if (file.name == name) return file;
  }
  std::string names;
  for (const std::string& known : Encoding::known_names()) names += " " + known;
  throw VocabularyError("no encoding is called " + std::string(encoding) + "; known are" + names);
}

std::string sha256_of(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw VocabularyError("the SHA-256 of the rank file cannot be computed");
  }
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[digest.at(i) >> 4U];
    text += kDigits[digest.at(i) & 0xFU];
  }
  return text;
}

/// Whether nobody but the user and root can change what is there.
bool is_safe_from_others(const std::filesystem::path& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return false;
  const bool is_ours = facts.st_uid == ::geteuid() || facts.st_uid == 0;
  return is_ours && (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

detail::SourceDigest digest_of(const PublishedFile& file) {
  detail::SourceDigest digest{};
  for (std::size_t n = 0; n < digest.size(); ++n) {
    const std::string_view digits = file.sha256.substr(2 * n, 2);
    std::from_chars(digits.data(), digits.data() + digits.size(), digest[n], 16);
  }
  return digest;
}

using ModelEncoding = std::pair<std::string_view, std::string_view>;

constexpr ModelEncoding kModels[] = {
    {"o1", "o200k_base"},
    {"o3", "o200k_base"},
    {"o4-mini", "o200k_base"},
    {"gpt-5", "o200k_base"},
    {"gpt-4.1", "o200k_base"},
    {"gpt-4o", "o200k_base"},
    {"gpt-4", "cl100k_base"},
    {"gpt-3.5-turbo", "cl100k_base"},
    {"gpt-3.5", "cl100k_base"},
    {"gpt-35-turbo", "cl100k_base"},
    {"davinci-002", "cl100k_base"},
    {"babbage-002", "cl100k_base"},
    {"text-embedding-ada-002", "cl100k_base"},
    {"text-embedding-3-small", "cl100k_base"},
    {"text-embedding-3-large", "cl100k_base"},
    {"text-davinci-003", "p50k_base"},
    {"text-davinci-002", "p50k_base"},
    {"text-davinci-001", "r50k_base"},
    {"text-curie-001", "r50k_base"},
    {"text-babbage-001", "r50k_base"},
    {"text-ada-001", "r50k_base"},
    {"davinci", "r50k_base"},
    {"curie", "r50k_base"},
    {"babbage", "r50k_base"},
    {"ada", "r50k_base"},
    {"code-davinci-002", "p50k_base"},
    {"code-davinci-001", "p50k_base"},
    {"code-cushman-002", "p50k_base"},
    {"code-cushman-001", "p50k_base"},
    {"davinci-codex", "p50k_base"},
    {"cushman-codex", "p50k_base"},
    {"text-davinci-edit-001", "p50k_edit"},
    {"code-davinci-edit-001", "p50k_edit"},
    {"text-similarity-davinci-001", "r50k_base"},
    {"text-similarity-curie-001", "r50k_base"},
    {"text-similarity-babbage-001", "r50k_base"},
    {"text-similarity-ada-001", "r50k_base"},
    {"text-search-davinci-doc-001", "r50k_base"},
    {"text-search-curie-doc-001", "r50k_base"},
    {"text-search-babbage-doc-001", "r50k_base"},
    {"text-search-ada-doc-001", "r50k_base"},
    {"code-search-babbage-code-001", "r50k_base"},
    {"code-search-ada-code-001", "r50k_base"},
    {"gpt2", "r50k_base"},  // under another name, the same tokens
    {"gpt-2", "r50k_base"},
};

constexpr ModelEncoding kFamilies[] = {
    {"o1-", "o200k_base"},
    {"o3-", "o200k_base"},
    {"o4-mini-", "o200k_base"},
    {"gpt-5", "o200k_base"},
    {"gpt-4.5-", "o200k_base"},
    {"gpt-4.1-", "o200k_base"},
    {"chatgpt-4o-", "o200k_base"},
    {"gpt-4o-", "o200k_base"},
    {"gpt-4-", "cl100k_base"},
    {"gpt-3.5-turbo-", "cl100k_base"},
    {"gpt-35-turbo-", "cl100k_base"},
    {"gpt-oss-", "o200k_harmony"},
    {"ft:gpt-4o", "o200k_base"},
    {"ft:gpt-4", "cl100k_base"},
    {"ft:gpt-3.5-turbo", "cl100k_base"},
    {"ft:davinci-002", "cl100k_base"},
    {"ft:babbage-002", "cl100k_base"},
};

}  // namespace

std::string encoding_name_for_model(std::string_view model) {
  const std::string_view name = detail::without_provider(model);
  for (const auto& [known, encoding] : kModels) {
    if (name == known) return std::string(encoding);
  }
  for (const auto& [family, encoding] : kFamilies) {
    if (name.starts_with(family)) return std::string(encoding);
  }
  throw VocabularyError("no encoding is known for the model '" + std::string(model) +
                        "'; name the encoding itself");
}

VocabularyCache VocabularyCache::from_environment() {
  for (const char* variable : {"TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"}) {
    if (const char* folder = std::getenv(variable)) return VocabularyCache(folder);
  }
  std::error_code error;
  std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) folder = "/tmp";  // as Python does where TMPDIR is no folder
  return VocabularyCache(folder / "data-gym-cache");
}

std::filesystem::path VocabularyCache::path_of(std::string_view encoding) const {
  const PublishedFile& file = published_file_of(encoding);
  return folder_.empty() ? std::filesystem::path() : folder_ / file.cached_as;
}

std::string VocabularyCache::url_of(std::string_view encoding) {
  return "https://openaipublic.blob.core.windows.net/encodings/" +
         std::string(published_file_of(encoding).name) + ".tiktoken";
}

bool VocabularyCache::has(std::string_view encoding) const {
  const PublishedFile& file = published_file_of(encoding);
  try {
    const std::optional<std::string> text = detail::read_whole_file(path_of(encoding));
    return text && sha256_of(*text) == file.sha256;
  } catch (const VocabularyError&) {
    return false;  // what is there is none
  }
}

void VocabularyCache::store(std::string_view encoding, std::string_view rank_text) const {
  const PublishedFile& file = published_file_of(encoding);
  if (folder_.empty()) throw VocabularyError("there is no cache to keep a rank file in");
  if (sha256_of(rank_text) != file.sha256) {
    throw VocabularyError("this is not the rank file of " + std::string(file.name) +
                          ": its SHA-256 is another");
  }
  detail::write_whole_file(path_of(encoding), rank_text);
}

std::string VocabularyCache::read_rank_file(std::string_view encoding) const {
  const PublishedFile& file = published_file_of(encoding);
  const std::filesystem::path path = path_of(encoding);
  std::optional<std::string> text = detail::read_whole_file(path);
  if (!text) {
    throw MissingVocabularyError(
        "the vocabulary of " + std::string(encoding) + " is not here: run `cochain tokens fetch " +
        std::string(encoding) + "`, or keep " + url_of(encoding) +
        (path.empty()
             ? " in a folder that TIKTOKEN_CACHE_DIR names, as " + std::string(file.cached_as)
             : " as " + path.string()) +
        ", or give the path of the file");
  }
  if (sha256_of(*text) != file.sha256) {
    throw VocabularyError(path.string() + " is not the rank file of " + std::string(file.name) +
                          ": its SHA-256 is another");
  }
  return std::move(*text);
}

std::filesystem::path VocabularyCache::compiled_path_of(std::string_view encoding) const {
  std::filesystem::path path = path_of(encoding);
  if (!path.empty()) path += ".cochain";
  return path;
}

std::optional<Vocabulary> VocabularyCache::open_compiled(std::string_view encoding) const {
  const std::filesystem::path path = compiled_path_of(encoding);
  // Its tables are read as they are, so whoever can write it could have the program read anything.
  if (path.empty() || !is_safe_from_others(folder_) || !is_safe_from_others(path)) {
    return std::nullopt;
  }
  if (!detail::is_compiled_file(path)) return std::nullopt;
  try {
    const detail::CompiledTables compiled = detail::open_tables(path);
    if (compiled.source != digest_of(published_file_of(encoding))) return std::nullopt;
    return Vocabulary(compiled.tables);
  } catch (const VocabularyError&) {
    return std::nullopt;  // the rank file says the same, and compile() writes it again
  }
}

Encoding VocabularyCache::load(std::string_view encoding) const {
  const std::optional<Vocabulary> compiled = open_compiled(encoding);
  if (!compiled) return Encoding::parse(encoding, read_rank_file(encoding));
  return detail::make_known_encoding(detail::find_known_encoding(encoding), *compiled);
}

std::filesystem::path VocabularyCache::compile(std::string_view encoding) const {
  const auto tables = detail::build_tables(detail::read_rank_file(read_rank_file(encoding)));
  const std::filesystem::path path = compiled_path_of(encoding);
  if (!is_safe_from_others(folder_)) {
    throw VocabularyError("others can write to " + folder_.string() +
                          ", so a compiled file there would not be used: " +
                          "chmod go-w, or another folder by TIKTOKEN_CACHE_DIR");
  }
  detail::save_tables(*tables, digest_of(published_file_of(encoding)), path);
  return path;
}

}  // namespace cochain
