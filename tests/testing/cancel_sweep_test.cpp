// SPDX-License-Identifier: MIT
// The sweep can go red: planted leaks are found, and a right program passes.
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>
#include <heddle/testing/cancel_sweep.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"
#include "testing/cpu_budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using heddle::testing::cancel_sweep;
using heddle::testing::sweep_options;
using heddle::testing::sweep_report;

/// Two permits, of which the program may take and must give back.
struct permits_fixture {
  std::optional<heddle::sync::semaphore> permits;

  sweep_options options() {
    sweep_options result;
    result.before = [this] { permits.emplace(2); };
    result.after = [this] {
      if (permits->available() != 2) throw std::runtime_error("permits are missing");
    };
    return result;
  }
};

TEST(cancel_sweep, finds_a_permit_that_a_cancelled_fiber_keeps) {
  const heddle::test::cpu_budget budget;
  permits_fixture fixture;
  const sweep_report report = cancel_sweep(
      [&] {
        fixture.permits->acquire();
        heddle::this_fiber::sleep_for(1ms);  // leaves without the release
        fixture.permits->release();
      },
      fixture.options());
  // While it sleeps, in three ways; and by what was meant for the acquire, which did not wait.
  ASSERT_EQ(report.leaks.size(), 4U) << report.text();
  for (const auto& each : report.leaks) EXPECT_EQ(each.what, "permits are missing");
  EXPECT_NE(report.leaks[3].where.find("a time"), std::string::npos) << report.text();
}

TEST(cancel_sweep, tells_of_an_account_that_differs) {
  permits_fixture fixture;
  std::optional<heddle::sync::channel<int>> values;
  sweep_options options;
  options.before = [&] {
    fixture.permits.emplace(2);
    values.emplace(1);
  };
  options.accounts = {{"permits", [&] { return fixture.permits->available(); }},
                      {"values", [&] { return static_cast<long long>(values->size()); }}};
  const sweep_report report = cancel_sweep(
      [&] {
        values->send(1);
        fixture.permits->acquire();
        heddle::this_fiber::sleep_for(1ms);
        fixture.permits->release();
        values->receive();
      },
      options);
  const auto told = [&report](const char* what) {
    return std::count_if(report.leaks.begin(), report.leaks.end(),
                         [&](const auto& each) { return each.what == what; });
  };
  // While it sleeps, in three ways, and by what was meant for the acquire, which did not wait; the
  // value lies there in these, too.
  EXPECT_GE(told("permits: 2 before, 1 after"), 4) << report.text();
  EXPECT_GE(told("values: 0 before, 1 after"), 5) << report.text();
  options.accounts[0].count = nullptr;
  EXPECT_THROW(cancel_sweep([] {}, options), std::invalid_argument);
}

TEST(cancel_sweep, passes_a_permit_that_is_held_by_an_object) {
  permits_fixture fixture;
  const sweep_report report = cancel_sweep(
      [&] {
        heddle::task_group all;
        for (int n = 0; n < 4; ++n) {
          all.spawn([&] {
            const heddle::sync::permit one(*fixture.permits);
            heddle::this_fiber::sleep_for(1ms);
          });
        }
        all.join();
      },
      fixture.options());
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_GE(report.points, 8U);
  EXPECT_GE(report.runs, 1 + 3 * report.points);
}

/// Tokens by hand, with a bug: who is cancelled stays in the line, and is handed a token there.
class careless_line {
 public:
  void take() {
    if (free_ > 0) {
      --free_;
      return;
    }
    const auto turn = std::make_shared<heddle::sync::event>();
    line_.push_back(turn);
    turn->wait();
  }
  void give() {
    if (line_.empty()) {
      ++free_;
    } else {
      line_.front()->set();
      line_.pop_front();
    }
  }

 private:
  int free_ = 0;
  std::deque<std::shared_ptr<heddle::sync::event>> line_;
};

void hand_on_a_token() {
  careless_line tokens;
  heddle::task_group all;
  for (int n = 0; n < 2; ++n) {
    all.spawn({.name = "taker"}, [&tokens] {
      tokens.take();
      tokens.give();
    });
  }
  all.run([&tokens] {
    heddle::this_fiber::sleep_for(1ms);
    tokens.give();
  });
}

sweep_options of_a_task() {
  sweep_options options;
  options.target = heddle::testing::sweep_target::task;
  return options;
}

TEST(cancel_sweep, of_a_task_finds_a_token_that_is_handed_to_who_was_cancelled) {
  const heddle::test::cpu_budget budget;
  const sweep_report all = cancel_sweep(hand_on_a_token);
  EXPECT_TRUE(all.ok()) << all.text();  // nobody is left who would miss it
  const sweep_report one = cancel_sweep(hand_on_a_token, of_a_task());
  ASSERT_FALSE(one.ok());
  EXPECT_NE(one.leaks[0].where.find("taker"), std::string::npos) << one.text();
  EXPECT_NE(one.leaks[0].what.find("deadlock"), std::string::npos) << one.text();
}

