// SPDX-License-Identifier: MIT
// The code of docs/guides/cancellation.md: each piece does what the page says.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

std::string read_page() {
  this_fiber::sleep_for(1h);
  return "page";
}

void say_goodbye() { this_fiber::sleep_for(100us); }

TEST(cancellation_guide, a_scope) {
  run(with_loops(2), [] {
    heddle::cancel_scope scope;
    auto button = heddle::spawn([&] { scope.cancel("the user has left"); });
    const std::optional<std::string> page = scope.run([] { return read_page(); });
    EXPECT_EQ(page, std::nullopt);
    EXPECT_TRUE(scope.cancel_requested());
    EXPECT_FALSE(scope.timed_out());
    button.join();
  });
}

TEST(cancellation_guide, deadlines) {
  run(with_loops(1), [] {
    EXPECT_THROW(heddle::with_timeout(1ms, [] { return read_page(); }), timed_out);

    std::string page = "an old copy";
    if (auto fresh = heddle::move_on_after(1ms, [] { return read_page(); })) page = *fresh;
    EXPECT_EQ(page, "an old copy");

    const heddle::deadline limit = heddle::deadline::after(2ms);
    const bool both = heddle::move_on_at(limit, [] {
      read_page();
      read_page();
    });
    EXPECT_FALSE(both);
  });
}

TEST(cancellation_guide, nested_deadlines) {
  run(with_loops(1), [] {
    bool inner_reported = false;
    EXPECT_THROW(heddle::with_timeout(1ms,
                                      [&] {
                                        try {
                                          heddle::with_timeout(1h, [] { return read_page(); });
                                        } catch (const heddle::timed_out&) {
                                          inner_reported = true;  // not its deadline
                                        }
                                      }),
                 timed_out);
    EXPECT_FALSE(inner_reported);
  });
}

TEST(cancellation_guide, level_triggered) {
  run(with_loops(1), [] {
    int swallowed = 0;
    heddle::cancel_scope scope;
    scope.cancel();
    scope.run([&] {
      for (int n = 0; n < 3; ++n) {
        try {
          this_fiber::sleep_for(1h);
        } catch (...) {
          ++swallowed;  // and the next suspension point throws again
        }
      }
    });
    EXPECT_EQ(swallowed, 3);
    this_fiber::sleep_for(1us);  // outside of the scope nothing is cancelled
  });
}

TEST(cancellation_guide, a_thousand_swallowed_cancellations_do_not_keep_a_join_from_ending) {
  run(with_loops(1), [] {
    auto stubborn = spawn([] {
      int swallowed = 0;
      while (swallowed < 1000) {
        try {
          test::park_for_ever();
        } catch (...) {
          ++swallowed;
        }
      }
      return swallowed;
    });
    test::let_all_run();
    stubborn.cancel();
    EXPECT_EQ(stubborn.join(), 1000);  // a value is a value, though it was cancelled
  });
}

TEST(cancellation_guide, cleaning_up) {
  run(with_loops(1), [] {
    bool polite = false;
    struct session {
      explicit session(bool& was_polite) : polite(was_polite) {}
      ~session() {
        polite = heddle::shield([] { return heddle::move_on_after(1s, say_goodbye); });
      }
      session(const session&) = delete;
      session& operator=(const session&) = delete;
      bool& polite;
    };
    EXPECT_FALSE(heddle::move_on_after(1ms, [&] {
      const session open(polite);
      read_page();
    }));
    EXPECT_TRUE(polite);
  });
}

TEST(cancellation_guide, errors_apart_from_cancellation) {
  run(with_loops(1), [] {
    std::vector<std::string> log;
    const auto serve = [&](int request) {
      if (request == 1) throw std::runtime_error("bad request");
      if (request == 2) read_page();
    };
    EXPECT_FALSE(heddle::move_on_after(1ms, [&] {
      for (int request = 0;; ++request) {
        try {
          serve(request);
        } catch (const std::exception& error) {
          log.emplace_back(error.what());
        }
      }
    }));
    EXPECT_EQ(log, std::vector<std::string>{"bad request"});
  });
}

TEST(cancellation_guide, a_task_is_cancelled_by_its_handle) {
  run(with_loops(1), [] {
    auto page = heddle::spawn([] { return read_page(); });
    test::let_all_run();
    page.cancel();
    EXPECT_THROW(page.join(), heddle::task_cancelled);

    heddle::task_group pages;
    auto first = pages.spawn([] { return read_page(); });
    pages.cancel();
    pages.join();  // returns: nobody failed
    EXPECT_TRUE(first.was_cancelled());
  });
}

TEST(cancellation_guide, the_reason) {
  run(with_loops(1), [] {
    heddle::cancel_scope scope;
    scope.cancel("the user has left");
    scope.run([] {
      try {
        read_page();
      } catch (const heddle::cancelled& why) {
        EXPECT_EQ(why.reason(), "the user has left");
        throw;
      }
    });
  });
}

TEST(cancellation_guide, long_computations) {
  run(with_loops(1), [] {
    std::uint64_t sum = 0;
    EXPECT_FALSE(heddle::move_on_after(1ms, [&] {
      for (;;) {
        ++sum;
        heddle::this_fiber::checkpoint();
      }
    }));
    EXPECT_GT(sum, 0U);
  });
}

}  // namespace
}  // namespace heddle
