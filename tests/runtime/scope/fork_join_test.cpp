// SPDX-License-Identifier: MIT
// fork_join: results, waits inside, failures, cancellation, depth.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <variant>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

long fib(unsigned n) {
  if (n < 2) return n;
  const auto [left, right] = fork_join([n] { return fib(n - 1); }, [n] { return fib(n - 2); });
  return left + right;
}

/// Keeps the calling loop busy until `done`, so that whoever else is free takes what is offered.
template <class Done>
void spin_until(Done done) {
  while (!done()) std::this_thread::yield();
}

TEST(fork_join, gives_results_in_order) {
  run(with_loops(2), [] {
    int named = 7;
    auto [number, text, nothing, reference, own] =
        fork_join([] { return 1; }, [] { return std::string("two"); }, [] {},
                  [&named]() -> int& { return named; }, [] { return std::make_unique<int>(5); });
    EXPECT_EQ(number, 1);
    EXPECT_EQ(text, "two");
    EXPECT_EQ(nothing, std::monostate());
    EXPECT_EQ(&reference.get(), &named);
    EXPECT_EQ(*own, 5);
  });
}

TEST(fork_join, of_one_call_is_that_call) {
  run(with_loops(1), [] { EXPECT_EQ(std::get<0>(fork_join([] { return 3; })), 3); });
}

TEST(fork_join, on_a_plain_thread_calls_one_after_the_other) {
  std::vector<int> order;
  fork_join([&order] { order.push_back(1); }, [&order] { order.push_back(2); },
            [&order] { order.push_back(3); });
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_EQ(fib(15), 610);
}

TEST(fork_join, recursion_is_right_on_any_number_of_loops) {
  for (const unsigned loops : {1U, 2U, 4U}) {
    EXPECT_EQ(run(with_loops(loops), [] { return fib(20); }), 6765) << loops << " loops";
  }
}

TEST(fork_join, is_taken_by_an_idle_loop) {
  run(with_loops(2), [] {
    std::atomic<bool> there{false};
    const auto here = std::this_thread::get_id();
    const auto [first, second] = fork_join(
        [&there] {
          spin_until([&there] { return there.load(); });
          return true;
        },
        [&there] {
          there = true;
          return std::this_thread::get_id();
        });
    EXPECT_TRUE(first);
    EXPECT_NE(second, here);
  });
}

TEST(fork_join, a_call_may_wait_for_a_later_one_on_one_loop) {
  run(with_loops(1), [] {
    std::vector<std::string> order;
    bool told = false;
    wait_queue line;
    fork_join(
        [&] {
          order.emplace_back("waits");
          line.wait_unless([&told]() noexcept { return told; });
          order.emplace_back("goes on");
        },
        [&] {
          order.emplace_back("tells");
          told = true;
          line.wake_one();
        });
    EXPECT_EQ(order, (std::vector<std::string>{"waits", "tells", "goes on"}));
  });
}

TEST(fork_join, calls_that_sleep_do_so_at_once) {
  run(with_loops(1), [] {
    const auto began = clock::now();
    fork_join([] { this_fiber::sleep_for(50ms); }, [] { this_fiber::sleep_for(50ms); },
              [] { this_fiber::sleep_for(50ms); });
    EXPECT_LT(clock::now() - began, 120ms);
  });
}

TEST(fork_join, a_caller_that_comes_back_takes_back_what_nobody_took) {
  run(with_loops(1), [] {
    const fiber_id me = this_fiber::id();
    fiber_id ran_in = fiber_id::none;
    auto other = spawn([] {
      for (int n = 0; n < 3; ++n) this_fiber::yield();
    });
    fork_join([] { this_fiber::yield(); }, [&ran_in] { ran_in = this_fiber::id(); });
    EXPECT_EQ(ran_in, me);
    other.join();
  });
}

TEST(fork_join, forks_and_tasks_nest_in_one_another) {
  run(with_loops(3), [] {
    std::atomic<int> leaves{0};
    const auto work = [&leaves](auto&& self, int depth) -> void {
      if (depth == 0) {
        this_fiber::yield();
        ++leaves;
        return;
      }
      fork_join([&] { self(self, depth - 1); },
                [&] {
                  auto child = spawn([&] { self(self, depth - 1); });
                  child.join();
                },
                [&] {
                  task_group all;
                  all.spawn([&] { self(self, depth - 1); });
                  all.join();
                });
    };
    work(work, 5);
    EXPECT_EQ(leaves, 243);
  });
}

TEST(fork_join, the_first_call_s_failure_keeps_later_ones_from_beginning) {
  run(with_loops(1), [] {
    bool ran = false;
    const auto fork = [&ran] {
      fork_join([] { throw std::runtime_error("first"); }, [&ran] { ran = true; },
                [&ran] { ran = true; });
    };
    EXPECT_THROW(fork(), std::runtime_error);
    EXPECT_FALSE(ran);
  });
}

TEST(fork_join, a_later_call_s_failure_is_thrown) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      try {
        fork_join([] { return 1; }, [] { throw std::runtime_error("second"); },
                  [] { return std::string("third"); });
        FAIL() << "nothing was thrown";
      } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "second");
      }
    });
  }
}

TEST(fork_join, a_failure_elsewhere_cancels_the_first_call_s_wait) {
  run(with_loops(1), [] {
    bool cancelled_here = false;
    wait_queue never;
    try {
      fork_join(
          [&] {
            try {
              never.wait_unless([]() noexcept { return false; });
            } catch (const cancelled& why) {
              cancelled_here = true;
              EXPECT_EQ(why.reason(), "a sibling failed");
              throw;
            }
          },
          [] { throw std::runtime_error("elsewhere"); });
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "elsewhere");
    }
    EXPECT_TRUE(cancelled_here);
    this_fiber::checkpoint();  // it was the fork's, and is over
    this_fiber::yield();
  });
}

