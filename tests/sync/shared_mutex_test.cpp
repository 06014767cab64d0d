// SPDX-License-Identifier: MIT
// shared_mutex: readers together, writers alone, nobody starves.
#include <heddle/runtime.hpp>
#include <heddle/sync/shared_mutex.hpp>

#include "runtime/support/errors.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "sync/support/passing_time.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

template <class T>
concept shared_timed_lockable = requires(T one) {
  one.lock();
  one.unlock();
  { one.try_lock() } -> std::same_as<bool>;
  { one.try_lock_for(1s) } -> std::same_as<bool>;
  { one.try_lock_until(clock::now()) } -> std::same_as<bool>;
  one.lock_shared();
  one.unlock_shared();
  { one.try_lock_shared() } -> std::same_as<bool>;
  { one.try_lock_shared_for(1s) } -> std::same_as<bool>;
  { one.try_lock_shared_until(clock::now()) } -> std::same_as<bool>;
};
static_assert(shared_timed_lockable<shared_mutex>);

TEST(shared_mutex, readers_hold_it_together_and_writers_alone) {
  run(with_any_loops(), [] {
    shared_mutex one;
    {
      const std::shared_lock first(one);
      const std::shared_lock second(one, std::try_to_lock);
      EXPECT_TRUE(second.owns_lock());
      EXPECT_FALSE(one.try_lock());
      EXPECT_FALSE(one.try_lock_for(50us));
    }
    const std::unique_lock writer(one);
    EXPECT_FALSE(one.try_lock_shared());
    EXPECT_FALSE(spawn([&] { return one.try_lock_shared_for(50us); }).join());
  });
}

TEST(shared_mutex, may_be_tried_until_a_moment_of_any_clock) {
  run(with_loops(1), [] {
    shared_mutex one;
    const auto soon = [] { return std::chrono::system_clock::now() + 1ms; };
    const std::shared_lock reading(one, soon());
    EXPECT_TRUE(reading.owns_lock());
    EXPECT_FALSE(one.try_lock_until(soon()));
    EXPECT_TRUE(one.try_lock_shared_until(soon()));
    one.unlock_shared();
    auto writes = spawn([&] { one.lock(); });
    let_all_run();
    EXPECT_FALSE(one.try_lock_shared_until(soon()));
    writes.cancel();
    EXPECT_THROW(writes.join(), task_cancelled);
  });
}

/// Says in one line who came to hold it, in which order.
std::string order_of(shared_mutex& one, std::string_view arrivals,
                     std::unique_lock<shared_mutex>& held) {
  std::string order;
  std::vector<task<void>> all;
  for (const char kind : arrivals) {
    all.push_back(spawn([&, kind] {
      if (kind == 'w') {
        const std::lock_guard guard(one);
        order += "w";
        this_fiber::yield();
        order += ".";
      } else {
        const std::shared_lock guard(one);
        order += "r";
        this_fiber::yield();
        order += ".";
      }
    }));
    let_all_run();
  }
  held.unlock();
  for (auto& each : all) each.join();
  return order;
}

TEST(shared_mutex, lets_in_in_the_order_of_arrival_and_readers_in_a_row_together) {
  run(with_loops(1), [] {
    shared_mutex one;
    std::unique_lock held(one);
    EXPECT_EQ(order_of(one, "rrwrrwwr", held), "rr..w.rr..w.w.r.");
  });
}

TEST(shared_mutex, a_reader_waits_behind_a_writer_that_waits) {
  run(with_any_loops(), [] {
    shared_mutex one;
    std::shared_lock reading(one);
    auto writer = spawn([&] { const std::lock_guard guard(one); });
    let_all_run();
    EXPECT_FALSE(one.try_lock_shared());
    EXPECT_FALSE(writer.done());
    reading.unlock();
    writer.join();
    EXPECT_TRUE(one.try_lock_shared());
    one.unlock_shared();
  });
}

TEST(shared_mutex, a_writer_that_leaves_lets_in_the_readers_behind_it) {
  run(with_any_loops(), [] {
    shared_mutex one;
    const std::shared_lock reading(one);
    auto writer = spawn([&] { return one.try_lock_for(1ms); });
    let_all_run();
    auto reader = spawn([&] { const std::shared_lock guard(one); });
    let_all_run();
    EXPECT_FALSE(reader.done());
    EXPECT_FALSE(writer.join());
    reader.join();
    auto cancelled_writer = spawn([&] { one.lock(); });
    let_all_run();
    auto another = spawn([&] { const std::shared_lock guard(one); });
    let_all_run();
    cancelled_writer.cancel();
    EXPECT_THROW(cancelled_writer.join(), task_cancelled);
    another.join();
  });
}

