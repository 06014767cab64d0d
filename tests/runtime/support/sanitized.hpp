// SPDX-License-Identifier: MIT
// Whether the test is instrumented or simulated, and how much smaller and slower it may be then.
#pragma once

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HEDDLE_TEST_TSAN 1
#elif __has_feature(address_sanitizer)
#define HEDDLE_TEST_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define HEDDLE_TEST_TSAN 1
#elif defined(__SANITIZE_ADDRESS__)
#define HEDDLE_TEST_ASAN 1
#endif

namespace heddle::test {

#if defined(HEDDLE_TEST_TSAN)
inline constexpr bool thread_sanitized = true;
#else
inline constexpr bool thread_sanitized = false;
#endif
#if defined(HEDDLE_TEST_ASAN)
inline constexpr bool address_sanitized = true;
#else
inline constexpr bool address_sanitized = false;
#endif
inline constexpr bool sanitized = thread_sanitized || address_sanitized;

#if defined(HEDDLE_TEST_SIMULATED)
inline constexpr bool simulated = true;
#else
inline constexpr bool simulated = false;
#endif

/// Returns a number of rounds: all of them, or a share if each costs ten times as much, or if the
/// case as a whole is repeated with other seeds.
constexpr auto rounds(auto plain) { return sanitized || simulated ? (plain + 9) / 10 : plain; }

}  // namespace heddle::test
