// SPDX-License-Identifier: MIT
// context_var: what children inherit, and what neither side sees of the other.
#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/counted.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using test::counted;
using test::with_loops;

TEST(context_var, gives_what_was_set_or_the_default) {
  run(with_loops(1), [] {
    context_var<int> bare;
    context_var<std::string> with_default("nobody");
    EXPECT_THROW(bare.get(), std::logic_error);
    EXPECT_EQ(bare.find(), nullptr);
    EXPECT_EQ(bare.get_or(4), 4);
    EXPECT_EQ(with_default.get(), "nobody");
    EXPECT_EQ(with_default.get_or("other"), "nobody");
    bare.set(1);
    with_default.set("me");
    EXPECT_EQ(bare.get(), 1);
    EXPECT_EQ(bare.get_or(4), 1);
    EXPECT_EQ(with_default.get(), "me");
  });
}

TEST(context_var, reset_gives_back_what_was_before_the_set) {
  run(with_loops(1), [] {
    context_var<int> level;
    auto outer = level.set(1);
    auto inner = level.set(2);
    level.reset(inner);
    EXPECT_EQ(level.get(), 1);
    level.reset(outer);
    EXPECT_EQ(level.find(), nullptr);
  });
}

TEST(context_var, a_token_is_good_once_for_its_variable_and_its_task) {
  run(with_loops(1), [] {
    context_var<int> level;
    context_var<int> other;
    auto token = level.set(1);
    EXPECT_THROW(other.reset(token), std::logic_error);
    spawn([&] { EXPECT_THROW(level.reset(token), std::logic_error); }).join();
    std::thread([&] { EXPECT_THROW(level.reset(token), std::logic_error); }).join();
    EXPECT_EQ(level.get(), 1);
    level.reset(token);
    EXPECT_THROW(level.reset(token), std::logic_error);
    auto moved = level.set(2);
    auto here = std::move(moved);
    EXPECT_THROW(level.reset(moved), std::logic_error);  // NOLINT: that is the mistake
    level.reset(std::move(here));
    EXPECT_EQ(level.find(), nullptr);
  });
}

TEST(context_var, scoped_binds_until_its_end_whatever_else_is_set_meanwhile) {
  run(with_loops(1), [] {
    context_var<int> level(0);
    context_var<int> other(0);
    {
      const context_var<int>::scoped one(level, 1);
      {
        const context_var<int>::scoped two(level, 2);
        EXPECT_EQ(level.get(), 2);
      }
      EXPECT_EQ(level.get(), 1);
      other.set(5);
      level.set(9);
    }
    EXPECT_EQ(level.get(), 0);
    EXPECT_EQ(other.get(), 5);
    try {
      const context_var<int>::scoped three(level, 3);
      throw std::runtime_error("x");
    } catch (const std::runtime_error&) {
      EXPECT_EQ(level.get(), 0);
    }
  });
}

TEST(context_var, scoped_that_another_task_ends_stops_the_process_with_a_message) {
  const test::child_end end = test::in_child([] {
    run(with_loops(1), [] {
      context_var<int> level;
      auto bound = std::make_unique<context_var<int>::scoped>(level, 1);
      spawn([&] { bound.reset(); }).join();
    });
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGABRT));
  EXPECT_NE(end.output.find("context_var::scoped"), std::string::npos) << end.output;
}

TEST(context_var, takes_values_that_only_move) {
  run(with_loops(1), [] {
    context_var<std::unique_ptr<int>> box;
    box.set(std::make_unique<int>(3));
    EXPECT_EQ(spawn([&] { return *box.get(); }).join(), 3);
  });
}

TEST(context_var, a_child_has_the_values_as_of_its_spawn_and_neither_sees_the_other_change) {
  run(with_loops(1), [] {
    context_var<int> level;
    level.set(1);
    test::gate go_on;
    auto child = spawn([&] {
      EXPECT_EQ(level.get(), 1);
      level.set(10);
      go_on.wait();
      auto grandchild = spawn([&] { return level.get(); });
      return grandchild.join();
    });
    level.set(2);
    test::let_all_run();
    EXPECT_EQ(level.get(), 2);
    go_on.open();
    EXPECT_EQ(child.join(), 10);
    EXPECT_EQ(level.get(), 2);
  });
}

