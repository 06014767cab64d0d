// SPDX-License-Identifier: MIT
// More loops than cores, and all work begins on one of them: each task must run exactly once,
// whoever takes it, from the deque, the fifo, the global queue or an inbox, also as the last one
// there.
#include "stress/stress.hpp"

#include <memory>

namespace {

using namespace heddle;
using stress::require;
using test::random_numbers;

struct storm {
  explicit storm(std::uint64_t tasks) : size(tasks), ran(new std::atomic<std::uint8_t>[tasks] {}) {}
  std::uint64_t size;
  std::unique_ptr<std::atomic<std::uint8_t>[]> ran;
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> migrated{0};
};

void mark(storm& all, std::uint64_t number) {
  require(all.ran[number].exchange(1) == 0, "a task ran twice");
}

/// A burst of children, some of which burst themselves; some yield, so that fibers are stolen too.
void burst(storm& all, stress::watchdog& guard, std::uint64_t stream, unsigned loops, int depth) {
  random_numbers random(stream);
  std::vector<task<void>> children;
  const std::uint32_t wanted = 1 + random.below(64);
  for (std::uint32_t n = 0; n < wanted; ++n) {
    const std::uint64_t number = all.next.fetch_add(1);
    if (number >= all.size) break;
    spawn_options how;
    if (random.once_in(50)) how.loop = random.below(loops);
    if (random.once_in(50)) how.pinned = true;
    const bool deeper = depth > 0 && random.once_in(8);
    const std::uint32_t yields = random.once_in(4) ? random.below(4) : 0;
    children.push_back(spawn(how, [&all, &guard, number, loops, depth, deeper, yields] {
      mark(all, number);
      const auto thread = test::thread_now();
      for (std::uint32_t left = yields; left > 0; --left) this_fiber::yield();
      if (yields > 0 && test::thread_now() != thread) ++all.migrated;
      if (deeper) burst(all, guard, number + 1'000'000'000, loops, depth - 1);
    }));
    if (random.once_in(16)) test::spin(random.below(2'000));
  }
  while (!children.empty()) {
    const std::size_t at = random.below(static_cast<std::uint32_t>(children.size()));
    std::swap(children[at], children.back());
    children.back().join();
    children.pop_back();
  }
  guard.tick();
}

void one_storm(stress::watchdog& guard, unsigned loops, std::uint64_t tasks, std::uint64_t stream,
               std::uint64_t& migrated) {
  storm all(tasks);
  runtime home(stress::with_loops(loops));
  const stress::watchdog::watching watched(guard, home);
  home.run([&] {
    for (std::uint64_t n = 0; all.next < all.size; ++n) {
      burst(all, guard, stream + n, loops, 3);
      if (n % 8 == 0) this_fiber::sleep_for(std::chrono::microseconds(100));  // let all loops park
    }
  });
  for (std::uint64_t n = 0; n < all.size; ++n) require(all.ran[n] == 1, "a task never ran");
  migrated += all.migrated;
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 20, .loops = 8});
  stress::watchdog guard;
  stress::round_counter rounds(asked);
  constexpr std::uint64_t tasks = test::sanitized ? 20'000 : 100'000;
  std::uint64_t stream = 1;
  std::uint64_t migrated = 0;
  while (rounds.next()) one_storm(guard, asked.loops, tasks, stream += 1'000'000, migrated);
  require(migrated > 0, "nothing was ever stolen: this run has tested nothing");
  std::printf("%llu storms of %llu tasks, %llu fibers moved\n",
              static_cast<unsigned long long>(rounds.done() - 1),
              static_cast<unsigned long long>(tasks), static_cast<unsigned long long>(migrated));
  return 0;
}
