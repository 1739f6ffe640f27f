// The one place where the common chains are compiled.

#include "cochain/chains/prompts/common_chains.hpp"

namespace cochain {

template class Runnable<Variables, AIMessage>;
template class Runnable<Messages, std::string>;
template class Runnable<std::string, std::string>;
template class detail::NumberedSteps<Variables, AIMessage>;
template class detail::NumberedSteps<Variables, std::string>;
template class detail::NumberedSteps<Messages, std::string>;
template class detail::NumberedSteps<std::string, std::string>;
template class detail::Side<Variables, Messages>;
template class detail::Side<Messages, AIMessage>;
template class detail::Side<AIMessage, std::string>;
template class detail::Side<Variables, AIMessage>;
template class detail::Side<Variables, std::string>;
template class detail::Side<std::string, std::string>;
template class detail::Sequence<Variables, Messages, Messages, AIMessage>;
template class detail::Sequence<Variables, AIMessage, AIMessage, std::string>;
template class detail::Sequence<Variables, std::string, std::string, std::string>;
template class detail::Sequence<Messages, AIMessage, AIMessage, std::string>;
template class detail::Sequence<std::string, std::string, std::string, std::string>;
template class Chain<Variables, AIMessage>;
template class Chain<Variables, std::string>;
template class Chain<Messages, std::string>;
template class Chain<std::string, std::string>;

}  // namespace cochain
