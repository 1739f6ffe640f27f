// A member of an object must be something that JSON can say.
// says: cannot become a member of a JSON object
// says: Lookup
// says: Secret
#include "cochain/chains.hpp"

class Secret {};
class Lookup final : public cochain::Runnable<std::string, Secret> {
  cochain::Coro<Secret> do_invoke(std::string, cochain::RunConfig) const override {
    co_return Secret();
  }
};
auto chain = cochain::parallel("a", Lookup());