TEST(fork_join, the_first_call_s_failure_cancels_one_that_waits_elsewhere) {
  run(with_loops(1), [] {
    bool waits = false;
    bool was_cancelled = false;
    wait_queue never;
    const auto fork = [&] {
      fork_join(
          [&waits] {
            while (!waits) this_fiber::yield();
            throw std::runtime_error("first");
          },
          [&] {
            waits = true;
            try {
              never.wait_unless([]() noexcept { return false; });
            } catch (const cancelled&) {
              was_cancelled = true;
              throw;
            }
          });
    };
    EXPECT_THROW(fork(), std::runtime_error);
    EXPECT_TRUE(was_cancelled);
  });
}

TEST(fork_join, a_failure_inside_ends_inside) {
  run(with_loops(1), [] {
    wait_queue never;
    const auto inner = [&never] {
      fork_join([&never] { never.wait_unless([]() noexcept { return false; }); },
                [] { throw std::runtime_error("inner"); });
    };
    const auto [first, second] = fork_join(
        [&inner] {
          EXPECT_THROW(inner(), std::runtime_error);
          this_fiber::sleep_for(1ms);  // the outer fork is not cancelled
          return 1;
        },
        [] {
          this_fiber::sleep_for(5ms);
          return 2;
        });
    EXPECT_EQ(first + second, 3);
  });
}

TEST(fork_join, a_cancel_reaches_all_calls) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::atomic<int> ended{0};
      wait_queue never;
      const auto wait = [&] {
        try {
          never.wait_unless([]() noexcept { return false; });
        } catch (const cancelled&) {
          ++ended;
          throw;
        }
      };
      EXPECT_FALSE(move_on_after(20ms, [&] { fork_join(wait, wait, wait); }));
      EXPECT_EQ(ended, 3);
      auto child = spawn([&] { fork_join(wait, wait); });
      this_fiber::sleep_for(5ms);
      child.cancel();
      EXPECT_THROW(child.join(), task_cancelled);
      EXPECT_EQ(ended, 5);
    });
  }
}

TEST(fork_join, a_time_out_inside_one_call_is_nothing_to_another) {
  run(with_loops(1), [] {
    bool other_ended = false;
    fork_join(
        [] {
          move_on_after(1ms, [] {
            fork_join([] { this_fiber::sleep_for(1h); }, [] { this_fiber::sleep_for(1h); });
          });
          move_on_after(1ms, [] { this_fiber::sleep_for(1h); });
        },
        [&other_ended] {
          this_fiber::sleep_for(10ms);
          other_ended = true;
        });
    EXPECT_TRUE(other_ended);
  });
}

TEST(fork_join, shielded_it_is_not_cancelled) {
  run(with_loops(1), [] {
    int ended = 0;
    const auto nap = [&ended] {
      this_fiber::sleep_for(5ms);
      ++ended;
    };
    EXPECT_FALSE(move_on_after(1ms, [&] {
      shield([&] { fork_join(nap, nap); });
      this_fiber::checkpoint();
    }));
    EXPECT_EQ(ended, 2);
  });
}

TEST(fork_join, cancelled_in_its_first_call_still_makes_those_that_nobody_took) {
  run(with_loops(1), [] {
    cancel_scope scope;
    bool called = false;
    const auto sum = scope.run([&] {
      const auto [a, b] = fork_join(
          [&] {
            scope.cancel();
            return 1;
          },
          [&] {
            called = true;
            return 2;
          });
      return a + b;
    });
    EXPECT_TRUE(called);
    EXPECT_EQ(sum, 3);
  });
}

TEST(fork_join, takes_as_much_stack_as_its_description_says) {
  const auto empty = [] {};
  EXPECT_LE(sizeof(detail::branch_of<decltype(empty)>), 150U);
  EXPECT_LE(sizeof(detail::fork_core), 310U);
}

TEST(fork_join, cancelled_before_it_calls_nobody) {
  run(with_loops(1), [] {
    bool ran = false;
    cancel_scope scope;
    scope.cancel();
    scope.run([&ran] { fork_join([&ran] { ran = true; }, [&ran] { ran = true; }); });
    EXPECT_FALSE(ran);
  });
}

TEST(fork_join, a_call_that_was_taken_has_the_caller_s_context) {
  static context_var<int> depth(0);
  run(with_loops(1), [] {
    const context_var<int>::scoped here(depth, 4);
    fork_join([] { this_fiber::sleep_for(1ms); }, [] { EXPECT_EQ(depth.get(), 4); });
  });
}

TEST(fork_join, goes_deeper_than_its_deque_has_room) {
  config settings = with_loops(2);
  settings.stack_bytes = std::size_t{32} << 20;
  run(settings, [] {
    const auto chain = [](auto&& self, int depth) -> int {
      if (depth == 0) return 1;
      const auto [deeper, one] = fork_join([&] { return self(self, depth - 1); }, [] { return 1; });
      return deeper + one;
    };
    EXPECT_EQ(chain(chain, 2000), 2001);
  });
}

TEST(fork_join, in_a_destructor_that_an_exception_runs_is_serial) {
  run(with_loops(1), [] {
    int ran = 0;
    struct at_end {
      int& count;
      ~at_end() {
        fork_join([this] { ++count; }, [this] { ++count; });
      }
    };
    try {
      const at_end guard{ran};
      throw std::runtime_error("unwinds");
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(ran, 2);
  });
}

}  // namespace
}  // namespace heddle
