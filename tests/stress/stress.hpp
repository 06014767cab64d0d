// SPDX-License-Identifier: MIT
// What the stress programs share: their arguments, and a watchdog that ends a run that hangs.
// Invariants: (1) a program runs for --rounds N, or for --minutes N, and says by its exit status
// whether it passed; (2) its seed is printed first and is taken back by HEDDLE_SEED or --seed; (3)
// five seconds without a tick print all fibers of the watched runtimes and abort, so that there is
// a core to look at.
#pragma once

#include <heddle/runtime.hpp>

#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "runtime/support/thread_now.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace heddle::stress {

struct options {
  std::uint64_t rounds = 0;
  unsigned loops = 2;
  std::chrono::minutes minutes{0};  // > 0: in the place of rounds
};

/// Reads the arguments over `defaults`; a bad one ends the program. Prints the seed.
inline options parse(int argc, char** argv, options defaults) {
  options chosen = defaults;
  for (int n = 1; n < argc; n += 2) {
    const std::string_view name = argv[n];
    const bool known =
        name == "--rounds" || name == "--minutes" || name == "--loops" || name == "--seed";
    if (!known || n + 1 == argc) {
      std::fprintf(stderr, "usage: %s [--rounds N | --minutes N] [--loops N] [--seed N]\n",
                   argv[0]);
      std::exit(2);
    }
    const std::uint64_t value = std::strtoull(argv[n + 1], nullptr, 10);
    if (name == "--rounds") chosen.rounds = value;
    if (name == "--minutes") chosen.minutes = std::chrono::minutes(value);
    if (name == "--loops") chosen.loops = static_cast<unsigned>(value);
    if (name == "--seed") ::setenv("HEDDLE_SEED", argv[n + 1], 1);
  }
  std::printf("%s: %u loops, HEDDLE_SEED=%llu\n", argv[0], chosen.loops,
              static_cast<unsigned long long>(test::seed()));
  std::fflush(stdout);
  return chosen;
}

/// Counts the rounds of a run: a number of them, or as many as fit into the minutes asked for.
class round_counter {
 public:
  explicit round_counter(const options& asked) noexcept
      : by_time_(asked.minutes.count() > 0),
        left_(static_cast<std::int64_t>(asked.rounds)),
        until_(std::chrono::steady_clock::now() + asked.minutes) {}

  /// Takes one round; false if there is none left. From any thread.
  bool next() noexcept {
    done_.fetch_add(1, std::memory_order_relaxed);
    if (!by_time_) return left_.fetch_sub(1, std::memory_order_relaxed) > 0;
    return std::chrono::steady_clock::now() < until_;
  }
  std::uint64_t done() const noexcept { return done_.load(std::memory_order_relaxed); }

 private:
  bool by_time_;
  std::atomic<std::int64_t> left_;
  std::atomic<std::uint64_t> done_{0};
  std::chrono::steady_clock::time_point until_;
};

/// Ends the process when nothing has ticked for too long.
class watchdog {
 public:
  watchdog() : thread_([this] { watch(); }) {}
  ~watchdog() {
    {
      const std::lock_guard guard(lock_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

  void tick() noexcept { ticks_.fetch_add(1, std::memory_order_relaxed); }

  /// Prints this runtime too, while the returned guard lives.
  class [[nodiscard]] watching {
   public:
    watching(watchdog& by, runtime& one) : by_(by), one_(&one) {
      const std::lock_guard guard(by_.lock_);
      by_.watched_.push_back(one_);
    }
    ~watching() {
      const std::lock_guard guard(by_.lock_);
      std::erase(by_.watched_, one_);
    }
    watching(const watching&) = delete;
    watching& operator=(const watching&) = delete;

   private:
    watchdog& by_;
    runtime* one_;
  };

 private:
  static constexpr int checks_without_tick = test::sanitized ? 200 : 50;

  void watch() {
    std::unique_lock guard(lock_);
    std::uint64_t seen = 0;
    int unchanged = 0;
    while (!changed_.wait_for(guard, std::chrono::milliseconds(100), [this] { return over_; })) {
      const std::uint64_t now = ticks_.load(std::memory_order_relaxed);
      unchanged = now == seen ? unchanged + 1 : 0;
      seen = now;
      if (unchanged >= checks_without_tick) give_up(now);
    }
  }

  [[noreturn]] void give_up(std::uint64_t ticks) {
    std::cerr << "no progress after tick " << ticks << ", HEDDLE_SEED=" << test::seed() << '\n';
    for (runtime* const each : watched_) {
      each->dump(std::cerr);
      const runtime_stats counts = each->stats();
      for (const loop_stats& loop : counts.loops) {
        std::cerr << "  loop: slices " << loop.slices << " parks " << loop.parks << " wakeups "
                  << loop.wakeups << " searches " << loop.searches << " stolen " << loop.stolen
                  << " timers " << loop.timers << '\n';
      }
    }
    std::abort();
  }

  std::mutex lock_;
  std::condition_variable changed_;
  bool over_ = false;
  std::vector<runtime*> watched_;
  std::atomic<std::uint64_t> ticks_{0};
  std::thread thread_;
};

/// Ends the program with a message if `condition` does not hold.
inline void require(bool condition, const char* what,
                    spawn_site where = spawn_site::current()) noexcept {
  if (condition) return;
  std::fprintf(stderr, "%s:%u: %s, HEDDLE_SEED=%llu\n", where.file, where.line, what,
               static_cast<unsigned long long>(test::seed()));
  std::abort();
}

inline config with_loops(unsigned loops) {
  config settings;
  settings.loops = loops;
  return settings;
}

}  // namespace heddle::stress
