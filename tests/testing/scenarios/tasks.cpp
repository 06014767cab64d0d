// SPDX-License-Identifier: MIT
// Tasks and what waits for them: whoever was begun has ended when its owner has.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "testing/scenarios/scenario.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <vector>

namespace heddle::test {

namespace {

using namespace std::chrono_literals;

/// Counts bodies that are under way.
struct census {
  int begun = 0;
  int ended = 0;
  void after() const { account("bodies that ended", begun, ended); }
};

struct present {
  explicit present(census& counted_by) : all(counted_by) { ++all.begun; }
  ~present() { ++all.ended; }
  present(const present&) = delete;
  present& operator=(const present&) = delete;
  census& all;
};

/// A body that suspends twice and returns `value`.
auto body_of(census& all, int value) {
  return [&all, value] {
    const present here(all);
    this_fiber::yield();
    this_fiber::sleep_for(1ms);
    return value;
  };
}

struct joins : census {
  void program() {
    task<int> first = spawn(body_of(*this, 1));
    task<int> second = spawn(body_of(*this, 2));
    account("the sum", 3, second.join() + first.join());
  }
};

struct dropped_task : census {
  void program() {
    const task<int> never_joined = spawn(body_of(*this, 1));
    this_fiber::yield();
  }
};

struct groups : census {
  void program() {
    task_group outer;
    for (int n = 0; n < 2; ++n) {
      outer.spawn([this] {
        task_group inner;
        inner.spawn(body_of(*this, 1));
        inner.spawn(body_of(*this, 2));
        inner.join();
      });
    }
    outer.join();
  }
};

struct group_that_fails : census {
  void program() {
    task_group all;
    all.spawn(body_of(*this, 1));
    all.spawn([this] {
      const present here(*this);
      this_fiber::yield();
      throw std::runtime_error("planned");
    });
    try {
      all.join();
    } catch (const std::runtime_error&) {
    }
  }
};

struct gathers : census {
  void program() {
    const auto [one, two] = gather(body_of(*this, 1), body_of(*this, 2));
    account("the sum", 3, one + two);
    const std::vector<std::function<int()>> more{body_of(*this, 3), body_of(*this, 4)};
    account("results", 2, static_cast<long long>(gather(more).size()));
  }
};

struct forks : census {
  void program() {
    const auto [one, two, three] = fork_join(body_of(*this, 1), body_of(*this, 2), [this] {
      const auto [four, five] = fork_join(body_of(*this, 4), [] { return 5; });
      return four + five;
    });
    account("the sum", 12, one + two + three);
  }
};

/// The first call waits for a later one, which fails once it has told.
struct forks_that_fail : census {
  void program() {
    sync::event told;
    try {
      fork_join(
          [&, this] {
            const present here(*this);
            told.wait();
            body_of(*this, 1)();
          },
          body_of(*this, 2),
          [&, this] {
            const present here(*this);
            this_fiber::yield();
            told.set();
            throw std::runtime_error("planned");
          });
    } catch (const std::runtime_error&) {
    }
  }
};

/// No call waits: a tree of them, that other loops take parts of.
struct forks_without_waits {
  int leaves = 0;
  void grow(int depth) {
    if (depth == 0) {
      ++leaves;
      return;
    }
    fork_join([this, depth] { grow(depth - 1); }, [this, depth] { grow(depth - 1); });
  }
  void program() { grow(4); }
  void after() const {
    if (leaves > 16) throw lost("a call has run twice");
  }
};

struct settled_gathers : census {
  void program() { gather_settled(body_of(*this, 1), body_of(*this, 2)); }
};

struct races : census {
  void program() {
    race(body_of(*this, 1), body_of(*this, 2));
    any(body_of(*this, 1), body_of(*this, 2));
  }
};

struct maps : census {
  void program() {
    const std::vector<int> numbers{1, 2, 3};
    const std::vector<int> doubled =
        map(numbers, 2, [this](int number) { return 2 * body_of(*this, number)(); });
    account("results", 3, static_cast<long long>(doubled.size()));
  }
};

struct generators : census {
  void program() {
    generator<int> numbers([this](auto& yield) {
      const present here(*this);
      for (int n = 0; n < 3; ++n) {
        this_fiber::yield();
        yield(n);
      }
    });
    int sum = 0;
    for (const int number : numbers) {
      sum += number;
      this_fiber::yield();
    }
    account("the sum", 3, sum);
  }
};

struct completions : census {
  void program() {
    std::vector<task<int>> all;
    for (int n = 0; n < 3; ++n) all.push_back(spawn(body_of(*this, n)));
    int sum = 0;
    for (const int value : as_completed(all)) sum += value;
    account("the sum", 3, sum);
  }
};

struct time_outs : census {
  void program() {
    try {
      with_timeout(1ms, [this] {
        const present here(*this);
        this_fiber::sleep_for(1h);
      });
    } catch (const timed_out&) {
    }
    move_on_after(1ms, [this] { body_of(*this, 1)(); });
    const auto value = move_on_after(1h, [this] { return body_of(*this, 1)(); });
    account("the value is there", 1, value ? 1 : 0);
  }
};

struct shields : census {
  int shielded = 0;
  void program() {
    shield([this] {
      body_of(*this, 1)();
      ++shielded;
    });
    this_fiber::checkpoint();
  }
  void after() const {
    census::after();
    account("shielded bodies that were left", 0, begun - shielded);
  }
};

struct scopes : census {
  void program() {
    cancel_scope outer;
    outer.run([&] {
      cancel_scope inner(deadline::after(1ms));
      inner.run([this] {
        const present here(*this);
        this_fiber::sleep_for(1h);
      });
      outer.cancel("planned");
      body_of(*this, 1)();
    });
    body_of(*this, 2)();
  }
};

}  // namespace

std::vector<scenario> task_scenarios() {
  return {
      stand_alone<joins>("join"),
      stand_alone<dropped_task>("dropped_task"),
      stand_alone<groups>("task_group"),
      stand_alone<group_that_fails>("task_group_that_fails"),
      stand_alone<gathers>("gather"),
      stand_alone<forks>("fork_join"),
      scenario_of<forks_that_fail>("fork_join_that_fails"),
      stand_alone<forks_without_waits>("fork_join_without_waits"),
      stand_alone<settled_gathers>("gather_settled"),
      stand_alone<races>("race_and_any"),
      stand_alone<maps>("map"),
      stand_alone<generators>("generator"),
      scenario_of<completions>("as_completed"),
      stand_alone<time_outs>("with_timeout"),
      stand_alone<shields>("shield"),
      stand_alone<scopes>("cancel_scope"),
  };
}

}  // namespace heddle::test
