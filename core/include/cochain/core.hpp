// All of the ground floor: the event loop, and what asyncio gives Python.
#pragma once

#include "cochain/core/clock.hpp"
#include "cochain/core/context.hpp"
#include "cochain/core/coro.hpp"
#include "cochain/core/error.hpp"
#include "cochain/core/event_loop.hpp"
#include "cochain/core/executor.hpp"
#include "cochain/core/gather.hpp"
#include "cochain/core/locks.hpp"
#include "cochain/core/outcome.hpp"
#include "cochain/core/queue.hpp"
#include "cochain/core/reactor.hpp"
#include "cochain/core/runners.hpp"
#include "cochain/core/stream.hpp"
#include "cochain/core/task.hpp"
#include "cochain/core/task_group.hpp"
#include "cochain/core/timeouts.hpp"
