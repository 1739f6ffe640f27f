// Embeddings without a model: hashed words and letter triples, so that texts with common words
// lie close together. Called by simulator_routes.cpp; pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include <cochain/providers/simulator_plan.hpp>

namespace cochain {

/// The response body of an embeddings request, or why it was refused.
std::variant<std::string, SimulatedRefusal> embeddings_body(std::string_view request_body);

}  // namespace cochain