TEST(shared_mutex, says_what_was_misused) {
  run(with_any_loops(), [] {
    shared_mutex one;
    EXPECT_EQ(code_of("shared_mutex", [&] { one.unlock(); }), std::errc::operation_not_permitted);
    EXPECT_EQ(code_of("shared_mutex", [&] { one.unlock_shared(); }),
              std::errc::operation_not_permitted);
    one.lock();
    EXPECT_EQ(code_of("shared_mutex", [&] { one.unlock_shared(); }),
              std::errc::operation_not_permitted);
    EXPECT_EQ(code_of("shared_mutex", [&] { one.lock(); }),
              std::errc::resource_deadlock_would_occur);
    EXPECT_EQ(code_of("shared_mutex", [&] { one.lock_shared(); }),
              std::errc::resource_deadlock_would_occur);
    EXPECT_EQ(spawn([&] { return code_of("shared_mutex", [&] { one.unlock(); }); }).join(),
              std::errc::operation_not_permitted);
    one.unlock();
  });
}

TEST(shared_mutex_DeathTest, must_be_free_when_it_ends) {
  EXPECT_DEATH(
      {
        shared_mutex one;
        one.lock_shared();
      },
      "heddle::sync::shared_mutex: destroyed while somebody holds it");
}

TEST(shared_mutex, adds_up_under_random_cancels_and_time_outs) {
  shared_mutex one;
  std::atomic<int> readers{0};
  std::atomic<int> writers{0};
  std::atomic<long> reads{0};
  std::atomic<long> writes{0};
  long written = 0;
  const auto act = [&](test::random_numbers& random, bool on_fiber) {
    const auto most = std::chrono::microseconds(random.below(60));
    if (random.below(3) == 0) {
      if (!one.try_lock_for(most)) return;
      const std::lock_guard guard(one, std::adopt_lock);
      EXPECT_EQ(++writers, 1);
      EXPECT_EQ(readers, 0);
      ++written;
      ++writes;
      --writers;
      test::let_time_pass(random);
    } else {
      if (!one.try_lock_shared_for(most)) return;
      const std::shared_lock guard(one, std::adopt_lock);
      ++readers;
      EXPECT_EQ(writers, 0);
      ++reads;
      const struct leaves {
        std::atomic<int>& readers;
        ~leaves() { --readers; }
      } end{readers};
      if (on_fiber && random.below(4) == 0) this_fiber::yield();
      test::let_time_pass(random);
    }
  };
  run(with_loops(2), [&] {
    std::vector<task<void>> fibers;
    for (std::uint64_t n = 0; n < 16; ++n) {
      fibers.push_back(spawn([&, n] {
        test::random_numbers random(n);
        for (int turn = 0; turn < test::rounds(2000); ++turn) {
          move_on_after(std::chrono::microseconds(random.below(60)), [&] { act(random, true); });
        }
      }));
    }
    test::plain_thread plain([&] {
      test::random_numbers random(99);
      for (int turn = 0; turn < test::rounds(2000); ++turn) act(random, false);
    });
    for (auto& each : fibers) each.join();
    plain.join();
  });
  EXPECT_EQ(written, writes) << "seed " << test::seed();
  EXPECT_GT(written, 0);
  EXPECT_GT(reads, 0);
  EXPECT_TRUE(one.try_lock());
  one.unlock();
}

TEST(shared_mutex, neither_readers_nor_writers_starve) {
  run(with_loops(2), [] {
    shared_mutex one;
    std::atomic<bool> over{false};
    std::atomic<int> written{0};
    std::vector<task<void>> readers;
    for (int n = 0; n < 4; ++n) {
      readers.push_back(spawn([&] {
        while (!over) {
          const std::shared_lock guard(one);
          this_fiber::yield();
        }
      }));
    }
    for (; written < 100; ++written) {
      const std::lock_guard guard(one);
    }
    over = true;
    for (auto& each : readers) each.join();
    EXPECT_EQ(written, 100);
  });
}

}  // namespace
}  // namespace heddle::sync
