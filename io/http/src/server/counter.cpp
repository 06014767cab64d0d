// SPDX-License-Identifier: MIT
// The threads' numbers. The call is not inlined, so that a fiber that goes on on another thread
// finds that thread's.
#include "server/counter.hpp"

namespace heddle::http::detail {

std::uint64_t spread_counter::value() const noexcept {
  std::uint64_t sum = 0;
  for (const part& each : parts_) sum += each.own.value();
  return sum;
}

[[gnu::noinline]] std::size_t spread_counter::number_of_thread() noexcept {
  static std::atomic<std::size_t> given{0};
  thread_local const std::size_t mine = given.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

}  // namespace heddle::http::detail
