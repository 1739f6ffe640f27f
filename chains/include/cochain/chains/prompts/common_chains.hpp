// What most programs build, `prompt | model | parser`, compiled once and not by each of them.
#pragma once

#include <string>

#include "cochain/chains/prompts/variables.hpp"
#include "cochain/chains/runnable/compose.hpp"

namespace cochain {

extern template class Runnable<Variables, AIMessage>;
extern template class Runnable<Messages, std::string>;
extern template class Runnable<std::string, std::string>;
extern template class detail::NumberedSteps<Variables, AIMessage>;
extern template class detail::NumberedSteps<Variables, std::string>;
extern template class detail::NumberedSteps<Messages, std::string>;
extern template class detail::NumberedSteps<std::string, std::string>;
extern template class detail::Side<Variables, Messages>;
extern template class detail::Side<Messages, AIMessage>;
extern template class detail::Side<AIMessage, std::string>;
extern template class detail::Side<Variables, AIMessage>;
extern template class detail::Side<Variables, std::string>;
extern template class detail::Side<std::string, std::string>;
extern template class detail::Sequence<Variables, Messages, Messages, AIMessage>;
extern template class detail::Sequence<Variables, AIMessage, AIMessage, std::string>;
extern template class detail::Sequence<Variables, std::string, std::string, std::string>;
extern template class detail::Sequence<Messages, AIMessage, AIMessage, std::string>;
extern template class detail::Sequence<std::string, std::string, std::string, std::string>;
extern template class Chain<Variables, AIMessage>;
extern template class Chain<Variables, std::string>;
extern template class Chain<Messages, std::string>;
extern template class Chain<std::string, std::string>;

}  // namespace cochain
