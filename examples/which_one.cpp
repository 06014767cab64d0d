// SPDX-License-Identifier: MIT
// Which one when: waiting by spawn, one computation by cpu, a loop by parallel_for, recursion by
// fork_join, a call that blocks its thread by blocking.
#include <heddle/heddle.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

void wait_for_two() {
  auto first = heddle::spawn([] { heddle::this_fiber::sleep_for(5ms); });
  auto second = heddle::spawn([] { heddle::this_fiber::sleep_for(5ms); });
  first.join();
  second.join();
}

std::uint32_t checksum(std::span<const std::uint32_t> data) {
  return std::accumulate(data.begin(), data.end(), 1U,
                         [](std::uint32_t sum, std::uint32_t next) { return 31 * sum + next; });
}

void sort(std::span<std::uint32_t> data) {
  constexpr std::size_t too_small_to_share = 2000;
  if (data.size() <= too_small_to_share) return std::sort(data.begin(), data.end());
  const auto middle = data.begin() + static_cast<std::ptrdiff_t>(data.size() / 2);
  std::nth_element(data.begin(), middle, data.end());
  heddle::fork_join([&] { sort({data.begin(), middle}); }, [&] { sort({middle, data.end()}); });
}

int ask_a_library_that_knows_no_fibers() {
  std::this_thread::sleep_for(5ms);
  return 42;
}

}  // namespace

int main() {
  heddle::run([] {
    wait_for_two();

    std::vector<std::uint32_t> data(100'000);
    heddle::parallel_for(0, data.size(), [&](std::size_t n) {
      data[n] = static_cast<std::uint32_t>(data.size() - n);
    });
    sort(data);
    std::cout << "sorted: " << std::boolalpha << std::is_sorted(data.begin(), data.end()) << '\n';

    const std::uint32_t sum = heddle::cpu([&] { return checksum(data); });
    std::cout << "the same sum: " << (sum == checksum(data)) << '\n';

    const int answer = heddle::blocking(ask_a_library_that_knows_no_fibers);
    std::cout << "the library says " << answer << '\n';
  });
}
