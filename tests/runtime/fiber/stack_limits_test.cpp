// SPDX-License-Identifier: MIT
// A runtime whose system has no more stacks to give: errors that say so, the others go on, and it
// recovers.
#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

class stack_limits : public testing::Test {
 protected:
  void SetUp() override {
    if (test::sanitized) GTEST_SKIP() << "a sanitizer needs the address space";
  }
};

/// Leaves the process so much more address space than it has now.
void leave_room(std::size_t megabytes) {
  test::limit(RLIMIT_AS, test::address_space_bytes() + (megabytes << 20));
}

/// Spawns fibers that park, until there is no stack for one. Returns how many run, -1 if none was
/// refused.
int park_until_refused(std::vector<task<void>>& parked, test::gate& finish) {
  for (int n = 0; n < 100'000; ++n) {
    try {
      auto one = spawn([&finish] { finish.wait(); });
      test::let_all_run();
      if (one.done()) {
        one.join();  // throws what it failed with
      }
      parked.push_back(std::move(one));
    } catch (const resource_exhausted& error) {
      const bool named = std::string(error.what()).find("stack") != std::string::npos;
      return named ? static_cast<int>(parked.size()) : -1;
    }
  }
  return -1;
}

TEST_F(stack_limits, spawn_or_join_says_so_and_the_others_go_on_and_it_recovers) {
  for (const unsigned loops : {1U, 2U}) {
    const test::child_end end = test::in_child([loops] {
      return run(with_loops(loops), [] {
        leave_room(64);
        test::gate finish;
        std::vector<task<void>> parked;
        const int had = park_until_refused(parked, finish);
        if (had < 50) return false;
        finish.open();
        for (auto& each : parked) each.join();
        for (int n = 0; n < had; ++n) {
          if (spawn([n] { return n; }).join() != n) return false;
        }
        return true;
      });
    });
    EXPECT_TRUE(end.exited_with(0)) << loops << ": " << end.status << end.output;
  }
}

TEST_F(stack_limits, a_hook_that_is_told_of_it_may_wait_and_captures_are_destroyed_on_a_fiber) {
  struct waits_at_its_end {
    waits_at_its_end() = default;
    waits_at_its_end(waits_at_its_end&& other) noexcept : here(std::exchange(other.here, false)) {}
    ~waits_at_its_end() {
      if (here) this_fiber::yield();
    }
    bool here = true;
  };
  for (const unsigned loops : {1U, 2U}) {
    const test::child_end end = test::in_child([loops] {
      std::atomic<int> told{0};
      config settings = with_loops(loops);
      settings.on_unhandled = [&](const unhandled_error&) {
        this_fiber::sleep_for(1ms);
        ++told;
      };
      return run(settings, [&] {
        leave_room(64);
        test::gate finish;
        std::atomic<int> ran{0};
        int spawned = 0;
        for (int n = 0; n < 1'000; ++n) {
          try {
            spawn([&ran, &finish, last = waits_at_its_end()] {
              finish.wait();
              ++ran;
            }).detach();
            ++spawned;
          } catch (const resource_exhausted&) {
          }
          if (n % 100 == 99) this_fiber::sleep_for(1ms);
        }
        finish.open();
        while (ran + told < spawned) this_fiber::sleep_for(10ms);
        return told > 0 && ran > 50;
      });
    });
    EXPECT_TRUE(end.exited_with(0)) << loops << ": " << end.status << end.output;
  }
}

/// Parks fibers on `loop`, until there is no stack for one. Returns how many there were.
int fill_with_parked(unsigned loop, test::gate& finish, std::vector<task<void>>& parked) {
  const spawn_options there{.pinned = true, .loop = loop};
  std::atomic<int> running{0};
  for (int n = 0; n < 100'000; ++n) {
    try {
      auto one = spawn(there, [&] {
        ++running;
        finish.wait();
      });
      while (running <= n && !one.done()) this_fiber::yield();
      if (one.done()) one.join();
      parked.push_back(std::move(one));
    } catch (const resource_exhausted&) {
      return n;
    }
  }
  return -1;
}