TEST(context_var, what_was_unset_at_the_spawn_stays_unset_in_the_child) {
  run(with_loops(1), [] {
    context_var<int> level;
    auto early = spawn([&] { return level.find() == nullptr; });
    auto token = level.set(1);
    auto between = spawn([&] { return level.get(); });
    level.reset(token);
    auto late = spawn([&] { return level.find() == nullptr; });
    EXPECT_TRUE(early.join());
    EXPECT_EQ(between.join(), 1);
    EXPECT_TRUE(late.join());
  });
}

TEST(context_var, every_kind_of_child_inherits) {
  run(with_loops(2), [] {
    context_var<int> level;
    level.set(7);
    const auto look = [&] { return level.get_or(0); };
    EXPECT_EQ(spawn(look).join(), 7);
    EXPECT_EQ(spawn({.name = "named", .pinned = true}, look).join(), 7);
    EXPECT_EQ(spawn({.loop = 1U}, look).join(), 7);
    EXPECT_EQ(runtime::current().spawn(look).join(), 7);
    task_group group;
    auto child = group.spawn(look);
    group.join();
    EXPECT_EQ(child.get(), 7);
    EXPECT_EQ(gather(look, look), std::tuple(7, 7));
    EXPECT_EQ(std::get<0>(gather_settled(look)).value(), 7);
    EXPECT_EQ(std::get<0>(race(look)), 7);
    EXPECT_EQ(std::get<0>(any(look)), 7);
    EXPECT_EQ(map(std::vector<int>{1}, 1, [&](int n) { return n + look(); }).front(), 8);
    generator<int> numbers([&](auto& yield) { yield(look()); });
    EXPECT_EQ(*numbers.begin(), 7);
  });
}

TEST(context_var, what_a_plain_thread_runs_begins_with_that_thread_s_values) {
  context_var<int> level(0);
  const context_var<int>::scoped here(level, 7);
  EXPECT_EQ(run(with_loops(1), [&] { return level.get(); }), 7);
  runtime home(with_loops(1));
  EXPECT_EQ(home.run([&] { return level.get(); }), 7);
}

TEST(context_var, a_generator_has_the_values_of_whoever_begins_it) {
  run(with_loops(1), [] {
    context_var<int> level(0);
    generator<int> levels([&](auto& yield) {
      for (;;) {
        level.set(level.get() + 1);
        yield(level.get());
      }
    });
    level.set(10);
    EXPECT_EQ(levels.next(), 11);
    level.set(50);
    EXPECT_EQ(levels.next(), 12);
    EXPECT_EQ(level.get(), 50);
  });
}

TEST(context_var, a_plain_thread_has_its_own_and_hands_them_on) {
  context_var<int> level(0);
  level.set(3);
  std::thread([&] { EXPECT_EQ(level.get(), 0); }).join();
  EXPECT_EQ(run(with_loops(1), [&] { return level.get(); }), 3);
  runtime home(with_loops(1));
  EXPECT_EQ(home.run([&] { return level.get(); }), 3);
  auto child = home.spawn([&] {
    level.set(4);
    return level.get();
  });
  EXPECT_EQ(child.join(), 4);
  EXPECT_EQ(level.get(), 3);
}

TEST(context_var, goes_to_a_task_of_another_runtime) {
  runtime other(with_loops(1));
  run(with_loops(1), [&] {
    context_var<int> level(0);
    level.set(6);
    EXPECT_EQ(other.spawn([&] { return level.get(); }).join(), 6);
  });
}

TEST(context_var, tasks_that_follow_one_another_on_a_stack_share_nothing) {
  context_var<int> level(0);
  run(with_loops(2), [&] {
    for (int n = 1; n < 200; ++n) {
      auto sets = spawn([&, n] {
        level.set(n);
        this_fiber::yield();
        EXPECT_EQ(level.get(), n);
      });
      auto looks = spawn([&] { return level.get(); });
      EXPECT_EQ(looks.join(), 0);
      sets.join();
    }
  });
}

