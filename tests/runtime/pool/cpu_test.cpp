// SPDX-License-Identifier: MIT
// cpu(): results, threads, cancellation, the end of a runtime.
#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

config with_cpu_threads(unsigned threads, unsigned loops = 1) {
  config settings = with_loops(loops);
  settings.cpu_threads = threads;
  return settings;
}

TEST(cpu, gives_whatever_the_job_returns) {
  run(with_loops(1), [] {
    int named = 7;
    EXPECT_EQ(cpu([] { return 42; }), 42);
    EXPECT_EQ(&cpu([&named]() -> int& { return named; }), &named);
    EXPECT_EQ(*cpu([] { return std::make_unique<int>(5); }), 5);
    EXPECT_THROW(cpu([] { throw std::runtime_error("diverges"); }), std::runtime_error);
  });
}

TEST(cpu, leaves_its_loop_free) {
  run(with_cpu_threads(1), [] {
    std::atomic<bool> open{false};
    const auto loop = std::this_thread::get_id();
    auto opener = spawn([&open] { open = true; });
    EXPECT_NE(cpu([&open] {
                test::wait_until([&open] { return open.load(); });
                return std::this_thread::get_id();
              }),
              loop);
  });
}

TEST(cpu, as_many_jobs_run_at_once_as_there_are_threads) {
  for (const unsigned threads : {1U, 2U, 5U}) {
    run(with_cpu_threads(threads), [threads] {
      EXPECT_EQ(cpu([] { return tbb::this_task_arena::max_concurrency(); }),
                static_cast<int>(threads));
      std::atomic<unsigned> inside{0};
      task_group jobs;
      for (unsigned n = 0; n < threads; ++n) {
        jobs.spawn([&inside, threads] {
          cpu([&inside, threads] {
            ++inside;
            // Goes on only when all are in here at once.
            test::wait_until([&inside, threads] { return inside == threads; });
          });
        });
      }
      jobs.join();
    });
  }
}

TEST(cpu, on_a_plain_thread_and_on_a_thread_of_the_pool_calls_there) {
  EXPECT_EQ(cpu([] { return std::this_thread::get_id(); }), std::this_thread::get_id());
  run(with_cpu_threads(1), [] {
    cpu([] {
      EXPECT_EQ(cpu([] { return std::this_thread::get_id(); }), std::this_thread::get_id());
    });
  });
}

TEST(cpu, on_a_blocking_thread_goes_to_the_cpu_pool) {
  run(with_cpu_threads(3), [] {
    const auto computes = cpu([] { return std::this_thread::get_id(); });
    blocking([loops_job = computes] {
      const auto here = std::this_thread::get_id();
      EXPECT_NE(cpu([] { return std::this_thread::get_id(); }), here);
      EXPECT_NE(loops_job, here);
      EXPECT_EQ(cpu([] { return tbb::this_task_arena::max_concurrency(); }), 3);
      EXPECT_THROW(cpu([] { throw std::runtime_error("there"); }), std::runtime_error);
    });
  });
}

