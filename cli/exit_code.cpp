// From exceptions to exit codes, short words and advice: one list for all three.

#include "exit_code.hpp"

#include <string_view>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/redact.hpp"
#include "cochain/chains/prompts/template.hpp"
#include "cochain/providers/registry.hpp"
#include "cochain/providers/tokenizers/vocabulary_cache.hpp"

namespace cochain::cli {
namespace {

constexpr std::size_t kLineBytesMax = 1000;

struct Meaning {
  ExitCode code;
  std::string_view word;
  std::string_view advice;
};

Meaning meaning_of(const ConnectError& error) {
  switch (error.kind()) {
    case ConnectError::Kind::kDns:
      return {ExitCode::kNetwork, "connect", "check the host name and the network"};
    case ConnectError::Kind::kTlsVerify:
      return {ExitCode::kNetwork, "connect", "check the certificate, or SSL_CERT_FILE"};
    case ConnectError::Kind::kProxy:
      return {ExitCode::kNetwork, "connect", "check HTTPS_PROXY and NO_PROXY"};
    default: break;
  }
  return {ExitCode::kNetwork, "connect",
          "check the address (of models: OPENAI_BASE_URL) and the server"};
}

// The finer kinds stand before the wider ones that they derive from.
Meaning meaning_of(const ModelError& error) {
  const auto is = [&error]<class E>(std::type_identity<E>) {
    return dynamic_cast<const E*>(&error) != nullptr;
  };
  if (const auto* connect = dynamic_cast<const ConnectError*>(&error)) return meaning_of(*connect);
  if (is(std::type_identity<TransportError>())) {
    return {ExitCode::kNetwork, "transport", "try again; --idle-timeout sets how long to wait"};
  }
  if (is(std::type_identity<IncompleteStreamError>())) {
    return {ExitCode::kNetwork, "incomplete", "the connection ended too early: try again"};
  }
  if (is(std::type_identity<ContextLengthError>())) {
    return {ExitCode::kFailed, "context_length", "shorten the prompt"};
  }
  if (is(std::type_identity<BadRequestError>())) return {ExitCode::kFailed, "bad_request", ""};
  if (is(std::type_identity<AuthError>())) {
    return {ExitCode::kAuth, "auth", "check OPENAI_API_KEY; `cochain doctor` shows which is used"};
  }
  if (is(std::type_identity<QuotaError>())) {
    return {ExitCode::kRateLimit, "quota", "check the account's limits"};
  }
  if (is(std::type_identity<RateLimitError>())) {
    return {ExitCode::kRateLimit, "rate_limit", "wait, or lower --max-concurrency"};
  }
  if (is(std::type_identity<NotFoundError>())) {
    return {ExitCode::kFailed, "not_found", "check the name of the model, and OPENAI_BASE_URL"};
  }
  if (is(std::type_identity<ContentTooLargeError>())) {
    return {ExitCode::kFailed, "too_large", "shorten the prompt"};
  }
  if (is(std::type_identity<OverloadedError>())) {
    return {ExitCode::kFailed, "overloaded", "try again later"};
  }
  if (is(std::type_identity<ServerError>())) {
    return {ExitCode::kFailed, "server", "try again later"};
  }
  if (is(std::type_identity<HttpError>())) return {ExitCode::kFailed, "http", ""};
  if (is(std::type_identity<StreamError>())) return {ExitCode::kFailed, "stream", "try again"};
  if (is(std::type_identity<ProtocolError>())) return {ExitCode::kFailed, "protocol", ""};
  if (is(std::type_identity<LimitError>())) return {ExitCode::kFailed, "limit", ""};
  return {ExitCode::kFailed, "model", ""};
}

/// The meaning, and the text that the exception itself gives.
struct Found {
  Meaning meaning;
  std::string text;
};

Found find(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const ModelError& failed) {
    return {meaning_of(failed), failed.what()};
  } catch (const TimeoutError& failed) {
    return {{ExitCode::kNetwork, "timeout", "try again"}, failed.what()};
  } catch (const ConfigError& failed) {
    return {{ExitCode::kConfig, "config", ""}, failed.what()};
  } catch (const PromptError& failed) {
    return {{ExitCode::kUsage, "template", ""}, failed.what()};
  } catch (const MissingVocabularyError& failed) {
    return {{ExitCode::kConfig, "vocabulary", ""}, failed.what()};
  } catch (const VocabularyError& failed) {
    return {{ExitCode::kUsage, "vocabulary", ""}, failed.what()};
  } catch (const UsageError& failed) {
    return {{ExitCode::kUsage, "usage", ""}, failed.what()};
  } catch (const BrokenPipe& failed) {
    return {{ExitCode::kBrokenPipe, "pipe", ""}, failed.what()};
  } catch (const ExceptionGroup& group) {
    // Who cancelled the others comes first; what they said on the way down matters less.
    return find(group.exceptions().front());
  } catch (const KeyboardInterrupt&) {
    return {{ExitCode::kInterrupted, "interrupted", ""}, "interrupted"};
  } catch (const CancelledError&) {
    return {{ExitCode::kInterrupted, "interrupted", ""}, "interrupted"};
  } catch (const std::exception& failed) {
    return {{ExitCode::kFailed, "failed", ""}, failed.what()};
  } catch (...) {
    return {{ExitCode::kFailed, "failed", ""}, "an unknown error"};
  }
}

}  // namespace

ExitCode exit_code_of(const std::exception_ptr& error) { return find(error).meaning.code; }

std::string error_word(const std::exception_ptr& error) {
  return std::string(find(error).meaning.word);
}

std::string error_line(const std::exception_ptr& error) {
  const Found found = find(error);
  std::string line = one_line(redact_keys(found.text), kLineBytesMax);
  if (!found.meaning.advice.empty()) line.append("; ").append(found.meaning.advice);
  return line;
}

}  // namespace cochain::cli
