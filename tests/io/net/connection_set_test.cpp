// SPDX-License-Identifier: MIT
// The orders in which connections, their adoption and their supervisor can meet, each on its own.
#include "net/connection_set.hpp"

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace heddle::io::detail {
namespace {

/// A set with its supervisor waiting, in a runtime of one loop, and a count of reported failures.
template <class Body>
int failures_reported_by(Body body) {
  int reported = 0;
  config settings = test::with_loops(1);
  settings.on_unhandled = [&reported](const unhandled_error&) { ++reported; };
  heddle::run(settings, [&] {
    connection_set set(2);
    set.accepting_begins();
    task<bool> supervisor = spawn([&set] { return set.supervise(); });
    test::let_all_run();
    body(set, reported);
    set.accepting_ended();
    EXPECT_TRUE(supervisor.join());
    EXPECT_TRUE(set.wait_for_all({}));
    set.reap();
  });
  return reported;
}

task<void> failing() {
  return spawn([] { throw std::runtime_error("planned"); });
}

TEST(connection_set, joins_a_failure_at_once) {
  const int reported = failures_reported_by([](connection_set& set, const int& so_far) {
    const auto at = set.reserve(set.wait_for_room());
    {
      const connection_set::token token(set, at);
      set.adopt(at, failing());
    }
    test::let_all_run();
    EXPECT_EQ(so_far, 1);
  });
  EXPECT_EQ(reported, 1);
}

TEST(connection_set, joins_at_once_a_failure_that_was_faster_than_its_adoption) {
  const int reported = failures_reported_by([](connection_set& set, const int& so_far) {
    const auto at = set.reserve(set.wait_for_room());
    { const connection_set::token token(set, at); }
    set.adopt(at, failing());
    test::let_all_run();
    EXPECT_EQ(so_far, 1);
  });
  EXPECT_EQ(reported, 1);
}

TEST(connection_set, gives_room_back_whichever_way_a_connection_ends) {
  failures_reported_by([](connection_set& set, const int&) {
    const auto adopted = set.reserve(set.wait_for_room());
    const auto abandoned = set.reserve(set.wait_for_room());
    task<void> acceptor = spawn([&set] { set.wait_for_room(); });
    test::let_all_run();
    EXPECT_FALSE(acceptor.done());
    {
      connection_set::token token(set, adopted);
      set.adopt(adopted, spawn([] {}));
      token.succeeded();
    }
    test::let_all_run();
    EXPECT_TRUE(acceptor.done());
    { const connection_set::token of_a_closure_that_was_never_spawned(set, abandoned); }
    set.abandon(abandoned);
    set.wait_for_room();
  });
}

TEST(connection_set, tells_a_deadline_from_an_end) {
  heddle::run(test::with_loops(1), [] {
    connection_set set(1);
    set.accepting_begins();
    const auto at = set.reserve(set.wait_for_room());
    {
      const connection_set::token token(set, at);
      set.adopt(at, spawn([] { test::park_for_ever(); }));
      set.accepting_ended();
      EXPECT_FALSE(set.wait_for_all(deadline::after(std::chrono::milliseconds{1})));
      set.cancel_all();
    }
    EXPECT_TRUE(set.wait_for_all({}));
    set.reap();
  });
}

}  // namespace
}  // namespace heddle::io::detail
