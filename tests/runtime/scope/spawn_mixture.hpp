// SPDX-License-Identifier: MIT
// Fibers that spawn and join in every way that there is, as a seed says, and an account of which of
// their children have started where. Left out are children that need not start in spawn order:
// those with a loop of their own, and branches.
#pragma once

#include <heddle/runtime.hpp>

#include "base/cpu_relax.hpp"
#include "runtime/support/random.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace heddle::test {

class spawn_mixture {
 public:
  explicit spawn_mixture(std::uint64_t seed) : seed_(seed) {}

  void run() { parent(*this, seed_, 0); }

  /// Fails if a child has started after a younger one of the same fiber, on the same loop.
  void expect_spawn_order() const {
    for (std::size_t loop = 0; loop < most_loops; ++loop) {
      std::map<unsigned, int> latest;
      for (const start& each : on_.at(loop)) {
        const auto [before, first] = latest.try_emplace(each.parent, each.number);
        ASSERT_TRUE(first || before->second < each.number)
            << "child " << each.number << " of " << each.parent << " after " << before->second
            << " on loop " << loop << ", stream " << seed_ << ", HEDDLE_SEED=" << seed();
        before->second = each.number;
      }
    }
  }

  static constexpr std::size_t most_loops = 16;

 private:
  static constexpr int deepest = 3;
  struct start {
    unsigned parent;
    int number;
  };

  static void child(spawn_mixture& all, start which, std::uint64_t seed, int depth) {
    // Each loop writes its own account.
    all.on_.at(detail::worker::current()->index()).push_back(which);
    if (detail::worker::current()->in_turns) this_fiber::checkpoint();
    random_numbers random(seed);
    for (auto n = random.below(30); n > 0; --n) detail::cpu_relax();
    switch (random.below(10)) {
      case 0:
        return this_fiber::yield();
      case 1:
        return this_fiber::sleep_for(std::chrono::microseconds(random.below(50)));
      case 2:
        if (depth < deepest) parent(all, random.below(1U << 30), depth + 1);
        return;
      case 3:
        if (random.once_in(3)) throw std::runtime_error("on purpose");
        return;
      default:
        return;
    }
  }

  class parent {
   public:
    parent(spawn_mixture& all, std::uint64_t seed, int depth)
        : all_(all),
          random_(seed),
          depth_(depth),
          id_(all.parents_.fetch_add(1)),
          most_(depth == 0 ? 60 : 5 + static_cast<int>(random_.below(20))) {
      while (spawned_ < most_) step();
      for (auto& each : groups_) join(*each);
      for (task<void>& each : tasks_) join(each);
    }

   private:
    std::size_t pick(std::size_t of) { return random_.below(static_cast<std::uint32_t>(of)); }
    auto next() {
      return [&all = all_, which = start{id_, spawned_++}, seed = random_.below(1U << 30),
              depth = depth_] { child(all, which, seed, depth); };
    }
    template <class Joined>
    static void join(Joined& one) {
      try {
        if constexpr (requires { one.joinable(); }) {
          if (!one.joinable()) return;
        }
        one.join();
      } catch (const std::runtime_error&) {  // on purpose
      }
    }
    void spawn_plain(const spawn_options& options) {
      for (auto n = 1 + random_.below(4); n > 0; --n) tasks_.push_back(spawn(options, next()));
    }
    void spawn_into_a_group() {
      if (groups_.size() < 3 && (groups_.empty() || random_.once_in(4))) {
        groups_.push_back(std::make_unique<task_group>());
      }
      task_group& into = *groups_.at(pick(groups_.size()));
      for (auto n = 1 + random_.below(8); n > 0; --n) into.spawn(next());
    }
    void join_a_group() {
      if (groups_.empty()) return;
      const std::size_t at = random_.once_in(2) ? groups_.size() - 1 : pick(groups_.size());
      if (random_.once_in(4)) groups_.at(at)->cancel();
      join(*groups_.at(at));
      groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    void join_a_task() {
      if (tasks_.empty()) return;
      join(random_.once_in(2) ? tasks_.back() : tasks_.at(pick(tasks_.size())));
    }
    /// By a fiber on whichever loop, which is no child of this one as far as order goes.
    void have_it_joined() {
      if (tasks_.empty() || !tasks_.back().joinable()) return;
      task<void> one = std::move(tasks_.back());
      tasks_.pop_back();
      spawn_options elsewhere;
      elsewhere.loop = static_cast<unsigned>(pick(detail::worker::current()->owner().loops()));
      task<void> joiner = spawn(elsewhere, [one = std::move(one)]() mutable { join(one); });
      random_.once_in(2) ? joiner.join() : tasks_.push_back(std::move(joiner));
    }

    void step() {
      switch (random_.below(11)) {
        case 0:
        case 1:
          return spawn_plain({});
        case 2:
          return spawn_plain({.name = "named"});
        case 3:
          return spawn_plain({.stack_bytes = 64 * 1024});
        case 4:
        case 5:
          return spawn_into_a_group();
        case 6:
          return join_a_group();
        case 7:
          return join_a_task();
        case 8:
          return have_it_joined();
        case 9:
          return this_fiber::yield();
        default:
          return this_fiber::sleep_for(std::chrono::microseconds(random_.below(100)));
      }
    }

    spawn_mixture& all_;
    random_numbers random_;
    int depth_;
    unsigned id_;
    int most_;
    int spawned_ = 0;
    std::vector<std::unique_ptr<task_group>> groups_;
    std::vector<task<void>> tasks_;
  };

  std::uint64_t seed_;
  std::atomic<unsigned> parents_{0};
  std::array<std::vector<start>, most_loops> on_;
};

}  // namespace heddle::test
