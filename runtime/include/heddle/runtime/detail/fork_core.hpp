// SPDX-License-Identifier: MIT
// The untyped part of fork_join: what one call keeps on its caller's stack besides its branches,
// with room for their group, which only a branch that is taken needs. Invariants: (1) a branch is
// run by the caller or by one taker, never twice; (2) the call ends after its branches, and after
// everybody who looks at it has gone. Inlined is what happens if nobody takes anything. Proof:
// src/scope/README.md, "Fork and join".
#pragma once

#include <heddle/runtime/context_var.hpp>
#include <heddle/runtime/detail/branch.hpp>
#include <heddle/runtime/detail/branch_deque.hpp>
#include <heddle/runtime/detail/group_core.hpp>
#include <heddle/runtime/detail/spinlock.hpp>
#include <heddle/runtime/detail/worker_slot.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heddle::detail {

class fiber;
struct scope_frame;

struct fork_core {
  /// Enters, if the caller is a fiber; else, and in a destructor that an exception runs, nothing is
  /// offered. Errors: `cancelled`; std::bad_alloc; std::length_error, as a scope.
  fork_core();
  ~fork_core() {
    if (caller == nullptr) return;
    *depth_of_caller = static_cast<scope_depth>(depth - 1);
    if (has_group || attention->load(std::memory_order_relaxed) != 0) [[unlikely]]
      leave();
  }
  fork_core(const fork_core&) = delete;
  fork_core& operator=(const fork_core&) = delete;

  /// Lets others take `one`.
  void offer(branch& one) noexcept {
    if (caller != nullptr && !current_thread_state()->branches->push(one)) [[unlikely]]
      one.state.store(branch_state::kept, std::memory_order_relaxed);
  }
  /// All are offered: others may come.
  void offered() noexcept {
    if (calls_others) [[unlikely]]
      call_others();
  }

  /// Takes `one` back, the youngest of those that were offered and not taken back. Returns false if
  /// somebody else has it.
  bool take_back(branch& one) noexcept {
    return caller == nullptr || current_thread_state()->branches->take_back(one) ||
           take_back_elsewhere(one);
  }
  /// Waits for those that others have. Errors: as task_group::join; task_cancelled if one of them
  /// ended as cancelled and the caller is not.
  void join();
  /// In a handler, after all that were not taken are back: cancels the others and waits for them.
  /// Errors: rethrows what failed first.
  [[noreturn]] void fail();

  group_core& group() noexcept { return *reinterpret_cast<group_core*>(group_room); }

  fiber* caller = nullptr;   // null: nothing is offered
  const scope_frame* scope;  // the innermost around the call: as all outside of it, it stays
  scope_depth* depth_of_caller;
  const std::atomic<std::uint32_t>* attention;  // the caller's
  scope_depth depth;                            // of the call, as if it were a scope
  scope_depth floor;                            // from which on scopes around it are heard
  spinlock lock;                                // of the takers
  bool has_group = false;                       // under `lock`
  bool calls_others = false;  // a loop may be worth waking; or others take turns, simulated
  context_snapshot context;   // of the caller, at the call
  alignas(group_core) std::byte group_room[sizeof(group_core)];

 private:
  static bool take_back_elsewhere(branch& one) noexcept;
  void call_others() noexcept;
  void leave() noexcept;
};

}  // namespace heddle::detail
