// The same work by cochain: a model alone, or a chain of prompt, model and parser.
#pragma once

#include <cstddef>
#include <string>

#include "floor_client.hpp"

namespace cochain::bench {

enum class Through { kModel, kChain };

/// As run_floor_client(), on a loop of its own.
ClientReport run_cochain_client(const std::string& base_url, std::size_t requests,
                                std::size_t concurrency, AnswerForm form, Through through);

}  // namespace cochain::bench
