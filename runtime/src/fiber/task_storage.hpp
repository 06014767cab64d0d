// SPDX-License-Identifier: MIT
// What a task has besides its stack: the values of fiber_local and context_var. Most have none:
// then there is no such object. It hangs on the fiber while a task runs there; whoever runs another
// task on the same stack, in between, must put it aside.
// Invariants: (1) the running task alone touches it; (2) a task's values are destroyed on its fiber
// before its end is published, and what is made after that before its core is freed, or, of a
// group's child, before the group can end. Not here: the variables (scope/fiber_local.cpp,
// scope/context_var.cpp).
#pragma once

#include <heddle/runtime/context_var.hpp>
#include <heddle/runtime/fiber_local.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace heddle::detail {

class fiber;
struct task_core;

class task_storage {
 public:
  /// How deep values may be made by the destructors of values.
  static constexpr unsigned destructor_rounds = 4;

  local_value* find(const void* variable) const noexcept;
  /// Returns whether a value may be made now.
  bool may_add() const noexcept { return round_ <= destructor_rounds; }
  void add(std::unique_ptr<local_value> made);
  std::unique_ptr<local_value> take(const void* variable) noexcept;
  /// Destroys the values, the youngest first; their destructors may make others. For good.
  void end() noexcept;

  context_snapshot context;
  std::uint64_t owner = 0;  // who sets context variables here, once somebody does; never reused

 private:
  struct local {
    const void* variable;
    std::unique_ptr<local_value> value;
    unsigned round;
  };
  void destroy_locals() noexcept;

  std::vector<local> locals_;  // in the order in which they were made
  unsigned round_ = 0;         // of values made now: 1 + that of the value being destroyed
};

/// Returns the storage of the running fiber's task or of the calling plain thread; null: none yet.
task_storage* storage_of_caller() noexcept;
/// As above, and makes it. Errors: std::bad_alloc; std::logic_error on a thread that has ended its.
task_storage& make_storage_of_caller();

/// Has a task that is about to be queued inherit the caller's context. Errors: std::bad_alloc.
void inherit_context(task_core& core);

/// Ends the storage of the task that `self`, the running fiber, runs: destroys its values,
/// shielded.
void end_storage(fiber& self) noexcept;

}  // namespace heddle::detail
