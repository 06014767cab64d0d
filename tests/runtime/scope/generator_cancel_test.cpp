// SPDX-License-Identifier: MIT
// generator: left early, cancelled at every point, failing while it is ended.
#include <heddle/runtime.hpp>

#include "runtime/support/counted.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::counted;
using test::with_loops;

TEST(generator_cancel, a_break_unwinds_the_producer_and_waits_for_it) {
  run(with_loops(2), [] {
    std::atomic<int> alive{0};
    bool met = false;
    const auto endless = [&](auto& yield) {
      const counted here(alive);
      try {
        for (int n = 0;; ++n) yield(n);
      } catch (const cancelled& why) {
        EXPECT_EQ(why.reason(), "the consumer of its generator has gone");
        met = true;
        shield([] { this_fiber::sleep_for(1ms); });
        throw;
      }
    };
    for (const int n : generator<int>(endless)) {
      EXPECT_EQ(alive, 1);
      if (n == 3) break;
    }
    EXPECT_EQ(alive, 0);
    EXPECT_TRUE(met);
  });
}

TEST(generator_cancel, one_that_was_never_begun_runs_nothing) {
  run(with_loops(1), [] {
    std::atomic<int> alive{0};
    bool ran = false;
    {
      generator<int> never([&ran, held = std::make_shared<counted>(alive)](auto&) { ran = true; });
      EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
    EXPECT_FALSE(ran);
  });
}

TEST(generator_cancel, an_exception_in_the_consumer_ends_the_producer_first) {
  run(with_loops(2), [] {
    std::atomic<int> alive{0};
    try {
      for (const int n : generator<int>([&](auto& yield) {
             const counted here(alive);
             for (int each = 0;; ++each) yield(each);
           })) {
        if (n == 2) throw std::runtime_error("the consumer");
      }
      FAIL();
    } catch (const std::runtime_error&) {
      EXPECT_EQ(alive, 0);
    }
  });
}

TEST(generator_cancel, the_consumers_cancellation_reaches_a_producer_that_waits) {
  run(with_loops(2), [] {
    std::atomic<int> alive{0};
    bool met = false;
    const bool whole = move_on_after(2ms, [&] {
      for (const int n : generator<int>([&](auto& yield) {
             const counted here(alive);
             yield(1);
             try {
               test::park_for_ever();
             } catch (const cancelled&) {
               met = true;
               throw;
             }
           })) {
        EXPECT_EQ(n, 1);
      }
    });
    EXPECT_FALSE(whole);
    EXPECT_TRUE(met);
    EXPECT_EQ(alive, 0);
  });
}

TEST(generator_cancel, the_element_outlives_a_cancellation_while_the_consumer_uses_it) {
  run(with_loops(2), [] {
    std::atomic<bool> ended{false};
    cancel_scope scope;
    const bool whole = scope.run([&] {
      generator<std::string&> words([&](auto& yield) {
        struct ends {
          std::atomic<bool>& flag;
          ~ends() { flag = true; }
        } const at_end{ended};
        std::string word = "still there";
        yield(word);
      });
      auto at = words.begin();
      scope.cancel();
      shield([&] {
        for (int n = 0; n < 100; ++n) this_fiber::yield();
        this_fiber::sleep_for(1ms);
      });
      EXPECT_FALSE(ended);
      EXPECT_EQ(*at, "still there");
      ++at;
    });
    EXPECT_FALSE(whole);
    EXPECT_TRUE(ended);
  });
}

TEST(generator_cancel, a_step_that_is_cancelled_loses_no_element) {
  run(with_loops(2), [] {
    test::gate open;
    generator<int> slow([&](auto& yield) {
      yield(0);
      open.wait();
      yield(1);
      yield(2);
    });
    EXPECT_EQ(slow.next(), 0);
    for (int tries = 0; tries < 3; ++tries) {
      EXPECT_FALSE(move_on_after(1ms, [&] { return slow.next(); }));
    }
    open.open();
    EXPECT_EQ(slow.next(), 1);
    EXPECT_EQ(slow.next(), 2);
    EXPECT_EQ(slow.next(), std::nullopt);
  });
}

TEST(generator_cancel, a_cancelled_step_that_races_with_the_yield_loses_no_element) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      constexpr int count = test::rounds(3'000);
      generator<int> numbers([](auto& yield) {
        for (int n = 0; n < count; ++n) {
          if (n % 3 == 0) this_fiber::yield();
          yield(n);
        }
      });
      EXPECT_EQ(numbers.next(), 0);
      for (int expected = 1; expected < count;) {
        cancel_scope scope;
        auto canceller = spawn([&] { scope.cancel(); });
        const auto got = scope.run([&] { return numbers.next(); });
        canceller.join();
        if (got) {
          ASSERT_EQ(**got, expected);
          ++expected;
        }
      }
      EXPECT_EQ(numbers.next(), std::nullopt);
    });
  }
}

TEST(generator_cancel, begun_in_a_scope_that_is_cancelled_it_says_so_afterwards) {
  run(with_loops(1), [] {
    generator<int> waits([](auto& yield) {
      yield(1);
      test::park_for_ever();
      yield(2);
    });
    EXPECT_FALSE(move_on_after(1ms, [&] {
      for (const int n : waits) EXPECT_EQ(n, 1);
    }));
    EXPECT_THROW(waits.next(), task_cancelled);
    EXPECT_EQ(waits.next(), std::nullopt);
  });
}

