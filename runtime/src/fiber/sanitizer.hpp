// SPDX-License-Identifier: MIT
// What the sanitizers must be told about stacks: which one a thread leaves and which one it enters.
// Without a sanitizer every function here is empty and every struct has no state.
// Invariants: (1) before() is the last thing on the old stack, after() the first on the new one;
// (2) a TSAN fiber lives as long as the stack it describes, so a pool of stacks is a pool of TSAN
// fibers.
#pragma once

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEDDLE_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define HEDDLE_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HEDDLE_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define HEDDLE_TSAN 1
#endif

#if defined(HEDDLE_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if defined(HEDDLE_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace heddle::detail {

#if defined(HEDDLE_ASAN) || defined(HEDDLE_TSAN)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

struct sanitizer_state {
#if defined(HEDDLE_ASAN)
  void* fake_stack = nullptr;
  const void* bottom = nullptr;
  std::size_t bytes = 0;
#endif
#if defined(HEDDLE_TSAN)
  void* tsan_fiber = nullptr;
#endif

  /// Describes a new stack [bottom, bottom + bytes).
  void create([[maybe_unused]] const void* low, [[maybe_unused]] std::size_t size) noexcept {
#if defined(HEDDLE_ASAN)
    bottom = low;
    bytes = size;
#endif
#if defined(HEDDLE_TSAN)
    tsan_fiber = __tsan_create_fiber(0);
#endif
  }

  /// Describes the stack the thread came with.
  void adopt([[maybe_unused]] const void* low, [[maybe_unused]] std::size_t size) noexcept {
#if defined(HEDDLE_ASAN)
    bottom = low;
    bytes = size;
#endif
#if defined(HEDDLE_TSAN)
    tsan_fiber = __tsan_get_current_fiber();
#endif
  }

  /// The stack is never entered again, nor unwound: what it holds is no leak.
  void abandon() const noexcept {
#if defined(HEDDLE_ASAN)
    __lsan_register_root_region(bottom, bytes);
#endif
  }

  void destroy() noexcept {
#if defined(HEDDLE_ASAN)
    if (bytes != 0) ASAN_UNPOISON_MEMORY_REGION(bottom, bytes);
#endif
#if defined(HEDDLE_TSAN)
    if (tsan_fiber != nullptr) __tsan_destroy_fiber(tsan_fiber);
    tsan_fiber = nullptr;
#endif
  }
};

inline __attribute__((always_inline)) void sanitizer_before_switch(
    [[maybe_unused]] sanitizer_state& from, [[maybe_unused]] sanitizer_state& to) noexcept {
#if defined(HEDDLE_ASAN)
  __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.bytes);
#endif
#if defined(HEDDLE_TSAN)
  __tsan_switch_to_fiber(to.tsan_fiber, 0);
#endif
}

inline __attribute__((always_inline)) void sanitizer_after_switch(
    [[maybe_unused]] sanitizer_state& now) noexcept {
#if defined(HEDDLE_ASAN)
  __sanitizer_finish_switch_fiber(now.fake_stack, nullptr, nullptr);
#endif
}

}  // namespace heddle::detail
