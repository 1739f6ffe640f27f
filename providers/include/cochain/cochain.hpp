// All of cochain: the event loop, chains on it, and the providers that answer.
#pragma once

#include "cochain/chains.hpp"
#include "cochain/core.hpp"
#include "cochain/providers.hpp"
