// SPDX-License-Identifier: MIT
// Trial division: slow on purpose, and the same work however it is shared out.
#include "primes.hpp"

namespace lab {
namespace {

constexpr std::uint32_t numbers_between_looks = 256;

bool is_prime(std::uint32_t number) {
  if (number < 4) return number > 1;
  if (number % 2 == 0) return false;
  for (std::uint32_t divisor = 3; divisor <= number / divisor; divisor += 2) {
    if (number % divisor == 0) return false;
  }
  return true;
}

}  // namespace

stretch piece_of(const prime_job& job, unsigned piece) {
  const auto begin_of = [&job](std::uint64_t n) {
    return static_cast<std::uint32_t>(job.below * n / job.pieces);
  };
  return {begin_of(piece), begin_of(piece + std::uint64_t{1})};
}

std::uint64_t count_primes(stretch in, const std::function<void()>& now_and_then) {
  std::uint64_t found = 0;
  for (std::uint32_t number = in.from; number < in.to; ++number) {
    found += is_prime(number) ? 1 : 0;
    if (now_and_then && number % numbers_between_looks == 0) now_and_then();
  }
  return found;
}

}  // namespace lab
