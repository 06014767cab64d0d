// SPDX-License-Identifier: MIT
// Locks under contention from fibers of two runtimes and plain threads, which give up, time out and
// are cancelled at random: never two holders, nothing lost, and free at the end.
#include "stress/stress.hpp"

#include <heddle/sync/condition_variable.hpp>
#include <heddle/sync/mutex.hpp>
#include <heddle/sync/shared_mutex.hpp>

#include <mutex>
#include <shared_mutex>

namespace {

using namespace heddle;
using stress::require;
using test::random_numbers;

/// What the locks guard, and how often each guarded thing was done by whom.
struct guarded {
  sync::timed_mutex one;
  std::atomic<int> in_one{0};
  std::uint64_t under_one = 0;
  std::atomic<std::uint64_t> counted_one{0};

  sync::shared_mutex many;
  std::atomic<int> readers{0};
  std::atomic<int> writers{0};
  std::uint64_t under_many = 0;
  std::atomic<std::uint64_t> counted_many{0};

  // A box for one item, under `one`.
  sync::condition_variable changed;
  bool full = false;
  std::uint64_t put = 0;
  std::uint64_t taken = 0;

  std::atomic<std::uint64_t> timed_out{0};  // waits that came too late
  std::atomic<std::uint64_t> moved_on{0};   // steps that the scope around them cancelled
  std::atomic<std::uint64_t> cancelled{0};  // fibers that their owner cancelled
};

/// Says whether `guard` owns its lock; counts it if not.
template <class Guard>
bool owns(guarded& all, const Guard& guard) {
  if (!guard.owns_lock()) ++all.timed_out;
  return guard.owns_lock();
}

std::chrono::microseconds some_time(random_numbers& random) {
  return std::chrono::microseconds(random.below(40));
}

void hold_one(guarded& all, random_numbers& random, bool on_fiber) {
  const std::unique_lock guard(all.one, some_time(random));
  if (!owns(all, guard)) return;
  require(++all.in_one == 1, "two hold a mutex");
  ++all.under_one;
  ++all.counted_one;
  --all.in_one;
  if (on_fiber && random.once_in(8)) this_fiber::yield();
}

void write_many(guarded& all, random_numbers& random) {
  const std::unique_lock guard(all.many, some_time(random));
  if (!owns(all, guard)) return;
  require(++all.writers == 1 && all.readers == 0, "a writer is not alone");
  ++all.under_many;
  ++all.counted_many;
  --all.writers;
}

void read_many(guarded& all, random_numbers& random, bool on_fiber) {
  const std::shared_lock guard(all.many, some_time(random));
  if (!owns(all, guard)) return;
  const struct reading {
    std::atomic<int>& readers;
    explicit reading(std::atomic<int>& count) : readers(count) { ++readers; }
    ~reading() { --readers; }
  } here(all.readers);
  require(all.writers == 0, "a reader beside a writer");
  if (on_fiber && random.once_in(8)) this_fiber::yield();
}

/// Puts into the box or takes out of it; gives up after some time. Wakes all, because who is woken
/// may be one who gives up.
void use_box(guarded& all, random_numbers& random) {
  std::unique_lock guard(all.one, some_time(random));
  if (!owns(all, guard)) return;
  const bool puts = random.below(2) == 0;
  if (!all.changed.wait_for(guard, some_time(random), [&] { return all.full != puts; })) {
    ++all.timed_out;
    return;
  }
  all.full = puts;
  ++(puts ? all.put : all.taken);
  all.changed.notify_all();
}

void act(guarded& all, random_numbers& random, bool on_fiber) {
  switch (random.below(4)) {
    case 0:
      return hold_one(all, random, on_fiber);
    case 1:
      return write_many(all, random);
    case 2:
      return read_many(all, random, on_fiber);
    default:
      return use_box(all, random);
  }
}

constexpr std::uint64_t steps_of_one = 100;

/// A task's worth of steps, in part inside scopes that time out; its owner may cancel it.
void work(guarded& all, stress::watchdog& guard, std::uint64_t stream) {
  random_numbers random(stream);
  for (std::uint64_t step = 0; step < steps_of_one; ++step) {
    if (random.below(2) == 0) {
      act(all, random, true);
    } else {
      if (!move_on_after(some_time(random), [&] { act(all, random, true); })) ++all.moved_on;
    }
  }
  guard.tick();
}

void run_rounds(runtime& home, guarded& all, stress::watchdog& guard, stress::round_counter& rounds,
                std::uint64_t stream) {
  home.run([&] {
    random_numbers random(stream);
    while (rounds.next()) {
      std::vector<task<void>> fibers;
      for (int n = 0; n < 10; ++n) {
        const std::uint64_t own = random.next();
        fibers.push_back(spawn([&, own] { work(all, guard, own); }));
      }
      for (auto& each : fibers) {
        if (random.once_in(4)) {
          this_fiber::yield();
          each.cancel();
        }
      }
      for (auto& each : fibers) {
        try {
          each.join();
        } catch (const task_cancelled&) {
          ++all.cancelled;
        }
      }
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 200});
  stress::watchdog guard;
  stress::round_counter rounds(asked);
  guarded all;
  runtime here(stress::with_loops(asked.loops));
  runtime there(stress::with_loops(1));
  const stress::watchdog::watching watch_here(guard, here);
  const stress::watchdog::watching watch_there(guard, there);
  std::atomic<bool> over{false};
  std::thread plain([&] {
    random_numbers random(1);
    while (!over) act(all, random, false);
  });
  std::thread other([&] { run_rounds(there, all, guard, rounds, 2); });
  run_rounds(here, all, guard, rounds, 3);
  other.join();
  over = true;
  plain.join();
  require(all.under_one == all.counted_one, "a mutex let two in");
  require(all.under_many == all.counted_many, "a shared_mutex let two writers in");
  require(all.put == all.taken + (all.full ? 1 : 0), "the box has lost or doubled an item");
  require(all.one.try_lock() && all.many.try_lock(), "a lock is still held");
  all.one.unlock();
  all.many.unlock();
  require(all.under_one > 0 && all.under_many > 0 && all.taken > 0, "this run has tested nothing");
  require(all.timed_out > 0 && all.moved_on > 0 && all.cancelled > 0, "nobody ever gave up");
  const auto number = [](std::uint64_t count) { return static_cast<unsigned long long>(count); };
  std::printf(
      "%llu rounds of 10 fibers x %llu steps: mutex %llu, writers %llu, box %llu; %llu waits timed "
      "out, %llu steps and %llu fibers were cancelled\n",
      number(rounds.done()), number(steps_of_one), number(all.under_one), number(all.under_many),
      number(all.taken), number(all.timed_out), number(all.moved_on), number(all.cancelled));
  return 0;
}