/// For each run, a bit for each that has heard a cancel.
struct heard_cancels {
  std::vector<unsigned> runs;
  heard_cancels() { runs.reserve(1000); }  // its growth is no leak of the program
  auto napper(unsigned bit) {
    return [this, bit] {
      try {
        heddle::this_fiber::sleep_for(1ms);
      } catch (const heddle::cancelled&) {
        runs.back() |= bit;
        throw;
      }
    };
  }
};

TEST(cancel_sweep, of_a_task_lets_the_others_go_on) {
  heard_cancels heard;
  const sweep_report report = cancel_sweep(
      [&heard] {
        heard.runs.push_back(0);
        auto task = heddle::spawn(heard.napper(1));
        heddle::task_group both;
        both.spawn(heard.napper(2));
        both.spawn(heard.napper(4));
        both.join();
        task.join();  // its task_cancelled is no leak
      },
      of_a_task());
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_GE(report.runs, 1 + 2 * report.points);
  // Before it sleeps, and while it does.
  for (const unsigned alone : {1U, 2U, 4U}) {
    EXPECT_GE(std::count(heard.runs.begin(), heard.runs.end(), alone), 2) << alone;
  }
}

TEST(cancel_sweep, of_a_task_bears_one_that_ends_where_it_was_about_to_wait) {
  struct large {
    std::array<char, 400> bytes{};  // more than what tasks' blocks are kept for
  };
  const sweep_report report = cancel_sweep(
      [] {
        heddle::spawn([big = large()] {
          static_cast<void>(big);
          heddle::this_fiber::checkpoint();
        }).detach();
        heddle::this_fiber::sleep_for(1ms);
      },
      of_a_task());
  EXPECT_TRUE(report.ok()) << report.text();
}

TEST(cancel_sweep, bears_a_beginning_that_suspends) {
  for (const auto target :
       {heddle::testing::sweep_target::program, heddle::testing::sweep_target::task}) {
    sweep_options options;
    options.target = target;
    options.before = [] { heddle::this_fiber::yield(); };
    const sweep_report report = cancel_sweep([] { heddle::this_fiber::checkpoint(); }, options);
    EXPECT_TRUE(report.ok()) << report.text();
    EXPECT_EQ(report.points, 1U);
  }
}

TEST(cancel_sweep, of_a_task_finds_a_task_cancelled_that_it_has_not_made) {
  const sweep_report report = cancel_sweep(
      [] {
        auto child = heddle::spawn([] { heddle::this_fiber::sleep_for(1s); });
        child.cancel();
        child.join();
      },
      of_a_task());
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.leaks[0].point, 0U);
}

TEST(cancel_sweep, of_a_task_does_not_take_who_drops_its_joiner_for_a_leak) {
  const sweep_report report = cancel_sweep(
      [] {
        const auto middle = heddle::spawn([] {
          auto child = heddle::spawn([] { heddle::this_fiber::sleep_for(1ms); });
          child.join();
        });
        heddle::this_fiber::sleep_for(5ms);
      },
      of_a_task());
  EXPECT_TRUE(report.ok()) << report.text();
}

TEST(cancel_sweep, an_account_that_throws_is_told_beside_what_else_is_wrong) {
  sweep_options options;
  int counted = 0;
  int afters = 0;
  options.accounts = {{"odd", [&counted]() -> long long {
                         if (++counted % 2 == 0) throw std::runtime_error("cannot count");
                         return 0;
                       }}};
  options.after = [&afters] { ++afters; };
  const sweep_report report =
      cancel_sweep([] { throw std::runtime_error("the program's own"); }, options);
  EXPECT_EQ(afters, 1);
  EXPECT_NE(report.text().find("cannot count"), std::string::npos) << report.text();
  EXPECT_NE(report.text().find("the program's own"), std::string::npos) << report.text();
}

TEST(cancel_sweep, refuses_a_point_that_is_not_there) {
  sweep_options options;
  options.only_point = 7;
  EXPECT_THROW(cancel_sweep([] { heddle::this_fiber::yield(); }, options), std::invalid_argument);
}

TEST(cancel_sweep, finds_a_fiber_that_is_left_running) {
  const sweep_report report = cancel_sweep([] {
    auto child = heddle::spawn({.name = "orphan"}, [] { heddle::this_fiber::sleep_for(1s); });
    try {
      heddle::this_fiber::sleep_for(1ms);
    } catch (const heddle::cancelled&) {
      child.detach();
      throw;
    }
    child.join();
  });
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.leaks[0].what.find("orphan"), std::string::npos) << report.text();
}

TEST(cancel_sweep, finds_a_descriptor_that_is_not_closed) {
  const sweep_report report = cancel_sweep([] {
    const int copy = ::dup(STDOUT_FILENO);
    heddle::this_fiber::yield();
    ::close(copy);
  });
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.leaks[0].what.find("descriptors"), std::string::npos) << report.text();
}

TEST(cancel_sweep, finds_a_socket_of_the_network_that_is_not_closed) {
  using heddle::io::endpoint;
  using heddle::io::tcp_stream;
  std::vector<tcp_stream> kept;
  const sweep_report report = cancel_sweep([&kept] {
    auto listener = heddle::io::tcp_listener::bind(endpoint("127.0.0.1:0"));
    kept.push_back(tcp_stream::connect(listener.local_endpoint()));
    heddle::this_fiber::sleep_for(1ms);
    kept.pop_back();
  });
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.text().find("one of host main, port 49153, connected to port 49152"),
            std::string::npos)
      << report.text();
}

