// SPDX-License-Identifier: MIT
// Runtimes of one to four loops start and stop, while plain threads and fibers still spawn. A spawn
// is either refused with shut_down, or its handle ends; every body that started is over when the
// destructor returns; nothing of a runtime stays behind: no thread, no descriptor, no mapping.
#include "stress/stress.hpp"

#include "runtime/support/process_counts.hpp"

#include <optional>

namespace {

using namespace heddle;
using stress::require;
using test::random_numbers;

struct totals {
  stress::watchdog guard;
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> ended{0};
  std::atomic<std::int64_t> running{0};  // bodies that started and are not over
  std::uint64_t streams = 1;
  wait_queue never;
};

class running_body {
 public:
  explicit running_body(totals& in) noexcept : in_(in) { ++in_.running; }
  ~running_body() { --in_.running; }
  running_body(const running_body&) = delete;
  running_body& operator=(const running_body&) = delete;

 private:
  totals& in_;
};

void live(totals& all, std::uint32_t kind) {
  const running_body counted(all);
  switch (kind) {
    case 0:
      return;
    case 1:
      this_fiber::yield();
      return;
    case 2:
      this_fiber::sleep_for(std::chrono::microseconds(50));
      return;
    case 3:
      all.never.wait_unless([]() noexcept { return false; });
      return;
    default:
      for (;;) this_fiber::yield();
  }
}

/// Spawns until the runtime refuses; then lets go of the handles in one way or another.
void spawn_until_refused(totals& all, runtime& home, std::uint64_t stream,
                         std::atomic<int>& spawning) {
  random_numbers random(stream);
  std::vector<task<void>> handles;
  try {
    for (;;) {
      const std::uint32_t kind = random.below(5);
      spawn_options how;
      if (random.once_in(4)) how.loop = 0;
      if (random.once_in(4)) how.pinned = true;
      task<void> one = home.spawn(how, [&all, kind] { live(all, kind); });
      ++all.accepted;
      if (random.once_in(4)) {
        one.detach();
        ++all.ended;
      } else {
        handles.push_back(std::move(one));
      }
      if (random.once_in(16)) std::this_thread::yield();
    }
  } catch (const shut_down&) {
    ++all.refused;
  }
  --spawning;
  for (task<void>& each : handles) {
    try {
      if (random.once_in(4)) {
        each = {};  // dropped
      } else {
        each.join();
      }
    } catch (const task_cancelled&) {
    }
    ++all.ended;
  }
}

void one_cycle(totals& all, random_numbers& random) {
  std::atomic<int> spawning{0};
  std::vector<std::thread> threads;
  {
    runtime home(stress::with_loops(1 + random.below(4)));
    const stress::watchdog::watching watched(all.guard, home);
    const std::uint32_t spawners = random.below(3);
    spawning = static_cast<int>(spawners);
    for (std::uint32_t n = 0; n < spawners; ++n) {
      threads.emplace_back(spawn_until_refused, std::ref(all), std::ref(home), ++all.streams,
                           std::ref(spawning));
    }
    home.spawn([&all] { live(all, 3); }).detach();
    test::spin(random.below(100'000));
    home.shutdown(std::chrono::microseconds(random.below(300)));
    while (spawning != 0) std::this_thread::yield();
  }
  require(all.running == 0, "a body goes on after its runtime's end");
  for (std::thread& each : threads) each.join();
  all.guard.tick();
}

void one_run(totals& all, random_numbers& random) {
  heddle::run(stress::with_loops(1 + random.below(4)), [&] {
    for (std::uint32_t n = random.below(20); n > 0; --n) {
      const std::uint32_t kind = random.below(5);
      heddle::spawn([&all, kind] { live(all, kind); }).detach();
    }
  });
  require(all.running == 0, "a body goes on after heddle::run");
  all.guard.tick();
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 10'000, .loops = 4});
  totals all;
  stress::round_counter rounds(asked);
  random_numbers random(0);
  for (int warm_up = 0; warm_up < 20; ++warm_up) one_cycle(all, random);
  const test::process_counts before = test::process_counts::now();
  while (rounds.next()) random.once_in(4) ? one_run(all, random) : one_cycle(all, random);
  const test::process_counts after = test::process_counts::now();
  require(all.accepted == all.ended, "a handle was lost");
  require(after.threads == before.threads, "threads stay behind");
  require(after.descriptors == before.descriptors, "descriptors stay behind");
  require(test::sanitized || after.mappings < before.mappings + 50, "mappings stay behind");
  std::printf("%llu runtimes, %llu tasks accepted, %llu times refused\n",
              static_cast<unsigned long long>(rounds.done()),
              static_cast<unsigned long long>(all.accepted),
              static_cast<unsigned long long>(all.refused));
  return 0;
}
