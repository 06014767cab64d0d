// SPDX-License-Identifier: MIT
// The exceptions of the runtime and the reports it hands to the hooks in config.
// Errors are of three kinds that never mix: programmer errors (std::logic_error, or the process
// stops with a message), operating errors (the exceptions here, which name the resource), and
// cancellation (cancel.hpp), which is control flow.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle {

/// Identifies a fiber or task for as long as the process lives; never reused. 0 is nobody.
enum class fiber_id : std::uint64_t { none = 0 };

std::ostream& operator<<(std::ostream& out, fiber_id id);

/// Says where in the source a task was spawned. Stands in for std::source_location, which clang 14
/// lacks.
struct spawn_site {
  const char* file = "";
  std::uint32_t line = 0;

  static constexpr spawn_site current(const char* file = __builtin_FILE(),
                                      std::uint32_t line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

std::ostream& operator<<(std::ostream& out, spawn_site where);

/// Thrown by spawn on a runtime that has been told to stop.
struct shut_down : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thrown when the system has no memory, mapping or descriptor left for what was asked; says which.
struct resource_exhausted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thrown by task::join when the task was cancelled. Not `cancelled`: that is one's own
/// cancellation.
struct task_cancelled : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thrown by with_timeout and with_deadline when their own time was up.
struct timed_out : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thrown by any() when no call has succeeded.
class all_failed : public std::runtime_error {
 public:
  /// `failures`: not empty. `cancelled_calls`: how many more there were, which threw nothing.
  explicit all_failed(std::vector<std::exception_ptr> failures, std::size_t cancelled_calls = 0);

  /// Returns what the calls threw, in the order in which it happened.
  const std::vector<std::exception_ptr>& failures() const noexcept { return failures_; }

 private:
  std::vector<std::exception_ptr> failures_;
};

/// Describes an error that left a task which nobody joins. Handed once to config::on_unhandled.
struct unhandled_error {
  fiber_id id = fiber_id::none;
  std::string name;       ///< of the fiber; empty if it has none
  spawn_site spawned_at;  ///< where the task was spawned
  std::exception_ptr error;

  /// Returns one line: who, spawned where, what().
  std::string describe() const;
};

/// Describes something that holds up a runtime. Handed to config::on_stall.
struct stall_report {
  enum class kind : std::uint8_t {
    slow_slice,
    suspected_deadlock,
    lock_cycle,
    unguarded_stacks,
    descriptors_exhausted,
  };
  kind what = kind::slow_slice;
  fiber_id id = fiber_id::none;  ///< none: of no fiber, or not known
  std::string name;
  spawn_site spawned_at;
  std::chrono::nanoseconds lasted{0};  ///< at least, so far
  std::string details;                 ///< human-readable, may have several lines
};

}  // namespace heddle
