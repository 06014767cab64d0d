// SPDX-License-Identifier: MIT
// once: one call succeeds, all others wait for it, and a failed one gives the turn away.
#include <heddle/runtime.hpp>
#include <heddle/sync/once.hpp>

#include "runtime/support/loops.hpp"
#include "sync/support/crowd.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

TEST(once, runs_the_first_call_only) {
  once flag;
  int runs = 0;
  EXPECT_FALSE(flag.done());
  EXPECT_TRUE(flag.call([&](int by) { runs += by; }, 2));
  EXPECT_FALSE(flag.call([&](int by) { runs += by; }, 3));
  EXPECT_TRUE(flag.done());
  EXPECT_EQ(runs, 2);
}

TEST(once, has_everybody_wait_for_the_call_that_runs) {
  for (int round = 0; round < test::rounds(50); ++round) {
    once flag;
    int made = 0;  // not atomic: the calls' order is what makes it safe to read
    std::atomic<int> runs{0};
    const auto use = [&] {
      flag.call([&] {
        ++runs;
        if (this_fiber::exists()) this_fiber::yield();
        made = 7;
      });
      EXPECT_EQ(made, 7);
    };
    test::crowd all;
    for (int n = 0; n < 3; ++n) {
      all.add_thread(use);
      all.add_fiber(use);
      all.add_fiber(use);
    }
    all.meet();
    EXPECT_EQ(runs, 1);
  }
}

TEST(once, a_call_that_throws_gives_the_turn_to_the_next_in_line) {
  run(with_loops(1), [] {
    once flag;
    std::string order;
    const auto attempt = [&](char name, bool fails) {
      return spawn([&, name, fails] {
        return flag.call([&] {
          order += name;
          let_all_run();  // the others get in line
          if (fails) throw std::runtime_error("no");
        });
      });
    };
    auto a = attempt('a', true);
    auto b = attempt('b', true);
    auto c = attempt('c', false);
    auto d = attempt('d', false);
    EXPECT_THROW(a.join(), std::runtime_error);
    EXPECT_THROW(b.join(), std::runtime_error);
    EXPECT_TRUE(c.join());
    EXPECT_FALSE(d.join());
    EXPECT_EQ(order, "abc");
    EXPECT_FALSE(flag.call([] { ADD_FAILURE(); }));
  });
}

TEST(once, a_call_that_is_cancelled_has_not_happened) {
  run(with_any_loops(), [] {
    once flag;
    auto first = spawn([&] { flag.call([] { test::park_for_ever(); }); });
    let_all_run();
    auto gives_up = spawn([&] { flag.call([] { ADD_FAILURE(); }); });
    auto second = spawn([&] { return flag.call([] {}); });
    let_all_run();
    gives_up.cancel();
    EXPECT_THROW(gives_up.join(), task_cancelled);
    EXPECT_FALSE(second.done());
    first.cancel();
    EXPECT_THROW(first.join(), task_cancelled);
    EXPECT_TRUE(second.join());
    EXPECT_TRUE(flag.done());
  });
}

TEST(once, the_turn_passes_over_those_who_are_on_their_way_out) {
  run(with_any_loops(), [] {
    once flag;
    test::gate fails;
    auto first = spawn([&] {
      flag.call([&] {
        fails.wait();
        throw std::runtime_error("no");
      });
    });
    let_all_run();
    auto gives_up = spawn([&] { flag.call([] { ADD_FAILURE(); }); });
    let_all_run();
    auto second = spawn([&] { return flag.call([] {}); });
    let_all_run();
    fails.open();
    gives_up.cancel();  // is in line still when the first one fails, if that one runs before it
    EXPECT_THROW(first.join(), std::runtime_error);
    EXPECT_THROW(gives_up.join(), task_cancelled);
    EXPECT_TRUE(second.join());
  });
}

TEST(once, who_was_handed_the_turn_and_is_cancelled_then_still_uses_it) {
  run(with_any_loops(), [] {
    once flag;
    test::gate fails;
    auto first = spawn([&] {
      flag.call([&] {
        fails.wait();
        throw std::runtime_error("no");
      });
    });
    let_all_run();
    bool ran = false;
    auto second = spawn([&] { flag.call([&] { ran = true; }); });
    let_all_run();
    fails.open();
    EXPECT_THROW(first.join(), std::runtime_error);
    second.cancel();  // at the latest now it has the turn, and has perhaps run already
    second.join();
    EXPECT_TRUE(ran);
  });
}

TEST(once, one_who_has_failed_may_try_again_while_the_next_in_line_runs) {
  run(with_loops(1), [] {
    once flag;
    test::gate finish;
    auto fails = spawn([&] {
      EXPECT_THROW(flag.call([] {
        let_all_run();
        throw std::runtime_error("no");
      }),
                   std::runtime_error);
      return flag.call([] { ADD_FAILURE() << "the other call succeeds"; });
    });
    auto next = spawn([&] {
      return flag.call([&] {
        EXPECT_THROW(flag.call([] {}), std::logic_error);
        finish.wait();
      });
    });
    let_all_run();
    EXPECT_FALSE(fails.done()) << "it waits for the other call";
    finish.open();
    EXPECT_TRUE(next.join());
    EXPECT_FALSE(fails.join());
  });
}

TEST(once, a_call_from_within_the_call_is_an_error) {
  once flag;
  const auto again = [&] {
    EXPECT_THROW(flag.call([&] { flag.call([] {}); }), std::logic_error);
    EXPECT_FALSE(flag.done());
  };
  again();
  run(with_loops(2), [&] {
    again();
    EXPECT_TRUE(flag.call([] {}));
  });
}

}  // namespace
}  // namespace heddle::sync
