// SPDX-License-Identifier: MIT
// fiber_local: a value for each task, and its end.
#include <heddle/runtime.hpp>

#include "runtime/support/counted.hpp"
#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::counted;
using test::with_loops;

TEST(fiber_local, has_a_value_for_each_task_that_begins_anew) {
  fiber_local<int> number;
  run(with_loops(1), [&] {
    *number = 7;
    auto child = spawn([&] {
      EXPECT_EQ(*number, 0);
      *number = 8;
      this_fiber::yield();
      return *number;
    });
    this_fiber::yield();
    EXPECT_EQ(*number, 7);
    EXPECT_EQ(child.join(), 8);
    EXPECT_EQ(*number, 7);
  });
}

TEST(fiber_local, tasks_that_follow_one_another_on_a_stack_share_nothing) {
  fiber_local<std::vector<int>> seen;
  run(with_loops(1), [&] {
    for (int round = 0; round < 200; ++round) {
      std::vector<task<std::size_t>> tasks;
      for (int n = 0; n < 3; ++n) {
        tasks.push_back(spawn([&] {
          seen->push_back(1);
          return seen->size();
        }));
      }
      for (auto& each : tasks) ASSERT_EQ(each.join(), 1U);
    }
  });
}

TEST(fiber_local, goes_with_a_fiber_that_changes_loops) {
  fiber_local<int> mine([] { return -1; });
  run(with_loops(2), [&] {
    task_group group;
    for (int n = 0; n < 40; ++n) {
      group.spawn([&mine, n] {
        EXPECT_EQ(*mine, -1);
        *mine = n;
        for (int turn = 0; turn < 50; ++turn) {
          turn % 10 == 0 ? this_fiber::sleep_for(10us) : this_fiber::yield();
          EXPECT_EQ(*mine, n);
        }
      });
    }
    group.join();
  });
}

TEST(fiber_local, begins_as_its_initialiser_says_which_may_suspend) {
  fiber_local<std::string> name([] {
    this_fiber::yield();
    return std::to_string(static_cast<std::uint64_t>(this_fiber::id()));
  });
  run(with_loops(1), [&] {
    const std::string own = std::to_string(static_cast<std::uint64_t>(this_fiber::id()));
    EXPECT_EQ(*name, own);
    EXPECT_NE(spawn([&] { return *name; }).join(), own);
  });
}

TEST(fiber_local, takes_types_that_neither_move_nor_default_construct) {
  struct stays : counted {
    using counted::counted;
    stays(stays&&) = delete;
  };
  std::atomic<int> alive{0};
  fiber_local<stays> value([&] { return stays(alive); });
  run(with_loops(1), [&] {
    EXPECT_EQ(value->alive, &alive);
    EXPECT_EQ(&*value, value.find());
  });
}

TEST(fiber_local, an_initialiser_that_throws_leaves_no_value) {
  int tries = 0;
  fiber_local<int> value([&]() -> int {
    if (++tries == 1) throw std::runtime_error("not yet");
    return 5;
  });
  run(with_loops(1), [&] {
    EXPECT_THROW(value.get(), std::runtime_error);
    EXPECT_EQ(value.find(), nullptr);
    EXPECT_EQ(*value, 5);
    EXPECT_EQ(tries, 2);
  });
}

TEST(fiber_local, is_destroyed_before_its_task_can_be_joined) {
  std::atomic<int> alive{0};
  fiber_local<counted> value([&] { return counted(alive); });
  run(with_loops(2), [&] {
    for (int round = 0; round < 200; ++round) {
      auto plain = spawn([&] { value.get(); });
      auto fails = spawn([&] {
        value.get();
        throw std::runtime_error("x");
      });
      auto parks = spawn([&] {
        value.get();
        test::park_for_ever();
      });
      plain.join();
      EXPECT_THROW(fails.join(), std::runtime_error);
      parks.cancel();
      EXPECT_THROW(parks.join(), task_cancelled);
      task_group group;
      group.spawn([&] { value.get(); });
      group.join();
      ASSERT_EQ(alive, 0);
    }
  });
}

TEST(fiber_local, is_destroyed_on_the_fiber_of_its_task) {
  struct notes_where_it_ends {
    fiber_id* ended_on;
    ~notes_where_it_ends() { *ended_on = this_fiber::id(); }
  };
  fiber_id ended_on = fiber_id::none;
  fiber_local<notes_where_it_ends> value([&] { return notes_where_it_ends{&ended_on}; });
  const auto uses = [&] {
    value.get();
    return this_fiber::id();
  };
  run(with_loops(1), [&] {
    const fiber_id joined = spawn(uses).join();
    EXPECT_EQ(ended_on, joined);
    auto ended = spawn(uses);
    test::let_all_run();
    const fiber_id joined_late = ended.join();
    EXPECT_EQ(ended_on, joined_late);
    task_group group;
    auto child = group.spawn(uses);
    group.join();
    EXPECT_EQ(ended_on, child.get());
  });
}

TEST(fiber_local, is_destroyed_by_the_end_of_the_runtime_for_detached_tasks) {
  std::atomic<int> alive{0};
  std::atomic<int> made{0};
  fiber_local<counted> value([&] {
    ++made;
    return counted(alive);
  });
  run(with_loops(2), [&] {
    for (int n = 0; n < 50; ++n) {
      spawn([&] {
        value.get();
        test::park_for_ever();
      }).detach();
    }
    test::yield_until([&] { return made == 50; });
  });
  EXPECT_EQ(alive, 0);
}

