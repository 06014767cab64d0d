// SPDX-License-Identifier: MIT
// A job in pieces: to count the primes below a number, by trial division, a stretch of numbers for
// each piece. The stretches are equally long, but the later ones cost more, so pieces are unequal.
// In the mixed form of the job each piece first waits, as if it asked a database for its numbers.
// Invariant: the pieces together are all numbers below the limit, each once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace lab {

struct prime_job {
  std::uint32_t below = 1'000'000;
  unsigned pieces = 64;
  std::chrono::milliseconds wait{0};  ///< of each piece before it computes; 0: computing only
};

/// The numbers from `from` to before `to`.
struct stretch {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

/// Returns the numbers of a piece.
stretch piece_of(const prime_job& job, unsigned piece);

/// Counts the primes in a stretch, and calls `now_and_then`, if there is one, some ten thousand
/// times a second meanwhile.
std::uint64_t count_primes(stretch in, const std::function<void()>& now_and_then = {});

}  // namespace lab
