// A field takes what its step gives.
// says: does not give what the field holds
// says: Passthrough
// says: std::string
// says: int
#include "cochain/chains.hpp"

class Answers {
 public:
  int length = 0;
};
auto chain = cochain::parallel_into<Answers>(
    cochain::field<&Answers::length>(cochain::passthrough<std::string>()));
