// SPDX-License-Identifier: MIT
// The timer wheel against a sorted list, in a time that the test makes up.
#include "timer/wheel.hpp"

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace heddle::detail {
namespace {

using namespace std::chrono_literals;
using test::random_numbers;

constexpr clock::duration tick{1 << 16};
const clock::time_point start{std::chrono::hours(1000)};

/// A wait with its timer, parked as the wheel finds it.
struct sleeper {
  explicit sleeper(int its_number = 0) : number(its_number) {}

  void arm(timer_wheel& wheel, clock::time_point at) {
    when = at;
    entry.who = &who;
    entry.epoch = who.word.begin(nothing_heard);
    ASSERT_TRUE(who.word.commit_park());
    wheel.arm(entry, at);
  }

  thread_parker who;
  timer entry;
  clock::time_point when;
  int number;
};

/// A wheel, and everything armed in it.
class wheel_model {
 public:
  wheel_model() : wheel(start) {}

  sleeper& arm(clock::time_point when) {
    sleeper& one = sleepers_.emplace_back(next_number_++);
    by_parker_[&one.who] = &one;
    armed_.emplace(when, &one);
    one.arm(wheel, when);
    EXPECT_TRUE(wakes_in_time());
    return one;
  }

  void disarm_some(random_numbers& random) {
    for (auto each = armed_.begin(); each != armed_.end();) {
      if (!random.once_in(7)) {
        ++each;
        continue;
      }
      wheel.disarm(each->second->entry);
      each = armed_.erase(each);
    }
  }

  /// Advances until nothing more fires, and checks what did. Returns whom, in order.
  std::vector<sleeper*> advance(clock::time_point now) {
    std::vector<sleeper*> fired;
    for (;;) {
      const timer_wheel::due due = wheel.advance(now);
      for (parker* each = due.first; each != nullptr; each = each->next_resumed) {
        fired.push_back(by_parker_.at(each));
      }
      if (due.fired + due.moved == 0) break;
    }
    for (sleeper* const each : fired) {
      EXPECT_LE(each->when, now) << "a timer fired early";
      EXPECT_EQ(each->who.word.outcome().reason, wake_reason::timeout);
      const auto [first, last] = armed_.equal_range(each->when);
      const auto found =
          std::find_if(first, last, [each](const auto& entry) { return entry.second == each; });
      EXPECT_NE(found, last) << "a timer fired that was not armed, or twice";
      if (found != last) armed_.erase(found);
    }
    if (!armed_.empty()) {
      EXPECT_GT(earliest() + tick, now) << "a timer is late by more than a tick";
      EXPECT_TRUE(wakes_in_time()) << "next_due() would oversleep";
    }
    EXPECT_EQ(wheel.armed(), armed_.size());
    return fired;
  }

  clock::time_point earliest() const { return armed_.begin()->first; }
  std::size_t armed() const { return armed_.size(); }

  timer_wheel wheel;

 private:
  /// Whether who sleeps until next_due() finds the earliest timer on time, which is its tick's
  /// begin.
  bool wakes_in_time() const {
    return wheel.next_due() <= earliest() || wheel.next_due() - earliest() < tick;
  }

  std::deque<sleeper> sleepers_;
  std::map<const parker*, sleeper*> by_parker_;
  std::multimap<clock::time_point, sleeper*> armed_;
  int next_number_ = 0;
};

/// A span whose size is as likely of one order of magnitude as of another.
clock::duration random_span(random_numbers& random, unsigned most_bits) {
  const unsigned bits = random.below(most_bits);
  return clock::duration(static_cast<clock::rep>(random.next() & ((std::uint64_t{1} << bits) - 1)));
}

TEST(timer_wheel, an_empty_one_has_nothing_due) {
  timer_wheel wheel(start);
  EXPECT_EQ(wheel.next_due(), clock::time_point::max());
  EXPECT_EQ(wheel.advance(start + 1h).fired, 0U);
  EXPECT_EQ(wheel.armed(), 0U);
}

TEST(timer_wheel, agrees_with_a_sorted_list_whatever_is_armed_and_whenever_it_is_advanced) {
  random_numbers random(1);
  for (int run = 0; run < test::rounds(200); ++run) {
    wheel_model model;
    clock::time_point now = start;
    const unsigned most_bits = 20 + random.below(42);
    for (int step = 0; step < 100; ++step) {
      for (std::uint32_t n = random.below(8); n > 0; --n) {
        const clock::duration span = random_span(random, most_bits);
        model.arm(random.once_in(10) ? now - span : now + span);
      }
      if (random.once_in(5)) model.disarm_some(random);
      now += random_span(random, most_bits);
      if (random.once_in(3) && model.armed() > 0) now = std::max(now, model.wheel.next_due());
      model.advance(now);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(timer_wheel, fires_in_the_order_of_the_ticks) {
  random_numbers random(2);
  for (int run = 0; run < test::rounds(100); ++run) {
    wheel_model model;
    for (int n = 0; n < 300; ++n) model.arm(start + random_span(random, 40));
    const std::vector<sleeper*> fired =
        model.advance(start + clock::duration(std::int64_t{1} << 41));
    ASSERT_EQ(fired.size(), 300U);
    for (std::size_t n = 1; n < fired.size(); ++n) {
      EXPECT_LE(fired[n - 1]->when, fired[n]->when + tick);
    }
  }
}

TEST(timer_wheel, fires_equals_in_the_order_in_which_they_were_armed_from_every_level) {
  for (const clock::duration ahead :
       {1 * tick, 100 * tick, 300 * tick, 70'000 * tick, 20'000'000 * tick, 5'000'000'000 * tick}) {
    wheel_model model;
    const clock::time_point when = start + ahead;
    for (int n = 0; n < 10; ++n) model.arm(when);
    model.advance(start + ahead / 2);
    for (int n = 10; n < 20; ++n) model.arm(when);
    model.advance(when - tick);
    for (int n = 20; n < 30; ++n) model.arm(when);
    const std::vector<sleeper*> fired = model.advance(when + tick);
    ASSERT_EQ(fired.size(), 30U);
    for (int n = 0; n < 30; ++n) {
      EXPECT_EQ(fired[static_cast<std::size_t>(n)]->number, n) << ahead / tick << " ticks ahead";
    }
  }
}

TEST(timer_wheel, more_equals_than_one_advance_fires_keep_their_order) {
  wheel_model model;
  for (int n = 0; n < 1000; ++n) model.arm(start + 10 * tick);
  EXPECT_LT(model.wheel.advance(start + 9 * tick).fired, 1U);
  const std::vector<sleeper*> fired = model.advance(start + 11 * tick);
  ASSERT_EQ(fired.size(), 1000U);
  for (int n = 0; n < 1000; ++n) EXPECT_EQ(fired[static_cast<std::size_t>(n)]->number, n);
}

TEST(timer_wheel, one_advance_fires_a_bounded_number) {
  timer_wheel wheel(start);
  std::deque<sleeper> many(1000);
  for (sleeper& each : many) each.arm(wheel, start + tick);
  std::size_t fired = 0;
  for (int calls = 0; fired < 1000; ++calls) {
    ASSERT_LT(calls, 20);
    const timer_wheel::due due = wheel.advance(start + 2 * tick);
    EXPECT_LE(due.fired, 256U);
    fired += due.fired;
    EXPECT_EQ(wheel.armed(), 1000 - fired);
    if (fired < 1000) {
      EXPECT_LE(wheel.next_due(), start + 2 * tick);
    }
  }
}

TEST(timer_wheel, one_advance_moves_a_bounded_number_and_what_is_armed_meanwhile_comes_last) {
  for (const clock::duration ahead : {300 * tick, 70'000 * tick, 20'000'000 * tick}) {
    wheel_model model;
    const clock::time_point when = start + ahead;
    model.arm(start + tick);
    for (int n = 1; n <= 1000; ++n) model.arm(when);
    ASSERT_EQ(model.advance(start + 2 * tick).size(), 1U);  // next_due() is now when a slot begins
    int moves = 0;
    for (std::size_t moved = 1; moved != 0;) {
      const timer_wheel::due due = model.wheel.advance(when - tick);
      EXPECT_EQ(due.fired, 0U);
      EXPECT_LE(due.moved, timer_wheel::most_per_advance);
      moved = due.moved;
      if (moved != 0) ++moves, model.arm(when);
      if (moved == timer_wheel::most_per_advance) {
        EXPECT_LT(model.wheel.next_due(), when) << "there is more to move";
      }
    }
    EXPECT_GE(moves, 4);
    const std::vector<sleeper*> fired = model.advance(when + tick);
    ASSERT_EQ(fired.size(), 1000U + static_cast<std::size_t>(moves));
    for (std::size_t n = 0; n < fired.size(); ++n) {
      ASSERT_EQ(fired[n]->number, static_cast<int>(n) + 1) << ahead / tick << " ticks ahead";
    }
  }
}

TEST(timer_wheel, at_every_border_between_slots_and_levels_a_timer_is_neither_early_nor_late) {
  for (unsigned bits = 16; bits < 62; ++bits) {
    const clock::duration border{std::int64_t{1} << bits};
    for (const clock::duration off : {-2 * tick, -1 * tick, -1ns, 0ns, 1ns, 1 * tick}) {
      if ((border + off).count() <= 0) continue;
      wheel_model model;
      const clock::time_point when = start + border + off;
      model.arm(when);
      EXPECT_TRUE(model.advance(when - 1ns).empty()) << bits << " bits";
      EXPECT_EQ(model.advance(when + tick).size(), 1U) << bits << " bits";
    }
  }
}

TEST(timer_wheel, a_wheel_that_has_turned_far_still_cascades) {
  random_numbers random(3);
  for (unsigned bits = 16; bits < 58; bits += 3) {
    wheel_model model;
    clock::time_point now = start + clock::duration(std::int64_t{1} << bits) - tick;
    model.advance(now);
    for (int n = 0; n < 50; ++n) model.arm(now + random_span(random, 58));
    while (model.armed() > 0) {
      now = std::max(now + 1ns, model.wheel.next_due());
      model.advance(now);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(timer_wheel, who_sleeps_until_next_due_wakes_a_bounded_number_of_times) {
  wheel_model model;
  model.arm(start + std::chrono::hours(24 * 365));
  clock::time_point now = start;
  int wakes = 0;
  for (; model.armed() > 0; ++wakes) {
    ASSERT_GT(model.wheel.next_due(), now) << "the loop would spin";
    now = model.wheel.next_due();
    model.advance(now);
    ASSERT_LT(wakes, 20);
  }
}

TEST(timer_wheel, the_last_moment_of_the_clock_is_far_away_and_no_overflow) {
  wheel_model model;
  model.arm(clock::time_point::max());
  model.arm(clock::time_point::max() - 1ns);
  model.arm(clock::time_point::max() - std::chrono::hours(1));
  EXPECT_TRUE(model.advance(start + std::chrono::hours(24 * 365 * 100)).empty());
  EXPECT_EQ(model.armed(), 3U);
}

TEST(timer_wheel, a_time_before_its_start_is_due_at_once) {
  wheel_model model;
  model.arm(clock::time_point::min());
  model.arm(start - 1h);
  model.arm(start);
  EXPECT_EQ(model.advance(start).size(), 3U);
}

TEST(timer_wheel, a_wait_that_has_ended_otherwise_is_not_handed_back) {
  timer_wheel wheel(start);
  sleeper one;
  one.arm(wheel, start + tick);
  EXPECT_EQ(one.who.word.try_claim(one.entry.epoch, wake_reason::event, 0),
            wake_word::claim_result::won_parked);
  const timer_wheel::due due = wheel.advance(start + 2 * tick);
  EXPECT_EQ(due.first, nullptr);
  EXPECT_EQ(due.fired, 1U);
  EXPECT_EQ(one.who.word.outcome().reason, wake_reason::event);
}

TEST(timer_wheel, an_entry_that_was_disarmed_is_not_touched_again) {
  timer_wheel wheel(start);
  auto one = std::make_unique<sleeper>();
  auto other = std::make_unique<sleeper>();
  auto third = std::make_unique<sleeper>();
  one->arm(wheel, start + 5 * tick);
  other->arm(wheel, start + 5 * tick);
  third->arm(wheel, start + 5 * tick);
  wheel.disarm(other->entry);
  other.reset();
  wheel.disarm(one->entry);
  one.reset();
  EXPECT_EQ(wheel.advance(start + 6 * tick).first, &third->who);
  wheel.disarm(third->entry);  // disarming one that has fired does nothing
  EXPECT_EQ(wheel.armed(), 0U);
}

TEST(timer_wheel, other_threads_disarm_while_it_advances_and_each_timer_ends_once) {
  constexpr int count = test::rounds(100'000);
  timer_wheel wheel(start);
  std::atomic<std::int64_t> now{0};
  std::atomic<int> fired{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> advancers;
  for (int n = 0; n < 2; ++n) {
    advancers.emplace_back([&] {
      while (!over) {
        const std::int64_t reached = now.fetch_add(10'000);
        const timer_wheel::due due = wheel.advance(start + clock::duration(reached));
        for (parker* each = due.first; each != nullptr;) {
          parker* const next = each->next_resumed;
          each->next_resumed = nullptr;
          ++fired;
          // order: the owner waits for this, as a fiber waits for being resumed.
          static_cast<thread_parker*>(each)->signal.store(1, std::memory_order_release);
          each = next;
        }
      }
    });
  }
  int disarmed = 0;
  random_numbers random(4);
  std::vector<std::unique_ptr<sleeper>> waiting;
  const auto end_last = [&] {
    sleeper& leaving = *waiting.back();
    if (leaving.who.word.try_claim(leaving.entry.epoch, wake_reason::event, 0) !=
        wake_word::claim_result::lost) {
      ++disarmed;
    } else {
      test::wait_until([&] { return leaving.who.signal.load(std::memory_order_acquire) != 0; });
    }
    wheel.disarm(leaving.entry);
    waiting.pop_back();  // freed: a sanitizer would see a late touch
  };
  for (int n = 0; n < count; ++n) {
    auto& one = waiting.emplace_back(std::make_unique<sleeper>());
    one->arm(wheel, start + clock::duration(now.load()) + random_span(random, 26));
    if (waiting.size() < 16) continue;
    const std::size_t at = random.below(16);
    std::swap(waiting[at], waiting.back());
    end_last();
  }
  while (!waiting.empty()) end_last();
  over = true;
  for (std::thread& each : advancers) each.join();
  // How many end which way depends on who gets a core; on a busy machine it may be none.
  EXPECT_EQ(fired + disarmed, count);
  EXPECT_EQ(wheel.armed(), 0U);
}

}  // namespace
}  // namespace heddle::detail
