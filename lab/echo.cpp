// SPDX-License-Identifier: MIT
// The echo's two ends.
#include "echo.hpp"

#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace lab {
namespace {

constexpr std::chrono::milliseconds between_questions{1};
constexpr std::size_t message_bytes = 64;

using message = std::array<std::byte, message_bytes>;

}  // namespace

void serve_echo(heddle::io::tcp_listener& listener, global_lock* lock) {
  heddle::io::tcp_stream client = listener.accept();
  message buffer{};
  while (const std::size_t said = client.read_some(buffer)) {
    if (lock != nullptr) {  // waits its turn, and has no need to keep it
      lock->lock();
      lock->unlock();
    }
    client.write_all(std::span(buffer).first(said));
  }
}

echo_observer::echo_observer(const heddle::io::endpoint& service)
    : asking_(std::async(std::launch::async, [this, service] {
        heddle::config alone;
        alone.loops = 1;
        alone.name = "observer";
        return heddle::run(alone, [&] { return ask_until_end(service); });
      })) {}

echo_observer::~echo_observer() {
  end_.store(heddle::clock::time_point::min(), std::memory_order_relaxed);
}

std::vector<trip> echo_observer::finish() {
  end_.store(heddle::clock::now(), std::memory_order_relaxed);
  return asking_.get();
}

std::vector<trip> echo_observer::ask_until_end(const heddle::io::endpoint& service) const {
  auto stream = heddle::io::tcp_stream::connect(service);
  message buffer{};
  std::vector<trip> trips;
  auto due = heddle::clock::now();
  while (due < end_.load(std::memory_order_relaxed)) {
    trip next{due, {}};
    if (heddle::clock::now() < due) {
      heddle::this_fiber::sleep_until(due);
      next.asked = heddle::clock::now();  // that this thread woke up late is not the echo's doing
    }
    stream.write_all(buffer);
    stream.read_exactly(buffer);
    next.answered = heddle::clock::now();
    trips.push_back(next);
    due += between_questions;
  }
  return trips;
}

std::vector<double> lateness(const std::vector<trip>& trips, heddle::clock::time_point from,
                             heddle::clock::time_point to) {
  std::vector<double> found;
  for (const trip& one : trips) {
    if (one.asked < from || one.asked >= to) continue;
    const std::chrono::duration<double, std::milli> took = one.answered - one.asked;
    found.push_back(took.count());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace lab
