// SPDX-License-Identifier: MIT
// Tells the thread sanitizer of an order that it cannot see, because a library that is not
// instrumented makes it. Without the sanitizer: nothing.
#pragma once

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define HEDDLE_TSAN_ORDER 1
#endif
#endif

namespace heddle::detail {

/// What was done here happens before what is done after an acquire of the same address.
inline void tsan_release([[maybe_unused]] const void* at) noexcept {
#if defined(HEDDLE_TSAN_ORDER)
  if (at != nullptr) __tsan_release(const_cast<void*>(at));
#endif
}

inline void tsan_acquire([[maybe_unused]] const void* at) noexcept {
#if defined(HEDDLE_TSAN_ORDER)
  if (at != nullptr) __tsan_acquire(const_cast<void*>(at));
#endif
}

}  // namespace heddle::detail
