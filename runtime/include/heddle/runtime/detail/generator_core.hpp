// SPDX-License-Identifier: MIT
// The untyped part of a generator: a producer's fiber and a consumer that take turns.
// Whose turn it is decides who may touch the element. The producer gives the turn away in yield and
// has it back when the next element is wanted; it stays in yield meanwhile even if it is cancelled,
// because the consumer may be using what lies on its stack.
// Invariants: (1) whose_ changes under the lock of turns_; element_, raised_ and finished_ belong
// to whoever has the turn; (2) the producer's fiber is a child of group_, which close() ends before
// anything else goes; (3) nothing is allocated after the start.
#pragma once

#include <heddle/runtime/task_group.hpp>
#include <heddle/runtime/wait_queue.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <optional>

namespace heddle::detail {

class generator_core {
 public:
  explicit generator_core(spawn_site where) noexcept : where_(where) {}
  virtual ~generator_core() = default;  // closed before
  generator_core(const generator_core&) = delete;
  generator_core& operator=(const generator_core&) = delete;

  // The consumer's.
  /// Has the producer make the next element. Returns false at the end. Errors: what left the
  /// producer or was raised; `cancelled`: the next call waits for the same element.
  bool advance();
  bool at_end() const noexcept { return at_end_; }
  /// Returns the element. Errors: std::logic_error if there is none.
  void* element() const;
  /// Cancels the producer, waits for it, shielded.
  void close() noexcept;

  // The producer's.
  /// Gives the consumer an element, or an error to throw, and waits until it wants the next.
  /// Errors: `cancelled`; std::logic_error if it is not the producer's turn.
  void give(void* element, std::exception_ptr error);

 private:
  enum class side : std::uint8_t { consumer, producer };
  class in_use;

  /// Calls the producer's body and destroys it.
  virtual void produce() = 0;
  void start();
  void run_producer();
  template <class Change>
  void pass_turn(side to, Change change) noexcept;
  wake_reason wait_for_turn(side mine, cancellation mode) noexcept;
  void finish();

  wait_queue turns_;
  side whose_ = side::consumer;
  bool finished_ = false;
  void* element_ = nullptr;
  std::exception_ptr raised_;
  std::atomic<bool> closing_{false};  // may be set while the producer is at work

  bool asked_ = false;  // an element is on its way; the consumer's, as what follows
  bool at_end_ = false;
  std::atomic<bool> used_{false};
  spawn_site where_;
  std::optional<task_group> group_;  // from the start to the end
  subtask<void> producer_;
};

/// Ends a generator's core.
struct generator_closer {
  void operator()(generator_core* core) const noexcept {
    core->close();
    delete core;
  }
};

[[noreturn]] void throw_no_generator();
[[noreturn]] void throw_null_failure();

}  // namespace heddle::detail
