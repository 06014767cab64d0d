// SPDX-License-Identifier: MIT
// In asyncio: loop.run_in_executor with the default pool of threads, for a call that blocks; with a
// pool of one's own; and with a pool of processes, for a job that computes, because threads would
// take turns at the interpreter's lock. Here threads are enough for all three.
#include <heddle/runtime.hpp>

#include <cstdint>
#include <fstream>
#include <iostream>
#include <thread>
#include <utility>

namespace {

/// Blocks its thread as long as the system takes.
bool read_some_noise() {
  std::ifstream noise("/dev/urandom", std::ios::binary);
  char piece[100];
  return static_cast<bool>(noise.read(piece, sizeof piece));
}

std::uint64_t sum_of_squares(std::uint64_t below) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < below; ++i) sum += i * i;
  return sum;
}

/// An executor: whatever can be called with something to call.
void on_a_thread_of_its_own(auto call) { std::thread(std::move(call)).detach(); }

}  // namespace

int main() {
  heddle::run([] {
    const bool read = heddle::blocking(read_some_noise);
    std::cout << "on the blocking pool: " << (read ? "read" : "failed") << '\n';

    const auto executor = [](auto call) { on_a_thread_of_its_own(std::move(call)); };
    const bool again = heddle::run_in(executor, read_some_noise);
    std::cout << "on a thread of ours: " << (again ? "read" : "failed") << '\n';

    const std::uint64_t sum = heddle::cpu([] { return sum_of_squares(1'000'000); });
    std::cout << "on the CPU pool: " << sum << '\n';
  });
}
