// SPDX-License-Identifier: MIT
// What a lock that knows its owner needs of the runtime: who calls, and a place to say for whose
// lock one waits. From the latter cycles of such waits are found, and dumps name the holder.
// Invariant: while a lock_wait lives, the lock that it names does. Not here: the locks (sync).
#pragma once

#include <heddle/runtime/detail/worker_slot.hpp>
#include <heddle/runtime/error.hpp>
#include <heddle/runtime/park.hpp>

#include <cstdint>

namespace heddle {

namespace detail {
class fiber;
class lock_waits;

/// Returns what stands for the calling plain thread, apart from all fibers' ids.
fiber_id id_of_plain_thread() noexcept;
}  // namespace detail

/// Returns who calls: the running fiber's id, or one that stands for the plain thread while it
/// lives. Never none, and below 2^63. Suspends: no. Cost: a few loads; a plain thread's first call
/// also one atomic addition.
inline fiber_id caller_id() noexcept {
  const detail::thread_state* const loop = detail::current_thread_state();
  if (loop != nullptr && loop->caller != fiber_id::none) [[likely]]
    return loop->caller;
  return detail::id_of_plain_thread();
}

/// As caller_id(), for one that is about to lock: a simulation may have others go first. Cost: also
/// a load.
inline fiber_id locker_id() noexcept {
  const detail::thread_state* const loop = detail::current_thread_state();
  if (loop == nullptr || loop->caller == fiber_id::none) [[unlikely]]
    return detail::id_of_plain_thread();
  if (loop->in_turns) [[unlikely]]
    detail::end_turn();
  return loop->caller;
}

/// Returns whether `id` stands for a plain thread.
constexpr bool is_plain_thread(fiber_id id) noexcept {
  return (static_cast<std::uint64_t>(id) >> 62) != 0;
}

/// The caller's wait for a lock, from before the wait until after it. On a plain thread it does
/// nothing.
class lock_wait {
 public:
  /// Returns who holds the lock now; none if nobody does, or if that is just changing. Any thread
  /// calls it, under a lock of the runtime's.
  using owner_of = fiber_id (*)(const void* lock) noexcept;

  /// Makes the wait for `lock` known. If whoever holds that lock waits for one too, and so on until
  /// the caller comes up again, config::on_stall is told, once for each cycle. For waits without a
  /// deadline: others end by themselves. Suspends: no. Cost: three short locks; more along a chain.
  lock_wait(wait_subject lock, owner_of held_by) noexcept;
  ~lock_wait();
  lock_wait(const lock_wait&) = delete;
  lock_wait& operator=(const lock_wait&) = delete;

 private:
  friend class detail::lock_waits;

  wait_subject lock_;
  owner_of held_by_;
  detail::fiber* who_;
  lock_wait* next_ = nullptr;
  std::uint64_t serial_ = 0;
  bool reported_ = false;
};

}  // namespace heddle