TEST(cancel_sweep, finds_memory_that_is_not_given_back) {
  if (heddle::test::sanitized) GTEST_SKIP() << "blocks are counted by heddle::faults";
  const sweep_report report = cancel_sweep([] {
    auto* const kept = new std::string("a text that is too long to be kept in the object");
    heddle::this_fiber::sleep_for(1ms);
    delete kept;
  });
  ASSERT_EQ(report.leaks.size(), 3U) << report.text();
  EXPECT_EQ(report.leaks[0].what, "memory: 2 blocks more after each run");
}

TEST(cancel_sweep, does_not_take_a_cache_for_a_leak) {
  std::vector<std::string> cache;
  const sweep_report report = cancel_sweep([&cache] {
    if (cache.empty()) cache.resize(10, std::string(100, 'x'));
    heddle::this_fiber::sleep_for(1ms);
  });
  EXPECT_TRUE(report.ok()) << report.text();
}

TEST(cancel_sweep, tells_what_is_thrown_that_is_no_exception) {
  const sweep_report report = cancel_sweep([] {
    try {
      heddle::this_fiber::sleep_for(1ms);
    } catch (const heddle::cancelled&) {
      throw 1;
    }
  });
  ASSERT_EQ(report.leaks.size(), 3U) << report.text();
  EXPECT_NE(report.leaks[2].what.find("no std::exception"), std::string::npos) << report.text();
}

TEST(cancel_sweep, looks_at_one_point_again_and_keeps_the_trace_of_the_first_leak) {
  permits_fixture fixture;
  sweep_options options = fixture.options();
  options.only_point = 2;
  const sweep_report report = cancel_sweep(
      [&] {
        heddle::task_group all;
        all.spawn({.name = "keeper"}, [&] {
          fixture.permits->acquire();
          heddle::this_fiber::sleep_for(1ms);
          fixture.permits->release();
        });
        all.join();
      },
      options);
  ASSERT_FALSE(report.ok());
  for (const auto& each : report.leaks) EXPECT_EQ(each.point, 2U);
  EXPECT_NE(report.leaks[0].where.find("\"keeper\""), std::string::npos) << report.text();
  EXPECT_NE(report.trace.find("runs fiber #2"), std::string::npos) << report.trace;
}

TEST(cancel_sweep, finds_an_error_that_nobody_joins) {
  const sweep_report report = cancel_sweep([] {
    try {
      heddle::this_fiber::sleep_for(1ms);
    } catch (const heddle::cancelled&) {
      heddle::spawn([] { throw std::runtime_error("nobody asks for this"); }).detach();
      heddle::shield([] { heddle::this_fiber::sleep_for(1ms); });
      throw;
    }
  });
  ASSERT_EQ(report.leaks.size(), 3U) << report.text();
  EXPECT_NE(report.leaks[0].what.find("nobody asks for this"), std::string::npos) << report.text();
}

TEST(cancel_sweep, is_refused_in_a_fiber_and_for_an_empty_program) {
  heddle::run(heddle::test::with_loops(1),
              [] { EXPECT_THROW(cancel_sweep([] {}), std::logic_error); });
  EXPECT_THROW(cancel_sweep(nullptr), std::invalid_argument);
}

TEST(cancel_sweep, finds_a_wait_that_nobody_ends_after_a_cancel) {
  const sweep_report report = cancel_sweep([] {
    heddle::sync::event told;
    heddle::task_group both;
    both.spawn([&told] {
      heddle::this_fiber::sleep_for(1ms);  // cancelled here, it tells nobody
      told.set();
    });
    heddle::shield([&told] { told.wait(); });
    both.join();
  });
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.text().find("deadlock"), std::string::npos) << report.text();
}

TEST(cancel_sweep, finds_a_program_that_leaks_by_itself) {
  const sweep_report report = cancel_sweep([] { throw std::runtime_error("by itself"); });
  ASSERT_EQ(report.leaks.size(), 1U);
  EXPECT_EQ(report.leaks[0].point, 0U);
  EXPECT_EQ(report.leaks[0].what, "by itself");
}

TEST(cancel_sweep, times_out_too) {
  int timed_out = 0;
  int cancelled = 0;
  const sweep_report report = cancel_sweep([&] {
    try {
      heddle::this_fiber::sleep_for(1ms);
    } catch (const heddle::cancelled& why) {
      ++(why.reason() == "timed out" ? timed_out : cancelled);
      throw;
    }
  });
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_EQ(report.points, 1U);
  EXPECT_GE(timed_out, 1);
  EXPECT_GE(cancelled, 2);
}

TEST(cancel_sweep, says_so_if_the_program_does_not_repeat) {
  int calls = 0;
  EXPECT_THROW(cancel_sweep([&calls] {
                 if (++calls == 1) heddle::this_fiber::yield();
               }),
               std::logic_error);
}

}  // namespace