TEST(fiber_local, the_youngest_value_is_destroyed_first_and_may_use_the_older) {
  std::vector<std::string> order;
  struct notes {
    std::vector<std::string>* to;
    std::string text;
    ~notes() { to->push_back(text); }
  };
  fiber_local<notes> first([&] { return notes{&order, "first"}; });
  struct uses_first {
    fiber_local<notes>* other;
    std::vector<std::string>* to;
    ~uses_first() { to->push_back("second, beside " + (*other)->text); }
  };
  fiber_local<uses_first> second([&] { return uses_first{&first, &order}; });
  run(with_loops(1), [&] {
    spawn([&] {
      first.get();
      second.get();
    }).join();
  });
  EXPECT_EQ(order, (std::vector<std::string>{"second, beside first", "first"}));
}

TEST(fiber_local, a_destructor_may_suspend_even_if_the_task_is_cancelled) {
  struct waits {
    std::atomic<int>* ended;
    ~waits() {
      this_fiber::sleep_for(1ms);
      EXPECT_FALSE(
          move_on_after(1ms, [] { test::park_for_ever(); }));  // its own time-outs are heard
      ++*ended;
    }
  };
  std::atomic<int> ended{0};
  std::atomic<bool> made{false};
  fiber_local<waits> value([&] { return waits{&ended}; });
  run(with_loops(2), [&] {
    auto parks = spawn([&] {
      value.get();
      made = true;
      test::park_for_ever();
    });
    test::yield_until([&] { return made.load(); });
    parks.cancel();
    EXPECT_THROW(parks.join(), task_cancelled);
    EXPECT_EQ(ended, 1);
    auto ends = spawn([&] { value.get(); });
    ends.join();
    EXPECT_EQ(ended, 2);
  });
}

/// Makes a value of the next variable when it ends.
struct chain {
  static constexpr std::size_t longest = 6;
  std::array<fiber_local<chain>*, longest + 1>* all;
  std::size_t at;
  std::size_t* made;
  bool* refused;
  ~chain() {
    if ((*all)[at + 1] == nullptr) return;
    try {
      (*all)[at + 1]->get();
      ++*made;
    } catch (const std::logic_error&) {
      *refused = true;
    }
  }
};

TEST(fiber_local, destructors_may_make_values_four_deep_and_no_deeper) {
  std::array<fiber_local<chain>*, chain::longest + 1> all{};
  std::size_t made = 0;
  bool refused = false;
  std::vector<std::unique_ptr<fiber_local<chain>>> variables;
  for (std::size_t n = 0; n < chain::longest; ++n) {
    variables.push_back(std::make_unique<fiber_local<chain>>([&all, &made, &refused, n] {
      return chain{&all, n, &made, &refused};
    }));
    all[n] = variables.back().get();
  }
  run(with_loops(1), [&] {
    spawn([&] { all[0]->get(); }).join();
    EXPECT_EQ(made, 4U);
    EXPECT_TRUE(refused);
    // What comes after on the same stack is not concerned.
    refused = false;
    spawn([&] { EXPECT_EQ(all[0]->find(), nullptr), all[4]->get(); }).join();
    EXPECT_FALSE(refused);
  });
}

TEST(fiber_local, reset_destroys_now_and_the_next_use_makes_another) {
  std::atomic<int> alive{0};
  fiber_local<counted> value([&] { return counted(alive); });
  run(with_loops(1), [&] {
    value.reset();
    value.get();
    EXPECT_EQ(alive, 1);
    value.reset();
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(value.find(), nullptr);
    value.get();
    EXPECT_EQ(alive, 1);
  });
  EXPECT_EQ(alive, 0);
}

TEST(fiber_local, may_go_before_its_values_and_its_address_means_nothing_to_the_next) {
  std::atomic<int> alive{0};
  run(with_loops(1), [&] {
    spawn([&] {
      for (int n = 0; n < 100; ++n) {
        fiber_local<counted> value([&] { return counted(alive); });
        EXPECT_EQ(value.find(), nullptr);
        value.get();
      }
      EXPECT_EQ(alive, 100);
    }).join();
    EXPECT_EQ(alive, 0);
  });
}

TEST(fiber_local, a_plain_thread_has_its_own_value_until_it_ends) {
  std::atomic<int> alive{0};
  fiber_local<counted> value([&] { return counted(alive); });
  fiber_local<int> number;
  *number = 3;
  std::thread([&] {
    EXPECT_EQ(number.find(), nullptr);
    value.get();
    EXPECT_EQ(alive, 1);
  }).join();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(*number, 3);
  run(with_loops(1), [&] { EXPECT_EQ(*number, 0); });  // on this very thread
  EXPECT_EQ(*number, 3);
}

TEST(fiber_local, a_hook_and_a_result_that_nobody_wants_may_use_it) {
  std::atomic<int> alive{0};
  fiber_local<counted> value([&] { return counted(alive); });
  struct uses {
    fiber_local<counted>* of = nullptr;
    explicit uses(fiber_local<counted>& used) : of(&used) {}
    uses(uses&& other) noexcept : of(std::exchange(other.of, nullptr)) {}
    ~uses() {
      if (of != nullptr) of->get();
    }
  };
  config settings = with_loops(1);
  settings.on_unhandled = [&](const unhandled_error&) {
    value.get();
    this_fiber::yield();
  };
  run(settings, [&] {
    spawn([] { throw std::runtime_error("x"); }).detach();
    spawn([&] { return uses(value); }).detach();
    test::let_all_run();
    EXPECT_EQ(alive, 0);
    task_group group;
    group.spawn([&] { return uses(value); });
    group.join();
    EXPECT_EQ(alive, 0);
    for (int n = 0; n < 20; ++n) EXPECT_EQ(spawn([&] { return value.find(); }).join(), nullptr);
  });
}

}  // namespace
}  // namespace heddle
