// A step of assign() is given the whole object.
// says: they do not take the same type
// says: StrOutputParser
// says: AIMessage
// says: Assign
// says: object
#include "cochain/chains.hpp"

auto chain = cochain::assign("text", cochain::StrOutputParser());
