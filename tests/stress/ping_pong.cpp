// SPDX-License-Identifier: MIT
// Lost wake-ups: balls go to and fro between fibers of two runtimes and plain threads, with random
// pauses, time-outs, and players that are cancelled and replaced while they wait. A wake-up that is
// lost stops a ball, and the watchdog ends the program; one that is delivered twice makes a second
// ball, which `in_hand` finds.
#include "stress/stress.hpp"

#include <array>
#include <functional>
#include <memory>
#include <optional>

namespace {

using namespace heddle;
using namespace std::chrono_literals;
using stress::require;
using test::random_numbers;

/// One side of a table: holds the ball until its player comes, or hands it to the player that
/// waits.
class mailbox {
 public:
  bool take(deadline limit) {
    return waiters_.wait_unless([this]() noexcept { return std::exchange(full_, false); }, limit) ==
           wake_reason::event;
  }
  void put() noexcept {
    waiters_.wake_one([this](bool handed_over) noexcept {
      if (!handed_over) full_ = true;
    });
  }

 private:
  wait_queue waiters_;
  bool full_ = false;
};

struct table {
  std::array<mailbox, 2> sides;
  std::atomic<bool> in_hand{false};
  std::atomic<bool> over{false};
  std::int64_t left = 0;  // rounds; touched by who holds the ball
};

struct run_state {
  stress::watchdog guard;
  std::atomic<std::uint64_t> streams{0};
};

void pause(random_numbers& random, bool may_suspend) {
  if (random.once_in(4)) test::spin(random.below(3'000));
  if (!may_suspend) return;
  if (random.once_in(8)) this_fiber::yield();
  if (random.once_in(2'000)) this_fiber::sleep_for(std::chrono::microseconds(random.below(200)));
}

void take_ball(table& at, mailbox& mine, random_numbers& random) {
  for (;;) {
    const deadline limit = random.once_in(4)
                               ? deadline::after(std::chrono::microseconds(random.below(80)))
                               : deadline::never();
    if (mine.take(limit)) break;
  }
  require(!at.in_hand.exchange(true), "two balls on one table: a wake-up was delivered twice");
}

void play(run_state& all, table& at, std::size_t side, bool on_fiber) {
  random_numbers random(all.streams.fetch_add(1) + 1);
  while (!at.over.load()) {
    pause(random, on_fiber);
    take_ball(at, at.sides[side], random);
    pause(random, false);
    if (--at.left <= 0) at.over = true;
    at.in_hand = false;
    at.sides[1 - side].put();
    all.guard.tick();
  }
}

/// Keeps a fiber playing: cancels it now and then, and sends in another.
void referee(run_state& all, table& at, std::size_t side, runtime& home, bool may_suspend) {
  random_numbers random(all.streams.fetch_add(1) + 1'000'000);
  const auto send_in = [&] { return home.spawn([&] { play(all, at, side, true); }); };
  task<void> player = send_in();
  while (!at.over.load()) {
    if (may_suspend) {
      this_fiber::sleep_for(std::chrono::microseconds(random.below(2'000)));
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(random.below(2'000)));
    }
    if (random.once_in(2)) continue;
    player.cancel();
    try {
      player.join();
      require(at.over.load(), "a player left before the end");
    } catch (const task_cancelled&) {
    }
    player = send_in();
  }
  player.join();
}

enum class player_kind { fiber, fiber_of_other, thread };

void one_table(run_state& all, table& at, std::array<runtime*, 2> homes,
               std::array<player_kind, 2> kinds, std::vector<task<void>>& fibers,
               std::vector<std::thread>& threads) {
  for (std::size_t side = 0; side < 2; ++side) {
    runtime& home = *homes[kinds[side] == player_kind::fiber_of_other ? 1 : 0];
    if (kinds[side] == player_kind::thread) {
      threads.emplace_back([&all, &at, side] { play(all, at, side, false); });
    } else if (side == 0) {
      fibers.push_back(home.spawn([&all, &at, &home] { referee(all, at, 0, home, true); }));
    } else {
      threads.emplace_back([&all, &at, &home] { referee(all, at, 1, home, false); });
    }
  }
  at.sides[0].put();
}

/// Plays on some tables at once. Returns how many balls were passed.
std::uint64_t match(run_state& all, std::array<runtime*, 2> homes, random_numbers& random) {
  constexpr std::int64_t rounds_of_a_table = test::sanitized ? 500 : 5'000;
  const std::uint32_t tables = 1 + random.below(4);
  std::vector<std::unique_ptr<table>> all_tables;
  std::vector<std::thread> threads;
  {
    std::vector<task<void>> fibers;
    for (std::uint32_t n = 0; n < tables; ++n) {
      table& at = *all_tables.emplace_back(std::make_unique<table>());
      at.left = rounds_of_a_table;
      const auto other = static_cast<player_kind>(random.below(3));
      one_table(all, at, homes, {player_kind::fiber, other}, fibers, threads);
    }
    for (auto& each : fibers) each.join();
  }
  for (std::thread& each : threads) each.join();
  return tables * static_cast<std::uint64_t>(rounds_of_a_table);
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 1'000'000, .loops = 2});
  const auto until = std::chrono::steady_clock::now() + asked.minutes;
  const bool by_time = asked.minutes.count() > 0;
  run_state all;
  runtime first(stress::with_loops(asked.loops));
  runtime second(stress::with_loops(1));
  const stress::watchdog::watching one(all.guard, first);
  const stress::watchdog::watching two(all.guard, second);
  random_numbers random(0);
  std::uint64_t passed = 0;
  while (by_time ? std::chrono::steady_clock::now() < until : passed < asked.rounds) {
    passed += match(all, {&first, &second}, random);
  }
  std::printf("%llu balls passed, none lost\n", static_cast<unsigned long long>(passed));
  return 0;
}
