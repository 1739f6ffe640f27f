// The step that does not fit is a chain by itself, ending in a model's answer.
// says: these two steps do not fit together
// says: Chain<Variables, AIMessage>
// says: PromptTemplate
// says: Variables
#include "cochain/chains.hpp"

auto chain(std::shared_ptr<cochain::ChatModel> model) {
  return cochain::ChatPromptTemplate() | model | cochain::PromptTemplate("{text}");
}
