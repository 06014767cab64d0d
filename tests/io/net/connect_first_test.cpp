// SPDX-License-Identifier: MIT
// Several addresses: in which order, who wins, what is left of the others.
#include "net/connect_first.hpp"

#include "io/dns/fake_server.hpp"
#include "io/net/sockets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace heddle::io::detail {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::error_code refused = std::make_error_code(std::errc::connection_refused);
const std::error_code no_way = std::make_error_code(std::errc::network_unreachable);
const std::error_code late = std::make_error_code(std::errc::timed_out);

std::vector<std::string> turns_of(const std::vector<endpoint>& addresses) {
  return test::shown(in_turns(addresses));
}

TEST(connect_first, goes_through_the_families_in_turns) {
  EXPECT_THAT(turns_of({}), IsEmpty());
  EXPECT_THAT(turns_of({"1.1.1.1:1"}), ElementsAre("1.1.1.1:1"));
  EXPECT_THAT(turns_of({"1.1.1.1:1", "[::1]:1"}), ElementsAre("[::1]:1", "1.1.1.1:1"));
  EXPECT_THAT(turns_of({"1.1.1.1:1", "1.1.1.2:1", "[::1]:1", "[::2]:1", "[::3]:1"}),
              ElementsAre("[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"));
  EXPECT_THAT(turns_of({"1.1.1.2:1", "1.1.1.1:1"}), ElementsAre("1.1.1.2:1", "1.1.1.1:1"));
}

/// Listens on loopback, and has addresses that behave as their last number says: .1 answers, .2
/// refuses, .3 never answers, .4 has no way there, .5 answers after a while.
class network {
 public:
  attempts_outcome connect(const std::vector<endpoint>& addresses, std::chrono::nanoseconds limit,
                           std::chrono::nanoseconds next_after) {
    return connect_first(addresses,
                         [this](const endpoint& peer, deadline until, std::error_code& error) {
                           return step(peer, until, error);
                         },
                         {deadline::after(limit), next_after});
  }
  std::vector<std::string> tried;
  int under_way = 0;

 private:
  tcp_stream step(const endpoint& peer, deadline until, std::error_code& error) {
    struct mark {
      int& count;
      ~mark() { --count; }
    };
    tried.push_back(peer.host());
    ++under_way;
    const mark counted{under_way};
    switch (peer.host().back()) {
      case '2':
        error = refused;
        return {};
      case '3':
        this_fiber::sleep_until(until);
        error = late;
        return {};
      case '4':
        error = no_way;
        return {};
      case '5':
        this_fiber::sleep_for(50ms);
        break;
      default:
        break;
    }
    return tcp_stream::connect(listener_.local_endpoint());
  }

  tcp_listener listener_ = tcp_listener::bind("127.0.0.1:0");
};

TEST(connect_first, begins_the_next_when_one_keeps_it_waiting_or_has_failed) {
  heddle::run(test::with_loops(1), [] {
    network wide;
    const auto before = test::open_descriptors();
    {
      const auto outcome = wide.connect({"10.0.0.3:1", "10.0.0.2:1", "10.0.0.1:1"}, 1h, 10ms);
      EXPECT_TRUE(outcome.winner.is_open());
      EXPECT_THAT(wide.tried, ElementsAre("10.0.0.3", "10.0.0.2", "10.0.0.1"));
      EXPECT_EQ(wide.under_way, 0);
    }
    EXPECT_EQ(test::open_descriptors(), before);
  });
}

TEST(connect_first, waits_for_no_clock_when_one_has_failed) {
  heddle::run(test::with_loops(1), [] {
    network wide;
    const auto outcome = wide.connect({"10.0.0.2:1", "10.0.0.4:1", "10.0.0.1:1"}, 1h, 1h);
    EXPECT_TRUE(outcome.winner.is_open());
    EXPECT_EQ(wide.tried.size(), 3U);
  });
}

TEST(connect_first, begins_no_other_while_one_may_answer_in_time) {
  heddle::run(test::with_loops(1), [] {
    network wide;
    const auto outcome = wide.connect({"10.0.0.5:1", "10.0.0.1:1"}, 1h, 1h);
    EXPECT_TRUE(outcome.winner.is_open());
    EXPECT_THAT(wide.tried, ElementsAre("10.0.0.5"));
  });
}

TEST(connect_first, says_how_each_has_failed) {
  const auto all_fail = [] {
    network wide;
    const std::vector<endpoint> all = {"10.0.0.4:1", "10.0.0.2:1", "10.0.0.3:1"};
    const auto outcome = wide.connect(all, 30ms, 10ms);
    EXPECT_FALSE(outcome.winner.is_open());
    EXPECT_THAT(outcome.errors, ElementsAre(no_way, refused, late));
    EXPECT_EQ(outcome.telling(), refused);
    EXPECT_EQ(describe(all, outcome.errors),
              "10.0.0.4:1: Network is unreachable; 10.0.0.2:1: Connection refused; "
              "10.0.0.3:1: Connection timed out");
  };
  test::everywhere(all_fail);
}

TEST(connect_first, tells_most_by_the_error_of_somebody_who_is_there) {
  const auto telling = [](std::vector<std::error_code> errors) {
    attempts_outcome outcome;
    outcome.errors = std::move(errors);
    return outcome.telling();
  };
  EXPECT_EQ(telling({no_way, late}), late);
  EXPECT_EQ(telling({late, refused, no_way}), refused);
  EXPECT_EQ(telling({no_way}), no_way);
  EXPECT_EQ(telling({{}}), std::errc::timed_out);
}

TEST(connect_first, begins_nothing_after_the_deadline) {
  heddle::run(test::with_loops(1), [] {
    network wide;
    const std::vector<endpoint> silent(20, "10.0.0.3:1");
    const auto outcome = wide.connect(silent, 50ms, 20ms);
    EXPECT_EQ(outcome.telling(), late);
    EXPECT_LT(wide.tried.size(), 20U);
    EXPECT_EQ(outcome.errors.size(), wide.tried.size());
  });
}

TEST(connect_first, leaves_nothing_when_it_is_cancelled) {
  heddle::run(test::with_loops(1), [] {
    network wide;
    const auto before = test::open_descriptors();
    const auto tasks = runtime::current().stats().live_tasks;
    {
      task<void> caller = spawn([&] { wide.connect({"10.0.0.3:1", "10.0.0.3:2"}, 1h, 10ms); });
      while (wide.under_way < 2) this_fiber::yield();
      caller.cancel();
      EXPECT_THROW(caller.join(), task_cancelled);
    }
    EXPECT_EQ(wide.under_way, 0);
    EXPECT_EQ(runtime::current().stats().live_tasks, tasks);
    EXPECT_EQ(test::open_descriptors(), before);
  });
}

TEST(connect_first, takes_turns_on_a_plain_thread) {
  network wide;
  const auto outcome = wide.connect({"10.0.0.3:1", "10.0.0.2:1", "10.0.0.1:1"}, 90ms, 1h);
  EXPECT_TRUE(outcome.winner.is_open());
  EXPECT_THAT(outcome.errors, ElementsAre(late, refused));
}

}  // namespace
}  // namespace heddle::io::detail
