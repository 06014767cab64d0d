// SPDX-License-Identifier: MIT
// Random numbers for tests: a seed that a failure prints and HEDDLE_SEED=n brings back.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>

namespace heddle::test {

#if defined(HEDDLE_TEST_SIMULATED)
/// Returns the seed of the round: testing/simulated/main.cpp.
std::uint64_t seed();
#else
/// Returns HEDDLE_SEED, or a seed that no run has had before.
inline std::uint64_t seed() {
  // Read once, before the test has threads of its own.
  static const std::uint64_t chosen = [] {
    if (const char* const given = std::getenv("HEDDLE_SEED")) {
      return static_cast<std::uint64_t>(std::strtoull(given, nullptr, 10));
    }
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(now).count() % 1'000'000'007);
  }();
  return chosen;
}
#endif

/// A stream of numbers of its own for each `stream`, so that threads need not share one.
/// Source: splitmix64, Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195.
class random_numbers {
 public:
  explicit random_numbers(std::uint64_t stream) noexcept
      : state_(seed() * 0x9E3779B97F4A7C15U + stream * 0xD1342543DE82EF95U) {}

  std::uint64_t next() noexcept {
    std::uint64_t mixed = (state_ += 0x9E3779B97F4A7C15U);
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBU;
    return mixed ^ mixed >> 31;
  }

  /// Returns a number below `bound` (> 0).
  std::uint32_t below(std::uint32_t bound) noexcept {
    return static_cast<std::uint32_t>((next() >> 32) * bound >> 32);
  }

  /// Returns true once in `times` calls.
  bool once_in(std::uint32_t times) noexcept { return below(times) == 0; }

 private:
  std::uint64_t state_;
};

/// Keeps the core busy for about `rounds` nanoseconds without a system call.
inline void spin(std::uint32_t rounds) noexcept {
  for (std::uint32_t n = 0; n < rounds; ++n) asm volatile("" ::: "memory");
}

}  // namespace heddle::test
