// SPDX-License-Identifier: MIT
// What the compiler and the C++ runtime keep per thread must follow the fiber: exceptions in
// flight, errno, callee-saved registers. One program, compiled several times: by both compilers,
// without and with optimisation, because what is kept across a switch is the optimiser's choice.
#include "runtime/fiber/switching.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cfenv>
#include <cmath>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::migrate;
using test::thread_now;
using test::with_loops;

constexpr int rounds = test::rounds(200);

[[gnu::noinline]] std::string current_message() {
  try {
    throw;
  } catch (const std::exception& error) {
    return error.what();
  }
}

TEST(fiber_switch, migration_happens_here) {
  run(with_loops(2), [] {
    for (int n = 0; n < rounds; ++n) {
      const long before = thread_now();
      migrate();
      EXPECT_NE(thread_now(), before);
    }
  });
}

TEST(fiber_switch, an_exception_is_rethrown_on_another_thread_than_it_was_caught_on) {
  run(with_loops(2), [] {
    for (int n = 0; n < rounds; ++n) {
      std::string told;
      try {
        try {
          throw std::runtime_error("first");
        } catch (const std::runtime_error&) {
          migrate();
          throw;
        }
      } catch (const std::runtime_error& error) {
        migrate();
        told = error.what();
      }
      EXPECT_EQ(told, "first");
    }
  });
}

TEST(fiber_switch, handlers_nest_across_migrations) {
  run(with_loops(2), [] {
    for (int n = 0; n < rounds; ++n) {
      try {
        throw std::runtime_error("outer");
      } catch (const std::runtime_error& outer) {
        migrate();
        try {
          throw std::logic_error("inner");
        } catch (const std::logic_error& inner) {
          migrate();
          EXPECT_EQ(current_message(), "inner");
          EXPECT_STREQ(inner.what(), "inner");
        }
        migrate();
        EXPECT_EQ(current_message(), "outer");
        EXPECT_STREQ(outer.what(), "outer");
      }
      EXPECT_EQ(std::current_exception(), nullptr);
    }
  });
}

TEST(fiber_switch, two_fibers_with_exceptions_in_flight_do_not_mix_them) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      const auto juggle = [](const std::string& mine) {
        for (int n = 0; n < 20 * rounds; ++n) {
          try {
            throw std::runtime_error(mine);
          } catch (const std::runtime_error&) {
            this_fiber::yield();
            EXPECT_EQ(current_message(), mine);
            this_fiber::yield();
            EXPECT_EQ(current_message(), mine);
          }
          EXPECT_EQ(std::current_exception(), nullptr);
          this_fiber::yield();
        }
      };
      std::vector<task<void>> jugglers;
      for (int n = 0; n < 5; ++n) {
        jugglers.push_back(spawn([&juggle, n] { juggle("juggler " + std::to_string(n)); }));
      }
      for (auto& each : jugglers) each.join();
    });
  }
}

TEST(fiber_switch, a_fresh_fiber_begins_without_exceptions_whatever_its_spawner_is_in) {
  run(with_loops(1), [] {
    try {
      throw std::runtime_error("spawner's");
    } catch (const std::runtime_error&) {
      auto child = spawn([] {
        EXPECT_EQ(std::current_exception(), nullptr);
        EXPECT_EQ(std::uncaught_exceptions(), 0);
        throw std::logic_error("child's");
      });
      EXPECT_THROW(child.join(), std::logic_error);
      EXPECT_EQ(current_message(), "spawner's");
    }
  });
}

/// Suspends while it is destroyed, and says how many exceptions were on their way then.
class suspends_at_end {
 public:
  explicit suspends_at_end(std::vector<int>& seen) : seen_(seen) {}
  ~suspends_at_end() {
    seen_.push_back(std::uncaught_exceptions());
    migrate();
    seen_.push_back(std::uncaught_exceptions());
    try {
      throw std::logic_error("inside");
    } catch (const std::logic_error&) {
      this_fiber::yield();
      seen_.push_back(std::uncaught_exceptions());
    }
  }
  suspends_at_end(const suspends_at_end&) = delete;
  suspends_at_end& operator=(const suspends_at_end&) = delete;

 private:
  std::vector<int>& seen_;
};

TEST(fiber_switch, a_destructor_may_suspend_during_unwinding_and_unwinding_goes_on) {
  run(with_loops(2), [] {
    for (int n = 0; n < rounds; ++n) {
      std::vector<int> seen;
      std::string told;
      try {
        const suspends_at_end outer(seen);
        const suspends_at_end inner(seen);
        throw std::runtime_error("unwinds");
      } catch (const std::runtime_error& error) {
        told = error.what();
      }
      EXPECT_EQ(told, "unwinds");
      EXPECT_EQ(seen, (std::vector<int>{1, 1, 1, 1, 1, 1}));
      EXPECT_EQ(std::uncaught_exceptions(), 0);
    }
  });
}

TEST(fiber_switch, fibers_that_unwind_at_the_same_time_each_count_their_own) {
  run(with_loops(1), [] {
    std::vector<task<void>> fibers;
    for (int n = 0; n < 8; ++n) {
      fibers.push_back(spawn([] {
        struct checks {
          ~checks() {
            EXPECT_EQ(std::uncaught_exceptions(), 1);
            this_fiber::yield();
            EXPECT_EQ(std::uncaught_exceptions(), 1);
          }
        };
        for (int round = 0; round < rounds; ++round) {
          EXPECT_EQ(std::uncaught_exceptions(), 0);
          try {
            const checks first;
            const checks second;
            throw int{round};
          } catch (const int caught) {
            EXPECT_EQ(caught, round);
          }
          this_fiber::yield();
        }
      }));
    }
    for (auto& each : fibers) each.join();
  });
}

