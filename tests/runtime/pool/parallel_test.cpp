// SPDX-License-Identifier: MIT
// parallel_for and parallel_reduce: ranges of all kinds, failures, cancellation, nesting.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <tbb/blocked_range.h>
#include <tbb/blocked_range2d.h>
#include <tbb/blocked_range3d.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <limits>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

config with_cpu_threads(unsigned threads) {
  config settings = with_loops(1);
  settings.cpu_threads = threads;
  return settings;
}

/// In a fiber of a runtime with three threads that compute, on one of these, on a thread of the
/// blocking pool, and on a plain thread.
template <class Body>
void everywhere(Body body) {
  run(with_cpu_threads(3), body);
  run(with_cpu_threads(3), [&] { cpu(body); });
  run(with_cpu_threads(3), [&] { blocking(body); });
  body();
}

/// Whether a place was come to by more than one thread.
class several_threads {
 public:
  void note_this_one() {
    std::thread::id first{};
    const auto here = std::this_thread::get_id();
    if (!first_.compare_exchange_strong(first, here) && first != here) several_ = true;
  }
  bool were_here() const { return several_; }
  void forget() {
    first_ = std::thread::id{};
    several_ = false;
  }

 private:
  std::atomic<std::thread::id> first_{};
  std::atomic<bool> several_{false};
};

