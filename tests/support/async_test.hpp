// What our tests of asynchronous code include: cochain's own testing kit, for GoogleTest.
#pragma once

#include <gtest/gtest.h>

#include "cochain/core.hpp"
#include "cochain/testing/async_test.hpp"