TEST(fiber_switch, an_exception_pointer_travels_between_fibers) {
  run(with_loops(2), [] {
    std::exception_ptr travelling;
    try {
      throw std::runtime_error("travels");
    } catch (...) {
      travelling = std::current_exception();
    }
    auto there = spawn([&] {
      try {
        std::rethrow_exception(travelling);
      } catch (const std::runtime_error&) {
        migrate();
        travelling = nullptr;
        return current_message();
      }
    });
    EXPECT_EQ(there.join(), "travels");
  });
}

TEST(fiber_switch, errno_follows_the_fiber_to_another_thread) {
  run(with_loops(2), [] {
    for (int n = 1; n <= rounds; ++n) {
      test::set_errno(n);
      migrate();
      EXPECT_EQ(test::errno_now(), n);
    }
  });
}

TEST(fiber_switch, errno_of_interleaved_fibers_does_not_mix) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::vector<task<void>> fibers;
      for (int mine = 1; mine <= 8; ++mine) {
        fibers.push_back(spawn([mine] {
          for (int n = 0; n < 20 * rounds; ++n) {
            test::set_errno(mine);
            n % 10 == 0 ? this_fiber::sleep_for(1us) : this_fiber::yield();
            EXPECT_EQ(test::errno_now(), mine);
          }
        }));
      }
      for (auto& each : fibers) each.join();
    });
  }
}

TEST(fiber_switch, errno_survives_a_park) {
  run(with_loops(2), [] {
    test::gate opens;
    auto waits = spawn([&] {
      test::set_errno(EDOM);
      opens.wait();
      return test::errno_now();
    });
    this_fiber::yield();
    test::set_errno(ERANGE);
    opens.open();
    EXPECT_EQ(waits.join(), EDOM);
    EXPECT_EQ(test::errno_now(), ERANGE);
  });
}

[[gnu::noinline]] double opaque(double value) noexcept {
  asm volatile("" : "+m"(value));
  return value;
}

TEST(fiber_switch, local_values_survive_in_every_register) {
  run(with_loops(2), [] {
    const auto keep = [](std::uint64_t start) {
      std::array<std::uint64_t, 16> whole{};
      std::array<double, 8> real{};
      for (std::size_t n = 0; n < whole.size(); ++n) whole[n] = start + n;
      for (std::size_t n = 0; n < real.size(); ++n)
        real[n] = opaque(static_cast<double>(start + n));
      for (int n = 0; n < 20 * rounds; ++n) {
        this_fiber::yield();
        for (auto& each : whole) ++each;
        for (auto& each : real) each += 1.0;
      }
      for (std::size_t n = 0; n < whole.size(); ++n) {
        EXPECT_EQ(whole[n], start + n + 20 * static_cast<std::uint64_t>(rounds));
      }
      for (std::size_t n = 0; n < real.size(); ++n) {
        EXPECT_EQ(real[n], static_cast<double>(start + n) + 20.0 * rounds);
      }
    };
    std::vector<task<void>> fibers;
    for (std::uint64_t n = 0; n < 6; ++n) fibers.push_back(spawn([&, n] { keep(1000 * n); }));
    for (auto& each : fibers) each.join();
  });
}

[[gnu::noinline]] double third() noexcept { return opaque(1.0) / opaque(3.0); }

/// Small enough to keep its values below the stack pointer, had it no call but the yield.
[[gnu::noinline]] std::uint64_t sum_around_a_yield(std::uint64_t seed) {
  std::array<volatile std::uint64_t, 12> values{};
  for (auto& value : values) value = seed = seed * 6364136223846793005U + 1442695040888963407U;
  this_fiber::yield();
  std::uint64_t sum = 0;
  for (const auto& value : values) sum += value;
  return sum;
}

TEST(fiber_switch, what_lies_on_the_stack_around_a_yield_stays_as_it_is) {
  run(with_loops(1), [] {
    const std::uint64_t expected[] = {sum_around_a_yield(1), sum_around_a_yield(2)};
    std::vector<task<void>> all;
    for (int n = 0; n < 100; ++n) {
      all.push_back(spawn([n, &expected] {
        for (int round = 0; round < rounds; ++round) {
          ASSERT_EQ(sum_around_a_yield(n % 2 == 0 ? 1 : 2), expected[n % 2]);
        }
      }));
    }
    for (auto& each : all) each.join();
  });
}

TEST(fiber_switch, the_rounding_mode_belongs_to_the_fiber) {
  run(with_loops(2), [] {
    const double nearest = third();
    auto upward = spawn([nearest] {
      std::fesetround(FE_UPWARD);
      for (int n = 0; n < rounds; ++n) {
        migrate();
        EXPECT_GT(third(), nearest);
      }
      std::fesetround(FE_TONEAREST);
    });
    for (int n = 0; n < rounds; ++n) {
      this_fiber::yield();
      EXPECT_EQ(third(), nearest);
    }
    upward.join();
  });
}

TEST(fiber_switch, an_exception_thrown_through_many_frames_is_caught_after_migrations) {
  struct recursion {
    static void descend(int depth) {
      if (depth == 0) {
        migrate();
        throw std::runtime_error("from the depth");
      }
      const std::string frame(100, 'x');
      descend(depth - 1);
      EXPECT_EQ(frame.size(), 100U);
    }
  };
  run(with_loops(2), [] {
    for (int n = 0; n < rounds; ++n) {
      EXPECT_THROW(recursion::descend(50), std::runtime_error);
    }
  });
}

}  // namespace
}  // namespace heddle
