// Which examples a prompt shows: the port, and two ways that need no model.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/tokenizer.hpp"
#include "cochain/chains/prompts/template.hpp"

namespace cochain {

/// Chooses the examples for an input.
/// Shape:    derive and write select(); write try_select() too if there is nothing to wait for.
///           Each example is a set of variables for the template that shows one example.
/// Suspends: may, for an embedding or a search; cancellable.
/// Threads:  has no state that select() changes, so many runs may share it.
class ExampleSelector {
 public:
  virtual ~ExampleSelector() = default;
  [[nodiscard]] virtual Coro<std::vector<Variables>> select(Variables input) const = 0;
  /// The same at once, or nothing if this selector has to wait.
  [[nodiscard]] virtual std::optional<std::vector<Variables>> try_select(
      const Variables& input) const;

 protected:
  ExampleSelector() = default;
  ExampleSelector(const ExampleSelector&) = default;
  ExampleSelector(ExampleSelector&&) noexcept = default;
  ExampleSelector& operator=(const ExampleSelector&) = default;
  ExampleSelector& operator=(ExampleSelector&&) noexcept = default;
};

/// Takes examples in their order as long as they and the input have room.
/// Units: a length is a number of words, as pieces between single blanks and line ends, unless
///        with_length() says otherwise; at most 2048.
class LengthBasedExampleSelector final : public ExampleSelector {
 public:
  using Length = std::function<std::size_t(std::string_view)>;

  /// `example` is the template that shows one example.
  explicit LengthBasedExampleSelector(TextTemplate example,
                                      std::vector<Variables> examples = std::vector<Variables>());
  LengthBasedExampleSelector& with_length_max(std::size_t value);
  /// Measures a text in another way.
  /// Errors: InvalidStateError for no function; so too with_tokenizer().
  LengthBasedExampleSelector& with_length(Length length);
  /// Measures a text in tokens.
  LengthBasedExampleSelector& with_tokenizer(std::shared_ptr<const Tokenizer> tokenizer);
  /// Errors: PromptError if the example lacks a variable that its template names.
  LengthBasedExampleSelector& add_example(Variables example);

  [[nodiscard]] Coro<std::vector<Variables>> select(Variables input) const override;
  [[nodiscard]] std::optional<std::vector<Variables>> try_select(
      const Variables& input) const override;

 private:
  TextTemplate template_;
  Length length_;
  std::size_t length_max_ = 2048;
  std::vector<std::pair<Variables, std::size_t>> examples_;  // with the length of each
};

/// Takes the examples whose words overlap with the input's, the most alike first.
/// Shape:  compares the first variable of the input with the first hole of the example's template.
///         Examples with a score of `threshold` or less are left out: a negative one leaves out
///         none, 0 those that share no word, 1 and more all.
/// Source: ngram_overlap().
class NGramOverlapExampleSelector final : public ExampleSelector {
 public:
  /// Errors: PromptError if the template has no hole.
  explicit NGramOverlapExampleSelector(const TextTemplate& example,
                                       std::vector<Variables> examples = std::vector<Variables>());
  NGramOverlapExampleSelector& with_threshold(double value);
  /// Which variable of the input is compared.
  NGramOverlapExampleSelector& with_input_name(std::string name);
  /// Errors: PromptError if the example lacks the variable that is compared.
  NGramOverlapExampleSelector& add_example(Variables example);

  [[nodiscard]] Coro<std::vector<Variables>> select(Variables input) const override;
  [[nodiscard]] std::optional<std::vector<Variables>> try_select(
      const Variables& input) const override;

 private:
  std::string key_;
  std::string input_name_;
  double threshold_ = -1;
  std::vector<Variables> examples_;
};

/// How much of `text` occurs in `reference`, in words and in runs of up to four of them: 0 for
/// nothing, 1 for the same words in the same order.
/// Source: BLEU (Papineni et al. 2002) of one sentence: geometric mean of the four precisions, an
///         empty one counted as 0.1 hits, shorter runs only for texts below four words, and the
///         penalty for a text shorter than the reference.
[[nodiscard]] double ngram_overlap(std::string_view text, std::string_view reference);

}  // namespace cochain
