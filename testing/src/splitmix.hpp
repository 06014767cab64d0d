// SPDX-License-Identifier: MIT
// Numbers that look random and are the same on every machine: splitmix64, Steele et al. 2014,
// doi:10.1145/2660193.2660195.
#pragma once

#include <cstdint>

namespace heddle::testing::detail {

/// Returns the n-th number of the sequence that begins with `seed`, from n = 1.
constexpr std::uint64_t splitmix(std::uint64_t seed, std::uint64_t n) noexcept {
  std::uint64_t mixed = seed + n * 0x9E3779B97F4A7C15U;
  mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBU;
  return mixed ^ mixed >> 31;
}

}  // namespace heddle::testing::detail
