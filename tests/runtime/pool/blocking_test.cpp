// SPDX-License-Identifier: MIT
// blocking(): results, the line, threads that come and go, cancellation, the end of a runtime.
#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::process_counts;
using test::with_loops;

config with_threads(unsigned most, unsigned loops = 1) {
  config settings = with_loops(loops);
  settings.max_blocking_threads = most;
  return settings;
}

/// Blocks its thread until it is opened by somebody else.
class thread_gate {
 public:
  void open() noexcept {
    open_ = true;
    open_.notify_all();
  }
  void wait() const noexcept { open_.wait(false); }

 private:
  std::atomic<bool> open_{false};
};

[[gnu::noinline]] int test_errno() { return errno; }

TEST(blocking, gives_whatever_the_call_returns) {
  run(with_loops(1), [] {
    int named = 7;
    EXPECT_EQ(blocking([] { return 42; }), 42);
    EXPECT_EQ(&blocking([&named]() -> int& { return named; }), &named);
    EXPECT_EQ(*blocking([] { return std::make_unique<int>(5); }), 5);
    EXPECT_EQ(*blocking([own = std::make_unique<int>(6)]() mutable { return std::move(own); }), 6);
    blocking([&named] { named = 8; });
    EXPECT_EQ(named, 8);
  });
}

TEST(blocking, rethrows_what_leaves_the_call) {
  run(with_loops(1), [] {
    try {
      blocking([]() -> int { throw std::runtime_error("no such host"); });
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "no such host");
    }
    EXPECT_EQ(blocking([] { return 1; }), 1);
  });
}

TEST(blocking, leaves_its_loop_free) {
  run(with_loops(1), [] {
    thread_gate gate;
    const auto loop = std::this_thread::get_id();
    auto opener = spawn([&gate] { gate.open(); });
    // Runs only if the loop is free while the call waits for it.
    EXPECT_NE(blocking([&gate] {
                gate.wait();
                return std::this_thread::get_id();
              }),
              loop);
  });
}

TEST(blocking, on_a_plain_thread_and_on_a_pool_thread_calls_there) {
  EXPECT_EQ(blocking([] { return std::this_thread::get_id(); }), std::this_thread::get_id());
  run(with_threads(1), [] {
    blocking([] {
      EXPECT_EQ(blocking([] { return std::this_thread::get_id(); }), std::this_thread::get_id());
    });
    cpu([] {
      EXPECT_EQ(blocking([] { return std::this_thread::get_id(); }), std::this_thread::get_id());
    });
  });
}

TEST(blocking, calls_in_line_begin_in_order) {
  run(with_threads(1), [] {
    thread_gate gate;
    std::vector<int> order;  // the only thread's
    task_group calls;
    calls.spawn([&gate] { blocking([&gate] { gate.wait(); }); });
    for (int n = 0; n < 20; ++n) {
      calls.spawn([n, &order] { blocking([n, &order] { order.push_back(n); }); });
    }
    test::let_all_run();
    gate.open();
    calls.join();
    EXPECT_EQ(order.size(), 20U);
    EXPECT_TRUE(std::ranges::is_sorted(order));
  });
}

TEST(blocking, there_are_never_more_threads_than_allowed) {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  run(with_threads(3, 2), [&] {
    task_group calls;
    for (int n = 0; n < 50; ++n) {
      calls.spawn([&] {
        blocking([&] {
          const int now = ++inside;
          for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) continue;
          std::this_thread::sleep_for(100us);
          --inside;
        });
      });
    }
    calls.join();
  });
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 1);
}

TEST(blocking, each_call_that_waits_has_a_thread_of_its_own) {
  constexpr int calls_at_once = 40;
  run(with_loops(1), [] {
    std::atomic<int> inside{0};
    task_group calls;
    for (int n = 0; n < calls_at_once; ++n) {
      calls.spawn([&inside] {
        blocking([&inside] {
          ++inside;
          // Goes on only when all are in here at once.
          test::wait_until([&inside] { return inside == calls_at_once; });
        });
      });
    }
    calls.join();
  });
}

