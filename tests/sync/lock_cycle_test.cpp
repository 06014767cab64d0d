// SPDX-License-Identifier: MIT
// Fibers that wait for each other's locks are reported at once; dumps say who holds a lock.
#include <heddle/runtime.hpp>
#include <heddle/sync/latch.hpp>
#include <heddle/sync/mutex.hpp>
#include <heddle/sync/queue.hpp>
#include <heddle/sync/shared_mutex.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// Keeps what a runtime reports.
class reports {
 public:
  auto for_loops(unsigned loops) {
    auto settings = with_loops(loops);
    settings.on_stall = [this](const stall_report& report) {
      const std::lock_guard guard(lock_);
      if (report.what == stall_report::kind::lock_cycle) seen_.push_back(report);
    };
    return settings;
  }
  std::vector<stall_report> seen() const {
    const std::lock_guard guard(lock_);
    return seen_;
  }
  bool any() const { return !seen().empty(); }

 private:
  mutable std::mutex lock_;
  std::vector<stall_report> seen_;
};

/// Fiber n locks n, and, once all have, n + 1: `count` of them wait in a ring, until `seen()`.
template <class Mutex, class Seen>
void lock_in_a_ring(std::size_t count, Seen seen) {
  std::deque<Mutex> locks(count);
  latch all_hold(static_cast<std::ptrdiff_t>(count));
  std::vector<task<void>> fibers;
  for (std::size_t n = 0; n < count; ++n) {
    fibers.push_back(spawn({.name = "philosopher"}, [&, n] {
      const std::lock_guard mine(locks[n]);
      all_hold.arrive_and_wait();
      const std::lock_guard next(locks[(n + 1) % count]);
    }));
  }
  test::yield_until(seen);
  fibers[0].cancel();
  for (std::size_t n = 1; n < count; ++n) fibers[n].join();
}

TEST(lock_cycle, is_reported_at_once_with_who_waits_for_whom) {
  reports kept;
  run(kept.for_loops(1), [&] { lock_in_a_ring<mutex>(2, [&] { return kept.any(); }); });
  const auto seen = kept.seen();
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].name, "philosopher");
  const std::string link =
      "  fiber #[0-9]+ \"philosopher\", spawned at .*lock_cycle_test.cpp:[0-9]+, waits for mutex "
      "0x[0-9a-f]+, held by fiber #[0-9]+\n";
  EXPECT_THAT(seen[0].details, ContainsRegex("^" + link + link + "$"));
}

TEST(lock_cycle, of_many_is_reported_once) {
  for (const std::size_t count : {3U, 5U, 32U}) {
    reports kept;
    run(kept.for_loops(2), [&] { lock_in_a_ring<mutex>(count, [&] { return kept.any(); }); });
    EXPECT_THAT(kept.seen(), SizeIs(1)) << count << " fibers";
  }
}

/// Returns how many fibers of this runtime are parked for a mutex.
std::size_t waiting_for_a_mutex() {
  std::ostringstream out;
  runtime::current().dump(out);
  const std::string text = out.str();
  const std::string wanted = ": parked, waits for mutex 0x";
  std::size_t count = 0;
  for (std::size_t at = text.find(wanted); at != std::string::npos; ++count) {
    at = text.find(wanted, at + 1);
  }
  return count;
}

TEST(lock_cycle, of_more_than_are_followed_is_not_reported_at_once) {
  reports kept;
  run(kept.for_loops(1),
      [] { lock_in_a_ring<mutex>(33, [] { return waiting_for_a_mutex() == 33; }); });
  EXPECT_THAT(kept.seen(), IsEmpty());
}

TEST(lock_cycle, of_writers_is_reported_too) {
  reports kept;
  run(kept.for_loops(1), [&] { lock_in_a_ring<shared_mutex>(2, [&] { return kept.any(); }); });
  ASSERT_THAT(kept.seen(), SizeIs(1));
  EXPECT_THAT(kept.seen()[0].details, HasSubstr("waits for shared_mutex 0x"));
}

TEST(lock_cycle, the_hook_does_not_meet_the_cancellation_of_the_fiber_that_waits) {
  cancel_scope scope;
  queue<std::string> kept(4);
  auto settings = with_loops(1);
  settings.on_stall = [&](const stall_report& report) {
    scope.cancel("a ring of locks");
    kept.put(report.details);
  };
  run(settings, [&] {
    mutex left;
    mutex right;
    const auto lock_both = [](mutex& first, mutex& second) {
      return [&] {
        const std::lock_guard mine(first);
        this_fiber::yield();
        const std::lock_guard next(second);
      };
    };
    EXPECT_FALSE(scope.run([&] { gather(lock_both(left, right), lock_both(right, left)); }));
    EXPECT_THAT(kept.get(), HasSubstr("waits for mutex"));
  });
}

TEST(lock_cycle, is_none_where_somebody_waits_for_a_time_only) {
  reports kept;
  run(kept.for_loops(1), [] {
    timed_mutex first;
    timed_mutex second;
    latch both_hold(2);
    auto patient = spawn([&] {
      const std::lock_guard mine(first);
      both_hold.arrive_and_wait();
      const std::lock_guard other(second);
    });
    auto careful = spawn([&] {
      const std::lock_guard mine(second);
      both_hold.arrive_and_wait();
      let_all_run();  // the patient one waits now
      EXPECT_FALSE(first.try_lock_for(1ms));
    });
    careful.join();
    patient.join();
  });
  EXPECT_THAT(kept.seen(), IsEmpty());
}

TEST(lock_cycle, is_none_while_locks_are_handed_on_quickly) {
  reports kept;
  run(kept.for_loops(2), [] {
    mutex first;
    mutex second;
    std::vector<task<void>> fibers;
    for (int n = 0; n < 8; ++n) {
      fibers.push_back(spawn([&] {
        for (int turn = 0; turn < test::rounds(2000); ++turn) {
          const std::lock_guard outer(first);
          const std::lock_guard inner(second);
          if (turn % 16 == 0) this_fiber::yield();
        }
      }));
    }
    for (auto& each : fibers) each.join();
  });
  EXPECT_THAT(kept.seen(), IsEmpty());
}

TEST(lock_cycle, a_dump_names_the_holder) {
  run(with_any_loops(), [] {
    mutex one;
    std::unique_lock mine(one);
    auto waiting = spawn({.name = "patient"}, [&] { const std::lock_guard guard(one); });
    let_all_run();
    std::ostringstream out;
    runtime::current().dump(out);
    std::ostringstream me;
    me << this_fiber::id();
    EXPECT_THAT(out.str(), ContainsRegex("\"patient\".*: parked, waits for mutex 0x[0-9a-f]+, "
                                         "held by fiber " +
                                         me.str() + "\n"));
    mine.unlock();
    waiting.join();
  });
}

TEST(lock_cycle, a_dump_says_that_a_plain_thread_holds_it) {
  mutex one;
  std::unique_lock mine(one);
  runtime here(with_loops(1));
  auto waiting = here.spawn([&] { const std::lock_guard guard(one); });
  std::string text;
  EXPECT_TRUE(test::eventually([&] {
    std::ostringstream out;
    here.dump(out);
    text = out.str();
    return text.find("waits for mutex") != std::string::npos;
  }));
  EXPECT_THAT(text, AllOf(HasSubstr(", held by a plain thread"), Not(HasSubstr("by fiber"))));
  mine.unlock();
  waiting.join();
}

}  // namespace
}  // namespace heddle::sync
