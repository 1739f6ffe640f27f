// All branches of a parallel are given the same input.
// says: they do not take the same type
// says: StrOutputParser
// says: AIMessage
// says: ChatPromptTemplate
// says: Variables
#include "cochain/chains.hpp"

auto chain = cochain::parallel("a", cochain::StrOutputParser(), "b", cochain::ChatPromptTemplate());