TEST(context_var, a_value_lives_as_long_as_somebody_has_it) {
  std::atomic<int> alive{0};
  run(with_loops(2), [&] {
    context_var<counted> value;
    test::gate end;
    std::optional<task<void>> child;
    spawn([&] {
      value.set(counted(alive));
      value.set(counted(alive));
      EXPECT_EQ(alive, 1);
      child = spawn([&] { end.wait(); });
    }).join();
    EXPECT_EQ(alive, 1);
    end.open();
    child->join();
    EXPECT_EQ(alive, 0);
    {
      const context_var<counted>::scoped bound(value, counted(alive));
      EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
    value.set(counted(alive));
    for (int n = 0; n < 100; ++n) spawn([] {}).join();
  });
  EXPECT_EQ(alive, 0);
}

TEST(context_var, a_task_that_never_ran_lets_go_of_what_it_inherited) {
  std::atomic<int> alive{0};
  context_var<counted> value;
  {
    runtime home(with_loops(1));
    home.shutdown({});
    value.set(counted(alive));
    EXPECT_THROW(static_cast<void>(home.spawn([] {})), shut_down);
    EXPECT_EQ(alive, 1);
  }
  std::thread([&] { value.set(counted(alive)); }).join();
  EXPECT_EQ(alive, 1);
}

TEST(context_var, a_value_whose_end_makes_values_leaves_nothing_behind) {
  std::atomic<int> alive{0};
  fiber_local<counted> local([&] { return counted(alive); });
  struct uses_local {
    explicit uses_local(fiber_local<counted>& used) : of(&used) {}
    uses_local(const uses_local&) = delete;
    uses_local& operator=(const uses_local&) = delete;
    fiber_local<counted>* of;
    ~uses_local() { of->get(); }
  };
  run(with_loops(1), [&] {
    context_var<std::shared_ptr<uses_local>> value;
    spawn([&] { value.set(std::make_shared<uses_local>(local)); }).join();
    EXPECT_EQ(alive, 0);
    EXPECT_EQ(spawn([&] { return local.find(); }).join(), nullptr);
  });
}

TEST(context_var, random_sets_and_resets_agree_with_a_plain_copy) {
  run(with_loops(1), [] {
    std::array<context_var<int>, 4> variables;
    std::array<std::optional<int>, 4> model;
    test::random_numbers random(1);
    const auto check = [&] {
      for (std::size_t n = 0; n < variables.size(); ++n) {
        const int* const found = variables[n].find();
        ASSERT_EQ(found == nullptr ? std::nullopt : std::optional(*found), model[n]);
      }
    };
    const std::function<void(int)> nest = [&](int depth) {
      for (int step = 0; step < 6; ++step) {
        const std::size_t n = random.below(4);
        const int value = static_cast<int>(random.below(1000));
        const std::optional<int> before = model[n];
        switch (random.below(3)) {
          case 0:
            variables[n].set(value);
            model[n] = value;
            break;
          case 1: {
            auto token = variables[n].set(value);
            model[n] = value;
            if (depth < 4) nest(depth + 1);
            variables[n].reset(token);
            model[n] = before;
            break;
          }
          default: {
            const context_var<int>::scoped bound(variables[n], value);
            model[n] = value;
            check();
            if (depth < 4) nest(depth + 1);
          }
            model[n] = before;
        }
        check();
      }
    };
    nest(0);
  });
}

TEST(context_var, of_which_there_are_thousands_needs_no_deep_stack) {
  run(with_loops(1), [] {
    constexpr int many = 8000;
    std::vector<std::unique_ptr<context_var<int>>> variables;
    auto setter = spawn([&variables] {
      for (int n = 0; n < many; ++n) {
        variables.push_back(std::make_unique<context_var<int>>());
        variables.back()->set(n);
      }
      variables[0]->set(-1);         // copies all of the others
      variables[many / 2]->set(-2);  // and half of them
      auto child = spawn([&variables] {
        variables[1]->set(-3);
        return variables[many - 1]->get();
      });
      EXPECT_EQ(child.join(), many - 1);
      EXPECT_EQ(variables[0]->get(), -1);
      EXPECT_EQ(variables[1]->get(), 1);
      EXPECT_EQ(variables[many / 2]->get(), -2);
    });
    setter.join();  // all of them have ended
  });
}

}  // namespace
}  // namespace heddle
