// SPDX-License-Identifier: MIT
// Random numbers for choices that must be cheap and fair, not secret.
// Source: xorshift64*, Marsaglia 2003, doi:10.18637/jss.v008.i14; Vigna 2016, doi:10.1145/2845077.
#pragma once

#include <cstdint>

namespace heddle::detail {

class prng {
 public:
  explicit prng(std::uint64_t seed) noexcept : state_(seed * 0x9E3779B97F4A7C15U | 1U) {}

  std::uint64_t next() noexcept {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1DU;
  }

  /// Returns a number below `bound` (> 0).
  std::uint32_t below(std::uint32_t bound) noexcept {
    return static_cast<std::uint32_t>((next() >> 32) * bound >> 32);
  }

 private:
  std::uint64_t state_;
};

}  // namespace heddle::detail