TEST(cpu, what_a_job_does_with_onetbb_runs_in_the_pool) {
  if (test::thread_sanitized) GTEST_SKIP() << "oneTBB's library is not instrumented";
  run(with_cpu_threads(2), [] {
    std::atomic<long> sum{0};
    cpu([&sum] {
      tbb::parallel_for(0, 1000, [&sum](int i) {
        EXPECT_EQ(tbb::this_task_arena::max_concurrency(), 2);
        sum += i;
      });
    });
    EXPECT_EQ(sum, 499'500);
  });
}

TEST(cpu, a_cancelled_job_in_line_never_begins) {
  run(with_cpu_threads(1), [] {
    std::atomic<bool> open{false};
    std::atomic<bool> begun{false};
    std::atomic<bool> called{false};
    auto first = spawn([&] {
      cpu([&] {
        begun = true;
        test::wait_until([&open] { return open.load(); });
      });
    });
    test::yield_until([&begun] { return begun.load(); });
    auto second = spawn([&called] { cpu([&called] { called = true; }); });
    test::let_all_run();
    second.cancel();
    EXPECT_THROW(second.join(), task_cancelled);  // though the thread is not free
    open = true;
    first.join();
    EXPECT_EQ(cpu([] { return 3; }), 3);
    EXPECT_FALSE(called);
  });
}

TEST(cpu, a_job_that_has_begun_is_finished_and_the_cancellation_comes_after_it) {
  run(with_loops(1), [] {
    std::atomic<bool> begun{false};
    std::atomic<bool> open{false};
    std::optional<int> got;
    cancel_scope scope;
    auto canceller = spawn([&] {
      test::yield_until([&begun] { return begun.load(); });
      scope.cancel();
      test::let_all_run();
      EXPECT_FALSE(got.has_value());
      open = true;
    });
    EXPECT_FALSE(scope.run([&] {
      got = cpu([&] {
        begun = true;
        test::wait_until([&open] { return open.load(); });
        return 9;
      });
      this_fiber::checkpoint();
      ADD_FAILURE() << "the cancellation was lost";
    }));
    EXPECT_EQ(got, 9);
  });
}

TEST(cpu, a_runtime_may_end_while_cancelled_jobs_have_left_tokens) {
  for (int round = 0; round < test::rounds(50); ++round) {
    std::atomic<bool> begun{false};
    std::atomic<int> unwound{0};
    std::atomic<int> made{0};
    {
      runtime home(with_cpu_threads(1, 2));
      home.spawn([&] {
            cpu([&] {
              begun = true;
              test::wait_until([&unwound] { return unwound == 20; });
            });
          })
          .detach();
      test::wait_until([&begun] { return begun.load(); });
      for (int n = 0; n < 20; ++n) {
        home.spawn([&] {
              const struct at_end {
                std::atomic<int>& count;
                ~at_end() { ++count; }
              } here{unwound};
              cpu([&made] { ++made; });
            })
            .detach();
      }
    }
    EXPECT_EQ(made, 0);  // the only thread was busy until all of them had been cancelled
  }
}

TEST(cpu, where_no_thread_can_be_had_says_so_and_the_runtime_does_not_wait_for_one) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer does not live with such a limit";
  const test::child_end end = test::in_child([] {
    config settings = with_cpu_threads(1);
    settings.pool_stack_bytes = 256 << 20;
    return run(settings, [] {
      test::limit(RLIMIT_AS, test::address_space_bytes() + (64U << 20));  // less than a stack
      try {
        cpu([] {});
      } catch (const resource_exhausted& error) {
        return std::string(error.what()).find("cpu()") != std::string::npos;
      }
      return false;
    });
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

TEST(cpu, a_job_knows_its_runtime_and_spawns_there) {
  runtime home(with_loops(1));
  runtime other(with_loops(1));
  for (runtime* const each : {&home, &other}) {
    each->run([each] {
      const auto asks = [each] {
        EXPECT_EQ(&runtime::current(), each);
        EXPECT_THROW((void)spawn([] {}), std::logic_error);
        return runtime::current().spawn([] { return this_fiber::id(); });
      };
      EXPECT_NE(cpu(asks).join(), fiber_id::none);
      EXPECT_NE(blocking(asks).join(), fiber_id::none);
    });
  }
  EXPECT_THROW(runtime::current(), std::logic_error);
}

TEST(cpu, two_runtimes_have_a_pool_each) {
  runtime one(with_cpu_threads(2));
  runtime other(with_cpu_threads(3));
  const auto width = [] { return cpu([] { return tbb::this_task_arena::max_concurrency(); }); };
  EXPECT_EQ(one.run(width), 2);
  EXPECT_EQ(other.run(width), 3);
  EXPECT_EQ(one.run([&] { return width(); }), 2);
}

TEST(cpu, sees_the_callers_context) {
  context_var<int> request(0);
  run(with_cpu_threads(1), [&request] {
    request.set(17);
    EXPECT_EQ(cpu([&request] { return request.get(); }), 17);
    spawn([&request] { EXPECT_EQ(cpu([&request] { return request.get(); }), 17); }).join();
  });
}

TEST(cpu, every_job_is_run_once_or_was_cancelled) {
  constexpr int fibers = 32;
  const int rounds = test::rounds(100);
  std::atomic<int> made{0};
  std::atomic<int> returned{0};
  run(with_cpu_threads(2, 2), [&] {
    task_group callers;
    for (int n = 0; n < fibers; ++n) {
      callers.spawn([&, n] {
        for (int round = 0; round < rounds; ++round) {
          move_on_after(std::chrono::microseconds((n * 37 + round * 11) % 200), [&] {
            cpu([&] { ++made; });
            ++returned;
          });
        }
      });
    }
    callers.join();
  });
  EXPECT_EQ(made, returned);
}

}  // namespace
}  // namespace heddle
