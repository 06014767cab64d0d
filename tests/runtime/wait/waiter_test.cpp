// SPDX-License-Identifier: MIT
// waiter: of all claims on one wait exactly one wins, and who waits hears which.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

/// A place for one waiter, as select and oneshot have it.
class slot {
 public:
  void put(waiter* who) noexcept {
    const std::lock_guard guard(lock_);
    who_ = who;
  }
  resumption claim(wake_reason reason = wake_reason::event, std::uint16_t tag = 0) noexcept {
    const std::lock_guard guard(lock_);
    if (who_ == nullptr) return {};
    return std::exchange(who_, nullptr)->claim(reason, tag);
  }
  bool taken() noexcept {
    const std::lock_guard guard(lock_);
    return who_ != nullptr;
  }

 private:
  detail::spinlock lock_;
  waiter* who_ = nullptr;
};

/// A wake-up that is kept if nobody waits yet.
class posted_slot {
 public:
  void wait() {
    waiter self;
    {
      const std::lock_guard guard(lock_);
      if (std::exchange(posted_, false)) return;
      who_ = &self;
    }
    EXPECT_EQ(self.wait(), wake_reason::event);
  }
  void post() noexcept {
    std::unique_lock guard(lock_);
    resumption woken;
    if (who_ != nullptr) woken = std::exchange(who_, nullptr)->claim();
    posted_ = !woken;
    guard.unlock();
    woken.resume();
  }

 private:
  detail::spinlock lock_;
  waiter* who_ = nullptr;
  bool posted_ = false;
};

/// Waits in `in`, as the manual page of park.hpp says.
wake_reason wait_in(slot& in, deadline limit = {}, std::uint16_t* tag = nullptr) {
  waiter self;
  in.put(&self);
  const wake_reason why = self.wait(limit);
  if (why != wake_reason::event) in.put(nullptr);
  if (tag != nullptr) *tag = self.tag();
  return why;
}

TEST(waiter, the_winner_s_tag_arrives) {
  run(with_loops(1), [] {
    slot place;
    std::uint16_t tag = 0;
    auto waits = spawn([&] { return wait_in(place, {}, &tag); });
    test::let_all_run();
    EXPECT_TRUE(place.claim(wake_reason::event, 41));
    EXPECT_EQ(waits.join(), wake_reason::event);
    EXPECT_EQ(tag, 41);
  });
}

TEST(waiter, a_second_claim_loses) {
  run(with_loops(1), [] {
    waiter* known = nullptr;
    auto waits = spawn([&] {
      waiter self;
      known = &self;
      return self.wait();
    });
    test::let_all_run();
    resumption first = known->claim(wake_reason::event, 1);
    resumption second = known->claim(wake_reason::closed, 2);
    EXPECT_TRUE(first);
    EXPECT_FALSE(second);
    second.resume();
    first.resume();
    EXPECT_EQ(waits.join(), wake_reason::event);
  });
}

TEST(waiter, a_claim_before_the_wait_is_not_lost) {
  const auto claimed_first = [] {
    waiter self;
    resumption mine = self.claim(wake_reason::event, 7);
    EXPECT_TRUE(mine);
    EXPECT_EQ(self.wait(), wake_reason::event);
    EXPECT_EQ(self.tag(), 7);
  };
  run(with_loops(1), claimed_first);
  claimed_first();
}

[[gnu::noinline]] wake_reason wait_with_a_limit(waiter*& who, std::chrono::milliseconds limit) {
  waiter self;
  who = &self;
  return self.wait(clock::now() + limit);
}

/// Lies where that wait's frame lay.
[[gnu::noinline]] bool stays_as_it_is(std::chrono::milliseconds nap) {
  std::array<volatile std::byte, 2048> bytes{};
  for (auto& each : bytes) each = std::byte{0x41};
  this_fiber::sleep_for(nap);
  return std::all_of(bytes.begin(), bytes.end(),
                     [](std::byte each) { return each == std::byte{0x41}; });
}

TEST(waiter, whatever_reason_ends_it_early_its_timer_is_gone) {
  for (const wake_reason reason : {wake_reason::event, wake_reason::timeout, wake_reason::closed}) {
    run(with_loops(1), [reason] {
      waiter* who = nullptr;
      auto body = spawn([&] {
        EXPECT_EQ(wait_with_a_limit(who, 20ms), reason);
        EXPECT_TRUE(stays_as_it_is(60ms)) << "the timer of a frame that is gone was used";
      });
      while (who == nullptr) this_fiber::yield();
      who->claim(reason).resume();
      body.join();
    });
  }
}

TEST(waiter, may_end_without_having_waited) {
  const auto waits_later = [] {
    for (int n = 0; n < 3; ++n) {
      const waiter unused;
    }
    waiter self;
    EXPECT_EQ(self.wait(clock::now() + 1ms), wake_reason::timeout);
    EXPECT_EQ(self.tag(), 0);
  };
  run(with_loops(1), waits_later);
  waits_later();
}

TEST(waiter, a_resumption_resumes_when_it_goes_out_of_scope_and_may_be_moved) {
  run(with_loops(1), [] {
    slot place;
    auto waits = spawn([&] { return wait_in(place); });
    test::let_all_run();
    std::optional<resumption> outer;
    {
      resumption inner = place.claim();
      EXPECT_TRUE(inner);
      outer = std::move(inner);
      EXPECT_FALSE(inner);  // NOLINT(bugprone-use-after-move): a moved-from one is empty
    }
    test::let_all_run();
    EXPECT_FALSE(waits.done());
    outer.reset();
    EXPECT_EQ(waits.join(), wake_reason::event);
  });
}

