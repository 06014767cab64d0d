// SPDX-License-Identifier: MIT
// Tasks of every shape are spawned, joined, cancelled, dropped, detached and handed on, from fibers
// and from plain threads, three deep, in a runtime of some loops and in one of a single loop, also
// from one into the other. At the end the books must balance: every body started and was destroyed
// once, every value arrived, every error was met once, by a joiner or by on_unhandled. And in a run
// of ten seconds or more nothing may pile up: threads, descriptors, mappings, memory
// (holdings.hpp).
#include "stress/holdings.hpp"
#include "stress/stress.hpp"

#include <array>
#include <functional>
#include <stdexcept>
#include <utility>

namespace {

using namespace heddle;
using stress::require;
using test::random_numbers;

struct books {
  std::atomic<std::uint64_t> spawned{0};
  std::atomic<std::uint64_t> started{0};
  std::atomic<std::uint64_t> alive{0};  // captures that exist
  std::atomic<std::uint64_t> thrown{0};
  std::atomic<std::uint64_t> caught{0};
  std::atomic<std::uint64_t> unhandled{0};
  std::atomic<std::uint64_t> streams{1};
  stress::watchdog guard;
  wait_queue never;  // nobody wakes it
};

/// A capture that counts itself.
class token {
 public:
  explicit token(books& in) : in_(&in) { ++in_->alive; }
  token(token&& other) noexcept : in_(std::exchange(other.in_, nullptr)) {}
  token& operator=(token&&) = delete;
  ~token() {
    if (in_ != nullptr) --in_->alive;
  }

 private:
  books* in_;
};

struct planned_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class shape { returns, yields, sleeps, waits, throws, swallows, spawns, count };

std::uint64_t act(books& all, shape form, std::uint64_t value, int depth);

task<std::uint64_t> begin(books& all, random_numbers& random, runtime& home, shape form,
                          std::uint64_t value, int depth) {
  spawn_options how;
  if (random.once_in(8)) how.name = "churned";
  if (random.once_in(16)) how.stack_bytes = 32 * 1024;
  if (random.once_in(8)) how.pinned = true;
  if (random.once_in(8)) how.loop = random.below(home.settings().loops);
  ++all.spawned;
  return home.spawn(how, [&all, held = token(all), form, value, depth] {
    ++all.started;
    return act(all, form, value, depth);
  });
}

/// Joins, and checks what comes out against what was asked for.
void settle(books& all, task<std::uint64_t>& child, std::uint64_t value, bool was_cancelled) {
  try {
    require(child.join() == value, "a task gave another's value");
  } catch (const planned_error& error) {
    ++all.caught;
    require(error.what() == std::to_string(value), "a task gave another's error");
  } catch (const task_cancelled&) {
    require(was_cancelled, "a task was cancelled that nobody cancelled");
  }
}

/// Lets another fiber join, and cancels that one: the task must stay joinable.
void join_by_a_cancelled_fiber(books& all, random_numbers& random, runtime& home,
                               task<std::uint64_t>& child, std::uint64_t value) {
  std::atomic<bool> settled{false};
  {
    task<void> joiner = home.spawn([&] {
      settle(all, child, value, false);
      settled = true;
    });
    test::spin(random.below(2'000));
    joiner.cancel();
    try {
      joiner.join();
    } catch (const task_cancelled&) {
    }
  }
  if (settled) return;
  child.cancel();
  settle(all, child, value, true);
}

void one_child(books& all, random_numbers& random, runtime& home, int depth, bool on_fiber) {
  const auto form = static_cast<shape>(random.below(static_cast<std::uint32_t>(shape::count)));
  const std::uint64_t value = random.next();
  task<std::uint64_t> child = begin(all, random, home, form, value, depth);
  if (on_fiber && random.once_in(4)) this_fiber::yield();
  const bool ends = form != shape::waits && form != shape::swallows;
  switch (random.below(6)) {
    case 0:
      if (!ends) child.cancel();
      settle(all, child, value, !ends);
      return;
    case 1:
      child.cancel();
      settle(all, child, value, true);
      return;
    case 2:
      test::spin(random.below(3'000));
      child.cancel();
      if (random.once_in(2)) child.cancel();
      settle(all, child, value, true);
      return;
    case 3:
      if (ends) child.detach();
      return;
    case 4: {
      task<std::uint64_t> moved = std::move(child);
      return;  // dropped
    }
    default:
      if (ends) join_by_a_cancelled_fiber(all, random, home, child, value);
      return;
  }
}

void swallow_cancellations(books& all) {
  for (int met = 0; met < 5;) {
    try {
      all.never.wait_unless([]() noexcept { return false; });
    } catch (const cancelled&) {
      ++met;
    }
  }
}

std::uint64_t act(books& all, shape form, std::uint64_t value, int depth) {
  random_numbers random(all.streams.fetch_add(1));
  switch (form) {
    case shape::yields:
      for (std::uint32_t n = random.below(8); n > 0; --n) this_fiber::yield();
      break;
    case shape::sleeps:
      this_fiber::sleep_for(std::chrono::microseconds(random.below(300)));
      break;
    case shape::waits:
      all.never.wait_unless([]() noexcept { return false; });
      break;
    case shape::throws:
      if (random.once_in(2)) this_fiber::yield();
      ++all.thrown;
      throw planned_error(std::to_string(value));
    case shape::swallows:
      swallow_cancellations(all);
      break;
    case shape::spawns:
      if (depth == 0) break;
      for (std::uint32_t n = random.below(4); n > 0; --n) {
        one_child(all, random, runtime::current(), depth - 1, true);
      }
      break;
    default:
      break;
  }
  all.guard.tick();
  return value;
}

using runtimes = std::array<std::reference_wrapper<runtime>, 2>;

void work(books& all, stress::round_counter& rounds, runtimes homes, bool on_fiber) {
  random_numbers random(all.streams.fetch_add(1));
  while (rounds.next()) {
    one_child(all, random, homes[random.below(2)], 3, on_fiber);
    all.guard.tick();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 300'000, .loops = 2});
  books all;
  stress::round_counter rounds(asked);
  config settings = stress::with_loops(asked.loops);
  settings.on_unhandled = [&all](const unhandled_error&) { ++all.unhandled; };
  stress::holdings held;
  {
    runtime many(settings);
    settings.loops = 1;
    runtime lone(settings);
    const stress::watchdog::watching watched_many(all.guard, many);
    const stress::watchdog::watching watched_lone(all.guard, lone);
    const runtimes homes{many, lone};
    std::vector<std::thread> threads;
    for (int n = 0; n < 2; ++n) {
      threads.emplace_back([&] { work(all, rounds, homes, false); });
    }
    std::vector<task<void>> fibers;
    for (std::size_t n = 0; n < 4; ++n) {
      runtime& home = homes[n % 2];
      fibers.push_back(home.spawn([&] { work(all, rounds, homes, true); }));
    }
    for (auto& each : fibers) each.join();
    for (auto& each : threads) each.join();
  }
  held.require_flat();
  require(all.alive == 0, "a capture was lost or destroyed twice");
  require(all.started == all.spawned, "a task never ran, or ran twice");
  require(all.thrown == all.caught + all.unhandled, "an error was lost or reported twice");
  std::printf("%llu tasks, %llu errors (%llu unhandled), all accounted for\n",
              static_cast<unsigned long long>(all.spawned),
              static_cast<unsigned long long>(all.thrown),
              static_cast<unsigned long long>(all.unhandled));
  return 0;
}
