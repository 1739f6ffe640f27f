// A text is no set of variables: a parser's output cannot fill a prompt.
// says: these two steps do not fit together
// says: StrOutputParser
// says: std::string
// says: ChatPromptTemplate
// says: Variables
// says: put a step between them
#include "cochain/chains.hpp"

auto chain = cochain::StrOutputParser() | cochain::ChatPromptTemplate();
