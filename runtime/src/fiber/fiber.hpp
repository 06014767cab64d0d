// SPDX-License-Identifier: MIT
// A fiber: a stack with its saved execution, and the task that runs on it now.
// The record lies at the top of its own stack, with the first frames in the same page, so that a parked
// fiber is one resident page. A fiber outlives its task: it goes on with the next closure, or is pooled.
// Invariants: (1) the record is written by whoever runs it, or holds it parked or pooled; atomics
// are what others look at; (2) it is in at most one run queue or pool list; (3) its context is whole
// whenever somebody else can reach it (wait/README.md, claim 5).
#pragma once

#include <heddle/runtime/detail/task_core.hpp>

#include "fiber/context.hpp"
#include "fiber/identity.hpp"
#include "fiber/parker.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heddle::detail {

class worker;

class fiber : public parker, public job {
 public:
  enum class state : std::uint8_t { pooled, ready, running, parked };

  /// What a fiber's stack begins to run; never returns.
  using entry_function = void (*)(fiber& self);

  /// Builds a fiber at the top of the stack [low, low + bytes), guard page included.
  static fiber& create(std::byte* low, std::size_t bytes, scheduler& home, entry_function entry);

  /// Returns where the record of the fiber on that stack lies. Neighbours differ by a few lines: were all
  /// frames at the same offset in their pages, each load after a switch would look, to the core, like one
  /// from the store just made on the stack that was left (4 KiB aliasing), and wait for it.
  static std::byte* record_at(std::byte* low, std::size_t bytes) noexcept;

  /// Ends a pooled fiber: its stack is not unwound, there is nothing on it.
  void destroy() noexcept { saved.sanitizer.destroy(); }

  std::byte* stack_low() const noexcept { return low_; }
  std::size_t stack_bytes() const noexcept { return bytes_; }
  entry_function entry() const noexcept { return entry_; }

  /// Returns whether the running body is to meet cancellation at its suspension points.
  bool deliverable(unsigned uncaught_now) const noexcept {
    return shields == 0 && uncaught_now <= uncaught_at_entry;
  }

  execution saved;
  fiber_identity identity;
  task_core* task = nullptr;            // what runs here; null while pooled
  worker* pinned_to = nullptr;          // may be run by this loop only
  fiber* next_pooled = nullptr;
  fiber* claimed_by = nullptr;          // the joiner that switched here and waits, parked
  std::uint32_t claim_epoch = 0;        // which of its waits that is
  std::uint32_t shields = 0;            // > 0: cancellation is held back
  std::uint32_t uncaught_at_entry = 0;
  std::atomic<state> status{state::pooled};
  std::atomic<bool> cancel_requested{false};  // of the present body; set by a canceller
  bool has_waited = false;              // the body has checked for a cancel that came before its start
  // For the order of children (worker::claim): where the latest spawn of this body went.
  const worker* spawned_on = nullptr;
  std::int64_t latest_spawn = 0;
  std::int64_t spawn_before = 0;
  bool has_spawned = false;
  bool had_spawned_before = false;

 private:
  fiber(std::byte* low, std::size_t bytes, scheduler& owner, entry_function runs) noexcept
      : parker(parker::kind::fiber), job(job::kind::fiber), low_(low), bytes_(bytes), entry_(runs) {
    home = &owner;
  }

  std::byte* low_;
  std::size_t bytes_;
  entry_function entry_;
};

}  // namespace heddle::detail
