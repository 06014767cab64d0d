// SPDX-License-Identifier: MIT
// task::watch_end: the end of a task ends a wait that is in other lists too, and only that wait.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_loops;

TEST(task_watch, the_end_of_the_task_ends_the_wait) {
  run(with_loops(1), [] {
    test::gate gate;
    auto watched = spawn([&] {
      gate.wait();
      return 4;
    });
    let_all_run();
    waiter self;
    EXPECT_TRUE(watched.watch_end(self));
    gate.open();
    EXPECT_EQ(self.wait(), wake_reason::event);
    EXPECT_EQ(self.tag(), 0);
    EXPECT_TRUE(watched.unwatch_end());
    EXPECT_EQ(watched.join(), 4);
  });
}

TEST(task_watch, of_a_task_that_has_ended_is_refused) {
  run(with_loops(1), [] {
    auto watched = spawn([] {});
    let_all_run();
    waiter self;
    EXPECT_FALSE(watched.watch_end(self));
    EXPECT_TRUE(watched.unwatch_end());
    watched.join();
  });
}

TEST(task_watch, that_was_taken_back_ends_no_other_wait) {
  run(with_loops(1), [] {
    test::gate gate;
    auto watched = spawn([&] { gate.wait(); });
    let_all_run();
    {
      waiter self;
      EXPECT_TRUE(watched.watch_end(self));
      EXPECT_EQ(self.wait(deadline::after(1ms)), wake_reason::timeout);
      EXPECT_FALSE(watched.unwatch_end());
    }
    gate.open();
    waiter next;  // has nothing to do with the task, which ends meanwhile
    EXPECT_EQ(next.wait(deadline::after(2ms)), wake_reason::timeout);
    EXPECT_TRUE(watched.done());
    watched.join();
  });
}

TEST(task_watch, misuse_is_an_error_that_names_it) {
  run(with_loops(1), [] {
    waiter unused;
    task<void> none;
    EXPECT_THROW(none.watch_end(unused), std::logic_error);
    EXPECT_THROW(none.unwatch_end(), std::logic_error);
  });
  run(with_loops(1), [] {
    std::optional<task<void>> self;
    self = spawn([&] {
      waiter mine;
      EXPECT_THROW(self->watch_end(mine), std::logic_error);
    });
    let_all_run();
    self->join();
  });
}

/// Watches two tasks of `other`, with a time-out that races their ends, again and again.
void watch_two(runtime& other) {
  for (int round = 0; round < test::rounds(5'000); ++round) {
    auto first = other.spawn([] { this_fiber::yield(); });
    auto second = other.spawn([] {});
    wake_reason why{};
    {
      waiter self;
      const bool both = first.watch_end(self) && second.watch_end(self);
      if (!both) {
        self.claim().resume();
      }
      why = self.wait(round % 4 == 0 ? deadline::after(std::chrono::microseconds(round % 64))
                                     : deadline::never());
      const bool first_done = first.unwatch_end();
      const bool second_done = second.unwatch_end();
      EXPECT_TRUE(why == wake_reason::timeout || first_done || second_done);
    }
    first.join();
    second.join();
  }
}

TEST(task_watch, works_across_threads_and_runtimes_and_races_with_the_end) {
  for (const unsigned loops : {1U, 2U}) {
    runtime other(with_loops(loops));
    watch_two(other);
    run(with_loops(1), [&] { watch_two(other); });
  }
  run(with_loops(2), [] { watch_two(runtime::current()); });
}

}  // namespace
}  // namespace heddle
