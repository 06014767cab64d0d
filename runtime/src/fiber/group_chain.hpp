// SPDX-License-Identifier: MIT
// Groups that keep children, in a row: those of a loop's nest, or what a fiber has put aside of it
// (sched/nest.hpp).
#pragma once

#include <heddle/runtime/clock.hpp>

#include <cstddef>

namespace heddle::detail {

struct group_core;

struct group_chain {
  group_core* outermost = nullptr;
  group_core* innermost = nullptr;
  std::size_t children = 0;   // that they keep together
  clock::time_point since{};  // it waits for one of them to begin out of turn
};

}  // namespace heddle::detail
