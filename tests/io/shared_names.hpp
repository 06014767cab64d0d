// SPDX-License-Identifier: MIT
// The names that nearly every test of io uses, said once.
#pragma once

#include "io/net/sockets.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace heddle::io {

using namespace std::chrono_literals;
using test::bytes;
using test::room_in;
using ::testing::HasSubstr;

}  // namespace heddle::io
