// SPDX-License-Identifier: MIT
// Trees of fork_join and of groups, whose branches yield, sleep, wait for a lock, make calls on
// both pools, fail, and are cancelled from outside and by deadlines, on loops that steal from one
// another. Each branch runs once if its fork returns, and at most once if it throws; whoever has
// begun has ended when the tree has; no call to a pool outlives its caller.
#include "stress/stress.hpp"

#include <heddle/sync/mutex.hpp>

#include <array>
#include <stdexcept>

namespace {

using namespace heddle;
using stress::require;
using test::random_numbers;

struct planned_failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct books {
  std::atomic<std::uint64_t> begun{0};
  std::atomic<std::uint64_t> ended{0};
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> cut{0};
  sync::mutex lock;
  std::uint64_t inside = 0;  // under lock
  stress::watchdog guard;
};

/// Counts a body, and that it is called once.
class present {
 public:
  present(books& in, std::atomic<int>& times) : in_(in) {
    ++in_.begun;
    require(times.fetch_add(1) == 0, "a branch has run twice");
  }
  ~present() { ++in_.ended; }
  present(const present&) = delete;
  present& operator=(const present&) = delete;

 private:
  books& in_;
};

void call_a_pool(books& all, random_numbers& random) {
  int made = 0;
  const auto body = [&] {
    ++made;
    ++all.calls;
  };
  switch (random.below(3)) {
    case 0:
      blocking(body);
      break;
    case 1:
      cpu(body);
      break;
    default:
      parallel_for(0, 1, [&](int) { body(); });
  }
  require(made == 1, "a call has returned that was not made once");
}

void leaf(books& all, random_numbers& random) {
  switch (random.below(12)) {
    case 0:
      return this_fiber::yield();
    case 1:
      return this_fiber::sleep_for(std::chrono::microseconds(random.below(100)));
    case 2: {
      const std::lock_guard guard(all.lock);
      require(++all.inside == 1, "two fibers hold the lock");
      if (random.once_in(2)) shield([] { this_fiber::yield(); });
      --all.inside;
      return;
    }
    case 3:
      return random.once_in(8) ? call_a_pool(all, random) : this_fiber::checkpoint();
    case 4:
      if (random.once_in(40)) throw planned_failure("planned");
      return;
    default:
      return test::spin(random.below(100));
  }
}

void grow(books& all, std::uint64_t stream, int depth);

/// The children of one node, by one of the ways to have them.
void grow_children(books& all, random_numbers& random, int depth) {
  std::array<std::atomic<int>, 3> times{};
  const auto child = [&all, &times, depth](std::size_t n, std::uint64_t stream) {
    return [&all, &times, depth, n, stream] {
      const present here(all, times[n]);
      grow(all, stream, depth - 1);
    };
  };
  const std::array streams{random.next(), random.next(), random.next()};
  if (random.once_in(4)) {
    task_group group;
    for (std::size_t n = 0; n < streams.size(); ++n) group.spawn(child(n, streams[n]));
    group.join();
  } else {
    fork_join(child(0, streams[0]), child(1, streams[1]), child(2, streams[2]));
  }
  for (const auto& each : times) require(each == 1, "a branch has not run once");
}

void grow(books& all, std::uint64_t stream, int depth) {
  random_numbers random(stream);
  all.guard.tick();
  leaf(all, random);
  if (depth > 0 && !random.once_in(6)) grow_children(all, random, depth);
  if (random.once_in(4)) leaf(all, random);
}

void one_tree(books& all, random_numbers& random) {
  try {
    const auto whole = [&all, stream = random.next()] { grow(all, stream, 5); };
    if (random.once_in(3)) {
      const auto patience = std::chrono::microseconds(random.below(2000));
      if (!move_on_after(patience, whole)) ++all.cut;
    } else {
      whole();
    }
  } catch (const planned_failure&) {
    ++all.failed;
  }
}

void one_tree_in_a_task(books& all, random_numbers& random) {
  task<void> tree = spawn([&all, stream = random.next()] {
    random_numbers mine(stream);
    one_tree(all, mine);
  });
  this_fiber::sleep_for(std::chrono::microseconds(random.below(1000)));
  tree.cancel();
  try {
    tree.join();
  } catch (const task_cancelled&) {
    ++all.cut;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 1000, .loops = 3});
  books all;
  config settings = stress::with_loops(asked.loops);
  settings.max_blocking_threads = 2;
  settings.blocking_keep_alive = std::chrono::milliseconds(1);
  settings.cpu_threads = 2;
  settings.on_stall = [](const stall_report&) {};
  stress::round_counter rounds(asked);
  {
    runtime home(settings);
    const auto watched = stress::watchdog::watching(all.guard, home);
    home.run([&] {
      task_group gardeners;
      for (std::uint64_t n = 0; n < 4; ++n) {
        gardeners.spawn([&all, &rounds, n] {
          random_numbers random(n);
          while (rounds.next()) {
            random.once_in(4) ? one_tree_in_a_task(all, random) : one_tree(all, random);
          }
        });
      }
      gardeners.join();
    });
  }
  require(all.begun == all.ended, "a body has not ended");
  std::printf("%llu trees, %llu branches, %llu calls, %llu failed, %llu cut short\n",
              static_cast<unsigned long long>(rounds.done()),
              static_cast<unsigned long long>(all.begun.load()),
              static_cast<unsigned long long>(all.calls.load()),
              static_cast<unsigned long long>(all.failed.load()),
              static_cast<unsigned long long>(all.cut.load()));
}
