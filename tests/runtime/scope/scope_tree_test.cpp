// SPDX-License-Identifier: MIT
// Random trees of scopes, shields, time-outs and groups end as a sequential model says
// (scope_tree.hpp); tests/stress/scopes.cpp cancels them from outside besides.
#include <heddle/runtime.hpp>

#include "runtime/scope/scope_tree.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace heddle {
namespace {

using test::with_loops;

TEST(scope_tree, random_trees_end_as_a_model_says) {
  for (const unsigned loops : {1U, 2U}) {
    config settings = with_loops(loops);
    settings.on_unhandled = &test::scope_tree::unhandled;
    std::array<int, 3> ends{};
    run(settings, [&] {
      test::random_numbers random(loops);
      for (int round = 0; round < test::rounds(4000); ++round) {
        test::scope_tree tree(random);
        task<void> canceller;
        if (tree.waits_for_ever()) {
          canceller = spawn([&] {
            for (int turn = 0; turn < 20; ++turn) this_fiber::yield();
            tree.root_scope().cancel();
          });
        }
        const test::ending ended = tree.run();
        if (canceller.joinable()) canceller.join();
        ASSERT_EQ(tree.fault(), nullptr) << "round " << round << ", seed " << test::seed();
        ASSERT_TRUE(tree.is_expected(ended)) << "round " << round << ", seed " << test::seed();
        ++ends.at(ended == test::ending::failure ? 2 : static_cast<std::size_t>(ended));
        this_fiber::yield();
      }
    });
    for (const int each : ends) EXPECT_GT(each, test::rounds(4000) / 50) << "each end is common";
  }
}

}  // namespace
}  // namespace heddle
