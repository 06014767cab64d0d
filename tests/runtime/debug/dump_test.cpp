// SPDX-License-Identifier: MIT
// What a dump says each parked fiber waits for.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::park_for_ever;
using test::with_loops;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

/// Returns the line of the fiber called `name`, once `body` has parked in one.
template <class F>
std::string line_of_parked(F body) {
  return run(with_loops(1), [&body] {
    auto waiting = spawn({.name = "patient"}, body);
    test::let_all_run();
    std::ostringstream out;
    runtime::current().dump(out);
    waiting.cancel();
    const std::string text = out.str();
    const std::size_t at = text.find("\"patient\"");
    if (at == std::string::npos) return "not in " + text;
    return text.substr(at, text.find('\n', at) - at);
  });
}

TEST(dump, says_that_a_fiber_sleeps) {
  EXPECT_THAT(line_of_parked([] { this_fiber::sleep_for(1h); }),
              HasSubstr(": parked, waits for a time"));
}

TEST(dump, says_whose_end_is_waited_for) {
  EXPECT_THAT(line_of_parked([] { spawn([] { park_for_ever(); }).join(); }),
              ContainsRegex("parked, waits for the end of fiber #[0-9]+$"));
  EXPECT_THAT(line_of_parked([] {
                auto later = spawn([] { park_for_ever(); });
                this_fiber::yield();
                later.join();
              }),
              ContainsRegex("parked, waits for the end of fiber #[0-9]+$"));
}

TEST(dump, says_that_a_group_waits_for_its_children) {
  EXPECT_THAT(line_of_parked([] {
                task_group group;
                group.spawn([] { park_for_ever(); });
                group.join();
              }),
              ContainsRegex("waits for the children of task_group 0x[0-9a-f]+$"));
}

TEST(dump, says_which_descriptor_is_waited_on) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  EXPECT_THAT(line_of_parked([&] { wait_readable(ends[0]); }),
              HasSubstr("waits for input on descriptor " + std::to_string(ends[0])));
  for (const int each : ends) ::close(each);
}

TEST(dump, says_nothing_of_a_wait_that_says_nothing) {
  EXPECT_THAT(line_of_parked([] {
                waiter nameless;
                throw_if_cancelled(nameless.wait());
              }),
              Not(HasSubstr("waits for")));
}

constexpr wait_kind own_kind{"the moon"};

TEST(dump, says_what_a_users_own_primitive_waits_for) {
  static int moon = 0;
  EXPECT_THAT(line_of_parked([] {
                waiter self({own_kind, &moon});
                throw_if_cancelled(self.wait());
              }),
              ContainsRegex("waits for the moon 0x[0-9a-f]+$"));
}

/// Returns a dump while a fiber that is spawned at elsewhere.cpp:7 waits in `body`.
template <class F>
std::string dump_beside(F body) {
  return run(with_loops(1), [&body] {
    auto waiting = spawn(body, spawn_site{"elsewhere.cpp", 7});
    test::let_all_run();
    std::ostringstream out;
    runtime::current().dump(out);
    waiting.cancel();
    return out.str();
  });
}

TEST(dump, says_of_calls_given_one_by_one_where_their_caller_was_spawned) {
  const auto waits = [] { park_for_ever(); };
  const std::array texts{dump_beside([&] { gather(waits, waits); }),
                         dump_beside([&] { gather_settled(waits, waits); }),
                         dump_beside([&] { race(waits, waits); }),
                         dump_beside([&] { any(waits, waits); })};
  const std::string place = "spawned at elsewhere.cpp:7: ";
  for (const std::string& text : texts) {
    const std::size_t first = text.find(place);
    ASSERT_NE(first, std::string::npos) << text;
    EXPECT_THAT(text.substr(first + 1), HasSubstr(place)) << text;
    EXPECT_THAT(text, Not(ContainsRegex("(gather|race)\\.hpp")));
  }
}

TEST(dump, says_of_the_calls_of_a_range_where_they_were_asked_for) {
  const auto waits = [] { park_for_ever(); };
  const std::vector<std::function<void()>> calls(2, waits);
  EXPECT_THAT(dump_beside([&] { gather(calls); }), HasSubstr("dump_test.cpp:"));
  EXPECT_THAT(dump_beside([&] { race(calls); }), HasSubstr("dump_test.cpp:"));
}

}  // namespace
}  // namespace heddle
