// SPDX-License-Identifier: MIT
// Selects, sends and receives on shared channels, from fibers of two runtimes and plain threads,
// under random cancels, time-outs and closes: each value that was made is received once, or left in
// a channel, or kept by its sender.
#include <heddle/sync/channel.hpp>
#include <heddle/sync/event.hpp>
#include <heddle/sync/select.hpp>

#include "stress/stress.hpp"

#include <array>
#include <memory>
#include <optional>

namespace {

using namespace heddle;
using stress::require;
using sync::channel;
using test::random_numbers;
using value = std::unique_ptr<std::uint32_t>;

constexpr std::size_t channels = 4;
constexpr int players_each = 8;
constexpr int turns = test::sanitized ? 200 : 1'000;
constexpr std::size_t most_values = std::size_t{turns} * (2 * players_each + 2);

/// One round: its channels, some of which close in the middle of it, and where each value ended.
struct round_state {
  std::array<std::unique_ptr<channel<value>>, channels> all{
      std::make_unique<channel<value>>(0), std::make_unique<channel<value>>(0),
      std::make_unique<channel<value>>(1), std::make_unique<channel<value>>(16)};
  sync::event bell;
  std::atomic<std::uint32_t> made{0};
  std::atomic<std::uint32_t> received{0};
  std::atomic<std::uint32_t> timed_out{0};
  std::atomic<std::uint32_t> found_closed{0};
  std::atomic<std::uint32_t> cancelled{0};
  std::vector<std::atomic<std::uint8_t>> ended =
      std::vector<std::atomic<std::uint8_t>>(most_values);

  void enter(const value& one) noexcept {
    if (one != nullptr) ended[*one].fetch_add(1, std::memory_order_relaxed);
  }
  void enter(const std::optional<value>& got) noexcept {
    if (!got.has_value()) return;
    enter(*got);
    received.fetch_add(1, std::memory_order_relaxed);
  }
};

channel<value>& any_of(round_state& now, random_numbers& random) {
  return *now.all[random.below(channels)];
}

void send(round_state& now, random_numbers& random, value& mine) {
  channel<value>& first = any_of(now, random);
  channel<value>& second = any_of(now, random);
  const auto soon = std::chrono::microseconds(random.below(100));
  const auto nothing = [] {};
  const auto late = [&] { ++now.timed_out; };
  const auto enter = [&](std::optional<value> got) { now.enter(got); };
  switch (random.below(4)) {
    case 0:
      if (!first.send_for(mine, soon)) ++now.timed_out;
      return;
    case 1:
      sync::select(sync::on_send(first, mine, nothing), sync::on_send(second, mine, nothing),
                   sync::on_timeout(soon, late), sync::on_event(now.bell, nothing));
      return;
    case 2:
      sync::select(sync::on_send(first, mine, nothing), sync::on_receive(first, enter),
                   sync::on_receive(second, enter), sync::on_timeout(soon, late));
      return;
    default:
      sync::select(sync::on_send(first, mine, nothing), sync::otherwise(nothing));
  }
}

void receive(round_state& now, random_numbers& random) {
  channel<value>& first = any_of(now, random);
  channel<value>& second = any_of(now, random);
  const auto soon = std::chrono::microseconds(random.below(100));
  const auto enter = [&](std::optional<value> got) { now.enter(got); };
  if (random.once_in(2)) {
    now.enter(first.receive_for(soon));
    return;
  }
  sync::select(sync::on_receive(first, enter), sync::on_receive(second, enter),
               sync::on_timeout(soon, [&] { ++now.timed_out; }));
}

void turn(round_state& now, random_numbers& random) {
  if (random.once_in(64)) random.once_in(2) ? now.bell.set() : now.bell.reset();
  if (random.once_in(2)) return receive(now, random);
  auto mine = std::make_unique<std::uint32_t>(now.made.fetch_add(1));
  try {
    send(now, random, mine);
  } catch (const sync::channel_closed&) {
    ++now.found_closed;
  } catch (const cancelled&) {
    now.enter(mine);
    throw;
  }
  now.enter(mine);
}

/// A player in a fiber: many of its turns are cancelled at some moment, by a child that it spawns.
void play(round_state& now, stress::watchdog& guard, std::uint64_t stream) {
  random_numbers random(stream);
  for (int n = 0; n < turns; ++n) {
    if (random.once_in(4)) {
      cancel_scope scope;
      auto canceller = spawn([&scope, wait = random.below(2'000)] {
        test::spin(wait);
        scope.cancel();
      });
      if (!scope.run([&] { turn(now, random); })) ++now.cancelled;
      canceller.join();
    } else {
      turn(now, random);
    }
    guard.tick();
  }
}

/// What all rounds have seen.
struct sums {
  std::uint64_t received = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t found_closed = 0;
  std::uint64_t cancelled = 0;
};

void one_round(stress::watchdog& guard, unsigned loops, std::uint64_t stream, sums& all) {
  round_state now;
  runtime first(stress::with_loops(1));
  runtime second(stress::with_loops(loops));
  const stress::watchdog::watching watched_first(guard, first);
  const stress::watchdog::watching watched_second(guard, second);
  std::vector<task<void>> fibers;
  for (int n = 0; n < players_each; ++n) {
    fibers.push_back(first.spawn([&, mine = ++stream] { play(now, guard, mine); }));
    fibers.push_back(second.spawn([&, mine = ++stream] { play(now, guard, mine); }));
  }
  std::vector<std::thread> threads;
  for (int n = 0; n < 2; ++n) {
    threads.emplace_back([&, mine = ++stream] {
      random_numbers random(mine);
      for (int k = 0; k < turns; ++k) turn(now, random);
    });
  }
  fibers.back().join();
  fibers.pop_back();
  now.all[0]->close();  // of each kind one, while the others are at it
  now.all[2]->close();
  for (auto& each : fibers) each.join();
  for (auto& each : threads) each.join();
  for (auto& each : now.all) {
    each->close();
    while (auto left = each->receive()) now.enter(*left);
  }
  for (std::uint32_t n = 0; n < now.made; ++n) {
    require(now.ended[n] != 0, "a value was lost");
    require(now.ended[n] == 1, "a value came twice");
  }
  all.received += now.received;
  all.timed_out += now.timed_out;
  all.found_closed += now.found_closed;
  all.cancelled += now.cancelled;
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 20, .loops = 2});
  stress::watchdog guard;
  stress::round_counter rounds(asked);
  std::uint64_t stream = 1;
  sums all;
  while (rounds.next()) one_round(guard, asked.loops, stream += 1'000, all);
  require(all.received > 0 && all.timed_out > 0 && all.found_closed > 0 && all.cancelled > 0,
          "one way to end a turn has never been taken: this run has tested too little");
  const auto number = [](std::uint64_t count) { return static_cast<unsigned long long>(count); };
  std::printf(
      "%llu rounds: %llu values received, %llu turns timed out, %llu were cancelled, %llu "
      "found a channel closed\n",
      number(rounds.done() - 1), number(all.received), number(all.timed_out), number(all.cancelled),
      number(all.found_closed));
  return 0;
}