TEST(generator_cancel, in_a_cancelled_scope_every_step_throws_before_it_does_anything) {
  run(with_loops(1), [] {
    cancel_scope scope;
    generator<int> numbers([](auto& yield) {
      for (int n = 0;; ++n) yield(n);
    });
    EXPECT_EQ(numbers.next(), 0);
    scope.cancel();
    scope.run([&] {
      for (int n = 0; n < 3; ++n) EXPECT_THROW(numbers.next(), cancelled);
    });
    EXPECT_EQ(numbers.next(), 1);
  });
}

TEST(generator_cancel, a_producer_that_swallows_it_meets_it_again_at_each_yield) {
  run(with_loops(1), [] {
    int met = 0;
    {
      generator<int> stubborn([&](auto& yield) {
        for (int n = 0; n <= 1000; ++n) {
          try {
            yield(n);
          } catch (...) {
            ++met;
          }
        }
      });
      EXPECT_EQ(stubborn.next(), 0);
    }
    EXPECT_EQ(met, 1001);
  });
}

TEST(generator_cancel, a_shielded_producer_is_told_by_its_yield) {
  run(with_loops(2), [] {
    bool left = false;
    {
      generator<int> shielded([&](auto& yield) {
        try {
          shield([&] {
            for (int n = 0;; ++n) yield(n);
          });
        } catch (const cancelled&) {
          left = true;
          throw;
        }
      });
      EXPECT_EQ(shielded.next(), 0);
    }
    EXPECT_TRUE(left);
  });
}

TEST(generator_cancel, a_time_out_inside_the_producer_waits_for_the_consumer) {
  run(with_loops(2), [] {
    generator<int> hurried([](auto& yield) {
      const bool in_time = move_on_after(1ms, [&] {
        yield(1);
        yield(2);
      });
      yield(in_time ? 10 : 20);
    });
    EXPECT_EQ(hurried.next(), 1);
    this_fiber::sleep_for(3ms);
    EXPECT_EQ(hurried.next(), 20);
    EXPECT_EQ(hurried.next(), std::nullopt);
  });
}

TEST(generator_cancel, an_error_after_the_consumer_has_gone_is_reported) {
  std::atomic<int> reported{0};
  config settings = with_loops(1);
  settings.on_unhandled = [&](const unhandled_error&) { ++reported; };
  run(settings, [] {
    generator<int> fails([](auto& yield) {
      try {
        yield(1);
      } catch (const cancelled&) {
        throw std::runtime_error("while it was ended");
      }
    });
    EXPECT_EQ(fails.next(), 1);
  });
  EXPECT_EQ(reported, 1);
}

TEST(generator_cancel, nested_ones_are_unwound_from_the_outside_in) {
  run(with_loops(2), [] {
    std::atomic<int> alive{0};
    const auto nested = [&](auto& self, int depth) -> generator<int> {
      return [&alive, &self, depth](auto& yield) {
        const counted here(alive);
        if (depth == 0) {
          for (int n = 0;; ++n) yield(n);
        }
        for (const int n : self(self, depth - 1)) yield(n);
      };
    };
    for (const int n : nested(nested, 5)) {
      EXPECT_EQ(alive, 6);
      if (n == 20) break;
    }
    EXPECT_EQ(alive, 0);
  });
}

/// Walks two generators, one inside the other, with waits of all kinds; counts the elements.
int walk(std::atomic<int>& alive) {
  generator<int> outer([&](auto& yield) {
    const counted here(alive);
    generator<int> inner([&](auto& give) {
      const counted there(alive);
      for (int n = 0; n < 4; ++n) {
        this_fiber::yield();
        give(n);
      }
    });
    for (const int n : inner) {
      yield(n);
      this_fiber::sleep_for(1us);
    }
  });
  int count = 0;
  for (const int n : outer) {
    EXPECT_EQ(n, count++);
    this_fiber::yield();
  }
  return count;
}

TEST(generator_cancel, cancelled_at_any_moment_it_leaves_nothing_alive) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::atomic<int> alive{0};
      int whole = 0;
      constexpr int rounds = test::rounds(2'000);
      for (int moment = 0; moment < rounds; ++moment) {
        cancel_scope scope;
        auto canceller = spawn([&, moment] {
          for (int turn = 0; turn < moment % 60; ++turn) this_fiber::yield();
          scope.cancel();
        });
        if (const auto count = scope.run([&] { return walk(alive); })) {
          EXPECT_EQ(*count, 4);
          ++whole;
        }
        canceller.join();
        ASSERT_EQ(alive, 0) << "moment " << moment;
      }
      EXPECT_LT(whole, rounds);
    });
  }
}

TEST(generator_cancel, the_end_of_a_runtime_ends_them_all) {
  std::atomic<int> alive{0};
  run(with_loops(2), [&] {
    for (int n = 0; n < 20; ++n) {
      spawn([&] {
        for (const int each : generator<int>([&](auto& yield) {
               const counted here(alive);
               for (int made = 0;; ++made) yield(made);
             })) {
          if (each == 10) test::park_for_ever();
        }
      }).detach();
    }
    test::yield_until([&] { return alive == 20; });
  });
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace heddle
