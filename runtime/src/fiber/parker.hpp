// SPDX-License-Identifier: MIT
// Who waits: a fiber, a plain thread, or the root of a loop. The wake word and the way to resume
// it.
#pragma once

#include <heddle/runtime/detail/wake_word.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::detail {

class scheduler;

/// Aligned so that task_core::state can keep flags in the low bits of its address.
struct alignas(64) parker {
  enum class kind : std::uint8_t { fiber, thread };
  explicit parker(kind of, std::uint32_t first_epoch = 0) noexcept : word(first_epoch), what(of) {}

  wake_word word;
  scheduler* home = nullptr;       // of a fiber
  parker* next_resumed = nullptr;  // in a resumption_list, after a won claim
  kind what;
};

/// A plain thread that waits, on a futex of its own.
struct thread_parker : parker {
  thread_parker() noexcept : parker(kind::thread) {}
  std::atomic<std::uint32_t> signal{0};
};

/// Returns the calling plain thread's parker. Never called on a fiber, which may change threads.
parker& parker_of_plain_thread() noexcept;

}  // namespace heddle::detail