TEST_F(stack_limits, idle_stacks_of_another_loop_are_called_back_before_a_task_is_refused) {
  const test::child_end end = test::in_child([] {
    runtime home(with_loops(2));  // threads of their own: malloc has its room beforehand
    return home.run([] {
      std::vector<task<void>> parked;
      parked.reserve(10'000);
      for (const unsigned loop : {0U, 1U}) {
        spawn({.pinned = true, .loop = loop}, [] { std::vector<int>(1000); }).join();
      }
      leave_room(64);
      int had[2];
      for (const unsigned loop : {1U, 0U}) {
        test::gate finish;
        had[loop] = fill_with_parked(loop, finish, parked);
        finish.open();
        for (auto& each : parked) each.join();
        parked.clear();
      }
      std::fprintf(stderr, "%d on loop 1, then %d on loop 0", had[1], had[0]);
      // A few of loop 1 may not quite have ended when they were joined.
      return had[1] >= 100 && had[0] + 16 > had[1];
    });
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

TEST_F(stack_limits, one_stack_that_is_too_large_does_not_stop_the_usual_ones) {
  const test::child_end end = test::in_child([] {
    return run(with_loops(1), [] {
      leave_room(200);
      bool refused = false;
      try {
        spawn({.stack_bytes = 1 << 30}, [] {}).join();
      } catch (const resource_exhausted&) {
        refused = true;
      }
      int after = 0;
      for (int n = 0; n < 10; ++n) after += spawn([] { return 1; }).join();
      return refused && after == 10;
    });
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

TEST_F(stack_limits, a_plain_thread_s_spawn_says_so_too_and_recovers) {
  const test::child_end end = test::in_child([] {
    runtime home(with_loops(1));
    leave_room(200);  // a thread's first malloc may take 128 of them
    test::gate finish;
    std::vector<task<void>> parked;
    bool refused = false;
    std::atomic<int> running{0};
    for (int n = 0; n < 10'000 && !refused; ++n) {
      try {
        auto one = home.spawn([&] {
          ++running;
          finish.wait();
        });
        test::wait_until([&] { return running > n || one.done(); });
        if (one.done()) one.join();
        parked.push_back(std::move(one));
      } catch (const resource_exhausted&) {
        refused = true;
      }
    }
    finish.open();
    for (auto& each : parked) each.join();
    return refused && home.run([] { return true; });
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

TEST_F(stack_limits, a_runtime_that_finds_no_room_at_all_is_a_clean_error) {
  const test::child_end end = test::in_child([] {
    bool clean = false;
    leave_room(0);
    try {
      run(with_loops(1), [] {});
    } catch (const resource_exhausted&) {
      clean = true;
    } catch (const std::bad_alloc&) {
      clean = true;
    }
    test::limit(RLIMIT_AS, RLIM_INFINITY);
    return clean && run(with_loops(1), [] { return true; });
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

/// Makes madvise(MADV_GUARD_INSTALL) fail as on a kernel before 6.13. Returns whether that worked.
bool pretend_an_older_kernel() {
  constexpr std::uint32_t advice_argument = offsetof(seccomp_data, args[2]);
  constexpr std::uint32_t guard_install = 102;
  std::array<sock_filter, 6> rules{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, advice_argument),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, guard_install, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{rules.size(), rules.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(stack_limits, stacks_without_a_guard_are_counted_and_reported_once) {
  const test::child_end end = test::in_child([] {
    if (!pretend_an_older_kernel()) {
      std::fputs("no seccomp", stderr);
      return true;
    }
    std::atomic<int> reports{0};
    config settings = with_loops(2);
    settings.max_mprotect_guards = 20;
    settings.on_stall = [&](const stall_report& report) {
      if (report.what == stall_report::kind::unguarded_stacks) ++reports;
    };
    runtime home(settings);
    home.run([] {
      test::gate finish;
      std::atomic<int> running{0};
      std::vector<task<void>> parked;
      for (int n = 0; n < 200; ++n) {
        parked.push_back(spawn([&] {
          ++running;
          finish.wait();
        }));
      }
      test::yield_until([&] { return running == 200; });
      finish.open();
      for (auto& each : parked) each.join();
    });
    const runtime_stats stats = home.stats();
    std::fprintf(stderr, "%d reports, %d stacks, %d unguarded", reports.load(),
                 static_cast<int>(stats.stacks), static_cast<int>(stats.unguarded_stacks));
    return reports == 1 && stats.stacks > 200 && stats.unguarded_stacks == stats.stacks - 20;
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

TEST_F(stack_limits, unguarded_stacks_of_an_unusual_size_are_reported_too) {
  const test::child_end end = test::in_child([] {
    if (!pretend_an_older_kernel()) return true;
    std::atomic<int> reports{0};
    config settings = with_loops(1);
    settings.max_mprotect_guards = 1;
    settings.on_stall = [&](const stall_report&) { ++reports; };
    runtime home(settings);
    home.run([] {
      for (int n = 0; n < 3; ++n) spawn({.stack_bytes = 32 * 1024}, [] {}).join();
    });
    return reports == 1;
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

}  // namespace
}  // namespace heddle