TEST(blocking, a_cancelled_call_in_line_is_never_made) {
  run(with_threads(1), [] {
    thread_gate gate;
    std::atomic<bool> called{false};
    auto first = spawn([&gate] { blocking([&gate] { gate.wait(); }); });
    test::let_all_run();
    auto second = spawn([&called] { blocking([&called] { called = true; }); });
    auto third = spawn([] { return blocking([] { return 3; }); });
    test::let_all_run();
    second.cancel();
    EXPECT_THROW(second.join(), task_cancelled);  // though the thread is not free
    gate.open();
    first.join();
    EXPECT_EQ(third.join(), 3);
    EXPECT_FALSE(called);
  });
}

TEST(blocking, a_deadline_bounds_how_long_a_call_stands_in_line) {
  run(with_threads(1), [] {
    thread_gate gate;
    auto first = spawn([&gate] { blocking([&gate] { gate.wait(); }); });
    test::let_all_run();
    bool called = false;
    EXPECT_THROW(with_timeout(5ms, [&] { blocking([&called] { called = true; }); }), timed_out);
    gate.open();
    first.join();
    EXPECT_FALSE(called);
  });
}

TEST(blocking, cancelled_before_it_is_made_a_call_throws_at_once) {
  run(with_loops(1), [] {
    cancel_scope scope;
    bool called = false;
    EXPECT_FALSE(scope.run([&] {
      scope.cancel();
      blocking([&called] { called = true; });
    }));
    EXPECT_FALSE(called);
  });
}

TEST(blocking, a_call_that_has_begun_is_finished_and_the_cancellation_comes_after_it) {
  run(with_loops(1), [] {
    thread_gate begun;
    thread_gate gate;
    std::optional<int> got;
    cancel_scope scope;
    auto canceller = spawn([&] {
      blocking([&begun] { begun.wait(); });
      scope.cancel();
      test::let_all_run();
      EXPECT_FALSE(got.has_value());
      gate.open();
    });
    EXPECT_FALSE(scope.run([&] {
      got = blocking([&] {
        begun.open();
        gate.wait();
        return 9;
      });
      this_fiber::checkpoint();
      ADD_FAILURE() << "the cancellation was lost";
    }));
    EXPECT_EQ(got, 9);
  });
}

TEST(blocking, idle_threads_are_used_again) {
  run(with_loops(1), [] {
    const auto first = blocking([] { return std::this_thread::get_id(); });
    for (int n = 0; n < 100; ++n) {
      EXPECT_EQ(blocking([] { return std::this_thread::get_id(); }), first);
    }
  });
}

TEST(blocking, idle_threads_end) {
  run(with_loops(1), [] { blocking([] {}); });  // a sanitizer has a thread of its own from here on
  config settings = with_loops(1);
  settings.blocking_keep_alive = 1ms;
  run(settings, [] {
    const std::size_t before = process_counts::now().threads;
    for (int round = 0; round < 20; ++round) {
      task_group calls;
      for (int n = 0; n < 5; ++n) {
        calls.spawn([] { blocking([] { std::this_thread::sleep_for(100us); }); });
      }
      calls.join();
      if (round % 4 != 0) continue;
      EXPECT_TRUE(eventually([before] {
        this_fiber::sleep_for(1ms);
        return process_counts::now().threads == before;
      }));
    }
  });
}

TEST(blocking, no_thread_is_started_before_the_first_call_and_none_is_left_after_the_runtime) {
  run(with_loops(1), [] { blocking([] {}); });  // a sanitizer has a thread of its own from here on
  // A thread that was joined is listed for a moment more.
  const std::size_t before = test::thread_sanitized ? 2 : 1;
  const auto there_are = [](std::size_t threads) {
    return eventually([threads] { return process_counts::now().threads == threads; });
  };
  if (!there_are(before)) GTEST_SKIP() << "other cases have left oneTBB's threads: run it alone";
  run(with_loops(1), [&] {
    EXPECT_EQ(process_counts::now().threads, before);
    blocking([] {});
    EXPECT_EQ(process_counts::now().threads, before + 1);
  });
  EXPECT_TRUE(there_are(before));
}