TEST(waiter, a_wait_in_two_lists_is_woken_by_one_of_them_only) {
  run(with_loops(2), [] {
    for (int round = 0; round < test::rounds(5'000); ++round) {
      slot left;
      slot right;
      auto waits = spawn([&] {
        waiter self;
        left.put(&self);
        right.put(&self);
        EXPECT_EQ(self.wait(), wake_reason::event);
        left.put(nullptr);
        right.put(nullptr);
        return self.tag();
      });
      test::yield_until([&] { return right.taken(); });
      auto other = spawn([&] { return static_cast<bool>(left.claim(wake_reason::event, 1)); });
      const bool right_won = static_cast<bool>(right.claim(wake_reason::event, 2));
      const bool left_won = other.join();
      EXPECT_NE(left_won, right_won);
      EXPECT_EQ(waits.join(), left_won ? 1 : 2);
    }
  });
}

void play(posted_slot& mine, posted_slot& others, int rounds) {
  for (int n = 0; n < rounds; ++n) {
    mine.wait();
    others.post();
  }
}

TEST(waiter, a_plain_thread_waits_for_a_fiber_and_a_fiber_for_a_thread) {
  posted_slot of_thread;
  posted_slot of_fiber;
  constexpr int rounds = test::rounds(5'000);
  std::thread thread([&] { play(of_thread, of_fiber, rounds); });
  of_fiber.post();
  run(with_loops(1), [&] { play(of_fiber, of_thread, rounds); });
  thread.join();
}

TEST(waiter, a_plain_thread_s_wait_has_limits_and_is_never_cancelled) {
  slot place;
  const clock::time_point limit = clock::now() + 5ms;
  EXPECT_EQ(wait_in(place, limit), wake_reason::timeout);
  EXPECT_GE(clock::now(), limit);
  EXPECT_EQ(wait_in(place, clock::time_point::min()), wake_reason::timeout);
  EXPECT_NO_THROW(throw_if_cancelled());
  EXPECT_NO_THROW(cooperate());
}

TEST(waiter, fibers_of_two_runtimes_wake_one_another) {
  runtime first(with_loops(2));
  runtime second(with_loops(1));
  posted_slot here;
  posted_slot there;
  constexpr int rounds = test::rounds(5'000);
  auto one = first.spawn([&] { play(here, there, rounds); });
  auto two = second.spawn([&] { play(there, here, rounds); });
  here.post();
  one.join();
  two.join();
}

TEST(waiter, a_claim_may_outlive_the_last_other_use_of_the_runtime) {
  // The destructor of the runtime must wait for a thread that is on its way out of a wake-up.
  for (int round = 0; round < test::rounds(2'000); ++round) {
    slot place;
    std::thread waker;
    run(with_loops(1 + static_cast<unsigned>(round % 2)), [&] {
      waker =
          std::thread([&] { test::wait_until([&] { return static_cast<bool>(place.claim()); }); });
      EXPECT_EQ(wait_in(place), wake_reason::event);
    });
    waker.join();
  }
}

TEST(waiter, cooperating_fibers_take_turns_although_they_never_have_to_wait) {
  run(with_loops(1), [] {
    bool other_ran = false;
    auto other = spawn([&] { other_ran = true; });
    int operations = 0;
    while (!other_ran && operations < 100'000) {
      cooperate();
      ++operations;
    }
    EXPECT_LE(operations, 200);  // the budget of a slice is 128
    other.join();
  });
}

TEST(waiter, cooperate_and_checkpoint_throw_when_the_fiber_is_cancelled) {
  run(with_loops(1), [] {
    const auto until_cancelled = [](auto&& meet) {
      bool met = false;
      auto body = spawn([&] {
        try {
          meet();
        } catch (const cancelled&) {
          met = true;
          throw;
        }
      });
      body.cancel();
      EXPECT_THROW(body.join(), task_cancelled);
      EXPECT_TRUE(met);
    };
    until_cancelled([] { cooperate(); });
    until_cancelled([] { this_fiber::checkpoint(); });
    until_cancelled([] { throw_if_cancelled(); });
    until_cancelled([] { this_fiber::yield(); });
    until_cancelled([] { this_fiber::sleep_for(0s); });
    until_cancelled([] { this_fiber::sleep_for(1h); });
  });
}

TEST(waiter, a_cancelled_wait_can_be_followed_by_a_shielded_one) {
  run(with_loops(1), [] {
    slot place;
    wake_reason first = wake_reason::none;
    wake_reason second = wake_reason::none;
    auto body = spawn([&] {
      first = wait_in(place);
      waiter shielded(cancellation::shield);
      place.put(&shielded);
      second = shielded.wait();
    });
    test::let_all_run();
    body.cancel();
    test::yield_until([&] { return first != wake_reason::none && place.taken(); });
    test::let_all_run();
    EXPECT_TRUE(place.claim());
    body.join();
    EXPECT_EQ(first, wake_reason::cancelled);
    EXPECT_EQ(second, wake_reason::event);
  });
}

}  // namespace
}  // namespace heddle
