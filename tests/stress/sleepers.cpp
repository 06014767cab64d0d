// SPDX-License-Identifier: MIT
// Timers: fibers sleep, wait with limits that are met or missed by a hair, move to other loops
// meanwhile, and some loops are hogged, so that timers fire from a neighbour. No wait ends early,
// none is forgotten, each ends for one reason only: what was handed over equals what was received.
#include "stress/stress.hpp"

#include <array>

namespace {

using namespace heddle;
using stress::require;
using test::random_numbers;

/// A counter of things to be had: put() hands one to a waiter or keeps it.
class counter_queue {
 public:
  bool take_until(deadline limit) {
    const auto take = [this]() noexcept { return kept_ > 0 && kept_-- > 0; };
    return waiters_.wait_unless(take, limit) == wake_reason::event;
  }
  void put() noexcept {
    waiters_.wake_one([this](bool handed) noexcept { kept_ += handed ? 0 : 1; });
  }
  std::uint64_t kept() const noexcept { return kept_; }

 private:
  wait_queue waiters_;
  std::uint64_t kept_ = 0;
};

struct shared_state {
  stress::watchdog guard;
  std::array<counter_queue, 4> queues;
  std::atomic<std::uint64_t> put{0};
  std::atomic<std::uint64_t> taken{0};
  std::atomic<std::uint64_t> late{0};
  std::atomic<bool> over{false};
};

deadline random_limit(random_numbers& random) {
  constexpr std::array<std::uint32_t, 4> spans{0, 70'000, 500'000, 6'000'000};
  return clock::now() + std::chrono::nanoseconds(random.below(spans[random.below(4)] + 1));
}

void sleeper(shared_state& all, stress::round_counter& rounds, std::uint64_t stream) {
  random_numbers random(stream);
  while (rounds.next()) {
    const deadline limit = random_limit(random);
    if (random.once_in(2)) {
      this_fiber::sleep_until(limit);
      require(clock::now() >= limit.when(), "a sleep ended early");
    } else if (all.queues[random.below(4)].take_until(limit)) {
      ++all.taken;
    } else {
      require(clock::now() >= limit.when(), "a wait timed out early");
    }
    if (clock::now() - limit.when() > std::chrono::milliseconds(50)) ++all.late;
    all.guard.tick();
  }
}

void giver(shared_state& all, std::uint64_t stream) {
  random_numbers random(stream);
  while (!all.over) {
    all.queues[random.below(4)].put();
    ++all.put;
    random.once_in(4) ? this_fiber::sleep_until(random_limit(random)) : this_fiber::yield();
    test::spin(random.below(20'000));
  }
}

void hog(shared_state& all, std::uint64_t stream) {
  random_numbers random(stream);
  while (!all.over) {
    this_fiber::sleep_for(std::chrono::microseconds(random.below(20'000)));
    const clock::time_point until = clock::now() + std::chrono::microseconds(random.below(10'000));
    while (clock::now() < until) test::spin(100);
  }
}

/// A sleeper that is cancelled at random moments, again and again.
void cancelled_sleeper(shared_state& all, runtime& home, std::uint64_t stream) {
  random_numbers random(stream);
  while (!all.over) {
    task<void> victim = home.spawn([limit = random_limit(random)] {
      this_fiber::sleep_until(limit);
      require(clock::now() >= limit.when(), "a sleep ended early");
    });
    this_fiber::sleep_until(random_limit(random));
    victim.cancel();
    try {
      victim.join();
    } catch (const task_cancelled&) {
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 200'000, .loops = 3});
  shared_state all;
  stress::round_counter rounds(asked);
  runtime home(stress::with_loops(asked.loops));
  const stress::watchdog::watching watched(all.guard, home);
  std::vector<task<void>> sleepers;
  std::vector<task<void>> others;
  for (std::uint64_t n = 1; n <= 200; ++n) {
    sleepers.push_back(home.spawn([&, n] { sleeper(all, rounds, n); }));
  }
  for (std::uint64_t n = 1000; n < 1004; ++n) {
    others.push_back(home.spawn([&, n] { giver(all, n); }));
    others.push_back(home.spawn([&, n] { cancelled_sleeper(all, home, n + 1000); }));
  }
  others.push_back(home.spawn([&] { hog(all, 5000); }));
  for (auto& each : sleepers) each.join();
  all.over = true;
  for (auto& each : others) each.join();
  std::uint64_t kept = 0;
  for (const counter_queue& each : all.queues) kept += each.kept();
  require(all.put == all.taken + kept, "something was lost or received twice");
  const loop_stats total = home.stats().total();
  std::printf("%llu waits, %llu over 50 ms late; %llu timers fired, %llu for another loop\n",
              static_cast<unsigned long long>(rounds.done()),
              static_cast<unsigned long long>(all.late.load()),
              static_cast<unsigned long long>(total.timers),
              static_cast<unsigned long long>(total.stolen_timers));
  return 0;
}