TEST(parallel_for, calls_the_body_once_for_each_number) {
  everywhere([] {
    std::vector<std::atomic<int>> calls(10'000);
    parallel_for(0, calls.size(), [&calls](std::size_t i) { ++calls[i]; });
    EXPECT_TRUE(std::ranges::all_of(calls, [](const auto& each) { return each == 1; }));
  });
}

TEST(parallel_for, numbers_have_their_common_type) {
  run(with_cpu_threads(2), [] {
    parallel_for(short{1}, 10L, [](auto i) { static_assert(std::same_as<decltype(i), long>); });
    std::atomic<int> sum{0};
    parallel_for(-5, 5, [&sum](int i) { sum += i; });
    EXPECT_EQ(sum, -5);
    std::atomic<unsigned> calls{0};
    const std::int8_t least = -128;
    const std::int8_t most = 127;
    parallel_for(least, most, [&calls](int) { ++calls; });
    EXPECT_EQ(calls, 255U);
    calls = 0;
    constexpr auto last = std::numeric_limits<std::uint64_t>::max();
    parallel_for(last - 3, last, [&calls](std::uint64_t i) { calls += i >= last - 3 ? 1 : 100; });
    EXPECT_EQ(calls, 3U);
  });
}

TEST(parallel_for, of_nothing_calls_nothing) {
  everywhere([] {
    const auto fail = [](const auto&) { ADD_FAILURE() << "called"; };
    parallel_for(5, 5, fail);
    parallel_for(5, 3, fail);
    parallel_for(std::vector<int>(), fail);
    parallel_for(blocked_range(3, 3), fail);
    EXPECT_EQ(parallel_reduce(std::vector<int>(), 7, std::plus<>(), std::plus<>()), 7);
  });
}

TEST(parallel_for, takes_ranges_and_iterators_of_the_standard_library) {
  everywhere([] {
    std::vector<int> numbers(1000, 1);
    parallel_for(numbers, [](int& each) { ++each; });
    parallel_for(numbers.begin(), numbers.end(), [](int& each) { ++each; });
    EXPECT_EQ(numbers, std::vector<int>(1000, 3));
    std::forward_list<std::string> words(50, "warp");
    parallel_for(words, [](std::string& each) { each += " and weft"; });
    EXPECT_TRUE(std::ranges::all_of(words, [](auto& each) { return each == "warp and weft"; }));
    std::atomic<int> sum{0};
    const std::set<int> sorted{1, 2, 3};
    parallel_for(sorted, [&sum](const int& i) { sum += i; });
    EXPECT_EQ(sum, 6);
  });
}

TEST(parallel_for, takes_blocked_ranges_its_own_and_onetbbs) {
  everywhere([] {
    std::atomic<long> sum{0};
    const auto add = [&sum](const auto& part) {
      for (auto i = part.begin(); i != part.end(); ++i) sum += i;
    };
    parallel_for(blocked_range(0, 101), add);
    EXPECT_EQ(sum.exchange(0), 5050);
    parallel_for(tbb::blocked_range<int>(0, 101, 10), add);
    EXPECT_EQ(sum.exchange(0), 5050);
    // A body that was written for oneTBB.
    parallel_for(blocked_range<int>(0, 101),
                 [&](const tbb::blocked_range<int>& part) { add(part); });
    EXPECT_EQ(sum.exchange(0), 5050);
    parallel_for(tbb::blocked_range2d<int>(0, 20, 0, 30), [&sum](const auto& part) {
      sum += static_cast<long>(part.rows().size() * part.cols().size());
    });
    EXPECT_EQ(sum.exchange(0), 600);
    parallel_for(tbb::blocked_range3d<int>(0, 5, 0, 6, 0, 7), [&sum](const auto& part) {
      sum += static_cast<long>(part.pages().size() * part.rows().size() * part.cols().size());
    });
    EXPECT_EQ(sum, 210);
  });
}

TEST(parallel_for, cuts_no_range_below_its_grainsize) {
  run(with_cpu_threads(3), [] {
    std::atomic<std::size_t> smallest{1000};
    parallel_for(blocked_range(0, 1000, 100), [&smallest](const blocked_range<int>& part) {
      std::size_t seen = smallest;
      while (part.size() < seen && !smallest.compare_exchange_weak(seen, part.size())) continue;
    });
    EXPECT_GE(smallest, 50U);
    EXPECT_LE(smallest, 100U);
  });
}

TEST(parallel_for, runs_on_all_threads_of_the_pool_and_leaves_the_loop_free) {
  run(with_cpu_threads(3), [] {
    const auto loop = std::this_thread::get_id();
    std::atomic<int> inside{0};
    std::atomic<bool> ran{false};
    auto other = spawn([&ran] { ran = true; });
    parallel_for(0, 3, [&](int) {
      EXPECT_NE(std::this_thread::get_id(), loop);
      ++inside;
      // Goes on only when three are in here at once, and the loop has run another fiber.
      test::wait_until([&] { return inside == 3 && ran; });
    });
    EXPECT_EQ(inside, 3);
  });
}

TEST(parallel_reduce, folds_and_combines_in_order) {
  everywhere([] {
    std::vector<std::string> letters;
    for (int n = 0; n < 2000; ++n) letters.emplace_back(1, static_cast<char>('a' + n % 26));
    const std::string joined =
        parallel_reduce(letters, std::string(), std::plus<>(), std::plus<>());
    EXPECT_EQ(joined, std::accumulate(letters.begin(), letters.end(), std::string()));
  });
}

TEST(parallel_reduce, takes_onetbbs_kind_of_body_for_blocked_ranges) {
  everywhere([] {
    const auto sum = [](const auto& part, long begins_as) {
      for (auto i = part.begin(); i != part.end(); ++i) begins_as += i;
      return begins_as;
    };
    EXPECT_EQ(parallel_reduce(blocked_range(0L, 100'001L), 0L, sum, std::plus<>()), 5'000'050'000);
    EXPECT_EQ(parallel_reduce(tbb::blocked_range<long>(0, 101, 7), 0L, sum, std::plus<>()), 5050);
  });
}

TEST(parallel_reduce, values_need_not_be_copied_but_for_the_identity) {
  run(with_cpu_threads(3), [] {
    std::vector<int> numbers(1000);
    std::iota(numbers.begin(), numbers.end(), 0);
    using list = std::vector<int>;
    const list evens = parallel_reduce(
        numbers, list(),
        [](list so_far, int each) {
          if (each % 2 == 0) so_far.push_back(each);
          return so_far;
        },
        [](list left, const list& right) {
          left.insert(left.end(), right.begin(), right.end());
          return left;
        });
    EXPECT_EQ(evens.size(), 500U);
    EXPECT_TRUE(std::ranges::is_sorted(evens));
  });
}

TEST(parallel_for, the_first_failure_is_rethrown_and_ends_the_work_early) {
  everywhere([] {
    std::atomic<int> calls{0};
    try {
      parallel_for(0, 1'000'000, [&calls](int i) {
        ++calls;
        if (i == 10) throw std::runtime_error("at ten");
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "at ten");
    }
    EXPECT_LT(calls, 1'000'000);
  });
}

TEST(parallel_for, a_cancelled_fiber_leaves_the_work_cut_short_and_waits_for_what_has_begun) {
  run(with_cpu_threads(2), [] {
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
    std::atomic<bool> open{false};
    auto worker = spawn([&] {
      parallel_for(0, 10'000, [&](int) {
        ++begun;
        test::wait_until([&open] { return open.load(); });
        ++ended;
      });
    });
    test::yield_until([&begun] { return begun == 2; });
    worker.cancel();
    test::let_all_run();
    EXPECT_FALSE(worker.done());  // two bodies use what is the fiber's
    open = true;
    EXPECT_THROW(worker.join(), task_cancelled);
    EXPECT_EQ(begun, ended);
    EXPECT_LT(begun, 10'000);
  });
}

TEST(parallel_for, cut_short_by_its_own_scope_says_cancelled_and_not_a_result) {
  run(with_cpu_threads(2), [] {
    cancel_scope scope;
    std::atomic<bool> begun{false};
    auto canceller = spawn([&] {
      test::yield_until([&begun] { return begun.load(); });
      scope.cancel();
    });
    const auto sum = scope.run([&] {
      return parallel_reduce(
          blocked_range(0, 100'000), 0L,
          [&](const blocked_range<int>& part, long so_far) {
            begun = true;
            // No part ends before the cancellation: then something is left to be cut off.
            test::wait_until([&scope] { return scope.cancel_requested(); });
            return so_far + static_cast<long>(part.size());
          },
          std::plus<>());
    });
    EXPECT_FALSE(sum.has_value());
    canceller.join();
  });
}

TEST(parallel_for, inside_another_is_part_of_it) {
  run(with_cpu_threads(3), [] {
    std::atomic<int> calls{0};
    parallel_for(0, 20, [&calls](int) {
      EXPECT_EQ(tbb::this_task_arena::max_concurrency(), 3);
      parallel_for(0, 20, [&calls](int) { ++calls; });
    });
    EXPECT_EQ(calls, 400);
  });
}

TEST(parallel_for, the_failure_of_the_outer_one_cuts_the_inner_ones_short) {
  run(with_cpu_threads(2), [] {
    std::atomic<bool> waits{false};
    std::atomic<bool> cut{false};
    std::atomic<bool> stop{false};
    const auto inner = [&](int) {
      waits = true;
      if (stop) std::this_thread::sleep_for(1us);
    };
    try {
      parallel_for(blocked_range(0, 2), [&](const blocked_range<int>& part) {
        if (part.begin() == 1) {
          test::wait_until([&waits] { return waits.load(); });
          stop = true;
          throw std::runtime_error("outer");
        }
        try {
          parallel_for(0, 1'000'000'000, inner);
        } catch (const cancelled&) {
          cut = true;
          throw;
        }
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "outer");
    }
    EXPECT_TRUE(cut);
  });
}

TEST(parallel_for, a_body_that_holds_a_lock_meets_no_other_body_inside_it) {
  run(with_cpu_threads(3), [] {
    // A thread that waits for an inner loop must not run another outer body meanwhile: it would
    // lock what it holds.
    thread_local std::mutex own;
    std::atomic<int> sum{0};
    parallel_for(blocked_range(0, 64), [&sum](const blocked_range<int>& part) {
      for (int i = part.begin(); i != part.end(); ++i) {
        const bool free = own.try_lock();
        EXPECT_TRUE(free);
        parallel_for(0, 100, [&sum](int) { ++sum; });
        if (free) own.unlock();
      }
    });
    EXPECT_EQ(sum, 6400);
  });
}

TEST(parallel_for, bodies_see_the_callers_context) {
  context_var<int> request(0);
  run(with_cpu_threads(3), [&request] {
    request.set(5);
    std::atomic<int> wrong{0};
    parallel_for(0, 1000, [&](int) {
      if (request.get() != 5) ++wrong;
      parallel_for(0, 3, [&](int) { wrong += request.get() == 5 ? 0 : 1; });
    });
    EXPECT_EQ(wrong, 0);
  });
}

TEST(parallel_reduce, what_combines_sees_the_callers_context) {
  context_var<int> request(0);
  run(with_cpu_threads(3), [&request] {
    request.set(5);
    std::atomic<int> wrong{0};
    several_threads combine;
    const auto look = [&](int left, int right) {
      wrong += request.get() == 5 ? 0 : 1;
      return left + right;
    };
    const auto add_slowly = [&](int left, int right) {
      test::give_way();
      return look(left, right);
    };
    const auto combine_noted = [&](int left, int right) {
      combine.note_this_one();
      return look(left, right);
    };
    while (!combine.were_here()) {  // one of them has the context from the call
      combine.forget();
      EXPECT_EQ(parallel_reduce(std::vector<int>(1000, 1), 0, add_slowly, combine_noted), 1000);
    }
    EXPECT_EQ(wrong, 0);
  });
}

TEST(parallel_for, many_fibers_share_the_pool) {
  config settings = with_loops(2);
  settings.cpu_threads = 2;
  run(settings, [] {
    constexpr int rounds = test::rounds(50);
    std::atomic<int> finished{0};
    task_group fibers;
    for (int n = 0; n < 40; ++n) {
      const deadline limit = n % 2 == 0 ? deadline() : deadline::after(n * 100us);
      fibers.spawn([&finished, limit] {
        move_on_at(limit, [&finished] {
          for (int round = 0; round < rounds; ++round) {
            std::atomic<int> sum{0};
            parallel_for(0, 100, [&sum](int) { ++sum; });
            EXPECT_EQ(sum, 100);
          }
          ++finished;
        });
      });
    }
    fibers.join();
    EXPECT_GE(finished, 20);
  });
}

}  // namespace
}  // namespace heddle
