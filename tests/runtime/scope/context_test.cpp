// SPDX-License-Identifier: MIT
// A task's context as a value, lent to others: what pools are to do for the fibers they work for.
#include "fiber/lent_context.hpp"

#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace heddle {
namespace {

using detail::capture_context;
using detail::context_snapshot;
using detail::lent_context;
using test::with_loops;

TEST(context, of_a_caller_that_has_set_nothing_is_empty) {
  std::thread([] { EXPECT_EQ(capture_context(), nullptr); }).join();
  run(with_loops(1), [] { EXPECT_EQ(capture_context(), nullptr); });
}

TEST(context, that_is_lent_to_a_thread_is_seen_there_until_it_is_given_back) {
  run(with_loops(1), [] {
    context_var<std::string> variable("nobody");
    variable.set("me");
    const context_snapshot mine = capture_context();
    std::thread([&] {
      variable.set("the thread");
      {
        const lent_context here(mine);
        EXPECT_EQ(variable.get(), "me");
        variable.set("forgotten");
        EXPECT_EQ(variable.get(), "forgotten");
      }
      EXPECT_EQ(variable.get(), "the thread");
    }).join();
    EXPECT_EQ(variable.get(), "me");
  });
}

TEST(context, that_is_lent_to_a_fiber_goes_down_to_its_children) {
  run(with_loops(1), [] {
    context_var<int> variable(0);
    variable.set(1);
    const context_snapshot mine = capture_context();
    variable.set(2);
    {
      const lent_context here(mine);
      EXPECT_EQ(spawn([&variable] { return variable.get(); }).join(), 1);
    }
    EXPECT_EQ(variable.get(), 2);
  });
}

TEST(context, outlives_whoever_made_it) {
  context_var<int> variable;
  const context_snapshot kept = run(with_loops(1), [&variable] {
    variable.set(5);
    return capture_context();
  });
  const lent_context here(kept);
  EXPECT_EQ(variable.get(), 5);
}

}  // namespace
}  // namespace heddle
