// All of the middle floor: the words of a conversation, and chains of steps.
#pragma once

#include "cochain/chains/model/chat_model.hpp"
#include "cochain/chains/model/chat_options.hpp"
#include "cochain/chains/model/content_event.hpp"
#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/json.hpp"
#include "cochain/chains/model/message.hpp"
#include "cochain/chains/model/message_json.hpp"
#include "cochain/chains/model/usage.hpp"
#include "cochain/chains/parsers/output_parser.hpp"
#include "cochain/chains/prompts/chat_prompt.hpp"
#include "cochain/chains/prompts/template.hpp"
#include "cochain/chains/runnable/compose.hpp"
#include "cochain/chains/runnable/config.hpp"
#include "cochain/chains/runnable/policy.hpp"
#include "cochain/chains/runnable/runnable.hpp"