TEST(blocking, a_runtime_that_ends_waits_for_calls_that_have_begun_and_makes_no_other) {
  std::atomic<bool> ended{false};
  std::atomic<bool> called{false};
  thread_gate begun;
  thread_gate unwound;
  {
    runtime home(with_threads(1, 2));
    home.spawn([&] {
          blocking([&] {
            begun.open();
            unwound.wait();
            ended = true;
          });
        })
        .detach();
    begun.wait();
    home.spawn([&] {
          // The first call goes on when this one has been cancelled, which the runtime's end does.
          const struct at_end {
            thread_gate& opens;
            ~at_end() { opens.open(); }
          } here{unwound};
          blocking([&called] { called = true; });
        })
        .detach();
  }
  EXPECT_TRUE(ended);
  EXPECT_FALSE(called);
}

TEST(blocking, shutdown_says_who_is_still_in_a_call) {
  thread_gate gate;
  thread_gate begun;
  runtime home(with_loops(1));
  home.spawn({.name = "reader"},
             [&] {
               blocking([&] {
                 begun.open();
                 gate.wait();
               });
             })
      .detach();
  begun.wait();
  EXPECT_TRUE(eventually([&home] {
    std::ostringstream listed;
    home.dump(listed);
    const std::string text = listed.str();
    return text.find("reader") != std::string::npos &&
           text.find("waits for a call on the blocking pool") != std::string::npos;
  }));
  EXPECT_FALSE(home.shutdown(1ms));
  gate.open();
}

TEST(blocking, sees_the_callers_context_and_leaves_nothing_of_its_own) {
  context_var<int> request(0);
  run(with_threads(1), [&request] {
    request.set(17);
    blocking([&request] {
      EXPECT_EQ(request.get(), 17);
      request.set(18);
    });
    EXPECT_EQ(request.get(), 17);
    spawn([&request] {
      request.set(19);
      EXPECT_EQ(blocking([&request] { return request.get(); }), 19);
    }).join();
  });
  run(with_threads(1),
      [&request] { EXPECT_EQ(blocking([&request] { return request.get(); }), 0); });
}

TEST(blocking, a_long_call_is_no_deadlock) {
  config settings = with_loops(2);
  std::atomic<int> reports{0};
  settings.on_stall = [&reports](const stall_report& report) {
    if (report.what == stall_report::kind::suspected_deadlock) ++reports;
  };
  run(settings, [] { blocking([] { std::this_thread::sleep_for(1300ms); }); });
  EXPECT_EQ(reports, 0);
}

TEST(blocking, a_runtime_that_hangs_after_a_call_is_reported) {
  for (const unsigned loops : {1U, 2U}) {
    config settings = with_loops(loops);
    std::atomic<int> reports{0};
    settings.on_stall = [&reports](const stall_report& report) {
      if (report.what == stall_report::kind::suspected_deadlock) ++reports;
    };
    runtime home(settings);
    auto hangs = home.spawn([] {
      // Its loop, and the other, park while it is under way: they do not look then.
      blocking([] { std::this_thread::sleep_for(20ms); });
      test::park_for_ever();
    });
    EXPECT_TRUE(test::eventually([&] { return reports > 0; })) << loops;
    hangs.cancel();
    EXPECT_THROW(hangs.join(), task_cancelled);
  }
}

