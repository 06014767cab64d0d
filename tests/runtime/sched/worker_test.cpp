// SPDX-License-Identifier: MIT
// The root of a loop: what it does for others between parking and running what it took.
#include <heddle/runtime.hpp>

#include "runtime/support/kernel_calls.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/thread_now.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;

/// Holds one loop asleep and the other where it is about to give up its search.
class one_searches_the_other_sleeps {
 public:
  static constexpr auto spin = 10ms;

  test::kernel_calls calls() {
    test::kernel_calls made;
    made.before_yield = [this] { on_yield(); };
    made.before_poll = [this](int, bool sleeps) {
      if (sleeps) on_sleep();
    };
    made.after_wake_up = [this] {
      if (test::thread_now() == searcher_ && may_park_) ++woken_by_searcher_;
    };
    return made;
  }

  /// Returns whether it came to that; both sleep if the machine took the core from the searcher.
  bool reached() {
    test::wait_until([this] { return sleeper_ != 0 && (searcher_ != 0 || both_sleep_); });
    return !both_sleep_;
  }
  void let_searcher_park() { may_park_ = true; }
  void let_sleeper_go() { may_wake_ = true; }
  int woken_by_searcher() const { return woken_by_searcher_; }

 private:
  void on_yield() {
    const long thread = test::thread_now();
    if (thread == main_ || thread == sleeper_ || searcher_ != 0) return;
    searcher_ = thread;
    test::wait_until([this] { return may_park_.load(); });
    // Its time is over when it looks at the clock again.
    const clock::time_point until = clock::now() + spin;
    test::wait_until([until] { return clock::now() > until; });
  }
  void on_sleep() {
    const long thread = test::thread_now();
    if (thread == searcher_ || may_wake_) return;
    long nobody = 0;
    if (!sleeper_.compare_exchange_strong(nobody, thread)) both_sleep_ = true;
    test::wait_until([this] { return may_wake_.load(); });
  }

  const long main_ = test::thread_now();
  std::atomic<long> searcher_{0};
  std::atomic<long> sleeper_{0};
  std::atomic<bool> both_sleep_{false};
  std::atomic<bool> may_park_{false};
  std::atomic<bool> may_wake_{false};
  std::atomic<int> woken_by_searcher_{0};
};

/// Returns whether the round came to the point; checks it then.
bool inject_two_beside_a_searcher() {
  one_searches_the_other_sleeps held;
  const test::watched_calls watched(held.calls());
  config settings = test::with_loops(2);
  settings.spin = held.spin;
  runtime home(settings);
  const bool reached = held.reached();
  if (reached) {
    std::atomic<int> begun{0};
    std::atomic<bool> over{false};
    std::vector<task<void>> both;
    for (int n = 0; n < 2; ++n) {
      both.push_back(home.spawn([&] {
        ++begun;
        test::wait_until([&] { return over.load(); });
      }));
    }
    held.let_searcher_park();
    test::wait_until([&] { return begun == 1; });
    EXPECT_EQ(held.woken_by_searcher(), 1) << "the second job waits behind the first";
    held.let_sleeper_go();
    test::wait_until([&] { return begun == 2; });
    over = true;
    for (auto& each : both) each.join();
  }
  held.let_searcher_park();
  held.let_sleeper_go();
  return reached;
}

// Who injects beside a searcher wakes nobody: the searcher will. It may find the jobs only in its
// last look, announced already, and is no searcher any more when it takes them all.
TEST(worker, a_loop_that_finds_two_jobs_in_its_last_search_wakes_another_for_the_second) {
  if (!test::watched_calls::possible()) GTEST_SKIP() << "the library's calls are not to be seen";
  while (!inject_two_beside_a_searcher()) {
  }
}

}  // namespace
}  // namespace heddle
