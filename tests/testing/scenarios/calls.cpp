// SPDX-License-Identifier: MIT
// Calls that run elsewhere while their caller waits: each is made once, or, if its caller was
// cancelled before, not at all, and no caller has left while its call runs.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "testing/scenarios/scenario.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace heddle::test {

namespace {

using namespace std::chrono_literals;

/// In the middle of a call, which is a fiber in a simulation, and else runs on a thread.
void give_way() { this_fiber::sleep_for(1us); }

/// Counts calls. A caller that leaves while its call runs would take what the call works on along.
struct calls_made {
  std::atomic<int> made{0};
  std::atomic<int> returned{0};

  /// Has `pool` call a function that gives way in its middle, twice.
  template <class Pool>
  void call_in(Pool pool) {
    struct frame {
      calls_made& all;
      bool inside = false;
      ~frame() {
        if (inside) ++all.left_inside;
      }
    } here{*this};
    const int got = pool([&here] {
      here.inside = true;
      ++here.all.made;
      give_way();
      give_way();
      here.inside = false;
      return 7;
    });
    ++returned;
    if (got != 7) throw lost("what the call returned");
  }
  void after() const {
    account("calls that were made, and whose result nobody had", 0, made - returned);
    account("callers that left while their call ran", 0, left_inside);
  }

  std::atomic<int> left_inside{0};
};

template <class Pool>
void twice_at_once(calls_made& all, Pool pool) {
  task_group callers;
  callers.spawn([&all, pool] { all.call_in(pool); });
  callers.spawn([&all, pool] {
    all.call_in(pool);
    this_fiber::yield();
    all.call_in(pool);
  });
  callers.join();
}

struct blocking_calls : calls_made {
  void program() {
    twice_at_once(*this, [](auto call) { return blocking(call); });
  }
};

struct cpu_jobs : calls_made {
  void program() {
    twice_at_once(*this, [](auto call) { return cpu(call); });
  }
};

/// An executor that is one fiber, which takes its time.
struct executor_calls : calls_made {
  void program() {
    sync::queue<std::function<void()>> given(4);
    task_group all;
    all.spawn([&given] {
      for (int n = 0; n < 3; ++n) {
        const std::function<void()> call = given.get();
        shield(call);  // a thread of an executor hears of no cancellation
      }
    });
    all.run([this, &given] {
      twice_at_once(*this, [&given](auto call) {
        return run_in([&given](auto handed) { given.put(std::move(handed)); }, call);
      });
    });
  }
};

/// A pool's line, with a deadline that may pass while a call stands in it or runs.
struct late_calls {
  std::atomic<int> made{0};
  int returned = 0;
  int late = 0;
  void program() {
    for (int n = 0; n < 3; ++n) {
      const bool in_time = move_on_after(1ms, [this] {
        blocking([this] {
          ++made;
          this_fiber::sleep_for(1ms);
        });
        ++returned;
      });
      late += in_time ? 0 : 1;
    }
    account("calls with an end", 3, returned + late);
  }
  void after() const {
    // One that has begun is waited for: its result is there, whatever came meanwhile.
    account("calls that were made, and did not return", 0, made - returned);
  }
};

/// Cut short, it has done a part; else all, and each element once.
struct parallel_loops {
  static constexpr int elements = 20;
  std::vector<int> done = std::vector<int>(elements);
  bool whole = false;
  void program() {
    parallel_for(0, elements, [this](int n) {
      give_way();
      ++done[static_cast<std::size_t>(n)];
    });
    whole = true;
    const auto sum = parallel_reduce(
        blocked_range(1, elements + 1), 0,
        [](const blocked_range<int>& part, int so_far) {
          give_way();
          for (int n = part.begin(); n != part.end(); ++n) so_far += n;
          return so_far;
        },
        std::plus<>());
    account("the sum", elements * (elements + 1) / 2, sum);
  }
  void after() const {
    const int sum = std::accumulate(done.begin(), done.end(), 0);
    if (whole) account("elements", elements, sum);
    for (const int each : done) {
      if (each > 1) throw lost("an element was done twice");
    }
  }
};

/// The other parts are cut short by one that fails.
struct parallel_loop_that_fails {
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  void program() {
    try {
      parallel_for(0, 20, [this](int n) {
        ++begun;
        struct end {
          std::atomic<int>& count;
          ~end() { ++count; }
        } const here{ended};
        give_way();
        if (n == 7) throw std::runtime_error("planned");
      });
      throw lost("the failure");
    } catch (const std::runtime_error& error) {
      account("the error", 0, std::string(error.what()) == "planned" ? 0 : 1);
    }
  }
  void after() const { account("bodies that ended", begun, ended); }
};

/// A tree of groups: joins claim children that nobody has begun.
struct claims {
  int leaves = 0;
  long grow(int depth) {
    if (depth == 0) {
      ++leaves;
      if (leaves % 3 == 0) this_fiber::yield();
      return 1;
    }
    task_group both;
    auto left = both.spawn([this, depth] { return grow(depth - 1); });
    auto right = both.spawn([this, depth] { return grow(depth - 1); });
    both.join();
    return left.get() + right.get();
  }
  void program() { account("the sum", 16, grow(4)); }
  void after() const {
    if (leaves > 16) throw lost("a child has run twice");
  }
};

}  // namespace

std::vector<scenario> call_scenarios() {
  return {
      stand_alone<blocking_calls>("blocking"),
      stand_alone<cpu_jobs>("cpu"),
      scenario_of<executor_calls>("run_in"),
      scenario_of<late_calls>("blocking_with_deadline"),
      scenario_of<parallel_loops>("parallel_for_and_reduce"),
      scenario_of<parallel_loop_that_fails>("parallel_for_that_fails"),
      scenario_of<claims>("task_group_claims"),
  };
}

}  // namespace heddle::test