TEST(blocking, a_hundred_calls_that_sleep_take_as_long_as_one) {
  run(with_loops(1), [] {
    std::atomic<bool> done{false};
    clock::duration latest{};
    auto ticker = spawn([&] {
      while (!done) {
        const auto due = clock::now() + 1ms;
        this_fiber::sleep_until(due);
        latest = std::max(latest, clock::now() - due);
      }
    });
    const auto began = clock::now();
    task_group calls;
    for (int n = 0; n < 100; ++n) {
      calls.spawn([] { blocking([] { std::this_thread::sleep_for(1s); }); });
    }
    calls.join();
    const auto took = clock::now() - began;
    done = true;
    ticker.join();
    using milliseconds = std::chrono::duration<double, std::milli>;
    std::printf("100 x blocking(sleep 1 s): %.0f ms; a 1 ms timer was at most %.2f ms late\n",
                milliseconds(took).count(), milliseconds(latest).count());
    EXPECT_LT(took, 20s);  // one after the other: 100 s
  });
}

TEST(blocking, where_no_thread_can_be_had_says_so_and_the_fiber_goes_on) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer does not live with a filter of system calls";
  const test::child_end end = test::in_child([] {
    config settings = with_loops(1);
    settings.pool_stack_bytes = 256 << 20;
    return run(settings, [] {
      test::limit(RLIMIT_AS, test::address_space_bytes() + (4U << 20));  // less than a stack
      int said = 0;
      for (int n = 0; n < 2; ++n) {
        try {
          blocking([] {});
        } catch (const resource_exhausted& error) {
          said += std::string(error.what()).find("blocking()") != std::string::npos ? 1 : 0;
        }
      }
      return said == 2;
    });
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

TEST(blocking, errno_is_what_the_call_has_left) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      const int fd = blocking([] { return ::open("/nowhere/to/be/found", O_RDONLY); });
      const int error = test_errno();
      EXPECT_EQ(fd, -1);
      EXPECT_EQ(error, ENOENT);
      cpu([] { errno = ERANGE; });
      EXPECT_EQ(test_errno(), ERANGE);
    });
  }
}

TEST(blocking, threads_are_not_bound_as_the_loop_that_starts_them_is) {
  const auto cpus = [] {
    cpu_set_t mine;
    ::pthread_getaffinity_np(::pthread_self(), sizeof mine, &mine);
    return CPU_COUNT(&mine);
  };
  const int all = cpus();
  if (all < 2) GTEST_SKIP() << "this process has one CPU";
  config settings = with_loops(1);
  settings.pin_loops = true;
  run(settings, [&] {
    EXPECT_EQ(cpus(), 1);
    EXPECT_EQ(blocking(cpus), all);
    EXPECT_EQ(cpu(cpus), all);
  });
}

TEST(blocking, a_call_that_destroys_its_runtime_says_so) {
  const test::child_end end = test::in_child([] {
    auto home = std::make_shared<std::optional<runtime>>(std::in_place, with_loops(1));
    (*home)->spawn([home] { blocking([&home] { home->reset(); }); }).detach();
    std::this_thread::sleep_for(20s);
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGABRT)) << end.status;
  EXPECT_NE(end.output.find("destroyed by a call on one of its pools"), std::string::npos)
      << end.output;
}

TEST(blocking, every_call_is_made_once_or_was_cancelled) {
  constexpr int fibers = 64;
  const int rounds = test::rounds(200);
  std::atomic<int> made{0};
  std::atomic<int> returned{0};
  std::atomic<int> left{0};
  config settings = with_threads(3, 2);
  settings.blocking_keep_alive = 50us;
  run(settings, [&] {
    task_group callers;
    for (int n = 0; n < fibers; ++n) {
      callers.spawn([&, n] {
        for (int round = 0; round < rounds; ++round) {
          const auto patience = std::chrono::microseconds((n * 37 + round * 11) % 200);
          const bool stayed = move_on_after(patience, [&] {
            blocking([&] { ++made; });
            ++returned;
          });
          left += stayed ? 0 : 1;
        }
      });
    }
    callers.join();
  });
  EXPECT_EQ(made, returned);
  EXPECT_EQ(returned + left, fibers * rounds);
}

}  // namespace
}  // namespace heddle
