// SPDX-License-Identifier: MIT
// One call of fork_join that other loops may take. Invariant: it lies in its caller's frame until
// whoever has taken it has ended. Proof: src/scope/README.md, "Fork and join".
#pragma once

#include <heddle/runtime/detail/group_core.hpp>
#include <heddle/runtime/detail/task_body.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heddle::detail {

struct fork_core;

enum class branch_state : std::uint8_t {
  offered,  // in the deque of the caller's loop, or in the hands of a taker
  kept,     // that deque was full: nobody sees it
  listed,   // in the list of those whose caller has left its stack
  taken,    // a child of the fork's group
};

struct branch {
  /// Calls what is to be called, and keeps its result in the caller's frame.
  using function = void (*)(branch&);

  branch(function calls, fork_core& in) noexcept : run(calls), fork(&in) {}
  branch(const branch&) = delete;
  branch& operator=(const branch&) = delete;

  /// What a taker runs.
  struct call {
    branch* of;
    void operator()() const { of->run(*of); }
  };
  using task = task_body<call, child_core>;

  function run;
  fork_core* fork;
  std::atomic<branch_state> state{branch_state::offered};
  branch* next;  // while it is listed
  branch* previous;
  alignas(task) std::byte task_room[sizeof(task)];  // once it is taken
};

}  // namespace heddle::detail
