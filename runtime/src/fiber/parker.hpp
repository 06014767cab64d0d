// SPDX-License-Identifier: MIT
// Who waits: a fiber, a plain thread, or the root of a loop. The wake word and the way to resume
// it.
#pragma once

#include <heddle/runtime/park.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::detail {

class scheduler;

/// Aligned so that task_core::state can keep flags in the low bits of its address.
struct alignas(64) parker {
  enum class kind : std::uint8_t { fiber, thread };
  explicit parker(kind of, std::uint32_t first_epoch = 0) noexcept : word(first_epoch), what(of) {}

  /// Notes what the next wait is for.
  void says(wait_subject about) noexcept {
    waits_for_.store(nullptr, std::memory_order_relaxed);
    // order: release, twice — kind, null, object, kind: partner: subject().
    waits_on_.store(about.object(), std::memory_order_release);
    waits_for_.store(about.kind(), std::memory_order_release);
  }

  /// Returns what the latest wait is, or was, for; kind null: not said, or just changing. From any
  /// thread.
  wait_subject subject() const noexcept {
    // order: acquire — partner: says().
    const wait_kind* const said = waits_for_.load(std::memory_order_acquire);
    const std::uint64_t object = waits_on_.load(std::memory_order_acquire);
    return {waits_for_.load(std::memory_order_relaxed) == said ? said : nullptr, object};
  }

  wake_word word;
  scheduler* home = nullptr;       // of a fiber
  parker* next_resumed = nullptr;  // in a resumption_list, after a won claim
  kind what;
  fiber_id caller = fiber_id::none;  // what stands for it; a thread's is drawn when it is asked for

 private:
  std::atomic<const wait_kind*> waits_for_{nullptr};
  std::atomic<std::uint64_t> waits_on_{0};
};

inline constexpr wait_kind join_kind{"the end of", wait_kind::object::fiber};

/// A plain thread that waits, on a futex of its own.
struct thread_parker : parker {
  thread_parker() noexcept : parker(kind::thread) {}
  std::atomic<std::uint32_t> signal{0};
};

/// Returns the calling plain thread's parker. Never called on a fiber, which may change threads.
thread_parker& parker_of_plain_thread() noexcept;

}  // namespace heddle::detail
