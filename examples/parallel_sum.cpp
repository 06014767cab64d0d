// SPDX-License-Identifier: MIT
// Divide and conquer: half of the work is spawned, the other half done here, then joined. A loop
// that has nothing to do takes the halves that nobody has begun.
#include <heddle/heddle.hpp>

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <span>
#include <vector>

namespace {

std::uint64_t sum(std::span<const std::uint32_t> numbers) {
  constexpr std::size_t too_small_to_share = 10'000;
  if (numbers.size() <= too_small_to_share) {
    return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
  }
  const std::size_t half = numbers.size() / 2;
  auto left = heddle::spawn([=] { return sum(numbers.first(half)); });
  const std::uint64_t right = sum(numbers.subspan(half));
  return left.join() + right;
}

}  // namespace

int main() {
  std::vector<std::uint32_t> numbers(1'000'000);
  std::iota(numbers.begin(), numbers.end(), 0U);
  std::cout << "sum: " << heddle::run([&] { return sum(numbers); }) << '\n';
}
