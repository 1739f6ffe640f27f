// All of the upper floor: everything that meets the outside.
#pragma once

#include "cochain/providers/curl_transport.hpp"
#include "cochain/providers/http.hpp"
#include "cochain/providers/http_error.hpp"
#include "cochain/providers/openai.hpp"
#include "cochain/providers/openai_wire.hpp"
#include "cochain/providers/registry.hpp"
#include "cochain/providers/secret.hpp"
#include "cochain/providers/simulator.hpp"
#include "cochain/providers/sse.hpp"
#include "cochain/providers/transport.hpp"
