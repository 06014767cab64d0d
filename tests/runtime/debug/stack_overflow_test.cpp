// SPDX-License-Identifier: MIT
// A stack overflow ends the process by SIGSEGV, with a message that says which fiber and how large
// its stack was.
#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>

#include <signal.h>

namespace heddle {
namespace {

using test::with_loops;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class stack_overflow : public testing::Test {
 protected:
  void SetUp() override {
    if (test::sanitized) GTEST_SKIP() << "a sanitizer handles SIGSEGV itself";
  }
};

/// Calls itself until the stack is used up.
[[gnu::noinline]] int recurse(int depth) {
  std::array<volatile char, 512> frame;
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

/// One frame that is larger than a guard page. Its far end is touched first.
[[gnu::noinline]] int one_huge_frame() {
  std::array<volatile char, 100 * 1024> frame;
  frame[0] = 1;
  asm volatile("" : : "r"(frame.data()) : "memory");
  return frame[0];
}

config with_debug(unsigned loops) {
  config settings = with_loops(loops);
  settings.debug = true;
  return settings;
}

TEST_F(stack_overflow, by_recursion_names_the_fiber_and_its_stack) {
  const test::child_end end = test::in_child([] {
    runtime home(with_debug(2));
    home.spawn({.name = "deep", .stack_bytes = 64 * 1024}, [] { recurse(0); }).join();
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGSEGV)) << end.status;
  EXPECT_THAT(end.output, AllOf(HasSubstr("deep"), HasSubstr("overflowed"), HasSubstr("64 KiB"),
                                HasSubstr("stack_overflow_test.cpp")));
}

TEST_F(stack_overflow, on_the_thread_that_run_borrows_names_the_fiber_too) {
  const test::child_end end = test::in_child([] {
    config settings = with_debug(1);
    settings.stack_bytes = 32 * 1024;
    run(settings, [] { recurse(0); });
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGSEGV)) << end.status;
  EXPECT_THAT(end.output, AllOf(HasSubstr("overflowed"), HasSubstr("32 KiB")));
}

TEST_F(stack_overflow, of_a_pool_thread_names_the_pool_and_the_setting) {
  if (test::process_counts::now().threads > 1) {
    GTEST_SKIP() << "oneTBB's threads, of a case before this one, are not in a child: run it alone";
  }
  const auto overflow_in = [](auto where) {
    return test::in_child([where] {
      config settings = with_debug(1);
      settings.pool_stack_bytes = 16 << 20;  // more than oneTBB's threads have by themselves
      run(settings, [where] { where(); });
      return true;
    });
  };
  const test::child_end in_call = overflow_in([] { blocking([] { recurse(0); }); });
  EXPECT_TRUE(in_call.killed_by(SIGSEGV)) << in_call.status;
  EXPECT_THAT(in_call.output, AllOf(HasSubstr("a thread of the blocking pool overflowed its 16384"),
                                    HasSubstr("config::pool_stack_bytes")));
  const test::child_end in_job = overflow_in([] { cpu([] { recurse(0); }); });
  EXPECT_TRUE(in_job.killed_by(SIGSEGV)) << in_job.status;
  EXPECT_THAT(in_job.output, AllOf(HasSubstr("a thread of the CPU pool overflowed its 16384"),
                                   HasSubstr("config::pool_stack_bytes")));
  const test::child_end in_loop =
      overflow_in([] { parallel_for(0, 100, [](int) { recurse(0); }); });
  EXPECT_TRUE(in_loop.killed_by(SIGSEGV)) << in_loop.status;
  EXPECT_THAT(in_loop.output, HasSubstr("a thread of the CPU pool overflowed its 16384"));
}

TEST_F(stack_overflow, by_deep_fork_join_names_the_fiber) {
  const test::child_end end = test::in_child([] {
    run(with_debug(2), [] {
      spawn({.name = "splitter", .stack_bytes = 64 * 1024}, [] {
        const auto split = [](const auto& self, int depth) -> int {
          const auto [left, right] =
              fork_join([&] { return self(self, depth + 1); }, [depth] { return depth; });
          return left + right;
        };
        split(split, 0);
      }).join();
    });
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGSEGV)) << end.status;
  EXPECT_THAT(end.output, AllOf(HasSubstr("splitter"), HasSubstr("64 KiB"),
                                HasSubstr("spawn_options::stack_bytes")));
}

TEST_F(stack_overflow, by_one_huge_frame_hits_the_guard) {
  const test::child_end end = test::in_child([] {
    config settings = with_debug(1);
    settings.stack_bytes = 64 * 1024;
    run(settings, [] { spawn({.name = "wide"}, [] { one_huge_frame(); }).join(); });
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGSEGV)) << end.status;
  EXPECT_THAT(end.output, AllOf(HasSubstr("wide"), HasSubstr("64 KiB")));
}

TEST_F(stack_overflow, without_debug_the_process_still_ends_by_sigsegv_without_a_word) {
  const test::child_end end = test::in_child([] {
    run(with_loops(1), [] { spawn({.name = "deep"}, [] { recurse(0); }).join(); });
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGSEGV)) << end.status;
  EXPECT_THAT(end.output, Not(HasSubstr("overflowed")));
}

TEST_F(stack_overflow, does_not_touch_the_neighbours) {
  // The handler of this process looks at the neighbours' stacks: both must be whole.
  static std::array<std::atomic<volatile char*>, 2> neighbours;
  const test::child_end end = test::in_child([] {
    run(with_loops(1), [] {
      const auto keep_pattern = [](std::size_t n) {
        return [n] {
          std::array<volatile char, 8192> pattern;
          for (volatile char& each : pattern) each = static_cast<char>(n + 1);
          neighbours[n] = pattern.data();
          test::park_for_ever();
        };
      };
      struct sigaction look {};
      look.sa_flags = SA_ONSTACK;
      look.sa_handler = [](int) {
        for (std::size_t n = 0; n < 2; ++n) {
          for (std::size_t at = 0; at < 8192; ++at) {
            if (neighbours[n].load()[at] != static_cast<char>(n + 1)) ::_exit(3);
          }
        }
        ::_exit(7);
      };
      static std::array<char, 65536> spare;
      stack_t alternate{};
      alternate.ss_sp = spare.data();
      alternate.ss_size = spare.size();
      ::sigaltstack(&alternate, nullptr);
      ::sigaction(SIGSEGV, &look, nullptr);
      auto below = spawn({.stack_bytes = 64 * 1024}, keep_pattern(0));
      test::let_all_run();
      auto middle = spawn({.stack_bytes = 64 * 1024}, [] {
        test::let_all_run();
        one_huge_frame();
      });
      auto above = spawn({.stack_bytes = 64 * 1024}, keep_pattern(1));
      middle.join();
    });
    return true;
  });
  EXPECT_TRUE(end.exited_with(7)) << end.status << end.output;
}

TEST_F(stack_overflow, another_fault_is_not_called_an_overflow_and_goes_to_who_was_there_before) {
  const test::child_end end = test::in_child([] {
    ::signal(SIGSEGV, [](int) { ::_exit(9); });
    runtime home(with_debug(1));
    home.run([] {
      volatile int* nowhere = nullptr;
      asm volatile("" : "+r"(nowhere));
      *nowhere = 1;
    });
    return true;
  });
  EXPECT_TRUE(end.exited_with(9)) << end.status;
  EXPECT_THAT(end.output, Not(HasSubstr("overflowed")));
}

TEST_F(stack_overflow, a_larger_stack_is_there_for_deep_recursion_on_purpose) {
  struct recursion {
    static int descend(int depth) {
      std::array<volatile char, 256> frame;
      frame[0] = 1;
      return depth == 0 ? 0 : descend(depth - 1) + frame[0];
    }
  };
  run(with_loops(2), [] {
    auto deep = spawn({.stack_bytes = 8 << 20}, [] { return recursion::descend(10'000); });
    EXPECT_EQ(deep.join(), 10'000);
  });
}

TEST_F(stack_overflow, runtimes_with_debug_come_and_go) {
  for (int n = 0; n < 200; ++n) {
    runtime home(with_debug(1));
    EXPECT_EQ(home.run([n] { return n; }), n);
  }
}

}  // namespace
}  // namespace heddle
